//! Teams: which accounts each of them sees. Every rule is matched here and nowhere else; who belongs to a team, and
//! what the accounts are, is for the server.

use crate::{
    api::problem::FieldError,
    event::{ATTRIBUTE_NAME_BYTES, ATTRIBUTE_VALUE_BYTES, ID_BYTES, NAME_BYTES, Rejection, checked},
    member::is_invisible,
    object::Object,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most accounts that a team can name one by one.
pub const ACCOUNTS_MAX: usize = 5_000;

/// The most rules that a team can have.
pub const RULES_MAX: usize = 100;

/// The most bytes of JSON it can be sent as.
pub const TEAM_BYTES: usize = 2 * 1024 * 1024;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleOn {
    /// The account's id, letter by letter.
    Id,
    /// The name that is shown of it, in any case.
    Name,
    /// One of its attributes, letter by letter.
    Attribute,
}

impl RuleOn {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Id, Self::Name, Self::Attribute];

    /// The word for it in JSON, in forms and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Attribute => "attribute",
        }
    }
}

/// How a rule compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// It is the value.
    Equals,
    /// It begins with it; everything begins with nothing.
    StartsWith,
    /// It has it anywhere.
    Contains,
}

impl Comparison {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Equals, Self::StartsWith, Self::Contains];

    /// The word for it in JSON, in forms and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::StartsWith => "starts_with",
            Self::Contains => "contains",
        }
    }

    fn holds(self, text: &str, value: &str) -> bool {
        match self {
            Self::Equals => text == value,
            Self::StartsWith => text.starts_with(value),
            Self::Contains => text.contains(value),
        }
    }
}

/// What accounts have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamRule {
    /// What it looks at.
    pub on: RuleOn,
    /// Which attribute; null unless it looks at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// How it compares; an attribute must equal.
    pub is: Comparison,
    /// With what.
    pub value: String,
}

/// What a team sees: the accounts it names, and those that match any of its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamDefinition {
    /// What it is called, unlike any other team.
    pub name: String,
    /// Accounts by their ids, which may not have appeared yet; at most 5,000.
    #[serde(default)]
    pub accounts: BTreeSet<String>,
    /// At most 100.
    #[serde(default)]
    pub rules: Vec<TeamRule>,
}

/// What rules can look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountTraits {
    /// The account's id.
    pub id: String,
    /// The name that is shown of it.
    pub name: String,
    /// Its attributes, by name.
    pub attributes: BTreeMap<String, String>,
}

impl TeamRule {
    /// Whether an account matches.
    pub fn matches(&self, account: &AccountTraits) -> bool {
        match (self.on, &self.attribute) {
            (RuleOn::Id, _) => self.is.holds(&account.id, &self.value),
            (RuleOn::Name, _) => self.is.holds(&account.name.to_lowercase(), &self.value.to_lowercase()),
            (RuleOn::Attribute, Some(name)) => {
                account.attributes.get(name).is_some_and(|value| self.is.holds(value, &self.value))
            }
            (RuleOn::Attribute, None) => false,
        }
    }

    /// Reads a rule, and tells each field that is at fault; then there is none.
    fn from_json(json: &Value, at_fault: &mut impl FnMut(&str, String)) -> Option<Self> {
        let word = |field: &str| json.get(field).and_then(Value::as_str);
        let on = RuleOn::ALL.into_iter().find(|known| Some(known.as_str()) == word("on"));
        let is = Comparison::ALL.into_iter().find(|known| Some(known.as_str()) == word("is"));
        if on.is_none() {
            at_fault("on", "on must be id, name or attribute".to_owned());
        }
        if is.is_none() {
            at_fault("is", "is must be equals, starts_with or contains".to_owned());
        }
        let (on, is) = (on?, is?);
        if on == RuleOn::Attribute && is != Comparison::Equals {
            at_fault("is", "an attribute must equal".to_owned());
            return None;
        }
        let attribute = match on {
            RuleOn::Attribute => Some(text(json, "attribute", ATTRIBUTE_NAME_BYTES, at_fault)?),
            RuleOn::Id | RuleOn::Name => None,
        };
        let value = match (is, word("value")) {
            (Comparison::StartsWith | Comparison::Contains, Some("")) => String::new(),
            _ => {
                let bytes = [ID_BYTES, NAME_BYTES, ATTRIBUTE_VALUE_BYTES].into_iter().max().unwrap_or(ID_BYTES);
                text(json, "value", bytes, at_fault)?
            }
        };
        Some(Self { on, attribute, is, value })
    }
}

impl TeamDefinition {
    /// Whether the team sees an account.
    pub fn sees(&self, account: &AccountTraits) -> bool {
        self.accounts.contains(&account.id) || self.rules.iter().any(|rule| rule.matches(account))
    }

