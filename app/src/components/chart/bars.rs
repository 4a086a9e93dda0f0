//! The bars of a chart: one a day, or several days together where the period is too long for that.

use super::Unit;
use crate::format;
use model::{
    Day,
    api::usage::{DayActions, DaySeconds},
    period::Period,
};

/// How many bars can be told apart.
const MOST: usize = 124;

/// The bars of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bars {
    /// In the order of time.
    pub(crate) list: Vec<Bar>,
    /// The sum of their values.
    pub(crate) total: i64,
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Its days.
    pub(crate) days: Period,
    /// Its figure.
    pub(crate) value: i64,
    /// The days at the same position of the previous period and their figure; `None` without a comparison.
    pub(crate) previous: Option<(Period, i64)>,
}

impl Bar {
    /// Its days as text.
    pub(crate) fn days_text(&self) -> String {
        if self.days.from == self.days.to { format::day(self.days.from) } else { format::period(self.days) }
    }
}

impl Bars {
    /// Of days and their figures; `previous` is the same of the previous period, or empty without a comparison.
    pub(crate) fn new(days: &[(Day, i64)], previous: &[(Day, i64)]) -> Self {
        let together = days_a_bar(days.len());
        let list = days
            .chunks(together)
            .enumerate()
            .filter_map(|(index, days)| {
                let before = previous.iter().skip(index * together).take(days.len()).copied().collect::<Vec<_>>();
                Some(Bar {
                    days: span(days)?,
                    value: sum(days),
                    previous: span(&before).map(|span| (span, sum(&before))),
                })
            })
            .collect();
        Self { list, total: sum(days) }
    }

    /// Of time spent; `compared` says whether the previous period is complete.
    pub(crate) fn of_seconds(days: &[DaySeconds], previous: &[DaySeconds], compared: bool) -> Self {
        let pairs = |days: &[DaySeconds]| days.iter().map(|day| (day.day, day.seconds)).collect::<Vec<_>>();
        Self::new(&pairs(days), &if compared { pairs(previous) } else { Vec::new() })
    }

    /// Of actions; `compared` says whether the previous period is complete.
    pub(crate) fn of_actions(days: &[DayActions], previous: &[DayActions], compared: bool) -> Self {
        let pairs = |days: &[DayActions]| days.iter().map(|day| (day.day, day.actions)).collect::<Vec<_>>();
        Self::new(&pairs(days), &if compared { pairs(previous) } else { Vec::new() })
    }

    /// The largest figure, of the previous period too.
    pub(crate) fn largest(&self) -> i64 {
        let each = |bar: &Bar| bar.value.max(bar.previous.map_or(0, |(_, value)| value));
        self.list.iter().map(each).max().unwrap_or(0)
    }

    /// The largest figure of the period itself.
    pub(crate) fn largest_value(&self) -> i64 {
        self.list.iter().map(|bar| bar.value).max().unwrap_or(0)
    }

    /// A bar in a sentence.
    pub(crate) fn spoken(&self, index: usize, unit: Unit) -> String {
        let Some(bar) = self.list.get(index) else { return String::new() };
        let mut text = format!(
            "{}: {}, {} of the period",
            bar.days_text(),
            unit.text(bar.value),
            format::share(bar.value, self.total)
        );
        if let Some((days, value)) = &bar.previous {
            text.push_str(&format!("; {}: {}", format::period(*days), unit.text(*value)));
        }
        text
    }
}

/// How many days share a bar: one, a week, or thirty and more.
fn days_a_bar(days: usize) -> usize {
    match days {
        0..=MOST => 1,
        _ if days <= MOST * 7 => 7,
        _ => 30 * days.div_ceil(MOST * 30),
    }
}

fn span(days: &[(Day, i64)]) -> Option<Period> {
    Some(Period { from: days.first()?.0, to: days.last()?.0 })
}

fn sum(days: &[(Day, i64)]) -> i64 {
    days.iter().map(|(_, value)| value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, values: &[i64]) -> Vec<(Day, i64)> {
        let from: Day = from.parse().unwrap();
        from.iter_days().zip(values.iter().copied()).collect()
    }

    #[test]
    fn a_bar_a_day_with_the_day_at_the_same_position() {
        let bars = Bars::new(&days("2026-11-20", &[3, 0, 6]), &days("2026-11-17", &[1, 2, 30]));
        assert_eq!((bars.list.len(), bars.total, bars.largest(), bars.largest_value()), (3, 9, 30, 6));
        assert_eq!(
            bars.spoken(2, Unit::Actions),
            "Sun, 22 Nov 2026: 6 actions, 66.7 % of the period; 19 Nov 2026: 30 actions"
        );
    }

    #[test]
    fn without_a_comparison_nothing_is_said_of_it() {
        let bars = Bars::new(&days("2026-11-20", &[3600]), &[]);
        assert_eq!(bars.spoken(0, Unit::Time), "Fri, 20 Nov 2026: 1 h 00 m, 100.0 % of the period");
        assert_eq!(bars.spoken(1, Unit::Time), "");
    }

    #[test]
    fn long_periods_share_bars() {
        let bars = Bars::new(&days("2026-01-01", &[1; 200]), &days("2025-01-01", &[2; 200]));
        assert_eq!(bars.list.len(), 29);
        assert_eq!((bars.list[0].value, bars.list[28].value), (7, 4));
        assert_eq!(bars.list[28].previous.map(|(_, value)| value), Some(8));
        assert_eq!(days_a_bar(7305), 60);
        assert!(7305_usize.div_ceil(days_a_bar(7305)) <= MOST);
    }
}
