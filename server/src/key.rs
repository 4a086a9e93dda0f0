//! API keys: made here, checked here, stored by their hash only.

pub use crate::secret::digest;

use crate::{
    secret::{self, RandomnessError},
    store::{Key, Store, StoreError},
};
use moka::future::Cache;
use std::time::Duration;

/// What every key begins with, so that a key found somewhere can be told from other secrets.
const PREFIX: &str = "um_";

/// How many keys are remembered.
const REMEMBERED: u64 = 10_000;

/// How long a key is remembered: so much longer it works after it is taken back.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// The keys of a database. Those that were found are remembered for a moment, because whoever sends events does so again
/// and again. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keys {
    store: Store,
    found: Cache<[u8; 32], Key>,
}

impl Keys {
    /// The keys in a store.
    pub(crate) fn new(store: Store) -> Self {
        let found = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR);
        Self { store, found: found.build() }
    }

    /// What is known of a key; `None` where there is no such key.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Key>, StoreError> {
        let digest = digest(key);
        if let Some(found) = self.found.get(&digest).await {
            return Ok(Some(found));
        }
        let found = self.store.key(digest).await?;
        if let Some(found) = &found {
            self.found.insert(digest, found.clone()).await;
        }
        Ok(found)
    }
}

/// A new key.
pub fn generate() -> Result<String, RandomnessError> {
    Ok(format!("{PREFIX}{}", secret::generate()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_made_twice() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(one.starts_with(PREFIX) && one.len() == 46);
        assert_ne!(digest(&one), digest(&other));
    }
}
