//! Periods: whole local days that end yesterday, or any range of days.

use crate::Day;
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// The longest range that can be asked for, in days: twenty years.
pub const LONGEST_RANGE: i64 = 7305;

/// What a reader chose to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeriodChoice {
    /// The day before today.
    Yesterday,
    /// The 7 days that end yesterday.
    Last7Days,
    /// The 30 days that end yesterday.
    Last30Days,
    /// The 90 days that end yesterday.
    Last90Days,
    /// These days, both included; `from` is not after `to`.
    Range {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
}

impl PeriodChoice {
    /// The choices that have a name, longest first, as the period picker shows them.
    pub const NAMED: [PeriodChoice; 4] = [Self::Last90Days, Self::Last30Days, Self::Last7Days, Self::Yesterday];

    /// The name on the wire; `range` for a from–to range.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yesterday => "yesterday",
            Self::Last7Days => "last_7_days",
            Self::Last30Days => "last_30_days",
            Self::Last90Days => "last_90_days",
            Self::Range { .. } => "range",
        }
    }

    /// The named choice of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|choice| choice.name() == name)
    }

    /// The days it means when `today` is the current local day.
    pub fn resolve(self, today: Day) -> Period {
        let ending_yesterday = |days: i64| Period { from: today - Duration::days(days), to: today - Duration::days(1) };
        match self {
            Self::Yesterday => ending_yesterday(1),
            Self::Last7Days => ending_yesterday(7),
            Self::Last30Days => ending_yesterday(30),
            Self::Last90Days => ending_yesterday(90),
            Self::Range { from, to } => Period { from, to },
        }
    }
}

/// Whole local days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub from: Day,
    /// Last day, not before `from`.
    pub to: Day,
}

impl Period {
    /// How many days it has.
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The same number of days immediately before.
    pub fn previous(self) -> Self {
        let days = Duration::days(self.days());
        Self { from: self.from - days, to: self.to - days }
    }

    /// Its days, ascending.
    pub fn iter(self) -> impl Iterator<Item = Day> {
        self.from.iter_days().take(usize::try_from(self.days()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    #[test]
    fn periods_end_yesterday_and_compare_with_the_days_before() {
        let today = day("2026-03-01");
        let week = PeriodChoice::Last7Days.resolve(today);
        assert_eq!((week.from, week.to, week.days()), (day("2026-02-22"), day("2026-02-28"), 7));
        assert_eq!(week.previous(), Period { from: day("2026-02-15"), to: day("2026-02-21") });
        let yesterday = PeriodChoice::Yesterday.resolve(today);
        assert_eq!((yesterday.from, yesterday.to), (day("2026-02-28"), day("2026-02-28")));
        assert_eq!(week.iter().count(), 7);
    }
}
