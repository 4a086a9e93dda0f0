//! Events as they are sent, and the rules they must keep.

use crate::{
    api::ingest::{RejectedEvent, RejectionCode},
    instant::Instant,
    json::{Field, Fields, Json},
};
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// The longest id of an event, an account or a user, in bytes.
pub const ID_BYTES: usize = 200;

/// The longest name of an account, a user, a module or an action, in bytes.
pub const NAME_BYTES: usize = 200;

/// The largest event, in bytes of JSON as sent.
pub const EVENT_BYTES: usize = 32 * 1024;

/// The most events in one request.
pub const EVENTS_PER_REQUEST: usize = 5_000;

/// The largest request after decompression, in bytes.
pub const REQUEST_BYTES: usize = 5 * 1024 * 1024;

/// The most attributes of an account that an event may hold.
pub const ATTRIBUTES: usize = 20;

/// The most attributes of an account that are kept: the newest.
pub const KEPT_ATTRIBUTES: usize = 50;

/// The longest name of an attribute, in bytes.
pub const ATTRIBUTE_NAME_BYTES: usize = 64;

/// The longest value of an attribute, in bytes.
pub const ATTRIBUTE_VALUE_BYTES: usize = 200;

/// How far in the future an event may lie after correction, in milliseconds: clocks are never quite right.
pub const FUTURE_MILLIS: i64 = 10 * 60 * 1000;

/// How long after it happened an event may be received before it counts as late, in milliseconds.
pub const LATE_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The largest `count` of one event.
pub const COUNT_MAX: i64 = 1_000_000;

/// One use of the customer's product, or a heartbeat, that keeps every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique, where the sender gave one: makes a retry harmless.
    pub id: Option<String>,
    /// Within what it is unique.
    pub id_scope: IdScope,
    /// The account's id.
    pub account: String,
    /// The account's name, where sent.
    pub account_name: Option<String>,
    /// The account's attributes that were sent, by name; one that is taken back is empty.
    pub account_attributes: Vec<(String, String)>,
    /// The user's id, unique within the account.
    pub user: String,
    /// The user's name, where sent.
    pub user_name: Option<String>,
    /// The area of the product.
    pub module: String,
    /// What the user did there.
    pub kind: Kind,
    /// When, corrected for the sender's clock.
    pub time: Instant,
    /// When it was received.
    pub received: Instant,
}

/// Within what the id of an event is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdScope {
    /// The account that the event names.
    Account,
    /// The user, whatever its account: the event names none, and by the time of a retry the user may belong to another.
    User,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user did something.
    Activity {
        /// The verb.
        action: String,
        /// How often; 1..=[`COUNT_MAX`].
        count: i64,
    },
    /// The user is there, but did nothing that counts as an action.
    Heartbeat,
}

/// When a batch was received, and when its sender says to have sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// By the server's clock.
    pub received: Instant,
    /// By the sender's clock.
    pub sent_at: Option<Instant>,
    /// When it is judged whether a time lies in the future: at once, or later, when it is read again.
    pub judged: Instant,
    /// From when on events are kept; `None` where there is no bound.
    pub reach: Option<Instant>,
}

impl Receipt {
    /// Of a batch that is judged as it is received.
    pub const fn new(received: Instant, sent_at: Option<Instant>) -> Self {
        Self { received, sent_at, judged: received, reach: None }
    }

    /// The same, judged `now`.
    pub const fn judged(self, now: Instant) -> Self {
        Self { judged: now, ..self }
    }

    /// The same, where events are kept from then on.
    pub const fn reaching(self, reach: Option<Instant>) -> Self {
        Self { reach, ..self }
    }

