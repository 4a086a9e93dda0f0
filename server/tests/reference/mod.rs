//! Every figure of the definitions, recomputed from raw events in the plainest way there is.
//!
//! Made to be read and believed, not to be fast. It shares no computation with the product: only its event and the
//! types of its JSON. Days, minutes, names, time spent and change are all found anew here.

#![allow(dead_code, reason = "each test crate uses a part of it")]

mod examples;
mod teams;
mod today;
pub(crate) mod tracking;
mod usage;

pub(crate) use usage::{Asked, TableKind, Wanted};

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use model::{
    Day,
    api::{Account, User},
    event::{Event, Kind},
    instant::Instant,
};
use std::collections::{BTreeMap, BTreeSet};

/// A workspace that keeps its events in a list and looks through all of them for every answer.
pub(crate) struct Reference {
    zone: Tz,
    idle_gap: i64,
    online_window: i64,
    signals: Vec<Signal>,
    /// The first local day of the workspace, where some accounts are out of sight.
    since: Option<Day>,
    day_starts: BTreeMap<Day, Instant>,
}

/// An accepted event and where it lies in the reporting zone.
#[derive(Clone)]
struct Signal {
    event: Event,
    day: Day,
    /// Whole minutes since the local day began.
    minute: i64,
    /// Of a module that is not tracked: no signal at all, but accounts and users are still called what it says.
    untracked: bool,
}

/// A user is known by account id and user id together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    account: String,
    user: String,
}

impl Reference {
    /// An empty workspace. Idle gap and online window are in minutes.
    pub(crate) fn new(zone: Tz, idle_gap: u32, online_window: u32) -> Self {
        Self {
            zone,
            idle_gap: idle_gap.into(),
            online_window: online_window.into(),
            signals: Vec::new(),
            since: None,
            day_starts: BTreeMap::new(),
        }
    }

    /// Takes an event, unless its account already has one with that id. Tells whether it was taken.
    pub(crate) fn accept(&mut self, event: &Event) -> bool {
        let known = self.signals.iter().any(|earlier| {
            event.id.is_some() && earlier.event.id == event.id && earlier.event.account == event.account
        });
        if !known {
            let day = self.day_of(event.time);
            let start = *self.day_starts.entry(day).or_insert_with(|| first_instant(self.zone, day));
            let minute = (event.time.millis() - start.millis()) / 60_000;
            self.signals.push(Signal { event: event.clone(), day, minute, untracked: false });
        }
        !known
    }

    fn day_of(&self, instant: Instant) -> Day {
        local_date(self.zone, instant)
    }

    /// The first local day with any event.
    fn data_since(&self) -> Option<Day> {
        self.since.or_else(|| self.signals.iter().map(|signal| signal.day).min())
    }

    /// The signals of some days, of one account or of all.
    fn signals_of(&self, days: &[Day], account: Option<&str>) -> Vec<&Signal> {
        self.signals
            .iter()
            .filter(|signal| days.contains(&signal.day) && !signal.untracked)
            .filter(|signal| account.is_none_or(|account| signal.event.account == account))
            .collect()
    }

    /// Whether the user's newest signal is at most as old as the online window.
    fn is_online(&self, who: &Who, now: Instant) -> bool {
        let signals = self.signals.iter().filter(|signal| signal.who() == *who && !signal.untracked);
        let newest = signals.map(|signal| signal.event.time).max();
        newest.is_some_and(|newest| now.millis() - newest.millis() <= self.online_window * 60_000)
    }

    /// Seconds that these signals' users spent: the sum over each user and day.
    fn time_spent(&self, signals: &[&Signal]) -> i64 {
        let mut minutes: BTreeMap<(Who, Day), BTreeSet<i64>> = BTreeMap::new();
        for signal in signals {
            minutes.entry((signal.who(), signal.day)).or_default().insert(signal.minute);
        }
        minutes.values().map(|minutes| 60 * minutes_spent(minutes, self.idle_gap)).sum()
    }

    fn account(&self, id: &str) -> Account {
        let of_account = self.signals.iter().map(|signal| &signal.event).filter(|event| event.account == id);
        let name = newest_name(of_account.map(|event| (event.time, event.account_name.clone())), id);
        Account { id: id.to_owned(), name }
    }

    fn user(&self, who: &Who) -> User {
        let of_user = self.signals.iter().filter(|signal| signal.who() == *who).map(|signal| &signal.event);
        let name = newest_name(of_user.map(|event| (event.time, event.user_name.clone())), &who.user);
        User { id: who.user.clone(), name }
    }
}

impl Signal {
    fn who(&self) -> Who {
        Who { account: self.event.account.clone(), user: self.event.user.clone() }
    }

    /// The action and how often it happened; a heartbeat has none.
    fn action(&self) -> Option<(&str, i64)> {
        match &self.event.kind {
            Kind::Activity { action, count } => Some((action, *count)),
            Kind::Heartbeat => None,
        }
    }

    fn actions(&self) -> i64 {
        self.action().map_or(0, |(_, count)| count)
    }
}

/// The date the calendar shows in the zone.
pub(crate) fn local_date(zone: Tz, instant: Instant) -> Day {
    instant.to_utc().with_timezone(&zone).date_naive()
}

/// Walks through the minutes of UTC until the calendar in the zone shows `day` for the first time.
///
/// From 1973 on, every zone is a whole number of minutes from UTC, at most 12 hours behind and 14 ahead.
fn first_instant(zone: Tz, day: Day) -> Instant {
    let mut time = day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(15);
    while time.with_timezone(&zone).date_naive() != day {
        time += TimeDelta::minutes(1);
    }
    Instant::from_millis(time.timestamp_millis())
}

/// How many minutes hold a signal, or lie between two that do and are at most `idle_gap` apart.
fn minutes_spent(minutes: &BTreeSet<i64>, idle_gap: i64) -> i64 {
    let (Some(&first), Some(&last)) = (minutes.first(), minutes.last()) else { return 0 };
    let mut spent = 0;
    for minute in first..=last {
        let at_or_before = minutes.range(..=minute).next_back().expect("the first is");
        let at_or_after = minutes.range(minute..).next().expect("the last is");
        if at_or_after - at_or_before <= idle_gap {
            spent += 1;
        }
    }
    spent
}

/// The name sent with the newest event that had one, the greater of two sent for the same instant; else the id.
fn newest_name(names: impl Iterator<Item = (Instant, Option<String>)>, id: &str) -> String {
    names.filter_map(|(time, name)| Some((time, name?))).max().map_or(id.to_owned(), |(_, name)| name)
}

/// The distinct users behind these signals.
fn users(signals: &[&Signal]) -> BTreeSet<Who> {
    signals.iter().map(|signal| signal.who()).collect()
}

fn actions(signals: &[&Signal]) -> i64 {
    signals.iter().map(|signal| signal.actions()).sum()
}

/// The signals that `keep` keeps.
fn only<'a>(signals: &[&'a Signal], keep: impl Fn(&Signal) -> bool) -> Vec<&'a Signal> {
    signals.iter().copied().filter(|signal| keep(signal)).collect()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("few")
}
