//! JSON that says what to change, as it arrives: received and decompressed within the limits of every body. What it means is
//! for the model to say, field by field.

use super::{
    array::{parse, utf8},
    encoding::Encoding,
    problem::ApiProblem,
};
use crate::Server;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use model::{
    api::problem::FieldError,
    event::{REQUEST_BYTES, pointer_part},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The body of a request, of at most so many bytes after decompression.
pub(super) struct JsonBody<const BYTES: usize = REQUEST_BYTES>(pub(super) Value);

impl<const BYTES: usize> FromRequest<Server> for JsonBody<BYTES> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "Content-Type must be application/json";
            return Err(ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let encoding = Encoding::of(&parts.headers)?;
        let body = server.receiver.receive(body).await?;
        let read = |bytes: Bytes| {
            if bytes.len() > BYTES {
                let detail = format!("the body has {} bytes; at most {BYTES} are allowed", bytes.len());
                return Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            match parse(utf8(&bytes)?)? {
                Read { value, repeated: None } => Ok(Self(value)),
                Read { repeated: Some(error), .. } => Err(ApiProblem::fields(vec![error])),
            }
        };
        encoding.read(server, body, read).await
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    named.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// What was read.
#[derive(Debug)]
struct Read {
    value: Value,
    /// The first field that an object has twice: whoever sends one twice may mean either.
    repeated: Option<FieldError>,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut repeated = None;
        let value = Part { place: &Place::Whole, repeated: &mut repeated }.deserialize(deserializer)?;
        Ok(Self { value, repeated })
    }
}

/// Where a value stands.
enum Place<'a> {
    Whole,
    Field(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl Place<'_> {
    /// The JSON pointer to it.
    fn pointer(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Field(within, name) => format!("{}/{}", within.pointer(), pointer_part(name)),
            Self::Item(within, index) => format!("{}/{index}", within.pointer()),
        }
    }
}

/// Reads the value at a place.
struct Part<'a> {
    place: &'a Place<'a>,
    repeated: &'a mut Option<FieldError>,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let place = Place::Item(self.place, items.len());
            match array.next_element_seed(Part { place: &place, repeated: self.repeated })? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            let place = Place::Field(self.place, &name);
            let value = object.next_value_seed(Part { place: &place, repeated: self.repeated })?;
            if self.repeated.is_none() && fields.contains_key(&name) {
                *self.repeated =
                    Some(FieldError { pointer: place.pointer(), detail: "is given more than once".to_owned() });
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        for (text, pointer) in [
            (r#"{"days": 90, "days": null}"#, "/days"),
            (r#"{"rules": [{"on": "id"}, {"on": "id", "is": 1, "on": "id"}]}"#, "/rules/1/on"),
            (r#"{"a/b": {"\u0061~": 1, "a~": 1}}"#, "/a~1b/a~0"),
        ] {
            let Read { repeated, .. } = serde_json::from_str(text).unwrap();
            assert_eq!(repeated.map(|error| error.pointer).as_deref(), Some(pointer), "{text}");
        }
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "\u00fc", {"a": {}}], "b": []}"#;
        let Read { value, repeated } = serde_json::from_str(text).unwrap();
        assert_eq!((value, repeated), (serde_json::from_str::<Value>(text).unwrap(), None));
        assert!(serde_json::from_str::<Read>(&"[".repeat(100_000)).is_err());
    }
}
