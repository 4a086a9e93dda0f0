//! How fast events are taken in and the dashboards' data is read, each as a ratio to a baseline measured in the same run:
//! machines differ, and so does what else runs on them.
//!
//! Product and baseline take turns, and what counts is the median. `TEST_DATABASE_URL` names a Postgres to measure on;
//! without it, all is measured on SQLite. `cargo xtask bench ingest` runs both.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on stops, and prints its figures")]

#[path = "../../tests/harness/database.rs"]
#[expect(dead_code, reason = "whether it is shared matters to tests")]
mod database;

mod baseline;
mod client;
mod engine;
mod processor;
mod reads;
mod requests;
mod scopes;
mod table;
mod workload;

use clap::{Parser, ValueEnum};

/// How often product and baseline take turns, unless told otherwise.
const ROUNDS: usize = 5;

/// From how many events the dashboards' data is read.
const MANY: usize = 2_000_000;
const LARGE: usize = 10_000_000;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// Storing batches, against the same rows appended bare
    Engine,
    /// Batches over HTTP, against storing them directly
    Batches,
    /// Single events over HTTP, against answering without storing
    Singles,
    /// The dashboards' data through the eyes of a team, against all accounts
    Scopes,
    /// The dashboards' data with few and many events, against asking the raw events
    Reads,
}

#[derive(Parser)]
struct Arguments {
    /// What to measure; everything unless named
    parts: Vec<Part>,
    /// How often product and baseline take turns
    #[arg(long, default_value_t = ROUNDS)]
    rounds: usize,
    /// Read from 10 million events instead of 2 million
    #[arg(long)]
    large: bool,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let database = if std::env::var_os("TEST_DATABASE_URL").is_some() { "Postgres" } else { "SQLite" };
    println!("\n{database}, medians of {}", arguments.rounds);
    let measured = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    if measured(Part::Engine) {
        engine::measure(&runtime, arguments.rounds);
    }
    if measured(Part::Batches) {
        requests::measure_batches(&runtime, arguments.rounds);
    }
    if measured(Part::Singles) {
        requests::measure_singles(&runtime, arguments.rounds);
    }
    if measured(Part::Reads) {
        reads::measure(&runtime, arguments.rounds, if arguments.large { LARGE } else { MANY });
    }
    if measured(Part::Scopes) {
        scopes::measure(&runtime, arguments.rounds, if arguments.large { LARGE } else { MANY });
    }
}
