//! Local days and minutes of the reporting zone.
//!
//! Generic over chrono's `TimeZone`, because the zones themselves (`chrono-tz`) stay on the server.

use crate::{Day, instant::Instant};
use chrono::{Duration, NaiveTime, TimeZone};

/// Where an instant lies in the reporting zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMinute {
    /// The local day.
    pub day: Day,
    /// Whole minutes since the local day began; 0..=1501. Counted, not read off the clock: a day of 25 hours has
    /// 1,500 of them and its repeated hour is told apart.
    pub minute: u16,
    /// Milliseconds since the minute began; below 60,000.
    pub millis: u16,
}

/// The local day of an instant.
pub fn day_of<Z: TimeZone>(zone: &Z, instant: Instant) -> Day {
    zone.from_utc_datetime(&instant.to_utc().naive_utc()).naive_local().date()
}

/// The local minutes of many instants, of which most lie in the same day as the one before.
#[derive(Clone, Debug)]
pub struct LocalMinutes<'z, Z> {
    zone: &'z Z,
    /// A day, and where it starts.
    last: Option<(Day, Instant)>,
}

impl<'z, Z: TimeZone> LocalMinutes<'z, Z> {
    /// Those of a zone.
    pub fn of_zone(zone: &'z Z) -> Self {
        Self { zone, last: None }
    }

    /// The local day and minute of an instant.
    pub fn at(&mut self, instant: Instant) -> LocalMinute {
        let day = day_of(self.zone, instant);
        let start = match self.last {
            Some((last, start)) if last == day => start,
            _ => day_start(self.zone, day),
        };
        self.last = Some((day, start));
        let elapsed = instant.millis() - start.millis();
        let narrow = |number: i64| u16::try_from(number).unwrap_or(0);
        LocalMinute { day, minute: narrow(elapsed.div_euclid(60_000)), millis: narrow(elapsed.rem_euclid(60_000)) }
    }
}

/// The first instant of a local day: local midnight, the earlier where the clock shows midnight twice, or the first
/// instant after the gap where the clock skips midnight.
pub fn day_start<Z: TimeZone>(zone: &Z, day: Day) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight).earliest() {
        Some(start) => Instant::from_millis(start.timestamp_millis()),
        None => first_instant_after_gap(zone, day),
    }
}

/// Halves the two days around a midnight that the clock skips until the first instant of `day` is found.
fn first_instant_after_gap<Z: TimeZone>(zone: &Z, day: Day) -> Instant {
    let midnight_utc = day.and_time(NaiveTime::MIN).and_utc();
    // No zone is, or was, further than 26 hours from UTC.
    let mut before = (midnight_utc - Duration::hours(26)).timestamp_millis();
    let mut within = (midnight_utc + Duration::hours(26)).timestamp_millis();
    while within - before > 1 {
        let middle = before + (within - before) / 2;
        if day_of(zone, Instant::from_millis(middle)) < day {
            before = middle;
        } else {
            within = middle;
        }
    }
    Instant::from_millis(within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("RFC 3339")
    }

    fn local(zone: Tz, text: &str) -> (String, u16) {
        let local = LocalMinutes::of_zone(&zone).at(at(text));
        (local.day.to_string(), local.minute)
    }

    #[test]
    fn minutes_are_counted_from_local_midnight() {
        assert_eq!(local(Tz::UTC, "2026-11-23T00:00:00Z"), ("2026-11-23".into(), 0));
        assert_eq!(local(Tz::Asia__Kolkata, "2026-11-22T18:30:59Z"), ("2026-11-23".into(), 0));
        assert_eq!(local(Tz::Asia__Kolkata, "2026-11-22T18:29:59Z"), ("2026-11-22".into(), 1439));
    }

    #[test]
    fn a_day_of_23_hours_ends_at_minute_1379_and_one_of_25_at_1499() {
        assert_eq!(local(Tz::Europe__Berlin, "2026-03-29T21:59:59Z"), ("2026-03-29".into(), 1379));
        assert_eq!(local(Tz::Europe__Berlin, "2026-10-25T22:59:59Z"), ("2026-10-25".into(), 1499));
        // 02:30 happens twice that day, an hour apart.
        assert_eq!(local(Tz::Europe__Berlin, "2026-10-25T00:30:00Z"), ("2026-10-25".into(), 150));
        assert_eq!(local(Tz::Europe__Berlin, "2026-10-25T01:30:00Z"), ("2026-10-25".into(), 210));
    }

    #[test]
    fn a_skipped_midnight_starts_the_day_after_the_gap() {
        // São Paulo went from 23:59:59 to 01:00 on 2018-11-04.
        assert_eq!(local(Tz::America__Sao_Paulo, "2018-11-04T02:59:59Z"), ("2018-11-03".into(), 1439));
        assert_eq!(local(Tz::America__Sao_Paulo, "2018-11-04T03:00:00Z"), ("2018-11-04".into(), 0));
    }

    #[test]
    fn half_hour_summer_time_is_exact() {
        // Lord Howe Island moves by 30 minutes: its long day has 1,470 minutes.
        assert_eq!(local(Tz::Australia__Lord_Howe, "2026-04-05T13:29:59Z"), ("2026-04-05".into(), 1469));
    }
}
