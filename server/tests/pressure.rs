//! Whatever arrives, the program stays within its memory and goes on to answer: a full disk, bodies that grow a
//! thousandfold, senders that never end, more than it can take. Each test prints its figures (`--nocapture`).

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use axum::body::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::future::join_all;
use harness::{
    database::TestDatabase,
    disk::SmallDisk,
    load::{Counted, Load},
    process::Servers,
};
use model::api::problem::Problem;
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    env,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
    time::{interval, sleep},
};

/// For how many seconds more is offered than can be taken: a few, unless this says otherwise.
const SECONDS: &str = "TEST_OVERLOAD_SECONDS";

const MIB: u64 = 1024 * 1024;

/// By how much memory may grow under load.
const LOAD_BYTES: u64 = 256 * MIB;

/// By how much it may grow where a body is decoded.
const BODY_BYTES: u64 = 32 * MIB;

async fn server() -> (TestDatabase, Arc<Servers>) {
    let database = TestDatabase::create().await;
    let servers = Servers::start(&database.url(), 1).await;
    (database, servers)
}

fn post(client: &reqwest::Client, servers: &Servers) -> RequestBuilder {
    client.post(servers.url(0, "/api/v1/events")).header(header::CONTENT_TYPE, "application/json")
}

fn event(number: usize) -> Value {
    json!({
        "account": format!("account {}", number % 50), "user": format!("user {}", number % 500),
        "module": format!("module {}", number % 6), "action": format!("action {}", number % 7),
    })
}

/// How long so many requests with an event each take, sorted.
async fn latencies(client: &reqwest::Client, servers: &Servers, requests: usize) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for number in 0..requests {
        let began = Instant::now();
        let answer = post(client, servers).body(event(number).to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        latencies.push(began.elapsed());
    }
    latencies.sort();
    latencies
}

fn median_and_longest(sorted: &[Duration]) -> (Duration, Duration) {
    (sorted[sorted.len() / 2], sorted[sorted.len() - 1])
}

/// So many MiB of blanks, in as many members.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; usize::try_from(MIB).unwrap()]).unwrap();
    encoder.finish().unwrap().repeat(mebibytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_grow_a_thousandfold_are_refused_and_take_no_memory() {
    let (_database, servers) = server().await;
    let client = reqwest::Client::new();
    let sent = async |bomb: Vec<u8>| {
        post(&client, &servers).header(header::CONTENT_ENCODING, "gzip").body(bomb).send().await.unwrap().status()
    };
    let bomb_of_a_gibibyte = bomb(1024);
    let size = bomb_of_a_gibibyte.len();
    let before = servers.memory(0);
    assert_eq!(sent(bomb_of_a_gibibyte).await, StatusCode::PAYLOAD_TOO_LARGE);
    let grown = servers.peak(0) - before;
    eprintln!("1 GiB as {size} bytes: memory grew by {grown} bytes");
    assert!(grown < BODY_BYTES);

    let before = servers.memory(0);
    let statuses = join_all((0..200).map(|_| sent(bomb(6)))).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::PAYLOAD_TOO_LARGE));
    let grown = servers.peak(0) - before;
    eprintln!("200 times 6 MiB at once: memory grew by {grown} bytes");
    assert!(grown < LOAD_BYTES);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_senders_hold_nobody_up() {
    let (_database, servers) = server().await;
    let client = reqwest::Client::new();
    let alone = latencies(&client, &servers, 50).await;
    let address = servers.url(0, "").trim_start_matches("http://").to_owned();
    let head = "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let mut slow = JoinSet::new();
    for number in 0..200 {
        let (head, chunk) = match number % 2 {
            0 => (format!("{head}Content-Length: {}\r\n\r\n", model::event::REQUEST_BYTES), " "),
            _ => (format!("{head}Transfer-Encoding: chunked\r\n\r\n"), "1\r\n \r\n"),
        };
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        slow.spawn(async move {
            while connection.write_all(chunk.as_bytes()).await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
    }
    sleep(Duration::from_millis(500)).await;
    let beside = latencies(&client, &servers, 50).await;
    assert!(slow.try_join_next().is_none(), "a slow sender was refused");
    let (alone, beside) = (median_and_longest(&alone), median_and_longest(&beside));
    eprintln!("median and longest latency alone {alone:?}, beside 200 slow senders {beside:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_events_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a disk of 64 MB takes root");
        return;
    };
    let database = TestDatabase::Sqlite(disk.directory());
    let servers = Servers::start(&database.url(), 1).await;
    let load = Load::new(&servers);
    load.deliver_next(&[0]).await;
    let sending = load.begin(4);
    sleep(Duration::from_millis(500)).await;
    disk.fill();
    let refusals = load.refusals();
    let (began, mut reads) = (Instant::now(), 0);
    while load.refusals() < refusals + 20 || began.elapsed() < Duration::from_secs(2) {
        for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/usage", "/api/v1/usage/modules", "/"] {
            assert_eq!(reqwest::get(servers.url(0, path)).await.unwrap().status(), StatusCode::OK, "{path}");
            reads += 1;
        }
    }
    let refused = load.refusals() - refusals;
    disk.free();
    let freed = Instant::now();
    load.deliver_next(&[0]).await;
    let recovered = freed.elapsed();
    load.finish(sending).await;
    eprintln!("while the disk was full {refused} refused and {reads} reads answered; recovered after {recovered:?}");
    servers.restart(0).await;
    let counted = load.count().await;
    eprintln!("{load}; {counted:?}");
    assert_eq!(counted, Counted { acknowledged: counted.acknowledged, lost: 0, twice: 0 });
    drop(servers);
    assert_eq!(database.rebuild().await, counted.acknowledged as u64);
    database.check_integrity().await;
}

