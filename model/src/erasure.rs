//! Erasing somebody: what is asked for, and whether a call or a text names them. Doing it is for the server.

use crate::{
    api::{erasure::ErasureKind, problem::FieldError},
    event::{ID_BYTES, Rejection, checked},
    object::Object,
};
use serde_json::Value;
use std::{collections::HashSet, ops::RangeInclusive};

/// For how many days raw events may be kept, where they are not kept for good.
pub const RETENTION_DAYS: RangeInclusive<u32> = 1..=36_500;

/// From how many bytes on a text tells of somebody wherever it stands within another one. Shorter ones stand in many by
/// chance.
const TELLING_BYTES: usize = 6;

/// How many texts are looked for within others: of an account with more users each must be a text of its own.
const TELLING: usize = 100;

/// Where a call may say whose it is, in any of the protocols.
const ACCOUNTS: [&str; 6] = ["/account/id", "/account", "/context/groupId", "/groupId", "/sdr_o", "/accountId"];

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureChoice {
    /// The account's id.
    pub account: String,
    /// The user's id; the whole account unless given.
    pub user: Option<String>,
    /// Whether only to say what would go.
    #[cfg_attr(feature = "openapi", schema(required = false, default = false))]
    pub preview: bool,
}

impl ErasureChoice {
    /// Reads `account`, `user` and `preview`; every field at fault is told. A null user is at fault too: what was meant to
    /// erase a user must not erase the account.
    pub fn from_json(json: &Value) -> Result<Self, Vec<FieldError>> {
        let mut object = Object::of(json, &["account", "user", "preview"])?;
        let account = read_id(&mut object, json, "account");
        let user = json.get("user").is_some().then(|| read_id(&mut object, json, "user")).flatten();
        let preview = object.read("preview", "true or false", Value::as_bool).unwrap_or_default();
        object.finish(Self { account: account.unwrap_or_default(), user, preview })
    }

    /// What is erased.
    pub fn kind(&self) -> ErasureKind {
        if self.user.is_some() { ErasureKind::User } else { ErasureKind::Account }
    }
}

fn read_id(object: &mut Object<'_>, json: &Value, name: &str) -> Option<String> {
    let id = match json.get(name) {
        Some(Value::String(text)) => checked(text, name, name, ID_BYTES).map_err(|Rejection { detail, .. }| detail),
        _ => Err(format!("{name} must be an id, a text")),
    };
    id.map_err(|fault| object.note(name, fault)).ok()
}

/// An id as somebody typed it, to the letter.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn id(text: &str) -> Result<String, String> {
    checked(text, "", "The id", ID_BYTES).map_err(|Rejection { detail, .. }| detail)
}

/// For how many days raw events are kept, as somebody typed it; `None` for good.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn retention(text: &str) -> Result<Option<u32>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let days = text.trim().parse().ok().filter(|days| RETENTION_DAYS.contains(days));
    let fault = || format!("Give days from {} to {}, or nothing", RETENTION_DAYS.start(), RETENTION_DAYS.end());
    days.map(Some).ok_or_else(fault)
}

/// Reads `days`, which must be there; null where raw events are kept for good.
pub fn retention_from_json(json: &Value) -> Result<Option<u32>, Vec<FieldError>> {
    // What it is told with is passed over when it is sent back.
    let mut object = Object::of(json, &["days", "kept_since"])?;
    let must_be = format!("a whole number from {} to {}, or null", RETENTION_DAYS.start(), RETENTION_DAYS.end());
    let days = |value: &Value| u32::try_from(value.as_u64()?).ok().filter(|days| RETENTION_DAYS.contains(days));
    let days = object.read("days", &must_be, days);
    if json.get("days").is_none() {
        object.note("days", format!("must be {must_be}"));
    }
    object.finish(days)
}

/// What somebody is called by whom all is to be erased.
#[derive(Clone, Debug, Default)]
pub struct Called {
    /// The account's id.
    account: String,
    /// What the account is called, where it goes as a whole.
    of_account: HashSet<String>,
    /// What its users are called that go: ids and names.
    of_users: HashSet<String>,
}

impl Called {
    /// By ids and names: those of the account with this id, where it goes as a whole, and those of the users that go.
    pub fn new(
        account: &str,
        of_account: impl IntoIterator<Item = String>,
        of_users: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            account: account.to_owned(),
            of_account: of_account.into_iter().collect(),
            of_users: of_users.into_iter().collect(),
        }
    }

    /// Whether a call names them, as it was sent. What names a user names another one where it says that it belongs to
    /// another account.
    pub fn is_in_call(&self, call: &str) -> bool {
        let Ok(json) = serde_json::from_str::<Value>(call) else { return self.is_in_broken(call) };
        let accounts = accounts(&json);
        let of_another = !accounts.is_empty() && !accounts.contains(&self.account);
        any_text(&json, &|text| self.names_account(text) || !of_another && self.names_user(text))
    }

    /// Whether a text names them, or any text in it where it is JSON.
    pub fn is_in_text(&self, text: &str) -> bool {
        match serde_json::from_str::<Value>(text) {
            Ok(json) => any_text(&json, &|text| self.names_account(text) || self.names_user(text)),
            Err(_) => self.is_in_broken(text),
        }
    }

    /// What is no JSON, or only its beginning, is read as what stands between quotes.
    fn is_in_broken(&self, text: &str) -> bool {
        let quotes = ['"', '“', '”'];
        text.split(quotes).chain([text]).any(|part| self.names_account(part) || self.names_user(part))
    }

    fn names_account(&self, text: &str) -> bool {
        names(&self.of_account, text)
    }

    fn names_user(&self, text: &str) -> bool {
        names(&self.of_users, text)
    }
}

