//! `cargo xtask serve`: build, then become the server.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};

use crate::{build, tools};

/// What `cargo xtask serve` understands.
#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Serve a living demo, on a database of its own
    #[arg(long)]
    demo: bool,

    #[command(flatten)]
    build: build::Options,

    /// Passed on to `usage-monitor serve`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    passed_on: Vec<OsString>,
}

/// Builds, then replaces this process by the server, so that signals reach it and nothing else.
///
/// # Errors
/// The build fails, `data/` cannot be created or the server cannot be started. Returns only then.
pub(crate) fn serve(options: &Options) -> Result<ExitCode> {
    let program = build::build(&options.build)?;
    fs::create_dir_all("data").context("cannot create data/")?;
    let mut server = Command::new(program);
    server.args(arguments(options.demo, &options.passed_on, |variable| env::var_os(variable).is_some()));
    Err(server.exec()).with_context(|| format!("cannot run `{}`", tools::line(&server)))
}

/// The server's arguments: those passed on, with a database and an address unless they are given there or by an
/// environment variable, which `is_set` tells.
fn arguments(demo: bool, passed_on: &[OsString], is_set: impl Fn(&str) -> bool) -> Vec<OsString> {
    let given = |option: &str, variable: &str| {
        let with_value = format!("{option}=");
        is_set(variable)
            || passed_on.iter().any(|word| word == option || word.to_string_lossy().starts_with(&with_value))
    };
    let demo_given = given("--demo", "USAGE_MONITOR_DEMO");
    let database = if demo || demo_given { "sqlite://data/demo.db" } else { "sqlite://data/usage-monitor.db" };

    let mut arguments = vec!["serve".into()];
    for (option, variable, value) in
        [("--database", "USAGE_MONITOR_DATABASE", database), ("--listen", "USAGE_MONITOR_LISTEN", "127.0.0.1:3000")]
    {
        if !given(option, variable) {
            arguments.extend([option.into(), value.into()]);
        }
    }
    if demo && !demo_given {
        arguments.push("--demo".into());
    }
    arguments.extend_from_slice(passed_on);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(demo: bool, passed_on: &[&str]) -> String {
        let passed_on: Vec<OsString> = passed_on.iter().map(OsString::from).collect();
        arguments(demo, &passed_on, |_| false).join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn serves_locally_from_data() {
        assert_eq!(line(false, &[]), "serve --database sqlite://data/usage-monitor.db --listen 127.0.0.1:3000");
    }

    #[test]
    fn demo_has_a_database_of_its_own_wherever_the_word_stands() {
        let demo = "serve --database sqlite://data/demo.db --listen 127.0.0.1:3000";
        assert_eq!(line(true, &[]), format!("{demo} --demo"));
        assert_eq!(line(false, &["--time-zone", "UTC", "--demo"]), format!("{demo} --time-zone UTC --demo"));
    }

    #[test]
    fn what_is_passed_on_goes_first() {
        assert_eq!(
            line(false, &["--listen=[::1]:80", "--database", "sqlite://x.db"]),
            "serve --listen=[::1]:80 --database sqlite://x.db"
        );
    }

    #[test]
    fn environment_variables_are_left_to_the_server() {
        let arguments = arguments(true, &[], |variable| variable == "USAGE_MONITOR_DATABASE");
        assert_eq!(arguments, ["serve", "--listen", "127.0.0.1:3000", "--demo"]);
    }
}
