//! `usage-monitor import`.

use super::{Database, Failure};
use clap::Args;

/// The options of `import`.
#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    database: Database,
}

impl Import {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let _store = self.database.open().await?;
        Ok(())
    }
}
