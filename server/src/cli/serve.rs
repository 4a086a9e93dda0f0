//! `usage-monitor serve`.

use super::{Database, Failure, minutes};
use crate::{Server, clock::DatabaseClock, dashboards::Display, demo::Feed};
use clap::Args;
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

/// The options of `serve`.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    database: Database,

    /// Address and port to listen on
    #[arg(long, env = "USAGE_MONITOR_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    listen: SocketAddr,

    /// Online window in minutes, 1 to 30: how old a user's newest signal may be
    #[arg(long, env = "USAGE_MONITOR_ONLINE_WINDOW", default_value_t = model::DEFAULT_ONLINE_WINDOW, value_name = "MINUTES", value_parser = minutes())]
    online_window: u32,

    /// How many events each key may send a second, and those without a key together; a whole request may come at once.
    /// Without it there is no limit
    #[arg(long, env = "USAGE_MONITOR_RATE_LIMIT", value_name = "EVENTS_PER_SECOND")]
    rate_limit: Option<NonZeroU32>,

    /// Listen on an address that others can reach, though whoever reaches it may read everything and send events
    #[arg(long, env = "USAGE_MONITOR_OPEN_TO_NETWORK")]
    open_to_network: bool,

    /// Show a living demonstration: 180 days of a made-up customer base whose users keep working. Wants a database of
    /// its own
    #[arg(long, env = "USAGE_MONITOR_DEMO")]
    demo: bool,
}

impl Serve {
    /// Serves until the process is told to stop, then answers everything queued.
    pub(super) async fn run(self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() && !self.open_to_network {
            let address = self.listen.ip();
            return Err(format!(
                "{address} can be reached by others, who could then read everything and send events without a \
                 password. Listen on 127.0.0.1 behind a proxy that asks for one, or say --open-to-network"
            )
            .into());
        }
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| format!("can't listen on {}: {error}", self.listen))?;
        let address = listener.local_addr()?;
        let store = self.database.open().await?;
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
        let clock = Arc::new(DatabaseClock::of(&store).await?);
        // A demo's database stays one, also where its users no longer work.
        let demo = self.demo || store.demo().await?.is_some();
        let display = Display { online_window: self.online_window, demo };
        let (mut server, writer) = Server::new(store.clone(), clock.clone(), display, metrics);
        if let Some(events_per_second) = self.rate_limit {
            server = server.with_rate_limit(events_per_second);
        }
        let ticking = tokio::spawn(crate::tick(server.dashboards().clone(), clock.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(clock.clone().follow(store.clone()));
        if self.demo {
            tasks.spawn(Feed::open(store, server.ingest().clone(), clock).await?.run());
        }
        greet(address, &self.database.at.url);
        let (failing, failure) = oneshot::channel();
        let stop = async move {
            tokio::select! {
                () = stopped() => {}
                ended = ticking => {
                    let _ = failing.send(ended);
                }
            }
            tasks.shutdown().await;
        };
        crate::serve(listener, server, writer, stop).await;
        match failure.await {
            Ok(Ok(error)) => Err(error.into()),
            Ok(Err(panic)) => Err(panic.into()),
            Err(_) => Ok(()),
        }
    }
}

/// Says where the page is, how to send the first event, and where the data lies.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn greet(address: SocketAddr, url: &str) {
    let address = match address.ip().is_unspecified() {
        true => SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    };
    let event = r#"{"account": "acme", "user": "lisa", "module": "Dashboard", "action": "Export"}"#;
    println!("Usage Monitor is at  http://{address}/");
    println!("The data lies in     {}", url.strip_prefix("sqlite://").unwrap_or("the database given"));
    println!(
        "Send an event with   curl http://{address}/api/v1/events -H 'Content-Type: application/json' -d '{event}'"
    );
}

/// Waits until the process is asked to stop. Asked again, it ends at once: what was acknowledged is on disk.
async fn stopped() {
    signalled().await;
    tracing::info!("stopping: answering what is queued");
    tokio::spawn(async {
        signalled().await;
        tracing::warn!("stopping at once");
        std::process::exit(1);
    });
}

/// Waits for SIGINT or SIGTERM.
async fn signalled() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
