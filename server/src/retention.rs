//! How far back events are accepted, as this server follows it.

use crate::{
    clock::Clock,
    current::Current,
    store::{Author, Store, StoreError},
    upkeep::Upkeep,
};
use model::instant::Instant;
use std::sync::Arc;

/// From when on events are kept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CurrentRetention {
    store: Store,
    clock: Arc<dyn Clock>,
    upkeep: Upkeep,
    current: Current<Option<Instant>>,
}

impl CurrentRetention {
    /// That of a database, of which the upkeep drops what is older.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, upkeep: Upkeep) -> Self {
        Self { store, clock: clock.clone(), upkeep, current: Current::new(clock) }
    }

    /// From when on events are accepted, as it was at most a tick ago; `None` where there is no bound.
    pub(crate) async fn reach(&self) -> Result<Option<Instant>, StoreError> {
        self.current.get(self.store.reach(self.clock.now())).await
    }

    /// Keeps raw events for so many days, or for good; this server follows it at once.
    pub(crate) async fn set(&self, days: Option<u32>, author: Author) -> Result<(), StoreError> {
        let set = self.store.set_retention(days, author).await;
        self.current.forget();
        self.upkeep.hasten();
        set
    }
}
