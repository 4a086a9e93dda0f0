//! Records that are not imported: the first are shown, and all are written down where asked for.

use super::{
    ImportError,
    progress::Progress,
    record::{Fault, Record},
};
use serde::Serialize;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

/// How many are shown.
const SHOWN: u64 = 20;

/// A record that is no event, and why.
pub(super) struct Reject {
    pub(super) line: u64,
    pub(super) fault: Fault,
    /// As it stands in the log.
    pub(super) record: String,
}

impl Reject {
    pub(super) fn new(record: Record, fault: Fault) -> Self {
        Self { line: record.line, fault, record: String::from_utf8_lossy(&record.raw).into_owned() }
    }
}

/// Where rejected records go.
pub(super) struct Rejects {
    file: Option<(PathBuf, BufWriter<File>)>,
    met: u64,
}

/// A line of the file of rejected records.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u64,
    code: &'a str,
    detail: &'a str,
    pointer: &'a str,
    record: &'a str,
}

impl Rejects {
    /// Starts the file, if there is to be one.
    pub(super) fn create(path: Option<PathBuf>) -> Result<Self, ImportError> {
        let file = match path {
            None => None,
            Some(path) => match File::create(&path) {
                Ok(file) => Some((path, BufWriter::new(file))),
                Err(error) => return Err(ImportError::Rejects { file: path, error }),
            },
        };
        Ok(Self { file, met: 0 })
    }

    pub(super) fn write(&mut self, name: &str, reject: &Reject, progress: &Progress) -> Result<(), ImportError> {
        let Reject { line, fault: Fault { code, detail, pointer }, record } = reject;
        self.met += 1;
        if self.met <= SHOWN {
            let pointer = if pointer.is_empty() { String::new() } else { format!(" ({pointer})") };
            progress.note(&format!("{name}, line {line}: {detail}{pointer}"));
        } else if self.met == SHOWN + 1 {
            progress.note("More records are rejected; --rejects FILE writes all of them down.");
        }
        self.with_file(|file| {
            serde_json::to_writer(&mut *file, &Line { file: name, line: *line, code, detail, pointer, record })?;
            file.write_all(b"\n")
        })
    }

    /// Makes sure that everything is in the file.
    pub(super) fn flush(&mut self) -> Result<(), ImportError> {
        self.with_file(BufWriter::flush)
    }

    fn with_file(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<(), ImportError> {
        match &mut self.file {
            None => Ok(()),
            Some((path, file)) => write(file).map_err(|error| ImportError::Rejects { file: path.clone(), error }),
        }
    }
}