fn names(called: &HashSet<String>, text: &str) -> bool {
    let is_within = |name: &String| name.len() >= TELLING_BYTES && text.contains(name.as_str());
    called.contains(text) || called.len() <= TELLING && called.iter().any(is_within)
}

/// Every account that a call names where it says whose it is.
fn accounts(call: &Value) -> HashSet<String> {
    let groups = call.pointer("/properties/$groups").and_then(Value::as_object);
    let groups = groups.into_iter().flat_map(|groups| groups.values());
    ACCOUNTS.iter().filter_map(|pointer| call.pointer(pointer)).chain(groups).filter_map(id_of).collect()
}

fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether any text in JSON, the name of a field or a number is one that is looked for.
fn any_text(json: &Value, is_wanted: &impl Fn(&str) -> bool) -> bool {
    match json {
        Value::String(text) => is_wanted(text),
        Value::Number(number) => is_wanted(&number.to_string()),
        Value::Array(values) => values.iter().any(|value| any_text(value, is_wanted)),
        Value::Object(fields) => fields.iter().any(|(name, value)| is_wanted(name) || any_text(value, is_wanted)),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_is_to_be_erased_is_said_in_full() {
        let pointers = |json: Value| {
            let errors = ErasureChoice::from_json(&json).expect_err("wrong");
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        assert_eq!(pointers(json!({})), ["/account"]);
        assert_eq!(pointers(json!({"account": "acme", "user": null})), ["/user"]);
        assert_eq!(pointers(json!({"account": " ", "usr": "lisa", "preview": 1})), ["/usr", "/account", "/preview"]);
        let choice = ErasureChoice::from_json(&json!({"account": "acme", "user": "lisa"})).expect("right");
        assert_eq!((choice.kind(), choice.preview), (ErasureKind::User, false));
    }

    #[test]
    fn a_call_names_a_user_in_any_protocol_unless_it_is_of_another_account() {
        let lisa = Called::new("acme", [], ["7", "lisa.ray@example.com", "Lisa Ray"].map(str::to_owned));
        for (call, is_named) in [
            (r#"{"account": "acme", "user": "lisa.ray@example.com"}"#, true),
            (r#"{"account": {"id": "acme"}, "user": {"id": 7, "name": "L"}}"#, true),
            (r#"{"account": "globex", "user": {"id": "7", "name": "Lisa Ray"}}"#, false),
            (r#"{"userId": 7, "type": "track"}"#, true),
            (r#"{"userId": "70", "type": "track", "count": 77}"#, false),
            (r#"{"context": {"groupId": "globex"}, "userId": 7}"#, false),
            (r#"{"distinct_id": "7", "properties": {"$groups": {"company": "acme"}}}"#, true),
            (r#"{"distinct_id": "7", "properties": {"$groups": {"company": "globex"}}}"#, false),
            (r#"{"sdr_o": "acme", "sdr_u": "7"}"#, true),
            (r#"{"traits": {"email": "mailto:lisa.ray@example.com"}}"#, true),
            (r#"{"user": "Lisa Ray", "module"#, true),
            (r#"{"user": "lisa", "module"#, false),
        ] {
            assert_eq!(lisa.is_in_call(call), is_named, "{call}");
        }
        assert!(lisa.is_in_text("none is known of “7”") && !lisa.is_in_text("none is known of “17”"));
    }

    #[test]
    fn an_account_that_goes_is_named_wherever_it_stands() {
        let acme = Called::new("acme", ["acme".to_owned()], ["lisa".to_owned()]);
        assert!(acme.is_in_call(r#"{"account": "globex", "parent": "acme"}"#));
        assert!(acme.is_in_call(r#"{"userId": "lisa"}"#));
        assert!(!acme.is_in_call(r#"{"account": "globex", "user": "lisa"}"#));
        assert!(acme.is_in_text(r#"{"accounts": ["acme"]}"#) && !acme.is_in_text(r#"{"accounts": ["acme2"]}"#));
    }

    #[test]
    fn events_are_kept_for_days_or_for_good() {
        assert_eq!((retention(" 90 "), retention("")), (Ok(Some(90)), Ok(None)));
        assert!(retention("0").is_err() && retention("forever").is_err());
        assert_eq!(retention_from_json(&json!({"days": null, "kept_since": null})), Ok(None));
        assert!(retention_from_json(&json!({})).is_err() && retention_from_json(&json!({"days": 0})).is_err());
    }
}
