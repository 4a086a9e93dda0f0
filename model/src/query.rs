//! What a reader asks for: the parameters of the read API, which are also the parameters in the page's address.
//!
//! Both sides read and write them here, so that a link on the page, a bookmark and an API call mean the same.

use crate::{
    Day,
    api::audit::{AUDIT_LIMIT, AUDIT_LIMIT_MAX},
    api::problem::FieldError,
    api::quality::{REJECT_IDS, REJECTS_LIMIT, REJECTS_LIMIT_MAX, RejectChoice},
    api::today::{STREAM_LIMIT, STREAM_LIMIT_MAX},
    api::usage::{TABLE_LIMIT, TABLE_LIMIT_MAX},
    object::Object,
    period::{LONGEST_RANGE, PeriodChoice},
};
use serde_json::Value;

/// Name and value of parameters, decoded, in the order given.
pub type Pairs = Vec<(String, String)>;

/// `GET /usage`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UsageQuery {
    /// Which days. The last 30 unless said otherwise.
    pub period: PeriodChoice,
    /// Through which team's eyes; otherwise through all the reader's.
    pub team: Option<String>,
    /// Only this account's usage.
    pub account: Option<String>,
}

impl Default for UsageQuery {
    fn default() -> Self {
        Self { period: PeriodChoice::Last30Days, team: None, account: None }
    }
}

/// `GET /audit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// How many changes.
    pub limit: u32,
    /// The `next` of the page before.
    pub before: Option<String>,
}

impl Default for AuditQuery {
    fn default() -> Self {
        Self { limit: AUDIT_LIMIT, before: None }
    }
}

/// `GET /usage/activities` and `GET /usage/modules`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableQuery {
    /// Which days, and whose.
    pub usage: UsageQuery,
    /// Activities or modules.
    pub of: TableOf,
    /// Only rows with this text in their name, in any case, space around it left out; empty for all.
    pub filter: String,
    /// The column to sort by.
    pub sort: Sort,
    /// The direction.
    pub order: Order,
    /// How many rows.
    pub limit: u32,
    /// How many rows to leave out first.
    pub offset: u32,
}

/// What a table lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TableOf {
    /// Modules and actions together.
    #[default]
    Activities,
    /// Modules.
    Modules,
}

impl TableOf {
    /// The last part of the API's path; also the value of the page's `table` parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activities => "activities",
            Self::Modules => "modules",
        }
    }
}

/// A column of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The action's name; the module's in the table of modules.
    Name,
    /// The module's name.
    Module,
    /// Actions in the period.
    #[default]
    Actions,
    /// Actions in the previous period.
    Previous,
    /// The change between them.
    Change,
}

impl Sort {
    /// Every column, as it stands in the table.
    pub const ALL: [Sort; 5] = [Sort::Module, Sort::Name, Sort::Actions, Sort::Previous, Sort::Change];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Module => "module",
            Self::Actions => "actions",
            Self::Previous => "previous",
            Self::Change => "change",
        }
    }

    /// The direction a first click gives: names from A, figures from the largest.
    pub fn first_order(self) -> Order {
        match self {
            Self::Name | Self::Module => Order::Ascending,
            Self::Actions | Self::Previous | Self::Change => Order::Descending,
        }
    }
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Order {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    /// The other one.
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// `GET /today/stream`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamQuery {
    /// How many entries.
    pub limit: u32,
    /// The `next` of the page before.
    pub before: Option<String>,
    /// Through which team's eyes; otherwise through all the reader's.
    pub team: Option<String>,
    /// Only this account's entries.
    pub account: Option<String>,
}

impl Default for StreamQuery {
    fn default() -> Self {
        Self { limit: STREAM_LIMIT, before: None, team: None, account: None }
    }
}

/// `GET /rejects`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RejectsQuery {
    /// Only these.
    pub filter: RejectFilter,
    /// How many.
    pub limit: u32,
    /// The `next` of the page before.
    pub before: Option<String>,
}

