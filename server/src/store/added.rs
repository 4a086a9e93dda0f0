//! What an account used, added up from what its users did: no sums are kept of single accounts.

use super::{
    Reading, Scope, StoreError, day_from_number, day_number,
    statement::{Column, bulk},
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

/// How many days are read at a time, so that no more than their users' uses are held.
const DAYS: usize = 10;

impl Reading {
    /// Everything an account did in a period, by module and action.
    pub(super) async fn added_up(&mut self, scope: &Scope, period: Period) -> Result<Vec<UsedActivity>, StoreError> {
        let mut days: BTreeMap<i64, Vec<UsedDay>> = BTreeMap::new();
        let wanted: Vec<i64> = (day_number(period.from)..=day_number(period.to)).collect();
        for wanted in wanted.chunks(DAYS) {
            for (day, uses) in self.uses_of_users(scope, wanted).await? {
                let day = day_from_number(day);
                for uses in DayUses::from_bytes(&uses).by_activity() {
                    let days = days.entry(uses[0].activity).or_default();
                    if days.last().is_none_or(|last| last.day != day) {
                        days.push(UsedDay { day, users: 0, actions: 0 });
                    }
                    if let Some(last) = days.last_mut() {
                        last.users += 1;
                        last.actions += uses.iter().map(|of| of.count).sum::<i64>();
                    }
                }
            }
        }
        let named = bulk(
            "WITH wanted (activity_no) AS ({rows}) \
             SELECT activity.activity_no, activity.module_no, module.name, activity.action \
             FROM wanted CROSS JOIN activity JOIN module ON module.module_no = activity.module_no \
             WHERE activity.activity_no = wanted.activity_no ORDER BY module.name, activity.action",
            [Column::ints(days.keys().copied())],
        );
        let named: Vec<(i64, i64, String, String)> = named.at_once().fetch_all(&mut self.connection()).await?;
        Ok(named
            .into_iter()
            .map(|(activity_no, module_no, module, action)| {
                let days = days.remove(&activity_no).unwrap_or_default();
                UsedActivity { activity_no, module_no, module, action, days }
            })
            .collect())
    }

    /// What each user did on some days, in the order of the days.
    async fn uses_of_users(&mut self, scope: &Scope, days: &[i64]) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let columns = [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| scope.number()))];
        let uses = bulk(
            "WITH wanted (day, account_no) AS ({rows}) \
             SELECT d.day, d.uses FROM wanted CROSS JOIN user_use_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no ORDER BY d.day",
            columns,
        );
        uses.at_once().fetch_all(&mut self.connection()).await
    }

    /// Time spent by an account's users on each day of a period that has any.
    pub(super) async fn added_seconds(&mut self, scope: &Scope, period: Period) -> Result<Vec<(i64, i64)>, StoreError> {
        let days: Vec<i64> = (day_number(period.from)..=day_number(period.to)).collect();
        let columns = [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| scope.number()))];
        let seconds = bulk(
            "WITH wanted (day, account_no) AS ({rows}) \
             SELECT d.day, CAST(SUM(d.seconds) AS BIGINT) FROM wanted CROSS JOIN user_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no GROUP BY d.day ORDER BY d.day",
            columns,
        );
        seconds.at_once().fetch_all(&mut self.connection()).await
    }
}
