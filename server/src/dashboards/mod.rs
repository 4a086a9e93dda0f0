//! The answers of the read API, put together from what the store reads. The routes and the server-rendered page
//! both ask here, so that they always say the same.
//!
//! What is costly is computed once however many ask: [`Today`] once per tick, usage once until one of its days
//! changes.

mod audit;
mod quality;
mod snapshot;
mod stream;
mod tracking;
mod usage;

pub use snapshot::Snapshot;

use crate::{
    clock::Clock,
    store::{Scope, Sight, Store, StoreError},
};
use model::{
    Day,
    api::{
        Workspace,
        problem::FieldError,
        team::TeamName,
        today::{Stream, Today},
    },
    instant::Instant,
    period::Period,
    zone::day_of,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, sync::Arc, time::Duration};

/// How many bytes of answers of each kind are kept, about.
const KEPT_BYTES: u64 = 32 * 1024 * 1024;

/// The longest answer that servers share: a page of users who did some thousand different things each, or the sums of
/// some ten thousand activities. Longer ones each server computes, perhaps a moment later than the others.
const SHARED_BYTES: usize = 16 * 1024 * 1024;

/// Why a question was not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The database did not answer.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// A parameter makes no sense.
    #[error("{}", .0.detail)]
    Parameter(FieldError),
}

impl ReadError {
    /// Whether asking again is of no use until the process starts anew.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Store(error) if matches!(**error, StoreError::ReportingChanged))
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// What is the same for every reader.
#[derive(Clone, Copy, Debug)]
pub struct Display {
    /// Minutes without a signal after which a user is no longer online.
    pub online_window: u32,
    /// Whether the numbers are made up for a demonstration.
    pub demo: bool,
}

/// The dashboards of one workspace. Cheap to clone.
#[derive(Clone)]
pub struct Dashboards {
    store: Store,
    clock: Arc<dyn Clock>,
    display: Display,
    snapshots: moka::future::Cache<SnapshotKey, Snapshot>,
    streams: moka::future::Cache<StreamKey, Arc<Stream>>,
    sums: moka::future::Cache<SumsKey, Arc<usage::Sums>>,
    names: moka::future::Cache<NamesKey, Arc<quality::Names>>,
}

/// What Today depends on: who of the accounts is seen, the tick, and the revision of what is tracked.
type SnapshotKey = (Scope, Instant, i64);

/// What new and similar names and late events depend on: the tick, as for [`StreamKey`] the first event, and of late
/// events whose are seen; and the revision of what is tracked.
type NamesKey = (Instant, Option<Day>, Scope, i64);

/// What a page of the stream depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct StreamKey {
    scope: Scope,
    limit: u32,
    before: Option<String>,
    day: Day,
    tick: Instant,
    /// Changes with the first event, which shows at once.
    data_since: Option<Day>,
    /// The revision of what is tracked, which changes at once too.
    tracking: i64,
}

/// What sums over a period depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SumsKey {
    scope: Scope,
    period: Period,
    complete: bool,
    freshness: Freshness,
    /// The revision of what is tracked and of the names that are shown.
    tracking: i64,
}

/// Until when sums stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Freshness {
    /// Until a day of the two periods changes: they are over, and seldom do.
    Revision(i64),
    /// Until the next tick: today, which is among the days, changes all the time.
    Tick(Instant),
}

