//! `usage-monitor key`.

use super::{DatabaseUrl, Failure};
use crate::{
    clock::{Clock, SystemClock},
    key,
    store::Grant,
};
use clap::{Args, Subcommand, ValueEnum};

/// What can be done with keys.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key and print it, alone, on standard output: it is shown this once
    Create(Create),
}

/// The options of `key create`.
#[derive(Args)]
pub(super) struct Create {
    /// What to call the key, in at most 100 characters
    #[arg(long, value_parser = name)]
    name: String,

    /// What it may do
    #[arg(long)]
    grant: GrantName,

    #[command(flatten)]
    database: DatabaseUrl,
}

#[derive(Clone, Copy, ValueEnum)]
enum GrantName {
    /// Send events
    Ingest,
    /// Read the dashboards' data
    Read,
}

impl Key {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run().await,
        }
    }
}

impl Create {
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    async fn run(self) -> Result<(), Failure> {
        let grant = match self.grant {
            GrantName::Ingest => Grant::Ingest,
            GrantName::Read => Grant::Read,
        };
        let key = key::generate()?;
        let store = self.database.open().await?;
        store.add_key(key::digest(&key), &self.name, grant, SystemClock.now()).await?;
        println!("{key}");
        Ok(())
    }
}

fn name(text: &str) -> Result<String, String> {
    let usable = !text.trim().is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control);
    if usable { Ok(text.trim().to_owned()) } else { Err("give it a name of 1 to 100 printable characters".to_owned()) }
}
