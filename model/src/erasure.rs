//! Erasing somebody: what is asked for, and whether a call or a text names them. Doing it is for the server.

use crate::{
    api::{erasure::ErasureKind, problem::FieldError},
    event::{ID_BYTES, Rejection, checked},
    object::Object,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::{
    collections::HashSet,
    fmt::{self, Display, Formatter, Write},
    ops::RangeInclusive,
};

/// For how many days raw events may be kept, where they are not kept for good.
pub const RETENTION_DAYS: RangeInclusive<u32> = 1..=36_500;

/// From how many bytes on a text tells of somebody wherever it stands within another one. Shorter ones stand in many by
/// chance.
const TELLING_BYTES: usize = 6;

/// How many texts are looked for within others: of an account with more users each must be a text of its own.
const TELLING: usize = 100;

/// Where a call may say of which account it is, in any of the protocols.
const ACCOUNTS: [&str; 7] =
    ["/account/id", "/account", "/context/groupId", "/groupId", "/sdr_o", "/accountId", "/properties/$group_key"];

/// Under which an event of PostHog's names accounts, each by its type.
const GROUPS: &str = "/properties/$groups/";

/// Where a call may say of which user it is.
const USERS: [&str; 10] = [
    "/user/id",
    "/user",
    "/userId",
    "/anonymousId",
    "/previousId",
    "/distinct_id",
    "/properties/distinct_id",
    "/properties/$anon_distinct_id",
    "/properties/alias",
    "/sdr_u",
];

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
    /// another account. A number of a few digits names nobody but where a call says whose it is.
    pub fn is_in_call(&self, call: &str) -> bool {
        let Ok(Parts(parts)) = serde_json::from_str(call) else { return self.may_be_in(call) };
        let accounts: Vec<&str> = parts.iter().filter_map(Part::account).collect();
        let of_another = !accounts.is_empty() && !accounts.contains(&self.account.trim());
        let names_them = |text: &str| self.names_account(text) || !of_another && self.names_user(text);
        parts.iter().any(|part| part.is_telling() && names_them(&part.text))
    }

    /// Whether a text names them: what stands between quotes in it or, where it is the JSON of what was changed, any text.
    pub fn is_in_text(&self, text: &str) -> bool {
        let names_them = |text: &str| self.names_account(text) || self.names_user(text);
        match serde_json::from_str(text) {
            Ok(Parts(parts)) if text.starts_with(['{', '[']) => {
                parts.iter().any(|part| part.kind == PartKind::Text && names_them(&part.text))
            }
            _ => text.split(['"', '“', '”']).chain([text]).any(names_them),
        }
    }

    /// Whether a call that can't be read may name them, in a word or several, however they are escaped. Where more are
    /// called than can be looked for, it may.
    fn may_be_in(&self, call: &str) -> bool {
        let called = || self.of_account.iter().chain(&self.of_users);
        let texts = [call, &unescaped(call)];
        called().count() > TELLING || texts.iter().any(|text| called().any(|name| stands_in(text, name)))
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

/// Whether something stands in a text by itself or, where it is long enough to be no chance, in any way.
fn stands_in(text: &str, name: &str) -> bool {
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        name.len() >= TELLING_BYTES || !is_word(before.chars().next_back()) && !is_word(after.chars().next())
    })
}

/// A text with what is escaped in it as in JSON put in its place.
fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        units.extend(before.encode_utf16());
        let code = escape.strip_prefix('u').and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok());
        let (unit, length) = match (code, escape.as_bytes().first()) {
            (Some(code), _) => (Some(code), 5),
            (None, Some(b'n' | b't' | b'r' | b'b' | b'f')) => (Some(u16::from(b' ')), 1),
            (None, Some(b'\\')) => (Some(u16::from(b'\\')), 1),
            // It stands for itself.
            (None, _) => (None, 0),
        };
        units.extend(unit);
        rest = escape.get(length..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// All that JSON says, also in fields that are given twice.
struct Parts(Vec<Part>);

/// A part of JSON.
struct Part {
    kind: PartKind,
    /// Whose the call is, where it says so here.
    whose: Option<Whose>,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PartKind {
    Text,
    Number,
    /// What a field is called.
    Name,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Of which account it is.
    Account,
    /// Of which user.
    User,
}

impl Whose {
    /// What a call says at a place, given as a pointer.
    fn at(place: &str) -> Option<Self> {
        match place {
            _ if ACCOUNTS.contains(&place) || place.starts_with(GROUPS) => Some(Self::Account),
            _ if USERS.contains(&place) => Some(Self::User),
            _ => None,
        }
    }
}

impl Part {
    /// The account, where it says of which the call is.
    fn account(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| self.whose == Some(Whose::Account) && !text.is_empty())
    }

    /// Whether it tells of somebody, if that is what they are called.
    fn is_telling(&self) -> bool {
        match self.kind {
            PartKind::Text => true,
            PartKind::Number => self.text.len() >= TELLING_BYTES || self.whose.is_some(),
            PartKind::Name => self.text.len() >= TELLING_BYTES || !self.text.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut parts, mut place) = (Vec::new(), String::new());
        PartsSeed { parts: &mut parts, place: &mut place }.deserialize(deserializer)?;
        Ok(Self(parts))
    }
}

/// Reads a value, and adds what it says to the parts there are.
struct PartsSeed<'p> {
    parts: &'p mut Vec<Part>,
    /// As a pointer to the value.
    place: &'p mut String,
}