    /// When something happened whose time, as sent, stood at `pointer`; refused in the future, before 1970 and before events
    /// are kept.
    pub fn happened(self, time: Option<Instant>, pointer: &str) -> Result<Instant, Rejection> {
        let (time, now) = (self.corrected(time), self.judged);
        if time.millis() > now.millis().saturating_add(FUTURE_MILLIS) {
            let detail = match time <= Instant::MAX {
                true => format!("{time} is more than 10 minutes in the future: it is {now}"),
                false => "the time is beyond the year 9999".to_owned(),
            };
            return Err(Rejection::new(RejectionCode::TimeInFuture, pointer, detail));
        }
        if time.millis() < 0 {
            return Err(Rejection::new(RejectionCode::TimeOutOfRange, pointer, "the time is before 1970"));
        }
        if let Some(reach) = self.reach.filter(|reach| time < *reach) {
            let detail = format!("{time} is further back than events are kept here: {reach}");
            return Err(Rejection::new(RejectionCode::TimeBeforeRetention, pointer, detail));
        }
        Ok(time)
    }

    /// Corrected time = received − (sent_at − time). An event without a time happened when it was received.
    pub fn corrected(self, time: Option<Instant>) -> Instant {
        match (time, self.sent_at) {
            (None, _) => self.received,
            (Some(time), None) => time,
            (Some(time), Some(sent_at)) => {
                let behind = i128::from(sent_at.millis()) - i128::from(time.millis());
                let corrected = i128::from(self.received.millis()) - behind;
                Instant::from_millis(i64::try_from(corrected).unwrap_or(if behind < 0 { i64::MAX } else { i64::MIN }))
            }
        }
    }
}

/// Why an event breaks the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Rejection {
    /// For programs.
    pub code: RejectionCode,
    /// For people.
    pub detail: String,
    /// JSON pointer to the field at fault, relative to the event: `/account/id`, or empty for the event itself.
    pub pointer: String,
}

impl Rejection {
    /// A rejection of one field; `pointer` is relative to the event.
    pub fn new(code: RejectionCode, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: pointer.into() }
    }

    /// The rejection of what is not JSON, for which the parser gives a reason.
    pub fn malformed(reason: impl std::fmt::Display) -> Self {
        Self::new(RejectionCode::MalformedJson, "", format!("not JSON: {reason}"))
    }

    /// The rejection of an event, by the word for it, that has more than [`EVENT_BYTES`].
    pub fn too_large(word: &str, bytes: usize) -> Self {
        let detail = format!("the {word} has {bytes} bytes; at most {EVENT_BYTES} are allowed");
        Self::new(RejectionCode::EventTooLarge, "", detail)
    }

    /// The rejection of the event at `index`, whose own pointer is `prefix`.
    pub fn at(self, index: usize, prefix: &str) -> RejectedEvent {
        RejectedEvent { index, code: self.code, detail: self.detail, pointer: format!("{prefix}{}", self.pointer) }
    }
}

impl Event {
    /// Reads an event from JSON and checks every rule; the first broken one is told. Fields it does not know are
    /// left out.
    pub fn from_json(json: &Value, receipt: Receipt) -> Result<Self, Rejection> {
        Self::read(&json.into(), receipt)
    }

    /// The same from text, which is rejected where it is not JSON.
    pub fn from_text(text: &str, receipt: Receipt) -> Result<Self, Rejection> {
        Self::read(&serde_json::from_str(text).map_err(Rejection::malformed)?, receipt)
    }

    /// The same from the text that stands at the start of another: the text, the event, and what is behind. `None` where no
    /// JSON stands there, or more of it than [`EVENT_BYTES`].
    pub fn from_start(text: &str, receipt: Receipt) -> Option<(&str, Result<Self, Rejection>, &str)> {
        let most = &text[..text.floor_char_boundary(EVENT_BYTES)];
        let mut values = serde_json::Deserializer::from_str(most).into_iter::<Json<'_>>();
        let json = values.next()?.ok()?;
        let (text, behind) = text.split_at(values.byte_offset());
        Some((text, Self::read(&json, receipt), behind))
    }

