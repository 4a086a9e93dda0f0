//! The one entry point for working on Usage Monitor: `cargo xtask build`, `serve`, `test`, `bench` and `fuzz`.
//!
//! Every task works from a clean clone: it installs what the package registries have, and says of anything else
//! what is missing and how to get it. Paths are relative to the workspace root, where every task runs.

#![allow(clippy::print_stdout, reason = "a command line tool talks on standard output")]

mod bench;
mod build;
mod fuzz;
mod page;
mod postgres;
mod progress;
mod serve;
mod style;
mod tally;
mod test;
mod tools;

use std::{env, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Builds, serves and tests Usage Monitor.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and the server with the page embedded, to target/release/usage-monitor
    Build(build::Options),
    /// Build, then serve on 127.0.0.1:3000 with a database under data/
    Serve(serve::Options),
    /// Run every test there is, or only the stages named
    Test(test::Options),
    /// Measure, against a baseline on the same machine
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Try to break what reads events, with inputs that nobody would think of
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    run(Arguments::parse().task).unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    env::set_current_dir(root).with_context(|| format!("cannot work in {}", root.display()))?;
    match task {
        Task::Build(options) => build::build(&options).map(|_| ExitCode::SUCCESS),
        Task::Serve(options) => serve::serve(&options),
        Task::Test(options) => test::test(&options),
        Task::Bench(bench) => bench::bench(&bench).map(|()| ExitCode::SUCCESS),
        Task::Fuzz(options) => fuzz::fuzz(&options).map(|()| ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense() {
        Arguments::command().debug_assert();
        let arguments = ["xtask", "serve", "--demo", "--listen", "127.0.0.1:0", "--time-zone=UTC"];
        assert!(Arguments::try_parse_from(arguments).is_ok());
        let arguments = ["xtask", "test", "browser", "--", "tracking", "--repeat-each", "5"];
        assert!(Arguments::try_parse_from(arguments).is_ok());
    }
}
