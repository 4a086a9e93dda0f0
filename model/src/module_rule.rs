//! Module rules: how an administrator says to which module a call belongs that does not say so itself.

use crate::{
    api::{
        problem::FieldError,
        tracking::{CAUGHT_NAMES, RuleCatch, RulesPreview},
    },
    event::{NAME_BYTES, Rejection, checked},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The module of what neither says its module nor matches a rule.
pub const GENERAL: &str = "General";

/// The most rules there can be.
pub const RULES_MAX: usize = 500;

/// The most bytes of JSON they can be sent as.
pub const RULES_BYTES: usize = 512 * 1024;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// The beginning of an event's name, letter by letter.
    Event,
    /// The beginning of the path of the page it happened on, part by part: `/reports` is the beginning of
    /// `/reports/7`, but not of `/reports-old`.
    Path,
}

impl RuleKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Event, Self::Path];

    /// The word for it in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Path => "path",
        }
    }
}

/// What begins so belongs to a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModuleRule {
    /// What it looks at.
    pub kind: RuleKind,
    /// How that begins.
    pub prefix: String,
    /// The module.
    pub module: String,
    /// Whether the action is what follows the prefix; only of an event's name.
    #[serde(default)]
    pub strip: bool,
}

/// Every rule, in order: the first that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModuleRules {
    /// At most 500.
    pub rules: Vec<ModuleRule>,
}

impl ModuleRules {
    /// Reads rules and checks each; every field at fault is told.
    pub fn from_json(json: &Value) -> Result<Self, Vec<FieldError>> {
        let error =
            |pointer: &str, detail: &str| vec![FieldError { pointer: pointer.to_owned(), detail: detail.into() }];
        let Some(Value::Array(rules)) = json.get("rules") else {
            return Err(error("/rules", "rules must be an array of rules"));
        };
        if rules.len() > RULES_MAX {
            return Err(error("/rules", &format!("there can be at most {RULES_MAX} rules")));
        }
        let mut errors = Vec::new();
        let rules = rules.iter().enumerate().filter_map(|(index, rule)| {
            let mut at_fault = |field: &str, detail: String| {
                errors.push(FieldError { pointer: format!("/rules/{index}/{field}"), detail });
            };
            ModuleRule::from_json(rule, &mut at_fault)
        });
        let rules = rules.collect();
        if errors.is_empty() { Ok(Self { rules }) } else { Err(errors) }
    }

    /// What these rules would have caught of events with these names, which came to the module General.
    pub fn preview(&self, names: &BTreeSet<String>) -> RulesPreview {
        let mut rest: Vec<&String> = names.iter().collect();
        let catches = |rule: &ModuleRule| {
            let alone = Self { rules: vec![rule.clone()] };
            let (caught, others) = rest.iter().partition(|name| alone.find(Some(name), None).is_some());
            let caught: Vec<&String> = caught;
            rest = others;
            RuleCatch {
                count: (rule.kind == RuleKind::Event).then_some(caught.len()),
                names: caught.into_iter().take(CAUGHT_NAMES).cloned().collect(),
            }
        };
        RulesPreview { rules: self.rules.iter().map(catches).collect(), uncaught: rest.len() }
    }

    /// The module of something by its event's name and its page's path, and the action where a rule says which.
    pub(crate) fn find(&self, event: Option<&str>, path: Option<&str>) -> Option<(&str, Option<String>)> {
        self.rules.iter().find_map(|rule| match rule.kind {
            RuleKind::Event => {
                let rest = event?.strip_prefix(rule.prefix.as_str())?.trim();
                Some((rule.module.as_str(), (rule.strip && !rest.is_empty()).then(|| rest.to_owned())))
            }
            RuleKind::Path => {
                let rest = path?.strip_prefix(rule.prefix.trim_end_matches('/'))?;
                (rest.is_empty() || rest.starts_with('/')).then_some((rule.module.as_str(), None))
            }
        })
    }
}

