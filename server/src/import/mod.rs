//! Importing logs: files of events, however large, read in pieces and stored in batches.
//!
//! A log is CSV or NDJSON, plain or gzip; its content says which. Importing it again changes nothing, also after an
//! import that was interrupted: each event has an id, its own or one derived from its record.
//!
//! What never lives here: the database. Events leave through [`Sink`].

mod csv;
mod input;
mod ndjson;
mod progress;
mod record;
mod reject;
mod source;
mod survey;
mod take;

#[cfg(test)]
mod tests;

use crate::{clock::Clock, store::Appended};
use indicatif::HumanCount;
use model::{event::Event, instant::Instant};
use progress::Progress;
use record::LogError;
use reject::Rejects;
use source::Source;
use std::{
    fmt,
    future::Future,
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant as Moment},
};
use take::{Batch, Moved};
use tokio::sync::mpsc;

/// How many events are stored at once.
pub const BATCH_EVENTS: usize = 5_000;

/// The longest record, in bytes. A longer one is rejected, and never held in memory as a whole.
pub const RECORD_BYTES: usize = 64 * 1024;

/// What is imported, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// Logs in CSV (with a header) or NDJSON, plain or gzip; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Move all times alike, so that the newest event of the files together is now. The same files are moved as far
    /// as they were the first time when they are imported again
    #[arg(long)]
    pub end_now: bool,

    /// Write every rejected record to this file, as NDJSON: file, line, code, detail, pointer and record
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// Where the events go.
pub trait Sink: Send + Sync {
    /// Why events could not be stored.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Stores events. They are durable when this returns; on an error none of them is stored.
    fn append(&self, events: Vec<Event>) -> impl Future<Output = Result<Appended, Self::Error>> + Send;

    /// How far the times of a log are moved so that its newest event is now, in milliseconds: `now − newest`,
    /// remembered under the log's digest, so that the first answer stays the answer.
    fn shift_for(
        &self,
        digest: [u8; 32],
        newest: Instant,
        now: Instant,
    ) -> impl Future<Output = Result<i64, Self::Error>> + Send;

    /// From when on events are stored; `None` where there is no bound.
    fn reach(&self, now: Instant) -> impl Future<Output = Result<Option<Instant>, Self::Error>> + Send;
}

/// What became of the records of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Stored.
    pub accepted: u64,
    /// Left out because their account already has an event with that id.
    pub duplicates: u64,
    /// Not stored because they break the rules.
    pub rejected: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Summary {
    /// How many records were read.
    fn records(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, duplicates, rejected, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        let rate = (self.records() as f64 / seconds.max(0.001)) as u64;
        let [accepted, duplicates, rejected, rate] = [*accepted, *duplicates, *rejected, rate].map(HumanCount);
        write!(
            formatter,
            "{accepted} accepted, {duplicates} duplicate, {rejected} rejected in {seconds:.1} s ({rate} events/s)"
        )
    }
}