/// What rejected events have in common; nothing for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RejectFilter {
    /// The reason.
    pub code: Option<String>,
    /// The protocol they came in.
    pub protocol: Option<String>,
    /// The name of the key they came with.
    pub key: Option<String>,
}

impl Default for RejectsQuery {
    fn default() -> Self {
        Self { filter: RejectFilter::default(), limit: REJECTS_LIMIT, before: None }
    }
}

impl UsageQuery {
    /// Reads `period`, or `from` and `to`, `team` and `account`. Parameters it does not know are left to others.
    pub fn from_pairs(pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let period = period_from_pairs(pairs).map_err(|error| errors.push(error)).unwrap_or(Self::default().period);
        let (team, account) = (team(pairs), value(pairs, "account").map(str::to_owned));
        if errors.is_empty() { Ok(Self { period, team, account }) } else { Err(errors) }
    }

    /// The parameters, those with default values left out.
    pub fn to_pairs(&self) -> Pairs {
        let mut pairs = Pairs::new();
        match self.period {
            PeriodChoice::Range { from, to } => {
                pairs.push(("from".into(), from.to_string()));
                pairs.push(("to".into(), to.to_string()));
            }
            named if named == Self::default().period => {}
            named => pairs.push(("period".into(), named.name().into())),
        }
        pairs.extend(self.team.iter().map(|team| ("team".into(), team.clone())));
        pairs.extend(self.account.iter().map(|account| ("account".into(), account.clone())));
        pairs
    }
}

impl Default for TableQuery {
    fn default() -> Self {
        Self::new(UsageQuery::default(), TableOf::default())
    }
}

impl TableQuery {
    /// The first page of a table, by actions.
    pub fn new(usage: UsageQuery, of: TableOf) -> Self {
        let sort = Sort::default();
        Self { usage, of, filter: String::new(), sort, order: sort.first_order(), limit: TABLE_LIMIT, offset: 0 }
    }