    fn read(json: &Json<'_>, receipt: Receipt) -> Result<Self, Rejection> {
        let Json::Object(fields) = json else {
            return Err(wrong_type("", "an event must be an object", json));
        };
        let (account, account_name) = party(fields, Field::Account, ["/account", "/account/id", "/account/name"])?;
        let account_attributes = attributes(fields)?;
        let (user, user_name) = party(fields, Field::User, ["/user", "/user/id", "/user/name"])?;
        let id = optional_text(fields, "/id", Field::Id, ID_BYTES)?;
        let kind = optional_text(fields, "/kind", Field::Kind, NAME_BYTES)?;
        let module = required_text(fields, "/module", Field::Module, NAME_BYTES)?;
        let kind = match kind.as_deref() {
            None | Some("activity") => Kind::Activity {
                action: required_text(fields, "/action", Field::Action, NAME_BYTES)?,
                count: count(fields)?,
            },
            Some("heartbeat") => Kind::Heartbeat,
            Some(other) => {
                let detail = format!("kind “{other}” is neither activity nor heartbeat");
                return Err(Rejection::new(RejectionCode::UnknownKind, "/kind", detail));
            }
        };
        let time = receipt.happened(time(fields)?, "/time")?;
        let (id_scope, received) = (IdScope::Account, receipt.received);
        Ok(Self {
            id,
            id_scope,
            account,
            account_name,
            account_attributes,
            user,
            user_name,
            module,
            kind,
            time,
            received,
        })
    }

    /// Whether it was received more than [`LATE_MILLIS`] after it happened.
    pub fn is_late(&self) -> bool {
        self.received.millis() - self.time.millis() > LATE_MILLIS
    }
}

/// Reads RFC 3339 or epoch milliseconds.
pub fn instant_from_json(json: &Value) -> Option<Instant> {
    instant(&json.into())
}

fn instant(json: &Json<'_>) -> Option<Instant> {
    match json {
        Json::Text(text) => Instant::parse(text),
        Json::Number(number) => whole(number).map(Instant::from_millis),
        _ => None,
    }
}

/// A whole number, also where its sender wrote it as `1.0` or `1e3`: JSON knows one kind of number.
fn whole(number: &Number) -> Option<i64> {
    /// Up to here every whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    number.as_i64().or_else(|| float().map(|float| float as i64))
}

fn time(fields: &Fields<'_>) -> Result<Option<Instant>, Rejection> {
    match fields.get(Field::Time) {
        None | Some(Json::Null) => Ok(None),
        Some(json) => match instant(json) {
            Some(time) => Ok(Some(time)),
            None => Err(Rejection::new(
                RejectionCode::InvalidTime,
                "/time",
                "time must be RFC 3339 with an offset, such as 2026-11-23T12:34:56.789+01:00, or epoch milliseconds",
            )),
        },
    }
}

fn count(fields: &Fields<'_>) -> Result<i64, Rejection> {
    let json = match fields.get(Field::Count) {
        None | Some(Json::Null) => return Ok(1),
        Some(json) => json,
    };
    let Json::Number(number) = json else {
        return Err(wrong_type("/count", "count must be a whole number", json));
    };
    match whole(number) {
        Some(count) if (1..=COUNT_MAX).contains(&count) => Ok(count),
        _ => {
            let detail = format!("count must be a whole number from 1 to {COUNT_MAX}, not {number}");
            Err(Rejection::new(RejectionCode::CountOutOfRange, "/count", detail))
        }
    }
}

/// An account or a user: a plain id, or an object with `id` and, where known, `name`.
/// With pointers to it, to its id and to its name.
fn party(
    fields: &Fields<'_>,
    field: Field,
    [pointer, id_pointer, name_pointer]: [&str; 3],
) -> Result<(String, Option<String>), Rejection> {
    match fields.get(field) {
        None | Some(Json::Null) => Err(missing(pointer, field.as_str())),
        Some(Json::Text(id)) => Ok((checked(id, pointer, field.as_str(), ID_BYTES)?, None)),
        Some(Json::Object(party)) => Ok((
            required_text(party, id_pointer, Field::Id, ID_BYTES)?,
            optional_text(party, name_pointer, Field::Name, NAME_BYTES)?,
        )),
        Some(other) => {
            Err(wrong_type(pointer, &format!("{} must be an id or an object with an id", field.as_str()), other))
        }
    }
}

