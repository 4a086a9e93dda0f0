//! Usage over a period and the tables of activities and modules.

use super::{Reference, Signal, actions, only};
use chrono::TimeDelta;
use model::{
    Day,
    api::usage::{
        DayActions, DaySeconds, NamedPeriod, PreviousPeriod, Table, TableRow, TimeSpent, TopActivity, TopModule, Usage,
    },
    change::Change,
    instant::Instant,
    query::{Order, Sort},
};
use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeSet,
};

/// The days someone asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asked {
    Yesterday,
    Last7Days,
    Last30Days,
    Last90Days,
    Range(Day, Day),
}

/// What a table lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TableKind {
    Activities,
    Modules,
}

/// A page of a table that someone asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: TableKind,
    pub(crate) asked: Asked,
    pub(crate) account: Option<String>,
    pub(crate) filter: String,
    pub(crate) sort: Sort,
    pub(crate) order: Order,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

/// Module and action; no action for a whole module.
type Name = (String, Option<String>);

impl Asked {
    /// The periods that have a name.
    pub(crate) const NAMED: [Asked; 4] = [Asked::Yesterday, Asked::Last7Days, Asked::Last30Days, Asked::Last90Days];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Asked::Yesterday => "yesterday",
            Asked::Last7Days => "last_7_days",
            Asked::Last30Days => "last_30_days",
            Asked::Last90Days => "last_90_days",
            Asked::Range(..) => "range",
        }
    }

    /// How the API is asked for it.
    pub(crate) fn parameters(self) -> Vec<(&'static str, String)> {
        match self {
            Asked::Range(from, to) => vec![("from", from.to_string()), ("to", to.to_string())],
            named => vec![("period", named.name().to_owned())],
        }
    }

    fn period(self, today: Day) -> NamedPeriod {
        let yesterday = today - TimeDelta::days(1);
        let (from, to) = match self {
            Asked::Yesterday => (yesterday, yesterday),
            Asked::Last7Days => (today - TimeDelta::days(7), yesterday),
            Asked::Last30Days => (today - TimeDelta::days(30), yesterday),
            Asked::Last90Days => (today - TimeDelta::days(90), yesterday),
            Asked::Range(from, to) => (from, to),
        };
        NamedPeriod { name: self.name().to_owned(), from, to }
    }
}

impl Wanted {
    /// How the API is asked for it.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let order = if self.order == Order::Ascending { "asc" } else { "desc" };
        let mut parameters = self.asked.parameters();
        parameters.extend(self.account.clone().map(|id| ("account", id)));
        parameters.extend([
            ("filter", self.filter.clone()),
            ("sort", self.sort.name().to_owned()),
            ("order", order.to_owned()),
            ("limit", self.limit.to_string()),
            ("offset", self.offset.to_string()),
        ]);
        parameters
    }
}

impl Reference {
    /// `GET /usage`, of one account or of all.
    pub(crate) fn usage(&self, now: Instant, asked: Asked, account: Option<&str>) -> Usage {
        let period = asked.period(self.day_of(now));
        let previous = self.previous(&period);
        let (days, previous_days) = (each_day(period.from, period.to), each_day(previous.from, previous.to));
        let (signals, earlier) = (self.signals_of(&days, account), self.signals_of(&previous_days, account));

        let (seconds, previous_seconds) = (self.time_spent(&signals), self.time_spent(&earlier));
        let time_spent = TimeSpent {
            seconds,
            previous_seconds,
            change: change(previous.complete, previous_seconds, seconds),
            days: self.seconds_by_day(&days, &signals),
            previous_days: self.seconds_by_day(&previous_days, &earlier),
        };
        let mut top_activities = Vec::new();
        for row in top(rows(TableKind::Activities, previous.complete, &signals, &earlier)) {
            let name = (row.module, row.action);
            top_activities.push(TopActivity {
                days: actions_by_day(&days, &signals, TableKind::Activities, &name),
                previous_days: actions_by_day(&previous_days, &earlier, TableKind::Activities, &name),
                module: name.0,
                action: name.1.expect("an activity has an action"),
                actions: row.actions,
                previous_actions: row.previous_actions,
                change: row.change,
            });
        }
        let mut top_modules = Vec::new();
        for row in top(rows(TableKind::Modules, previous.complete, &signals, &earlier)) {
            let name = (row.module, None);
            top_modules.push(TopModule {
                days: actions_by_day(&days, &signals, TableKind::Modules, &name),
                previous_days: actions_by_day(&previous_days, &earlier, TableKind::Modules, &name),
                module: name.0,
                actions: row.actions,
                previous_actions: row.previous_actions,
                change: row.change,
            });
        }
        Usage { time_zone: self.zone.name().to_owned(), period, previous, time_spent, top_activities, top_modules }
    }

