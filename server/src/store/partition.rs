//! The partitions of the raw events in Postgres: one for each month in UTC, so that dropping old events is dropping a
//! table. SQLite has one table.

use super::{StoreError, connection::Connection, kept::hold_roll_ups, rollup::Fact, statement::query};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime};
use model::instant::Instant;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeSet, HashSet};

/// The month that the first partition ends with; what is older shares it. Matches the migration.
const FIRST_MONTH: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");

/// The partitions that are known to be there.
#[derive(Debug, Default)]
pub(super) struct Partitions(HashSet<NaiveDate>);

impl Partitions {
    /// Makes those that facts need, and returns the table that takes them all: where they share a partition, that one,
    /// which Postgres then needs not find for each. Must be called before the transaction writes an event: making one
    /// waits for a rebuild, which waits for all that do.
    pub(super) async fn make_for(
        &mut self,
        connection: &mut Connection<'_>,
        facts: &[Fact],
    ) -> Result<String, StoreError> {
        const ALL: &str = "event";
        let times = || facts.iter().map(|fact| fact.time.millis());
        let Some((first, last)) = times().min().zip(times().max()) else { return Ok(ALL.to_owned()) };
        if let Connection::Sqlite(_) = connection {
            return Ok(ALL.to_owned());
        }
        let months = match (month(first), month(last)) {
            (first, last) if first == last => BTreeSet::from([first]),
            _ => times().map(month).collect(),
        };
        for month in months.iter().filter(|month| **month >= FIRST_MONTH) {
            if self.0.insert(*month) {
                make(connection, *month).await?;
            }
        }
        match months.first() {
            Some(month) if months.len() == 1 && *month >= FIRST_MONTH => Ok(name_of(*month)),
            _ => Ok(ALL.to_owned()),
        }
    }
}

/// The first day of a month in UTC.
fn month(millis: i64) -> NaiveDate {
    let day = DateTime::from_timestamp_millis(millis).unwrap_or_default().date_naive();
    day.with_day(1).unwrap_or(day)
}

fn name_of(month: NaiveDate) -> String {
    month.format("event_%Y_%m").to_string()
}

async fn make(connection: &mut Connection<'_>, month: NaiveDate) -> Result<(), StoreError> {
    let name = name_of(month);
    if is_there(connection, &name).await? {
        return Ok(());
    }
    // Whoever makes a partition is alone in that; others go on to read and write events. Of the partitions there are none is
    // locked: one may be under a VACUUM, which takes long.
    query("LOCK TABLE ONLY event IN SHARE UPDATE EXCLUSIVE MODE").execute(connection).await?;
    if is_there(connection, &name).await? {
        return Ok(());
    }
    let (from, to) = (start(month), start(month + Months::new(1)));
    // Attached rather than made in place, which would wait for everybody who reads or writes any event.
    query(AssertSqlSafe(format!("CREATE TABLE {name} (LIKE event)"))).execute(connection).await?;
    let attach = format!("ALTER TABLE event ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})");
    query(AssertSqlSafe(attach)).execute(connection).await?;
    Ok(())
}

/// Drops those that end by then, with all that is in them, and the older events of the others. Whoever reads or writes
/// events waits for the former; where that would take long, it fails instead.
pub(super) async fn drop_before(connection: &mut Connection<'_>, until: Instant) -> Result<(), StoreError> {
    // Of several servers one does. This lock keeps off nobody else; and no roll-ups are computed meanwhile.
    query("SELECT pg_advisory_xact_lock(CAST(CAST('event'::regclass AS OID) AS BIGINT))").execute(connection).await?;
    hold_roll_ups(connection).await?;
    // First, as it makes nobody wait.
    query("DELETE FROM event WHERE time < $1 AND (time >= $2 OR time < $3)")
        .bind(until.millis())
        .bind(start(month(until.millis())))
        .bind(start(FIRST_MONTH))
        .execute(connection)
        .await?;
    let sql = "SELECT CAST(c.relname AS TEXT) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'event'::regclass ORDER BY c.relname";
    let names: Vec<(String,)> = query(sql).fetch_all(connection).await?;
    let is_over = |name: &str| month_of(name).is_some_and(|month| start(month + Months::new(1)) <= until.millis());
    let over: Vec<String> = names.into_iter().map(|(name,)| name).filter(|name| is_over(name)).collect();
    if !over.is_empty() {
        query("SET LOCAL lock_timeout = '2s'").execute(connection).await?;
    }
    for name in over {
        query(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(connection).await?;
    }
    Ok(())
}

/// The month of a partition with this name; none of the first.
fn month_of(name: &str) -> Option<NaiveDate> {
    let (year, month) = name.strip_prefix("event_")?.split_once('_')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
}

/// The first instant of a day in UTC.
fn start(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

async fn is_there(connection: &mut Connection<'_>, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass($1)";
    let (there,): (i64,) = query(sql).bind(name).fetch_one(connection).await?;
    Ok(there > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_belongs_to_its_month_in_utc() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(month(1_764_547_199_999), day("2025-11-01"));
        assert_eq!(month(1_764_547_200_000), day("2025-12-01"));
        assert_eq!(month(-1), day("1969-12-01"));
    }

    #[test]
    fn a_partition_is_known_by_its_name() {
        let month = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        assert_eq!(month_of(&name_of(month)), Some(month));
        assert_eq!(month_of("event_before_2000"), None);
    }
}
