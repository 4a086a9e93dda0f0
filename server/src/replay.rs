//! Reading rejected events again, by today's rules: which they are, and what becomes of them. How those of a protocol
//! are read is passed in.

use crate::{
    ingest::{Ingest, IngestError},
    store::{Appended, Batch, KeptReject, Replay, Store, StoreError},
};
use model::{
    api::quality::{RejectChoice, ReplayAnswer},
    event::{Event, Rejection},
};

/// How many are read and stored at once: with the largest, some megabytes.
const BATCH: usize = 200;

/// Why not all of the chosen events were replayed. Those that were, were durably; doing it again is safe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The database did not give them out.
    #[error("{0}")]
    Read(#[from] StoreError),
    /// They could not be stored.
    #[error("{0}")]
    Store(#[from] IngestError),
}

/// What reads rejected events again.
pub(crate) trait Reader: Sync {
    /// Reads one, by today's rules.
    fn read(&self, kept: &KeptReject) -> impl Future<Output = Result<Reread, StoreError>> + Send;
}

/// What a rejected event is when it is read again.
#[derive(Clone, Debug)]
pub(crate) enum Reread {
    /// It keeps every rule.
    Event(Event),
    /// It breaks a rule, this or another one than before.
    Rejected(Rejection),
    /// There is nothing new to say about it.
    AsBefore,
}

/// Reads the chosen events again and stores those that keep the rules, each at most once whoever else does the same.
/// Those that come meanwhile are left alone.
pub(crate) async fn replay(
    store: &Store,
    ingest: &Ingest,
    choice: &RejectChoice,
    reader: &impl Reader,
) -> Result<ReplayAnswer, ReplayError> {
    let mut answer = ReplayAnswer::default();
    if let Some(ids) = &choice.ids {
        for ids in ids.chunks(BATCH) {
            let kept = store.read().await?.rejects_of(ids).await?;
            replay_batch(ingest, &kept, reader, &mut answer).await?;
        }
        return Ok(answer);
    }
    let filter = choice.filter();
    let (_, newest) = store.read().await?.matching_rejects(&filter).await?;
    let last = newest.unwrap_or(0).min(choice.up_to.unwrap_or(i64::MAX));
    let mut after = 0;
    loop {
        let mut kept = store.read().await?.rejects_after(&filter, after, BATCH).await?;
        kept.retain(|reject| reject.number <= last);
        let Some(newest) = kept.last() else { return Ok(answer) };
        after = newest.number;
        replay_batch(ingest, &kept, reader, &mut answer).await?;
    }
}

async fn replay_batch(
    ingest: &Ingest,
    kept: &[KeptReject],
    reader: &impl Reader,
    answer: &mut ReplayAnswer,
) -> Result<(), ReplayError> {
    let mut batch = Batch::default();
    for reject in kept {
        let read = match reader.read(reject).await? {
            Reread::Event(event) => Ok(event),
            Reread::Rejected(rejection) => Err(rejection),
            Reread::AsBefore => {
                answer.rejected += 1;
                continue;
            }
        };
        answer.rejected += u64::from(read.is_err());
        batch.replays.push(Replay { number: reject.number, read });
    }
    let Appended { accepted, duplicates } = ingest.append(batch).await?.into_iter().collect();
    answer.replayed += accepted;
    answer.duplicates += duplicates;
    Ok(())
}
