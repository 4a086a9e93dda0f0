//! Usage over a period, and the tables of activities and modules.

use super::{Dashboards, Freshness, ReadError, SumsKey};
use crate::store::{NewSums, Reading, Scope, SecondsRow, Sight, TotalRow, Used};
use model::{
    Day,
    api::usage::{
        DayActions, DaySeconds, NamedPeriod, PreviousPeriod, TOP, Table, TableRow, TimeSpent, TopActivity, TopModule,
        Usage,
    },
    change::Change,
    period::{Period, PeriodChoice},
    query::{TableOf, TableQuery, UsageQuery},
    usage::{arrange, fill_actions, fill_seconds, periods, table_row},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// For how long sums are prepared at a tick before the rest waits for the next.
const PREPARING: Duration = Duration::from_secs(2);

/// A period and the one before, summed up.
#[derive(Serialize, Deserialize)]
pub(super) struct Sums {
    time_spent: TimeSpent,
    activities: TableSums,
    modules: TableSums,
}

/// Everything used in a period or the one before: the table, and the days of its top rows.
#[derive(Serialize, Deserialize)]
struct TableSums {
    rows: Vec<TableRow>,
    top: Vec<Top>,
}

#[derive(Serialize, Deserialize)]
struct Top {
    row: TableRow,
    days: Vec<DayActions>,
    previous_days: Vec<DayActions>,
}

impl Sums {
    /// About how many bytes they take.
    pub(super) fn weight(&self) -> u32 {
        let TimeSpent { days, previous_days, .. } = &self.time_spent;
        let days = (days.len() + previous_days.len()) * size_of::<DaySeconds>();
        u32::try_from(days + self.activities.weight() + self.modules.weight()).unwrap_or(u32::MAX)
    }

    fn table(&self, of: TableOf) -> &TableSums {
        match of {
            TableOf::Activities => &self.activities,
            TableOf::Modules => &self.modules,
        }
    }
}

impl TableSums {
    fn weight(&self) -> usize {
        let rows = self.rows.iter().map(|row| 128 + row.module.len() + row.action.as_ref().map_or(0, String::len));
        let days = self.top.iter().map(|top| (top.days.len() + top.previous_days.len()) * size_of::<DayActions>());
        rows.chain(days).sum()
    }
}

impl Dashboards {
    /// Usage over a period, compared with the one before.
    pub async fn usage(&self, sight: Sight, query: &UsageQuery) -> Result<Usage, ReadError> {
        let Asked { period, previous, sums } = self.sums(sight, query).await?;
        Ok(Usage {
            time_zone: self.store.reporting().zone.name().to_owned(),
            period,
            previous,
            time_spent: sums.time_spent.clone(),
            top_activities: sums.activities.top.iter().map(Top::activity).collect(),
            top_modules: sums.modules.top.iter().map(Top::module).collect(),
        })
    }

    /// Adds up and keeps what teams see of the last 90 days, of which nothing that stands is kept: after an account with
    /// a past has joined or left one, say. So whoever looks next need not wait for it. Stops after a while, for the rest
    /// to be done at another time.
    pub async fn prepare_sums(&self) -> Result<(), ReadError> {
        let (query, began) = (UsageQuery { period: PeriodChoice::Last90Days, ..UsageQuery::default() }, Instant::now());
        let mut reading = self.store.read().await?;
        let (period, _) = periods(query.period, self.day_of(self.clock.now()), None);
        let sights = reading.sights_without_sums(with_previous(period.days())).await?;
        drop(reading);
        for sight in sights {
            if began.elapsed() > PREPARING {
                break;
            }
            self.sums(sight, &query).await?;
        }
        Ok(())
    }

    /// A page of a table.
    pub async fn table(&self, sight: Sight, query: &TableQuery) -> Result<Table, ReadError> {
        let skipped = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let shown = usize::try_from(query.limit).unwrap_or(usize::MAX);
        self.part_of_table(sight, query, skipped, shown).await
    }

    /// All rows of a table, filtered and sorted; the query's limit and offset don't matter.
    pub async fn whole_table(&self, sight: Sight, query: &TableQuery) -> Result<Table, ReadError> {
        self.part_of_table(sight, query, 0, usize::MAX).await
    }

    async fn part_of_table(
        &self,
        sight: Sight,
        query: &TableQuery,
        skipped: usize,
        shown: usize,
    ) -> Result<Table, ReadError> {
        let Asked { period, previous, sums } = self.sums(sight, &query.usage).await?;
        let rows = arrange(&sums.table(query.of).rows, query);
        let total = rows.len() as u64;
        Ok(Table { period, previous, total, rows: rows.into_iter().skip(skipped).take(shown).cloned().collect() })
    }

    /// The sums of a period: kept until one of its days, or one of the days before, changes.
    async fn sums(&self, sight: Sight, query: &UsageQuery) -> Result<Asked, ReadError> {
        let now = self.clock.now();
        let mut reading = self.store.read().await?;
        let (period, previous) = periods(query.period, self.day_of(now), reading.data_since().await?);
        let (days, complete) = (period.days(), previous.complete);
        let scope = reading.scope(sight, query.account.as_deref()).await?;
        let freshness = match days.to < self.day_of(now) {
            true => Freshness::Revision(reading.revision(with_previous(days)).await?),
            false => Freshness::Tick(now.tick()),
        };
        // Whether the period before is complete depends on the first event, which may lie before both: a late event
        // there changes no sum, but every change.
        let key =
            SumsKey { scope: scope.clone(), period: days, complete, freshness, tracking: reading.tracking_revision() };
        let question = format!("{key:?}");
        let freshness = key.freshness.clone();
        let sums = self.sums.try_get_with(key, async {
            let read = self.read_sums(&mut reading, &scope, days, complete);
            let sums = match freshness {
                Freshness::Tick(tick) if scope.is_everybodys() => self.at_tick(tick, &question, read).await,
                _ => read.await,
            };
            sums.map(Arc::new)
        });
        let sums = sums.await.map_err(|error| (*error).clone())?;
        Ok(Asked { period, previous, sums })
    }

    async fn read_sums(
        &self,
        reading: &mut Reading,
        scope: &Scope,
        period: Period,
        complete: bool,
    ) -> Result<Sums, ReadError> {
        let used = reading.used(scope, with_previous(period)).await?;
        let seconds = reading.seconds(scope, with_previous(period)).await?;
        if let Some(new) = used.new_sums(&seconds, self.day_of(self.clock.now())) {
            self.keep(new);
        }
        Ok(Sums {
            time_spent: time_spent(&seconds, period, complete),
            activities: table_sums(reading, TableOf::Activities, &used, period, complete).await?,
            modules: table_sums(reading, TableOf::Modules, &used, period, complete).await?,
        })
    }

    /// Keeps sums for those who ask next. Whoever asked now does not wait for it.
    pub(super) fn keep(&self, new: NewSums) {
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.keep_sums(new).await {
                tracing::warn!(%error, "sums were not kept; they will be added up again");
            }
        });
    }
}

