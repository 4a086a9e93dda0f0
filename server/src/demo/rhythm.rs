//! When people work: weekdays, holidays and hours, all by their own clock.

use super::dice::Dice;
use chrono::{Datelike, Weekday};
use model::Day;

/// How likely work begins in each hour of the day, for most people.
const OFFICE: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.8, 3.0, 8.0, 12.0, 12.0, 10.0, 5.0, 8.0, 11.0, 11.0, 9.0, 5.0, 1.5, 0.8, 0.6, 0.4,
    0.1, 0.0,
];

/// The same for evening people.
const EVENING: [f64; 24] = [
    0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 3.0, 4.0, 6.0, 7.0, 7.0, 8.0, 9.0, 10.0, 11.0, 9.0,
    5.0, 1.5,
];

/// Days (month, day) on which most people are off, and the share of the usual work that is done all the same.
const HOLIDAYS: [(u32, u32, f64); 11] = [
    (1, 1, 0.08),
    (1, 2, 0.6),
    (5, 1, 0.3),
    (8, 15, 0.6),
    (10, 3, 0.7),
    (11, 1, 0.7),
    (12, 24, 0.25),
    (12, 25, 0.06),
    (12, 26, 0.12),
    (12, 30, 0.5),
    (12, 31, 0.25),
];

/// The share of the usual work that is done on a day.
pub(super) fn share_of_day(day: Day, works_weekends: bool) -> f64 {
    let of_week = match (day.weekday(), works_weekends) {
        (Weekday::Sat, false) => 0.07,
        (Weekday::Sun, false) => 0.05,
        (Weekday::Sat | Weekday::Sun, true) => 0.6,
        (Weekday::Mon, _) => 0.97,
        (Weekday::Tue | Weekday::Wed, _) => 1.03,
        (Weekday::Thu, _) => 1.0,
        (Weekday::Fri, _) => 0.86,
    };
    let holiday = HOLIDAYS.iter().find(|(month, date, _)| (*month, *date) == (day.month(), day.day()));
    let of_season = match (holiday, day.month(), day.day()) {
        (Some((_, _, share)), _, _) => *share,
        (None, 12, 27..=29) => 0.45,
        (None, 7, 20..) | (None, 8, _) => 0.87,
        _ => 1.0,
    };
    of_week * of_season
}

/// The minutes after local midnight at which someone sits down to work, ascending.
pub(super) fn starts(sessions: usize, evening: bool, dice: &mut Dice) -> Vec<f64> {
    let hours = if evening { &EVENING } else { &OFFICE };
    let mut starts: Vec<f64> =
        (0..sessions).map(|_| dice.weighted(hours.iter().copied()) as f64 * 60.0 + dice.between(0.0, 60.0)).collect();
    starts.sort_by(f64::total_cmp);
    starts
}
