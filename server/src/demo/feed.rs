//! Feeds the demo to the server, through the same door as real events.

use super::{Demo, HISTORY_DAYS};
use crate::{
    clock::Clock,
    ingest::{Ingest, IngestError},
    store::{Store, StoreError},
};
use chrono::Duration;
use model::{
    Day,
    event::{EVENTS_PER_REQUEST, Event},
    instant::Instant,
    zone::{day_of, day_start},
};
use std::sync::Arc;

/// Which demo: any number gives another one.
const SEED: u64 = 7;

/// How many days of the past are made and sent at a time.
const DAYS_AT_A_TIME: i64 = 10;

/// How often the living users' events are sent.
const PACE: std::time::Duration = std::time::Duration::from_secs(2);

/// How long to wait when the server can't take more.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database holds events that are not the demo's.
    #[error("this database holds real events; give the demo one of its own, such as --database sqlite://demo.db")]
    RealEvents,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A demo ready to be fed.
pub struct Feed {
    demo: Demo,
    opened: Day,
    filled: bool,
    store: Store,
    ingest: Ingest,
    clock: Arc<dyn Clock>,
}

impl Feed {
    /// The demo of a database: the one that lies there, or a new one in an empty database.
    pub async fn open(store: Store, ingest: Ingest, clock: Arc<dyn Clock>) -> Result<Self, DemoError> {
        let zone = store.reporting().zone;
        let (opened, filled) = match store.demo().await? {
            Some(stored) => (stored.opened, stored.filled),
            None if store.read().await?.data_since().await?.is_some() => return Err(DemoError::RealEvents),
            None => {
                let opened = day_of(&zone, clock.now()) - Duration::days(HISTORY_DAYS);
                store.open_demo(opened).await?;
                (opened, false)
            }
        };
        Ok(Self { demo: Demo::new(SEED, zone, opened), opened, filled, store, ingest, clock })
    }

    /// Sends what happened so far, today first, so that the page is alive at once; then goes on as time goes on.
    /// Ends when the server stops.
    pub async fn run(mut self) {
        if let Err(error) = self.live().await {
            tracing::warn!(%error, "the demo stands still");
        }
    }

    async fn live(&mut self) -> Result<(), DemoError> {
        let zone = self.store.reporting().zone;
        let start = self.clock.now();
        let mut sent_until = start;
        let newest = self.store.read().await?.data_until().await?.unwrap_or(self.opened);
        let mut first = day_of(&zone, start);
        let complete_before = if self.filled { newest } else { self.opened };
        let Some(()) = self.send(day_start(&zone, first), start).await else { return Ok(()) };
        while first > complete_before {
            let earlier = (first - Duration::days(DAYS_AT_A_TIME)).max(complete_before);
            let Some(()) = self.send(day_start(&zone, earlier), day_start(&zone, first)).await else { return Ok(()) };
            first = earlier;
        }
        self.store.demo_is_filled().await?;
        loop {
            let now = self.clock.now();
            let Some(()) = self.send(sent_until, now).await else { return Ok(()) };
            sent_until = now;
            tokio::time::sleep(PACE).await;
        }
    }

    /// Sends what happens in a window; `None` when the server stops. The server may be busy: sending again does no
    /// harm.
    async fn send(&mut self, from: Instant, to: Instant) -> Option<()> {
        let events: Vec<Event> = tokio::task::block_in_place(|| self.demo.events(from, to));
        for events in events.chunks(EVENTS_PER_REQUEST) {
            loop {
                match self.ingest.append(events.to_vec()).await {
                    Ok(_) => break,
                    Err(IngestError::Stopping) => return None,
                    Err(IngestError::QueueFull | IngestError::Store(_) | IngestError::InDoubt) => {
                        tokio::time::sleep(PAUSE).await
                    }
                }
            }
        }
        Some(())
    }
}