/// What was asked for, and its sums.
struct Asked {
    period: NamedPeriod,
    previous: PreviousPeriod,
    sums: Arc<Sums>,
}

/// A period and the one before, which are neighbours.
fn with_previous(period: Period) -> Period {
    Period { from: period.previous().from, to: period.to }
}

fn time_spent(rows: &[SecondsRow], period: Period, complete: bool) -> TimeSpent {
    let seconds: HashMap<Day, i64> = rows.iter().map(|row| (row.day, row.seconds)).collect();
    let days = fill_seconds(period, &seconds);
    let previous_days = fill_seconds(period.previous(), &seconds);
    let sum = days.iter().map(|day| day.seconds).sum();
    let previous_sum = previous_days.iter().map(|day| day.seconds).sum();
    TimeSpent {
        seconds: sum,
        previous_seconds: previous_sum,
        change: Change::of(complete, previous_sum, sum),
        days,
        previous_days,
    }
}

async fn table_sums(
    reading: &mut Reading,
    of: TableOf,
    used: &Used,
    period: Period,
    complete: bool,
) -> Result<TableSums, ReadError> {
    let totals = reading.totals(of, used, period).await?;
    let mut top: Vec<&TotalRow> = totals.iter().filter(|total| total.actions > 0).collect();
    // The totals come by name: among equals, a stable sort leaves them so.
    top.sort_by_key(|total| std::cmp::Reverse(total.actions));
    top.truncate(TOP);
    let numbers: Vec<i64> = top.iter().map(|total| total.number).collect();
    let mut series: HashMap<i64, HashMap<Day, i64>> = HashMap::new();
    for row in reading.series(of, used, &numbers, with_previous(period)).await? {
        series.entry(row.number).or_default().insert(row.day, row.actions);
    }
    let top = top
        .into_iter()
        .map(|total| {
            let actions = series.remove(&total.number).unwrap_or_default();
            Top {
                row: row(total.clone(), complete),
                days: fill_actions(period, &actions),
                previous_days: fill_actions(period.previous(), &actions),
            }
        })
        .collect();
    Ok(TableSums { rows: totals.into_iter().map(|total| row(total, complete)).collect(), top })
}

