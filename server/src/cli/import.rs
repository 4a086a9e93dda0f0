//! `usage-monitor import`.

use super::{Database, Failure};
use crate::{
    clock::DatabaseClock,
    import::{self, ImportArgs, Sink},
    store::{Appended, Store, StoreError},
};
use clap::Args;
use model::{event::Event, instant::Instant};
use std::sync::Arc;

/// The options of `import`.
#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    log: ImportArgs,

    #[command(flatten)]
    database: Database,
}

impl Import {
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub(super) async fn run(self) -> Result<(), Failure> {
        import::check(&self.log)?;
        let store = self.database.open().await?;
        let clock = Arc::new(DatabaseClock::of(&store).await?);
        let summary = import::run(&self.log, clock, &Straight(store.clone())).await?;
        store.close().await;
        println!("{summary}");
        Ok(())
    }
}

/// Straight into the store: an import is alone in its process and makes batches itself.
struct Straight(Store);

impl Sink for Straight {
    type Error = StoreError;

    async fn append(&self, events: Vec<Event>) -> Result<Appended, StoreError> {
        Ok(self.0.append(&events).await?.into_iter().collect())
    }

    async fn shift_for(&self, digest: [u8; 32], newest: Instant, now: Instant) -> Result<i64, StoreError> {
        self.0.import_shift(digest, now.millis() - newest.millis()).await
    }

    async fn reach(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        self.0.reach(now).await
    }
}
