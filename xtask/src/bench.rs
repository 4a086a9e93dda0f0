//! `cargo xtask bench`: what is fast where it counts, as ratios to a baseline measured in the same run.

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::{
    postgres::{self, TestPostgres},
    tools::{self, cargo},
};

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Taking events in and reading the dashboards' data, on SQLite and on Postgres
    Ingest(Options),
}

#[derive(Args)]
pub(crate) struct Options {
    /// Only on one of the two
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    on: Option<String>,

    /// What to measure, and how; `--help` after `--` tells
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Measures.
///
/// # Errors
/// Postgres is missing, or the bench fails.
pub(crate) fn bench(Bench::Ingest(options): &Bench) -> Result<()> {
    let ingest = || {
        let mut ingest = cargo(["bench", "--package", "server", "--bench", "ingest", "--"]);
        ingest.args(&options.arguments);
        ingest
    };
    if options.on.as_deref() != Some("postgres") {
        tools::run(ingest().env_remove(postgres::URL_VARIABLE))?;
    }
    if options.on.as_deref() != Some("sqlite") {
        let postgres = TestPostgres::start(true)?;
        tools::run(ingest().env(postgres::URL_VARIABLE, postgres.url()))?;
    }
    Ok(())
}
