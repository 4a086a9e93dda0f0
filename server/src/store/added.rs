//! What a scope or an account used, added up from what its users did. Sums are kept of all accounts together; those of a
//! scope are added up when they are first asked for, and then kept by day (`kept`); those of an account always are.

use super::{
    Reading, Scope, StoreError, day_from_number, day_number,
    scope::Sums,
    statement::{Column, bulk, query},
    tracking::Tracking,
};
use model::{Day, period::Period, uses::DayUses};
use std::collections::BTreeMap;

/// A shown activity, with the days it was done on.
#[derive(Clone, Debug)]
pub(super) struct UsedActivity {
    pub(super) activity_no: i64,
    pub(super) module_no: i64,
    pub(super) module: String,
    pub(super) action: String,
    /// Ascending.
    pub(super) days: Vec<UsedDay>,
}

/// What was done with it on a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsedDay {
    pub(super) day: Day,
    /// Distinct users.
    pub(super) users: i64,
    pub(super) actions: i64,
}

/// The days of a period on which anybody did anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Days {
    /// Those whose sums are kept and still stand, with the time spent on each.
    pub(super) kept: BTreeMap<i64, i64>,
    /// Those that must be added up, with their revisions; ascending.
    pub(super) unkept: Vec<(i64, i64)>,
}

/// How many days a statement asks for.
const DAYS: usize = 500;

/// Users and actions by activity and day.
type Added = BTreeMap<(i64, i64), (i64, i64)>;

impl Reading {
    /// Everything that was done in a period, by module and action.
    pub(super) async fn added_up(&mut self, scope: &Scope, period: Period) -> Result<Vec<UsedActivity>, StoreError> {
        let days = self.days_with_events(scope, period).await?;
        let mut added = self.kept_activities(scope, period, &days.kept).await?;
        let tracking = Tracking::read(&mut self.connection()).await?;
        for days in days.unkept.chunks(DAYS) {
            let select = of_days("d.day, d.uses", "user_module_day", scope);
            let uses = bulk(format!("{select} AND d.actions > 0"), columns(days, scope));
            // One by one: the users of a large account have many days.
            let add = |(day, uses): (i64, Vec<u8>)| {
                for (activity_no, count) in tracking.actions(&DayUses::from_bytes(&uses)) {
                    let (users, actions) = added.entry((activity_no, day)).or_default();
                    *users += 1;
                    *actions += count;
                }
            };
            uses.at_once().for_each(&mut self.connection(), add).await?;
        }
        let mut days: BTreeMap<i64, Vec<UsedDay>> = BTreeMap::new();
        for ((activity_no, day), (users, actions)) in added {
            days.entry(activity_no).or_default().push(UsedDay { day: day_from_number(day), users, actions });
        }
        self.named(days).await
    }

    /// What is kept of some days.
    async fn kept_activities(
        &mut self,
        scope: &Scope,
        period: Period,
        days: &BTreeMap<i64, i64>,
    ) -> Result<Added, StoreError> {
        if days.is_empty() {
            return Ok(Added::new());
        }
        let sql = "SELECT activity_no, day, users, actions FROM activity_day \
                   WHERE scope_no = $1 AND day BETWEEN $2 AND $3";
        let kept = query(sql).bind(scope.number()).bind(day_number(period.from)).bind(day_number(period.to));
        let rows: Vec<(i64, i64, i64, i64)> = kept.fetch_all(&mut self.connection()).await?;
        // Of the others something may be kept that no longer stands.
        let rows = rows.into_iter().filter(|(_, day, ..)| days.contains_key(day));
        Ok(rows.map(|(activity_no, day, users, actions)| ((activity_no, day), (users, actions))).collect())
    }

