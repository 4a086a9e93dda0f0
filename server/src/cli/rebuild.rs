//! `usage-monitor rebuild`.

use super::{Database, Failure};
use clap::Args;

/// The options of `rebuild`.
#[derive(Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    database: Database,
}

impl Rebuild {
    /// Computes every roll-up again. A server that runs meanwhile goes on to answer reads, and refuses events with 503
    /// where this takes longer than it waits for the file.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub(super) async fn run(self) -> Result<(), Failure> {
        let start = std::time::Instant::now();
        let store = self.database.open_to_rebuild().await?;
        let events = store.rebuild().await?;
        store.close().await;
        println!("rolled up {events} events in {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }
}
