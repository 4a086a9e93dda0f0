//! JSON as it arrives: parsed only as far as it must be, and within the limits of a request.

use super::problem::ApiProblem;
use axum::http::StatusCode;
use model::{
    event::{EVENTS_PER_REQUEST, instant_from_json},
    instant::Instant,
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt;

/// An array of events. Those beyond the limit are read, but not kept.
pub(super) struct Items<'a> {
    /// Each as it was sent.
    pub(super) kept: Vec<&'a RawValue>,
    /// Whether there are more than may be.
    pub(super) has_more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Limit;
        impl<'de> Visitor<'de> for Limit {
            type Value = Items<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < EVENTS_PER_REQUEST {
                    let Some(event) = array.next_element()? else { break };
                    kept.push(event);
                }
                let mut has_more = false;
                while array.next_element::<IgnoredAny>()?.is_some() {
                    has_more = true;
                }
                Ok(Items { kept, has_more })
            }
        }
        deserializer.deserialize_seq(Limit)
    }
}

/// The text of a body.
pub(super) fn utf8(body: &[u8]) -> Result<&str, ApiProblem> {
    std::str::from_utf8(body).map_err(|error| ApiProblem::unreadable(format!("not UTF-8: {error}")))
}

/// The text of a body without what may stand around JSON.
pub(super) fn text(body: &[u8]) -> Result<&str, ApiProblem> {
    Ok(utf8(body)?.trim_start_matches('\u{feff}').trim())
}

/// Parses a body. What is not as it must be is the body's fault as a whole.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ApiProblem> {
    serde_json::from_str(text).map_err(|error| ApiProblem::unreadable(format!("not JSON: {error}")))
}

/// The time in a field, if it can be read as one.
pub(super) fn time(field: &RawValue) -> Option<Instant> {
    /// No time is written longer; what is may be anything, and take much memory.
    const LONGEST: usize = 64;
    let text = Some(field.get()).filter(|text| text.len() <= LONGEST)?;
    instant_from_json(&serde_json::from_str(text).ok()?)
}

/// Refuses a request with more events than may be.
pub(super) fn refuse_too_many(has_more: bool) -> Result<(), ApiProblem> {
    if !has_more {
        return Ok(());
    }
    let detail = format!("the request has more than {EVENTS_PER_REQUEST} events");
    Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}
