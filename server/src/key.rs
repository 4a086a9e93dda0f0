//! API keys: made here, checked here, stored by their hashes only.

use crate::{
    clock::Clock,
    secret::{self, RandomnessError, digest},
    store::{Author, Key, NewSecret, Store, StoreError},
    task::carry_out,
};
use model::{
    api::key::{KeyList, MadeKey},
    instant::Instant,
    key::{NewKey, Rotation},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What every key begins with, so that a key found somewhere can be told from other secrets.
const PREFIX: &str = "um_";

/// How many characters of a key are kept, to know it by: six that are its own, which leaves 220 bits to guess.
const KEPT_LENGTH: usize = 9;

/// How long a key is remembered, in milliseconds: so much longer it opens other servers after one has taken it back.
const REMEMBERED: i64 = 1_000;

/// When a key was last used is written down this seldom, in milliseconds.
const SEEN_EVERY: i64 = 60_000;

/// Why a key was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("there is no such key")]
    NoKey,
    /// The system has no randomness.
    #[error("{0}")]
    Randomness(#[from] RandomnessError),
    /// The database did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// The keys of a database. Those that were found are remembered for a moment, because whoever sends events does so again
/// and again. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    clock: Arc<dyn Clock>,
    remembered: Arc<Mutex<Remembered>>,
}

/// What is known of secrets that were found lately, by their digests.
#[derive(Default)]
struct Remembered {
    found: HashMap<[u8; 32], Found>,
    /// When those that were sent were last noted as used.
    seen: HashMap<[u8; 32], Instant>,
    /// How often keys were changed here: what was read before a change is not remembered after it.
    changes: u64,
}

struct Found {
    key: Key,
    at: Instant,
}

impl Keys {
    /// The keys in a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, remembered: Arc::default() }
    }

    /// The key that a secret opens, or did until it ended; `None` where it opens none.
    pub(crate) async fn find(&self, secret: &str) -> Result<Option<Key>, StoreError> {
        let (digest, now) = (digest(secret), self.clock.now());
        let (found, changes) = self.remembered().find(digest, now);
        let found = match found {
            Some(key) => Some(key),
            None => {
                let found = self.store.key(digest).await?;
                self.remembered().keep(digest, found.as_ref(), now, changes);
                found
            }
        };
        if found.as_ref().is_some_and(|key| key.opens(now)) && self.remembered().is_unseen(digest, now) {
            let store = self.store.clone();
            // Nobody waits for this, least of all while the disk is full.
            tokio::spawn(async move {
                if let Err(error) = store.see_secret(digest, now, SEEN_EVERY).await {
                    tracing::warn!(%error, "when a key was last used could not be stored");
                }
            });
        }
        Ok(found)
    }

    /// Every key, by name.
    pub async fn list(&self) -> Result<KeyList, StoreError> {
        Ok(KeyList { as_of: self.clock.now(), keys: self.store.keys().await? })
    }

    /// Makes a key.
    pub async fn make(&self, new: NewKey, author: Author) -> Result<MadeKey, KeyError> {
        let (store, secret) = (self.store.clone(), generate()?);
        let kept = kept(&secret);
        let key = carry_out(async move { store.add_key(&new, &kept, &author).await }).await?;
        Ok(MadeKey { key, secret })
    }

    /// Gives a key another secret.
    pub async fn rotate(&self, id: i64, rotation: Rotation, author: Author) -> Result<MadeKey, KeyError> {
        let (keys, secret) = (self.clone(), generate()?);
        let kept = kept(&secret);
        let rotated = carry_out(async move {
            let rotated = keys.store.rotate_key(id, rotation, &kept, &author).await;
            keys.remembered().forget();
            rotated
        });
        let key = rotated.await?.ok_or(KeyError::NoKey)?;
        Ok(MadeKey { key, secret })
    }

    /// Takes a key back: from here on it opens nothing on this server, and nothing on others once what they remember is
    /// over.
    pub async fn revoke(&self, id: i64, author: Author) -> Result<(), KeyError> {
        let keys = self.clone();
        let revoked = carry_out(async move {
            let revoked = keys.store.revoke_key(id, &author).await;
            keys.remembered().forget();
            revoked
        });
        revoked.await?.then_some(()).ok_or(KeyError::NoKey)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        // What is remembered is whole, whatever happened to whoever held it.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    /// The key that a secret opens, as far as that is remembered, and how often keys were changed.
    fn find(&self, digest: [u8; 32], now: Instant) -> (Option<Key>, u64) {
        let is_fresh = |found: &&Found| (0..REMEMBERED).contains(&(now.millis() - found.at.millis()));
        let found = self.found.get(&digest).filter(is_fresh);
        (found.map(|found| found.key.clone()), self.changes)
    }

    /// Remembers what was found, or that it is gone, unless a key was changed since.
    fn keep(&mut self, digest: [u8; 32], key: Option<&Key>, now: Instant, changes: u64) {
        match key {
            Some(key) if self.changes == changes => {
                self.found.insert(digest, Found { key: key.clone(), at: now });
            }
            Some(_) => {}
            None => {
                self.found.remove(&digest);
                self.seen.remove(&digest);
            }
        }
    }

    /// Whether a use now is to be noted, which the next ones then need not be.
    fn is_unseen(&mut self, digest: [u8; 32], now: Instant) -> bool {
        let is_old = |seen: &Instant| now.millis() - seen.millis() >= SEEN_EVERY;
        let is_unseen = self.seen.get(&digest).is_none_or(is_old);
        if is_unseen {
            // Those that are sent no more are forgotten: keys come and go.
            self.seen.retain(|_, seen| !is_old(seen));
            self.seen.insert(digest, now);
        }
        is_unseen
    }

    /// A key was changed.
    fn forget(&mut self) {
        self.found.clear();
        self.changes += 1;
    }
}

/// A new secret.
fn generate() -> Result<String, RandomnessError> {
    Ok(format!("{PREFIX}{}", secret::generate()?))
}

/// What is kept of a secret.
pub fn kept(secret: &str) -> NewSecret {
    NewSecret { digest: digest(secret), prefix: secret.chars().take(KEPT_LENGTH).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sight;
    use model::key::Grant;

    #[test]
    fn no_key_is_made_twice() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(one.starts_with(PREFIX) && one.len() == 46);
        assert_ne!(digest(&one), digest(&other));
        assert_eq!(kept(&one).prefix, one[..9]);
    }

    #[test]
    fn what_was_read_before_a_key_was_changed_is_not_remembered_after_it() {
        let key = Key { name: "shop".into(), grant: Grant::Ingest, ends: None, team: None, sight: Sight::ALL };
        let at = Instant::from_millis;
        let mut remembered = Remembered::default();
        let (_, changes) = remembered.find([1; 32], at(0));
        remembered.keep([1; 32], Some(&key), at(0), changes);
        assert_eq!(remembered.find([1; 32], at(999)).0, Some(key.clone()));
        assert_eq!(remembered.find([1; 32], at(1_000)).0, None);
        let (_, changes) = remembered.find([1; 32], at(1_000));
        remembered.forget();
        remembered.keep([1; 32], Some(&key), at(1_000), changes);
        assert_eq!(remembered.find([1; 32], at(1_000)).0, None);
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let mut remembered = Remembered::default();
        let noted = [0, 1, 59_999, 60_000, 119_999].map(|at| remembered.is_unseen([1; 32], Instant::from_millis(at)));
        assert_eq!(noted, [true, false, false, true, false]);
        // Those of many keys that came and went are forgotten.
        for number in 0..100 {
            assert!(remembered.is_unseen([number; 32], Instant::from_millis(200_000 + i64::from(number) * 60_000)));
        }
        assert_eq!(remembered.seen.len(), 1);
    }
}
