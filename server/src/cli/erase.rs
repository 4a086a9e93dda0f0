//! `usage-monitor erase`. It works while a server runs on the same database.

use super::{DatabaseUrl, Failure, author};
use crate::clock::{Clock, SystemClock};
use clap::Args;
use model::erasure::{ErasureChoice, id};

/// Who does what is left.
const LEFT: &str = "A server on it does that by itself, now or when it is started.";

/// The options of `erase`.
#[derive(Args)]
pub(super) struct Erase {
    /// The account's id
    #[arg(long, value_name = "ID", value_parser = id)]
    account: String,

    /// The user's id within the account; without it the account goes, with all its users
    #[arg(long, value_name = "ID", value_parser = id)]
    user: Option<String>,

    /// Say what would go, and change nothing
    #[arg(long)]
    preview: bool,

    #[command(flatten)]
    database: DatabaseUrl,
}

impl Erase {
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { account, user, preview, database } = self;
        let store = database.open().await?;
        let choice = ErasureChoice { account, user, preview };
        let nobody = "nothing is known of them";
        let erased = match preview {
            true => {
                let preview = store.preview_erasure(&choice).await?.ok_or(nobody)?;
                for named in preview.elsewhere {
                    println!("stays\t{named}");
                }
                preview.would_erase
            }
            false => {
                let erasure = store.erase(&choice, &author()).await?.ok_or(nobody)?;
                println!("receipt {}", erasure.id);
                erasure.erased
            }
        };
        for (what, count) in erased.each().into_iter().filter(|(_, count)| *count > 0) {
            println!("{count}\t{what}");
        }
        if !preview {
            match store.clean_briefly(SystemClock.now()).await {
                Ok(_) => println!("Gone from the database, and from its files."),
                // What was asked for is done; the files are looked after by whichever server runs on the database.
                Err(error) => println!("Gone from the database. Not from its files yet: {error}. {LEFT}"),
            }
        }
        store.close().await;
        Ok(())
    }
}
