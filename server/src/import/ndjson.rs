//! NDJSON: an event a line, as the API takes it.

use super::{
    RECORD_BYTES,
    input::Input,
    record::{Fault, Record},
};
use model::event::Rejection;
use serde_json::Value;
use std::io::{self, BufRead};

/// The lines that are not blank.
pub(super) struct NdjsonRecords<R> {
    input: Input<R>,
}

impl<R: BufRead> NdjsonRecords<R> {
    pub(super) fn new(input: Input<R>) -> Self {
        Self { input }
    }

    pub(super) fn line(&self) -> u64 {
        self.input.line()
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.input.skip(|byte| byte.is_ascii_whitespace())?.is_none() {
            return Ok(None);
        }
        let line = self.input.line();
        let mut raw = Vec::new();
        self.input.take_line(&mut raw)?;
        if raw.len() > RECORD_BYTES && !raw.ends_with(b"\n") {
            self.input.skip_line()?;
            let fault = Fault::too_large(&mut raw);
            return Ok(Some(Record::new(line, raw, Err(fault))));
        }
        let event = event(&raw);
        Ok(Some(Record::new(line, raw, event)))
    }
}

fn event(raw: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(raw).map_err(|error| {
        // The parser counts the lines of what it was given, which is always one.
        let error = error.to_string().replace(" at line 1 column ", " at byte ");
        Rejection::malformed(error).into()
    })
}
