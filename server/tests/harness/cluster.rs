//! A Postgres of the test's own, as durable as any, to be killed.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Where the programs of Postgres are.
const PROGRAMS_VARIABLE: &str = "TEST_POSTGRES_PROGRAMS";

/// A cluster that goes with the test.
pub(crate) struct Cluster {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    as_postgres: bool,
}

impl Cluster {
    /// A new one, running; `None` where nobody said where the programs of Postgres are.
    pub(crate) fn create() -> Option<Self> {
        let programs = PathBuf::from(env::var_os(PROGRAMS_VARIABLE)?);
        let directory = tempfile::tempdir().expect("a directory");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        // Postgres refuses to be run by root, who alone may give a directory away.
        let as_postgres = Command::new("chown").arg("postgres").arg(directory.path()).stderr(Stdio::null()).status();
        let as_postgres = as_postgres.is_ok_and(|status| status.success());
        let cluster = Self { programs, directory, port: port.expect("a port").port(), as_postgres };
        let mut initdb = cluster.program("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"]);
        assert!(initdb.arg(cluster.data()).stdout(Stdio::null()).status().expect("initdb").success());
        cluster.start();
        Some(cluster)
    }

    /// How it is reached.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it accepts connections.
    pub(crate) fn start(&self) {
        let directory = self.directory.path().display();
        for _ in 0..50 {
            let mut start = self.program("pg_ctl");
            start
                .args(["start", "--wait", "-s", "-D"])
                .arg(self.data())
                .arg("-l")
                .arg(self.directory.path().join("log"));
            start.arg("-o").arg(format!("-p {} -k {directory} -c listen_addresses=127.0.0.1", self.port));
            if start.stderr(Stdio::null()).status().expect("pg_ctl").success() {
                return;
            }
            // What was killed may still be going.
            thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        panic!("Postgres does not start:\n{log}");
    }

    /// Kills every process of it at once.
    pub(crate) fn kill(&self) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).expect("a running Postgres");
        let postmaster = file.lines().next().expect("its process");
        // Where the system does not say which processes are its children, they notice its end by themselves.
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
        // Some may have ended by themselves meanwhile.
        let _ = Command::new("sh").args(["-c", &format!("kill -9 {postmaster} {children} 2> /dev/null")]).status();
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !self.as_postgres {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        let _ = stop.args(["stop", "--wait", "-s", "-m", "immediate", "-D"]).arg(self.data()).status();
    }
}
