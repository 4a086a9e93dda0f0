//! Usage over a period.

use super::{
    Reading, Scope, StoreError,
    added::{Days, UsedActivity},
    day_from_number, day_number,
    kept::NewSums,
    scope::{ALL_ACCOUNTS, Sums},
    statement::{Query, query},
};
use model::{Day, api::usage::TOP, period::Period, query::TableOf};
use std::collections::BTreeMap;

/// What a scope used in a period.
#[derive(Clone, Debug)]
pub struct Used(Source);

#[derive(Clone, Debug)]
enum Source {
    /// All accounts, whose sums are kept.
    Kept,
    /// They were added up: by module and action.
    Added {
        activities: Vec<UsedActivity>,
        /// Number and revision of the scope, and its days, where some may be kept.
        keep: Option<((i64, i64), Days)>,
    },
}

/// What a module or an activity amounts to in a period and the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalRow {
    /// The number of the module or activity, for [`Reading::series`].
    pub number: i64,
    /// The module.
    pub module: String,
    /// The action, of an activity.
    pub action: Option<String>,
    /// In the period.
    pub actions: i64,
    /// In the one before.
    pub previous_actions: i64,
}

/// Actions of a module or an activity on a day that has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesRow {
    /// The number of the module or activity.
    pub number: i64,
    /// The day.
    pub day: Day,
    /// Actions.
    pub actions: i64,
}

/// Time spent on a day that has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondsRow {
    /// The day.
    pub day: Day,
    /// Time spent.
    pub seconds: i64,
}

impl Reading {
    /// The day of the workspace's first event; `None` while there is none. The same for every scope.
    pub async fn data_since(&mut self) -> Result<Option<Day>, StoreError> {
        let sql = "SELECT day FROM total_day WHERE scope_no = 0 ORDER BY day LIMIT 1";
        let first: Option<(i64,)> = query(sql).fetch_optional(&mut self.connection()).await?;
        Ok(first.map(|(day,)| day_from_number(day)))
    }

    /// The newest day with events; `None` while there is none.
    pub async fn data_until(&mut self) -> Result<Option<Day>, StoreError> {
        let sql = "SELECT day FROM total_day WHERE scope_no = 0 ORDER BY day DESC LIMIT 1";
        let last: Option<(i64,)> = query(sql).fetch_optional(&mut self.connection()).await?;
        Ok(last.map(|(day,)| day_from_number(day)))
    }

    /// The revision of what is tracked, of all names that are shown, and of who was erased.
    pub fn tracking_revision(&self) -> i64 {
        // Neither ever goes down.
        self.tracking + self.erasures
    }

    /// How often somebody was erased.
    pub(crate) fn erasures(&self) -> i64 {
        self.erasures
    }

    /// A number that goes up whenever a day of the period changes.
    pub async fn revision(&mut self, period: Period) -> Result<i64, StoreError> {
        let sql = "SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM day_revision WHERE day BETWEEN $1 AND $2";
        let query = query(sql).bind(day_number(period.from)).bind(day_number(period.to));
        let (revision,) = query.fetch_one(&mut self.connection()).await?;
        Ok(revision)
    }

    /// Time spent on each day of a period that has any, ascending.
    pub async fn seconds(&mut self, scope: &Scope, period: Period) -> Result<Vec<SecondsRow>, StoreError> {
        let rows = match scope.sums() {
            Sums::Kept => {
                let sql = "SELECT day, seconds FROM total_day
                    WHERE scope_no = $1 AND day BETWEEN $2 AND $3 ORDER BY day";
                of_period(sql, period).fetch_all(&mut self.connection()).await?
            }
            Sums::KeptByDay { .. } | Sums::Added | Sums::Nothing => self.added_seconds(scope, period).await?,
        };
        Ok(rows.into_iter().map(|(day, seconds)| SecondsRow { day: day_from_number(day), seconds }).collect())
    }

    /// Prepares what a scope used in a period, to be asked for totals and series.
    pub async fn used(&mut self, scope: &Scope, period: Period) -> Result<Used, StoreError> {
        let keep = match scope.sums() {
            Sums::Kept => return Ok(Used(Source::Kept)),
            Sums::KeptByDay { scope_no, revision } => {
                Some(((scope_no, revision), self.days_with_events(scope, period).await?))
            }
            Sums::Added | Sums::Nothing => None,
        };
        Ok(Used(Source::Added { activities: self.added_up(scope, period).await?, keep }))
    }

