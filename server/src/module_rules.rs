//! The module rules as this server follows them: read again at each tick, so that what is changed on one server holds
//! on all of them a tick later.

use crate::{
    clock::Clock,
    store::{Author, Store, StoreError},
};
use model::{instant::Instant, module_rule::ModuleRules};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rules. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CurrentRules {
    store: Store,
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Option<Kept>>>,
}

/// The rules as they were at a tick.
struct Kept {
    tick: Instant,
    rules: Arc<ModuleRules>,
}

impl CurrentRules {
    /// The rules of a database.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, kept: Arc::default() }
    }

    /// The rules to follow now, at most a tick old.
    pub(crate) async fn get(&self) -> Result<Arc<ModuleRules>, StoreError> {
        let tick = self.clock.now().tick();
        if let Some(kept) = self.kept().as_ref().filter(|kept| kept.tick == tick) {
            return Ok(kept.rules.clone());
        }
        let rules = Arc::new(self.store.module_rules().await?);
        *self.kept() = Some(Kept { tick, rules: rules.clone() });
        Ok(rules)
    }

    /// Puts rules in place of all there are; this server follows them at once.
    pub(crate) async fn replace(&self, rules: ModuleRules, author: Author) -> Result<(), StoreError> {
        self.store.put_module_rules(rules, author).await?;
        *self.kept() = None;
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        // What is kept is whole, whatever happened to whoever held it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
