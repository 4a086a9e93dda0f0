//! The command line.

mod import;
mod key;
mod rebuild;
mod serve;
#[cfg(feature = "oidc")]
mod single_sign_on;
mod user;

use crate::{
    clock::{Clock, SystemClock},
    store::{Asked, Author, Store, StoreError},
};
use chrono_tz::Tz;
use clap::{Args, Parser, Subcommand};
use model::audit::AuthorKind;
use std::{io::IsTerminal, process::ExitCode};

/// Shows a B2B software company, live, who is using its product.
#[derive(Parser)]
#[command(
    name = "usage-monitor",
    version,
    after_help = "Options can also be given as the environment variables named with them.\n\
        First steps: usage-monitor serve --demo --database sqlite://demo.db"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the dashboards and take events in
    Serve(Box<serve::Serve>),
    /// Import events from CSV or NDJSON files, plain or gzip
    Import(import::Import),
    /// Compute every roll-up again from the events
    Rebuild(rebuild::Rebuild),
    /// Manage API keys
    #[command(subcommand)]
    Key(key::Key),
    /// Manage who may sign in
    #[command(subcommand)]
    User(user::User),
}

/// Which database.
#[derive(Args)]
struct DatabaseUrl {
    /// Where the data lies: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long = "database",
        env = "USAGE_MONITOR_DATABASE",
        hide_env_values = true,
        default_value = "sqlite://usage-monitor.db",
        value_name = "URL"
    )]
    url: String,
}

impl DatabaseUrl {
    /// Opens the database as it is: whatever its roll-ups are computed with stays.
    async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.url, Asked::default()).await
    }
}

/// Which database, and what its roll-ups are computed with.
#[derive(Args)]
struct Database {
    #[command(flatten)]
    at: DatabaseUrl,

    /// Reporting zone, an IANA name such as Europe/Berlin: what days and periods mean. A new database reports in UTC
    /// unless told otherwise; changing it later rebuilds every roll-up, which on Postgres only "rebuild" does
    #[arg(long, env = "USAGE_MONITOR_TIME_ZONE", value_name = "ZONE", value_parser = zone)]
    time_zone: Option<Tz>,

    /// Idle gap in minutes, 1 to 30: neighbouring active minutes at most this far apart count as time spent. 5 unless
    /// told otherwise; changing it later rebuilds every roll-up, as with the zone
    #[arg(long, env = "USAGE_MONITOR_IDLE_GAP", value_name = "MINUTES", value_parser = minutes())]
    idle_gap: Option<u32>,
}

impl Database {
    async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.at.url, self.asked()).await
    }

    fn asked(&self) -> Asked {
        Asked { zone: self.time_zone, idle_gap: self.idle_gap, author: Some(author()) }
    }
}

/// Who calls a command, for the audit log: the system tells user and machine, and nobody else does.
fn author() -> Author {
    let (user, machine) = (rustix::process::getuid(), rustix::system::uname());
    Author {
        kind: AuthorKind::CommandLine,
        number: 0,
        name: String::new(),
        place: format!("user {} on {}", user.as_raw(), machine.nodename().to_string_lossy()),
        at: SystemClock.now(),
    }
}

/// Reads the name of a zone in any case.
fn zone(name: &str) -> Result<Tz, String> {
    let known = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    known.copied().ok_or_else(|| "not an IANA time zone, such as Europe/Berlin or UTC".to_owned())
}

fn minutes() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32)
        .range(i64::from(*model::MINUTES_SETTING.start())..=i64::from(*model::MINUTES_SETTING.end()))
}

/// Why a command failed: a sentence for whoever called it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("USAGE_MONITOR_LOG").unwrap_or_else(|_| "info".into()),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match tokio::runtime::Runtime::new().map_err(Failure::from).and_then(|runtime| runtime.block_on(run(cli.command))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("usage-monitor: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Import(import) => import.run().await,
        Command::Rebuild(rebuild) => rebuild.run().await,
        Command::Key(key) => key.run().await,
        Command::User(user) => user.run().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_zone_is_known_in_any_case() {
        assert_eq!(zone("europe/berlin"), Ok(Tz::Europe__Berlin));
        assert!(zone("Berlin").is_err());
    }
}
