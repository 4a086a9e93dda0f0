//! The definitions' own examples, held against the reference.

use super::{Asked, Reference, TableKind, Wanted, first_instant, usage::change};
use crate::harness::export_at as event;
use chrono_tz::Tz;
use model::{
    Day,
    api::today::{OnlineCard, TimeCard, Today},
    change::Change,
    event::{Event, Kind},
    instant::Instant,
    query::{Order, Sort},
};

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("RFC 3339")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn with_count(time: &str, count: i64) -> Event {
    Event { kind: Kind::Activity { action: "Export".into(), count }, ..event(time) }
}

fn heartbeat(time: &str) -> Event {
    Event { kind: Kind::Heartbeat, ..event(time) }
}

fn reference(events: &[Event]) -> Reference {
    in_zone(Tz::UTC, events)
}

fn in_zone(zone: Tz, events: &[Event]) -> Reference {
    let mut reference = Reference::new(zone, 5, 5);
    for event in events {
        reference.accept(event);
    }
    reference
}

fn today(events: &[Event], tick: &str) -> Today {
    reference(events).today(at(tick), None)
}

fn seconds(events: &[Event]) -> i64 {
    today(events, "2026-11-23T23:59:50Z").most_active_users.iter().map(|row| row.seconds).sum()
}

#[test]
fn one_lone_event_is_one_minute() {
    assert_eq!(seconds(&[event("2026-11-23T12:00:30Z")]), 60);
    assert_eq!(seconds(&[heartbeat("2026-11-23T12:00:30Z")]), 60);
    assert_eq!(seconds(&[]), 0);
}

#[test]
fn minutes_at_most_the_idle_gap_apart_count_those_between() {
    assert_eq!(seconds(&[event("2026-11-23T12:00:00Z"), event("2026-11-23T12:05:59Z")]), 6 * 60);
    assert_eq!(seconds(&[event("2026-11-23T12:00:59Z"), event("2026-11-23T12:06:00Z")]), 2 * 60);
    // Two days: the gap at midnight is not filled.
    let night = [event("2026-11-23T23:58:00Z"), event("2026-11-24T00:01:00Z")];
    let usage = reference(&night).usage(at("2026-11-25T12:00:00Z"), Asked::Last7Days, None);
    assert_eq!(usage.time_spent.seconds, 2 * 60);
}

#[test]
fn lisas_three_uses_and_one_more_make_four() {
    let now = at("2026-11-23T12:30:00Z");
    let entries =
        reference(&[event("2026-11-23T12:28:00Z"), with_count("2026-11-23T12:02:10Z", 3)]).stream(now, Some("acme"));
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].count, entries[0].online), (4, true));
    let uses: Vec<_> = entries[0].uses.iter().map(|one| (one.count, one.at)).collect();
    assert_eq!(uses, [(1, at("2026-11-23T12:28:00Z")), (3, at("2026-11-23T12:02:00Z"))]);
}

#[test]
fn a_retry_is_harmless_and_ids_are_unique_within_their_account_only() {
    let first = Event { id: Some("6b1f".into()), ..event("2026-11-23T12:00:00Z") };
    let changed = Event { id: first.id.clone(), ..with_count("2026-11-23T12:01:00Z", 9) };
    let elsewhere = Event { account: "globex".into(), ..changed.clone() };
    let mut reference = reference(&[]);
    assert!(reference.accept(&first));
    assert!(!reference.accept(&first));
    assert!(!reference.accept(&changed));
    assert!(reference.accept(&elsewhere));
    let accounts = reference.today(at("2026-11-23T12:10:00Z"), None).most_active_accounts;
    let actions: Vec<_> = accounts.iter().map(|row| (row.account.id.as_str(), row.actions)).collect();
    assert_eq!(actions, [("globex", 9), ("acme", 1)]);
}

#[test]
fn online_is_a_newest_signal_of_at_most_five_minutes() {
    let online = |time: &str| today(&[heartbeat(time)], "2026-11-23T12:30:00Z").users_online.value;
    assert_eq!(online("2026-11-23T12:25:00Z"), 1);
    assert_eq!(online("2026-11-23T12:24:59.999Z"), 0);
    assert_eq!(online("2026-11-23T12:40:00Z"), 1);
}

#[test]
fn a_user_is_known_by_account_and_user_together() {
    let other = Event { account: "globex".into(), ..event("2026-11-23T12:29:00Z") };
    let cards = today(&[event("2026-11-23T12:29:00Z"), other], "2026-11-23T12:30:00Z");
    assert_eq!(cards.users_online, OnlineCard { value: 2, of: 2, change: None });
    assert_eq!(cards.accounts_online, OnlineCard { value: 2, of: 2, change: None });
}

#[test]
fn cards_change_from_tick_to_tick() {
    let reference = reference(&[event("2026-11-23T12:25:05Z")]);
    let first = reference.today(at("2026-11-23T12:30:00Z"), None);
    assert_eq!(first.time_per_user, TimeCard { seconds: Some(60), change_seconds: None });
    let second = reference.today(at("2026-11-23T12:30:10Z"), Some(&first));
    assert_eq!(second.users_online, OnlineCard { value: 0, of: 1, change: Some(-1) });
    assert_eq!(second.time_per_user, TimeCard { seconds: Some(60), change_seconds: Some(0) });
    let tomorrow = reference.today(at("2026-11-24T00:00:00Z"), Some(&second));
    assert_eq!(tomorrow.time_per_user, TimeCard { seconds: None, change_seconds: None });
}

