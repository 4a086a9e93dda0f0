//! The database: events, roll-ups and dimensions, and every SQL statement there is.
//!
//! Reads are plain functions from a query to rows; they hold no product logic beyond what SQL does best (sums,
//! joins, order, limits). Writes go through one connection, a transaction at a time. What never lives here: HTTP,
//! JSON, the clock.

mod added;
mod answer;
mod append;
mod attribute;
mod audit;
mod connection;
mod dimension;
mod erase;
mod identity;
mod import;
mod kept;
mod key;
mod late;
mod link;
mod member;
mod module_rule;
mod partition;
mod quality;
mod rebuild;
mod recent;
mod reject;
mod retention;
mod rollup;
mod scope;
mod session;
mod setting;
mod single_sign_on;
mod statement;
mod stream;
mod team;
mod today;
mod tracking;
mod usage;
mod whole_day;

pub use answer::DatabaseTime;
pub(crate) use append::Sizes;
pub use append::{Appended, Batch, Outcome, Replay};
pub use audit::{Author, EnteredChange};
pub use connection::Reading;
pub use kept::NewSums;
pub use key::{Key, NewSecret};
pub use late::LateRow;
pub use link::StoredLink;
pub use member::{MemberWithPassword, NewMember};
pub use reject::KeptReject;
pub use scope::{Scope, Sight};
pub use session::{Forgotten, NewSession, SignedIn};
pub use setting::{Asked, Reporting, StoredDemo};
pub use single_sign_on::{Attempt, Given, StaysOut, Vouched};
pub use stream::{EntryRow, StreamPage, StreamPosition, UseRow};
pub use today::{AccountRow, ActionRow, Cards, ModuleRow, UserRow};
pub use tracking::NameFigures;
pub use usage::{SecondsRow, SeriesRow, TotalRow, Used};

use crate::task::carry_out;
use connection::{Connection, Place, ReadPool, Shared, Writer, Writing};
use model::{Day, api::problem::FieldError};
use setting::Standing;
use statement::query;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinError};

