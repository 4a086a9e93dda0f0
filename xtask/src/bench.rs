//! `cargo xtask bench`: what is fast where it counts, as ratios to a baseline measured in the same run.

use anyhow::Result;

use crate::{
    postgres::{self, TestPostgres},
    tools::{self, cargo},
};

/// Storing events against `COPY` of the same rows, on Postgres.
///
/// # Errors
/// Postgres is missing, or the bench fails.
pub(crate) fn bench() -> Result<()> {
    let postgres = TestPostgres::start(true)?;
    let mut ingest = cargo(["bench", "--package", "server", "--bench", "ingest"]);
    tools::run(ingest.env(postgres::URL_VARIABLE, postgres.url()))
}
