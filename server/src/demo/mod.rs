//! A believable customer base for the demo: a pure function of a seed, a zone and the day it was opened.
//!
//! Whatever part of it is asked for, and however often, the same events come out, with the same ids: sending a part
//! again is harmless. There is no clock and no IO here; feeding the events to the server is another module's work.

mod dice;
mod feed;
mod people;
mod product;
mod rhythm;

pub use feed::{DemoError, Feed};

use chrono::{Datelike, Days};
use chrono_tz::Tz;
use dice::Dice;
use model::{
    Day,
    event::{Event, IdScope, Kind},
    instant::Instant,
    zone::{day_of, day_start},
};
use people::{Account, User};
use product::{MODULES, Popularity};
use std::{collections::BTreeMap, ops::Range};

/// How many days the demo has behind it when it is first shown: what happens in it is spread over as many days from
/// its opening. Afterwards it goes on for ever.
pub const HISTORY_DAYS: i64 = 180;

/// How many days are kept at hand; an instant belongs to at most three of the local days on earth.
const SHEETS: usize = 4;

/// The demo's customers and what they do.
pub struct Demo {
    seed: u64,
    opened: Day,
    opening: Instant,
    accounts: Vec<Account>,
    users: Vec<User>,
    /// What everybody does on their own local day, in the order of [`Signal`], for the days asked for last.
    sheets: BTreeMap<Day, Vec<Signal>>,
}

/// An event, told by places. Ordered by time first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Signal {
    time: Instant,
    user: usize,
    day: Day,
    /// From 0, among the signals of the user and day.
    number: usize,
    module: usize,
    /// The action and its count; `None` for a heartbeat.
    action: Option<(usize, usize)>,
}

impl Demo {
    /// The demo that opened on a local day of `zone`, the reporting zone, in which half of the customers live. The
    /// same seed, zone and day give the same demo.
    pub fn new(seed: u64, zone: Tz, opened: Day) -> Self {
        let (accounts, users) = people::everyone(seed, zone);
        Self { seed, opened, opening: day_start(&zone, opened), accounts, users, sheets: BTreeMap::new() }
    }

    /// The events from `from` up to, but without, `to`, by time. None lies before the opening.
    ///
    /// Two adjoining windows hold together what one over both holds. A day amounts to about 8,000 events, all in
    /// memory: ask for a long time day by day. The days around a window are kept, so that the next window is cheap.
    pub fn events(&mut self, from: Instant, to: Instant) -> Vec<Event> {
        let window = from.max(self.opening)..to;
        if window.is_empty() {
            return Vec::new();
        }
        // No local day is further than one from the day in UTC.
        let last = next(day_of(&Tz::UTC, to));
        let mut day = before(day_of(&Tz::UTC, window.start));
        let mut signals = Vec::new();
        while day <= last {
            signals.extend_from_slice(part(self.sheet(day), &window));
            day = next(day);
        }
        signals.sort_unstable();
        signals.iter().map(|signal| self.event(signal)).collect()
    }

    fn sheet(&mut self, day: Day) -> &[Signal] {
        if !self.sheets.contains_key(&day) {
            if self.sheets.len() >= SHEETS
                && let Some(farthest) = self.sheets.keys().copied().max_by_key(|kept| (*kept - day).abs())
            {
                self.sheets.remove(&farthest);
            }
            let sheet = self.fill_sheet(day);
            self.sheets.insert(day, sheet);
        }
        self.sheets.get(&day).map_or(&[], Vec::as_slice)
    }

    /// What everybody does on a local day, each by the clock at home.
    fn fill_sheet(&self, day: Day) -> Vec<Signal> {
        let number = (day - self.opened).num_days();
        let popularity = Popularity::on(number, self.seed);
        let hours: Vec<Range<Instant>> = self
            .accounts
            .iter()
            .map(|account| day_start(&account.zone, day)..day_start(&account.zone, next(day)))
            .collect();
        let mut signals = Vec::new();
        for (place, user) in self.users.iter().enumerate() {
            if user.is_there_on(number) && self.is_active(place, user, day) {
                let mut dice = Dice::new(self.seed, &[FOR_DAY, place as u64, day_number(day)]);
                let work = Work { day, user: place, hours: &hours[user.account], popularity: &popularity };
                work.signals(user, &mut dice, &mut signals);
            }
        }
        signals.sort_unstable();
        signals
    }

