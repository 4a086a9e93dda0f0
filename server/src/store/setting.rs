//! Settings kept in the database, above all what the roll-ups are computed with.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::{Connection, Writing},
    rebuild::{self, Events},
    retention,
    statement::query,
};
use chrono_tz::Tz;
use model::{Day, audit::Action, instant::Instant};
use serde_json::{Value, json};

/// What the roll-ups are computed with. It belongs to the database, because every number in it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporting {
    /// The reporting zone.
    pub zone: Tz,
    /// The idle gap in minutes.
    pub idle_gap: u32,
}

impl Default for Reporting {
    fn default() -> Self {
        Self { zone: Tz::UTC, idle_gap: model::DEFAULT_IDLE_GAP }
    }
}

/// What was asked for at start; what was not stays as the database has it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The reporting zone.
    pub zone: Option<Tz>,
    /// The idle gap in minutes.
    pub idle_gap: Option<u32>,
    /// Who asks: entered in the audit log with what is done about it.
    pub author: Option<Author>,
}

const ZONE: &str = "time_zone";
const IDLE_GAP: &str = "idle_gap_minutes";
const ERASURES: &str = "erasures";

/// From when on raw events are there, in milliseconds; those from before were dropped.
pub(super) const EVENTS_SINCE: &str = "events_since";

/// Which roll-ups there are, and what they hold: counted up where that changes, so that databases from before compute
/// theirs again.
const ROLL_UPS: (&str, &str) = ("roll_ups", "3");

/// The revision of what is tracked: counted up with every change of it. Nothing was changed yet where there is none.
const TRACKING: &str = "tracking";

impl Asked {
    /// What there is, but for what is asked for.
    fn instead_of(&self, before: Reporting) -> Reporting {
        Reporting { zone: self.zone.unwrap_or(before.zone), idle_gap: self.idle_gap.unwrap_or(before.idle_gap) }
    }
}

/// Makes the database report as asked, and says how that is. Where the roll-ups were computed otherwise, they are
/// rebuilt in the same transaction, unless other servers work with a `shared` database.
pub(super) async fn settle(mut writing: Writing<'_>, asked: Asked, shared: bool) -> Result<Reporting, StoreError> {
    let mut connection = writing.connection();
    if reporting(&mut connection).await?.is_none() {
        // Of several processes that open a new database at once, the first decides, and the others wait for it here.
        let new = asked.instead_of(Reporting::default());
        put_first(&mut connection, ZONE, new.zone.name()).await?;
        put_first(&mut connection, IDLE_GAP, &new.idle_gap.to_string()).await?;
        put_first(&mut connection, ROLL_UPS.0, ROLL_UPS.1).await?;
        tracing::info!(zone = %new.zone, "the database is new");
    }
    let before = reporting(&mut connection).await?.unwrap_or_default();
    let reporting = asked.instead_of(before);
    if reporting != before && shared {
        return Err(StoreError::OtherReporting(before));
    }
    if reporting != before || !has_roll_ups(&mut connection).await? {
        let events = Events::hold(&mut connection).await?;
        // Of several servers that start at once, one makes them, and the others wait for it above.
        if reporting != before || !has_roll_ups(&mut connection).await? {
            rebuild_held(&mut connection, events, &asked).await?;
        }
    }
    writing.commit().await?;
    Ok(reporting)
}

/// Computes every roll-up again as asked, and returns the number of events.
pub(super) async fn rebuild_as(connection: &mut Connection<'_>, asked: &Asked) -> Result<u64, StoreError> {
    // First, so that of several at once each sees what the one before it made.
    let events = Events::hold(connection).await?;
    rebuild_held(connection, events, asked).await
}

async fn rebuild_held(connection: &mut Connection<'_>, events: Events, asked: &Asked) -> Result<u64, StoreError> {
    let before = reporting(connection).await?.unwrap_or_default();
    let reporting = asked.instead_of(before);
    if reporting != before {
        put(connection, ZONE, reporting.zone.name()).await?;
        put(connection, IDLE_GAP, &reporting.idle_gap.to_string()).await?;
    }
    tracing::info!(
        zone = %reporting.zone, zone_before = %before.zone,
        idle_gap = reporting.idle_gap, idle_gap_before = before.idle_gap,
        of_this_version = has_roll_ups(connection).await?,
        "computing every roll-up again, which can take a while"
    );
    if let Some(author) = &asked.author {
        let (action, states) = match reporting == before {
            true => (Action::Rebuild, States::default()),
            false => (Action::ChangeReporting, States { before: state(before), after: state(reporting) }),
        };
        enter(connection, author, action, &Subject::workspace(), states).await?;
    }
    put(connection, ROLL_UPS.0, ROLL_UPS.1).await?;
    // What is no longer to be computed stays as it is.
    let since = retention::events_since(connection).await?;
    let count = rebuild::roll_up_again(connection, events, reporting, retention::first_day(before.zone, since)).await?;
    retention::move_to_day(connection, reporting.zone, since).await?;
    Ok(count)
}

fn state(Reporting { zone, idle_gap }: Reporting) -> Value {
    json!({"time_zone": zone.name(), "idle_gap_minutes": idle_gap})
}

/// Whether the roll-ups are those that this version works with.
async fn has_roll_ups(connection: &mut Connection<'_>) -> Result<bool, StoreError> {
    Ok(get(connection, ROLL_UPS.0).await?.as_deref() == Some(ROLL_UPS.1))
}

