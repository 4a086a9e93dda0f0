//! Reaching the database: everything that SQLite and Postgres want done differently, but for handing over many rows.

use super::{
    StoreError, dimension::Dimensions, partition::Partitions, recent::RecentDays, statement::query, tracking::Tracking,
};
use rand::{TryRng, rngs::SysRng};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection,
    SqlitePool, Transaction,
    migrate::Migrator,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::MutexGuard;

/// The oldest SQLite without the corruption on resetting the write-ahead log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process that writes to the same SQLite file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long SQLite's log of writes is waited for until nobody reads from it: longer than a read of this process takes, and
/// nothing to those who wait to write.
const LOG_TIMEOUT: Duration = Duration::from_millis(100);

/// After how many steps of SQLite's a statement is asked whether to go on.
const STEPS: i32 = 10_000;

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to ask what became of a transaction whose connection was lost while it was being committed. A database that
/// crashes is there again sooner, unless it has much to recover.
const DOUBT: Duration = Duration::from_secs(10);

/// The writer looks rows up by their keys, some thousand at a time. While a table grows fast, Postgres thinks it is still
/// small, and would read all of it instead.
const KEY_LOOKUPS: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

/// How long the writer waits for a lock, and how long it may be silent within a transaction: a server that is frozen or
/// cut off must not keep the others from writing.
const WRITE_TIMEOUTS: [(&str, &str); 2] = [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "15s")];

/// How long a statement that reads from Postgres may take.
const READ_TIMEOUT: &str = "20s";

/// How long a statement about what is shared may take: each reads or writes a row.
const SHARED_TIMEOUT: &str = "5s";

/// The tables that an erasure deletes from or changes.
const CLEANED: &str = "account, account_user, account_attribute, activity_day, answer, audit, event, event_id, identity, \
    late_day, module_day, reject, scope_account, team_account_id, team_rule, total_day, user_day, user_module_day";

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
pub struct Reading {
    transaction: ReadTransaction,
    /// The revision of what is tracked.
    pub(super) tracking: i64,
    /// How often somebody was erased.
    pub(super) erasures: i64,
}

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
                create_file(options.get_filename()).map_err(sqlx::Error::Io)?;
                let mut connection = options.connect().await?;
                refuse_old_sqlite(&mut connection).await?;
                OwnConnection::Sqlite(connection)
            }
            Self::Postgres(options) => {
                let options = PgConnectOptions::clone(options).options(KEY_LOOKUPS).options(WRITE_TIMEOUTS);
                OwnConnection::Postgres(options.connect().await?)
            }
        })
    }

    /// Connections that read.
    pub(super) async fn pool(&self) -> Result<ReadPool, StoreError> {
        Ok(match self {
            Self::Sqlite(options) => {
                let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(ACQUIRE_TIMEOUT);
                let options = SqliteConnectOptions::clone(options).read_only(true);
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
        let options = PgConnectOptions::clone(options).options([("statement_timeout", SHARED_TIMEOUT)]);
        Ok(Some(Shared(pool.connect_with(options).await?)))
    }

    /// Takes what was deleted out of the tables for good. SQLite's file is written anew, because what was moved within it
    /// leaves copies behind; the new one lies in the log of writes until that is moved. Postgres overwrites what its tables
    /// no longer hold as it needs the room. With `patience`, SQLite's is given up where the copy takes longer.
    pub(super) async fn vacuum(&self, patience: Option<Duration>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(options) => {
                // The copy is as large as the file, and has no place in memory.
                let options = SqliteConnectOptions::clone(options).pragma("temp_store", "file");
                let mut connection = options.connect().await?;
                if let Some(patience) = patience {
                    let until = Instant::now() + patience;
                    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < until);
                }
                match sqlx::raw_sql("VACUUM").execute(&mut connection).await {
                    Ok(_) => Ok(connection.close().await?),
                    Err(sqlx::Error::Database(error)) if error.message() == "interrupted" => Err(StoreError::Slow),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Postgres(options) => {
                let mut connection = options.connect().await?;
                sqlx::raw_sql(AssertSqlSafe(format!("VACUUM {CLEANED}"))).execute(&mut connection).await?;
                Ok(connection.close().await?)
            }
        }
    }

    /// Moves SQLite's log of writes into the file, as far as nobody reads what there was before. Others go on to write.
    pub(super) async fn move_log(&self) -> Result<(), StoreError> {
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await.map(|_| ())
    }

    /// Moves the rest of it, and empties it. Whether that was done: not while somebody reads what there was before, which
    /// is waited for but a moment.
    pub(super) async fn empty_log(&self) -> Result<bool, StoreError> {
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").await
    }

    /// Whether nobody was in its way. Postgres looks after its own log.
    async fn checkpoint(&self, sql: &'static str) -> Result<bool, StoreError> {
        let Self::Sqlite(options) = self else { return Ok(true) };
        let mut connection = SqliteConnectOptions::clone(options).busy_timeout(LOG_TIMEOUT).connect().await?;
        let (busy, ..): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(busy == 0)
    }

    /// Every migration of this version.
    pub(super) fn migrations(&self) -> &'static Migrator {
        match self {
            Self::Sqlite(_) => &SQLITE_MIGRATIONS,
            Self::Postgres(_) => &POSTGRES_MIGRATIONS,
        }
    }
}

/// Makes the file of a database where there is none, for its owner alone. SQLite gives its log of writes and what
/// connections share the same mode.
fn create_file(file: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory")
        // Moved into the database every 16 MB, not every 4: neighbouring commits rewrite the same pages.
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(300)
        // As many as a statement gives back: handing rows over one by one costs more than reading them.
        .row_buffer_size(2_000)
        .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(1))
}