    fn is_active(&self, place: usize, user: &User, day: Day) -> bool {
        // Some weeks are busier than others, for each customer on its own.
        let week = u64::from(day.iso_week().week());
        let busy = Dice::new(self.seed, &[FOR_WEEK, user.account as u64, week]).between(0.92, 1.08);
        let likely = user.keenness * busy * rhythm::share_of_day(day, user.weekends);
        Dice::new(self.seed, &[FOR_PRESENCE, place as u64, day_number(day)]).chance(likely)
    }

    fn event(&self, signal: &Signal) -> Event {
        let user = &self.users[signal.user];
        let account = &self.accounts[user.account];
        let module = &MODULES[signal.module];
        let kind = match signal.action {
            Some((action, count)) => Kind::Activity {
                action: module.actions[action].name.to_owned(),
                count: i64::try_from(count).unwrap_or(i64::MAX),
            },
            None => Kind::Heartbeat,
        };
        Event {
            id: Some(format!("demo-{}-{}-{}", day_number(signal.day), user.id, signal.number)),
            id_scope: IdScope::Account,
            account: account.id.clone(),
            account_name: Some(account.name.to_owned()),
            account_attributes: Vec::new(),
            user: user.id.clone(),
            user_name: Some(user.name.clone()),
            module: module.name.to_owned(),
            kind,
            time: signal.time,
            // The past of a demonstration was received as it happened.
            received: signal.time,
        }
    }
}

const FOR_DAY: u64 = 1;
const FOR_WEEK: u64 = 2;
const FOR_PRESENCE: u64 = 3;

/// How long after a signal the next one of a session comes, in milliseconds: never as long as the idle gap.
const STEP: Range<f64> = 110_000.0..295_000.0;

/// The share of signals that are activities; the others are heartbeats.
const ACTIVITIES: f64 = 0.4;

/// A local day of a user.
struct Work<'a> {
    day: Day,
    user: usize,
    hours: &'a Range<Instant>,
    popularity: &'a Popularity,
}

impl Work<'_> {
    /// Adds the signals of the day: some sessions, each a walk through the modules. All end by midnight.
    fn signals(&self, user: &User, dice: &mut Dice, signals: &mut Vec<Signal>) {
        let mut number = 0;
        let mut free_from = self.hours.start;
        let sessions = 1 + dice.below(user.sessions);
        for start in rhythm::starts(sessions, user.evening, dice) {
            let mut time = self.hours.start.plus_millis((start * 60_000.0) as i64).max(free_from);
            let mut module = if dice.chance(0.4) { 0 } else { self.popularity.pick_module(&user.tastes, dice) };
            for step in 0..2 + dice.below(20) {
                if time >= self.hours.end {
                    return;
                }
                if dice.chance(0.2) {
                    module = self.popularity.pick_module(&user.tastes, dice);
                }
                // Whoever sits down does something first.
                let action = (step == 0 || dice.chance(ACTIVITIES)).then(|| {
                    let action = self.popularity.pick_action(module, dice);
                    (action, 1 + dice.below(MODULES[module].actions[action].at_once))
                });
                signals.push(Signal { time, user: self.user, day: self.day, number, module, action });
                number += 1;
                time = time.plus_millis(dice.between(STEP.start, STEP.end) as i64);
            }
            free_from = time;
        }
    }
}

/// The signals of a window, out of signals in order.
fn part<'a>(signals: &'a [Signal], window: &Range<Instant>) -> &'a [Signal] {
    let start = signals.partition_point(|signal| signal.time < window.start);
    let end = signals.partition_point(|signal| signal.time < window.end);
    &signals[start..end]
}

fn next(day: Day) -> Day {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

fn before(day: Day) -> Day {
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

fn day_number(day: Day) -> u64 {
    u64::from(day.num_days_from_ce().unsigned_abs())
}

#[cfg(test)]
mod tests;
