//! Objects of JSON that say what to change, read field by field. Whatever is at fault is told, each field by its pointer
//! and in words for who sent it. What never lives here: what the fields mean.

use crate::{api::problem::FieldError, event::pointer_part};
use serde_json::{Map, Value};

/// An object, and what is wrong with it so far.
pub(crate) struct Object<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Object<'a> {
    /// Begins to read an object whose fields have these names. A field of another name is at fault: it may be meant for
    /// one of them.
    pub(crate) fn of(json: &'a Value, names: &[&str]) -> Result<Self, Vec<FieldError>> {
        let Value::Object(fields) = json else {
            return Err(vec![FieldError { pointer: String::new(), detail: "the body must be an object".to_owned() }]);
        };
        let mut object = Self { fields, errors: Vec::new() };
        for name in fields.keys().filter(|name| !names.contains(&name.as_str())) {
            let detail = format!("there is no such field; there are {}", names.join(", "));
            object.note(&pointer_part(name), detail);
        }
        Ok(object)
    }

    /// Notes what is wrong with the field of this pointer, which is given without its first slash.
    pub(crate) fn note(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: format!("/{pointer}"), detail: detail.into() });
    }

    /// What `read` makes of a field. `None` where it is missing or null, and where it is not what it must be, which is
    /// noted.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        must_be: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.note(name, format!("must be {must_be}"));
        }
        read
    }

    /// The text in a field.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'a str> {
        self.read(name, "a text", Value::as_str)
    }

    /// What was read, unless something is wrong.
    pub(crate) fn finish<T>(self, read: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(read) } else { Err(self.errors) }
    }
}
