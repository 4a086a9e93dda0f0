//! Reaching the database: everything that SQLite and Postgres want done differently, but for handing over many rows.

use super::{StoreError, dimension::Dimensions, partition::Partitions, statement::query};
use sqlx::{
    ConnectOptions, PgConnection, PgPool, Postgres, Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::Migrator,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, str::FromStr, time::Duration};
use tokio::sync::MutexGuard;

/// The oldest SQLite without the corruption on resetting the write-ahead log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process that writes to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to ask what became of a transaction whose connection was lost while it was being committed. A database that
/// crashes is there again sooner, unless it has much to recover.
const DOUBT: Duration = Duration::from_secs(10);

/// How long a statement that reads from Postgres may take.
const READ_TIMEOUT: &str = "20s";

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Where the database is, and how it is connected to.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// A connection on loan.
pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection of one's own.
pub(super) enum OwnConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What Postgres knows a transaction by, for ever.
#[derive(Debug)]
struct TransactionNumber(String);

/// Connections to read with.
#[derive(Clone)]
pub(super) enum ReadPool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Connections for what the servers on one Postgres share. Apart from those that read: whoever waits for one of these
/// may be reading.
#[derive(Clone)]
pub(super) struct Shared(PgPool);

/// One of them.
pub(super) struct SharedConnection(PoolConnection<Postgres>);

/// One state of the database, however long it is read and whatever is written meanwhile.
pub struct Reading(ReadTransaction);

enum ReadTransaction {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Place {
    /// Reads `sqlite://PATH` or `postgres://…`.
    pub(super) fn of_url(url: &str) -> Result<Self, StoreError> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() && !path.starts_with(":memory:") => {
                let options = SqliteConnectOptions::from_str(url).map_err(|_| StoreError::Url)?;
                Ok(Self::Sqlite(Box::new(sqlite_options(options))))
            }
            Some(("postgres" | "postgresql", _)) => {
                let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Url)?;
                Ok(Self::Postgres(Box::new(postgres_options(options))))
            }
            _ => Err(StoreError::Url),
        }
    }

    /// The file, where the database is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(options) => Some(options.get_filename()),
            Self::Postgres(_) => None,
        }
    }

    /// A connection that writes.
    pub(super) async fn connect(&self) -> Result<OwnConnection, StoreError> {
        Ok(match self {
            Self::Sqlite(options) => {
                let mut connection = options.connect().await?;
                refuse_old_sqlite(&mut connection).await?;
                OwnConnection::Sqlite(connection)
            }
            Self::Postgres(options) => OwnConnection::Postgres(options.connect().await?),
        })
    }

    /// Connections that read.
    pub(super) async fn pool(&self) -> Result<ReadPool, StoreError> {
        Ok(match self {
            Self::Sqlite(options) => {
                let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(ACQUIRE_TIMEOUT);
                let options = SqliteConnectOptions::clone(options).read_only(true).create_if_missing(false);
                ReadPool::Sqlite(pool.connect_with(options.pragma("cache_size", "-16384")).await?)
            }
            Self::Postgres(options) => {
                let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(ACQUIRE_TIMEOUT);
                let options = PgConnectOptions::clone(options).options([("statement_timeout", READ_TIMEOUT)]);
                ReadPool::Postgres(pool.connect_with(options).await?)
            }
        })
    }

    /// Connections for what is shared; `None` for SQLite, which has one server.
    pub(super) async fn shared(&self) -> Result<Option<Shared>, StoreError> {
        let Self::Postgres(options) = self else { return Ok(None) };
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(ACQUIRE_TIMEOUT);
        Ok(Some(Shared(pool.connect_with(PgConnectOptions::clone(options)).await?)))
    }

    /// Every migration of this version.
    pub(super) fn migrations(&self) -> &'static Migrator {
        match self {
            Self::Sqlite(_) => &SQLITE_MIGRATIONS,
            Self::Postgres(_) => &POSTGRES_MIGRATIONS,
        }
    }
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory")
        // Moved into the database every 16 MB, not every 4: neighbouring commits rewrite the same pages.
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(200)
        .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(1))
}

fn postgres_options(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("usage-monitor")
        // What is acknowledged is on disk, whatever the database's default is.
        .options([("synchronous_commit", "on")])
        .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(1))
}

async fn refuse_old_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(connection).await?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE { Err(StoreError::OldSqlite(version)) } else { Ok(()) }
}

impl OwnConnection {
    /// Lends it.
    pub(super) fn lend(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    /// Brings the schema up to date. Of several processes one does, and the others wait for it.
    pub(super) async fn migrate(&mut self, migrations: &Migrator) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => migrations.run(connection).await?,
            Self::Postgres(connection) => migrations.run(connection).await?,
        }
        Ok(())
    }

    /// Begins a transaction that writes. Its number tells later what became of it.
    async fn begin(&mut self) -> Result<Option<TransactionNumber>, StoreError> {
        let Self::Postgres(connection) = self else {
            return self.run("BEGIN IMMEDIATE").await.map(|()| None);
        };
        let begin = sqlx::raw_sql("BEGIN; SELECT CAST(pg_current_xact_id() AS TEXT)");
        let row = begin.fetch_one(connection).await?;
        Ok(Some(TransactionNumber(row.try_get(0)?)))
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ())?,
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ())?,
        }
        Ok(())
    }
}

