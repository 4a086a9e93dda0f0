//! The fastest each database takes the same raw rows alone: in SQLite one prepared statement of many rows, in Postgres
//! `COPY`. What is stored beside them, so that a retry is harmless, is the id of each event that has one.

use crate::{database::TestDatabase, workload::COMMIT};
use model::event::Event;
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// A raw event: time, account, user, module, activity, count.
type Row = (i64, i64, i64, i64, i64, i64);
/// An account, and what stands for an event's id.
type Id = (i64, [u8; 16]);

/// Rows of one statement for SQLite: more are no faster.
const STATEMENT: usize = 500;

/// Bytes of a message to `COPY`: of larger ones the database waits for the end before it begins.
const MESSAGE: usize = 64 * 1024;

/// The rows of a database that holds events, to be stored again without anything else.
pub(crate) struct Rows {
    events: Vec<Row>,
    ids: Vec<Id>,
}

impl Rows {
    /// Reads them, in the order they were stored in.
    pub(crate) async fn of(database: &TestDatabase, events: &[Event]) -> Self {
        let sql = "SELECT time, account_no, user_no, module_no, activity_no, count FROM event";
        let rows: Vec<Row> = match database {
            TestDatabase::Sqlite(_) => {
                let mut connection = SqliteConnection::connect(&database.url()).await.unwrap();
                sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
            }
            TestDatabase::Postgres { .. } => {
                let mut connection = PgConnection::connect(&database.url()).await.unwrap();
                sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
            }
        };
        let ids = events.iter().zip(&rows).filter_map(|(event, row)| Some((row.1, digest(event.id.as_deref()?))));
        Self { ids: ids.collect(), events: rows }
    }

    /// Stores them, as many a commit as the product does, and says how long that took.
    pub(crate) async fn append(&self, database: &TestDatabase) -> Duration {
        match database {
            TestDatabase::Sqlite(_) => self.append_to_sqlite(database).await,
            TestDatabase::Postgres { .. } => self.copy_to_postgres(database).await,
        }
    }

    async fn append_to_sqlite(&self, database: &TestDatabase) -> Duration {
        let options: SqliteConnectOptions = database.url().parse().unwrap();
        let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let options = options.synchronous(SqliteSynchronous::Full).pragma("cache_size", "-65536");
        let mut connection = options.pragma("wal_autocheckpoint", "4000").connect().await.unwrap();
        let tables = "CREATE TABLE event (seq INTEGER PRIMARY KEY, time BIGINT NOT NULL, account_no BIGINT NOT NULL, \
            user_no BIGINT NOT NULL, module_no BIGINT NOT NULL, activity_no BIGINT NOT NULL, count BIGINT NOT NULL); \
            CREATE TABLE event_id (account_no BIGINT NOT NULL, digest BLOB NOT NULL, \
            PRIMARY KEY (account_no, digest)) WITHOUT ROWID";
        sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
        let insert = |columns: &str, row: &str| {
            let rows = vec![row; STATEMENT].join(", ");
            format!("INSERT INTO {columns} VALUES {rows}")
        };
        let events = insert("event (time, account_no, user_no, module_no, activity_no, count)", "(?, ?, ?, ?, ?, ?)");
        let ids = insert("event_id (account_no, digest)", "(?, ?)");
        let began = Instant::now();
        for commit in 0..self.events.len().div_ceil(COMMIT) {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
            for rows in part(&self.events, commit).chunks_exact(STATEMENT) {
                let mut arguments = SqliteArguments::default();
                arguments.reserve(rows.len() * 6, 0);
                for row in rows {
                    for value in [row.0, row.1, row.2, row.3, row.4, row.5] {
                        arguments.add(value).unwrap();
                    }
                }
                let query = sqlx::query_with(AssertSqlSafe(events.as_str()), arguments);
                query.execute(&mut *transaction).await.unwrap();
            }
            for rows in part(&self.ids, commit).chunks_exact(STATEMENT) {
                let mut arguments = SqliteArguments::default();
                arguments.reserve(rows.len() * 2, 0);
                for (account, digest) in rows {
                    arguments.add(account).unwrap();
                    arguments.add(&digest[..]).unwrap();
                }
                let query = sqlx::query_with(AssertSqlSafe(ids.as_str()), arguments);
                query.execute(&mut *transaction).await.unwrap();
            }
            transaction.commit().await.unwrap();
        }
        began.elapsed()
    }

    async fn copy_to_postgres(&self, database: &TestDatabase) -> Duration {
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        let tables = "CREATE TABLE raw (time BIGINT NOT NULL, account_no BIGINT NOT NULL, user_no BIGINT NOT NULL, \
            module_no BIGINT NOT NULL, activity_no BIGINT NOT NULL, count BIGINT NOT NULL); \
            CREATE TABLE raw_id (account_no BIGINT NOT NULL, digest BYTEA NOT NULL, PRIMARY KEY (account_no, digest))";
        sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
        let texts: Vec<(String, String)> = (0..self.events.len().div_ceil(COMMIT))
            .map(|commit| (event_text(part(&self.events, commit)), id_text(part(&self.ids, commit))))
            .collect();
        let began = Instant::now();
        for (events, ids) in texts {
            let mut transaction = connection.begin().await.unwrap();
            for (sql, text) in [("COPY raw FROM STDIN", events), ("COPY raw_id FROM STDIN", ids)] {
                if !text.is_empty() {
                    let mut copy = transaction.copy_in_raw(sql).await.unwrap();
                    for message in text.as_bytes().chunks(MESSAGE) {
                        copy.send(message).await.unwrap();
                    }
                    copy.finish().await.unwrap();
                }
            }
            transaction.commit().await.unwrap();
        }
        began.elapsed()
    }
}

/// What one commit holds.
fn part<T>(rows: &[T], commit: usize) -> &[T] {
    rows.chunks(COMMIT).nth(commit).unwrap_or_default()
}

fn digest(id: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut digest);
    digest
}

fn event_text(rows: &[Row]) -> String {
    rows.iter().fold(String::new(), |mut text, (time, account, user, module, activity, count)| {
        writeln!(text, "{time}\t{account}\t{user}\t{module}\t{activity}\t{count}").unwrap();
        text
    })
}

fn id_text(ids: &[Id]) -> String {
    ids.iter().fold(String::new(), |mut text, (account, digest)| {
        writeln!(text, "{account}\t\\\\x{:032x}", u128::from_be_bytes(*digest)).unwrap();
        text
    })
}
