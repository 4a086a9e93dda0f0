//! How long raw events are kept, and dropping those that are older. Their roll-ups stay: from then on the database holds
//! those of their days for good, and whoever computes roll-ups again leaves them as they are.
//!
//! From when on raw events are there is written down before the first goes. It is the beginning of a local day, and what is
//! older is as good as gone: it is neither stored any more nor rolled up again.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::{Connection, Writing},
    kept::hold_roll_ups,
    partition,
    setting::{self, EVENTS_SINCE},
    statement::{Column, bulk, query},
};
use crate::task::carry_out;
use chrono::Days;
use chrono_tz::Tz;
use model::{
    Day,
    api::erasure::Retention,
    audit::Action,
    instant::Instant,
    zone::{day_of, day_start},
};
use serde_json::json;
use std::time::Duration;

const RETENTION: &str = "retention_days";

/// How many rows are dropped at once: others wait for it to write.
const ROWS: i64 = 5_000;

/// How long those who wait to write come first, between two pieces.
const PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// How long raw events are kept.
    pub async fn retention(&self) -> Result<Retention, StoreError> {
        let mut reading = self.read().await?;
        let connection = &mut reading.connection();
        let since = events_since(connection).await?;
        let zone = self.reporting.zone;
        Ok(Retention { days: days(connection).await?, kept_since: since.map(|since| day_of(&zone, since)) })
    }

    /// Keeps raw events for so many whole local days before today, or for good.
    pub async fn set_retention(&self, days: Option<u32>, author: Author) -> Result<(), StoreError> {
        let store = self.clone();
        carry_out(async move {
            let mut writing = store.write().await?;
            let connection = &mut writing.connection_beside_days();
            let before = self::days(connection).await?;
            match days {
                Some(days) => setting::put(connection, RETENTION, &days.to_string()).await?,
                None => {
                    query("DELETE FROM setting WHERE name = $1").bind(RETENTION).execute(connection).await?;
                }
            }
            if before != days {
                let states = States { before: json!({"days": before}), after: json!({"days": days}) };
                enter(connection, &author, Action::ChangeRetention, &Subject::workspace(), states).await?;
            }
            writing.commit().await
        })
        .await
    }

    /// From when on events are stored; `None` where there is no bound.
    pub async fn reach(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let mut reading = self.read().await?;
        let connection = &mut reading.connection();
        let (since, days) = (events_since(connection).await?, days(connection).await?);
        Ok(since.max(days.and_then(|days| first_kept(self.reporting.zone, days, now))))
    }

    /// Drops raw events that are older than they are kept, where somebody said how long that is. Returns from when on they
    /// are there. On Postgres one server does, and holds the others off until it has, or is gone.
    pub async fn drop_old_events(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        if self.reach(now).await?.is_none() {
            return Ok(None);
        }
        let store = self.clone();
        carry_out(async move {
            let writer = store.writer_apart().await?;
            let mut writing = Writing::begin(writer.lock().await).await?;
            let connection = &mut writing.connection_beside_days();
            // As whoever computes the roll-ups again does, before anything that is written.
            hold_roll_ups(connection).await?;
            store.refuse_other_reporting(connection).await?;
            let first = held_days(connection).await?.and_then(|days| first_kept(store.reporting.zone, days, now));
            if let Some(first) = first {
                advance(connection, first).await?;
            }
            let until = events_since(connection).await?;
            writing.commit().await?;
            let Some(until) = until else { return Ok(None) };
            match store.is_shared() {
                true => {
                    let mut writing = Writing::begin(writer.lock().await).await?;
                    partition::drop_before(&mut writing.connection_beside_days(), until).await?;
                    writing.commit().await?;
                }
                false => store.drop_in_pieces(until).await?,
            }
            Ok(Some(until))
        })
        .await
    }

    /// In the order in which they were stored, off the way of those who write.
    async fn drop_in_pieces(&self, until: Instant) -> Result<(), StoreError> {
        let mut last = 0;
        loop {
            let old = query("SELECT seq FROM event WHERE seq > $1 AND time < $2 ORDER BY seq LIMIT $3");
            let old = old.bind(last).bind(until.millis()).bind(ROWS);
            let old: Vec<(i64,)> = old.fetch_all(&mut self.read.begin().await?.connection()).await?;
            let Some((end,)) = old.last() else { return Ok(()) };
            last = *end;
            let mut writing = self.write().await?;
            let delete = bulk(
                "WITH old (seq) AS ({rows}) DELETE FROM event WHERE seq IN (SELECT seq FROM old)",
                [Column::ints(old.into_iter().map(|(seq,)| seq))],
            );
            delete.execute(&mut writing.connection_beside_days()).await?;
            writing.commit().await?;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// For how many days raw events are kept; whoever changes that waits until the transaction ends.
async fn held_days(connection: &mut Connection<'_>) -> Result<Option<u32>, StoreError> {
    query("UPDATE setting SET value = value WHERE name = $1").bind(RETENTION).execute(connection).await?;
    days(connection).await
}

/// Writes down from when on raw events are there, which is never moved back: what is gone is gone.
async fn advance(connection: &mut Connection<'_>, until: Instant) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
               WHERE CAST(setting.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
    query(sql).bind(EVENTS_SINCE).bind(&*until.millis().to_string()).execute(connection).await.map(|_| ())
}

/// The beginning of the first local day that is kept.
fn first_kept(zone: Tz, days: u32, now: Instant) -> Option<Instant> {
    let first = day_of(&zone, now).checked_sub_days(Days::new(days.into()))?;
    Some(day_start(&zone, first))
}

async fn days(connection: &mut Connection<'_>) -> Result<Option<u32>, StoreError> {
    let Some(value) = setting::get(connection, RETENTION).await? else { return Ok(None) };
    value.parse().map(Some).map_err(|_| StoreError::Setting { name: RETENTION, value })
}

/// From when on raw events are there; `None` where none were dropped.
pub(super) async fn events_since(connection: &mut Connection<'_>) -> Result<Option<Instant>, StoreError> {
    let Some(value) = setting::get(connection, EVENTS_SINCE).await? else { return Ok(None) };
    let millis = value.parse().map_err(|_| StoreError::Setting { name: EVENTS_SINCE, value })?;
    Ok(Some(Instant::from_millis(millis)))
}

/// The first local day whose roll-ups can be computed from raw events; `None` where all can.
pub(super) fn first_day(zone: Tz, since: Option<Instant>) -> Option<Day> {
    since.map(|since| day_of(&zone, since))
}

/// Moves the bound to the next beginning of a day where the zone is another one by now. The raw events of the part of a day
/// in between are in roll-ups that stay, and would be counted twice by whoever computes them again.
pub(super) async fn move_to_day(
    connection: &mut Connection<'_>,
    zone: Tz,
    since: Option<Instant>,
) -> Result<(), StoreError> {
    let Some(since) = since else { return Ok(()) };
    let day = day_of(&zone, since);
    if day_start(&zone, day) == since {
        return Ok(());
    }
    let next = day_start(&zone, day + Days::new(1));
    advance(connection, next).await?;
    query("DELETE FROM event WHERE time < $1").bind(next.millis()).execute(connection).await.map(|_| ())
}
