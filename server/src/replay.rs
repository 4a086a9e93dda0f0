//! Reading rejected events and calls again, by today's rules and by what is known of their users today: which they are,
//! and what becomes of them.

use crate::{
    Server,
    calls::{Calls, Sent},
    ingest::IngestError,
    store::{Appended, Author, Batch, KeptReject, Replay, StoreError},
};
use model::{
    api::{
        ingest::RejectionCode,
        quality::{RejectChoice, ReplayAnswer},
    },
    event::Rejection,
    instant::Instant,
    module_rule::ModuleRules,
    reject::Protocol,
};
use std::sync::Arc;

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
    /// What was given in place of an event breaks a rule too. Nothing has changed.
    #[error("{0}")]
    Corrected(Rejection),
}

/// Reads the chosen events again and stores what those that keep the rules mean, each at most once whoever else does the
/// same. Those that come meanwhile are left alone.
pub(crate) async fn replay(
    server: &Server,
    choice: &RejectChoice,
    author: Author,
) -> Result<ReplayAnswer, ReplayError> {
    let (rules, reach, now) = (server.module_rules.get().await?, server.retention.reach().await?, server.clock.now());
    let mut replaying = Replaying { server, rules, reach, now, author: author.into(), answer: ReplayAnswer::default() };
    if let Some(ids) = &choice.ids {
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.dedup();
        for ids in ids.chunks(BATCH) {
            let mut kept = server.store.read().await?.rejects_of(ids).await?;
            kept.sort_by_key(|reject| reject.number);
            replaying.replay(&kept, choice.body.as_deref()).await?;
        }
        return Ok(replaying.answer);
    }
    let filter = choice.filter();
    let (_, newest) = server.store.read().await?.matching_rejects(&filter).await?;
    let last = newest.unwrap_or(0).min(choice.up_to.unwrap_or(i64::MAX));
    let mut after = 0;
    loop {
        let mut kept = server.store.read().await?.rejects_after(&filter, after, BATCH).await?;
        kept.retain(|reject| reject.number <= last);
        let Some(newest) = kept.last() else { return Ok(replaying.answer) };
        after = newest.number;
        replaying.replay(&kept, None).await?;
    }
}

/// A replay under way.
struct Replaying<'a> {
    server: &'a Server,
    rules: Arc<ModuleRules>,
    reach: Option<Instant>,
    now: Instant,
    author: Arc<Author>,
    answer: ReplayAnswer,
}

impl Replaying<'_> {
    /// Replays what is kept, the oldest first; `corrected` stands for what was sent.
    async fn replay(&mut self, kept: &[KeptReject], corrected: Option<&str>) -> Result<(), ReplayError> {
        let mut batch = Batch::default();
        for protocol in Protocol::ALL {
            let of_protocol = kept.iter().filter(|reject| reject.protocol() == Some(protocol));
            let (rejects, sent): (Vec<&KeptReject>, Vec<Sent>) = of_protocol
                .filter_map(|reject| {
                    let text = corrected.or(all_of(reject))?.to_owned();
                    Some((reject, Sent { receipt: reject.receipt.judged(self.now).reaching(self.reach), text }))
                })
                .unzip();
            let calls = Calls::read(protocol, sent, &self.rules);
            let known = self.server.store.known(&calls.users()).await?;
            for (reject, (_, read)) in rejects.into_iter().zip(calls.settle(known)) {
                match read {
                    Err(rejection) if corrected.is_some() => return Err(ReplayError::Corrected(rejection)),
                    // There is nothing new to say about it.
                    Err(rejection) if reject.is_rejected_for(&rejection) => {}
                    read => batch.replays.push(Replay { number: reject.number, read, author: self.author.clone() }),
                }
            }
        }
        let right = batch.replays.iter().filter(|replay| replay.read.is_ok()).count();
        let Appended { accepted, duplicates } = self.server.ingest.append(batch).await?.into_iter().collect();
        self.answer.replayed += accepted;
        self.answer.duplicates += duplicates;
        self.answer.rejected += (kept.len() - right) as u64;
        Ok(())
    }
}

/// What was sent, unless only its beginning is kept.
fn all_of(reject: &KeptReject) -> Option<&str> {
    Some(reject.body.as_str()).filter(|_| reject.code != RejectionCode::EventTooLarge.as_str())
}