impl Dashboards {
    /// The dashboards over a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, display: Display) -> Self {
        let snapshots = moka::future::Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|_, snapshot: &Snapshot| snapshot.weight())
            .time_to_live(Duration::from_secs(60));
        let streams = moka::future::Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|_, stream: &Arc<Stream>| stream::weight(stream))
            .time_to_live(Duration::from_secs(60));
        let sums = moka::future::Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|_, sums: &Arc<usage::Sums>| sums.weight())
            .time_to_live(Duration::from_secs(600));
        // The current tick's, and perhaps that of a clock that was set, for a few who see late events of their own.
        let names = moka::future::Cache::builder().max_capacity(16).time_to_live(Duration::from_secs(60));
        let (snapshots, streams, sums) = (snapshots.build(), streams.build(), sums.build());
        Self { store, clock, display, snapshots, streams, sums, names: names.build() }
    }

    /// Forgets every answer that names accounts or users.
    pub(crate) fn forget(&self) {
        self.snapshots.invalidate_all();
        self.streams.invalidate_all();
        self.names.invalidate_all();
    }

    /// What a page needs to know before it shows any number, where its reader may look through these teams, and may say
    /// what is tracked or not.
    pub async fn workspace(
        &self,
        sees_all: bool,
        teams: Vec<TeamName>,
        may_configure_tracking: bool,
    ) -> Result<Workspace, ReadError> {
        let mut reading = self.store.read().await?;
        let data_since = reading.data_since().await?;
        let untracked = if may_configure_tracking { reading.untracked().await? } else { Vec::new() };
        Ok(Workspace { data_since, sees_all_accounts: sees_all, teams, untracked, ..self.bare_workspace() })
    }

    /// The same without asking the database: no first event, and a reader who sees nothing.
    pub fn bare_workspace(&self) -> Workspace {
        let now = self.clock.now();
        let reporting = self.store.reporting();
        Workspace {
            as_of: now,
            time_zone: reporting.zone.name().to_owned(),
            day: day_of(&reporting.zone, now),
            data_since: None,
            demo: self.display.demo,
            online_window_minutes: self.display.online_window,
            idle_gap_minutes: reporting.idle_gap,
            sees_all_accounts: false,
            teams: Vec::new(),
            untracked: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Today's cards and top tens at the current tick.
    pub async fn today(&self, sight: Sight) -> Result<Today, ReadError> {
        Ok(self.snapshot(sight).await?.today().clone())
    }

    /// The answer to a question at a tick, the same on every server: what one of them gave, or else what `compute` says.
    async fn at_tick<T: Serialize + DeserializeOwned>(
        &self,
        tick: Instant,
        question: &str,
        compute: impl Future<Output = Result<T, ReadError>>,
    ) -> Result<T, ReadError> {
        match self.given(tick, question).await {
            Some(given) => Ok(given),
            None => Ok(self.give(tick, question, compute.await?).await),
        }
    }

    /// Gives an answer for all servers, and returns the one that stands: what a server gave first.
    async fn give<T: Serialize + DeserializeOwned>(&self, tick: Instant, question: &str, computed: T) -> T {
        if !self.store.is_shared() {
            return computed;
        }
        // The types of answers always serialise.
        let text = serde_json::to_string(&computed).unwrap_or_default();
        if text.len() > SHARED_BYTES {
            return computed;
        }
        match self.store.give_answer(tick, &self.among_servers(question), text).await {
            Ok(stands) => serde_json::from_str(&stands).unwrap_or(computed),
            Err(error) => {
                tracing::warn!(%error, "an answer could not be shared with the other servers");
                computed
            }
        }
    }

    /// What a server answered to a question at a tick.
    async fn given<T: DeserializeOwned>(&self, tick: Instant, question: &str) -> Option<T> {
        match self.store.answer(tick, &self.among_servers(question)).await {
            Ok(given) => serde_json::from_str(&given?).ok(),
            Err(error) => {
                tracing::warn!(%error, "the other servers' answers could not be read");
                None
            }
        }
    }

    /// A question with everything its answer depends on: servers that differ in it, or in their version, give answers
    /// of their own.
    fn among_servers(&self, question: &str) -> String {
        let Display { online_window, demo } = self.display;
        let (version, reporting) = (env!("CARGO_PKG_VERSION"), self.store.reporting());
        format!("{version} {reporting:?} {online_window} {demo} {question}")
    }

    /// Drops answers that are over, and prepares sums. That it fails is no reason to answer nothing.
    pub async fn look_after_answers(&self) {
        if let Err(error) = self.store.drop_answers_before(self.clock.now().tick()).await {
            tracing::warn!(%error, "old answers stay behind until the next tick");
        }
        if let Err(error) = self.prepare_sums().await {
            tracing::warn!(%error, "sums of teams are not prepared until the next tick");
        }
    }

    /// The local day of an instant.
    fn day_of(&self, instant: Instant) -> Day {
        day_of(&self.store.reporting().zone, instant)
    }

    /// The beginning of the online window that ends at the tick of `now`: the same for every figure and dot.
    fn online_since(&self, now: Instant) -> Instant {
        now.tick().plus_millis(-i64::from(self.display.online_window) * 60_000)
    }
}
