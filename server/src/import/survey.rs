//! A first look at logs whose times are to be moved: the newest time in them, and what tells them from other logs.

use super::{
    ImportError, joined,
    progress::Progress,
    record::{LogError, Records},
    source::{Bytes, Source, text},
};
use model::{
    event::{Event, Receipt},
    instant::Instant,
};
use std::io::{self, Read};

/// What logs hold together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// The same for the same logs, in whatever order and however compressed they come.
    pub(super) digest: [u8; 32],
    /// The newest time of an event that keeps the rules; `None` where no event has one.
    pub(super) newest: Option<Instant>,
}

/// Reads every log, and hands them back to be read again.
pub(super) async fn all(sources: Vec<Source>, progress: &mut Progress) -> Result<(Vec<Source>, Survey), ImportError> {
    let mut kept = Vec::with_capacity(sources.len());
    let mut surveys = Vec::with_capacity(sources.len());
    for mut source in sources {
        let name = source.name().to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            source.keep()?;
            source.open().map(|opened| (source, opened))
        });
        let (source, opened) = joined(opened.await).map_err(|error| ImportError::Open { file: name.clone(), error })?;
        let reader = progress.watch(&format!("{name}: looking for the newest event"), opened);
        let survey = joined(tokio::task::spawn_blocking(move || of_log(reader)).await);
        progress.finish();
        surveys.push(survey.map_err(|error| ImportError::reading(&name, error))?);
        kept.push(source);
    }
    Ok((kept, together(surveys)))
}

/// Files given together are one log.
fn together(surveys: Vec<Survey>) -> Survey {
    let newest = surveys.iter().filter_map(|survey| survey.newest).max();
    let mut digests: Vec<[u8; 32]> = surveys.into_iter().map(|survey| survey.digest).collect();
    digests.sort_unstable();
    Survey { digest: *blake3::hash(&digests.concat()).as_bytes(), newest }
}

fn of_log(bytes: Bytes) -> Result<Survey, LogError> {
    let mut hashed = Hashed {
        reader: text(bytes).map_err(|error| LogError::Read { line: 0, error })?,
        hasher: blake3::Hasher::new(),
    };
    let mut newest = None;
    let mut records = Records::new(&mut hashed)?;
    while let Some(record) = records.next()? {
        newest = newest.max(record.event.ok().and_then(|event| time(&event)));
    }
    drop(records);
    Ok(Survey { digest: *hashed.hasher.finalize().as_bytes(), newest })
}

/// The time of an event that keeps the rules. Nothing is in the future yet: the whole log will be moved.
fn time(event: &serde_json::Value) -> Option<Instant> {
    event.get("time").filter(|time| !time.is_null())?;
    let receipt = Receipt::new(Instant::MAX, None);
    Event::from_json(event, receipt).ok().map(|event| event.time)
}

/// Hashes what is read through it.
struct Hashed<R> {
    reader: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
