//! How the figures of the Activities dashboard are put together from sums.

use crate::{
    Day,
    api::usage::{DayActions, DaySeconds, NamedPeriod, PreviousPeriod, TableRow},
    change::Change,
    period::{Period, PeriodChoice},
    query::{Order, Sort, TableQuery},
};
use std::{cmp::Ordering, collections::HashMap};

/// A period with its name, and the one before with whether it can be compared.
pub fn periods(choice: PeriodChoice, today: Day, data_since: Option<Day>) -> (NamedPeriod, PreviousPeriod) {
    let period = choice.resolve(today);
    let previous = period.previous();
    let complete = data_since.is_some_and(|first| previous.from >= first);
    (
        NamedPeriod { name: choice.name().to_owned(), from: period.from, to: period.to },
        PreviousPeriod { from: previous.from, to: previous.to, complete, data_since },
    )
}

/// Every day of a period with its seconds, zero where none are given.
pub fn fill_seconds(period: Period, seconds: &HashMap<Day, i64>) -> Vec<DaySeconds> {
    period.iter().map(|day| DaySeconds { day, seconds: seconds.get(&day).copied().unwrap_or(0) }).collect()
}

/// Every day of a period with its actions, zero where none are given.
pub fn fill_actions(period: Period, actions: &HashMap<Day, i64>) -> Vec<DayActions> {
    period.iter().map(|day| DayActions { day, actions: actions.get(&day).copied().unwrap_or(0) }).collect()
}

/// A row of the table, with its change.
pub fn table_row(module: String, action: Option<String>, actions: i64, previous: i64, complete: bool) -> TableRow {
    TableRow { module, action, actions, previous_actions: previous, change: Change::of(complete, previous, actions) }
}

/// The rows that match the query's filter, in its order: all of them, whatever its limit. Ties go by module and
/// action, ascending.
pub fn arrange<'a>(rows: &'a [TableRow], query: &TableQuery) -> Vec<&'a TableRow> {
    let wanted = query.filter.to_lowercase();
    let mut rows: Vec<&TableRow> =
        rows.iter().filter(|row| wanted.is_empty() || name(row).to_lowercase().contains(&wanted)).collect();
    rows.sort_by(|a, b| {
        let order = compare(a, b, query.sort);
        let directed = if query.order == Order::Descending { order.reverse() } else { order };
        directed.then_with(|| (&a.module, &a.action).cmp(&(&b.module, &b.action)))
    });
    rows
}

/// What the filter looks at: the module, or the activity as it is written, "Dashboard · Export".
fn name(row: &TableRow) -> String {
    match &row.action {
        Some(action) => format!("{} · {action}", row.module),
        None => row.module.clone(),
    }
}

fn compare(a: &TableRow, b: &TableRow, sort: Sort) -> Ordering {
    match sort {
        Sort::Name => (&a.action, &a.module).cmp(&(&b.action, &b.module)),
        Sort::Module => (&a.module, &a.action).cmp(&(&b.module, &b.action)),
        Sort::Actions => a.actions.cmp(&b.actions),
        Sort::Previous => a.previous_actions.cmp(&b.previous_actions),
        Sort::Change => a.change.compare(&b.change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{TableOf, UsageQuery};

    fn row(module: &str, action: &str, previous: i64, actions: i64) -> TableRow {
        table_row(module.into(), Some(action.into()), actions, previous, true)
    }

    fn arranged(filter: &str, sort: Sort, order: Order) -> Vec<String> {
        let rows = [row("Reports", "View", 4, 5), row("Dashboard", "Export", 0, 3), row("Dashboard", "View", 3, 0)];
        let query = TableQuery {
            filter: filter.into(),
            sort,
            order,
            ..TableQuery::new(UsageQuery::default(), TableOf::Activities)
        };
        arrange(&rows, &query).into_iter().map(name).collect()
    }

    #[test]
    fn rows_are_sorted_by_any_column_both_ways() {
        let (de, dv, rv) = ("Dashboard · Export", "Dashboard · View", "Reports · View");
        assert_eq!(arranged("", Sort::Name, Order::Ascending), [de, dv, rv]);
        assert_eq!(arranged("", Sort::Name, Order::Descending), [rv, dv, de]);
        assert_eq!(arranged("", Sort::Module, Order::Descending), [rv, dv, de]);
        assert_eq!(arranged("", Sort::Actions, Order::Descending), [rv, de, dv]);
        assert_eq!(arranged("", Sort::Previous, Order::Ascending), [de, dv, rv]);
        assert_eq!(arranged("", Sort::Change, Order::Descending), [de, rv, dv]);
    }

    #[test]
    fn the_filter_looks_anywhere_in_the_name_in_any_case() {
        assert_eq!(arranged("EXP", Sort::Name, Order::Ascending), ["Dashboard · Export"]);
        assert_eq!(arranged("board · v", Sort::Name, Order::Ascending), ["Dashboard · View"]);
        assert!(arranged("%", Sort::Name, Order::Ascending).is_empty());
    }

    #[test]
    fn a_period_before_the_first_event_is_not_compared() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let complete = |since| periods(PeriodChoice::Last7Days, day("2026-03-15"), since).1.complete;
        assert!(complete(Some(day("2026-03-01"))));
        assert!(!complete(Some(day("2026-03-02"))));
        assert!(!complete(None));
    }
}
