//! From validated events to durable ones: a bounded queue, and one writer that commits what waits in it together.

use crate::store::{Appended, Batch, Outcome, Sizes, Store, StoreError};
use model::{
    event::{EVENTS_PER_REQUEST, Event},
    reject::Reject,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

/// How many events wait at most. What does not fit is refused, so that memory stays bounded.
pub const QUEUE_EVENTS: usize = 50_000;

/// How many bytes of a rejected event, kept as it was sent, or of an account's attributes, take the place of one event,
/// about.
const PLACE_BYTES: usize = 1024;

/// What an attribute takes beside its texts.
const ATTRIBUTE_BYTES: usize = size_of::<(String, String)>();

/// With how many events a commit stops taking in further requests.
const COMMIT_EVENTS: usize = 16_000;

/// How long a commit waits at most for as many requests as the one before it had.
const GATHERING: Duration = Duration::from_millis(3);

/// Why events were not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IngestError {
    /// As many events wait as may. Nothing was stored; trying again later is safe.
    #[error("too many events are waiting to be stored")]
    QueueFull,
    /// The database refused. Nothing was stored; trying again later is safe.
    #[error("the events could not be stored: {0}")]
    Store(Arc<StoreError>),
    /// The database was lost while it committed. The events may be stored: trying again is safe with ids alone.
    #[error("the database was lost while it stored the events, which may be stored or not")]
    InDoubt,
    /// The server is stopping. Nothing was stored.
    #[error("the server is stopping")]
    Stopping,
}

/// Where the writer puts what was queued.
pub trait Sink: Send + Sync + 'static {
    /// Takes a batch, and says for each event, in order, what became of it: all of it or, on an error, nothing.
    fn append_batch(&self, batch: &Batch) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> + Send;
}

impl Sink for Store {
    async fn append_batch(&self, batch: &Batch) -> Result<Vec<Outcome>, StoreError> {
        self.append_batch(batch).await
    }
}

/// The way in. Cheap to clone; the writer ends when the last clone is gone and the queue is empty.
#[derive(Clone)]
pub struct Ingest {
    queue: mpsc::UnboundedSender<Submission>,
    room: Arc<Semaphore>,
}

struct Submission {
    batch: Batch,
    outcomes: oneshot::Sender<Result<Vec<Outcome>, IngestError>>,
    /// As many events as wait in it, about. Gives the room in the queue back when the submission is answered.
    room: tokio::sync::OwnedSemaphorePermit,
}

impl Ingest {
    /// Starts the writer. The task ends after the last [`Ingest`] is dropped and everything queued is answered.
    pub fn start(sink: impl Sink) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, submissions) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write(sink, submissions));
        (Self { queue, room: Arc::new(Semaphore::new(QUEUE_EVENTS)) }, writer)
    }

    /// Stores a batch; returns when it is durable, saying for each event, then for each replay, what became of it.
    pub async fn append(&self, batch: impl Into<Batch>) -> Result<Vec<Outcome>, IngestError> {
        let batch = batch.into();
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let places = u32::try_from(places(&batch)).map_err(|_| IngestError::QueueFull)?;
        let room = self.room.clone().try_acquire_many_owned(places).map_err(|_| IngestError::QueueFull)?;
        let (outcomes, answer) = oneshot::channel();
        let submission = Submission { batch, outcomes, room };
        self.queue.send(submission).map_err(|_| IngestError::Stopping)?;
        answer.await.map_err(|_| IngestError::Stopping)?
    }

    /// Fails where there is no room for as many events as a request may have, before the work of reading them.
    pub fn expect_many(&self) -> Result<(), IngestError> {
        if self.room.available_permits() < EVENTS_PER_REQUEST { Err(IngestError::QueueFull) } else { Ok(()) }
    }

    /// Whether the writer is there: without it nothing can be stored.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// How many events wait or are being written.
    pub fn waiting(&self) -> usize {
        QUEUE_EVENTS - self.room.available_permits()
    }
}

