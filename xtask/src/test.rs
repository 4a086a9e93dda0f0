//! `cargo xtask test`: every test there is, in stages, each of which can be run alone.

use std::{
    ffi::OsString,
    fmt::Write as _,
    io::{self, BufRead, BufReader, IsTerminal, Write as _},
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::{
    build,
    postgres::{self, TestPostgres},
    tally::{self, Tally},
    tools::{self, cargo},
};

/// What `cargo xtask test` understands.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The stages to run; all of them if none is named
    #[arg(value_enum)]
    stages: Vec<Stage>,

    /// Passed on to Playwright, such as the specs to run: `browser -- tracking --repeat-each 5`
    #[arg(last = true, value_name = "OPTION")]
    passed_on: Vec<OsString>,
}

/// The stages, in the order they run: what answers soonest comes first.
#[derive(Clone, Copy, ValueEnum)]
enum Stage {
    /// Is all code formatted?
    Format,
    /// Is clippy content with all code, on the server's side and the browser's?
    Clippy,
    /// Unit, property, API and store tests, on SQLite
    Unit,
    /// Property, API and store tests again, on Postgres
    Postgres,
    /// The model's unit tests, run as WebAssembly
    Wasm,
    /// The page in Chromium, with and without JavaScript
    Browser,
}

/// The test programs of the crate `server` that run on whichever database they are given.
const ON_BOTH_DATABASES: [&str; 17] = [
    "api",
    "audit",
    "erasure",
    "faults",
    "keys",
    "kills",
    "properties",
    "protocols",
    "quality",
    "retention",
    "several_servers",
    "sign_in",
    "single_sign_on",
    "team_figures",
    "time_zone",
    "tracking",
    "who_sees_what",
];

/// A stage that has run.
struct Outcome {
    stage: String,
    tallies: Vec<Tally>,
    took: Duration,
}

/// Runs the stages, all of them even if one fails, and sums up.
///
/// # Errors
/// Only when the summary cannot be written. Failed tests are told by the exit code.
pub(crate) fn test(options: &Options) -> Result<ExitCode> {
    let stages = if options.stages.is_empty() { Stage::value_variants() } else { &options.stages };
    let outcomes: Vec<Outcome> = stages.iter().map(|stage| stage.outcome(&options.passed_on)).collect();
    let (summary, failed) = summary(&outcomes)?;
    print!("\n{summary}");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Stage {
    fn outcome(self, passed_on: &[OsString]) -> Outcome {
        let stage = self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        println!("\n── {stage} ──");
        let begun = Instant::now();
        let tallies = self.run(passed_on).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            vec![Tally::check("could not run", false)]
        });
        Outcome { stage, tallies, took: begun.elapsed() }
    }

    fn run(self, passed_on: &[OsString]) -> Result<Vec<Tally>> {
        match self {
            Self::Format => format(),
            Self::Clippy => clippy(),
            Self::Unit => unit(),
            Self::Postgres => postgres(),
            Self::Wasm => wasm(),
            Self::Browser => browser(passed_on),
        }
    }
}

fn format() -> Result<Vec<Tally>> {
    tools::need_rust_component("rustfmt", "fmt")?;
    let mut fuzz = cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]);
    // It is built by no test, and lists what the server does.
    let mut locked = cargo(["fetch", "--manifest-path", "fuzz/Cargo.toml", "--locked"]);
    Ok(vec![
        check("rustfmt", &mut cargo(["fmt", "--all", "--check"])),
        check("rustfmt of fuzz", &mut fuzz),
        check("the lock file of fuzz", &mut locked),
    ])
}

/// The crate `frontend` and the rest of the workspace are checked apart: together they would share the features of
/// `app`, which is either rendered by the server or hydrated in the browser.
fn clippy() -> Result<Vec<Tally>> {
    tools::need_rust_component("clippy", "clippy")?;
    tools::need_rust_target("wasm32-unknown-unknown")?;
    let server = "clippy --workspace --exclude frontend --all-targets -- -D warnings";
    let browser = "clippy --package frontend --package app --target wasm32-unknown-unknown -- -D warnings";
    Ok(vec![check("server", &mut cargo(server.split(' '))), check("browser", &mut cargo(browser.split(' ')))])
}

fn unit() -> Result<Vec<Tally>> {
    let mut tests = cargo(["test", "--workspace", "--exclude", "frontend", "--no-fail-fast"]);
    tests.env_remove(postgres::URL_VARIABLE);
    let (output, success) = watch(tests)?;
    Ok(or_unfinished(tally::cargo_test(&output), success))
}

fn postgres() -> Result<Vec<Tally>> {
    let postgres = TestPostgres::start(false)?;
    let mut tests = cargo(["test", "--package", "server", "--no-fail-fast"]);
    tests.args(ON_BOTH_DATABASES.iter().flat_map(|name| ["--test", name]));
    tests.env(postgres::URL_VARIABLE, postgres.url());
    if let Some(programs) = postgres.programs() {
        tests.env(postgres::PROGRAMS_VARIABLE, programs);
    }
    let (output, success) = watch(tests)?;
    let tallies = tally::cargo_test(&output).into_iter();
    Ok(or_unfinished(tallies.map(|tally| tally.of("Postgres")).collect(), success))
}

