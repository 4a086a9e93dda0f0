//! The time, passed in: nothing else in the server asks the system for it.

use crate::store::{DatabaseTime, Store, StoreError};
use model::instant::Instant;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A source of the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Instant;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Instant::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The clock of a database that several servers share, so that ticks and presence are the same on each: the system's,
/// put right by how far the two were apart when they were last compared. Where nothing is shared, the system's alone.
#[derive(Debug, Default)]
pub struct DatabaseClock {
    /// By how many milliseconds the database is ahead.
    ahead: AtomicI64,
}

impl DatabaseClock {
    /// How often the clocks are compared: system clocks drift by less than a millisecond meanwhile.
    const COMPARED_EVERY: Duration = Duration::from_secs(10);

    /// An answer that took longer says too little about when it was given.
    const PROMPT: Duration = Duration::from_millis(200);

    /// The clock of a database.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        let clock = Self::default();
        if let Some(time) = store.now().await? {
            clock.set(time);
        }
        Ok(clock)
    }

    /// Compares the clocks again and again. What was found last stands while the database does not answer promptly.
    pub async fn follow(self: Arc<Self>, store: Store) {
        while store.is_shared() {
            tokio::time::sleep(Self::COMPARED_EVERY).await;
            match store.now().await {
                Ok(Some(time)) if time.took < Self::PROMPT => self.set(time),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the database's clock could not be read"),
            }
        }
    }

    /// Takes over what the database's clock has just shown.
    fn set(&self, DatabaseTime { time, took }: DatabaseTime) {
        let half_way = i64::try_from(took.as_millis() / 2).unwrap_or(0);
        let here = SystemClock.now().millis() - half_way;
        self.ahead.store(time.millis() - here, Ordering::SeqCst);
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Instant {
        SystemClock.now().plus_millis(self.ahead.load(Ordering::SeqCst))
    }
}

/// A clock that stands still until it is set. For tests: with it, midnight and ticks come when they are wanted.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows an instant.
    pub fn new(now: Instant) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Sets it.
    pub fn set(&self, now: Instant) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}