/// How long a check may take: whoever asks won't wait longer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// With less free space than this the store is not ready for more events.
const LEAST_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database. It is not repeated: it may hold a password.
    #[error("that is no database URL; use sqlite://PATH or postgres://USER@HOST/NAME")]
    Url,
    /// There is no database where one must be.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The directory of the database file can't be made.
    #[error("can't create the directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The SQLite linked in has a known fault.
    #[error("SQLite {0} can corrupt a database; 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// Another process changed what the roll-ups are computed with.
    #[error(
        "the reporting zone or the idle gap of this database was changed meanwhile; restart to go on with the new one"
    )]
    ReportingChanged,
    /// A shared database was to be opened with another reporting zone or idle gap than its own.
    #[error(
        "this database reports in {} with an idle gap of {} minutes, for all its servers; start without the options, \
         or change it with “usage-monitor rebuild --time-zone ZONE --idle-gap MINUTES”", .0.zone, .0.idle_gap
    )]
    OtherReporting(Reporting),
    /// A stored setting makes no sense.
    #[error("the setting {name} holds {value:?}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The disk is nearly full.
    #[error("the disk of the database has only {0} bytes left")]
    DiskFull(u64),
    /// A name is taken.
    #[error("there is already a key named {0:?}")]
    NameTaken(String),
    /// The key has expired, and nobody said until when its new secret lasts.
    #[error("the key has expired; say until when its new secret lasts")]
    KeyExpired,
    /// Another team has this name.
    #[error("there is already a team named {0:?}")]
    TeamNameTaken(String),
    /// What was chosen for a module or an activity can't be.
    #[error("{}", .0.detail)]
    Choice(FieldError),
    /// A member has this e-mail address.
    #[error("there is already a member with the e-mail address {0}")]
    EmailTaken(String),
    /// Nobody could administer the workspace any more.
    #[error("the last administrator must stay one; make somebody else an administrator first")]
    LastAdministrator,
    /// The database said no.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema is not that of this version.
    #[error("the database has {applied} migrations, this version {expected}")]
    Schema {
        /// How many it has.
        applied: i64,
        /// How many it should have.
        expected: usize,
    },
    /// The connection was lost while a commit was under way, and the database does not say what became of it.
    #[error("the database was lost while it stored the events; they may be stored, or not")]
    InDoubt,
    /// Somebody was erased meanwhile, whose number is remembered here. It is forgotten with the transaction.
    #[error("somebody was erased meanwhile; trying again is safe")]
    Erased,
    /// Events lie further back than raw events are kept, since a moment ago.
    #[error("how long events are kept was changed meanwhile; trying again is safe")]
    RetentionChanged,
    /// There is no such team.
    #[error("there is no such team")]
    NoTeam,
    /// Others work on the events for longer than can be waited for.
    #[error("others work on the events at the moment; nothing was changed, trying again in a moment is safe")]
    Occupied,
    /// The database took too long.
    #[error("the database takes too long")]
    Slow,
    /// What was erased is gone from the database, but not from its log of writes yet.
    #[error(
        "another program reads the database as it was before; what was erased stays in the log of writes beside it until it ends"
    )]
    StillRead,
    /// A write did not come to its end.
    #[error("the write did not come to its end")]
    WriterFailed,
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<JoinError> for StoreError {
    fn from(_: JoinError) -> Self {
        Self::WriterFailed
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    place: Place,
    read: ReadPool,
    shared: Option<Shared>,
    writer: Arc<Mutex<Writer>>,
    reporting: Reporting,
    /// The newest revision of what is tracked that was seen.
    tracking: Arc<AtomicI64>,
    /// How often somebody was erased, at least.
    erasures: Arc<AtomicI64>,
    /// Held while what is tracked is changed.
    choosing: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the database and brings its schema up to date; an SQLite file is made where there is none. Where `asked`
    /// differs from what the roll-ups were computed with, they are computed again, or where other servers may work with
    /// them, it fails: [`Store::rebuild_at`].
    pub async fn open(url: &str, asked: Asked) -> Result<Self, StoreError> {
        let place = Place::of_url(url)?;
        if let Some(directory) = place.file().and_then(|file| file.parent()).filter(|path| !path.as_os_str().is_empty())
        {
            std::fs::create_dir_all(directory)
                .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        }
        let writer = Self::writer(&place).await?;
        let reporting =
            setting::settle(Writing::begin(writer.lock().await).await?, asked, place.file().is_none()).await?;
        let read = place.pool().await?;
        let shared = place.shared().await?;
        let (tracking, erasures, choosing) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { place, read, shared, writer, reporting, tracking, erasures, choosing })
    }

    /// A writer on a database whose schema is up to date.
    async fn writer(place: &Place) -> Result<Arc<Mutex<Writer>>, StoreError> {
        let mut connection = place.connect().await?;
        connection.migrate(place.migrations()).await?;
        Ok(Arc::new(Mutex::new(Writer::new(place.clone(), connection).await?)))
    }

    /// What the roll-ups are computed with.
    pub fn reporting(&self) -> Reporting {
        self.reporting
    }

    /// Begins to read.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        let mut reading = self.read.begin().await?;
        let standing = self.refuse_other_reporting(&mut reading.connection()).await?;
        (reading.tracking, reading.erasures) = (standing.tracking, standing.erasures);
        self.saw_tracking(reading.tracking);
        self.erasures.fetch_max(reading.erasures, Ordering::AcqRel);
        Ok(reading)
    }

    /// Begins to write. Must not be cancelled half-way: run it in a task of its own.
    async fn write(&self) -> Result<Writing<'_>, StoreError> {
        Writing::begin(self.writer.lock().await).await
    }

    /// The writer for what takes long: in Postgres one of its own, so that others need not wait for it here.
    async fn writer_apart(&self) -> Result<Arc<Mutex<Writer>>, StoreError> {
        if !self.is_shared() {
            return Ok(self.writer.clone());
        }
        Ok(Arc::new(Mutex::new(Writer::new(self.place.clone(), self.place.connect().await?).await?)))
    }

    /// Fails where another process has changed what the roll-ups are computed with: nothing this one would read or
    /// write is right then.
    async fn refuse_other_reporting(&self, connection: &mut Connection<'_>) -> Result<Standing, StoreError> {
        let standing = setting::standing(connection).await?;
        standing.filter(|standing| standing.agrees_with(self.reporting)).ok_or(StoreError::ReportingChanged)
    }

    /// The revision of what is tracked and who was erased, at least as new as whatever this process has read: answers that
    /// were kept under another one are over.
    pub fn tracking_revision(&self) -> i64 {
        // Neither ever goes down.
        self.tracking.load(Ordering::Acquire) + self.erasures_seen()
    }

    /// How often somebody was erased, as far as this process has read.
    pub(crate) fn erasures_seen(&self) -> i64 {
        self.erasures.load(Ordering::Acquire)
    }

    fn saw_tracking(&self, revision: i64) {
        self.tracking.fetch_max(revision, Ordering::AcqRel);
    }

    /// Whether the database takes a write, has every migration, and has room to grow. On Postgres with a connection of
    /// its own: a writer that waits for others is no reason to take no more requests.
    pub async fn check(&self) -> Result<(), StoreError> {
        let store = self.clone();
        let checked = carry_out(async move {
            match &store.shared {
                Some(shared) => store.check_with(&mut shared.acquire().await?.connection()).await,
                None => {
                    let mut writing = store.write().await?;
                    let applied = store.check_with(&mut writing.connection_beside_days()).await?;
                    writing.commit().await?;
                    Ok(applied)
                }
            }
        });
        let applied = tokio::time::timeout(CHECK_TIMEOUT, checked).await.map_err(|_| StoreError::Slow)??;
        let expected = self.place.migrations().iter().count();
        if usize::try_from(applied) != Ok(expected) {
            return Err(StoreError::Schema { applied, expected });
        }
        let Some(file) = self.place.file() else { return Ok(()) };
        match fs4::available_space(file) {
            Ok(free) if free >= LEAST_FREE_BYTES => Ok(()),
            Ok(free) => Err(StoreError::DiskFull(free)),
            Err(error) => Err(StoreError::Database(error.into())),
        }
    }

    /// Writes something, and counts the migrations.
    async fn check_with(&self, connection: &mut Connection<'_>) -> Result<i64, StoreError> {
        self.refuse_other_reporting(connection).await?;
        setting::put(connection, "checked", "yes").await?;
        let (applied,) = query("SELECT COUNT(*) FROM _sqlx_migrations WHERE success").fetch_one(connection).await?;
        Ok(applied)
    }

    /// Ends reading and, after the write under way, moves SQLite's write-ahead log into the database. The database is
    /// let go of with the last clone.
    pub async fn close(&self) {
        self.read.close().await;
        if let Some(shared) = &self.shared {
            shared.close().await;
        }
        let mut writer = self.writer.lock().await;
        if let Some(Connection::Sqlite(connection)) = writer.idle()
            && let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await
        {
            tracing::warn!(%error, "the write-ahead log was not moved into the database; the next start will");
        }
    }
}