/// How much room a batch takes in the queue, in events.
fn places(Batch { events, rejects, replays, namings, identities }: &Batch) -> usize {
    let of_reject = |reject: &Reject| 1 + reject.body.len() / PLACE_BYTES;
    // Few events have any, and of an event that has many they are most of it.
    let of_attribute = |(name, value): &(String, String)| ATTRIBUTE_BYTES + name.len() + value.len();
    let of_event = |event: &Event| 1 + event.account_attributes.iter().map(of_attribute).sum::<usize>() / PLACE_BYTES;
    let others = replays.len() + namings.len() + identities.len();
    events.iter().map(of_event).sum::<usize>() + others + rejects.iter().map(of_reject).sum::<usize>()
}

/// Takes what waits, commits it together, answers everyone; again until the queue is closed and empty. While a
/// commit is under way the next one fills up: under load commits grow by themselves.
async fn write(sink: impl Sink, mut submissions: mpsc::UnboundedReceiver<Submission>) {
    let mut expected = 1;
    while let Some(first) = submissions.recv().await {
        let group = gather(first, &mut submissions, expected).await;
        expected = group.len();
        commit(&sink, group).await;
    }
}

/// What waits. Who was answered last may be about to send more: for them it waits a moment, because few large commits
/// cost less than many small ones. A sender that is alone is never kept waiting.
async fn gather(
    first: Submission,
    submissions: &mut mpsc::UnboundedReceiver<Submission>,
    expected: usize,
) -> Vec<Submission> {
    let until = Instant::now() + GATHERING;
    let mut waiting = first.room.num_permits();
    let mut group = vec![first];
    while waiting < COMMIT_EVENTS {
        let next = match submissions.try_recv() {
            Ok(next) => Some(next),
            Err(_) if group.len() >= expected => None,
            Err(_) => timeout_at(until, submissions.recv()).await.ok().flatten(),
        };
        let Some(next) = next else { break };
        waiting += next.room.num_permits();
        group.push(next);
    }
    group
}

async fn commit(sink: &impl Sink, mut group: Vec<Submission>) {
    let mut sizes = Vec::with_capacity(group.len());
    let mut batch = Batch::default();
    for submission in &mut group {
        sizes.push(submission.batch.sizes());
        batch.append(&mut submission.batch);
    }
    match sink.append_batch(&batch).await {
        // Of one request, which is none of the others' fault.
        Err(StoreError::RetentionChanged) if group.len() > 1 => {
            for (submission, sizes) in group.into_iter().zip(sizes) {
                let batch = batch.take(sizes);
                let stored = sink.append_batch(&batch).await;
                answer(vec![submission], &[sizes], &batch, stored);
            }
        }
        stored => answer(group, &sizes, &batch, stored),
    }
}

