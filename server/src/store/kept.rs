//! Sums of a scope that were added up, kept by day for those who ask next. That none are kept changes no figure, and which
//! still stand is seen by their revisions.

use super::{
    Reading, Sight, Store, StoreError,
    added::{Days, UsedActivity},
    connection::Connection,
    day_number,
    scope::ALL_ACCOUNTS,
    setting,
    statement::{Column, bulk, put, query},
};
use model::{Day, period::Period};
use std::collections::BTreeMap;

/// About how many rows a transaction keeps: others wait for it to write.
const ROWS: usize = 5_000;

/// Sums that were added up and may be kept.
#[derive(Clone, Debug)]
pub struct NewSums {
    scope_no: i64,
    /// Of the scope; that of all accounts has none.
    revision: i64,
    /// Under which number they are kept.
    kept_no: i64,
    /// Ascending.
    days: Vec<NewDay>,
}

#[derive(Clone, Debug)]
struct NewDay {
    day: i64,
    revision: i64,
    seconds: i64,
    /// Activity, distinct users, actions.
    activities: Vec<(i64, i64, i64)>,
}

/// Under which number sums of a scope are kept that are of names as they are sent, whatever these are shown as: in the same
/// tables, with heartbeats under the number of their module below 0, and without users and time spent.
pub(super) fn as_sent(scope_no: i64) -> i64 {
    -2 - scope_no
}

impl NewSums {
    /// Of days that are over; `None` where all of these are kept.
    pub(super) fn of_days(
        (scope_no, revision): (i64, i64),
        days: &Days,
        activities: &[UsedActivity],
        seconds: &BTreeMap<Day, i64>,
        today: Day,
    ) -> Option<Self> {
        let unkept = days.unkept_before(today);
        let mut of_days: BTreeMap<i64, Vec<(i64, i64, i64)>> = BTreeMap::new();
        for activity in activities {
            for used in activity.days.iter().filter(|used| unkept.contains_key(&day_number(used.day))) {
                let of_day = of_days.entry(day_number(used.day)).or_default();
                of_day.push((activity.activity_no, used.users, used.actions));
            }
        }
        let seconds: BTreeMap<i64, i64> = seconds.iter().map(|(day, seconds)| (day_number(*day), *seconds)).collect();
        let new = |(day, revision)| NewDay {
            day,
            revision,
            seconds: seconds.get(&day).copied().unwrap_or_default(),
            activities: of_days.remove(&day).unwrap_or_default(),
        };
        let days: Vec<NewDay> = unkept.into_iter().map(new).collect();
        (!days.is_empty()).then_some(Self { scope_no, revision, kept_no: scope_no, days })
    }

    /// Actions by names as they are sent: of each day with its revision.
    pub(super) fn as_sent(
        (scope_no, revision): (i64, i64),
        days: impl Iterator<Item = ((i64, i64), BTreeMap<i64, i64>)>,
    ) -> Option<Self> {
        let new = |((day, revision), actions): ((i64, i64), BTreeMap<i64, i64>)| {
            let activities = actions.into_iter().map(|(activity_no, actions)| (activity_no, 0, actions)).collect();
            NewDay { day, revision, seconds: 0, activities }
        };
        let days: Vec<NewDay> = days.map(new).collect();
        (!days.is_empty()).then_some(Self { scope_no, revision, kept_no: as_sent(scope_no), days })
    }
}

impl Reading {
    /// Who sees teams of which no sums that stand are kept, in a workspace that has events in this period, which is over.
    pub async fn sights_without_sums(&mut self, period: Period) -> Result<Vec<Sight>, StoreError> {
        let sql = "SELECT s.scope_no FROM scope s \
                   WHERE NOT EXISTS (SELECT 1 FROM scope_day k \
                                     WHERE k.scope_no = s.scope_no AND k.scope_revision = s.revision) \
                   AND EXISTS (SELECT 1 FROM day_revision r WHERE r.day BETWEEN $1 AND $2) ORDER BY s.scope_no";
        let select = query(sql).bind(day_number(period.from)).bind(day_number(period.to));
        let rows: Vec<(i64,)> = select.fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().map(|(scope_no,)| Sight::of_scope(scope_no)).collect())
    }
}