fn postgres_options(options: PgConnectOptions) -> PgConnectOptions {
    let name = options.get_application_name().unwrap_or("usage-monitor").to_owned();
    options
        .application_name(&name)
        // What is acknowledged is on disk, whatever the database's default is.
        .options([("synchronous_commit", "on"), ("client_min_messages", "warning")])
        // Statements are short, and compiling one takes longer than running it.
        .options([("jit", "off")])
        // So that a peer that is gone without a word is noticed there, and its locks are free.
        .options([("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")])
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
            Self::Sqlite(connection) => {
                // Postgres' migrations take a lock by themselves.
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                migrations.run(&mut *transaction).await?;
                transaction.commit().await?;
            }
            Self::Postgres(connection) => {
                // However long others work on what a migration changes, or migrate themselves.
                sqlx::raw_sql("SET lock_timeout = 0").execute(&mut *connection).await?;
                migrations.run(&mut *connection).await?;
                sqlx::raw_sql("RESET lock_timeout").execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Begins a transaction that writes.
    async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => self.run("BEGIN").await,
        }
    }

    async fn run(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql.into());
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
        let transaction = match self {
            Self::Sqlite(pool) => ReadTransaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                ReadTransaction::Postgres(pool.begin_with(begin).await?)
            }
        };
        Ok(Reading { transaction, tracking: 0, erasures: 0 })
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
    /// Takes as long as it takes, where reads of Postgres are given up otherwise: for what nobody asks but seldom.
    pub(super) async fn without_timeout(mut self) -> Result<Self, StoreError> {
        if let Connection::Postgres(_) = self.connection() {
            query("SET LOCAL statement_timeout = 0").execute(&mut self.connection()).await?;
        }
        Ok(self)
    }

    /// The connection to read with.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        match &mut self.transaction {
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
    /// By what the database knows this writer, and how many transactions it began.
    server: String,
    begun: i64,
}

/// What was seen in the database and stays so, once the transaction that saw it is committed.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) dimensions: Dimensions,
    pub(super) partitions: Partitions,
    pub(super) recent: RecentDays,
    pub(super) tracking: Arc<Tracking>,
    /// How often somebody had been erased when the dimensions were looked up first.
    pub(super) erasures: Option<i64>,
}

/// A transaction that writes. Dropped before it is committed, it leaves no trace.
pub(super) struct Writing<'w> {
    writer: MutexGuard<'w, Writer>,
    connection: OwnConnection,
}