/// Tells each what became of theirs, of all that was in a batch.
fn answer(group: Vec<Submission>, sizes: &[Sizes], batch: &Batch, stored: Result<Vec<Outcome>, StoreError>) {
    match stored {
        Ok(outcomes) => {
            let Appended { accepted, duplicates } = outcomes.iter().copied().collect();
            metrics::counter!("ingest_events_accepted_total").increment(accepted);
            metrics::counter!("ingest_events_duplicate_total").increment(duplicates);
            metrics::counter!("ingest_events_rejected_total").increment(batch.rejects.len() as u64);
            metrics::counter!("ingest_commits_total").increment(1);
            let (events, replays) = outcomes.split_at(batch.events.len());
            let (mut events, mut replays) = (events.iter().copied(), replays.iter().copied());
            for (submission, [sent, .., replayed]) in group.into_iter().zip(sizes) {
                let outcomes = events.by_ref().take(*sent).chain(replays.by_ref().take(*replayed)).collect();
                // Whoever asked may be gone; the events are stored all the same.
                let _ = submission.outcomes.send(Ok(outcomes));
            }
        }
        Err(error) => {
            tracing::error!(%error, events = batch.events.len(), "events could not be stored");
            metrics::counter!("ingest_commits_failed_total").increment(1);
            let error = match error {
                StoreError::InDoubt => IngestError::InDoubt,
                error => IngestError::Store(Arc::new(error)),
            };
            for submission in group {
                let _ = submission.outcomes.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Asked;
    use model::{
        event::{IdScope, Kind},
        instant::Instant,
    };

    fn event(id: &str) -> Event {
        Event {
            id: Some(id.to_owned()),
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: None,
            account_attributes: Vec::new(),
            user: "lisa".into(),
            user_name: None,
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "Export".into(), count: 1 },
            time: Instant::from_millis(1_795_435_200_000),
            received: Instant::from_millis(1_795_435_200_000),
        }
    }

    #[tokio::test]
    async fn requests_that_wait_together_are_answered_each_with_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let (ingest, writer) = Ingest::start(store);
        let requests = (0..50).map(|number| {
            let ingest = ingest.clone();
            async move { ingest.append(vec![event(&format!("own {number}")), event("shared")]).await.unwrap() }
        });
        let answers = futures::future::join_all(requests).await;
        assert!(answers.iter().all(|outcomes| outcomes[0] == Outcome::Accepted));
        let shared = answers.iter().filter(|outcomes| outcomes[1] == Outcome::Accepted).count();
        assert_eq!(shared, 1);
        assert_eq!(ingest.waiting(), 0);
        drop(ingest);
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn one_event_that_is_too_old_fails_its_own_request_alone() {
        struct Keeping(Instant);

        impl Sink for Keeping {
            async fn append_batch(&self, batch: &Batch) -> Result<Vec<Outcome>, StoreError> {
                match batch.events.iter().all(|event| event.time >= self.0) {
                    true => Ok(vec![Outcome::Accepted; batch.events.len()]),
                    false => Err(StoreError::RetentionChanged),
                }
            }
        }

        let kept = event("kept");
        let old = Event { time: kept.time.plus_millis(-1), ..event("old") };
        let (ingest, _writer) = Ingest::start(Keeping(kept.time));
        let requests = [vec![kept.clone()], vec![old], vec![kept.clone(), kept]];
        // All wait together before the writer, in the same thread, takes the first.
        let answers = futures::future::join_all(requests.map(|events| ingest.append(events))).await;
        assert!(
            matches!(answers.as_slice(), [Ok(one), Err(IngestError::Store(_)), Ok(two)] if (one.len(), two.len()) == (1, 2))
        );
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_whole() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let (ingest, _writer) = Ingest::start(store);
        let refused = ingest.append(vec![event("x"); QUEUE_EVENTS + 1]).await;
        assert!(matches!(refused, Err(IngestError::QueueFull)));
        assert_eq!(ingest.append(vec![event("x")]).await.unwrap(), [Outcome::Accepted]);
    }

    #[test]
    fn what_takes_more_memory_takes_more_room() {
        let with_attributes = |count: usize| {
            let attributes = (0..count).map(|number| (number.to_string(), "x".repeat(200)));
            Event { account_attributes: attributes.collect(), ..event("x") }
        };
        assert_eq!(places(&vec![event("x"), with_attributes(1)].into()), 2);
        assert_eq!(places(&vec![with_attributes(20)].into()), 5);
    }

    #[tokio::test]
    async fn many_are_expected_only_while_there_is_room_for_them() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let (ingest, _writer) = Ingest::start(store);
        let waiting = u32::try_from(QUEUE_EVENTS - EVENTS_PER_REQUEST).unwrap();
        let _waiting = ingest.room.try_acquire_many(waiting).unwrap();
        assert!(ingest.expect_many().is_ok());
        let _one_more = ingest.room.try_acquire().unwrap();
        assert!(matches!(ingest.expect_many(), Err(IngestError::QueueFull)));
    }
}
