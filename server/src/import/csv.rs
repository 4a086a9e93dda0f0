//! CSV with a header, which names its columns in any order.

use super::{
    RECORD_BYTES,
    input::Input,
    record::{Fault, LogError, Record},
};
use csv_core::{ReadRecordResult, Reader};
use model::{api::ingest::RejectionCode, event::Rejection};
use serde_json::{Map, Value};
use std::io::{self, BufRead};

/// The rows after the header.
pub(super) struct CsvRecords<R> {
    rows: Rows<R>,
    columns: Columns,
}

impl<R: BufRead> CsvRecords<R> {
    /// Reads the header.
    pub(super) fn new(input: Input<R>) -> Result<Self, LogError> {
        let mut rows = Rows::new(input);
        let header = rows.next().map_err(|error| LogError::Read { line: rows.input.line() - 1, error })?;
        let columns = match header {
            Some(Row { fields: Ok(names), .. }) => Columns::named(&names),
            Some(Row { fields: Err(fault), .. }) => Err(format!("in the header, {}", fault.detail)),
            None => Err("it has no header".to_owned()),
        };
        Ok(Self { rows, columns: columns.map_err(LogError::Header)? })
    }

    pub(super) fn line(&self) -> u64 {
        self.rows.input.line()
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let Some(Row { line, raw, fields }) = self.rows.next()? else { return Ok(None) };
        let event = fields.and_then(|fields| self.columns.event(&fields));
        Ok(Some(Record::new(line, raw, event)))
    }
}

/// Where each column stands.
struct Columns {
    /// How many there are, those without a meaning here too.
    all: usize,
    time: usize,
    account: usize,
    user: usize,
    module: usize,
    id: Option<usize>,
    account_name: Option<usize>,
    user_name: Option<usize>,
    action: Option<usize>,
    count: Option<usize>,
    kind: Option<usize>,
}

impl Columns {
    /// The columns of a header; what is wrong with it, as a sentence, where it lacks some.
    fn named(names: &[String]) -> Result<Self, String> {
        let find = |name: &str| names.iter().position(|other| other.trim() == name);
        let must = |name: &str| {
            find(name).ok_or_else(|| {
                format!("its first line is neither an event in JSON nor a CSV header with a column “{name}”")
            })
        };
        let columns = Self {
            all: names.len(),
            time: must("time")?,
            account: must("account")?,
            user: must("user")?,
            module: must("module")?,
            id: find("id"),
            account_name: find("account_name"),
            user_name: find("user_name"),
            action: find("action"),
            count: find("count"),
            kind: find("kind"),
        };
        if columns.action.is_none() && columns.kind.is_none() {
            must("action")?;
        }
        Ok(columns)
    }

    /// A row as the API takes an event. An empty field is as good as none, except that a row must have a time: a log
    /// tells of the past, not of the moment it is imported.
    fn event(&self, fields: &[String]) -> Result<Value, Fault> {
        if fields.len() != self.all {
            let detail = format!("the row has {} fields; the header has {}", fields.len(), self.all);
            return Err(malformed(detail));
        }
        let text = |column: usize| Some(fields[column].as_str()).filter(|text| !text.is_empty());
        let Some(time) = text(self.time) else {
            return Err(Rejection::new(RejectionCode::MissingField, "/time", "time is missing").into());
        };
        let optional = |column: Option<usize>| column.and_then(text);
        let mut event = Map::new();
        let mut set = |name: &str, value: Option<Value>| value.map(|value| event.insert(name.to_owned(), value));
        set("id", optional(self.id).map(Value::from));
        set("kind", optional(self.kind).map(Value::from));
        set("time", Some(number_or_text(time)));
        set("account", Some(party(text(self.account), optional(self.account_name))));
        set("user", Some(party(text(self.user), optional(self.user_name))));
        set("module", text(self.module).map(Value::from));
        set("action", optional(self.action).map(Value::from));
        set("count", optional(self.count).map(number_or_text));
        Ok(Value::Object(event))
    }
}

/// An account or a user.
fn party(id: Option<&str>, name: Option<&str>) -> Value {
    [("id", id), ("name", name)]
        .into_iter()
        .filter_map(|(field, text)| text.map(|text| (field.to_owned(), Value::from(text))))
        .collect::<Map<String, Value>>()
        .into()
}

/// CSV knows texts only; whoever wants a number checks what it is.
fn number_or_text(text: &str) -> Value {
    text.trim().parse::<serde_json::Number>().map_or_else(|_| Value::from(text), Value::Number)
}

fn malformed(detail: String) -> Fault {
    Fault { code: "malformed_csv", detail, pointer: String::new() }
}

/// A row as it stands.
struct Row {
    line: u64,
    raw: Vec<u8>,
    fields: Result<Vec<String>, Fault>,
}

/// The rows of a text, none of which is ever held in memory beyond [`RECORD_BYTES`].
struct Rows<R> {
    input: Input<R>,
    parser: Reader,
    /// The fields of a row, one after the other.
    unquoted: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
}

impl<R: BufRead> Rows<R> {
    fn new(input: Input<R>) -> Self {
        // As large as the largest row may need, so that the parser never runs out of room: a row has no more fields
        // than bytes, and one.
        let ends = vec![0; RECORD_BYTES + 2];
        Self { input, parser: parser(), unquoted: vec![0; RECORD_BYTES + 2], ends }
    }

    /// The next row; `None` after the last. Where a row is too long, reading goes on with the next line: a quote that
    /// is never closed costs the rows it swallowed, not the rest of the log.
    fn next(&mut self) -> io::Result<Option<Row>> {
        if self.input.skip(|byte| matches!(byte, b'\r' | b'\n'))?.is_none() {
            return Ok(None);
        }
        let line = self.input.line();
        let mut raw = Vec::new();
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = self.input.peek()?;
            let input = &input[..input.len().min(RECORD_BYTES + 1 - raw.len())];
            let (result, read, more, ends) =
                self.parser.read_record(input, &mut self.unquoted[written..], &mut self.ends[ended..]);
            self.input.take(read, &mut raw)?;
            written += more;
            ended += ends;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
                _ if raw.len() > RECORD_BYTES => {
                    if !raw.ends_with(b"\n") {
                        self.input.skip_line()?;
                    }
                    self.parser = parser();
                    let fault = Fault::too_large(&mut raw);
                    return Ok(Some(Row { line, raw, fields: Err(fault) }));
                }
                _ => {}
            }
        }
        let fields = fields(&self.unquoted[..written], &self.ends[..ended]);
        Ok(Some(Row { line, raw, fields }))
    }
}

/// A parser at the beginning of a row. It has read the end of an empty line, because before its first byte it would look
/// for a byte order mark, and take one that comes in a piece by itself for the end of the log.
fn parser() -> Reader {
    let mut parser = Reader::new();
    parser.read_record(b"\n", &mut [0], &mut [0]);
    parser
}

fn fields(unquoted: &[u8], ends: &[usize]) -> Result<Vec<String>, Fault> {
    let text = std::str::from_utf8(unquoted).map_err(|_| malformed("the row is not UTF-8".to_owned()))?;
    let starts = std::iter::once(&0).chain(ends);
    let fields = starts.zip(ends).map(|(&start, &end)| text.get(start..end).map(str::to_owned));
    fields.collect::<Option<_>>().ok_or_else(|| malformed("the row is not UTF-8".to_owned()))
}
