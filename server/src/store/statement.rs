//! One text of SQL for both databases.
//!
//! A [`Query`] is the same on both. A [`Bulk`] differs in how many rows are handed over: SQLite takes a list of
//! `VALUES`, in several statements where there are many; Postgres one array for each column.

use super::{StoreError, connection::Connection};
use futures::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, FromRow, SqlSafeStr, SqlStr,
    postgres::PgRow,
    sqlite::{SqliteArguments, SqliteRow},
};
use std::{borrow::Cow, fmt::Write, ops::Range};

/// A row that both databases can be read into.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// What a parameter can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

/// A statement with its parameters, `$1` and so on.
#[derive(Debug)]
pub(super) struct Query<'a> {
    text: SqlStr,
    values: Vec<Value<'a>>,
}

/// Begins a statement.
pub(super) fn query<'a>(text: impl SqlSafeStr) -> Query<'a> {
    Query { text: text.into_sql_str(), values: Vec::new() }
}

/// Binds each of `$values` to the sqlx query `$query`, whichever database it is for.
macro_rules! bind_values {
    ($query:expr, $values:expr) => {
        $values.iter().fold($query, |query, value| match *value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    };
}

impl<'a> Query<'a> {
    /// Binds the next parameter.
    pub(super) fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Every row.
    pub(super) async fn fetch_all<R: Row>(self, connection: &mut Connection<'_>) -> Result<Vec<R>, StoreError> {
        Ok(match connection {
            Connection::Sqlite(connection) => {
                bind_values!(sqlx::query_as(self.text), self.values).fetch_all(&mut **connection).await?
            }
            Connection::Postgres(connection) => {
                bind_values!(sqlx::query_as(self.text), self.values).fetch_all(&mut **connection).await?
            }
        })
    }

    /// The first row, if there is one.
    pub(super) async fn fetch_optional<R: Row>(self, connection: &mut Connection<'_>) -> Result<Option<R>, StoreError> {
        Ok(self.fetch_all(connection).await?.into_iter().next())
    }

    /// The first row, of a statement that always gives one.
    pub(super) async fn fetch_one<R: Row>(self, connection: &mut Connection<'_>) -> Result<R, StoreError> {
        self.fetch_optional(connection).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// Runs it, and says how many rows it changed.
    pub(super) async fn execute(self, connection: &mut Connection<'_>) -> Result<u64, StoreError> {
        Ok(match connection {
            Connection::Sqlite(connection) => {
                bind_values!(sqlx::query(self.text), self.values).execute(&mut **connection).await?.rows_affected()
            }
            Connection::Postgres(connection) => {
                bind_values!(sqlx::query(self.text), self.values).execute(&mut **connection).await?.rows_affected()
            }
        })
    }
}

/// A column of rows that are handed to a statement.
#[derive(Debug)]
pub(super) enum Column<'a> {
    Ints(Vec<i64>),
    Texts(Vec<&'a str>),
    Bytes(Vec<Cow<'a, [u8]>>),
}

impl<'a> Column<'a> {
    /// Whole numbers.
    pub(super) fn ints(values: impl IntoIterator<Item = i64>) -> Self {
        Self::Ints(values.into_iter().collect())
    }

    /// Texts.
    pub(super) fn texts(values: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Texts(values.into_iter().collect())
    }

    /// Bytes, borrowed or not.
    pub(super) fn bytes<B: Into<Cow<'a, [u8]>>>(values: impl IntoIterator<Item = B>) -> Self {
        Self::Bytes(values.into_iter().map(Into::into).collect())
    }

    /// How many values it has.
    fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// The type of the array that carries it.
    fn array_type(&self) -> &'static str {
        match self {
            Self::Ints(_) => "BIGINT[]",
            Self::Texts(_) => "TEXT[]",
            Self::Bytes(_) => "BYTEA[]",
        }
    }
}

/// How many rows columns make.
pub(super) fn row_count(columns: &[Column<'_>]) -> usize {
    columns.first().map_or(0, Column::len)
}

/// A text for SQLite with its arguments.
type SqliteStatement = (AssertSqlSafe<String>, SqliteArguments);

/// A statement over many rows, which stand where its text says `{rows}`: after `INSERT INTO table (…)`, or as
/// `WITH name (…) AS ({rows})`.
#[derive(Debug)]
pub(super) struct Bulk<'a> {
    sqlite: Cow<'static, str>,
    postgres: Cow<'static, str>,
    columns: Vec<Column<'a>>,
    at_once: bool,
}

/// Begins a statement over many rows, given as columns of the same length.
pub(super) fn bulk<'a>(text: impl Into<Cow<'static, str>>, columns: impl Into<Vec<Column<'a>>>) -> Bulk<'a> {
    let text = text.into();
    Bulk { sqlite: text.clone(), postgres: text, columns: columns.into(), at_once: false }
}

/// Begins a statement that writes rows whole, over those with the same key: the columns of the key, then the `rest`.
/// SQLite then needs not look for the row that was there, as long as the table has no other index.
pub(super) fn put<'a>(table: &str, key: &[&str], rest: &[&str], columns: impl Into<Vec<Column<'a>>>) -> Bulk<'a> {
    let rows = format!("INTO {table} ({}) {{rows}}", [key, rest].concat().join(", "));
    let set: Vec<String> = rest.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    Bulk {
        sqlite: format!("INSERT OR REPLACE {rows}").into(),
        postgres: format!("INSERT {rows} ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", ")).into(),
        columns: columns.into(),
        at_once: false,
    }
}

