//! What a request of another protocol brings: a key, a time and calls, each still as it was sent.

use crate::routes::{
    array::{Items, parse, refuse_too_many},
    problem::ApiProblem,
};
use model::{event::EVENT_BYTES, instant::Instant};
use serde_json::{Map, Value, value::RawValue};

/// The calls of a request and what goes for all of them.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The key, where it is in the body.
    pub(super) key: Option<String>,
    /// When they were sent, by the sender's clock.
    pub(super) sent_at: Option<Instant>,
    /// Each as JSON, without the key: what is rejected is shown to others.
    pub(super) calls: Vec<String>,
}

impl Delivery {
    /// The calls of an array.
    pub(super) fn of_array(array: &Items<'_>) -> Result<Self, ApiProblem> {
        refuse_too_many(array.has_more)?;
        let calls = array.kept.iter().map(|call| call.get().to_owned()).collect();
        Ok(Self { calls, ..Self::default() })
    }

    /// A single call.
    pub(super) fn of_one(call: String) -> Self {
        Self { calls: vec![call], ..Self::default() }
    }

    /// The same, sent then. A time that can't be read says nothing of the sender's clock.
    pub(super) fn sent_at(self, sent_at: Option<Instant>) -> Self {
        Self { sent_at, ..self }
    }

    /// The same, sent with this key, which is taken out of the calls.
    pub(super) fn with_key(mut self, key: Option<String>) -> Self {
        if let Some(key) = key.as_deref().filter(|key| !key.is_empty()) {
            for call in self.calls.iter_mut().filter(|call| call.contains(key)) {
                *call = call.replace(key, "");
            }
        }
        Self { key, ..self }
    }
}

/// Makes sure that JSON is an object: a call, or an envelope of calls.
pub(super) fn object(text: &str) -> Result<&str, ApiProblem> {
    if text.starts_with('{') { Ok(text) } else { Err(ApiProblem::unreadable("the body must be a JSON object")) }
}

/// A call whose path says of which type it is.
pub(super) fn typed(call: &str, kind: &str) -> Result<String, ApiProblem> {
    if call.len() > EVENT_BYTES {
        return Ok(call.to_owned());
    }
    let mut fields: Map<String, Value> = parse(call)?;
    fields.insert("type".to_owned(), kind.into());
    Ok(Value::Object(fields).to_string())
}

/// The first of these fields that is a text.
pub(super) fn first_text(fields: &[Option<&RawValue>]) -> Option<String> {
    fields.iter().flatten().find_map(|json| serde_json::from_str(json.get()).ok())
}
