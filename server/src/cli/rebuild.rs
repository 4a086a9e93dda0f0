//! `usage-monitor rebuild`.

use super::{Database, Failure};
use crate::store::Store;
use clap::Args;

/// The options of `rebuild`.
#[derive(Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    database: Database,
}

impl Rebuild {
    /// Computes every roll-up again. Servers that run meanwhile go on to answer reads, and refuse events with 503 where
    /// this takes longer than they wait.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub(super) async fn run(self) -> Result<(), Failure> {
        let start = std::time::Instant::now();
        let events = Store::rebuild_at(&self.database.at.url, self.database.asked()).await?;
        println!("rolled up {events} events in {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }
}
