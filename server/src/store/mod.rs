//! The database: events, roll-ups and dimensions, and every SQL statement there is.
//!
//! Reads are plain functions from a query to rows; they hold no product logic beyond what SQL does best (sums,
//! joins, order, limits). Writes go through one connection, a transaction at a time. What never lives here: HTTP,
//! JSON, the clock.

mod append;
mod dimension;
mod import;
mod key;
mod rebuild;
mod rollup;
mod setting;
mod stream;
mod today;
mod usage;

pub use append::{Appended, Outcome};
pub use key::Grant;
pub use setting::{Asked, Reporting, StoredDemo};
pub use stream::{EntryRow, StreamPage, StreamPosition, UseRow};
pub use today::{AccountRow, ActionRow, Cards, ModuleRow, UserRow};
pub use usage::{SecondsRow, SeriesRow, TotalRow};

use dimension::Dimensions;
use model::Day;
use sqlx::{
    ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{ops::Range, path::PathBuf, str::FromStr, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// The oldest SQLite without the corruption on resetting the write-ahead log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// With less free space than this the store is not ready for more events.
const LEAST_FREE_BYTES: u64 = 64 * 1024 * 1024;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database this build can open.
    #[error("{0:?} is no database URL; use sqlite://PATH")]
    Url(String),
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
    /// A write did not come to its end.
    #[error("the write did not come to its end")]
    WriterFailed,
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Which events a question is about. No read can be called without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every account.
    All,
    /// The account with this number.
    Account(i64),
    /// No account at all: what an id that is not known amounts to.
    Nothing,
}

impl Scope {
    /// The number under which the roll-ups by account keep this scope: 0 is all of them, and no account has −1.
    fn account_no(&self) -> i64 {
        match *self {
            Scope::All => 0,
            Scope::Account(account_no) => account_no,
            Scope::Nothing => -1,
        }
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    file: Arc<PathBuf>,
    read: SqlitePool,
    writer: Arc<Mutex<Writer>>,
    reporting: Reporting,
}

/// One state of the database, however long it is read and whatever is written meanwhile.
pub struct Reading {
    transaction: Transaction<'static, Sqlite>,
}

/// The one connection that writes, and what it remembers.
struct Writer {
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    dimensions: Dimensions,
}

impl Writer {
    /// Begins a transaction that may write.
    ///
    /// Where SQLite itself has rolled one back, because the disk is full, say, the connection still believes to be in
    /// it: then a new one takes its place. So writing goes on by itself when the disk has room again.
    async fn begin(&mut self) -> Result<(Transaction<'_, Sqlite>, &mut Dimensions), StoreError> {
        // A rollback that was begun when a transaction was dropped ends with the next answer.
        let answers = self.connection.ping().await.is_ok();
        if !answers || self.connection.is_in_transaction() {
            self.connection = self.options.connect().await?;
            self.dimensions.forget();
        }
        Ok((self.connection.begin_with("BEGIN IMMEDIATE").await?, &mut self.dimensions))
    }
}

impl Store {
    /// Opens the database, creates it where there is none, and brings its schema up to date. Where `asked` differs
    /// from what the roll-ups were computed with, they are computed again.
    pub async fn open(url: &str, asked: Asked) -> Result<Self, StoreError> {
        let options = connect_options(url)?;
        if let Some(directory) = options.get_filename().parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory)
                .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        }
        Self::open_with(options, asked).await
    }

    /// Opens the database like [`Store::open`], but makes none.
    pub async fn open_existing(url: &str, asked: Asked) -> Result<Self, StoreError> {
        let options = connect_options(url)?;
        if !options.get_filename().exists() {
            return Err(StoreError::Missing(options.get_filename().to_owned()));
        }
        Self::open_with(options, asked).await
    }

    async fn open_with(options: SqliteConnectOptions, asked: Asked) -> Result<Self, StoreError> {
        let file = Arc::new(options.get_filename().to_owned());
        let mut connection = options.connect().await?;
        refuse_old_sqlite(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        let reporting = setting::settle(&mut connection, asked).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone().read_only(true).create_if_missing(false).pragma("cache_size", "-16384"))
            .await?;
        let writer = Writer { options, connection, dimensions: Dimensions::default() };
        Ok(Self { file, read, writer: Arc::new(Mutex::new(writer)), reporting })
    }

    /// What the roll-ups are computed with.
    pub fn reporting(&self) -> Reporting {
        self.reporting
    }

    /// Begins to read.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        let mut transaction = self.read.begin().await?;
        self.refuse_other_reporting(&mut transaction).await?;
        Ok(Reading { transaction })
    }

    /// Fails where another process has changed what the roll-ups are computed with: nothing this one would read or
    /// write is right then.
    async fn refuse_other_reporting(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        match setting::reporting(connection).await? {
            Some(reporting) if reporting == self.reporting => Ok(()),
            _ => Err(StoreError::ReportingChanged),
        }
    }

    /// Whether the database takes a write, has every migration, and has room to grow.
    pub async fn check(&self) -> Result<(), StoreError> {
        let store = self.clone();
        // In a task of its own: whoever asks may go away, and a transaction must not be cancelled half-way.
        let written = tokio::spawn(async move {
            let mut writer = store.writer.lock().await;
            let (mut transaction, _) = writer.begin().await?;
            store.refuse_other_reporting(&mut transaction).await?;
            setting::put(&mut transaction, "checked", "yes").await?;
            Ok::<_, StoreError>(transaction.commit().await?)
        });
        written.await.map_err(|_| StoreError::WriterFailed)??;
        let applied: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations WHERE success").fetch_one(&self.read).await?;
        let expected = MIGRATIONS.iter().count();
        if usize::try_from(applied) != Ok(expected) {
            return Err(StoreError::Schema { applied, expected });
        }
        match fs4::available_space(self.file.as_path()) {
            Ok(free) if free >= LEAST_FREE_BYTES => Ok(()),
            Ok(free) => Err(StoreError::DiskFull(free)),
            Err(error) => Err(StoreError::Database(error.into())),
        }
    }

    /// Ends reading and, after the write under way, moves the write-ahead log into the database. The file is let go of
    /// with the last clone.
    pub async fn close(&self) {
        self.read.close().await;
        let mut writer = self.writer.lock().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await {
            tracing::warn!(%error, "the write-ahead log was not moved into the database; the next start will");
        }
    }
}

