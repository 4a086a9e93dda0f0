//! Events of a small workspace, clustered where days, minutes and the online window end.

use super::{
    bodies::{Form, Spelling},
    places::Place,
};
use chrono_tz::Tz;
use model::{
    event::{COUNT_MAX, Event, FUTURE_MILLIS, IdScope, Kind},
    instant::Instant,
};
use proptest::{prelude::*, sample::select};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From one tick to the next, in milliseconds.
pub(crate) const TICK: i64 = 10_000;

// Ids and names that a store may mix up: by case, by accent, by the way an accent is composed, by blanks at the end,
// by what means something in a pattern.
pub(crate) const ACCOUNTS: &[&str] = &["acme", "ACME", "globex", "ümlaut"];
const USERS: &[&str] = &["lisa", "Lisa", "bob", "bob ", "李娜", "u_5"];
pub(crate) const ACCOUNT_NAMES: &[&str] = &["Acme Inc", "acme inc", "Globex", "Ωmega"];
/// The values that the attribute `plan` of an account takes.
pub(crate) const PLANS: &[&str] = &["pro", "Pro", "free"];
const USER_NAMES: &[&str] = &["Lisa Ray", "lisa ray", "Bob", "Ángel", "A\u{301}ngel"];
pub(crate) const MODULES: &[&str] = &["Dashboard", "dashboard", "Reports", "100% done", "re_ports", "Ärger"];
pub(crate) const ACTIONS: &[&str] = &["View", "view", "Export", "A\\B", "Löschen", "%", "'; --"];

/// A workspace's life: what is sent, when and how.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) zone: Tz,
    /// The server's clock at the first sending; the second comes three ticks later.
    pub(crate) now: Instant,
    /// In order of arrival.
    pub(crate) parcels: Vec<Parcel>,
}

/// An event and how it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) event: Event,
    /// Sent at the second sending.
    pub(crate) late: bool,
    /// Sent once more afterwards, if it has an id.
    pub(crate) again: bool,
    /// The place in the order of arrival.
    pub(crate) arrival: u16,
    /// The place in another order of arrival.
    pub(crate) other_arrival: u16,
    /// Whether a new request begins with it.
    pub(crate) begins: bool,
    /// The form of the request that begins with it.
    pub(crate) form: Form,
    /// How the event itself is written.
    pub(crate) spelling: Spelling,
}

impl Story {
    /// What arrives at the first sending and at the second.
    pub(crate) fn sendings(&self) -> (Vec<Parcel>, Vec<Parcel>) {
        self.parcels.iter().cloned().partition(|parcel| !parcel.late)
    }

    /// The server's clock at the second sending.
    pub(crate) fn later(&self) -> Instant {
        self.now.plus_millis(3 * TICK)
    }
}

/// A line for each parcel, so that a failing story can be read.
impl std::fmt::Debug for Story {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "at {} in {}:", self.now, self.zone)?;
        for parcel in &self.parcels {
            write!(formatter, "\n    {} {:?}", parcel.event.time, parcel)?;
        }
        Ok(())
    }
}

/// A story around one of the place's moments.
pub(crate) fn story(place: &'static Place) -> impl Strategy<Value = Story> {
    let now =
        (select(place.moments()), since_the_moment()).prop_map(|(moment, since)| (moment, moment.plus_millis(since)));
    (now, universe(), 0usize..3).prop_flat_map(|((moment, now), universe, size)| {
        let parcels = prop::collection::vec(parcel(moment, now, universe), [0..8, 8..40, 80..140][size].clone());
        let copies = prop::collection::vec((any::<prop::sample::Index>(), parcel(moment, now, universe)), 0..6);
        (Just((place.zone, now)), parcels, copies).prop_map(|((zone, now), mut parcels, copies)| {
            // Retries: the same event, sent another way at another time.
            for (index, copy) in copies {
                if !parcels.is_empty() {
                    let event = index.get(&parcels).event.clone();
                    parcels.push(Parcel { event, ..copy });
                }
            }
            parcels.sort_by_key(|parcel| (parcel.late, parcel.arrival));
            Story { zone, now, parcels }
        })
    })
}

/// How long after the moment the story plays.
fn since_the_moment() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -10 * MINUTE..=10 * MINUTE,
        2 => select(vec![-1, 0, 1, TICK - 1, -TICK, 5 * MINUTE, DAY, DAY - 1]),
        3 => 0..=26 * HOUR,
        2 => DAY..=3 * DAY,
        2 => 3 * DAY..=95 * DAY,
    ]
}