    /// `GET /usage/activities` and `GET /usage/modules`.
    pub(crate) fn table(&self, now: Instant, wanted: &Wanted) -> Table {
        let period = wanted.asked.period(self.day_of(now));
        let previous = self.previous(&period);
        let signals = self.signals_of(&each_day(period.from, period.to), wanted.account.as_deref());
        let earlier = self.signals_of(&each_day(previous.from, previous.to), wanted.account.as_deref());

        let filter = wanted.filter.to_lowercase();
        let mut rows = rows(wanted.kind, previous.complete, &signals, &earlier);
        rows.retain(|row| as_written(row).to_lowercase().contains(&filter));
        rows.sort_by(|a, b| {
            let by_column = match wanted.sort {
                Sort::Name => (&a.action, &a.module).cmp(&(&b.action, &b.module)),
                Sort::Module => (&a.module, &a.action).cmp(&(&b.module, &b.action)),
                Sort::Actions => a.actions.cmp(&b.actions),
                Sort::Previous => a.previous_actions.cmp(&b.previous_actions),
                Sort::Change => compare_changes(a.change, b.change),
            };
            let in_order = if wanted.order == Order::Ascending { by_column } else { by_column.reverse() };
            in_order.then_with(|| (&a.module, &a.action).cmp(&(&b.module, &b.action)))
        });
        let total = u64::try_from(rows.len()).expect("few");
        let rows = rows.into_iter().skip(wanted.offset).take(wanted.limit).collect();
        Table { period, previous, total, rows }
    }

    fn previous(&self, period: &NamedPeriod) -> PreviousPeriod {
        let days = (period.to - period.from) + TimeDelta::days(1);
        let (from, to) = (period.from - days, period.to - days);
        let data_since = self.data_since();
        PreviousPeriod { from, to, complete: data_since.is_some_and(|first| first <= from), data_since }
    }

    fn seconds_by_day(&self, days: &[Day], signals: &[&Signal]) -> Vec<DaySeconds> {
        let seconds = |day: Day| self.time_spent(&only(signals, |signal| signal.day == day));
        days.iter().map(|&day| DaySeconds { day, seconds: seconds(day) }).collect()
    }
}

fn each_day(from: Day, to: Day) -> Vec<Day> {
    let mut days = vec![from];
    while days[days.len() - 1] < to {
        days.push(days[days.len() - 1] + TimeDelta::days(1));
    }
    days
}

/// The activity or the module of a signal; a heartbeat is a use of neither.
fn name(kind: TableKind, signal: &Signal) -> Option<Name> {
    let (action, _) = signal.action()?;
    let action = (kind == TableKind::Activities).then(|| action.to_owned());
    Some((signal.event.module.clone(), action))
}

/// The name of a module or an activity: "Dashboard", "Dashboard · Export".
fn as_written(row: &TableRow) -> String {
    let parts: Vec<&str> = [Some(row.module.as_str()), row.action.as_deref()].into_iter().flatten().collect();
    parts.join(" · ")
}

/// Everything used in either period.
fn rows(kind: TableKind, complete: bool, signals: &[&Signal], earlier: &[&Signal]) -> Vec<TableRow> {
    let names: BTreeSet<Name> = signals.iter().chain(earlier).filter_map(|signal| name(kind, signal)).collect();
    let mut rows = Vec::new();
    for used in names {
        let of_name = |signal: &Signal| name(kind, signal).as_ref() == Some(&used);
        let (actions, previous_actions) = (actions(&only(signals, of_name)), actions(&only(earlier, of_name)));
        let change = change(complete, previous_actions, actions);
        let (module, action) = used;
        rows.push(TableRow { module, action, actions, previous_actions, change });
    }
    rows
}

/// The five with the most actions in the period; what was not used in it is no top.
fn top(mut rows: Vec<TableRow>) -> Vec<TableRow> {
    rows.retain(|row| row.actions > 0);
    rows.sort_by_key(|row| (Reverse(row.actions), row.module.clone(), row.action.clone()));
    rows.truncate(5);
    rows
}

fn actions_by_day(days: &[Day], signals: &[&Signal], kind: TableKind, used: &Name) -> Vec<DayActions> {
    let of_day = |day: Day| only(signals, |signal| signal.day == day && name(kind, signal).as_ref() == Some(used));
    days.iter().map(|&day| DayActions { day, actions: actions(&of_day(day)) }).collect()
}

/// The table of the definition, row by row.
pub(super) fn change(complete: bool, previous: i64, current: i64) -> Change {
    match (previous, current) {
        _ if !complete => Change::Unknown,
        (0, 0) => Change::None,
        (0, _) => Change::New,
        (_, 0) => Change::Stopped { percent: -100.0 },
        (previous, current) => Change::Percent { percent: percent(previous, current) },
    }
}

/// Percent with one decimal, half away from zero. Whole tenths, so that no float decides which way to round.
fn percent(previous: i64, current: i64) -> f64 {
    let thousandfold = 1000 * (i128::from(current) - i128::from(previous));
    let below = thousandfold.div_euclid(i128::from(previous));
    let rest = thousandfold.rem_euclid(i128::from(previous));
    let tenths = match (2 * rest).cmp(&i128::from(previous)) {
        Ordering::Less => below,
        Ordering::Greater => below + 1,
        Ordering::Equal if thousandfold < 0 => below,
        Ordering::Equal => below + 1,
    };
    tenths as f64 / 10.0
}

/// Ascending: no comparison, –, percentages (stopped is −100 %), New.
fn compare_changes(a: Change, b: Change) -> Ordering {
    let key = |change: Change| match change {
        Change::Unknown => (0, 0.0),
        Change::None => (1, 0.0),
        Change::Percent { percent } | Change::Stopped { percent } => (2, percent),
        Change::New => (3, 0.0),
    };
    key(a).partial_cmp(&key(b)).expect("no percentage is NaN")
}
