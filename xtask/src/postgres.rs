//! A throw-away Postgres for tests and benches.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::tools::{self, run, run_quietly};

/// Where the tests look for a database.
pub(crate) const URL_VARIABLE: &str = "TEST_DATABASE_URL";

/// Where they find the programs to make a cluster of their own with, one that they may kill.
pub(crate) const PROGRAMS_VARIABLE: &str = "TEST_POSTGRES_PROGRAMS";

const INSTALL: &str = "apt-get update && apt-get install -y postgresql";

/// Each test has connections of its own.
const SETTINGS: &str = "-c max_connections=300 -c listen_addresses=127.0.0.1";

/// What makes tests fast, in a cluster whose data nobody will miss.
const NOT_DURABLE: &str = "-c fsync=off -c full_page_writes=off";

/// A Postgres to test with.
pub(crate) enum TestPostgres {
    /// One that somebody else looks after.
    Given(String),
    /// One that is stopped and removed in the end.
    Own { programs: PathBuf, directory: PathBuf, port: u16 },
}

impl TestPostgres {
    /// The one that `TEST_DATABASE_URL` names, or a new cluster on a free port. What `durable` is false for is faster.
    ///
    /// # Errors
    /// Postgres is missing and cannot be installed, or does not start.
    pub(crate) fn start(durable: bool) -> Result<Self> {
        if let Ok(url) = env::var(URL_VARIABLE) {
            return Ok(Self::Given(url));
        }
        let otherwise = format!("name a database, in which the tests make and drop schemas, with {URL_VARIABLE}");
        let programs = tools::find_or_install("PostgreSQL", find_programs, INSTALL, &otherwise)?;
        let directory = env::temp_dir().join(format!("usage-monitor-postgres-{}", std::process::id()));
        fs::create_dir(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        if tools::is_root() {
            run_quietly(Command::new("chown").arg("postgres").arg(&directory))?;
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // From here on it is cleaned up, also where it does not start.
        let postgres = Self::Own { programs, directory, port };
        postgres.begin(if durable { "" } else { NOT_DURABLE })?;
        Ok(postgres)
    }

    /// How the tests reach it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Own { port, .. } => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }

    /// The directory with the programs of Postgres. Whoever gives a database need not have them.
    pub(crate) fn programs(&self) -> Option<PathBuf> {
        match self {
            Self::Given(_) => find_programs(),
            Self::Own { programs, .. } => Some(programs.clone()),
        }
    }

    fn begin(&self, settings: &str) -> Result<()> {
        let Self::Own { programs, directory, port } = self else { return Ok(()) };
        let data = directory.join("data");
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"]);
        run_quietly(initdb.arg(&data))?;
        let mut start = unprivileged(&programs.join("pg_ctl"));
        start.args(["start", "--wait", "-D"]).arg(&data).arg("-l").arg(directory.join("log"));
        // Its output is the log's; a pipe would stay open as long as the server runs.
        run(start.arg("-s").arg("-o").arg(format!("-p {port} -k {} {SETTINGS} {settings}", directory.display())))
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        let Self::Own { programs, directory, .. } = self else { return };
        let mut stop = unprivileged(&programs.join("pg_ctl"));
        stop.args(["stop", "--wait", "-s", "-m", "immediate", "-D"]).arg(directory.join("data"));
        if let Err(error) = run_quietly(&mut stop).and_then(|_| Ok(fs::remove_dir_all(&*directory)?)) {
            eprintln!("warning: the cluster in {} was not removed: {error:#}", directory.display());
        }
    }
}

/// A program of Postgres, which refuses to be run by root.
fn unprivileged(program: &Path) -> Command {
    if !tools::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    // The checkout may lie where that user cannot go.
    command.current_dir("/");
    command
}

/// The directory with `initdb` and `pg_ctl`. Debian keeps them off the path, by version.
fn find_programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut by_version: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    by_version.sort();
    on_path.chain(by_version.into_iter().rev()).find(|place| place.join("initdb").is_file())
}