#[test]
fn a_heartbeat_is_a_signal_but_no_action() {
    let now = at("2026-11-23T12:30:00Z");
    let reference = reference(&[heartbeat("2026-11-23T12:29:00Z")]);
    let today = reference.today(now, None);
    assert_eq!((today.users_online.of, today.most_active_accounts[0].actions), (1, 0));
    assert_eq!((today.popular_modules.len(), today.frequent_actions.len()), (0, 0));
    assert_eq!(reference.stream(now, None), []);
}

#[test]
fn the_newest_name_is_shown_and_the_id_where_there_never_was_one() {
    let named = |time: &str, name: &str| Event { user_name: Some(name.into()), ..event(time) };
    let shown = |events: &[Event]| today(events, "2026-11-23T12:30:00Z").most_active_users[0].user.name.clone();
    assert_eq!(shown(&[event("2026-11-23T12:00:00Z")]), "lisa");
    let newest_comes_first = [named("2026-11-23T12:02:00Z", "Lisa Ray"), named("2026-11-22T12:01:00Z", "Lisa Roe")];
    assert_eq!(shown(&newest_comes_first), "Lisa Ray");
    let nameless_comes_last = [named("2026-11-22T12:02:00Z", "Lisa Ray"), event("2026-11-23T12:10:00Z")];
    assert_eq!(shown(&nameless_comes_last), "Lisa Ray");
}

#[test]
fn the_table_of_changes() {
    for (previous, current, expected) in [
        (0, 0, Change::None),
        (0, 7, Change::New),
        (7, 0, Change::Stopped { percent: -100.0 }),
        (8, 9, Change::Percent { percent: 12.5 }),
        (3, 2, Change::Percent { percent: -33.3 }),
        (2000, 2001, Change::Percent { percent: 0.1 }),
        (2000, 1999, Change::Percent { percent: -0.1 }),
        (5, 5, Change::Percent { percent: 0.0 }),
        (1, 12, Change::Percent { percent: 1100.0 }),
    ] {
        assert_eq!(change(true, previous, current), expected, "{previous} → {current}");
        assert_eq!(change(false, previous, current), Change::Unknown);
    }
}

#[test]
fn a_period_is_compared_with_the_same_number_of_days_before() {
    let reference = reference(&[heartbeat("2026-11-10T00:00:00Z"), with_count("2026-11-16T12:00:00Z", 2)]);
    let usage = reference.usage(at("2026-11-23T00:00:00Z"), Asked::Last7Days, None);
    assert_eq!((usage.period.from, usage.period.to), (day("2026-11-16"), day("2026-11-22")));
    assert_eq!((usage.previous.from, usage.previous.to), (day("2026-11-09"), day("2026-11-15")));
    // The first event, a heartbeat, came a day after the previous period began.
    assert_eq!((usage.previous.complete, usage.previous.data_since), (false, Some(day("2026-11-10"))));
    assert_eq!((usage.top_modules[0].actions, usage.top_modules[0].change), (2, Change::Unknown));
    assert_eq!((usage.top_modules[0].days.len(), usage.time_spent.previous_days.len()), (7, 7));
    let later = reference.usage(at("2026-11-24T00:00:00Z"), Asked::Last7Days, None);
    assert_eq!((later.previous.complete, later.top_modules.len()), (true, 0));
}

#[test]
fn descending_is_new_then_percentages_then_none() {
    let of_module = |module: &str, time: &str| Event { module: module.into(), ..event(time) };
    let (this_week, last_week) = ("2026-11-20T12:00:00Z", "2026-11-13T12:00:00Z");
    let events = [
        event("2026-01-01T12:00:00Z"),
        of_module("same", last_week),
        of_module("same", this_week),
        of_module("stopped", last_week),
        of_module("new", this_week),
        of_module("New", this_week),
    ];
    let wanted = Wanted {
        kind: TableKind::Modules,
        asked: Asked::Last7Days,
        account: None,
        filter: String::new(),
        sort: Sort::Change,
        order: Order::Descending,
        limit: 3,
        offset: 0,
    };
    let table = reference(&events).table(at("2026-11-23T12:00:00Z"), &wanted);
    let modules: Vec<_> = table.rows.iter().map(|row| row.module.as_str()).collect();
    assert_eq!((table.total, modules), (4, vec!["New", "new", "same"]));
}

#[test]
fn local_days_begin_where_the_calendar_turns() {
    for (zone, date, start) in [
        (Tz::UTC, "2026-11-23", "2026-11-23T00:00:00Z"),
        (Tz::Asia__Kolkata, "2026-11-23", "2026-11-22T18:30:00Z"),
        // The clock skips midnight.
        (Tz::America__Sao_Paulo, "2018-11-04", "2018-11-04T03:00:00Z"),
        // The clock shows midnight twice.
        (Tz::America__Havana, "2026-11-01", "2026-11-01T04:00:00Z"),
        // The calendar skips a day.
        (Tz::Pacific__Apia, "2011-12-31", "2011-12-30T10:00:00Z"),
    ] {
        assert_eq!(first_instant(zone, day(date)), at(start), "{zone} {date}");
    }
}

#[test]
fn the_repeated_hour_of_a_long_day_is_told_apart() {
    let night = [event("2026-10-25T00:30:00Z"), event("2026-10-25T01:30:00Z")];
    let entries = in_zone(Tz::Europe__Berlin, &night).stream(at("2026-10-25T12:00:00Z"), None);
    let uses: Vec<_> = entries[0].uses.iter().map(|one| one.at).collect();
    assert_eq!(uses, [at("2026-10-25T01:30:00Z"), at("2026-10-25T00:30:00Z")]);
}
