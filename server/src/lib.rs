//! The server of Usage Monitor: HTTP, ingest, store and command line.

pub mod assets;
pub mod calls;
pub mod cli;
pub mod clock;
mod connection;
mod current;
pub mod dashboards;
pub mod demo;
mod erasure;
pub mod import;
pub mod ingest;
pub mod key;
mod limit;
pub mod members;
mod module_rules;
mod negotiation;
mod receive;
mod refusal;
mod replay;
mod retention;
pub mod routes;
pub mod secret;
pub mod store;
mod task;
mod upkeep;

#[cfg(feature = "oidc")]
use crate::members::single_sign_on::{Settings, SettingsError, SingleSignOn};
use crate::{
    clock::Clock,
    dashboards::{Dashboards, Display, ReadError},
    ingest::Ingest,
    key::Keys,
    limit::RateLimit,
    members::Members,
    module_rules::CurrentRules,
    receive::Receiver,
    refusal::Refusals,
    retention::CurrentRetention,
    store::{Sight, Store},
    upkeep::Upkeep,
};
use app::clock::LocalTime;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use model::{TICK_SECONDS, api::member::SingleSignOnButton, instant::Instant};
use std::{future::Future, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long a stop waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// What those may do who neither signed in nor sent a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Nothing but sign in.
    #[default]
    SignIn,
    /// Look at the dashboards, as guests of a demonstration.
    Guest,
    /// Everything but manage members: send events, read, change settings.
    Open,
}

/// A running monitor: what every route works with. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    store: Store,
    ingest: Ingest,
    dashboards: Dashboards,
    clock: Arc<dyn Clock>,
    metrics: PrometheusHandle,
    receiver: Receiver,
    refusals: Refusals,
    module_rules: CurrentRules,
    retention: CurrentRetention,
    upkeep: Upkeep,
    keys: Keys,
    members: Members,
    #[cfg(feature = "oidc")]
    single_sign_on: Option<SingleSignOn>,
    access: Access,
    /// By which hosts it answers besides this machine's own; `None` is any.
    hosts: Option<Arc<[String]>>,
    rate_limit: Option<RateLimit>,
    /// Who else than this machine is believed for whom they ask.
    proxies: Arc<[IpNet]>,
}

