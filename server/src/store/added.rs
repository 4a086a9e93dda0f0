//! What an account used, added up from what its users did: no sums are kept of single accounts.

use super::{
    Reading, Scope, StoreError, day_from_number, day_number,
    statement::{Column, bulk, query},
};
use model::{Day, period::Period, uses::DayUses};
use std::collections::BTreeMap;

/// An activity, with the days it was done on.
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

/// How many days a statement asks for.
const DAYS: usize = 500;

impl Reading {
    /// Everything an account did in a period, by module and action.
    pub(super) async fn added_up(&mut self, scope: &Scope, period: Period) -> Result<Vec<UsedActivity>, StoreError> {
        let mut added: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        for days in self.days_with_events(scope, period).await?.chunks(DAYS) {
            let uses = bulk(
                "WITH wanted (day, account_no) AS ({rows}) \
                 SELECT d.day, d.uses FROM wanted CROSS JOIN user_module_day d \
                 WHERE d.day = wanted.day AND d.account_no = wanted.account_no",
                [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| scope.number()))],
            );
            // One by one: the users of a large account have many days.
            let add = |(day, uses): (i64, Vec<u8>)| {
                for uses in DayUses::from_bytes(&uses).by_activity() {
                    let (users, actions) = added.entry((uses[0].activity, day)).or_default();
                    *users += 1;
                    *actions += uses.iter().map(|of| of.count).sum::<i64>();
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

    /// Activities with their modules and actions, in the order of these.
    async fn named(&mut self, mut days: BTreeMap<i64, Vec<UsedDay>>) -> Result<Vec<UsedActivity>, StoreError> {
        let named = bulk(
            "WITH wanted (activity_no) AS ({rows}) \
             SELECT activity.activity_no, activity.module_no, module.name, activity.action \
             FROM wanted CROSS JOIN activity JOIN module ON module.module_no = activity.module_no \
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
        activities.sort_by(|a, b| (&a.module, &a.action).cmp(&(&b.module, &b.action)));
        Ok(activities)
    }

    /// Time spent by an account's users on each day of a period that has any, ascending.
    pub(super) async fn added_seconds(&mut self, scope: &Scope, period: Period) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut seconds = Vec::new();
        for days in self.days_with_events(scope, period).await?.chunks(DAYS) {
            let of_days = bulk(
                "WITH wanted (day, account_no) AS ({rows}) \
                 SELECT d.day, CAST(SUM(d.seconds) AS BIGINT) FROM wanted CROSS JOIN user_day d \
                 WHERE d.day = wanted.day AND d.account_no = wanted.account_no GROUP BY d.day ORDER BY d.day",
                [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| scope.number()))],
            );
            seconds.extend(of_days.at_once().fetch_all::<(i64, i64)>(&mut self.connection()).await?);
        }
        Ok(seconds)
    }

    /// The days of a period on which anybody did anything; none where nobody is asked about.
    async fn days_with_events(&mut self, scope: &Scope, period: Period) -> Result<Vec<i64>, StoreError> {
        if let Scope::Nothing = scope {
            return Ok(Vec::new());
        }
        let sql = "SELECT day FROM day_revision WHERE day BETWEEN $1 AND $2 ORDER BY day";
        let days = query(sql).bind(day_number(period.from)).bind(day_number(period.to));
        let days: Vec<(i64,)> = days.fetch_all(&mut self.connection()).await?;
        Ok(days.into_iter().map(|(day,)| day).collect())
    }
}