/// From how many rows on Postgres takes them by `COPY`. That ends with a message of its own, which now and then waits 40 ms
/// for the acknowledgement of the one before, because sqlx 0.9.0 leaves Nagle's algorithm on
/// (<https://github.com/transact-rs/sqlx/issues/4335>): more than fewer rows are worth.
const COPIED_ROWS: usize = 4_000;

/// Writes rows that clash with none, the fastest way each database has.
pub(super) async fn append(
    connection: &mut Connection<'_>,
    table: &str,
    names: &[&str],
    columns: Vec<Column<'_>>,
) -> Result<(), StoreError> {
    let names = names.join(", ");
    match connection {
        Connection::Postgres(connection) if row_count(&columns) >= COPIED_ROWS => {
            let sql = format!("COPY {table} ({names}) FROM STDIN (FORMAT BINARY)");
            let mut copy = connection.copy_in_raw(&sql).await?;
            copy.send(&COPY_HEAD[..]).await?;
            let rows = row_count(&columns);
            // Some at a time: the database works on them while the next are made.
            for from in (0..rows).step_by(ROWS_PER_MESSAGE) {
                copy.send(copied(&columns, from..rows.min(from + ROWS_PER_MESSAGE))).await?;
            }
            copy.send(&COPY_END[..]).await?;
            copy.finish().await?;
            Ok(())
        }
        _ => bulk(format!("INSERT INTO {table} ({names}) {{rows}}"), columns).execute(connection).await,
    }
}

