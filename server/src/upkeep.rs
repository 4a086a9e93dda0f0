//! What is done from time to time and nobody waits for: dropping raw events that are older than they are kept, and taking
//! what was erased out of the files of the database. Every server does it; which of them gets to it makes no difference.

use crate::{
    clock::Clock,
    store::{Store, StoreError},
};
use model::instant::Instant;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How often there may be something to do.
const EVERY: Duration = Duration::from_secs(60);

/// The upkeep of a database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Upkeep {
    store: Store,
    clock: Arc<dyn Clock>,
    due: Arc<Notify>,
}

impl Upkeep {
    /// Of the database in a store.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, due: Arc::default() }
    }

    /// Lets it be done now.
    pub(crate) fn hasten(&self) {
        self.due.notify_one();
    }

    /// Does what there is to do, again and again.
    pub(crate) async fn run(self) {
        let mut events_since = None;
        loop {
            if let Err(error) = self.work(&mut events_since).await {
                tracing::warn!(%error, "what was erased, or is older than events are kept, stays for another minute");
            }
            let _ = tokio::time::timeout(EVERY, self.due.notified()).await;
        }
    }

    /// Until when raw events were dropped by this server is remembered: to look for more costs a walk through all of them.
    async fn work(&self, events_since: &mut Option<Instant>) -> Result<(), StoreError> {
        self.store.clean(self.clock.now()).await?;
        if self.store.reach(self.clock.now()).await? != *events_since {
            *events_since = self.store.drop_old_events(self.clock.now()).await?;
        }
        Ok(())
    }
}
