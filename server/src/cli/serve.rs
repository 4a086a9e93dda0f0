//! `usage-monitor serve`.

#[cfg(feature = "oidc")]
use super::single_sign_on::SingleSignOn;
use super::{Database, Failure, author, minutes, user};
use crate::{Access, Server, clock::DatabaseClock, dashboards::Display, demo::Feed, store::Store};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use model::key::{Grant, NewKey};
use std::{
    io::IsTerminal,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};
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

    /// Who may read, send events and change settings
    #[arg(long, env = "USAGE_MONITOR_ACCESS", default_value = "sign-in")]
    access: AccessName,

    /// Let those in who reach an address beyond this machine, where --access open or --demo ask nobody to sign in
    #[arg(long, env = "USAGE_MONITOR_OPEN_TO_NETWORK")]
    open_to_network: bool,

    /// A name by which browsers reach this machine, where --access open or --demo ask nobody to sign in: on a loopback
    /// address only requests to it, to localhost and to such names are answered. Several are separated by commas
    #[arg(long, env = "USAGE_MONITOR_HOST", value_name = "NAME", value_delimiter = ',')]
    host: Vec<String>,

    /// A proxy, by its address or network such as 10.0.0.0/8, that is believed in X-Forwarded-For for whom it asks. One on
    /// this machine is believed anyway. Several are separated by commas
    #[arg(long, env = "USAGE_MONITOR_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',', value_parser = network)]
    trusted_proxy: Vec<IpNet>,

    /// Show a living demonstration: 180 days of a made-up customer base whose users keep working. Wants a database of
    /// its own
    #[arg(long, env = "USAGE_MONITOR_DEMO")]
    demo: bool,

    #[cfg(feature = "oidc")]
    #[command(flatten, next_help_heading = "Single sign-on")]
    single_sign_on: SingleSignOn,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AccessName {
    /// Whoever signed in, and programs by their key; guests of a demo may look
    SignIn,
    /// Anyone who reaches the address, and without a key too
    Open,
}

impl Serve {
    /// Serves until the process is told to stop, then answers everything queued.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let access = match self.access {
            AccessName::Open => Access::Open,
            AccessName::SignIn if self.demo => Access::Guest,
            AccessName::SignIn => Access::SignIn,
        };
        if access != Access::SignIn && !self.listen.ip().is_loopback() && !self.open_to_network {
            let address = self.listen.ip();
            return Err(format!(
                "{address} can be reached by others, and nobody would be asked to sign in. Leave out --access open and \
                 --demo, listen on 127.0.0.1, or say --open-to-network"
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
        let (server, writer) = Server::new(store.clone(), clock.clone(), display, metrics);
        let mut server = server.with_access(access).with_proxies(&self.trusted_proxy);
        // In a network that was opened in plain words others call this machine as they like, unless told how.
        if access != Access::SignIn && (address.ip().is_loopback() || !self.host.is_empty()) {
            server = server.with_hosts(&self.host);
        }
        if let Some(events_per_second) = self.rate_limit {
            server = server.with_rate_limit(events_per_second);
        }
        #[cfg(feature = "oidc")]
        if let Some(settings) = self.single_sign_on.settings()? {
            server = server.with_single_sign_on(settings)?;
        }
        let ticking = tokio::spawn(crate::tick(server.dashboards().clone(), clock.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(clock.clone().follow(store.clone()));
        tasks.spawn(server.keep_up());
        if self.demo {
            tasks.spawn(Feed::open(store.clone(), server.ingest().clone(), clock.clone()).await?.run());
        }
        let greeting = Greeting {
            page: page_address(address),
            file: self.database.at.url.strip_prefix("sqlite://"),
            first_link: first_link(&server, access).await?,
            key: first_key(&server, &store, access).await?,
        };
        greeting.print();
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

/// Reads an address, or a network.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())));
    network.map_err(|_| "neither an address nor a network, such as 10.0.0.7 or 10.0.0.0/8".to_owned())
}

/// Where browsers on this machine reach the page.
fn page_address(address: SocketAddr) -> String {
    let address = match address.ip().is_unspecified() {
        true => SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    };
    format!("http://{address}")
}

/// The link that makes the first administrator; none where there is one, or nobody need sign in.
async fn first_link(server: &Server, access: Access) -> Result<Option<String>, Failure> {
    if access != Access::SignIn || server.members().has_administrator().await? {
        return Ok(None);
    }
    Ok(Some(server.members().issue_first_link().await?))
}

/// The key to send events with, as the greeting shows it.
enum ShownKey {
    /// None is needed.
    Needless,
    /// The first there is, just made.
    Made(String),
    /// One that only its holder knows, or that has yet to be made.
    Unknown,
}

/// Makes the first key where somebody sits at a terminal to see it. What is printed elsewhere ends up in logs.
async fn first_key(server: &Server, store: &Store, access: Access) -> Result<ShownKey, Failure> {
    if access == Access::Open {
        return Ok(ShownKey::Needless);
    }
    if access == Access::Guest || !std::io::stdout().is_terminal() || store.has_keys().await? {
        return Ok(ShownKey::Unknown);
    }
    let new = NewKey { name: "shown at the first start".to_owned(), grant: Grant::Ingest, expires: None, team: None };
    Ok(ShownKey::Made(server.keys().make(new, author()).await?.secret))
}

/// What is said at start.
struct Greeting<'a> {
    page: String,
    /// Where the data lies; none of a database whose address may hold a password.
    file: Option<&'a str>,
    first_link: Option<String>,
    key: ShownKey,
}

impl Greeting<'_> {
    /// Says where the page is, how to get in, how to send the first event, and where the data lies.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    fn print(&self) {
        let page = &self.page;
        println!("Usage Monitor is at  {page}/");
        println!("The data lies in     {}", self.file.unwrap_or("the database given"));
        if let Some(token) = &self.first_link {
            println!("Begin here           {}", user::link(page, token));
            println!("                     This link makes the first administrator. It opens once, within 24 hours.");
        }
        let (key, note) = match &self.key {
            ShownKey::Needless => (None, None),
            ShownKey::Made(key) => (Some(key.as_str()), Some("The key in it is shown this once. More keys:")),
            ShownKey::Unknown => (Some("KEY"), Some("where KEY comes from")),
        };
        let authorization = key.map(|key| format!("-H 'Authorization: Bearer {key}' ")).unwrap_or_default();
        let event = r#"{"account": "acme", "user": "lisa", "module": "Dashboard", "action": "Export"}"#;
        println!(
            "Send an event with   curl {page}/api/v1/events {authorization}-H 'Content-Type: application/json' -d '{event}'"
        );
        if let Some(note) = note {
            let database = self.file.map_or_else(|| "URL".to_owned(), |file| format!("sqlite://{file}"));
            println!(
                "                     {note} usage-monitor key create --name NAME --grant ingest --database {database}"
            );
        }
    }
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