fn row(total: TotalRow, complete: bool) -> TableRow {
    table_row(total.module, total.action, total.actions, total.previous_actions, complete)
}

impl Top {
    fn activity(&self) -> TopActivity {
        let row = self.row.clone();
        TopActivity {
            module: row.module,
            action: row.action.unwrap_or_default(),
            actions: row.actions,
            previous_actions: row.previous_actions,
            change: row.change,
            days: self.days.clone(),
            previous_days: self.previous_days.clone(),
        }
    }

    fn module(&self) -> TopModule {
        let row = self.row.clone();
        TopModule {
            module: row.module,
            actions: row.actions,
            previous_actions: row.previous_actions,
            change: row.change,
            days: self.days.clone(),
            previous_days: self.previous_days.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        dashboards::Display,
        store::{Asked, Author, Store},
    };
    use model::{
        event::{Event, IdScope, Kind},
        instant::Instant,
        team::{Comparison, RuleOn, TeamDefinition, TeamRule},
    };

    fn event(account: &str) -> Event {
        let time = Instant::parse("2026-11-20T12:00:00Z").unwrap();
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: account.to_owned(),
            account_name: None,
            account_attributes: Vec::new(),
            user: "lisa".into(),
            user_name: None,
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "View".into(), count: 1 },
            time,
            received: time,
        }
    }

    #[tokio::test]
    async fn sums_are_prepared_when_what_a_team_sees_has_another_past() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let clock = ManualClock::new(Instant::parse("2026-11-24T12:00:00Z").unwrap());
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        let dashboards = Dashboards::new(store.clone(), Arc::new(clock), display);
        let days = Period { from: "2026-05-28".parse().unwrap(), to: "2026-11-23".parse().unwrap() };
        let unprepared = async || store.read().await.unwrap().sights_without_sums(days).await.unwrap().len();
        // What is kept is written by a task that nobody waits for.
        let prepared = async || {
            dashboards.prepare_sums().await.unwrap();
            for _ in 0..1_000 {
                if unprepared().await == 0 {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            false
        };
        let rule = |value: &str| {
            let value = value.to_owned();
            let rules = vec![TeamRule { on: RuleOn::Id, attribute: None, is: Comparison::StartsWith, value }];
            TeamDefinition { name: "Team".to_owned(), rules, ..TeamDefinition::default() }
        };
        let team_no = store.add_team(&rule("acme"), &Author::anyone()).await.unwrap();
        assert_eq!(unprepared().await, 0);
        store.append(&[event("acme"), event("other")]).await.unwrap();
        assert_eq!(unprepared().await, 1);
        assert!(prepared().await);
        store.change_team(team_no, &rule("other"), &Author::anyone()).await.unwrap();
        assert_eq!(unprepared().await, 1);
        assert!(prepared().await);
    }
}