/// What stands for a text in a key. Half a hash is narrow, and still no two texts will ever share one.
fn digest(text: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut digest);
    digest
}

/// The number a day is stored under: days since 1970-01-01.
fn day_number(day: Day) -> i64 {
    i64::from(chrono::Datelike::num_days_from_ce(&day)) - EPOCH_FROM_CE
}

/// The day stored under a number.
fn day_from_number(number: i64) -> Day {
    i32::try_from(number + EPOCH_FROM_CE).ok().and_then(Day::from_num_days_from_ce_opt).unwrap_or_default()
}

/// Days from the first day of the common era to 1970-01-01, in chrono's count.
const EPOCH_FROM_CE: i64 = 719_163;

#[cfg(test)]
mod tests {
    use super::*;
    use model::team::TeamDefinition;

    #[test]
    fn days_are_counted_from_the_epoch() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(day_number(day("1970-01-01")), 0);
        assert_eq!(day_number(day("2000-03-01")), 11_017);
        assert_eq!(day_from_number(11_017), day("2000-03-01"));
    }

    #[tokio::test]
    async fn no_read_walks_through_other_days() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let team = TeamDefinition { name: "Team".to_owned(), ..TeamDefinition::default() };
        let team_no = store.add_team(&team, &Author::anyone()).await.unwrap();
        let sight = store.sight_of_team(team_no, None).await.unwrap().unwrap();
        let mut reading = store.read().await.unwrap();
        let mut scopes = Vec::new();
        for (sight, account) in [(Sight::ALL, None), (sight, None), (Sight::ALL, Some("acme"))] {
            scopes.push(reading.scope(sight, account).await.unwrap());
        }
        let mut texts = Vec::new();
        for sql in [
            today::ONLINE,
            today::ACTIVE,
            today::MOST_ACTIVE_ACCOUNTS,
            today::LEAST_SECONDS,
            today::MOST_ACTIVE_USERS,
            today::POPULAR_MODULES_ADDED,
            today::POPULAR_MODULES,
            today::FREQUENT_ACTIONS,
            stream::LEAST_USE,
            stream::ENTRIES,
        ] {
            texts.extend(scopes.iter().map(|scope| scope.text(sql)));
        }
        for sql in texts {
            let explain = query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            let plan: Vec<(i64, i64, i64, String)> = explain.fetch_all(&mut reading.connection()).await.unwrap();
            for (.., step) in plan {
                // What was summed up by a part of the statement may be walked through: that part is a step of its own.
                let summed_up = ["SCAN active", "SCAN used"].contains(&&*step);
                assert!(summed_up || !step.starts_with("SCAN"), "{step} in {sql}");
                assert!(!step.contains("day>"), "{step} in {sql}");
            }
        }
    }
}