impl PartsSeed<'_> {
    /// One for a value in a list or an object.
    fn within(&mut self, name: impl Display) -> PartsSeed<'_> {
        // Writing to memory never fails.
        let _ = write!(self.place, "/{name}");
        PartsSeed { parts: self.parts, place: self.place }
    }

    fn add<E>(self, kind: PartKind, text: impl Display) -> Result<(), E> {
        self.parts.push(Part { kind, whose: Whose::at(self.place), text: text.to_string() });
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for PartsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PartsSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.add(PartKind::Number, number)
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.add(PartKind::Number, number)
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        // As it is written where it is an id.
        self.add(PartKind::Number, Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.add(PartKind::Text, text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        let length = self.place.len();
        for index in 0.. {
            let value = values.next_element_seed(self.within(index))?;
            self.place.truncate(length);
            if value.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let length = self.place.len();
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value_seed(self.within(&name))?;
            self.place.truncate(length);
            self.parts.push(Part { kind: PartKind::Name, whose: None, text: name });
        }
        Ok(())
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
            (r#"{"account": "", "user": "7"}"#, true),
            (r#"{"user": 7, "user": 8}"#, true),
            (r#"{"account": "globex", "account": "acme", "user": "7"}"#, true),
            // What names nobody.
            (r#"{"user": "70", "count": 7, "properties": {"7": 7}}"#, false),
            // What can't be read.
            (r#"{"user": "Lisa Ray", "module"#, true),
            (r#"{"user": "Lisa\u0020\u0052ay", "module"#, true),
            (r#"{"user": 7, "module"#, true),
            (r#"{"user": "lisa", "count": 70, "module"#, false),
        ] {
            assert_eq!(lisa.is_in_call(call), is_named, "{call}");
        }
        assert!(lisa.is_in_text("none is known of “7”") && !lisa.is_in_text("none is known of “17”"));
        assert!(lisa.is_in_text(r#"{"value": "7"}"#) && !lisa.is_in_text(r#"{"7": [7], "value": "17"}"#));
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
    fn what_lies_deep_is_found_in_its_place() {
        let acme = Called::new("acme", [], ["7".to_owned()]);
        // Each nests its values so deep that they have a long pointer of their own.
        let nested = |value: &str| format!("{}{}{}", r#"{"x": ["#.repeat(50), value, "]}".repeat(50));
        assert!(acme.is_in_call(&nested(&format!("{}\"7\"", "1, ".repeat(10_000)))));
        assert!(!acme.is_in_call(&nested(r#"{"user": 7}"#)) && acme.is_in_call(&nested(r#""7""#)));
        assert!(acme.is_in_call(r#"{"x": [[1, {"y": 2}], 3], "user": 7}"#));
    }

    #[test]
    fn what_cannot_be_read_may_name_any_of_many() {
        let all = Called::new("acme", ["acme".to_owned()], (0..200).map(|number| format!("user {number}")));
        assert!(all.is_in_call(r#"{"user": "eve", "module"#) && !all.is_in_call(r#"{"user": "eve"}"#));
    }

    #[test]
    fn escapes_stand_for_what_they_mean() {
        for (escaped, text) in [
            (r"\u004c\u0069sa", "Lisa"),
            (r"\ud83d\ude00!", "😀!"),
            (r#"\"a\\u0041\/\n"#, r#""a\u0041/ "#),
            (r"\u00", "u00"),
            ("\\", ""),
        ] {
            assert_eq!(unescaped(escaped), text);
        }
    }

    #[test]
    fn events_are_kept_for_days_or_for_good() {
        assert_eq!((retention(" 90 "), retention("")), (Ok(Some(90)), Ok(None)));
        assert!(retention("0").is_err() && retention("forever").is_err());
        assert_eq!(retention_from_json(&json!({"days": null, "kept_since": null})), Ok(None));
        assert!(retention_from_json(&json!({})).is_err() && retention_from_json(&json!({"days": 0})).is_err());
    }
}
