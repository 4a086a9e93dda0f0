use super::*;
use chrono::Weekday;
use model::{DEFAULT_ONLINE_WINDOW, event::Receipt, zone::LocalMinutes};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};

const DAY: i64 = 86_400_000;

fn opened() -> Day {
    Day::from_ymd_opt(2026, 5, 27).unwrap()
}

fn demo() -> Demo {
    Demo::new(7, Tz::Europe__Berlin, opened())
}

fn start(day: i64) -> Instant {
    day_start(&Tz::Europe__Berlin, opened() + chrono::Duration::days(day))
}

fn day(demo: &mut Demo, day: i64) -> Vec<Event> {
    demo.events(start(day), start(day + 1))
}

fn users(events: &[Event]) -> HashSet<(&str, &str)> {
    events.iter().map(|event| (event.account.as_str(), event.user.as_str())).collect()
}

fn actions(events: &[Event]) -> BTreeMap<(&str, &str), i64> {
    let mut actions = BTreeMap::new();
    for event in events {
        if let Kind::Activity { action, count } = &event.kind {
            *actions.entry((event.module.as_str(), action.as_str())).or_default() += count;
        }
    }
    actions
}

/// How many users are online, by the definition of it.
fn online(demo: &mut Demo, now: Instant) -> usize {
    let window = i64::from(DEFAULT_ONLINE_WINDOW) * 60_000;
    users(&demo.events(now.plus_millis(-window), now.plus_millis(1))).len()
}

#[test]
fn windows_add_up_whatever_their_size() {
    let (from, to) = (start(40).plus_millis(-7_777), start(43).plus_millis(12_345));
    let whole = demo().events(from, to);
    assert!(whole.is_sorted_by_key(|event| event.time));
    for step in [DAY, 5 * 3_600_000, 61_003] {
        let mut demo = demo();
        let mut pieces = Vec::new();
        let mut at = from;
        while at < to {
            let end = at.plus_millis(step).min(to);
            pieces.extend(demo.events(at, end));
            at = end;
        }
        assert_eq!(pieces, whole, "in steps of {step} ms");
    }
}

#[test]
fn a_part_is_the_same_whenever_it_is_asked_for() {
    let mut demo = demo();
    let once = day(&mut demo, 100);
    day(&mut demo, 3);
    assert_eq!(day(&mut demo, 100), once);
    assert_ne!(Demo::new(8, Tz::Europe__Berlin, opened()).events(start(100), start(101)), once);
    assert!(demo.events(start(-5), start(0)).is_empty());
    assert!(demo.events(start(5), start(5)).is_empty());
    assert!(demo.events(start(6), start(5)).is_empty());
}

#[test]
fn every_event_keeps_the_rules_and_its_id_is_its_own() {
    let mut demo = demo();
    let mut ids = HashSet::new();
    for number in (0..HISTORY_DAYS + 10).step_by(9) {
        for event in day(&mut demo, number) {
            let mut json = json!({
                "id": event.id, "time": event.time.millis(),
                "account": {"id": event.account, "name": event.account_name},
                "user": {"id": event.user, "name": event.user_name}, "module": event.module
            });
            match &event.kind {
                Kind::Activity { action, count } => {
                    json["action"] = json!(action);
                    json["count"] = json!(count);
                }
                Kind::Heartbeat => json["kind"] = json!("heartbeat"),
            }
            let receipt = Receipt::new(event.time, None);
            assert!(ids.insert(event.id.clone().unwrap()), "{event:?} shares its id");
            assert_eq!(Event::from_json(&json, receipt), Ok(event));
        }
    }
}

#[test]
fn a_weekday_is_as_busy_as_promised_and_a_weekend_is_not() {
    let mut demo = demo();
    for number in (0..HISTORY_DAYS).step_by(3) {
        let events = day(&mut demo, number);
        let date = opened() + chrono::Duration::days(number);
        let activities = events.iter().filter(|event| event.kind != Kind::Heartbeat).count();
        assert!(events.len() <= 9_000, "{date}: {} events", events.len());
        if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
            assert!((5..60).contains(&users(&events).len()), "{date}: {} users", users(&events).len());
        } else if rhythm::share_of_day(date, false) > 0.95 {
            assert!((130..=245).contains(&users(&events).len()), "{date}: {} users", users(&events).len());
            assert!((2_200..=4_200).contains(&activities), "{date}: {activities} activities");
        }
    }
}