/// Writes rows of which most likely none clashes with one that is there, and says whether that was so. If not, none is
/// written, and the transaction goes on.
pub(super) async fn append_unless_clashing(
    connection: &mut Connection<'_>,
    table: &str,
    names: &[&str],
    columns: Vec<Column<'_>>,
) -> Result<bool, StoreError> {
    query("SAVEPOINT before_rows").execute(connection).await?;
    let clashes = match append(connection, table, names, columns).await {
        Ok(()) => false,
        Err(StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => true,
        Err(error) => return Err(error),
    };
    if clashes {
        query("ROLLBACK TO SAVEPOINT before_rows").execute(connection).await?;
    }
    query("RELEASE SAVEPOINT before_rows").execute(connection).await?;
    Ok(!clashes)
}

/// How many rows a message to `COPY` holds.
const ROWS_PER_MESSAGE: usize = 1_000;

/// What comes before the rows of a `COPY` in binary format: the signature, no flags, and no more header. See
/// <https://www.postgresql.org/docs/15/sql-copy.html>.
const COPY_HEAD: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What comes after them.
const COPY_END: &[u8; 2] = b"\xff\xff";

/// Rows as they stand between the two.
fn copied(columns: &[Column<'_>], rows: Range<usize>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * (2 + columns.len() * 12));
    let field = |bytes: &mut Vec<u8>, value: &[u8]| {
        bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(value);
    };
    for row in rows {
        bytes.extend_from_slice(&u16::try_from(columns.len()).unwrap_or(u16::MAX).to_be_bytes());
        for column in columns {
            match column {
                Column::Ints(values) => field(&mut bytes, &values[row].to_be_bytes()),
                Column::Texts(values) => field(&mut bytes, values[row].as_bytes()),
                Column::Bytes(values) => field(&mut bytes, &values[row]),
            }
        }
    }
    bytes
}

/// Binds column after column to an sqlx query for Postgres.
macro_rules! bind_columns {
    ($query:expr, $columns:expr) => {
        $columns.iter().fold($query, |query, column| match column {
            Column::Ints(values) => query.bind(values),
            Column::Texts(values) => query.bind(values),
            Column::Bytes(values) => query.bind(values.iter().map(|bytes| &**bytes).collect::<Vec<&[u8]>>()),
        })
    };
}

impl Bulk<'_> {
    /// Makes SQLite too take all rows in one statement: for few rows, whose order or grouping matters.
    pub(super) fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// Every row that it gives back.
    pub(super) async fn fetch_all<R: Row>(self, connection: &mut Connection<'_>) -> Result<Vec<R>, StoreError> {
        let mut fetched = Vec::new();
        self.for_each(connection, |row| fetched.push(row)).await?;
        Ok(fetched)
    }

    /// Hands over each row that it gives back, without holding them all.
    pub(super) async fn for_each<R: Row>(
        self,
        connection: &mut Connection<'_>,
        mut take: impl FnMut(R),
    ) -> Result<(), StoreError> {
        match connection {
            Connection::Sqlite(connection) => {
                let mut statements = self.statements().into_iter().map(|statement| self.sqlite_statement(statement));
                let mut next = statements.next();
                while let Some(statement) = next {
                    let (text, arguments) = statement?;
                    let query = sqlx::query_as_with(text, arguments).persistent(!self.at_once);
                    let rows = query.fetch(&mut **connection).try_for_each(|row| {
                        take(row);
                        std::future::ready(Ok(()))
                    });
                    // SQLite works in a thread of its own: while it does, the next statement is made.
                    let (taken, after) = tokio::join!(rows, async { statements.next() });
                    taken?;
                    next = after;
                }
            }
            Connection::Postgres(connection) => {
                if self.length() > 0 {
                    let query = sqlx::query_as(AssertSqlSafe(self.postgres_text()));
                    let mut rows = bind_columns!(query, self.columns).fetch(&mut **connection);
                    while let Some(row) = rows.try_next().await? {
                        take(row);
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs it.
    pub(super) async fn execute(self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        if self.length() == 0 {
            return Ok(());
        }
        match connection {
            Connection::Sqlite(connection) => {
                let mut run = async |(text, arguments): SqliteStatement| {
                    let query = sqlx::query_with(text, arguments).persistent(!self.at_once);
                    query.execute(&mut **connection).await
                };
                let mut statements = self.statements().into_iter();
                let mut statement = self.sqlite_statement(statements.next().unwrap_or_default())?;
                for next in statements {
                    // As above.
                    let (done, next) = tokio::join!(run(statement), async { self.sqlite_statement(next) });
                    done?;
                    statement = next?;
                }
                run(statement).await?;
            }
            Connection::Postgres(connection) => {
                let query = bind_columns!(sqlx::query(AssertSqlSafe(self.postgres_text())), self.columns);
                query.execute(&mut **connection).await?;
            }
        }
        Ok(())
    }

    /// A statement for SQLite with its arguments: for these rows, with so many places.
    fn sqlite_statement(&self, (rows, places): (Range<usize>, usize)) -> Result<SqliteStatement, StoreError> {
        Ok((AssertSqlSafe(self.sqlite_text(rows.len(), places)), self.sqlite_arguments(rows)?))
    }

    fn length(&self) -> usize {
        row_count(&self.columns)
    }

    /// Which rows the statements for SQLite carry, and for how many each has places.
    fn statements(&self) -> Vec<(Range<usize>, usize)> {
        match self.length() {
            rows if self.at_once && rows > 0 => vec![(0..rows, rows)],
            rows => spread(rows).collect(),
        }
    }

    /// Places that no row is bound to hold NULL, which no row begins with.
    fn sqlite_text(&self, rows: usize, places: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let values = format!("VALUES {}", vec![row.as_str(); places].join(", "));
        let rows = match rows == places {
            true => values,
            false => format!("SELECT * FROM ({values}) WHERE column1 IS NOT NULL"),
        };
        self.sqlite.replacen("{rows}", &rows, 1)
    }

    /// Row after row. Not by `bind`, which moves the whole query for each of some thousand values.
    fn sqlite_arguments(&self, rows: Range<usize>) -> Result<SqliteArguments, StoreError> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(rows.len() * self.columns.len(), 0);
        for row in rows {
            for column in &self.columns {
                match column {
                    Column::Ints(values) => arguments.add(values[row]),
                    Column::Texts(values) => arguments.add(values[row]),
                    Column::Bytes(values) => arguments.add(&*values[row]),
                }
                .map_err(sqlx::Error::Encode)?;
            }
        }
        Ok(arguments)
    }

    fn postgres_text(&self) -> String {
        let mut arrays = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Writing to memory never fails.
            let _ = write!(arrays, "{comma}${}::{}", index + 1, column.array_type());
        }
        self.postgres.replacen("{rows}", &format!("SELECT * FROM UNNEST({arrays})"), 1)
    }
}

/// How `rows` rows are spread over statements for SQLite, each with how many rows it has places for. Few different
/// numbers of places, because each makes a statement of its own that is prepared and kept.
fn spread(rows: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    const PLACES: [usize; 8] = [1, 4, 16, 64, 200, 500, 1_000, 2_000];
    let largest = PLACES[PLACES.len() - 1];
    // The largest last: while the database works on it there is time for something else.
    let mut start = 0;
    std::iter::from_fn(move || {
        let length = match (rows - start) % largest {
            0 => largest.min(rows - start),
            few => few,
        };
        let places = PLACES.into_iter().find(|places| *places >= length).unwrap_or(largest);
        start += length;
        (length > 0).then_some((start - length..start, places))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spread_over_few_sizes_of_statements() {
        assert_eq!(spread(0).count(), 0);
        assert_eq!(spread(1).collect::<Vec<_>>(), [(0..1, 1)]);
        assert_eq!(spread(4017).collect::<Vec<_>>(), [(0..17, 64), (17..2017, 2000), (2017..4017, 2000)]);
    }

    #[test]
    fn rows_are_written_over_those_with_their_key() {
        let put = put("t", &["a", "b"], &["c"], [Column::ints([1]), Column::ints([2]), Column::texts(["x"])]);
        assert_eq!(put.sqlite_text(1, 1), "INSERT OR REPLACE INTO t (a, b, c) VALUES (?, ?, ?)");
        assert_eq!(
            put.postgres_text(),
            "INSERT INTO t (a, b, c) SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::TEXT[]) \
             ON CONFLICT (a, b) DO UPDATE SET c = excluded.c"
        );
    }

    #[test]
    fn rows_stand_where_the_text_says() {
        let columns = [Column::ints([1, 2]), Column::texts(["a", "b"])];
        let insert = bulk("INSERT INTO t (a, b) {rows} ON CONFLICT DO NOTHING", columns);
        assert_eq!(insert.sqlite_text(2, 2), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
        assert_eq!(
            insert.sqlite_text(1, 2),
            "INSERT INTO t (a, b) SELECT * FROM (VALUES (?, ?), (?, ?)) WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            insert.postgres_text(),
            "INSERT INTO t (a, b) SELECT * FROM UNNEST($1::BIGINT[], $2::TEXT[]) ON CONFLICT DO NOTHING"
        );
    }
}
