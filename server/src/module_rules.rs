//! The module rules as this server follows them.

use crate::{
    clock::Clock,
    current::Current,
    store::{Author, Store, StoreError},
};
use model::module_rule::ModuleRules;
use std::sync::Arc;

/// The rules. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CurrentRules {
    store: Store,
    current: Current<Arc<ModuleRules>>,
}

impl CurrentRules {
    /// The rules of a database.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, current: Current::new(clock) }
    }

    /// The rules to follow now, at most a tick old.
    pub(crate) async fn get(&self) -> Result<Arc<ModuleRules>, StoreError> {
        self.current.get(async { self.store.module_rules().await.map(Arc::new) }).await
    }

    /// Puts rules in place of all there are; this server follows them at once.
    pub(crate) async fn replace(&self, rules: ModuleRules, author: Author) -> Result<(), StoreError> {
        let replaced = self.store.put_module_rules(rules, author).await;
        self.current.forget();
        replaced
    }
}