impl ReadPool {
    /// Begins to read.
    pub(super) async fn begin(&self) -> Result<Reading, StoreError> {
        Ok(Reading(match self {
            Self::Sqlite(pool) => ReadTransaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                ReadTransaction::Postgres(pool.begin_with(begin).await?)
            }
        }))
    }

    /// Ends every connection.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Shared {
    /// One of the connections.
    pub(super) async fn acquire(&self) -> Result<SharedConnection, StoreError> {
        Ok(SharedConnection(self.0.acquire().await?))
    }

    /// Ends every connection.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl SharedConnection {
    /// The connection itself.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        Connection::Postgres(&mut self.0)
    }
}

impl Reading {
    /// The connection to read with.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        match &mut self.0 {
            ReadTransaction::Sqlite(transaction) => Connection::Sqlite(transaction),
            ReadTransaction::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }
}

/// The one connection of this process that writes, and what it remembers.
pub(super) struct Writer {
    place: Place,
    /// Only while it is in no transaction: one that was given up takes its connection along.
    idle: Option<OwnConnection>,
    remembered: Remembered,
}

/// What was seen in the database and stays so, once the transaction that saw it is committed.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) dimensions: Dimensions,
    pub(super) partitions: Partitions,
}

/// A transaction that writes. Dropped before it is committed, it leaves no trace.
pub(super) struct Writing<'w> {
    writer: MutexGuard<'w, Writer>,
    connection: OwnConnection,
    number: Option<TransactionNumber>,
}

impl Writer {
    pub(super) fn new(place: Place, connection: OwnConnection) -> Self {
        Self { place, idle: Some(connection), remembered: Remembered::default() }
    }

    /// The connection, if it is there.
    pub(super) fn idle(&mut self) -> Option<Connection<'_>> {
        self.idle.as_mut().map(OwnConnection::lend)
    }

    /// A connection that has begun a transaction. One whose last transaction came to its end is used again, unless
    /// Postgres was started anew meanwhile; so writing goes on by itself after every fault.
    async fn begin(&mut self) -> Result<(OwnConnection, Option<TransactionNumber>), StoreError> {
        if let Some(mut connection) = self.idle.take() {
            match connection.begin().await {
                Ok(number) => return Ok((connection, number)),
                Err(error) if matches!(connection, OwnConnection::Sqlite(_)) => return Err(error),
                Err(error) => tracing::debug!(%error, "the connection that writes was lost; making another"),
            }
        }
        // What a transaction made that did not come to its end is not in the database.
        self.remembered = Remembered::default();
        let mut connection = self.place.connect().await?;
        let number = connection.begin().await?;
        Ok((connection, number))
    }

    /// Whether a transaction was committed, though nobody said so. Fails where the database says nothing for long.
    async fn was_committed(&self, TransactionNumber(number): &TransactionNumber) -> Result<bool, StoreError> {
        let asking = async {
            loop {
                if let Ok(mut connection) = self.place.connect().await {
                    let status = query("SELECT pg_xact_status(CAST($1 AS XID8))").bind(&**number);
                    match status.fetch_one::<(Option<String>,)>(&mut connection.lend()).await {
                        Ok((Some(status),)) if status == "committed" => return true,
                        Ok((Some(status),)) if status == "aborted" => return false,
                        _ => {}
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(DOUBT, asking).await.map_err(|_| StoreError::InDoubt)
    }
}

impl<'w> Writing<'w> {
    /// Begins a transaction.
    pub(super) async fn begin(mut writer: MutexGuard<'w, Writer>) -> Result<Self, StoreError> {
        let (connection, number) = writer.begin().await?;
        Ok(Self { writer, connection, number })
    }

    /// The connection to write with.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        self.connection.lend()
    }

    /// The connection to write with, and what is remembered.
    pub(super) fn parts(&mut self) -> (Connection<'_>, &mut Remembered) {
        (self.connection.lend(), &mut self.writer.remembered)
    }

    /// Makes it durable. Where the connection is lost before the database says so, it is asked again.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let Err(error) = self.connection.run("COMMIT").await else {
            self.writer.idle = Some(self.connection);
            return Ok(());
        };
        match &self.number {
            Some(number) if self.writer.was_committed(number).await? => {
                tracing::info!(%error, "the connection was lost while a commit was under way, which went through");
                Ok(())
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_must_name_a_database() {
        for url in ["", "data.db", "sqlite://", "sqlite://:memory:", "mysql://localhost/x", "postgres://:x:y"] {
            assert!(matches!(Place::of_url(url), Err(StoreError::Url)), "{url}");
        }
        assert!(matches!(Place::of_url("sqlite://data.db"), Ok(Place::Sqlite(_))));
        assert!(matches!(Place::of_url("postgres://localhost/usage"), Ok(Place::Postgres(_))));
    }
}
