//! Change from one period to the one before.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How a figure changed from the previous period to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// From nothing to something: never a percentage.
    New,
    /// (current − previous) ÷ previous.
    Percent {
        /// In percent, rounded to one decimal.
        percent: f64,
    },
    /// From something to nothing.
    Stopped {
        /// Always −100.
        percent: f64,
    },
    /// Nothing in either period.
    None,
    /// The previous period begins before the workspace's first event: no comparison.
    Unknown,
}

impl Change {
    /// The change between two figures of complete periods. Neither may be negative.
    pub fn between(previous: i64, current: i64) -> Self {
        match (previous, current) {
            (0, 0) => Change::None,
            (0, _) => Change::New,
            (_, 0) => Change::Stopped { percent: -100.0 },
            (previous, current) => {
                let thousand = i128::from(current - previous) * 1000;
                let previous = i128::from(previous);
                // Half away from zero, in whole numbers: no float decides a rounding.
                let tenths = (2 * thousand.abs() + previous) / (2 * previous) * thousand.signum();
                Change::Percent { percent: tenths as f64 / 10.0 }
            }
        }
    }

    /// The change, or [`Change::Unknown`] where the previous period is not complete.
    pub fn of(complete: bool, previous: i64, current: i64) -> Self {
        if complete { Self::between(previous, current) } else { Change::Unknown }
    }

    /// Ascending order of the Change column. Descending, New comes first, then percentages, then –.
    pub fn compare(&self, other: &Self) -> Ordering {
        fn key(change: &Change) -> (u8, f64) {
            match *change {
                Change::New => (3, 0.0),
                Change::Percent { percent } | Change::Stopped { percent } => (2, percent),
                Change::None => (1, 0.0),
                Change::Unknown => (0, 0.0),
            }
        }
        let ((kind, percent), (other_kind, other_percent)) = (key(self), key(other));
        kind.cmp(&other_kind).then(percent.total_cmp(&other_percent))
    }
}

impl std::fmt::Display for Change {
    /// What the Change column shows, without the arrow: "New", "+12.5 %", "−100 %, Stopped", ">999 %", "–".
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Change::New => formatter.write_str("New"),
            Change::Percent { percent } if percent > 999.0 => formatter.write_str(">999 %"),
            Change::Percent { percent: 0.0 } => formatter.write_str("0.0 %"),
            Change::Percent { percent } if percent < 0.0 => write!(formatter, "−{:.1} %", -percent),
            Change::Percent { percent } => write!(formatter, "+{percent:.1} %"),
            Change::Stopped { .. } => formatter.write_str("−100 %, Stopped"),
            Change::None | Change::Unknown => formatter.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_definition() {
        for (previous, current, shown) in [
            (0, 0, "–"),
            (0, 7, "New"),
            (7, 0, "−100 %, Stopped"),
            (8, 9, "+12.5 %"),
            (8, 7, "−12.5 %"),
            (3, 4, "+33.3 %"),
            (3, 5, "+66.7 %"),
            (2000, 2001, "+0.1 %"),
            (5, 5, "0.0 %"),
            (1, 10, "+900.0 %"),
            (100, 1099, "+999.0 %"),
            (1, 11, ">999 %"),
        ] {
            assert_eq!(Change::between(previous, current).to_string(), shown, "{previous} → {current}");
        }
    }

    #[test]
    fn the_wire_form_is_tagged_by_kind() {
        let json = |change| serde_json::to_string(&change).expect("json");
        assert_eq!(json(Change::between(8, 7)), r#"{"kind":"percent","percent":-12.5}"#);
        assert_eq!(json(Change::between(8, 0)), r#"{"kind":"stopped","percent":-100.0}"#);
        assert_eq!(json(Change::between(0, 1)), r#"{"kind":"new"}"#);
        assert_eq!(json(Change::of(false, 1, 1)), r#"{"kind":"unknown"}"#);
    }

    #[test]
    fn descending_is_new_then_percentages_then_none() {
        let mut changes =
            [(0, 0), (5, 0), (4, 5), (0, 1), (1, 50)].map(|(previous, current)| Change::between(previous, current));
        changes.sort_by(|a, b| b.compare(a));
        assert_eq!(changes.map(|change| change.to_string()), ["New", ">999 %", "+25.0 %", "−100 %, Stopped", "–"]);
    }
}
