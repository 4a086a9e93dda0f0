//! Computing every roll-up again from the events.

use super::{
    Asked, Reporting, Store, StoreError,
    connection::{Connection, Place, Writing},
    day_number,
    dimension::Numbers,
    recent::RecentDays,
    retention::events_since,
    rollup::{self, Additions, Fact},
    setting,
    statement::{Row, query},
    tracking::Tracking,
};
use model::{Day, instant::Instant};
use sqlx::AssertSqlSafe;
use std::{fmt::Debug, sync::Arc, time::Duration};

/// How many events are rolled up at a time.
const BATCH: i64 = 50_000;

const ROLL_UPS: [&str; 6] = ["user_day", "user_module_day", "total_day", "module_day", "activity_day", "scope_day"];

impl Store {
    /// Computes every roll-up of a database again from the events, in one transaction: readers see the old ones until the
    /// new are complete. Servers that work with another reporting zone or idle gap than asked for notice, and stop.
    /// Returns the number of events.
    pub async fn rebuild_at(url: &str, asked: Asked) -> Result<u64, StoreError> {
        let place = Place::of_url(url)?;
        if let Some(file) = place.file().filter(|file| !file.exists()) {
            return Err(StoreError::Missing(file.to_owned()));
        }
        let writer = Self::writer(&place).await?;
        let mut writing = Writing::begin(writer.lock().await).await?;
        let events = setting::rebuild_as(&mut writing.connection(), &asked).await?;
        writing.commit().await?;
        Ok(events)
    }

    /// Every row of every roll-up that is always there, as text in the order of their keys: for comparing.
    pub async fn dump_roll_ups(&self) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
        let mut reading = self.read().await?;
        let connection = &mut reading.connection();
        let users = "SELECT day, account_no, user_no, minutes, seconds, actions, last_signal FROM user_day";
        let modules = "SELECT day, account_no, user_no, module_no, actions, last_use, uses FROM user_module_day";
        let total = "SELECT scope_no, day, users, actions, seconds FROM total_day";
        let module = "SELECT scope_no, day, module_no, users, actions FROM module_day";
        let activity = "SELECT scope_no, day, activity_no, users, actions FROM activity_day WHERE scope_no = 0";
        Ok(vec![
            ("user_day", dump::<(i64, i64, i64, Vec<u8>, i64, i64, i64)>(connection, users).await?),
            ("user_module_day", dump::<(i64, i64, i64, i64, i64, i64, Vec<u8>)>(connection, modules).await?),
            ("total_day", dump::<(i64, i64, i64, i64, i64)>(connection, total).await?),
            ("module_day", dump::<(i64, i64, i64, i64, i64)>(connection, module).await?),
            ("activity_day", dump::<(i64, i64, i64, i64, i64)>(connection, activity).await?),
        ])
    }
}

async fn dump<R: Row + Ord + Debug>(
    connection: &mut Connection<'_>,
    sql: &'static str,
) -> Result<Vec<String>, StoreError> {
    let mut rows: Vec<R> = query(sql).fetch_all(connection).await?;
    rows.sort_unstable();
    Ok(rows.iter().map(|row| format!("{row:?}")).collect())
}

/// Empties the roll-ups, from the `first` day on whose raw events are still there, and fills them from the events.
pub(super) async fn roll_up_again(
    connection: &mut Connection<'_>,
    mut events: Events,
    reporting: Reporting,
    first: Option<Day>,
) -> Result<u64, StoreError> {
    let first = first.map_or(i64::MIN, day_number);
    for table in ROLL_UPS {
        let delete = query(AssertSqlSafe(format!("DELETE FROM {table} WHERE day >= $1"))).bind(first);
        delete.execute(connection).await?;
    }
    query("UPDATE day_revision SET revision = revision + 1").execute(connection).await?;
    let tracking = Arc::new(Tracking::read(connection).await?);
    let (mut count, mut recent) = (0, RecentDays::default());
    loop {
        let facts = events.next(connection).await?;
        if facts.is_empty() {
            return Ok(count);
        }
        count += facts.len() as u64;
        rollup::apply(connection, Additions::of(reporting, &tracking, &facts, &recent), &mut recent).await?;
    }
}

/// Waits for whoever stores events, however long or at most for so long, and lets nobody else store any until the
/// transaction ends. Whoever begins to store some waits behind it. An SQLite transaction is alone anyway.
pub(super) async fn hold_events(connection: &mut Connection<'_>, patience: Option<Duration>) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let millis = patience.map_or(0, |patience| patience.as_millis());
    query(AssertSqlSafe(format!("SET LOCAL lock_timeout = {millis}"))).execute(connection).await?;
    match query("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE").execute(connection).await {
        Err(StoreError::Database(sqlx::Error::Database(error))) if error.code().as_deref() == Some(LOCK_TIMEOUT) => {
            Err(StoreError::Occupied)
        }
        held => held.map(|_| ()),
    }
}

/// What Postgres calls a lock that was waited for too long.
const LOCK_TIMEOUT: &str = "55P03";

/// A walk through all events that are kept, some at a time.
pub(super) enum Events {
    /// Behind the row with this number, from this time on.
    Sqlite(i64, i64),
    /// Where the cursor stands.
    Postgres,
}

impl Events {
    /// Begins, however long it must wait. In Postgres other servers write no event from here on until the transaction
    /// ends: what they would add to the roll-ups must come after all of this.
    pub(super) async fn hold(connection: &mut Connection<'_>) -> Result<Self, StoreError> {
        if let Connection::Sqlite(_) = connection {
            let since = events_since(connection).await?.map_or(i64::MIN, Instant::millis);
            return Ok(Self::Sqlite(0, since));
        }
        hold_events(connection, None).await?;
        let since = events_since(connection).await?.map_or(i64::MIN, Instant::millis);
        let sql = format!(
            "DECLARE every_event NO SCROLL CURSOR FOR \
             SELECT time, account_no, user_no, module_no, activity_no, count FROM event WHERE time >= {since}"
        );
        query(AssertSqlSafe(sql)).execute(connection).await?;
        Ok(Self::Postgres)
    }

    async fn next(&mut self, connection: &mut Connection<'_>) -> Result<Vec<Fact>, StoreError> {
        match self {
            Self::Sqlite(last, since) => {
                let sql = "SELECT time, account_no, user_no, module_no, activity_no, count, seq FROM event \
                           WHERE seq > $1 AND time >= $3 ORDER BY seq LIMIT $2";
                type Fields = (i64, i64, i64, i64, i64, i64, i64);
                let rows: Vec<Fields> = query(sql).bind(*last).bind(BATCH).bind(*since).fetch_all(connection).await?;
                *last = rows.last().map_or(*last, |row| row.6);
                Ok(rows
                    .into_iter()
                    .map(|(t, a, u, m, activity, count, _)| fact((t, a, u, m, activity, count)))
                    .collect())
            }
            Self::Postgres => {
                let sql = AssertSqlSafe(format!("FETCH FORWARD {BATCH} FROM every_event"));
                Ok(query(sql).fetch_all(connection).await?.into_iter().map(fact).collect())
            }
        }
    }
}

fn fact((time, account_no, user_no, module_no, activity_no, count): (i64, i64, i64, i64, i64, i64)) -> Fact {
    let numbers = Numbers { account_no, user_no, module_no, activity_no };
    Fact { numbers, time: Instant::from_millis(time), count }
}