/// What became of requests with [`Flood::EVENTS`] events each.
#[derive(Debug, Default)]
struct Flood {
    acknowledged: AtomicUsize,
    unanswered: AtomicUsize,
    /// By the reason that was given.
    refused: Mutex<HashMap<String, usize>>,
}

impl Flood {
    const EVENTS: usize = 1_000;

    async fn send(&self, client: &reqwest::Client, servers: &Servers, body: &Bytes) {
        let answer = match post(client, servers).body(body.clone()).send().await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Ok(answer) => answer,
            Err(_) => {
                self.unanswered.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
        let problem: Problem = answer.json().await.unwrap();
        *self.refused.lock().unwrap().entry(problem.detail).or_default() += 1;
    }

    /// How many were acknowledged.
    fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_what_it_can_take_is_refused_within_bounds() {
    let seconds = env::var(SECONDS).map_or(4, |seconds| seconds.parse().unwrap());
    let (database, servers) = server().await;
    let client = reqwest::Client::new();
    let before = latencies(&client, &servers, 50).await;
    let idle = servers.memory(0);
    let flood = Arc::new(Flood::default());
    let body = Bytes::from(Value::from((0..Flood::EVENTS).map(event).collect::<Vec<_>>()).to_string());

    // What can be taken: by four who each wait for the answer.
    let began = Instant::now();
    join_all((0..4).map(async |_| {
        while began.elapsed() < Duration::from_secs(2) {
            flood.send(&client, &servers, &body).await;
        }
    }))
    .await;
    let sustainable = flood.acknowledged() as f64 / began.elapsed().as_secs_f64();

    // Ten times as much, by whoever does not wait.
    let connections = Arc::new(Semaphore::new(1_000));
    let mut every = interval(Duration::from_secs_f64(0.1 / sustainable));
    let mut requests = JoinSet::new();
    let (began, mut offered) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        every.tick().await;
        let connection = connections.clone().acquire_owned().await.unwrap();
        let (flood, client, servers, body) = (flood.clone(), client.clone(), servers.clone(), body.clone());
        requests.spawn(async move {
            flood.send(&client, &servers, &body).await;
            drop(connection);
        });
        offered += 1;
        while requests.try_join_next().is_some_and(|ended| ended.is_ok()) {}
    }
    let offered = f64::from(offered) / began.elapsed().as_secs_f64();
    requests.join_all().await;
    let grown = servers.peak(0).saturating_sub(idle);
    sleep(Duration::from_secs(1)).await;
    let after = latencies(&client, &servers, 50).await;
    let (before, after) = (median_and_longest(&before), median_and_longest(&after));
    eprintln!(
        "{} events a second can be taken, {:.1} times as many offered for {seconds} s; {flood:?}; memory grew by {grown} \
         bytes above {idle}; median and longest latency before {before:?}, a second after {after:?}",
        sustainable * Flood::EVENTS as f64,
        offered / sustainable,
    );
    assert!(grown < LOAD_BYTES);
    drop(servers);
    let (counted, least) = (database.rebuild().await as usize, 100 + flood.acknowledged() * Flood::EVENTS);
    let most = least + flood.unanswered.load(Ordering::Relaxed) * Flood::EVENTS;
    assert!((least..=most).contains(&counted), "{counted} events instead of {least} to {most}");
}