impl Store {
    /// Keeps sums, unless the accounts of their scope have changed meanwhile. Must not be cancelled half-way: run it in a
    /// task of its own.
    pub async fn keep_sums(&self, new: NewSums) -> Result<(), StoreError> {
        let NewSums { scope_no, revision, kept_no, days } = new;
        let mut rest = days.as_slice();
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = rest.iter().take_while(|day| {
                rows += day.activities.len() + 1;
                rows <= ROWS
            });
            let (days, others) = rest.split_at(fits.count().max(1));
            rest = others;
            let mut writing = self.write().await?;
            // The sums of a scope are made from what users did, and change none of it.
            let connection = &mut writing.connection_beside_days();
            hold_roll_ups(connection).await?;
            self.refuse_other_reporting(connection).await?;
            // Whoever else keeps sums of the scope waits, and so finds these.
            let is_as_it_was = match scope_no {
                ALL_ACCOUNTS => setting::hold_roll_ups(connection).await.map(|()| true)?,
                _ => {
                    let sql = "UPDATE scope SET revision = revision WHERE scope_no = $1 AND revision = $2";
                    query(sql).bind(scope_no).bind(revision).execute(connection).await? > 0
                }
            };
            if !is_as_it_was {
                return writing.roll_back(()).await;
            }
            put_days(connection, (kept_no, revision), days).await?;
            writing.commit().await?;
        }
        Ok(())
    }
}

/// Keeps on what is kept by names as they are sent of a day that was marked as changed, once, because names are shown
/// otherwise: what was sent is the same.
pub(super) async fn keep_on_as_sent(connection: &mut Connection<'_>, day: i64) -> Result<(), StoreError> {
    let sql = "UPDATE scope_day SET day_revision = day_revision + 1 WHERE day = $1 AND scope_no < 0";
    query(sql).bind(day).execute(connection).await.map(|_| ())
}

/// Waits for whoever computes the roll-ups again, and lets nobody begin to. An SQLite transaction is alone anyway.
pub(super) async fn hold_roll_ups(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    query("LOCK TABLE event IN ROW EXCLUSIVE MODE").execute(connection).await.map(|_| ())
}

async fn put_days(
    connection: &mut Connection<'_>,
    (scope_no, revision): (i64, i64),
    days: &[NewDay],
) -> Result<(), StoreError> {
    // Whole days: what is there may be of other accounts.
    bulk(
        "WITH gone (scope_no, day) AS ({rows}) DELETE FROM activity_day \
         WHERE (scope_no, day) IN (SELECT scope_no, day FROM gone)",
        [Column::ints(days.iter().map(|_| scope_no)), Column::ints(days.iter().map(|day| day.day))],
    )
    .execute(connection)
    .await?;
    let rows = || days.iter().flat_map(|day| day.activities.iter().map(move |activity| (day.day, activity)));
    let columns = [
        Column::ints(rows().map(|_| scope_no)),
        Column::ints(rows().map(|(day, _)| day)),
        Column::ints(rows().map(|(_, activity)| activity.0)),
        Column::ints(rows().map(|(_, activity)| activity.1)),
        Column::ints(rows().map(|(_, activity)| activity.2)),
    ];
    bulk("INSERT INTO activity_day (scope_no, day, activity_no, users, actions) {rows}", columns)
        .execute(connection)
        .await?;
    let columns = [
        Column::ints(days.iter().map(|_| scope_no)),
        Column::ints(days.iter().map(|day| day.day)),
        Column::ints(days.iter().map(|_| revision)),
        Column::ints(days.iter().map(|day| day.revision)),
        Column::ints(days.iter().map(|day| day.seconds)),
    ];
    put("scope_day", &["scope_no", "day"], &["scope_revision", "day_revision", "seconds"], columns)
        .execute(connection)
        .await
}
