//! The records of a log, whatever its format.

use super::{RECORD_BYTES, csv::CsvRecords, input::Input, ndjson::NdjsonRecords};
use model::{api::ingest::RejectionCode, event::Rejection};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read};

/// One record: a line of NDJSON or a row of CSV.
pub(super) struct Record {
    /// The line it begins in, from 1.
    pub(super) line: u64,
    /// As it stands in the log, without the end of its line. Of a record too large, its beginning.
    pub(super) raw: Vec<u8>,
    /// The event as JSON, not yet checked; or why it can't be told.
    pub(super) event: Result<Value, Fault>,
}

impl Record {
    pub(super) fn new(line: u64, mut raw: Vec<u8>, event: Result<Value, Fault>) -> Self {
        let end = raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        raw.truncate(end);
        Self { line, raw, event }
    }
}

/// Why a record is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// For programs: a [`RejectionCode`], or `malformed_csv`.
    pub(super) code: &'static str,
    /// For people.
    pub(super) detail: String,
    /// JSON pointer to the field at fault, in the event as the API takes it.
    pub(super) pointer: String,
}

impl Fault {
    /// Of a record of more than [`RECORD_BYTES`]. Its beginning stays, enough to find it again.
    pub(super) fn too_large(raw: &mut Vec<u8>) -> Self {
        raw.truncate(1_000);
        let detail = format!("the record is longer than {RECORD_BYTES} bytes");
        Rejection::new(RejectionCode::EventTooLarge, "", detail).into()
    }
}

impl From<Rejection> for Fault {
    fn from(Rejection { code, detail, pointer }: Rejection) -> Self {
        Self { code: code.as_str(), detail, pointer }
    }
}

/// Why a log could not be read to its end.
#[derive(Debug)]
pub(super) enum LogError {
    /// After this line; 0 before the first.
    Read {
        line: u64,
        error: io::Error,
    },
    Header(String),
}

/// The records of a log in order.
pub(super) enum Records<R> {
    Csv(Box<CsvRecords<R>>),
    Ndjson(NdjsonRecords<R>),
}

/// How much of a log is held in memory at once, beside the record being read.
const BUFFER_BYTES: usize = 64 * 1024;

type Text<R> = BufReader<io::Chain<io::Cursor<Vec<u8>>, R>>;

impl<R: Read> Records<Text<R>> {
    /// Starts reading decompressed text: NDJSON if its first byte that is not blank is `{`, otherwise CSV.
    pub(super) fn new(mut reader: R) -> Result<Self, LogError> {
        let before_first = |error| LogError::Read { line: 0, error };
        let mut head = super::source::head(&mut reader, 3).map_err(before_first)?;
        if head == b"\xef\xbb\xbf" {
            head.clear();
        }
        let mut input = Input::new(BufReader::with_capacity(BUFFER_BYTES, io::Cursor::new(head).chain(reader)));
        match input.skip(|byte| byte.is_ascii_whitespace()).map_err(before_first)? {
            Some(b'{') | None => Ok(Self::Ndjson(NdjsonRecords::new(input))),
            Some(_) => Ok(Self::Csv(Box::new(CsvRecords::new(input)?))),
        }
    }
}

impl<R: BufRead> Records<R> {
    /// The next record; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Record>, LogError> {
        let next = match self {
            Self::Csv(records) => records.next(),
            Self::Ndjson(records) => records.next(),
        };
        next.map_err(|error| LogError::Read { line: self.line() - 1, error })
    }

    /// The line reached.
    fn line(&self) -> u64 {
        match self {
            Self::Csv(records) => records.line(),
            Self::Ndjson(records) => records.line(),
        }
    }
}
