//! The program itself, as processes that may be killed at any moment. What a test asks of a server in its own process
//! is not here.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// Names another build of the program, such as one for release, to measure.
const PROGRAM: &str = "USAGE_MONITOR";

/// How many lines of its log a server leaves behind where a test fails.
const LAST_LINES: usize = 30;

/// Servers on one database, each in a place of its own, where its clients find it whatever port it has.
pub(crate) struct Servers {
    database: String,
    logs: TempDir,
    places: Vec<Mutex<Running>>,
}

/// A server that runs, until this is dropped.
struct Running {
    base_url: String,
    child: Child,
    /// Kept open: the program may print more.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Servers {
    /// Starts that many.
    pub(crate) async fn start(database: &str, count: usize) -> Arc<Self> {
        let logs = tempfile::tempdir().expect("a directory");
        let mut servers = Self { database: database.to_owned(), logs, places: Vec::new() };
        for place in 0..count {
            let running = servers.run(place).await;
            servers.places.push(Mutex::new(running));
        }
        Arc::new(servers)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// The address of what one of them answers, since its last start.
    pub(crate) fn url(&self, place: usize, path: &str) -> String {
        format!("{}{path}", self.places[place].lock().expect("no panic").base_url)
    }

    /// How many bytes of memory a server has, from where its peak counts anew.
    pub(crate) fn memory(&self, place: usize) -> u64 {
        fs::write(self.process(place).join("clear_refs"), "5").expect("a process of one's own");
        self.status(place, "VmRSS:")
    }

    /// How many bytes of memory a server had at most since it was asked how many it has.
    pub(crate) fn peak(&self, place: usize) -> u64 {
        self.status(place, "VmHWM:")
    }

    fn status(&self, place: usize, field: &str) -> u64 {
        let status = fs::read_to_string(self.process(place).join("status")).expect("a running server");
        let value = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field of Linux");
        1024 * value.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes")
    }

    /// What Linux says of the process in a place.
    fn process(&self, place: usize) -> PathBuf {
        let id = self.places[place].lock().expect("no panic").child.id().expect("a running server");
        PathBuf::from("/proc").join(id.to_string())
    }

    /// Kills one as `kill -9` does, and starts it again; says how long the start took.
    pub(crate) async fn restart(&self, place: usize) -> Duration {
        self.places[place].lock().expect("no panic").child.start_kill().expect("a running server");
        let began = Instant::now();
        let running = self.run(place).await;
        *self.places[place].lock().expect("no panic") = running;
        began.elapsed()
    }

    async fn run(&self, place: usize) -> Running {
        let log = File::options().create(true).append(true).open(self.log(place)).expect("a log");
        let program = env::var_os(PROGRAM).unwrap_or_else(|| env!("CARGO_BIN_EXE_usage-monitor").into());
        let mut child = Command::new(program)
            .args(["serve", "--access", "open", "--listen", "127.0.0.1:0", "--database", &self.database])
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the program");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let greeting = output.next_line().await.expect("its output").expect("a server that starts");
        let address = greeting.split_whitespace().last().expect("an address");
        Running { base_url: address.trim_end_matches('/').to_owned(), child, _output: output }
    }

    fn log(&self, place: usize) -> PathBuf {
        self.logs.path().join(format!("server-{place}.log"))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for place in 0..self.places.len() {
            let log = fs::read_to_string(self.log(place)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("server {place}:\n{}", lines[lines.len().saturating_sub(LAST_LINES)..].join("\n"));
        }
    }
}
