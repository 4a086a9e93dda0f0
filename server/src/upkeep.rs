//! What is done from time to time and nobody waits for: dropping raw events that are older than they are kept, and taking
//! what was erased out of the files of the database. Every server does it; which of them gets to it makes no difference.

use crate::{
    clock::Clock,
    refusal::Refusals,
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
    refusals: Refusals,
    due: Arc<Notify>,
}

impl Upkeep {
    /// Of the database in a store, and of what a server remembers of bodies it refused.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, refusals: Refusals) -> Self {
        Self { store, clock, refusals, due: Arc::default() }
    }

    /// Lets it be done now.
    pub(crate) fn hasten(&self) {
        self.due.notify_one();
    }

    /// Does what there is to do, again and again.
    pub(crate) async fn run(self) {
        let mut done = Done::default();
        loop {
            if let Err(error) = self.work(&mut done).await {
                tracing::warn!(%error, "not all of the upkeep was done; it is tried again");
            }
            if tokio::time::timeout(EVERY, self.due.notified()).await.is_ok() {
                done.cleaning = Pauses::default();
            }
        }
    }

    /// Does each, whatever becomes of the other, and tells the first fault.
    async fn work(&self, done: &mut Done) -> Result<(), StoreError> {
        let cleaned = self.clean(&mut done.cleaning).await;
        let dropped = self.drop_old_events(&mut done.events_since).await;
        // Which has read how often somebody was erased, on whatever server.
        self.refusals.get(self.store.erasures_seen());
        cleaned.and(dropped)
    }

    async fn clean(&self, pauses: &mut Pauses) -> Result<(), StoreError> {
        if pauses.is_one() {
            return Ok(());
        }
        let cleaned = self.store.clean(self.clock.now()).await;
        match cleaned {
            Ok(_) => *pauses = Pauses::default(),
            Err(_) => pauses.lengthen(),
        }
        cleaned.map(|_| ())
    }

    /// To look for more costs a walk through all raw events.
    async fn drop_old_events(&self, events_since: &mut Option<Instant>) -> Result<(), StoreError> {
        if self.store.reach(self.clock.now()).await? != *events_since {
            *events_since = self.store.drop_old_events(self.clock.now()).await?;
        }
        Ok(())
    }
}

/// What this server has done.
#[derive(Default)]
struct Done {
    cleaning: Pauses,
    /// Until when raw events were dropped.
    events_since: Option<Instant>,
}

/// Rounds that are left out after one that failed: each time twice as many, up to an hour of them. Whoever is in the way may
/// stay there for long, and to try costs those who write.
#[derive(Default)]
struct Pauses {
    left: u32,
    next: u32,
}

impl Pauses {
    /// The most rounds that are left out.
    const MOST: u32 = 60;

    /// Whether this round is one.
    fn is_one(&mut self) -> bool {
        let is_one = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_one
    }

    fn lengthen(&mut self) {
        self.left = self.next;
        self.next = (self.next * 2).clamp(1, Self::MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        store::{Asked, Author},
    };
    use model::{
        erasure::ErasureChoice,
        event::{Event, IdScope, Kind},
    };

    fn event(user: &str, time: Instant) -> Event {
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: None,
            account_attributes: Vec::new(),
            user: user.into(),
            user_name: None,
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "Export".into(), count: 1 },
            time,
            received: time,
        }
    }

    #[tokio::test]
    async fn who_reads_what_was_before_stops_no_retention_and_has_the_file_written_anew_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", directory.path().join("db").display()), Asked::default())
            .await
            .unwrap();
        let now = Instant::parse("2026-11-23T11:00:00Z").unwrap();
        let old = now.plus_millis(-10 * 86_400_000);
        store.append(&[event("lisa", old), event("lisa", now), event("bob", old), event("bob", now)]).await.unwrap();
        let reading = store.read().await.unwrap();
        let lisa = ErasureChoice { account: "acme".to_owned(), user: Some("lisa".to_owned()), preview: false };
        store.erase(&lisa, &Author::anyone()).await.unwrap().unwrap();
        store.set_retention(Some(5), Author::anyone()).await.unwrap();

        let upkeep = Upkeep::new(store.clone(), Arc::new(ManualClock::new(now)), Refusals::default());
        let mut done = Done::default();
        assert!(matches!(upkeep.work(&mut done).await, Err(StoreError::StillRead)));
        assert_eq!(
            store.retention().await.unwrap().kept_since.map(|day| day.to_string()).as_deref(),
            Some("2026-11-18")
        );
        let log = || std::fs::metadata(directory.path().join("db-wal")).unwrap().len();
        let written = log();
        assert!(matches!(store.clean(now).await, Err(StoreError::StillRead)));
        assert_eq!(log(), written);
        // Left out for a round, then for two.
        assert!(upkeep.work(&mut done).await.is_err());
        assert!(upkeep.work(&mut done).await.is_ok());
        assert!(upkeep.work(&mut done).await.is_err());
        drop(reading);
        assert!(upkeep.work(&mut done).await.is_ok() && store.erasures().await.unwrap()[0].cleaned.is_none());
        assert!(upkeep.work(&mut done).await.is_ok() && store.erasures().await.unwrap()[0].cleaned.is_none());
        assert!(upkeep.work(&mut done).await.is_ok() && store.erasures().await.unwrap()[0].cleaned.is_some());
        assert!(log() < written / 2);
    }
}
