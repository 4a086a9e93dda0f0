//! An empty database for a test: an SQLite file, or where `TEST_DATABASE_URL` names a Postgres, a schema there.

use server::store::{Asked, Store};
use sqlx::{ConnectOptions, Connection, SqliteConnection, postgres::PgConnectOptions};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// A database that goes with the test.
pub(crate) enum TestDatabase {
    Sqlite(tempfile::TempDir),
    Postgres { base: String, schema: String },
}

impl TestDatabase {
    /// An empty one.
    pub(crate) async fn create() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(base) => Self::create_in(base).await,
            Err(_) => Self::Sqlite(tempfile::tempdir().expect("a directory")),
        }
    }

    /// An empty schema in this Postgres.
    pub(crate) async fn create_in(base: String) -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        run(&base, format!("CREATE SCHEMA {schema}")).await.expect("a schema in a Postgres");
        Self::Postgres { base, schema }
    }

    /// How the product is told of it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite://{}", directory.path().join("test.db").display()),
            Self::Postgres { base, schema } => {
                let separator = if base.contains('?') { '&' } else { '?' };
                format!("{base}{separator}options[search_path]={schema}&application_name=usage-monitor%20{schema}")
            }
        }
    }

    /// Computes every roll-up again from the events, and returns how many there are.
    pub(crate) async fn rebuild(&self) -> u64 {
        Store::rebuild_at(&self.url(), Asked::default()).await.expect("rebuilt")
    }

    /// Fails where the file of SQLite is damaged. Postgres looks after its own.
    pub(crate) async fn check_integrity(&self) {
        let Self::Sqlite(_) = self else { return };
        let mut connection = SqliteConnection::connect(&self.url()).await.expect("a connection");
        let found: Vec<(String,)> =
            sqlx::query_as("PRAGMA integrity_check").fetch_all(&mut connection).await.expect("checked");
        assert_eq!(found, [("ok".to_owned(),)]);
    }

    /// The rows of a query for one column of text.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let texts = match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.expect("a connection");
                sqlx::query_scalar(sql).fetch_all(&mut connection).await
            }
            Self::Postgres { .. } => {
                let mut connection = sqlx::PgConnection::connect(&self.url()).await.expect("a connection");
                sqlx::query_scalar(sql).fetch_all(&mut connection).await
            }
        };
        texts.expect("rows")
    }

    /// Every text in the database: of SQLite the bytes of its files, of Postgres the rows of every table.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        if let Some(bytes) = self.bytes() {
            return bytes;
        }
        let rows = "SELECT CAST(query_to_xml('SELECT * FROM ' || quote_ident(table_name), true, true, '') AS TEXT)
            FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
        let bodies = "SELECT encode(body, 'escape') FROM reject";
        [self.texts(rows).await, self.texts(bodies).await].concat().join("\n").into_bytes()
    }

    /// Does something that the product never does.
    pub(crate) async fn run(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url()).await?;
                sqlx::query(sql).execute(&mut connection).await.map(|_| ())
            }
            Self::Postgres { .. } => {
                let mut connection = sqlx::PgConnection::connect(&self.url()).await?;
                sqlx::query(sql).execute(&mut connection).await.map(|_| ())
            }
        }
    }

    /// Does something in Postgres and holds on to it until the connection is dropped. In SQLite there is one who writes.
    pub(crate) async fn hold(&self, sql: &'static str) -> Option<sqlx::PgConnection> {
        let Self::Postgres { .. } = self else { return None };
        let mut connection = sqlx::PgConnection::connect(&self.url()).await.expect("a connection");
        sqlx::raw_sql("BEGIN").execute(&mut connection).await.expect("a transaction");
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("something done");
        Some(connection)
    }

    /// Every byte of SQLite's files, its log of writes included. What Postgres writes is not for us to read.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let files = self.files();
        let bytes = files.iter().flat_map(|file| std::fs::read(file).expect("bytes")).collect();
        (!files.is_empty()).then_some(bytes)
    }

    /// SQLite's files, its log of writes included.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Self::Sqlite(directory) = self else { return Vec::new() };
        let files = std::fs::read_dir(directory.path()).expect("a directory");
        files.map(|file| file.expect("a file").path()).collect()
    }

    /// Ends every connection of the product in Postgres, whatever it is doing. To SQLite there is none to lose.
    pub(crate) async fn cut_connections(&self) {
        let Self::Postgres { base, schema } = self else { return };
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'usage-monitor {schema}'"
        );
        run(base, sql).await.expect("connections cut");
    }

    /// Whether several processes may share it.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Self::Postgres { base, schema } = self else { return };
        // A store that was only dropped may still be about to end its transaction, in a runtime that waits for this.
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
             WHERE relnamespace = '{schema}'::regnamespace AND pid <> pg_backend_pid();
             DROP SCHEMA {schema} CASCADE"
        );
        let base = base.clone();
        // In a thread of its own, because this may run within a runtime, which must not be blocked on.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(&base, sql)).map_err(std::io::Error::other)
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("{schema} stays behind: {error}");
        }
    }
}

async fn run(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}