fn wasm() -> Result<Vec<Tally>> {
    const TARGET: &str = "wasm32-wasip1";
    tools::need_rust_target(TARGET)?;
    tools::need_node("Running tests as WebAssembly")?;
    let mut tests = cargo(["test", "--package", "model", "--lib", "--target", TARGET]);
    let runner = Path::new("xtask/node/wasi.mjs").canonicalize().context("cannot find the runner for WebAssembly")?;
    tests.env("CARGO_TARGET_WASM32_WASIP1_RUNNER", format!("node --no-warnings {}", runner.display()));
    let (output, success) = watch(tests)?;
    Ok(or_unfinished(tally::cargo_test(&output), success))
}

/// On SQLite, then on Postgres.
fn browser(passed_on: &[OsString]) -> Result<Vec<Tally>> {
    let (output, success) = watch(playwright(passed_on)?)?;
    let mut tallies = or_unfinished(vec![tally::playwright(&output)], success);

    let postgres = TestPostgres::start(false)?;
    let mut tests = playwright(passed_on)?;
    tests.env(postgres::URL_VARIABLE, postgres.url());
    let (output, success) = watch(tests)?;
    tallies.extend(or_unfinished(vec![tally::playwright(&output).of("Postgres")], success));
    Ok(tallies)
}

/// The specs start their own servers: the program itself, and a controlled one whose clock they set. Some of them run
/// clients that people already have, in Node and in Python.
fn playwright(passed_on: &[OsString]) -> Result<Command> {
    tools::need_node("Testing in a browser")?;
    let chromium = tools::need_chromium()?;
    let program = build::build(&build::Options::default())?;
    tools::run(&mut cargo(["build", "--release", "--package", "server", "--example", "controlled"]))?;
    let controlled = tools::target_dir().join("release/examples/controlled");

    let directory = Path::new("end2end");
    tools::need_node_packages(directory)?;
    let python_packages = tools::target_dir().join("python");
    tools::need_python_packages(&directory.join("clients/requirements.txt"), &python_packages)?;
    let mut tests = Command::new("npx");
    tests.args(["--no-install", "playwright", "test"]).args(passed_on).current_dir(directory);
    tests.env("CHROMIUM", chromium);
    tests.env("PYTHONPATH", python_packages.canonicalize()?);
    tests.env("USAGE_MONITOR", program.canonicalize()?);
    tests.env("USAGE_MONITOR_CONTROLLED", controlled.canonicalize()?);
    tests.env_remove(postgres::URL_VARIABLE);
    Ok(tests)
}

/// Runs a command that is one check as a whole.
fn check(name: &str, command: &mut Command) -> Tally {
    let outcome = tools::run(command);
    if let Err(error) = &outcome {
        eprintln!("error: {error:#}");
    }
    Tally::check(name, outcome.is_ok())
}

/// A runner that fails without naming a failed test was cut short: that counts as a failure too.
fn or_unfinished(mut tallies: Vec<Tally>, success: bool) -> Vec<Tally> {
    if !success && tallies.iter().all(|tally| tally.failed == 0) {
        tallies.push(Tally::check("did not finish", false));
    }
    tallies
}

/// Runs a command, its output streaming through, and returns the output and whether the command succeeded. Standard
/// output and error are one stream, so that cargo's "Running …" stays before the results it belongs to.
fn watch(mut command: Command) -> Result<(String, bool)> {
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot run `{}`", tools::line(&command)))?;
    // The pipe ends when its last writer is closed, and `command` holds two.
    drop(command);

    let mut output = String::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        output.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok((output, child.wait()?.success()))
}

/// The table at the end and how many failed. Its last line is the sum alone, for those who read nothing else.
fn summary(outcomes: &[Outcome]) -> Result<(String, u32), std::fmt::Error> {
    let mut table = format!("{:<8} {:<28} {:>6} {:>6} {:>7}\n", "stage", "tests", "passed", "failed", "minutes");
    let (mut passed, mut failed) = (0, 0);
    for Outcome { stage, tallies, took } in outcomes {
        let mut minutes = format!("{:.1}", took.as_secs_f64() / 60.0);
        let mut stage = stage.as_str();
        for tally in tallies {
            writeln!(table, "{stage:<8} {:<28} {:>6} {:>6} {minutes:>7}", tally.name, tally.passed, tally.failed)?;
            (stage, minutes) = ("", String::new());
            passed += tally.passed;
            failed += tally.failed;
        }
    }
    writeln!(table, "\n{passed} passed, {failed} failed")?;
    Ok((table, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watches_both_streams_in_order() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three; exit 1"]);
        assert_eq!(watch(command).unwrap(), ("one\ntwo\nthree\n".to_owned(), false));
    }

    #[test]
    fn sums_up_with_the_total_alone_on_the_last_line() {
        let outcomes = [
            Outcome {
                stage: "clippy".into(),
                tallies: vec![Tally::check("server", true), Tally::check("browser", false)],
                took: Duration::from_secs(90),
            },
            Outcome {
                stage: "unit".into(),
                tallies: vec![Tally { name: "model".into(), passed: 40, failed: 0 }],
                took: Duration::from_secs(6),
            },
        ];
        let (table, failed) = summary(&outcomes).unwrap();
        assert_eq!(
            table,
            "\
stage    tests                        passed failed minutes
clippy   server                            1      0     1.5
         browser                           0      1        \n\
unit     model                            40      0     0.1

41 passed, 1 failed
"
        );
        assert_eq!(failed, 1);
    }

    #[test]
    fn a_run_cut_short_is_a_failure() {
        assert_eq!(or_unfinished(vec![], false), [Tally::check("did not finish", false)]);
        assert_eq!(or_unfinished(vec![Tally::check("a", false)], false), [Tally::check("a", false)]);
        assert_eq!(or_unfinished(vec![], true), []);
    }
}