/// Why an import ended early. What was stored until then stays, and importing the same files again is harmless.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A log could not be opened.
    #[error("can't open {file}: {error}")]
    Open {
        /// The log.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// A log could not be read to its end: the disk failed, or gzip data is broken or cut off.
    #[error("can't read {file} beyond line {line}: {error}")]
    Read {
        /// The log.
        file: String,
        /// The last line that was reached; 0 if none.
        line: u64,
        /// What the system or the decoder says.
        error: io::Error,
    },
    /// A log is neither NDJSON nor CSV with the columns it takes.
    #[error("{file} can't be imported: {detail}")]
    Header {
        /// The log.
        file: String,
        /// What is wrong with its first line.
        detail: String,
    },
    /// The rejected records could not be written down.
    #[error("can't write the rejected records to {}: {error}", file.display())]
    Rejects {
        /// Where to.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The events could not be stored.
    #[error("the events could not be stored: {0}")]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ImportError {
    /// What a failure to read means for a log.
    fn reading(file: &str, error: LogError) -> Self {
        let file = file.to_owned();
        match error {
            LogError::Read { line, error } => Self::Read { file, line, error },
            LogError::Header(detail) => Self::Header { file, detail },
        }
    }

    fn sink(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Sink(Box::new(error))
    }
}

/// Whether there is something to import: fails on a log that can't be opened, and on a file of rejected records that
/// is one of the logs. Asked first, so that a mistyped name does not leave an empty database behind.
pub fn check(args: &ImportArgs) -> Result<(), ImportError> {
    for file in &args.files {
        Source::at(file).check().map_err(|error| ImportError::Open { file: file.display().to_string(), error })?;
    }
    refuse_overwriting(args)
}

/// Imports every log, one after the other, with progress and the first rejected records on standard error. Rejected
/// records are no failure: the summary counts them.
pub async fn run<S: Sink>(args: &ImportArgs, clock: Arc<dyn Clock>, sink: &S) -> Result<Summary, ImportError> {
    let sources = args.files.iter().map(|file| Source::at(file)).collect();
    import(sources, args, clock, sink, Progress::to_standard_error()).await
}

/// The file of rejected records must not be one of the logs.
fn refuse_overwriting(args: &ImportArgs) -> Result<(), ImportError> {
    let Some(rejects) = &args.rejects else { return Ok(()) };
    let Ok(place) = rejects.canonicalize() else { return Ok(()) };
    if args.files.iter().any(|file| file.canonicalize().is_ok_and(|file| file == place)) {
        let error = io::Error::other("it is one of the files to import");
        return Err(ImportError::Rejects { file: rejects.clone(), error });
    }
    Ok(())
}

/// The events of a log and how many of its records are none, up to where it can't be read any further: what is the matter
/// there comes last. For those who try to break it.
#[cfg(fuzzing)]
pub fn read(log: impl io::Read + Send + 'static, clock: &dyn Clock) -> (Vec<Event>, usize, Option<String>) {
    let (mut events, mut rejected) = (Vec::new(), 0);
    let outcome = take::batches(Box::new(log), Moved::default(), clock, |batch| {
        events.extend(batch.events);
        rejected += batch.rejected.len();
        true
    });
    (events, rejected, outcome.err().map(|error| ImportError::reading("the log", error).to_string()))
}

async fn import<S: Sink>(
    mut sources: Vec<Source>,
    args: &ImportArgs,
    clock: Arc<dyn Clock>,
    sink: &S,
    mut progress: Progress,
) -> Result<Summary, ImportError> {
    let began = Moment::now();
    let mut rejects = Rejects::create(args.rejects.clone())?;
    let reach = sink.reach(clock.now()).await.map_err(ImportError::sink)?;
    let mut moved = Moved { shift: 0, reach };
    if args.end_now {
        let survey;
        (sources, survey) = survey::all(sources, &mut progress).await?;
        if let Some(newest) = survey.newest {
            moved.shift = sink.shift_for(survey.digest, newest, clock.now()).await.map_err(ImportError::sink)?;
            progress.note(&format!("The newest event, {newest}, is moved to {}.", newest.plus_millis(moved.shift)));
        }
    }
    let mut summary = Summary::default();
    for source in sources {
        let poured = pour(source, moved, clock.clone(), sink, &mut progress, &mut rejects, &mut summary).await;
        summary.elapsed = began.elapsed();
        if let Err(error) = poured.and_then(|()| rejects.flush()) {
            progress.note(&format!("Until it stopped: {summary}."));
            return Err(error);
        }
    }
    Ok(summary)
}

/// Imports one log. While a batch is being stored the next is read, and one more may wait.
async fn pour<S: Sink>(
    mut source: Source,
    moved: Moved,
    clock: Arc<dyn Clock>,
    sink: &S,
    progress: &mut Progress,
    rejects: &mut Rejects,
    summary: &mut Summary,
) -> Result<(), ImportError> {
    let name = source.name().to_owned();
    let opened = source.open().map_err(|error| ImportError::Open { file: name.clone(), error })?;
    let reader = progress.watch(&name, opened);
    let (batches, mut waiting) = mpsc::channel::<Batch>(1);
    let reading = tokio::task::spawn_blocking(move || {
        // Whoever no longer takes batches has failed, and says so.
        take::batches(reader, moved, clock.as_ref(), |batch| batches.blocking_send(batch).is_ok())
    });
    while let Some(Batch { events, rejected, .. }) = waiting.recv().await {
        let records = events.len() + rejected.len();
        summary.rejected += rejected.len() as u64;
        for reject in rejected {
            rejects.write(&name, &reject, progress)?;
        }
        if !events.is_empty() {
            let Appended { accepted, duplicates } = sink.append(events).await.map_err(ImportError::sink)?;
            summary.accepted += accepted;
            summary.duplicates += duplicates;
        }
        progress.count(records as u64);
    }
    progress.finish();
    joined(reading.await).map_err(|error| ImportError::reading(&name, error))
}

/// The outcome of a task that is never cancelled; its panic goes on here.
fn joined<T>(outcome: Result<T, tokio::task::JoinError>) -> T {
    match outcome {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