#[test]
fn days_have_a_peak_a_lunch_and_a_night() {
    let mut demo = demo();
    let mut by_hour = [0; 24];
    let mut local_minutes = LocalMinutes::of_zone(&Tz::Europe__Berlin);
    for number in [48, 49, 50, 55, 56, 57] {
        for event in day(&mut demo, number) {
            by_hour[usize::from(local_minutes.at(event.time).minute) / 60] += 1;
        }
    }
    assert!(by_hour[12] < by_hour[10] && by_hour[12] < by_hour[15], "lunch: {by_hour:?}");
    assert!(by_hour[3] * 4 < by_hour[10], "night: {by_hour:?}");
}

#[test]
fn somebody_is_online_in_every_hour_of_a_weekday_and_dozens_are_at_work() {
    for zone in [Tz::Europe__Berlin, Tz::UTC, Tz::America__New_York, Tz::Asia__Kolkata] {
        let mut demo = Demo::new(7, zone, opened());
        let mut at_work = Vec::new();
        for number in [105, 106, 107, 160, 161, 182] {
            let midnight = day_start(&zone, opened() + chrono::Duration::days(number));
            for hour in 0..24 {
                let from = midnight.plus_millis(hour * 3_600_000);
                assert!(!demo.events(from, from.plus_millis(3_600_000)).is_empty(), "{zone} {number} {hour}");
            }
            at_work.extend([10, 11, 15, 16].map(|hour| online(&mut demo, midnight.plus_millis(hour * 3_600_000))));
        }
        assert!(at_work.iter().all(|online| *online >= 15), "{zone}: {at_work:?}");
        assert!(at_work.iter().sum::<usize>() >= 24 * at_work.len(), "{zone}: {at_work:?}");
    }
}

#[test]
fn accounts_and_people_are_many_and_come_and_go() {
    let demo = demo();
    let accounts: BTreeSet<&str> = demo.accounts.iter().map(|account| account.id.as_str()).collect();
    let names: BTreeSet<(usize, &str)> = demo.users.iter().map(|user| (user.account, user.name.as_str())).collect();
    assert_eq!((accounts.len(), names.len()), (45, demo.users.len()));
    let there = |account: &str, day| {
        let of_account = |user: &&User| demo.accounts[user.account].id == account && user.is_there_on(day);
        demo.users.iter().filter(of_account).count()
    };
    assert!(there("nordhaven-logistics", 179) > there("nordhaven-logistics", 0) * 3 / 2);
    assert!(there("castlewick-insurance", 179) * 3 / 2 < there("castlewick-insurance", 0));
    assert_eq!((there("tamarin-labs", 37), there("tamarin-labs", 70)), (0, 11));
    assert_eq!((there("harrow-lane-studios", 10), there("harrow-lane-studios", 61)), (6, 0));
}

#[test]
fn features_are_launched_and_retired() {
    let mut demo = demo();
    let mut days = |days: Range<i64>| demo.events(start(days.start), start(days.end));
    let (last_30, before) = (days(150..180), days(120..150));
    let (last_30, before) = (actions(&last_30), actions(&before));
    assert!(last_30.contains_key(&("Assistant", "Ask")) && !before.contains_key(&("Assistant", "Ask")));
    let classic = ("Dashboard", "Classic View");
    assert!(!last_30.contains_key(&classic) && before.contains_key(&classic));
    let (last_7, before) = (days(173..180), days(166..173));
    let sync = ("Contacts", "Sync with Phone");
    assert!(!actions(&last_7).contains_key(&sync) && actions(&before).contains_key(&sync));
    // Very different popularity, and everything else is used all the time.
    let total: i64 = last_30.values().sum();
    assert!(last_30[&("Dashboard", "View")] * 25 > total && last_30[&("API Keys", "Revoke Key")] * 500 < total);
    let all: usize = MODULES.iter().map(|module| module.actions.len()).sum();
    assert_eq!(last_30.len(), all - 1);
}