/// How many of the accounts, users, modules and actions there are.
#[derive(Clone, Copy, Debug)]
struct Universe {
    accounts: usize,
    users: usize,
    modules: usize,
    actions: usize,
}

fn universe() -> impl Strategy<Value = Universe> {
    (1..=ACCOUNTS.len(), 1..=USERS.len(), 1..=MODULES.len(), 1..=ACTIONS.len())
        .prop_map(|(accounts, users, modules, actions)| Universe { accounts, users, modules, actions })
}

fn parcel(moment: Instant, now: Instant, universe: Universe) -> impl Strategy<Value = Parcel> {
    (
        event(moment, now, universe),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        any::<[u16; 2]>(),
        prop::bool::weighted(0.15),
        Form::any(),
        Spelling::any(),
    )
        .prop_map(|(event, late, again, [arrival, other_arrival], begins, form, spelling)| Parcel {
            event,
            late,
            again,
            arrival,
            other_arrival,
            begins,
            form,
            spelling,
        })
}

fn event(moment: Instant, now: Instant, universe: Universe) -> impl Strategy<Value = Event> {
    let id = prop::option::weighted(0.7, (0..60).prop_map(|number| format!("e{number}")));
    let plan = prop::option::weighted(0.3, one_of(PLANS, 3));
    let account = (one_of(ACCOUNTS, universe.accounts), prop::option::weighted(0.3, one_of(ACCOUNT_NAMES, 4)), plan);
    let user = (one_of(USERS, universe.users), prop::option::weighted(0.4, one_of(USER_NAMES, 5)));
    let module = one_of(MODULES, universe.modules);
    (id, account, user, module, kind(universe), time(moment, now)).prop_map(
        move |(id, (account, account_name, plan), (user, user_name), module, kind, time)| Event {
            id,
            id_scope: IdScope::Account,
            account,
            account_name,
            account_attributes: plan.map(|plan| ("plan".to_owned(), plan)).into_iter().collect(),
            user,
            user_name,
            module,
            kind,
            time,
            received: now,
        },
    )
}

fn one_of(texts: &'static [&'static str], first: usize) -> impl Strategy<Value = String> {
    select(&texts[..first]).prop_map(str::to_owned)
}

fn kind(universe: Universe) -> impl Strategy<Value = Kind> {
    let count = prop_oneof![6 => Just(1), 3 => 2..=5i64, 1 => select(vec![1000, COUNT_MAX])];
    let activity = (one_of(ACTIONS, universe.actions), count);
    prop_oneof![
        5 => activity.prop_map(|(action, count)| Kind::Activity { action, count }),
        1 => Just(Kind::Heartbeat),
    ]
}

/// A time that either sending may bring: at most ten minutes in the future of the first.
fn time(moment: Instant, now: Instant) -> impl Strategy<Value = Instant> {
    let near_now = prop_oneof![
        select(vec![0, 3 * TICK, TICK, -TICK, -1, 1, FUTURE_MILLIS, FUTURE_MILLIS - 1]),
        select(vec![0, -1, 1, TICK, 2 * TICK, 2 * TICK - 1, 2 * TICK + 1, 4 * TICK]).prop_map(|off| off - 5 * MINUTE),
        jitter(),
    ]
    .prop_map(move |off| now.plus_millis(off));
    let near_moment = jitter().prop_map(move |off| moment.plus_millis(off));
    let near_midnight = (-190..=3i64, jitter()).prop_map(move |(days, off)| moment.plus_millis(days * DAY + off));
    let recently = (0..=10 * DAY).prop_map(move |ago| now.plus_millis(-ago));
    let at_any_time = (0..=190 * DAY).prop_map(move |ago| now.plus_millis(-ago));
    prop_oneof![
        5 => near_now,
        6 => near_moment,
        4 => near_midnight,
        2 => recently,
        1 => at_any_time,
    ]
    .prop_map(move |time| if time > now.plus_millis(FUTURE_MILLIS) { mirrored(now, time) } else { time })
}

/// As far before `now` as `time` is after it.
fn mirrored(now: Instant, time: Instant) -> Instant {
    now.plus_millis(now.millis() - time.millis())
}

/// Some minutes off, often by little more than the idle gap, and often at a minute's very beginning or end.
fn jitter() -> impl Strategy<Value = i64> {
    let minutes = prop_oneof![3 => -12..=12i64, 1 => -90..=90i64];
    let millis = prop_oneof![select(vec![0, 1, 59_999]), 0..MINUTE];
    (minutes, millis).prop_map(|(minutes, millis)| minutes * MINUTE + millis)
}
