//! Keys: what programs send events and read with, and what is asked for when one is made or gets another secret. Making
//! secrets and keeping their hashes are for the server.

use crate::{api::problem::FieldError, instant::Instant, member, object::Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most characters of a key's name.
pub const NAME_LENGTH: usize = 100;

/// How long a secret that was replaced still opens its key unless said otherwise, in seconds.
pub const OVERLAP: u32 = 24 * 3_600;

/// How long it may do so at the most, in seconds.
pub const LONGEST_OVERLAP: u32 = 30 * 24 * 3_600;

/// After how many days a secret may expire at the latest, where it expires.
pub const LONGEST_LIFE: u32 = 3_650;

const DAY: i64 = 86_400_000;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Send events.
    Ingest,
    /// Read the dashboards' data.
    Read,
}

impl Grant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ingest, Self::Read];

    /// The word for it in JSON, in the database, on the command line and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
        }
    }

    /// The grant of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == word)
    }
}

/// A key about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewKey {
    /// What those who make it call it: 1 to 100 printable characters, and no two keys the same.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// From when on its secret opens nothing any more; it lasts unless given.
    pub expires: Option<Instant>,
    /// Through the eyes of which team it reads; it reads everything unless given. A key that sends has none: it says itself
    /// whose events they are.
    pub team: Option<i64>,
}

/// How a key is to get another secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rotation {
    /// For how many seconds the secrets from before still open it: a day unless given, and at most 30.
    #[cfg_attr(feature = "openapi", schema(required = false, default = 86_400, maximum = 2_592_000))]
    pub overlap_seconds: u32,
    /// From when on the new secret opens nothing any more; as with the one before unless given.
    pub expires: Option<Instant>,
}

impl NewKey {
    /// Reads `name`, `grant`, `expires` and `team`; every field at fault is told.
    pub fn from_json(json: &Value, now: Instant) -> Result<Self, Vec<FieldError>> {
        let mut object = Object::of(json, &["name", "grant", "expires", "team"])?;
        let text = object.read("name", "a text", Value::as_str).unwrap_or_default();
        let name = name(text).map_err(|fault| object.note("name", fault)).unwrap_or_default();
        let grant = object.read("grant", "ingest or read", |grant| Grant::parse(grant.as_str()?));
        if grant.is_none() && json.get("grant").is_none_or(Value::is_null) {
            object.note("grant", "must be ingest or read");
        }
        let expires = read_expiry(&mut object, now);
        let team = object.read("team", "the id of a team, a whole number", Value::as_i64);
        let grant = grant.unwrap_or(Grant::Read);
        if let Err(fault) = check_team(grant, team) {
            object.note("team", fault);
        }
        object.finish(Self { name, grant, expires, team })
    }
}

impl Rotation {
    /// Reads `overlap_seconds` and `expires`; every field at fault is told.
    pub fn from_json(json: &Value, now: Instant) -> Result<Self, Vec<FieldError>> {
        let mut object = Object::of(json, &["overlap_seconds", "expires"])?;
        let must_be = format!("a whole number from 0 to {LONGEST_OVERLAP}");
        let seconds = |value: &Value| u32::try_from(value.as_u64()?).ok().filter(|seconds| *seconds <= LONGEST_OVERLAP);
        let overlap_seconds = object.read("overlap_seconds", &must_be, seconds).unwrap_or(OVERLAP);
        let expires = read_expiry(&mut object, now);
        object.finish(Self { overlap_seconds, expires })
    }

    /// When the secrets from before open the key no more, where that happens now.
    pub fn ends_before(self, now: Instant) -> Instant {
        now.plus_millis(i64::from(self.overlap_seconds) * 1_000)
    }
}

/// Checks whether a key may read through the eyes of a team alone.
///
/// # Errors
/// What is wrong with it, in words for who asked.
pub fn check_team(grant: Grant, team: Option<i64>) -> Result<(), String> {
    match (grant, team) {
        (Grant::Ingest, Some(_)) => Err("A key that sends events has no team: each event says whose it is".to_owned()),
        (Grant::Ingest | Grant::Read, _) => Ok(()),
    }
}

fn read_expiry(object: &mut Object<'_>, now: Instant) -> Option<Instant> {
    let must_be = format!("a time to come, in RFC 3339, at most {LONGEST_LIFE} days from now");
    let range = now.plus_millis(1)..=expiry(now, LONGEST_LIFE);
    object.read("expires", &must_be, |time| Instant::parse(time.as_str()?).filter(|time| range.contains(time)))
}

/// For how many seconds the secrets from before still open a key, as somebody typed it.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn overlap(text: &str) -> Result<u32, String> {
    let seconds = text.trim().parse().ok().filter(|seconds| *seconds <= LONGEST_OVERLAP);
    seconds.ok_or_else(|| format!("Give seconds from 0 to {LONGEST_OVERLAP}"))
}

/// After how many days a secret expires, as somebody typed it; `None` where nothing was.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn life(text: &str) -> Result<Option<u32>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let days = text.trim().parse().ok().filter(|days| (1..=LONGEST_LIFE).contains(days));
    days.map(Some).ok_or_else(|| format!("Give days from 1 to {LONGEST_LIFE}"))
}

/// When something expires that lasts so many days from now.
pub fn expiry(now: Instant, days: u32) -> Instant {
    now.plus_millis(i64::from(days) * DAY)
}

/// A key's name without space around it.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let usable = (1..=NAME_LENGTH).contains(&name.chars().count()) && !name.chars().any(member::is_invisible);
    if usable { Ok(name.to_owned()) } else { Err(format!("Give it a name of 1 to {NAME_LENGTH} printable characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Instant = Instant::from_millis(1_795_435_200_000);

    #[test]
    fn every_wrong_field_is_named() {
        let pointers = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>();
        let new = |json: Value| pointers(NewKey::from_json(&json, NOW).expect_err("wrong"));
        assert_eq!(new(json!({})), ["/name", "/grant"]);
        assert_eq!(
            new(json!({"name": "\u{200b}", "grant": "admin", "expires": "soon"})),
            ["/name", "/grant", "/expires"]
        );
        assert_eq!(new(json!({"name": "a", "grant": "read", "expires": NOW.to_string()})), ["/expires"]);
        assert_eq!(new(json!({"name": "a", "grant": "read", "expires": "9999-01-01T00:00:00Z"})), ["/expires"]);
        let rotation = |json: Value| pointers(Rotation::from_json(&json, NOW).expect_err("wrong"));
        assert_eq!(rotation(json!({"overlap_seconds": -1, "name": "x"})), ["/name", "/overlap_seconds"]);
        assert_eq!(rotation(json!({"overlap_seconds": LONGEST_OVERLAP + 1})), ["/overlap_seconds"]);
    }

    #[test]
    fn a_secret_that_was_replaced_lasts_a_day_unless_said_otherwise() {
        let rotation = Rotation::from_json(&json!({}), NOW).expect("right");
        assert_eq!(rotation.ends_before(NOW), expiry(NOW, 1));
    }
}
