//! Events over HTTP, through the real router on a loopback socket.

use crate::{
    client::{self, Run},
    database::TestDatabase,
    engine,
    table::{self, Comparison, median, percentile, rate},
    workload::{self, COMMIT, Shape},
};
use model::key::{Grant, NewKey};
use server::{
    Server,
    clock::ManualClock,
    dashboards::Display,
    ingest::{Ingest, Sink},
    store::{Asked, Batch, Outcome, Store, StoreError},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

const BATCHED_EVENTS: usize = 200_000;
const BATCH: usize = 1_000;
/// How many batches are under way at once: while as many as fit into a commit are written, as many more come.
const BATCH_CONNECTIONS: usize = 2 * COMMIT / BATCH;

const SINGLE_EVENTS: usize = 40_000;
const SINGLE_CONNECTIONS: [usize; 2] = [64, 256];
const SINGLES: Shape = Shape { name: "single events", days: 1, users: 5_000, with_ids: true };

/// Forgets what it is given.
struct Forget;

impl Sink for Forget {
    async fn append_batch(&self, batch: &Batch) -> Result<Vec<Outcome>, StoreError> {
        Ok(vec![Outcome::Accepted; batch.events.len()])
    }
}

/// A server over an empty database.
struct Served {
    _database: TestDatabase,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Served {
    async fn start(storing: bool) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::open(&database.url(), Asked::default()).await.unwrap();
        let new = NewKey { name: "bench".to_owned(), grant: Grant::Ingest, expires: None };
        store.add_key(&new, &server::key::kept(client::KEY), &workload::author()).await.unwrap();
        let (ingest, writer) = if storing { Ingest::start(store.clone()) } else { Ingest::start(Forget) };
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let clock = Arc::new(ManualClock::new(workload::NOW));
        let server = Server::with_ingest(store, ingest, clock, display, metrics);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server::serve(listener, server, writer, async {
            let _ = stopped.await;
        }));
        Self { _database: database, address, stop, served }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.served.await.unwrap();
    }
}

/// Sends requests to a server of their own.
fn run(runtime: &Runtime, storing: bool, requests: &[Vec<u8>], connections: usize) -> Run {
    let served = runtime.block_on(Served::start(storing));
    let run = client::send(served.address, requests, connections);
    runtime.block_on(served.stop());
    run
}

/// Prints how batches over HTTP compare with storing the same events directly.
pub(crate) fn measure_batches(runtime: &Runtime, rounds: usize) {
    table::head("(b) batches of 1,000 over HTTP", "HTTP /s", "stored /s");
    for shape in &engine::SHAPES {
        let events = shape.events(BATCHED_EVENTS);
        let requests: Vec<Vec<u8>> = events
            .chunks(BATCH)
            .map(|batch| {
                let events: Vec<String> = batch.iter().map(|event| workload::json(event).to_string()).collect();
                client::request(&format!("[{}]", events.join(",")))
            })
            .collect();
        let over_http = || rate(BATCHED_EVENTS, run(runtime, true, &requests, BATCH_CONNECTIONS).took);
        let directly = || {
            let stored = async { engine::store(&TestDatabase::create().await, &events).await };
            rate(BATCHED_EVENTS, runtime.block_on(stored))
        };
        Comparison::measure(rounds, over_http, directly).print(shape.name, 0);
    }
}

/// Prints how requests with one event compare with the same route, queue and writer, that store nothing.
pub(crate) fn measure_singles(runtime: &Runtime, rounds: usize) {
    let events = SINGLES.events(SINGLE_EVENTS);
    let requests: Vec<Vec<u8>> =
        events.iter().map(|event| client::request(&workload::json(event).to_string())).collect();
    for connections in SINGLE_CONNECTIONS {
        let title = format!("(c) single events on {connections} connections");
        table::head(&title, "durable /s", "forgotten /s");
        let mut runs: [Vec<Run>; 2] = Default::default();
        let [durable, forgotten] = &mut runs;
        let measured = |runs: &mut Vec<Run>, storing| {
            let run = run(runtime, storing, &requests, connections);
            let rate = rate(SINGLE_EVENTS, run.took);
            runs.push(run);
            rate
        };
        let compared = Comparison::measure(rounds, || measured(durable, true), || measured(forgotten, false));
        compared.print("events", 0);
        let [durable, forgotten] = &runs;
        for (name, percent) in [("p50 in µs", 50), ("p99 in µs", 99)] {
            let micros = |latency: &Duration| latency.as_secs_f64() * 1e6;
            let latency = |run: &Run| percentile(run.latencies.iter().map(micros).collect(), percent);
            print_both(name, durable.iter().map(latency).collect(), forgotten.iter().map(latency).collect());
        }
        let processor = |run: &Run| Some(run.processor?.as_secs_f64() * 1e6 / SINGLE_EVENTS as f64);
        let of = |runs: &[Run]| runs.iter().filter_map(processor).collect::<Vec<f64>>();
        if !of(durable).is_empty() {
            print_both("the server's processor time in µs an event", of(durable), of(forgotten));
        }
    }
}

fn print_both(name: &str, durable: Vec<f64>, forgotten: Vec<f64>) {
    println!("{name:<44} {:>12.1} {:>12.1}", median(durable), median(forgotten));
}
