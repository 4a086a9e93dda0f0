//! A server of its own for each test: on a port of its own, over a new database, with a clock the test sets.

#![allow(dead_code, reason = "each test crate uses a part of it")]

pub(crate) mod browser;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod disk;
pub(crate) mod load;
pub(crate) mod process;
#[cfg(feature = "oidc")]
pub(crate) mod provider;

use chrono_tz::Tz;
use database::TestDatabase;
use model::{
    audit::AuthorKind,
    event::{Event, IdScope, Kind},
    instant::Instant,
    key::{Grant, NewKey},
    member::Role,
};
#[cfg(feature = "oidc")]
use server::members::single_sign_on::Settings;
use server::{
    Access, Server,
    clock::{Clock, ManualClock},
    dashboards::Display,
    key::Keys,
    members::Members,
    store::{Asked, Author, Forgotten, NewMember, NewSession, Store},
};
use std::{path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// An event: Lisa of Acme exports a dashboard.
pub(crate) fn export_at(time: &str) -> Event {
    Event {
        id: None,
        id_scope: IdScope::Account,
        account: "acme".into(),
        account_name: None,
        account_attributes: Vec::new(),
        user: "lisa".into(),
        user_name: None,
        module: "Dashboard".into(),
        kind: Kind::Activity { action: "Export".into(), count: 1 },
        time: Instant::parse(time).expect("a time"),
        received: Instant::parse(time).expect("a time"),
    }
}

/// A running server.
pub(crate) struct TestServer {
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) store: Store,
    pub(crate) members: Members,
    pub(crate) keys: Keys,
    clock: Arc<ManualClock>,
    database: Arc<TestDatabase>,
    access: Access,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl TestServer {
    /// Over a new database that reports in `zone`; it is `now` there. Nobody need sign in or send a key.
    pub(crate) async fn start(zone: Tz, now: Instant) -> Self {
        Self::start_with(Access::Open, zone, now).await
    }

    /// The same where those who say nothing of themselves may do this much.
    pub(crate) async fn start_with(access: Access, zone: Tz, now: Instant) -> Self {
        Self::start_on(Arc::new(TestDatabase::create().await), access, Some(zone), now).await
    }

    /// Another server on the same database, with a clock of its own that shows the same.
    pub(crate) async fn another(&self) -> Self {
        Self::start_on(self.database.clone(), self.access, None, self.clock.now()).await
    }

    /// Over a new database, where people sign in, by single sign-on too.
    #[cfg(feature = "oidc")]
    pub(crate) async fn start_with_provider(settings: Settings, zone: Tz, now: Instant) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        Self::start_as(database, Access::SignIn, Some(zone), now, with_provider(settings)).await
    }

    /// Another server on the same database, with single sign-on.
    #[cfg(feature = "oidc")]
    pub(crate) async fn another_with_provider(&self, settings: Settings) -> Self {
        Self::start_as(self.database.clone(), self.access, None, self.clock.now(), with_provider(settings)).await
    }

    /// Whether several servers may work on its database at once.
    pub(crate) fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    async fn start_on(database: Arc<TestDatabase>, access: Access, zone: Option<Tz>, now: Instant) -> Self {
        Self::start_as(database, access, zone, now, |server, _| server).await
    }

    /// With what else is said of the server, which answers at an address.
    async fn start_as(
        database: Arc<TestDatabase>,
        access: Access,
        zone: Option<Tz>,
        now: Instant,
        with: impl FnOnce(Server, &str) -> Server,
    ) -> Self {
        let store = Store::open(&database.url(), Asked { zone, ..Asked::default() }).await.expect("a store");
        let clock = Arc::new(ManualClock::new(now));
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let (server, writer) = Server::new(store.clone(), clock.clone(), display, metrics);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = with(server.with_access(access), &base_url);
        let (members, keys) = (server.members().clone(), server.keys().clone());
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server::serve(listener, server, writer, stopped).await;
        });
        Self { base_url, client: reqwest::Client::new(), store, members, keys, clock, database, access, stop, served }
    }

    /// Makes a member of teams, and returns their number and the cookie they are signed in with.
    pub(crate) async fn member(&self, role: Role, configures_tracking: bool, teams: &[i64]) -> (i64, String) {
        let (session, now) = (server::secret::generate().expect("a secret"), self.clock.now());
        let teams = teams.iter().copied().collect();
        let number = self.store.members().await.expect("members").len();
        let email = format!("member-{number}@example.com");
        let member = NewMember { email, name: "Member".to_owned(), role, configures_tracking, teams };
        let author = self.author();
        let link = (server::secret::digest(&member.email), now.plus_millis(1));
        let (_, member) = self.store.invite_member(&member, link.0, link.1, &author).await.expect("a member");
        let member_no = member.member_no;
        self.store.set_password(member_no, "no hash", &author).await.expect("a password");
        let long_ago = Instant::from_millis(0);
        let new = NewSession {
            digest: server::secret::digest(&session),
            user_agent: String::new(),
            device: server::secret::digest(&format!("device {session}")),
            created: now,
            instead_of: None,
            device_before: None,
            forgotten: Forgotten { begun: long_ago, session: long_ago, device: long_ago },
        };
        assert!(self.store.begin_session(member_no, "no hash", &new).await.expect("a session"));
        (member_no, format!("__Host-session={session}"))
    }

    /// Sets the clock.
    pub(crate) fn set_now(&self, now: Instant) {
        self.clock.set(now);
    }

    /// Stops the server as a signal would, and starts one over the same database.
    pub(crate) async fn restart(self) -> Self {
        let now = self.clock.now();
        let _ = self.stop.send(());
        drop(self.client);
        drop((self.store, self.members, self.keys));
        self.served.await.expect("stopped");
        Self::start_on(self.database, self.access, None, now).await
    }

    /// Makes a key, and returns what its holder has.
    pub(crate) async fn add_key(&self, name: &str, grant: Grant) -> String {
        let new = NewKey { name: name.to_owned(), grant, expires: None, team: None };
        self.keys.make(new, self.author()).await.expect("a key").secret
    }

    /// Who changes something where it does not matter who.
    pub(crate) fn author(&self) -> Author {
        let (name, place) = (String::new(), "a test".to_owned());
        Author { kind: AuthorKind::CommandLine, number: 0, name, place, at: self.clock.now() }
    }

    /// Every row of every roll-up.
    pub(crate) async fn dump_rollups(&self) -> Vec<(&'static str, Vec<String>)> {
        self.store.dump_roll_ups().await.expect("a dump")
    }

    /// Computes every roll-up again from the events, and returns how many there are.
    pub(crate) async fn rebuild(&self) -> u64 {
        self.database.rebuild().await
    }

    /// The rows of a query for one column of text.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        self.database.texts(sql).await
    }

    /// Why the database does not do something.
    pub(crate) async fn refusal(&self, sql: &'static str) -> Option<String> {
        self.database.run(sql).await.err().map(|error| error.to_string())
    }

    /// Does something in Postgres and holds on to it until the connection is dropped.
    pub(crate) async fn hold(&self, sql: &'static str) -> Option<sqlx::PgConnection> {
        self.database.hold(sql).await
    }

    /// Waits until so many of those who work on the database wait for each other.
    pub(crate) async fn waiting(&self, count: usize) {
        let waiting = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                       AND application_name = current_setting('application_name')";
        while self.texts(waiting).await.len() < count {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The files of the database, where it lies in files of its own.
    pub(crate) fn database_files(&self) -> Vec<PathBuf> {
        self.database.files()
    }

    /// Every byte of the database, where it lies in files of its own.
    pub(crate) fn database_bytes(&self) -> Option<Vec<u8>> {
        self.database.bytes()
    }

    /// Every text in the database, in its files where it lies in files of its own.
    pub(crate) async fn everything(&self) -> String {
        String::from_utf8_lossy(&self.database.everything().await).into_owned()
    }

    /// How the product is told of the database.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// An address of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}

/// Lets members sign in with a provider, which sends them back to where the server answers.
#[cfg(feature = "oidc")]
fn with_provider(settings: Settings) -> impl FnOnce(Server, &str) -> Server {
    |server, base_url| {
        let settings = Settings { public_url: base_url.to_owned(), ..settings };
        server.with_single_sign_on(settings).expect("settings")
    }
}
