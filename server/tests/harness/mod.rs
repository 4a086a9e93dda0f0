//! A server of its own for each test: on a port of its own, over a new SQLite file, with a clock the test sets.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use chrono_tz::Tz;
use model::instant::Instant;
use server::{
    Server,
    clock::{Clock, ManualClock},
    dashboards::Display,
    store::{Asked, Store},
};
use std::sync::Arc;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running server.
pub(crate) struct TestServer {
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) store: Store,
    clock: Arc<ManualClock>,
    directory: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl TestServer {
    /// Over a new database that reports in `zone`; it is `now` there.
    pub(crate) async fn start(zone: Tz, now: Instant) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self::start_in(directory, Some(zone), now).await
    }

    async fn start_in(directory: tempfile::TempDir, zone: Option<Tz>, now: Instant) -> Self {
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url, Asked { zone, idle_gap: None }).await.expect("a store");
        let clock = Arc::new(ManualClock::new(now));
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let (server, writer) = Server::new(store.clone(), clock.clone(), display, metrics);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server::serve(listener, server, writer, stopped).await;
        });
        Self { base_url, client: reqwest::Client::new(), store, clock, directory, stop, served }
    }

    /// Sets the clock.
    pub(crate) fn set_now(&self, now: Instant) {
        self.clock.set(now);
    }

    /// Stops the server as a signal would, and starts one over the same file.
    pub(crate) async fn restart(self) -> Self {
        let now = self.clock.now();
        let _ = self.stop.send(());
        drop(self.client);
        drop(self.store);
        self.served.await.expect("stopped");
        Self::start_in(self.directory, None, now).await
    }

    /// Every row of every roll-up.
    pub(crate) async fn dump_rollups(&self) -> Vec<(&'static str, Vec<String>)> {
        self.store.dump_roll_ups().await.expect("a dump")
    }

    /// Computes every roll-up again from the events.
    pub(crate) async fn rebuild(&self) {
        self.store.rebuild().await.expect("rebuilt");
    }

    /// An address of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}