/// What the roll-ups are computed with; `None` in a database that has just been made.
pub(super) async fn reporting(connection: &mut Connection<'_>) -> Result<Option<Reporting>, StoreError> {
    Ok(standing(connection).await?.map(|standing| standing.reporting))
}

/// Lets nobody else do the same until the transaction ends.
pub(super) async fn hold_roll_ups(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE setting SET value = value WHERE name = $1";
    query(sql).bind(ROLL_UPS.0).execute(connection).await.map(|_| ())
}

/// Counts up the revision of what is tracked, and returns it. Whoever else does so waits until the transaction ends.
pub(super) async fn raise_tracking(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, '1') ON CONFLICT (name) DO UPDATE SET \
               value = CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT) RETURNING CAST(value AS BIGINT)";
    let (revision,) = query(sql).bind(TRACKING).fetch_one(connection).await?;
    Ok(revision)
}

/// The revision of what is tracked, if there is one, which stays as it is until the transaction ends.
pub(super) async fn hold_tracking(connection: &mut Connection<'_>) -> Result<Option<i64>, StoreError> {
    let sql = "UPDATE setting SET value = value WHERE name = $1 RETURNING CAST(value AS BIGINT)";
    let held: Option<(i64,)> = query(sql).bind(TRACKING).fetch_optional(connection).await?;
    Ok(held.map(|(revision,)| revision))
}

/// What whoever writes must agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// What the roll-ups are computed with.
    pub(super) reporting: Reporting,
    /// Whether they are those that this version works with.
    of_this_version: bool,
    /// The revision of what is tracked.
    pub(super) tracking: i64,
    /// How often somebody was erased.
    pub(super) erasures: i64,
    /// From when on raw events are there.
    pub(super) events_since: Instant,
}

impl Standing {
    /// Whether the roll-ups are those that this version works with, computed with this.
    pub(super) fn agrees_with(&self, reporting: Reporting) -> bool {
        self.of_this_version && self.reporting == reporting
    }
}

/// What stands; `None` in a database that has just been made.
pub(super) async fn standing(connection: &mut Connection<'_>) -> Result<Option<Standing>, StoreError> {
    let select = query("SELECT name, value FROM setting WHERE name IN ($1, $2, $3, $4, $5, $6)");
    let select = select.bind(ZONE).bind(IDLE_GAP).bind(ROLL_UPS.0).bind(ERASURES).bind(EVENTS_SINCE).bind(TRACKING);
    let rows: Vec<(String, String)> = select.fetch_all(connection).await?;
    let value = |wanted| rows.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let Some((zone, idle_gap)) = value(ZONE).zip(value(IDLE_GAP)) else { return Ok(None) };
    let wrong = |name, value: &str| StoreError::Setting { name, value: value.to_owned() };
    let reporting = Reporting {
        zone: zone.parse().map_err(|_| wrong(ZONE, zone))?,
        idle_gap: idle_gap.parse().map_err(|_| wrong(IDLE_GAP, idle_gap))?,
    };
    let of_this_version = value(ROLL_UPS.0).is_some_and(|version| version == ROLL_UPS.1);
    let number = |name| match value(name) {
        Some(value) => value.parse().map(Some).map_err(|_| wrong(name, value)),
        None => Ok(None),
    };
    let tracking = number(TRACKING)?.unwrap_or_default();
    let erasures = number(ERASURES)?.unwrap_or_default();
    let events_since = Instant::from_millis(number(EVENTS_SINCE)?.unwrap_or(i64::MIN));
    Ok(Some(Standing { reporting, of_this_version, tracking, erasures, events_since }))
}

/// Counts an erasure. Whoever counts the next waits for the end of this transaction.
pub(super) async fn count_erasure(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE setting SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = $1";
    query(sql).bind(ERASURES).execute(connection).await.map(|_| ())
}

pub(super) async fn get(connection: &mut Connection<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let query = query("SELECT value FROM setting WHERE name = $1").bind(name);
    let value: Option<(String,)> = query.fetch_optional(connection).await?;
    Ok(value.map(|(value,)| value))
}

pub(super) async fn put(connection: &mut Connection<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    query(sql).bind(name).bind(value).execute(connection).await?;
    Ok(())
}

/// Sets what is not set yet.
async fn put_first(connection: &mut Connection<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    query(sql).bind(name).bind(value).execute(connection).await?;
    Ok(())
}

const DEMO_OPENED: &str = "demo_opened";
const DEMO_FILLED: &str = "demo_filled";

/// A demo that lies in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredDemo {
    /// Its first day.
    pub opened: Day,
    /// Whether its past is complete.
    pub filled: bool,
}

impl Store {
    /// The demo in this database; `None` where its events are real, or there are none.
    pub async fn demo(&self) -> Result<Option<StoredDemo>, StoreError> {
        let mut reading = self.read().await?;
        let Some(opened) = get(&mut reading.connection(), DEMO_OPENED).await? else { return Ok(None) };
        let opened = opened.parse().map_err(|_| StoreError::Setting { name: DEMO_OPENED, value: opened })?;
        Ok(Some(StoredDemo { opened, filled: get(&mut reading.connection(), DEMO_FILLED).await?.is_some() }))
    }

    /// Marks this database as one of a demo that opened on a day.
    pub async fn open_demo(&self, opened: Day) -> Result<(), StoreError> {
        self.set(DEMO_OPENED, &opened.to_string()).await
    }

    /// Marks the past of the demo as complete.
    pub async fn demo_is_filled(&self) -> Result<(), StoreError> {
        self.set(DEMO_FILLED, "yes").await
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        put(&mut writing.connection(), name, value).await?;
        writing.commit().await
    }
}
