//! The fields of a call, found by JSON pointer, read as leniently as the protocols are meant and checked as strictly as
//! events are.

use crate::{
    api::ingest::RejectionCode,
    event::{ID_BYTES, NAME_BYTES, Receipt, Rejection, checked, instant_from_json, missing, wrong_type},
    instant::Instant,
    module_rule::{GENERAL, ModuleRules},
};
use serde_json::Value;

/// A call that is an object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    pub(super) fn of(call: &'a Value) -> Result<Self, Rejection> {
        if call.is_object() { Ok(Self(call)) } else { Err(wrong_type("", "a call must be an object", &call.into())) }
    }

    /// What stands there, unless it is null.
    pub(super) fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.0.pointer(pointer).filter(|value| !value.is_null())
    }

    /// The text that stands there, unless it is blank. What is no text is none.
    pub(super) fn text(&self, pointer: &str) -> Option<&'a str> {
        self.at(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The first id that stands at one of these places. A number is an id too.
    pub(super) fn id(&self, pointers: &[&str]) -> Result<Option<String>, Rejection> {
        let is_blank = |value: &&Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        let given = pointers.iter().find_map(|pointer| Some((*pointer, self.at(pointer).filter(|id| !is_blank(id))?)));
        let Some((pointer, value)) = given else { return Ok(None) };
        match value {
            Value::String(text) => checked(text, pointer, name_of(pointer), ID_BYTES).map(Some),
            Value::Number(number) => Ok(Some(number.to_string())),
            other => Err(wrong_type(pointer, &format!("{} must be an id", name_of(pointer)), &other.into())),
        }
    }

    /// The same, where there must be one.
    pub(super) fn required_id(&self, pointers: &[&str]) -> Result<String, Rejection> {
        let pointer = pointers.first().copied().unwrap_or_default();
        self.id(pointers)?.ok_or_else(|| missing(pointer, name_of(pointer)))
    }

    /// The first name that stands at one of these places.
    pub(super) fn name(&self, pointers: &[&str]) -> Result<Option<String>, Rejection> {
        let given = pointers.iter().find_map(|pointer| Some((*pointer, self.text(pointer)?)));
        given.map(|(pointer, text)| checked(text, pointer, name_of(pointer), NAME_BYTES)).transpose()
    }

    /// The name of an event or of a type, which must be there.
    pub(super) fn required_name(&self, pointer: &str) -> Result<String, Rejection> {
        match self.at(pointer) {
            None => Err(missing(pointer, name_of(pointer))),
            Some(Value::String(text)) => checked(text, pointer, name_of(pointer), NAME_BYTES),
            Some(other) => Err(wrong_type(pointer, &format!("{} must be a text", name_of(pointer)), &other.into())),
        }
    }

    /// What a user is called by the traits that stand there: the name, else first and last name, else the address.
    pub(super) fn user_name(&self, traits: &str) -> Result<Option<String>, Rejection> {
        let at = |field: &str| format!("{traits}/{field}");
        if let Some(name) = self.name(&[&at("name")])? {
            return Ok(Some(name));
        }
        let part = |camel: &str, snake: &str| self.text(&at(camel)).or_else(|| self.text(&at(snake)));
        let parts: Vec<&str> =
            [part("firstName", "first_name"), part("lastName", "last_name")].into_iter().flatten().collect();
        if !parts.is_empty() {
            return checked(&parts.join(" "), traits, "name", NAME_BYTES).map(Some);
        }
        self.name(&[&at("email")])
    }

    /// When it happened: the first time that stands at one of these places.
    pub(super) fn time(&self, pointers: &[&str], receipt: Receipt) -> Result<Instant, Rejection> {
        let Some((pointer, value)) = pointers.iter().find_map(|pointer| Some((*pointer, self.at(pointer)?))) else {
            return receipt.happened(None, "");
        };
        let time = instant_from_json(value).or_else(|| in_utc(value)).ok_or_else(|| {
            let detail = format!("{} must be an ISO 8601 time, or epoch milliseconds", name_of(pointer));
            Rejection::new(RejectionCode::InvalidTime, pointer, detail)
        })?;
        receipt.happened(Some(time), pointer)
    }

    /// The module and the action of an event with a name: what the module's own field says, else the first rule that
    /// matches, else General.
    pub(super) fn module_and_action(
        &self,
        module: &str,
        event: String,
        paths: &[&str],
        rules: &ModuleRules,
    ) -> Result<(String, String), Rejection> {
        if let Some(module) = self.name(&[module])? {
            return Ok((module, event));
        }
        match rules.find(Some(&event), self.path(paths)) {
            Some((module, action)) => Ok((module.to_owned(), action.unwrap_or(event))),
            None => Ok((GENERAL.to_owned(), event)),
        }
    }

    /// The module of what has no name of an event: what the module's own field says, else the first rule that matches,
    /// else the first of the `names`, else General.
    pub(super) fn module(
        &self,
        module: &str,
        paths: &[&str],
        names: &[&str],
        rules: &ModuleRules,
    ) -> Result<String, Rejection> {
        if let Some(module) = self.name(&[module])? {
            return Ok(module);
        }
        if let Some((module, _)) = rules.find(None, self.path(paths)) {
            return Ok(module.to_owned());
        }
        Ok(self.name(names)?.unwrap_or_else(|| GENERAL.to_owned()))
    }

    /// The first path that stands at one of these places, alone or within an address.
    fn path(&self, pointers: &[&str]) -> Option<&'a str> {
        pointers.iter().find_map(|pointer| self.text(pointer)).map(path_of)
    }
}

/// The last part of a pointer.
fn name_of(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

/// A time that does not say its zone: these protocols mean UTC.
fn in_utc(value: &Value) -> Option<Instant> {
    Instant::parse(&format!("{}Z", value.as_str()?))
}

/// The path of an address, without what follows it.
fn path_of(address: &str) -> &str {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => address,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_path() {
        for (address, path) in [
            ("https://app.example.com/reports/7?tab=1#top", "/reports/7"),
            ("https://app.example.com", "/"),
            ("/reports?x", "/reports"),
            ("", ""),
        ] {
            assert_eq!(path_of(address), path);
        }
    }
}