/// What else is known of the account: texts, and numbers and truth values as texts.
fn attributes(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Rejection> {
    const POINTER: &str = "/account/attributes";
    let Some(Json::Object(account)) = fields.get(Field::Account) else { return Ok(Vec::new()) };
    let sent = match account.get(Field::Attributes) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Open(sent)) => sent,
        Some(other) => return Err(wrong_type(POINTER, "attributes must be an object", other)),
    };
    // Of several with one name the last counts, as of every field.
    let sent: BTreeMap<&str, &Json<'_>> = sent.iter().map(|(name, value)| (&**name, value)).collect();
    let mut attributes = BTreeMap::new();
    for (name, value) in sent {
        // Only then is it part of a pointer: what is no name has no place in one.
        let name = checked(name, POINTER, "the name of an attribute", ATTRIBUTE_NAME_BYTES)?;
        let pointer = format!("{POINTER}/{}", pointer_part(&name));
        let value = match value {
            Json::Text(text) => checked(text, &pointer, "an attribute", ATTRIBUTE_VALUE_BYTES)?,
            Json::Number(number) => whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string()),
            Json::Bool(value) => value.to_string(),
            Json::Null => String::new(),
            other => return Err(wrong_type(&pointer, "an attribute must be a text, a number, true or false", other)),
        };
        attributes.insert(name, value);
    }
    match attributes.len() {
        0..=ATTRIBUTES => Ok(attributes.into_iter().collect()),
        count => {
            let detail = format!("there are {count} attributes; at most {ATTRIBUTES} are allowed");
            Err(Rejection::new(RejectionCode::TooManyAttributes, POINTER, detail))
        }
    }
}

fn required_text(fields: &Fields<'_>, pointer: &str, name: Field, bytes: usize) -> Result<String, Rejection> {
    optional_text(fields, pointer, name, bytes)?.ok_or_else(|| missing(pointer, name.as_str()))
}

fn optional_text(fields: &Fields<'_>, pointer: &str, name: Field, bytes: usize) -> Result<Option<String>, Rejection> {
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(checked(text, pointer, name.as_str(), bytes)?)),
        Some(other) => Err(wrong_type(pointer, &format!("{} must be a text", name.as_str()), other)),
    }
}

/// A name as a part of a JSON pointer.
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Checks a text as it stands, of at most so many bytes: nothing is trimmed or folded, because ids and names mean exactly
/// what was sent.
pub fn checked(text: &str, pointer: &str, name: &str, bytes: usize) -> Result<String, Rejection> {
    if text.chars().all(char::is_whitespace) {
        return Err(Rejection::new(RejectionCode::EmptyText, pointer, format!("{name} must not be empty")));
    }
    if text.len() > bytes {
        let detail = format!("{name} has {} bytes; at most {bytes} are allowed", text.len());
        return Err(Rejection::new(RejectionCode::TextTooLong, pointer, detail));
    }
    if holds_control(text) {
        let detail = format!("{name} holds a control character");
        return Err(Rejection::new(RejectionCode::InvalidText, pointer, detail));
    }
    Ok(text.to_owned())
}

/// Nearly every text is ASCII, and is seen through byte by byte.
fn holds_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

pub(crate) fn missing(pointer: &str, name: &str) -> Rejection {
    Rejection::new(RejectionCode::MissingField, pointer, format!("{name} is missing"))
}

