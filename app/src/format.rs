//! Figures, durations and days as text: the same on the server and in every browser, whatever its locale.

use chrono::{Datelike, Weekday};
use model::{Day, change::Change, instant::Instant, period::Period};

/// A whole number with its thousands apart: `12,345`, `−1,000`.
pub fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if value < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that fits under a bar: `940`, `1.2k`, `35k`, `4.1M`.
pub fn short_number(value: i64) -> String {
    let (unit, sign) = match value {
        ..1_000 => return value.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    match (value / unit, value % unit * 10 / unit) {
        (whole @ ..10, tenths @ 1..) => format!("{whole}.{tenths}{sign}"),
        (whole, _) => format!("{}{sign}", number(whole)),
    }
}

/// A duration of whole seconds: `45 s`, `21 m`, `21 m 03 s`, `1 h 05 m`. From an hour on, seconds are left out.
pub fn duration(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest @ 1..) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} m"),
        (0, minutes, rest) => format!("{minutes} m {rest:02} s"),
        (hours, minutes, _) => format!("{} h {minutes:02} m", number(hours)),
    }
}

/// A difference of durations, in which no second is left out: `3 s`, `1 m 05 s`, `1 h 05 m 03 s`.
pub fn duration_exact(seconds: i64) -> String {
    match (seconds, seconds % 60) {
        (0, _) => "0 s".into(),
        (3600.., rest @ 1..) => format!("{} {rest:02} s", duration(seconds)),
        _ => duration(seconds),
    }
}

/// A duration that fits beside an axis: `45 m`, `12 h`, `1.2k h`.
pub fn short_duration(seconds: i64) -> String {
    match seconds {
        0 => "0".into(),
        ..3600 => format!("{} m", seconds / 60),
        _ if seconds < 36_000 && seconds % 3600 != 0 => format!("{}.{} h", seconds / 3600, seconds % 3600 / 360),
        _ => format!("{} h", short_number(seconds / 3600)),
    }
}

/// Which way a figure went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More than before.
    Up,
    /// Less than before.
    Down,
    /// As before, or not known.
    Level,
}

impl Direction {
    /// Of a difference.
    pub fn of(difference: i64) -> Self {
        match difference {
            1.. => Self::Up,
            0 => Self::Level,
            ..0 => Self::Down,
        }
    }

    /// Of a change between periods.
    pub fn of_change(change: Change) -> Self {
        match change {
            Change::New => Self::Up,
            Change::Stopped { .. } => Self::Down,
            Change::Percent { percent } if percent > 0.0 => Self::Up,
            Change::Percent { percent } if percent < 0.0 => Self::Down,
            Change::Percent { .. } | Change::None | Change::Unknown => Self::Level,
        }
    }

    /// The arrow; empty where nothing moved.
    pub fn arrow(self) -> &'static str {
        match self {
            Self::Up => "↑",
            Self::Down => "↓",
            Self::Level => "",
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Level => "unchanged",
        }
    }
}

/// What a change between periods means, in words; empty where the figure already says it in words.
pub fn change_words(change: Change) -> &'static str {
    match change {
        Change::Percent { .. } => Direction::of_change(change).word(),
        Change::New | Change::Stopped { .. } => "",
        Change::None => "not used in either period",
        Change::Unknown => "no comparison",
    }
}

/// A difference with its sign, its size written by `size`: `+3`, `−2`, `±0`.
pub fn signed(difference: i64, size: impl Fn(i64) -> String) -> String {
    let sign = match difference {
        1.. => "+",
        0 => "±",
        ..0 => "−",
    };
    format!("{sign}{}", size(difference.saturating_abs()))
}

/// How long ago something was: `just now`, `1 minute ago`, `3 hours ago`. Whole units, cut off.
pub fn ago(now: Instant, then: Instant) -> String {
    match age(now, then).as_str() {
        "" => "just now".into(),
        age => format!("{age} ago"),
    }
}

/// How old something is, in words: `1 minute`, `3 hours`; empty below a minute.
pub fn age(now: Instant, then: Instant) -> String {
    let minutes = (now.millis() - then.millis()) / 60_000;
    match minutes {
        ..1 => String::new(),
        1..60 => counted(minutes, "minute"),
        _ => counted(minutes / 60, "hour"),
    }
}

/// How long a time is, in words that suit weeks too: `5 minutes`, `3 hours`, `30 days`; empty below a minute. Whole units,
/// cut off.
fn span(millis: i64) -> String {
    match millis / 60_000 {
        ..1 => String::new(),
        minutes @ 1..60 => counted(minutes, "minute"),
        minutes @ 60..2_880 => counted(minutes / 60, "hour"),
        minutes => counted(minutes / 1_440, "day"),
    }
}

/// How long ago something was that may be long ago: `just now`, `3 hours ago`, `30 days ago`.
pub fn long_ago(now: Instant, then: Instant) -> String {
    match span(now.millis() - then.millis()).as_str() {
        "" => "just now".into(),
        span => format!("{span} ago"),
    }
}

/// When something is: `in 30 days`, `in a moment`; how long ago where it has been. In the nearest units, so that what was
/// just made to last 30 days does so in words too.
pub fn until(now: Instant, then: Instant) -> String {
    const HOUR: i64 = 3_600_000;
    let left = then.millis() - now.millis();
    let half_a_unit = match left / HOUR {
        ..1 => 30_000,
        1..48 => HOUR / 2,
        _ => 12 * HOUR,
    };
    match span(left + half_a_unit).as_str() {
        _ if then <= now => long_ago(now, then),
        "" => "in a moment".into(),
        span => format!("in {span}"),
    }
}