impl Server {
    /// Puts a monitor together over an open store. The task is the writer: it ends when the last clone is gone and
    /// everything queued is stored.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        display: Display,
        metrics: PrometheusHandle,
    ) -> (Self, JoinHandle<()>) {
        let (ingest, writer) = Ingest::start(store.clone());
        (Self::with_ingest(store, ingest, clock, display, metrics), writer)
    }

    /// The same with a way in that was made before, wherever it leads.
    pub fn with_ingest(
        store: Store,
        ingest: Ingest,
        clock: Arc<dyn Clock>,
        display: Display,
        metrics: PrometheusHandle,
    ) -> Self {
        let dashboards = Dashboards::new(store.clone(), clock.clone(), display);
        let receiver = Receiver::default();
        let module_rules = CurrentRules::new(store.clone(), clock.clone());
        let refusals = Refusals::default();
        let upkeep = Upkeep::new(store.clone(), clock.clone(), refusals.clone());
        let retention = CurrentRetention::new(store.clone(), clock.clone(), upkeep.clone());
        let keys = Keys::new(store.clone(), clock.clone());
        let members = Members::new(store.clone(), clock.clone());
        let access = Access::default();
        Self {
            store,
            ingest,
            dashboards,
            clock,
            metrics,
            receiver,
            refusals,
            module_rules,
            retention,
            upkeep,
            keys,
            members,
            #[cfg(feature = "oidc")]
            single_sign_on: None,
            access,
            hosts: None,
            rate_limit: None,
            proxies: Arc::default(),
        }
    }

    /// The same, but those who say nothing of themselves may do this much.
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The same, but nothing is answered by another host than this machine's own addresses, localhost and these.
    pub fn with_hosts(mut self, hosts: &[String]) -> Self {
        self.hosts = Some(hosts.into());
        self
    }

    /// The same behind proxies that say in `X-Forwarded-For` for whom they ask. Those on this machine are believed anyway.
    pub fn with_proxies(mut self, proxies: &[IpNet]) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// The same, but each key may send only so many events a second.
    pub fn with_rate_limit(mut self, events_per_second: NonZeroU32) -> Self {
        self.rate_limit = Some(RateLimit::new(events_per_second, self.clock.clone()));
        self
    }

    /// The same, but members may sign in with a provider too.
    ///
    /// # Errors
    /// What the operator says of it makes no sense. Whether the provider answers shows when somebody signs in.
    #[cfg(feature = "oidc")]
    pub fn with_single_sign_on(mut self, settings: Settings) -> Result<Self, SettingsError> {
        self.single_sign_on = Some(SingleSignOn::new(self.members.clone(), settings)?);
        Ok(self)
    }

    /// The button by which members sign in with a provider, where they can.
    fn single_sign_on(&self) -> Option<SingleSignOnButton> {
        #[cfg(feature = "oidc")]
        return self.single_sign_on.as_ref().map(|single_sign_on| SingleSignOnButton {
            label: single_sign_on.label().to_owned(),
            origin: single_sign_on.public_url().to_owned(),
        });
        #[cfg(not(feature = "oidc"))]
        None
    }

    /// The way in for events that don't come over HTTP.
    pub fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// Who may sign in.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// What programs send events and read with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Drops raw events that are older than they are kept, and takes what was erased out of the files, again and again.
    pub fn keep_up(&self) -> impl Future<Output = ()> + Send + use<> {
        self.upkeep.clone().run()
    }

    /// What is read.
    pub fn dashboards(&self) -> &Dashboards {
        &self.dashboards
    }

    /// The reporting zone's clock, as the page asks for it.
    fn zone_clock(&self) -> Arc<dyn LocalTime> {
        Arc::new(ReportingClock(self.store.reporting().zone))
    }
}

struct ReportingClock(chrono_tz::Tz);

impl LocalTime for ReportingClock {
    fn hms(&self, instant: Instant) -> String {
        instant.to_utc().with_timezone(&self.0).format("%H:%M:%S").to_string()
    }
}

/// Answers on a listener until `stop`, then everything under way and everything queued, and closes the store. What is
/// still under way [`PATIENCE`] later is given up: a client that sends nothing more must not keep the server from
/// stopping.
pub async fn serve(
    listener: TcpListener,
    server: Server,
    writer: JoinHandle<()>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let store = server.store.clone();
    let (stopping, stopped) = oneshot::channel();
    let stop = async {
        stop.await;
        let _ = stopping.send(());
    };
    let served = connection::answer(listener, routes::router(server), connection::room(), stop);
    let impatient = async {
        let _ = stopped.await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        () = served => {}
        () = impatient => tracing::warn!("some requests were still under way and are given up"),
    }
    match tokio::time::timeout(PATIENCE, writer).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the writer failed"),
        Err(_) => tracing::warn!("some requests never ended; what they sent completely is stored"),
    }
    store.close().await;
}

/// Takes a snapshot at each tick, asked for or not, so that the next one has something to compare with. Ends only
/// where this process can show nothing right any more, with the reason.
pub async fn tick(dashboards: Dashboards, clock: Arc<dyn Clock>) -> ReadError {
    loop {
        match dashboards.snapshot(Sight::ALL).await {
            Err(error) if error.is_final() => return error,
            Err(error) => tracing::warn!(%error, "no snapshot at this tick"),
            Ok(_) => dashboards.look_after_answers().await,
        }
        let now = clock.now();
        let next = now.tick().plus_millis(i64::from(TICK_SECONDS) * 1000);
        let wait = u64::try_from(next.millis() - now.millis()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}