fn connect_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let unusable = || StoreError::Url(url.to_owned());
    let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()).ok_or_else(unusable)?;
    if path.starts_with(":memory:") {
        return Err(unusable());
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| unusable())?;
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory")
        // Moved into the database every 16 MB, not every 4: neighbouring commits rewrite the same pages.
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(200)
        .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(1)))
}

async fn refuse_old_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(connection).await?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE { Err(StoreError::OldSqlite(version)) } else { Ok(()) }
}

/// How many rows the statements carry that together write `rows` rows. Few different numbers, because each makes a
/// statement of its own that is prepared and kept.
fn batches(rows: usize) -> impl Iterator<Item = Range<usize>> {
    const SIZES: [usize; 4] = [500, 64, 8, 1];
    let mut start = 0;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows - start)?;
        start += size;
        Some(start - size..start)
    })
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
        for sql in [
            today::ONLINE,
            today::ACCOUNTS_ACTIVE,
            today::USERS_ACTIVE,
            today::MOST_ACTIVE_ACCOUNTS,
            today::LEAST_SECONDS,
            today::MOST_ACTIVE_USERS,
            today::POPULAR_MODULES,
            today::FREQUENT_ACTIONS,
            stream::ENTRIES,
            stream::ENTRIES_OF_ACCOUNT,
        ] {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(explain).fetch_all(&mut store.writer.lock().await.connection).await.unwrap();
            for (.., step) in plan {
                assert!(!step.starts_with("SCAN"), "{step} in {sql}");
                assert!(!step.contains("day>"), "{step} in {sql}");
            }
        }
    }

    #[test]
    fn rows_are_spread_over_few_sizes_of_statements() {
        assert_eq!(batches(0).count(), 0);
        assert_eq!(batches(573).collect::<Vec<_>>(), [0..500, 500..564, 564..572, 572..573]);
    }

    #[test]
    fn a_url_must_name_a_file() {
        for url in ["", "data.db", "sqlite://", "sqlite://:memory:", "mysql://localhost/x"] {
            assert!(matches!(connect_options(url), Err(StoreError::Url(_))), "{url}");
        }
    }
}