impl ModuleRule {
    /// Reads a rule, and tells each field that is at fault; then there is none.
    fn from_json(json: &Value, at_fault: &mut impl FnMut(&str, String)) -> Option<Self> {
        let kind = json.get("kind").and_then(Value::as_str);
        let kind = RuleKind::ALL.into_iter().find(|known| Some(known.as_str()) == kind);
        if kind.is_none() {
            at_fault("kind", "kind must be event or path".to_owned());
        }
        let mut text = |field: &'static str| {
            match json.get(field).and_then(Value::as_str) {
                Some(text) => checked(text, field, field, NAME_BYTES).map_err(|Rejection { detail, .. }| detail),
                None => Err(format!("{field} must be a text")),
            }
            .map_err(|detail| at_fault(field, detail))
            .ok()
        };
        let (prefix, module) = (text("prefix"), text("module"));
        if kind == Some(RuleKind::Path) && prefix.as_ref().is_some_and(|prefix| !prefix.starts_with('/')) {
            at_fault("prefix", "a path begins with a slash".to_owned());
            return None;
        }
        let strip = match json.get("strip") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(strip)) => *strip,
            Some(_) => {
                at_fault("strip", "strip must be true or false".to_owned());
                return None;
            }
        };
        if strip && kind == Some(RuleKind::Path) {
            at_fault("strip", "only an event's prefix can be stripped".to_owned());
            return None;
        }
        Some(Self { kind: kind?, prefix: prefix?, module: module?, strip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = ModuleRules::from_json(&json!({"rules": [
            {"kind": "event", "prefix": "Report ", "module": "Reports", "strip": true},
            {"kind": "event", "prefix": "Rep", "module": "Other"},
            {"kind": "path", "prefix": "/reports", "module": "Reports"},
            {"kind": "path", "prefix": "/", "module": "Site"},
        ]}))
        .expect("valid");
        let found = |event, path| rules.find(event, path).map(|(module, action)| (module, action.unwrap_or_default()));
        for (event, path, expected) in [
            (Some("Report exported"), None, Some(("Reports", "exported"))),
            (Some("Report "), None, Some(("Reports", ""))),
            (Some("Report"), None, Some(("Other", ""))),
            (Some("report"), None, None),
            (Some("Clicked"), Some("/reports/7"), Some(("Reports", ""))),
            (None, Some("/reports"), Some(("Reports", ""))),
            (None, Some("/reports-old"), Some(("Site", ""))),
            (None, Some("reports"), None),
        ] {
            let expected = expected.map(|(module, action): (&str, &str)| (module, action.to_owned()));
            assert_eq!(found(event, path), expected, "{event:?} {path:?}");
        }
    }

    #[test]
    fn each_field_at_fault_is_named() {
        let pointers = |json: Value| -> Vec<String> {
            let errors = ModuleRules::from_json(&json).expect_err("refused");
            errors.into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(json!([])), ["/rules"]);
        assert_eq!(pointers(json!({"rules": vec![json!({}); RULES_MAX + 1]})), ["/rules"]);
        let rule = |kind: &str, prefix: &str, strip: Value| -> Value {
            let module = "m";
            json!({"kind": kind, "prefix": prefix, "module": module, "strip": strip})
        };
        assert_eq!(
            pointers(json!({"rules": [
                7, rule("event", "a", json!(true)), rule("path", "a", json!(false)), rule("path", "/a", json!(true)),
                rule("event", " ", json!(null)), rule("page", "a", json!("yes")),
            ]})),
            [
                "/rules/0/kind",
                "/rules/0/prefix",
                "/rules/0/module",
                "/rules/2/prefix",
                "/rules/3/strip",
                "/rules/4/prefix",
                "/rules/5/kind",
                "/rules/5/strip",
            ]
        );
    }

    #[test]
    fn a_preview_says_what_each_rule_would_have_caught_first() {
        let rules = ModuleRules::from_json(&json!({"rules": [
            {"kind": "event", "prefix": "report.", "module": "Reports"},
            {"kind": "path", "prefix": "/report", "module": "Reports"},
            {"kind": "event", "prefix": "re", "module": "Others"},
        ]}));
        let names = ["report.open", "report.close", "rename", "Report.open"].map(str::to_owned);
        let preview = rules.unwrap().preview(&names.into());
        let counts: Vec<Option<usize>> = preview.rules.iter().map(|rule| rule.count).collect();
        assert_eq!((counts, preview.uncaught), (vec![Some(2), None, Some(1)], 1));
        assert_eq!(preview.rules[0].names, ["report.close", "report.open"]);
    }
}