    /// Reads the parameters of `GET /usage` and `filter`, `sort`, `order`, `limit`, `offset`.
    pub fn from_pairs(of: TableOf, pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut query = match UsageQuery::from_pairs(pairs) {
            Ok(usage) => Self::new(usage, of),
            Err(wrong) => {
                errors = wrong;
                Self::new(UsageQuery::default(), of)
            }
        };
        if let Some(filter) = value(pairs, "filter") {
            query.filter = filter.trim().to_owned();
        }
        if let Some(name) = value(pairs, "sort") {
            match Sort::ALL.into_iter().find(|sort| sort.name() == name) {
                Some(sort) => (query.sort, query.order) = (sort, sort.first_order()),
                None => errors.push(FieldError::of_parameter(
                    "sort",
                    format!("“{name}” is not one of name, module, actions, previous, change"),
                )),
            }
        }
        match value(pairs, "order") {
            Some("asc") => query.order = Order::Ascending,
            Some("desc") => query.order = Order::Descending,
            Some(other) => {
                errors.push(FieldError::of_parameter("order", format!("“{other}” is neither asc nor desc")));
            }
            None => {}
        }
        match number(pairs, "limit", 1..=TABLE_LIMIT_MAX) {
            Ok(limit) => query.limit = limit.unwrap_or(TABLE_LIMIT),
            Err(error) => errors.push(error),
        }
        match number(pairs, "offset", 0..=u32::MAX) {
            Ok(offset) => query.offset = offset.unwrap_or(0),
            Err(error) => errors.push(error),
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    /// The parameters, those with default values left out.
    pub fn to_pairs(&self) -> Pairs {
        let mut pairs = self.usage.to_pairs();
        let mut push = |name: &str, value: String| pairs.push((name.into(), value));
        if !self.filter.is_empty() {
            push("filter", self.filter.clone());
        }
        if self.sort != Sort::default() {
            push("sort", self.sort.name().into());
        }
        if self.order != self.sort.first_order() {
            push("order", self.order.name().into());
        }
        if self.limit != TABLE_LIMIT {
            push("limit", self.limit.to_string());
        }
        if self.offset != 0 {
            push("offset", self.offset.to_string());
        }
        pairs
    }
}

impl StreamQuery {
    /// Reads `limit`, `before`, `team` and `account`. Whether `before` is a cursor is for the stream to say.
    pub fn from_pairs(pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let limit = number(pairs, "limit", 1..=STREAM_LIMIT_MAX).map_err(|error| vec![error])?;
        Ok(Self {
            limit: limit.unwrap_or(STREAM_LIMIT),
            before: value(pairs, "before").map(str::to_owned),
            team: team(pairs),
            account: value(pairs, "account").map(str::to_owned),
        })
    }

    /// The parameters, those with default values left out.
    pub fn to_pairs(&self) -> Pairs {
        let mut pairs = Pairs::new();
        if self.limit != STREAM_LIMIT {
            pairs.push(("limit".into(), self.limit.to_string()));
        }
        pairs.extend(self.before.iter().map(|before| ("before".into(), before.clone())));
        pairs.extend(self.team.iter().map(|team| ("team".into(), team.clone())));
        pairs.extend(self.account.iter().map(|account| ("account".into(), account.clone())));
        pairs
    }
}

impl RejectFilter {
    /// Reads `code`, `protocol` and `key`. A code that is none, and the like, is no error: nothing matches it.
    pub fn from_pairs(pairs: &Pairs) -> Self {
        let text = |name| value(pairs, name).map(str::to_owned);
        Self { code: text("code"), protocol: text("protocol"), key: text("key") }.plain()
    }

    /// Without empty texts, which count as none. No stored text holds a NUL, and Postgres takes one in none.
    fn plain(self) -> Self {
        let plain = |text: Option<String>| Some(text?.replace('\0', "\u{fffd}")).filter(|text| !text.is_empty());
        Self { code: plain(self.code), protocol: plain(self.protocol), key: plain(self.key) }
    }

    /// The parameters that are given.
    pub fn to_pairs(&self) -> Pairs {
        let Self { code, protocol, key } = self;
        let pair = |(name, value): (&str, &Option<String>)| Some((name.to_owned(), value.clone()?));
        [("code", code), ("protocol", protocol), ("key", key)].into_iter().filter_map(pair).collect()
    }

    /// All that match, but none that came later than the one with the id `up_to`.
    pub fn choice(&self, up_to: Option<i64>) -> RejectChoice {
        let Self { code, protocol, key } = self.clone();
        RejectChoice { all: *self == Self::default(), code, protocol, key, up_to, ..RejectChoice::default() }
    }
}

impl RejectsQuery {
    /// The newest of some.
    pub fn of(filter: RejectFilter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// Reads `code`, `protocol`, `key`, `limit` and `before`. Whether `before` is a cursor is for the list to say.
    pub fn from_pairs(pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let limit = number(pairs, "limit", 1..=REJECTS_LIMIT_MAX).map_err(|error| vec![error])?;
        Ok(Self {
            filter: RejectFilter::from_pairs(pairs),
            limit: limit.unwrap_or(REJECTS_LIMIT),
            before: value(pairs, "before").map(str::to_owned),
        })
    }

    /// The parameters, those with default values left out.
    pub fn to_pairs(&self) -> Pairs {
        let mut pairs = self.filter.to_pairs();
        if self.limit != REJECTS_LIMIT {
            pairs.push(("limit".into(), self.limit.to_string()));
        }
        pairs.extend(self.before.iter().map(|before| ("before".into(), before.clone())));
        pairs
    }
}

impl AuditQuery {
    /// Reads `limit` and `before`. Whether `before` is a cursor is for the list to say.
    pub fn from_pairs(pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let limit = number(pairs, "limit", 1..=AUDIT_LIMIT_MAX).map_err(|error| vec![error])?;
        Ok(Self { limit: limit.unwrap_or(AUDIT_LIMIT), before: value(pairs, "before").map(str::to_owned) })
    }
}

impl RejectChoice {
    /// Reads `ids`, separated by commas, `code`, `protocol`, `key`, `all` and `up_to`.
    pub fn from_pairs(pairs: &Pairs) -> Result<Self, Vec<FieldError>> {
        let whole = |name: &str, text: &str| {
            let wrong = |_| vec![FieldError::of_parameter(name, format!("“{text}” is not an id"))];
            text.trim().parse::<i64>().map_err(wrong)
        };
        let ids = value(pairs, "ids").map(|ids| ids.split(',').map(|id| whole("ids", id)).collect()).transpose()?;
        let up_to = value(pairs, "up_to").map(|id| whole("up_to", id)).transpose()?;
        let RejectFilter { code, protocol, key } = RejectFilter::from_pairs(pairs);
        Self { ids, code, protocol, key, all: value(pairs, "all") == Some("true"), up_to, body: None }.checked()
    }

    /// Reads the same as fields, and `body`; every field at fault is told.
    pub fn from_json(json: &Value) -> Result<Self, Vec<FieldError>> {
        let names = ["ids", "code", "protocol", "key", "all", "up_to", "body"];
        let mut object = Object::of(json, &names)?;
        let ids = object.read("ids", "an array of ids", Value::as_array);
        let ids = ids.map(|ids| {
            let each = ids.iter().enumerate().filter_map(|(index, id)| {
                let number = id.as_i64();
                if number.is_none() {
                    object.note(&format!("ids/{index}"), "must be an id, a whole number");
                }
                number
            });
            each.collect()
        });
        let mut text = |name: &str| object.text(name).map(str::to_owned);
        let [code, protocol, key, body] = ["code", "protocol", "key", "body"].map(&mut text);
        let all = object.read("all", "true or false", Value::as_bool).unwrap_or_default();
        let up_to = object.read("up_to", "an id, a whole number", Value::as_i64);
        object.finish(Self { ids, code, protocol, key, all, up_to, body })?.checked()
    }

    /// The parameters that are given.
    pub fn to_pairs(&self) -> Pairs {
        let mut pairs = self.filter().to_pairs();
        if let Some(ids) = &self.ids {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            pairs.push(("ids".into(), ids.join(",")));
        }
        if self.all {
            pairs.push(("all".into(), "true".into()));
        }
        pairs.extend(self.up_to.map(|up_to| ("up_to".into(), up_to.to_string())));
        pairs
    }

    /// Refuses a choice that does not say which: all of them must be meant, not left over.
    pub fn checked(self) -> Result<Self, Vec<FieldError>> {
        let RejectFilter { code, protocol, key } = self.filter().plain();
        let choice = Self { code, protocol, key, ..self };
        choice.refuse_vague()?;
        if choice.body.is_some() && choice.ids.as_ref().is_none_or(|ids| ids.len() != 1) {
            return Err(vec![FieldError::of_parameter("body", "stands for one event: give its id")]);
        }
        Ok(choice)
    }

    fn refuse_vague(&self) -> Result<(), Vec<FieldError>> {
        let filtered = self.filter() != RejectFilter::default();
        let detail = match &self.ids {
            Some(ids) if ids.len() > REJECT_IDS => format!("at most {REJECT_IDS} ids at once"),
            Some(_) if filtered || self.all => "give either ids, or what all have in common".to_owned(),
            None if !filtered && !self.all => {
                "give ids, or code, protocol or key; or all: true for every one".to_owned()
            }
            _ => return Ok(()),
        };
        Err(vec![FieldError::of_parameter("ids", detail)])
    }

    /// What the chosen have in common, where they are not named by their ids.
    pub fn filter(&self) -> RejectFilter {
        let Self { code, protocol, key, .. } = self.clone();
        RejectFilter { code, protocol, key }
    }
}

/// A parameter that is given several times, as a fault of it: whoever sends one twice may mean either.
pub fn doubled(pairs: &Pairs) -> Option<FieldError> {
    let is_again =
        |(place, (name, _)): (usize, &(String, String))| pairs[..place].iter().any(|(before, _)| before == name);
    let (name, _) = pairs.iter().enumerate().find(|pair| is_again(*pair)).map(|(_, pair)| pair)?;
    Some(FieldError::of_parameter(name, "is given more than once"))
}

/// The team named in parameters. Whether there is one, and whether its eyes are the reader's, is for the server to say.
pub fn team(pairs: &Pairs) -> Option<String> {
    value(pairs, "team").map(str::to_owned)
}

/// The value given for a parameter; an empty one counts as none, because a GET form sends every field.
fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn number(pairs: &Pairs, name: &str, range: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, FieldError> {
    let Some(text) = value(pairs, name) else { return Ok(None) };
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(FieldError::of_parameter(
            name,
            format!("“{text}” is not a whole number from {} to {}", range.start(), range.end()),
        )),
    }
}

fn period_from_pairs(pairs: &Pairs) -> Result<PeriodChoice, FieldError> {
    let wrong = |name: &str, detail: String| Err(FieldError::of_parameter(name, detail));
    match (value(pairs, "period"), value(pairs, "from"), value(pairs, "to")) {
        (None, None, None) => Ok(UsageQuery::default().period),
        (Some(name), None, None) => match PeriodChoice::from_name(name) {
            Some(choice) => Ok(choice),
            None => wrong(
                "period",
                format!(
                    "“{name}” is not one of yesterday, last_7_days, last_30_days, last_90_days; or give from and to"
                ),
            ),
        },
        (Some(_), _, _) => wrong("period", "give either period, or from and to, not both".into()),
        (None, Some(_), None) => wrong("to", "from needs to as well".into()),
        (None, None, Some(_)) => wrong("from", "to needs from as well".into()),
        (None, Some(from), Some(to)) => {
            let (from, to) = (day("from", from)?, day("to", to)?);
            if from > to {
                return wrong("from", format!("{from} is after {to}"));
            }
            if (to - from).num_days() >= LONGEST_RANGE {
                return wrong("from", format!("a range has at most {LONGEST_RANGE} days"));
            }
            Ok(PeriodChoice::Range { from, to })
        }
    }
}

fn day(name: &str, text: &str) -> Result<Day, FieldError> {
    // Only YYYY-MM-DD within four-digit years from 1970: chrono alone would take signs and more digits.
    let well_formed = text.len() == 10 && text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    match text.parse::<Day>() {
        Ok(day) if well_formed && chrono::Datelike::year(&day) >= 1970 => Ok(day),
        _ => Err(FieldError::of_parameter(name, format!("“{text}” is not a day, YYYY-MM-DD, from 1970 on"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[(&str, &str)]) -> Pairs {
        text.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn parameters_survive_the_way_through_an_address() {
        for given in [
            vec![],
            vec![("period", "yesterday"), ("account", "acme")],
            vec![("from", "2026-01-01"), ("to", "2026-02-01"), ("filter", "a b"), ("sort", "module")],
            vec![("sort", "name"), ("order", "desc"), ("limit", "7"), ("offset", "14")],
        ] {
            let given = pairs(&given);
            let query = TableQuery::from_pairs(TableOf::Activities, &given).expect("valid");
            assert_eq!(query.to_pairs(), given);
        }
    }

    #[test]
    fn every_wrong_field_of_a_choice_is_named() {
        let read = |text: &str| RejectChoice::from_json(&serde_json::from_str(text).expect("JSON"));
        for (text, pointers) in [
            (r#"{"ids": [1, "2", 3.5]}"#, &["/ids/1", "/ids/2"][..]),
            (r#"{"ids": 7, "code": 7, "all": "yes", "up_to": "x"}"#, &["/ids", "/code", "/all", "/up_to"]),
            (r#"{"all": true, "a/b~": 1}"#, &["/a~1b~0"]),
            ("[]", &[""]),
            ("{}", &["/ids"]),
            (r#"{"ids": [1, 2], "body": "{}"}"#, &["/body"]),
        ] {
            let errors = read(text).expect_err("wrong");
            let found: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{text}");
        }
        let expected = RejectChoice { ids: Some(vec![1]), body: Some("x".into()), ..RejectChoice::default() };
        assert_eq!(read(r#"{"ids": [1], "body": "x", "code": null}"#), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (given, pointer) in [
            (vec![("period", "last_8_days")], "/period"),
            (vec![("period", "yesterday"), ("from", "2026-01-01"), ("to", "2026-01-01")], "/period"),
            (vec![("from", "2026-01-01")], "/to"),
            (vec![("to", "2026-01-01")], "/from"),
            (vec![("from", "2026-01-02"), ("to", "2026-01-01")], "/from"),
            (vec![("from", "2026-02-30"), ("to", "2026-03-01")], "/from"),
            (vec![("from", "1901-01-01"), ("to", "2026-03-01")], "/from"),
            (vec![("from", "1990-01-01"), ("to", "2026-03-01")], "/from"),
            (vec![("from", "2026-01-01"), ("to", "+2026-01-1")], "/to"),
            (vec![("sort", "size")], "/sort"),
            (vec![("order", "up")], "/order"),
            (vec![("limit", "0")], "/limit"),
            (vec![("limit", "1001")], "/limit"),
            (vec![("offset", "-1")], "/offset"),
        ] {
            let errors = TableQuery::from_pairs(TableOf::Modules, &pairs(&given)).expect_err("invalid");
            assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), [pointer], "{given:?}");
        }
    }

    #[test]
    fn rejected_events_are_chosen_in_plain_words() {
        for given in [
            vec![("code", "missing_field"), ("key", "shop")],
            vec![("ids", "1,2")],
            vec![("all", "true"), ("up_to", "7")],
            vec![("protocol", "segment"), ("up_to", "7")],
        ] {
            let given = pairs(&given);
            assert_eq!(RejectChoice::from_pairs(&given).expect("valid").to_pairs(), given);
        }
        for given in [
            vec![],
            vec![("up_to", "7")],
            vec![("all", "yes")],
            vec![("ids", "1"), ("code", "missing_field")],
            vec![("ids", "1,x")],
        ] {
            assert!(RejectChoice::from_pairs(&pairs(&given)).is_err(), "{given:?}");
        }
        let many = RejectChoice { ids: Some(vec![1; REJECT_IDS + 1]), ..RejectChoice::default() };
        assert!(many.checked().is_err());
        let corrected = |ids, all| RejectChoice { ids, all, body: Some("{}".into()), ..RejectChoice::default() };
        assert!(corrected(Some(vec![1]), false).checked().is_ok());
        assert!(corrected(Some(vec![1, 2]), false).checked().is_err());
        assert!(corrected(None, true).checked().is_err());
    }

    #[test]
    fn space_around_a_filter_is_left_out() {
        for (given, filter) in [(" board ", "board"), ("big board\t", "big board"), ("  ", "")] {
            let query = TableQuery::from_pairs(TableOf::Activities, &pairs(&[("filter", given)]));
            assert_eq!(query.expect("valid").filter, filter);
        }
    }

    #[test]
    fn a_parameter_is_given_once() {
        assert_eq!(doubled(&pairs(&[("team", "1"), ("account", "a")])), None);
        let again = doubled(&pairs(&[("account", "a"), ("team", "1"), ("team", "")])).map(|error| error.pointer);
        assert_eq!(again.as_deref(), Some("/team"));
    }

    #[test]
    fn an_empty_parameter_counts_as_none() {
        let query = UsageQuery::from_pairs(&pairs(&[("period", "last_7_days"), ("from", ""), ("to", "")]));
        assert_eq!(query.expect("valid").period, PeriodChoice::Last7Days);
    }
}
