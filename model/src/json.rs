//! JSON as far as an event needs it: the fields that an event may have, with texts that still lie where they were sent.
//! What else is in there must be JSON, and is left out. What never lives here: the rules for events.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::{borrow::Cow, fmt};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array,
    Object(Fields<'a>),
    /// The object under [`OPEN`]: each field with its name, in the order they were sent.
    Open(Vec<(String, Json<'a>)>),
}

/// The fields of an object whose names an event knows, each at its own place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields<'a>(Box<[Option<Json<'a>>; NAMES.len()]>);

/// A name that means something in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Kind,
    Time,
    Account,
    User,
    Name,
    Module,
    Action,
    Count,
    Attributes,
}

/// Every one of them as it is written, in order.
const NAMES: [&str; 10] = ["id", "kind", "time", "account", "user", "name", "module", "action", "count", "attributes"];

/// The name of the one object whose fields are called as their sender likes.
const OPEN: Field = Field::Attributes;

impl Field {
    /// The name that is written so, where an event knows it.
    fn of(name: &str) -> Option<Self> {
        match name {
            "id" => Some(Self::Id),
            "kind" => Some(Self::Kind),
            "time" => Some(Self::Time),
            "account" => Some(Self::Account),
            "user" => Some(Self::User),
            "name" => Some(Self::Name),
            "module" => Some(Self::Module),
            "action" => Some(Self::Action),
            "count" => Some(Self::Count),
            "attributes" => Some(Self::Attributes),
            _ => None,
        }
    }

    /// How it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl<'a> Fields<'a> {
    /// The value of a field. Of several with its name the last.
    pub(crate) fn get(&self, name: Field) -> Option<&Json<'a>> {
        self.0[name as usize].as_ref()
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(_) => Self::Array,
            Value::Object(fields) => Self::Object(fields.into()),
        }
    }
}

impl<'a> From<&'a Map<String, Value>> for Fields<'a> {
    fn from(fields: &'a Map<String, Value>) -> Self {
        let mut known = Self::default();
        for (name, value) in fields {
            if let Some(name) = Field::of(name) {
                known.0[name as usize] = Some(if name == OPEN { Json::open(value) } else { value.into() });
            }
        }
        known
    }
}

impl<'a> Json<'a> {
    /// What stands under [`OPEN`].
    fn open(value: &'a Value) -> Self {
        match value {
            Value::Object(fields) => {
                Self::Open(fields.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
            value => value.into(),
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyJson { is_open: false }.deserialize(deserializer)
    }
}

/// Reads a value; of an object that is open, every field.
struct AnyJson {
    is_open: bool,
}

impl<'de> DeserializeSeed<'de> for AnyJson {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Json<'de>, A::Error> {
        while array.next_element::<Json<'de>>()?.is_some() {}
        Ok(Json::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        if self.is_open {
            let mut fields = Vec::new();
            while let Some(field) = object.next_entry()? {
                fields.push(field);
            }
            return Ok(Json::Open(fields));
        }
        let mut fields = Fields::default();
        while let Some(AnyName(name)) = object.next_key()? {
            let value = object.next_value_seed(AnyJson { is_open: name == Some(OPEN) })?;
            if let Some(name) = name {
                fields.0[name as usize] = Some(value);
            }
        }
        Ok(Json::Object(fields))
    }
}

/// The name of a field, where an event knows it.
struct AnyName(Option<Field>);

impl<'de> Deserialize<'de> for AnyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known;
        impl Visitor<'_> for Known {
            type Value = AnyName;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<AnyName, E> {
                Ok(AnyName(Field::of(name)))
            }
        }
        deserializer.deserialize_str(Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text that is JSON or nearly so, and uses the names of events.
    fn text() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "-?[0-9]{1,3}(\\.[0-9])?(e[0-9]{1,3})?",
            Just(r#""\u00fc\ud83d\ude00\n""#.to_owned()),
            Just(r#""\ud800""#.to_owned()),
            "\"[a-zü ]{0,4}\"",
            prop::sample::select(vec!["null", "true", "fals", "1e999", "", "\"open", "{", "]"]).prop_map(str::to_owned),
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            let name = prop_oneof![prop::sample::select(NAMES.to_vec()), Just("other"), Just("\\u0069d")];
            let field = (name, inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(", "))),
                prop::collection::vec(field, 0..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_reads_and_refuses_what_it_refuses(text in text()) {
            let lean = serde_json::from_str::<Json<'_>>(&text).map_err(|error| error.to_string());
            let full = serde_json::from_str::<Value>(&text).map_err(|error| error.to_string());
            match (lean, full) {
                (Ok(lean), Ok(full)) => prop_assert!(same(&lean, &full), "{lean:?} {full}"),
                (lean, full) => prop_assert_eq!(lean.err(), full.err()),
            }
        }
    }

    fn same(lean: &Json<'_>, full: &Value) -> bool {
        match (lean, full) {
            (Json::Object(lean), Value::Object(full)) => NAMES.iter().all(|name| {
                let known = Field::of(name).expect("a known name");
                assert_eq!(known.as_str(), *name);
                match (lean.get(known), full.get(*name)) {
                    (Some(lean), Some(full)) => same(lean, full),
                    (lean, full) => lean.is_none() && full.is_none(),
                }
            }),
            // Of several fields with one name the last counts.
            (Json::Open(lean), Value::Object(full)) => {
                let last = |name: &str| lean.iter().rev().find(|field| field.0 == name).map(|field| &field.1);
                lean.iter().all(|(name, _)| full.contains_key(name))
                    && full.iter().all(|(name, value)| last(name).is_some_and(|lean| same(lean, value)))
            }
            (lean, full) => *lean == Json::from(full),
        }
    }

    #[test]
    fn nesting_has_an_end() {
        assert!(serde_json::from_str::<Json<'_>>(&"[".repeat(100_000)).is_err());
    }
}