    /// Everything used in a period or the one before, by module and action.
    pub async fn totals(&mut self, of: TableOf, used: &Used, period: Period) -> Result<Vec<TotalRow>, StoreError> {
        if let Source::Added { activities, .. } = &used.0 {
            return Ok(totals_added(of, activities, period));
        }
        let sql = match of {
            TableOf::Activities => {
                "SELECT d.activity_no, COALESCE(module.display_name, module.name) AS module_shown,
                    COALESCE(activity.shown_name, activity.action) AS shown,
                    CAST(SUM(CASE WHEN d.day >= $4 THEN d.actions ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN d.day < $4 THEN d.actions ELSE 0 END) AS BIGINT)
                FROM activity_day d
                JOIN activity ON activity.activity_no = d.activity_no
                JOIN module ON module.module_no = COALESCE(activity.shown_module_no, activity.module_no)
                WHERE d.scope_no = $1 AND d.day BETWEEN $2 AND $3
                GROUP BY d.activity_no, module.display_name, module.name, activity.shown_name, activity.action
                ORDER BY module_shown, shown"
            }
            TableOf::Modules => {
                "SELECT d.module_no, COALESCE(module.display_name, module.name) AS shown, NULL,
                    CAST(SUM(CASE WHEN d.day >= $4 THEN d.actions ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN d.day < $4 THEN d.actions ELSE 0 END) AS BIGINT)
                FROM module_day d
                JOIN module ON module.module_no = d.module_no
                WHERE d.scope_no = $1 AND d.day BETWEEN $2 AND $3
                GROUP BY d.module_no, module.display_name, module.name
                ORDER BY shown"
            }
        };
        let both = Period { from: period.previous().from, to: period.to };
        let totals = of_period(sql, both).bind(day_number(period.from));
        let rows: Vec<(i64, String, Option<String>, i64, i64)> = totals.fetch_all(&mut self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(number, module, action, actions, previous_actions)| TotalRow {
                number,
                module,
                action,
                actions,
                previous_actions,
            })
            .collect())
    }

    /// The actions of some modules or activities, as many as the charts show, on each day of a period that has any.
    pub async fn series(
        &mut self,
        of: TableOf,
        used: &Used,
        numbers: &[i64],
        period: Period,
    ) -> Result<Vec<SeriesRow>, StoreError> {
        if let Source::Added { activities, .. } = &used.0 {
            return Ok(series_added(of, activities, numbers));
        }
        let sql = match of {
            TableOf::Activities => {
                "SELECT activity_no, day, actions FROM activity_day
                WHERE scope_no = $1 AND day BETWEEN $2 AND $3 AND activity_no IN ($4, $5, $6, $7, $8)"
            }
            TableOf::Modules => {
                "SELECT module_no, day, actions FROM module_day
                WHERE scope_no = $1 AND day BETWEEN $2 AND $3 AND module_no IN ($4, $5, $6, $7, $8)"
            }
        };
        let mut series = of_period(sql, period);
        const { assert!(TOP == 5, "the statements have five places") }
        for place in 0..TOP {
            series = series.bind(numbers.get(place).copied().unwrap_or(0));
        }
        let rows: Vec<(i64, i64, i64)> = series.fetch_all(&mut self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(number, day, actions)| SeriesRow { number, day: day_from_number(day), actions })
            .collect())
    }
}

impl Used {
    /// What of it may be kept for those who ask next: the sums of days that are over, with the time `spent` on each.
    pub fn new_sums(&self, spent: &[SecondsRow], today: Day) -> Option<NewSums> {
        let Source::Added { activities, keep: Some((scope, days)) } = &self.0 else { return None };
        let seconds = spent.iter().map(|row| (row.day, row.seconds)).collect();
        NewSums::of_days(*scope, days, activities, &seconds, today)
    }
}

/// Binds all accounts and the days of a period as the first three parameters.
fn of_period(sql: &'static str, period: Period) -> Query<'static> {
    query(sql).bind(ALL_ACCOUNTS).bind(day_number(period.from)).bind(day_number(period.to))
}

impl UsedActivity {
    /// Its number, or that of its module.
    fn number(&self, of: TableOf) -> i64 {
        match of {
            TableOf::Activities => self.activity_no,
            TableOf::Modules => self.module_no,
        }
    }
}

/// The totals of activities that come by module and action.
fn totals_added(of: TableOf, activities: &[UsedActivity], period: Period) -> Vec<TotalRow> {
    let same = |one: &UsedActivity, next: &UsedActivity| one.number(of) == next.number(of);
    let actions = |activities: &[UsedActivity], holds: &dyn Fn(Day) -> bool| {
        let days = activities.iter().flat_map(|activity| &activity.days);
        days.filter(|day| holds(day.day)).map(|day| day.actions).sum()
    };
    activities
        .chunk_by(same)
        .map(|activities| TotalRow {
            number: activities[0].number(of),
            module: activities[0].module.clone(),
            action: (of == TableOf::Activities).then(|| activities[0].action.clone()),
            actions: actions(activities, &|day| day >= period.from),
            previous_actions: actions(activities, &|day| day < period.from),
        })
        .collect()
}

fn series_added(of: TableOf, activities: &[UsedActivity], numbers: &[i64]) -> Vec<SeriesRow> {
    let mut actions: BTreeMap<(i64, Day), i64> = BTreeMap::new();
    for activity in activities.iter().filter(|activity| numbers.contains(&activity.number(of))) {
        for day in &activity.days {
            *actions.entry((activity.number(of), day.day)).or_default() += day.actions;
        }
    }
    actions.into_iter().map(|((number, day), actions)| SeriesRow { number, day, actions }).collect()
}
