//! A setting as this server follows it: read again at each tick, so that what is changed on one server holds on all of them
//! a tick later.

use crate::{clock::Clock, store::StoreError};
use model::instant::Instant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A setting. Cheap to clone; all clones follow together.
pub(crate) struct Current<T> {
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Kept<T>>>,
}

/// What it was at a tick.
struct Kept<T> {
    read: Option<(Instant, T)>,
    /// How often it was changed here: what was read before a change is not kept after it.
    changes: u64,
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self { clock: self.clock.clone(), kept: self.kept.clone() }
    }
}

impl<T: Clone> Current<T> {
    /// One that was not read yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, kept: Arc::new(Mutex::new(Kept { read: None, changes: 0 })) }
    }

    /// What to follow now, at most a tick old, which is read where it has to be.
    pub(crate) async fn get(&self, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let tick = self.clock.now().tick();
        let changes = {
            let kept = self.kept();
            match &kept.read {
                Some((at, value)) if *at == tick => return Ok(value.clone()),
                _ => kept.changes,
            }
        };
        let value = read.await?;
        let mut kept = self.kept();
        if kept.changes == changes {
            kept.read = Some((tick, value.clone()));
        }
        Ok(value)
    }

    /// It was changed: this server follows what it is now at once.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        kept.read = None;
        kept.changes += 1;
    }

    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        // What is kept is whole, whatever happened to whoever held it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use std::future::ready;

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_followed_after_it() {
        let clock = Arc::new(ManualClock::new(Instant::from_millis(0)));
        let current = Current::new(clock.clone());
        // It is changed while somebody reads it.
        let slow = current.get(async {
            current.forget();
            Ok("before")
        });
        assert_eq!(slow.await.unwrap(), "before");
        assert_eq!(current.get(ready(Ok("after"))).await.unwrap(), "after");
        assert_eq!(current.get(ready(Ok("unread"))).await.unwrap(), "after");
        clock.set(Instant::from_millis(10_000));
        assert_eq!(current.get(ready(Ok("a tick later"))).await.unwrap(), "a tick later");
    }
}
