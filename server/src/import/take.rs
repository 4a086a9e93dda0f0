//! From a log's bytes to batches of events.

use super::{
    BATCH_EVENTS,
    record::{Fault, LogError, Record, Records},
    reject::Reject,
    source::{Bytes, text},
};
use crate::clock::Clock;
use model::{
    event::{Event, Receipt},
    instant::Instant,
};

/// What becomes of the times of a log.
#[derive(Clone, Copy, Default)]
pub(super) struct Moved {
    /// By how many milliseconds they are moved.
    pub(super) shift: i64,
    /// From when on events are stored.
    pub(super) reach: Option<Instant>,
}

/// Some neighbouring records of a log.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    pub(super) rejected: Vec<Reject>,
    rejected_bytes: usize,
}

impl Batch {
    /// Rejected records count too, by their size, so that a log of nothing else takes no more memory.
    fn is_full(&self) -> bool {
        /// Some batches of the largest events take as much.
        const REJECTED_BYTES: usize = 4 * 1024 * 1024;
        self.events.len() >= BATCH_EVENTS
            || self.rejected.len() >= BATCH_EVENTS
            || self.rejected_bytes >= REJECTED_BYTES
    }

    fn reject(&mut self, reject: Reject) {
        self.rejected_bytes += reject.record.len();
        self.rejected.push(reject);
    }
}

/// Reads a log to its end, all times moved, and gives the batches away as they fill up; stops
/// early when one is not taken. What came before a failure is given away too.
pub(super) fn batches(
    bytes: Bytes,
    moved: Moved,
    clock: &dyn Clock,
    mut give: impl FnMut(Batch) -> bool,
) -> Result<(), LogError> {
    let text = text(bytes).map_err(|error| LogError::Read { line: 0, error })?;
    let mut records = Records::new(text)?;
    let mut batch = Batch::default();
    let outcome = loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        match event(&record, moved, clock) {
            Ok(event) => batch.events.push(event),
            Err(fault) => batch.reject(Reject::new(record, fault)),
        }
        if batch.is_full() && !give(std::mem::take(&mut batch)) {
            return Ok(());
        }
    };
    give(batch);
    outcome
}

/// The event of a record, if it keeps the rules.
fn event(record: &Record, Moved { shift, reach }: Moved, clock: &dyn Clock) -> Result<Event, Fault> {
    let json = record.event.as_ref().map_err(Fault::clone)?;
    let received = clock.now();
    // A log that is moved was, so to say, written by a clock that is wrong by as much.
    let receipt = Receipt::new(received, Some(received.plus_millis(-shift))).reaching(reach);
    let mut event = Event::from_json(json, receipt)?;
    event.id.get_or_insert_with(|| derived_id(record));
    Ok(event)
}

/// The id of an event that has none: the same whenever its log is imported, because it depends on the record as it
/// stands and on its line, but neither on when that is nor on how far times are moved.
fn derived_id(record: &Record) -> String {
    let digest = blake3::Hasher::new().update(&record.line.to_le_bytes()).update(&record.raw).finalize();
    format!("log-{}", &digest.to_hex()[..32])
}
