//! Usage over a period, and the tables of activities and modules.

use super::{Dashboards, ReadError, SumsKey};
use crate::store::{Scope, TotalRow};
use model::{
    Day,
    api::usage::{DayActions, Table, TableRow, TimeSpent, TopActivity, TopModule, Usage},
    change::Change,
    period::Period,
    query::{TableOf, TableQuery, UsageQuery},
    usage::{arrange, fill_actions, fill_seconds, periods, table_row},
};
use std::{collections::HashMap, sync::Arc};

/// Everything used in a period or the one before: the table, and the days of its top rows.
pub(super) struct Sums {
    rows: Vec<TableRow>,
    top: Vec<Top>,
}

struct Top {
    row: TableRow,
    days: Vec<DayActions>,
    previous_days: Vec<DayActions>,
}

impl Dashboards {
    /// Usage over a period, compared with the one before.
    pub async fn usage(&self, query: &UsageQuery) -> Result<Usage, ReadError> {
        let (period, previous) = periods(query.period, self.day(), self.store.data_since().await?);
        let scope = self.scope(query.account.as_deref()).await?;
        let days = period.days();
        let time_spent = self.time_spent(&scope, days, previous.complete).await?;
        let activities = self.sums(TableOf::Activities, &scope, days, previous.complete).await?;
        let modules = self.sums(TableOf::Modules, &scope, days, previous.complete).await?;
        Ok(Usage {
            time_zone: self.store.reporting().zone.name().to_owned(),
            period,
            previous,
            time_spent,
            top_activities: activities.top.iter().map(Top::activity).collect(),
            top_modules: modules.top.iter().map(Top::module).collect(),
        })
    }

    /// A page of a table.
    pub async fn table(&self, query: &TableQuery) -> Result<Table, ReadError> {
        let mut table = self.whole_table(query).await?;
        let skipped = usize::try_from(query.offset).unwrap_or(usize::MAX).min(table.rows.len());
        table.rows.drain(..skipped);
        table.rows.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        Ok(table)
    }

    /// All rows of a table, filtered and sorted; the query's limit and offset don't matter.
    pub async fn whole_table(&self, query: &TableQuery) -> Result<Table, ReadError> {
        let (period, previous) = periods(query.usage.period, self.day(), self.store.data_since().await?);
        let scope = self.scope(query.usage.account.as_deref()).await?;
        let sums = self.sums(query.of, &scope, period.days(), previous.complete).await?;
        let rows = arrange(&sums.rows, query);
        Ok(Table { period, previous, total: rows.len() as u64, rows })
    }

    async fn time_spent(&self, scope: &Scope, period: Period, complete: bool) -> Result<TimeSpent, ReadError> {
        let both = Period { from: period.previous().from, to: period.to };
        let rows = self.store.seconds(scope, both).await?;
        let seconds: HashMap<Day, i64> = rows.into_iter().map(|row| (row.day, row.seconds)).collect();
        let days = fill_seconds(period, &seconds);
        let previous_days = fill_seconds(period.previous(), &seconds);
        let sum = days.iter().map(|day| day.seconds).sum();
        let previous_sum = previous_days.iter().map(|day| day.seconds).sum();
        Ok(TimeSpent {
            seconds: sum,
            previous_seconds: previous_sum,
            change: Change::of(complete, previous_sum, sum),
            days,
            previous_days,
        })
    }

    /// The sums of a period: kept until one of its days, or one of the days before, changes.
    async fn sums(&self, of: TableOf, scope: &Scope, period: Period, complete: bool) -> Result<Arc<Sums>, ReadError> {
        let both = Period { from: period.previous().from, to: period.to };
        let revision = self.store.revision(both).await?;
        // Whether the period before is complete depends on the first event, which may lie before both: a late event
        // there changes no sum, but every change.
        let key = SumsKey { of, scope: scope.clone(), period, complete, revision };
        let computed =
            self.sums.try_get_with(key, async { self.read_sums(of, scope, period, complete).await.map(Arc::new) });
        computed.await.map_err(|error| (*error).clone())
    }

    async fn read_sums(&self, of: TableOf, scope: &Scope, period: Period, complete: bool) -> Result<Sums, ReadError> {
        let totals = self.store.totals(of, scope, period).await?;
        let mut used: Vec<&TotalRow> = totals.iter().filter(|total| total.actions > 0).collect();
        // The totals come by name: among equals, a stable sort leaves them so.
        used.sort_by_key(|total| std::cmp::Reverse(total.actions));
        used.truncate(model::api::usage::TOP);
        let numbers: Vec<i64> = used.iter().map(|total| total.number).collect();
        let both = Period { from: period.previous().from, to: period.to };
        let mut series: HashMap<i64, HashMap<Day, i64>> = HashMap::new();
        for row in self.store.series(of, scope, &numbers, both).await? {
            series.entry(row.number).or_default().insert(row.day, row.actions);
        }
        let top = used
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
        Ok(Sums { rows: totals.into_iter().map(|total| row(total, complete)).collect(), top })
    }
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