    /// Reads a team and checks it; every field at fault is told.
    ///
    /// # Errors
    /// The fields at fault, by their JSON pointers.
    pub fn from_json(json: &Value) -> Result<Self, Vec<FieldError>> {
        // What a team is told with beside these is passed over when it is sent back.
        let mut errors = unknown_fields(json, &["name", "accounts", "rules", "id", "account_count", "members"]);
        let mut at_fault = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
        let name = text(json, "name", NAME_BYTES, &mut |field, detail| at_fault(format!("/{field}"), detail));
        if name.as_ref().is_some_and(|name| name.chars().any(is_invisible)) {
            at_fault("/name".to_owned(), "name must be of characters that can be seen".to_owned());
        }
        let mut accounts = BTreeSet::new();
        for (index, id) in array(json, "accounts", ACCOUNTS_MAX, &mut at_fault).iter().enumerate() {
            let pointer = format!("/accounts/{index}");
            match id.as_str().map(|id| checked(id, &pointer, "the id of an account", ID_BYTES)) {
                Some(Ok(id)) => drop(accounts.insert(id)),
                Some(Err(Rejection { detail, .. })) => at_fault(pointer, detail),
                None => at_fault(pointer, "the id of an account must be a text".to_owned()),
            }
        }
        let mut rules = Vec::new();
        for (index, rule) in array(json, "rules", RULES_MAX, &mut at_fault).iter().enumerate() {
            for FieldError { pointer, detail } in unknown_fields(rule, &["on", "attribute", "is", "value"]) {
                at_fault(format!("/rules/{index}{pointer}"), detail);
            }
            let mut at_fault = |field: &str, detail| at_fault(format!("/rules/{index}/{field}"), detail);
            rules.extend(TeamRule::from_json(rule, &mut at_fault));
        }
        match name {
            Some(name) if errors.is_empty() => Ok(Self { name: name.trim().to_owned(), accounts, rules }),
            _ => Err(errors),
        }
    }
}

/// What is wrong with the names of an object's fields, or with there being none.
fn unknown_fields(json: &Value, names: &[&str]) -> Vec<FieldError> {
    Object::of(json, names).and_then(|object| object.finish(())).err().unwrap_or_default()
}

/// A text that must be there, unless it is at fault.
fn text(json: &Value, field: &str, bytes: usize, at_fault: &mut impl FnMut(&str, String)) -> Option<String> {
    let text = match json.get(field).and_then(Value::as_str) {
        Some(text) => checked(text, field, field, bytes).map_err(|Rejection { detail, .. }| detail),
        None => Err(format!("{field} must be a text")),
    };
    text.map_err(|detail| at_fault(field, detail)).ok()
}

/// What is in an array that may be left out; nothing where it is at fault.
fn array<'a>(json: &'a Value, field: &str, most: usize, at_fault: &mut impl FnMut(String, String)) -> &'a [Value] {
    match json.get(field) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(values)) if values.len() <= most => values,
        Some(Value::Array(_)) => {
            at_fault(format!("/{field}"), format!("there can be at most {most} {field}"));
            &[]
        }
        Some(_) => {
            at_fault(format!("/{field}"), format!("{field} must be an array"));
            &[]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn acme() -> AccountTraits {
        let attributes = [("plan".to_owned(), "Pro".to_owned())].into();
        AccountTraits { id: "acme-eu".to_owned(), name: "Ärger GmbH".to_owned(), attributes }
    }

    #[test]
    fn a_team_sees_what_it_names_and_what_matches() {
        for (accounts, on, is, value, sees) in [
            (&["acme-eu"][..], "id", "equals", "x", true),
            (&["ACME-EU"], "id", "equals", "ACME-EU", false),
            (&[], "id", "equals", "acme-eu", true),
            (&[], "id", "starts_with", "acme", true),
            (&[], "id", "starts_with", "", true),
            (&[], "id", "contains", "-EU", false),
            (&[], "name", "equals", "ärger gmbh", true),
            (&[], "name", "contains", "RGER", true),
            (&[], "name", "starts_with", "GmbH", false),
            (&[], "attribute", "equals", "Pro", true),
            (&[], "attribute", "equals", "pro", false),
        ] {
            let rule = json!({"on": on, "is": is, "value": value, "attribute": "plan"});
            let team = json!({"name": "Team", "accounts": accounts, "rules": [rule]});
            assert_eq!(TeamDefinition::from_json(&team).unwrap().sees(&acme()), sees, "{team}");
        }
        assert!(!TeamDefinition::default().sees(&acme()));
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let rules = json!([
            {"on": "colour", "is": "like", "value": "x"},
            {"on": "attribute", "is": "contains", "value": "x"},
            {"on": "attribute", "is": "equals", "value": "x"},
            {"on": "id", "is": "equals", "value": ""},
            {"on": "id", "is": "contains", "value": ""},
        ]);
        let team = json!({"name": " ", "accounts": ["a", 7, ""], "rules": rules});
        let pointers: Vec<String> =
            TeamDefinition::from_json(&team).unwrap_err().into_iter().map(|error| error.pointer).collect();
        let expected = [
            "/name",
            "/accounts/1",
            "/accounts/2",
            "/rules/0/on",
            "/rules/0/is",
            "/rules/1/is",
            "/rules/2/attribute",
            "/rules/3/value",
        ];
        assert_eq!(pointers, expected);
        assert_eq!(TeamDefinition::from_json(&json!({"name": "A\u{200b}"})).unwrap_err()[0].pointer, "/name");
        assert_eq!(TeamDefinition::from_json(&json!({"name": "A", "rules": 7})).unwrap_err()[0].pointer, "/rules");
    }
}