    /// Activities with their modules and actions, in the order of these.
    async fn named(&mut self, mut days: BTreeMap<i64, Vec<UsedDay>>) -> Result<Vec<UsedActivity>, StoreError> {
        let named = bulk(
            "WITH wanted (activity_no) AS ({rows}) \
             SELECT activity.activity_no, module.module_no, COALESCE(module.display_name, module.name), \
             COALESCE(activity.shown_name, activity.action) FROM wanted CROSS JOIN activity \
             JOIN module ON module.module_no = COALESCE(activity.shown_module_no, activity.module_no) \
             WHERE activity.activity_no = wanted.activity_no",
            [Column::ints(days.keys().copied())],
        );
        let named: Vec<(i64, i64, String, String)> = named.fetch_all(&mut self.connection()).await?;
        let activity = |(activity_no, module_no, module, action)| UsedActivity {
            activity_no,
            module_no,
            module,
            action,
            days: days.remove(&activity_no).unwrap_or_default(),
        };
        let mut activities: Vec<UsedActivity> = named.into_iter().map(activity).collect();
        // Two that are called the same are apart all the same.
        let order = |of: &UsedActivity| (of.module.clone(), of.module_no, of.action.clone(), of.activity_no);
        activities.sort_by_cached_key(order);
        Ok(activities)
    }

    /// Time spent on each day of a period that has any, ascending.
    pub(super) async fn added_seconds(&mut self, scope: &Scope, period: Period) -> Result<Vec<(i64, i64)>, StoreError> {
        let days = self.days_with_events(scope, period).await?;
        let mut seconds: BTreeMap<i64, i64> = days.kept.into_iter().filter(|(_, seconds)| *seconds > 0).collect();
        for days in days.unkept.chunks(DAYS) {
            let select = of_days("d.day, CAST(SUM(d.seconds) AS BIGINT)", "user_day", scope);
            let of_days = bulk(format!("{select} GROUP BY d.day"), columns(days, scope));
            seconds.extend(of_days.at_once().fetch_all::<(i64, i64)>(&mut self.connection()).await?);
        }
        Ok(seconds.into_iter().collect())
    }

    /// The days of a period on which anybody did anything; none where nobody is asked about.
    pub(super) async fn days_with_events(&mut self, scope: &Scope, period: Period) -> Result<Days, StoreError> {
        let (scope_no, revision) = match scope.sums() {
            Sums::Nothing => return Ok(Days::default()),
            Sums::KeptByDay { scope_no, revision } => (scope_no, revision),
            Sums::Kept | Sums::Added => (-1, 0),
        };
        self.days_kept((scope_no, revision), (day_number(period.from), day_number(period.to))).await
    }

    /// The days with events between two, and of which the sums stand that are kept under a number.
    pub(super) async fn days_kept(
        &mut self,
        (kept_no, revision): (i64, i64),
        (from, to): (i64, i64),
    ) -> Result<Days, StoreError> {
        let sql = "SELECT r.day, r.revision, k.seconds FROM day_revision r \
                   LEFT JOIN scope_day k ON k.scope_no = $3 AND k.day = r.day \
                   AND k.scope_revision = $4 AND k.day_revision = r.revision \
                   WHERE r.day BETWEEN $1 AND $2 ORDER BY r.day";
        let rows: Vec<(i64, i64, Option<i64>)> =
            query(sql).bind(from).bind(to).bind(kept_no).bind(revision).fetch_all(&mut self.connection()).await?;
        let mut days = Days::default();
        for (day, revision, seconds) in rows {
            match seconds {
                Some(seconds) => drop(days.kept.insert(day, seconds)),
                None => days.unkept.push((day, revision)),
            }
        }
        Ok(days)
    }
}

impl Days {
    /// Those that must be added up and are over, with their revisions.
    pub(super) fn unkept_before(&self, today: Day) -> BTreeMap<i64, i64> {
        self.unkept.iter().copied().filter(|(day, _)| *day < day_number(today)).collect()
    }
}

/// Selects from what users did on wanted days.
fn of_days(select: &str, table: &str, scope: &Scope) -> String {
    let (accounts, account_no) = match scope.sums() {
        Sums::KeptByDay { .. } => ("CROSS JOIN scope_account s", "s.account_no AND s.scope_no = wanted.number"),
        Sums::Kept | Sums::Added | Sums::Nothing => ("", "wanted.number"),
    };
    format!(
        "WITH wanted (day, number) AS ({{rows}}) SELECT {select} FROM wanted {accounts} CROSS JOIN {table} d \
         WHERE d.day = wanted.day AND d.account_no = {account_no}"
    )
}

fn columns(days: &[(i64, i64)], scope: &Scope) -> [Column<'static>; 2] {
    [Column::ints(days.iter().map(|(day, _)| *day)), Column::ints(days.iter().map(|_| scope.number()))]
}