/// A count with its noun, in the plural where it must be: `1 user`, `2 users`.
pub fn counted(count: i64, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// What part of a whole it is, with one decimal: `4.2 %`. Nothing of nothing is `0.0 %`.
pub fn share(part: i64, whole: i64) -> String {
    let tenths = if whole > 0 { (i128::from(part) * 2000 / i128::from(whole) + 1) / 2 } else { 0 };
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A browser by what it calls itself: `Chrome on Windows`. Many call themselves by the names of others too; the most
/// particular name counts.
pub fn browser(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => "Another program".to_owned(),
    }
}

/// `Monday, 23 November 2026`.
pub fn long_day(day: Day) -> String {
    format!("{}, {} {} {}", weekday(day), day.day(), month(day), day.year())
}

/// `Mon, 23 Nov 2026`.
pub fn day(day: Day) -> String {
    format!("{}, {} {}", &weekday(day)[..3], day_and_month(day), day.year())
}

/// `23 Nov`.
pub fn day_and_month(day: Day) -> String {
    format!("{} {}", day.day(), &month(day)[..3])
}

/// First and last day, saying once what they share: `24 Oct – 22 Nov 2026`, `22 Nov 2026`.
pub fn period(period: Period) -> String {
    let Period { from, to } = period;
    let end = format!("{} {}", day_and_month(to), to.year());
    if from == to {
        end
    } else if from.year() == to.year() {
        format!("{} – {end}", day_and_month(from))
    } else {
        format!("{} {} – {end}", day_and_month(from), from.year())
    }
}

fn weekday(day: Day) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

fn month(day: Day) -> &'static str {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    MONTHS[day.month0() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_browser_goes_by_its_most_particular_name() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(browser(edge), "Edge on Windows");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(iphone), "Safari on iPhone");
        assert_eq!(browser("curl/8.5.0"), "Another program");
    }

    #[test]
    fn what_is_far_away_is_told_in_days() {
        let at = |minutes: i64| Instant::from_millis(minutes * 60_000);
        for (minutes, text) in [(0, "just now"), (59, "59 minutes ago"), (2_879, "47 hours ago"), (2_880, "2 days ago")]
        {
            assert_eq!(long_ago(at(minutes), at(0)), text);
        }
        for (minutes, text) in [
            (-60, "1 hour ago"),
            (0, "just now"),
            (89, "in 1 hour"),
            (1_439, "in 24 hours"),
            (43_199, "in 30 days"),
            (43_200, "in 30 days"),
        ] {
            assert_eq!(until(at(0), at(minutes)), text);
        }
    }

    #[test]
    fn numbers() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-12_345, "−12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(number(value), text);
        }
        for (value, text) in [(999, "999"), (1_000, "1k"), (1_250, "1.2k"), (35_900, "35k"), (4_100_000, "4.1M")] {
            assert_eq!(short_number(value), text);
        }
    }

    #[test]
    fn durations() {
        for (seconds, text) in [
            (0, "0 m"),
            (45, "45 s"),
            (60, "1 m"),
            (1_263, "21 m 03 s"),
            (3_600, "1 h 00 m"),
            (3_930, "1 h 05 m"),
            (4_446_300, "1,235 h 05 m"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        for (seconds, text) in [(0, "0"), (1_800, "30 m"), (5_400, "1.5 h"), (7_200, "2 h"), (4_446_300, "1.2k h")] {
            assert_eq!(short_duration(seconds), text);
        }
    }

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(signed(1, number), "+1");
        assert_eq!(signed(-65, duration_exact), "−1 m 05 s");
        assert_eq!(signed(3_903, duration_exact), "+1 h 05 m 03 s");
        assert_eq!(signed(0, duration_exact), "±0 s");
        assert_eq!(signed(0, number), "±0");
    }

    #[test]
    fn relative_times_are_cut_off() {
        let now = Instant::from_millis(10 * 3_600_000);
        for (before, text) in [
            (-5_000, "just now"),
            (59_999, "just now"),
            (60_000, "1 minute ago"),
            (28 * 60_000, "28 minutes ago"),
            (3_599_999, "59 minutes ago"),
            (3_600_000, "1 hour ago"),
            (7_300_000, "2 hours ago"),
        ] {
            assert_eq!(ago(now, now.plus_millis(-before)), text);
        }
    }

    #[test]
    fn shares_are_rounded() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(2, 3), "66.7 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!(share(5, 5), "100.0 %");
    }

    #[test]
    fn days_and_periods() {
        assert_eq!(long_day(a_day("2026-11-23")), "Monday, 23 November 2026");
        assert_eq!(day(a_day("2026-11-01")), "Sun, 1 Nov 2026");
        let of = |from, to| period(Period { from: a_day(from), to: a_day(to) });
        assert_eq!(of("2026-10-24", "2026-11-22"), "24 Oct – 22 Nov 2026");
        assert_eq!(of("2025-12-31", "2026-01-02"), "31 Dec 2025 – 2 Jan 2026");
        assert_eq!(of("2026-11-22", "2026-11-22"), "22 Nov 2026");
    }
}