pub(crate) fn wrong_type(pointer: &str, expected: &str, json: &Json<'_>) -> Rejection {
    let found = match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::Text(_) => "a text",
        Json::Array => "an array",
        Json::Object(_) | Json::Open(_) => "an object",
    };
    Rejection::new(RejectionCode::InvalidType, pointer, format!("{expected}, not {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: Instant = Instant::from_millis(1_795_435_200_000);

    /// Reads an event, which means the same as text.
    fn read(json: Value) -> Result<Event, Rejection> {
        let receipt = Receipt::new(NOON, None);
        let event = Event::from_json(&json, receipt);
        assert_eq!(Event::from_text(&json.to_string(), receipt), event);
        event
    }

    #[test]
    fn an_event_with_everything() {
        let event = read(json!({
            "id": "6b1f", "kind": "activity", "time": NOON.millis() - 5,
            "account": {
                "id": "acme", "name": "Acme Inc",
                "attributes": {"plan": "pro", "seats": 25.0, "trial": false, "score": 0.5, "a/b~": "x", "old": null}
            },
            "user": {"id": "lisa", "name": "Lisa Ray"},
            "module": "Dashboard", "action": "Export", "count": 3, "unknown": {"left": "out"}
        }));
        let expected = Event {
            id: Some("6b1f".into()),
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: Some("Acme Inc".into()),
            account_attributes: [
                ("a/b~", "x"),
                ("old", ""),
                ("plan", "pro"),
                ("score", "0.5"),
                ("seats", "25"),
                ("trial", "false"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            user: "lisa".into(),
            user_name: Some("Lisa Ray".into()),
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "Export".into(), count: 3 },
            time: NOON.plus_millis(-5),
            received: NOON,
        };
        assert_eq!(event, Ok(expected));
    }

    #[test]
    fn the_least_an_event_needs() {
        let event = read(json!({"account": "a", "user": "u", "module": "m", "action": "x"})).expect("accepted");
        assert_eq!((event.time, event.kind), (NOON, Kind::Activity { action: "x".into(), count: 1 }));
        let float = read(json!({"account": "a", "user": "u", "module": "m", "action": "x", "count": 2.0, "time": 1e3}));
        let float = float.expect("accepted");
        assert_eq!((float.time.millis(), float.kind), (1000, Kind::Activity { action: "x".into(), count: 2 }));
        let heartbeat = read(json!({"kind": "heartbeat", "account": "a", "user": "u", "module": "m"}));
        assert_eq!(heartbeat.expect("accepted").kind, Kind::Heartbeat);
    }

    #[test]
    fn each_broken_rule_names_its_field() {
        use RejectionCode::*;
        let base = || json!({"account": "a", "user": "u", "module": "m", "action": "x"});
        let with = |pointer: &str, value: Value| {
            let mut event = base();
            event[pointer] = value;
            event
        };
        let with_attributes = |attributes: Value| with("account", json!({"id": "a", "attributes": attributes}));
        let many = (0..21).map(|number| (format!("attribute {number}"), json!(number))).collect();
        for (event, code, pointer) in [
            (json!(7), InvalidType, ""),
            (json!({}), MissingField, "/account"),
            (with("account", json!(7)), InvalidType, "/account"),
            (with("account", json!(" ")), EmptyText, "/account"),
            (with("account", json!({"name": "Acme"})), MissingField, "/account/id"),
            (with("account", json!({"id": "a", "name": "x".repeat(201)})), TextTooLong, "/account/name"),
            (with_attributes(json!([])), InvalidType, "/account/attributes"),
            (with_attributes(json!({"plan": []})), InvalidType, "/account/attributes/plan"),
            (with_attributes(json!({"a/b~": {}})), InvalidType, "/account/attributes/a~1b~0"),
            (with_attributes(json!({"plan": " "})), EmptyText, "/account/attributes/plan"),
            (with_attributes(json!({"plan": "p".repeat(201)})), TextTooLong, "/account/attributes/plan"),
            (with_attributes(json!({"": "x"})), EmptyText, "/account/attributes"),
            (with_attributes(json!({"\u{0}": "x"})), InvalidText, "/account/attributes"),
            (with_attributes(many), TooManyAttributes, "/account/attributes"),
            (with("user", json!({"id": "u\u{0}"})), InvalidText, "/user/id"),
            (with("user", Value::Null), MissingField, "/user"),
            (with("id", json!("i".repeat(201))), TextTooLong, "/id"),
            (with("module", json!("")), EmptyText, "/module"),
            (with("module", Value::Null), MissingField, "/module"),
            (with("action", Value::Null), MissingField, "/action"),
            (with("kind", json!("click")), UnknownKind, "/kind"),
            (with("count", json!(0)), CountOutOfRange, "/count"),
            (with("count", json!(1.5)), CountOutOfRange, "/count"),
            (with("count", json!(1_000_001)), CountOutOfRange, "/count"),
            (with("count", json!("2")), InvalidType, "/count"),
            (with("time", json!("yesterday")), InvalidTime, "/time"),
            (with("time", json!("2026-11-23T12:34:56")), InvalidTime, "/time"),
            (with("time", json!(-1)), TimeOutOfRange, "/time"),
            (with("time", json!(NOON.millis() + FUTURE_MILLIS + 1)), TimeInFuture, "/time"),
            (with("time", json!(i64::MAX)), TimeInFuture, "/time"),
        ] {
            let rejection = read(event.clone()).expect_err("rejected");
            assert_eq!((rejection.code, rejection.pointer.as_str()), (code, pointer), "{event}");
        }
        assert!(read(with("time", json!(NOON.millis() + FUTURE_MILLIS))).is_ok());
    }

    #[test]
    fn of_several_fields_of_one_name_the_last_counts() {
        let text = r#"{"account": {"id": "a", "attributes": {"plan": [], "seats": 1, "plan": "pro"}}, "user": "u",
            "module": "m", "action": [], "action": "x"}"#;
        let receipt = Receipt::new(NOON, None);
        let event = Event::from_text(text, receipt);
        assert_eq!(event, Event::from_json(&serde_json::from_str(text).unwrap(), receipt));
        let attributes = event.expect("accepted").account_attributes;
        assert_eq!(attributes, [("plan", "pro"), ("seats", "1")].map(|(name, value)| (name.into(), value.into())));
    }

    #[test]
    fn what_lay_in_the_future_is_judged_anew_by_now() {
        let hour = 3_600_000;
        let json = json!({"account": "a", "user": "u", "module": "m", "action": "x", "time": NOON.millis() + hour});
        let at = |now| Event::from_json(&json, Receipt::new(NOON, None).judged(now));
        assert_eq!(at(NOON).expect_err("rejected").code, RejectionCode::TimeInFuture);
        let event = at(NOON.plus_millis(hour)).expect("accepted");
        assert_eq!((event.time, event.received), (NOON.plus_millis(hour), NOON));
    }

    #[test]
    fn the_past_is_accepted_as_far_as_events_are_kept() {
        let read = |millis: i64| {
            let json = json!({"account": "a", "user": "u", "module": "m", "action": "x", "time": millis});
            Event::from_json(&json, Receipt::new(NOON, None).reaching(Some(Instant::from_millis(5_000))))
        };
        assert!(read(5_000).is_ok());
        let rejection = read(4_999).expect_err("rejected");
        assert_eq!((rejection.code, rejection.pointer.as_str()), (RejectionCode::TimeBeforeRetention, "/time"));
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_time_of_sending() {
        // The sender's clock is an hour fast; the event happened ten seconds before it was sent.
        let hour = 3_600_000;
        let receipt = Receipt::new(NOON, Some(NOON.plus_millis(hour)));
        let event = |time: i64| {
            let json = json!({"account": "a", "user": "u", "module": "m", "action": "x", "time": time});
            Event::from_json(&json, receipt)
        };
        assert_eq!(event(NOON.millis() + hour - 10_000).expect("accepted").time, NOON.plus_millis(-10_000));
        assert_eq!(event(i64::MAX).expect_err("rejected").code, RejectionCode::TimeInFuture);
        assert_eq!(event(i64::MIN).expect_err("rejected").code, RejectionCode::TimeOutOfRange);
    }
}