impl Writer {
    /// A writer on a database that has its schema.
    pub(super) async fn new(place: Place, mut connection: OwnConnection) -> Result<Self, StoreError> {
        let mut random = [0; 16];
        SysRng.try_fill_bytes(&mut random).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        let server = format!("{:032x}", u128::from_le_bytes(random));
        if let Connection::Postgres(_) = connection.lend() {
            // There from the start, so that a first commit in doubt has a row to wait for.
            query("INSERT INTO last_commit (server, number) VALUES ($1, 0)")
                .bind(&*server)
                .execute(&mut connection.lend())
                .await?;
            query("DELETE FROM last_commit WHERE at < now() - INTERVAL '30 days'")
                .execute(&mut connection.lend())
                .await?;
        }
        Ok(Self { place, idle: Some(connection), remembered: Remembered::default(), server, begun: 0 })
    }

    /// The connection, if it is there.
    pub(super) fn idle(&mut self) -> Option<Connection<'_>> {
        self.idle.as_mut().map(OwnConnection::lend)
    }

    /// A connection that has begun a transaction. One whose last transaction came to its end is used again, unless
    /// Postgres was started anew meanwhile; so writing goes on by itself after every fault.
    async fn begin(&mut self) -> Result<OwnConnection, StoreError> {
        self.begun += 1;
        if let Some(mut connection) = self.idle.take() {
            match connection.begin().await {
                Ok(()) => return Ok(connection),
                Err(error) if matches!(connection, OwnConnection::Sqlite(_)) => return Err(error),
                Err(error) => tracing::debug!(%error, "the connection that writes was lost; making another"),
            }
        }
        // What a transaction made that did not come to its end is not in the database.
        self.remembered = Remembered::default();
        let mut connection = self.place.connect().await?;
        connection.begin().await?;
        Ok(connection)
    }

    /// Whether the last transaction was committed, though nobody said so. Fails where the database says nothing for
    /// long. What its number says is durable with it, which Postgres' own numbers of transactions are not.
    async fn was_committed(&self) -> Result<bool, StoreError> {
        let asking = async {
            loop {
                if let Ok(mut connection) = self.place.connect().await {
                    // Locked: a transaction that nobody told of the loss may still be under way.
                    let sql = "SELECT number FROM last_commit WHERE server = $1 FOR UPDATE";
                    let last = query(sql).bind(&*self.server).fetch_one::<(i64,)>(&mut connection.lend()).await;
                    if let Ok((number,)) = last {
                        return number == self.begun;
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
        let connection = writer.begin().await?;
        Ok(Self { writer, connection })
    }

    /// The connection to write with, whatever that may do to the roll-ups.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        self.writer.remembered.recent = RecentDays::default();
        self.connection.lend()
    }

    /// The connection to write with, where that changes nothing that is remembered.
    pub(super) fn connection_beside_days(&mut self) -> Connection<'_> {
        self.connection.lend()
    }

    /// The connection to write with, and what is remembered.
    pub(super) fn parts(&mut self) -> (Connection<'_>, &mut Remembered) {
        (self.connection.lend(), &mut self.writer.remembered)
    }

    /// Takes back what it did, of which nothing is remembered, and says something else: what was asked for can't be done.
    /// Dropped instead, the connection would be lost with all that the writer remembers, which is for what went wrong.
    pub(super) async fn roll_back<T>(mut self, outcome: T) -> Result<T, StoreError> {
        self.connection.run("ROLLBACK").await?;
        self.writer.idle = Some(self.connection);
        Ok(outcome)
    }

    /// Makes it durable. Where the connection to Postgres is lost before it says so, it is asked again.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let Writer { server, begun, .. } = &*self.writer;
        let committed = match self.connection {
            OwnConnection::Sqlite(_) => self.connection.run("COMMIT").await,
            OwnConnection::Postgres(_) => {
                let number = format!(
                    "INSERT INTO last_commit (server, number) VALUES ('{server}', {begun}) \
                     ON CONFLICT (server) DO UPDATE SET number = excluded.number, at = now()"
                );
                self.connection.run(format!("{number}; COMMIT")).await
            }
        };
        match (committed, &self.connection) {
            (Ok(()), _) => {}
            (Err(error), OwnConnection::Postgres(_)) if self.writer.was_committed().await? => {
                tracing::info!(%error, "the connection was lost while a commit was under way, which went through");
                return Ok(());
            }
            (Err(error), _) => return Err(error),
        }
        self.writer.idle = Some(self.connection);
        Ok(())
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
