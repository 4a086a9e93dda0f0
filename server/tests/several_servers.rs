//! Several servers on one database: what each is sent counts once, and all show the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use futures::future::join_all;
use harness::TestServer;
use model::{
    api::{ingest::RejectionCode, quality::REJECTS_KEPT},
    call::Meaning,
    event::{Receipt, Rejection},
    instant::Instant,
    reject::{Origin, Protocol, Reject},
    team::{Comparison, RuleOn, TeamDefinition, TeamRule},
    tracking::{Choice, SentName},
};
use serde_json::{Value, json};
use server::store::{Batch, Replay};

const NOON: &str = "2026-11-23T12:00:03Z";

fn at(time: &str) -> Instant {
    Instant::parse(time).unwrap()
}

async fn servers(count: usize) -> Vec<TestServer> {
    let mut servers = vec![TestServer::start(Tz::Europe__Berlin, at(NOON)).await];
    while servers.len() < count {
        servers.push(servers[0].another().await);
    }
    servers
}

async fn send(server: &TestServer, events: &Value) -> Value {
    let answer = server.client.post(server.url("/api/v1/events")).json(events).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn get(server: &TestServer, path: &str) -> String {
    server.client.get(server.url(path)).send().await.unwrap().text().await.unwrap()
}

fn sum(answers: &[Value], field: &str) -> i64 {
    answers.iter().map(|answer| answer[field].as_i64().unwrap()).sum()
}

/// Thirty batches of ten events, overlapping: the same account, users, modules and ids at once from everywhere.
fn batch(number: usize) -> Value {
    let event = |index: usize| {
        let id = number * 5 + index;
        json!({
            "id": format!("event {id}"), "account": format!("account {}", id % 4), "user": format!("user {}", id % 7),
            "module": format!("module {}", id % 3), "action": format!("action {}", id % 5),
            "time": format!("2026-11-23T{:02}:{:02}:00Z", 8 + id % 3, id % 60), "count": 1 + id % 3,
        })
    };
    (0..10).map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_all_at_once_counts_once() {
    let servers = servers(3).await;
    let requests: Vec<(&TestServer, Value)> =
        (0..30).flat_map(|number| servers.iter().map(move |server| (server, batch(number)))).collect();
    let answers = join_all(requests.iter().map(|(server, batch)| send(server, batch))).await;
    // Ids 0 to 154, each sent six times but for those at both ends.
    assert_eq!(sum(&answers, "accepted"), 155);
    assert_eq!(sum(&answers, "duplicates"), 30 * 3 * 10 - 155);

    // The same events one by one to one server give the same roll-ups, and so does a rebuild.
    let concurrent = servers[0].dump_rollups().await;
    servers[1].rebuild().await;
    assert_eq!(servers[2].dump_rollups().await, concurrent);
    let alone = TestServer::start(Tz::Europe__Berlin, at(NOON)).await;
    for number in 0..30 {
        send(&alone, &batch(number)).await;
    }
    for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/usage?from=2026-11-23&to=2026-11-23"] {
        assert_eq!(get(&servers[0], path).await, get(&alone, path).await, "{path}");
    }
}

/// Servers that keep, drop and replay rejected events at once never wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_events_are_taken_in_one_order() {
    let servers = servers(3).await;
    let wrong = json!(vec![json!({"account": "acme", "user": "lisa", "module": "Dashboard"}); 5_000]);
    for _ in 0..2 {
        send(&servers[0], &wrong).await;
    }
    let reject = || {
        let origin = Origin { protocol: Protocol::Events, key: None };
        let rejection = Rejection::new(RejectionCode::MissingField, "/action", "action is missing");
        Reject::new(origin, Receipt::new(at(NOON), None), rejection, "{}")
    };
    for _ in 0..30 {
        let newest = servers[0].texts("SELECT CAST(MAX(reject_no) AS TEXT) FROM reject").await.remove(0);
        // Each takes one that the others are about to drop.
        let taken = newest.parse::<i64>().unwrap() - i64::from(REJECTS_KEPT) + 16;
        let work = servers.iter().zip([0, 7, 14]).map(async |(server, before)| {
            let replay =
                Replay { number: taken - before, read: Ok(Meaning::default()), author: server.author().into() };
            let rejects = (0..20).map(|_| reject()).collect();
            server.store.append_batch(&Batch { rejects, replays: vec![replay], ..Batch::default() }).await
        });
        assert!(join_all(work).await.into_iter().all(|outcome| outcome.is_ok()));
    }
}

/// A new account and a change of rules, on two servers at the same moment, never miss each other.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_comes_while_a_team_changes_is_in_sight() {
    let servers = servers(3).await;
    let [first, senders @ ..] = servers.as_slice() else { panic!("three servers") };
    let store = &first.store;
    let of_round = |round: usize| {
        let value = format!("round {round} ");
        let rules = vec![TeamRule { on: RuleOn::Id, attribute: None, is: Comparison::StartsWith, value }];
        TeamDefinition { name: "Team".to_owned(), rules, ..TeamDefinition::default() }
    };
    let team = store.add_team(&of_round(0), &first.author()).await.unwrap();
    for round in 1..=20 {
        let event = |sender: usize, number: usize| {
            // Another name changes nothing, but is looked at as a new account is.
            json!({
                "account": {"id": format!("round {round} {sender} {}", number % 5), "name": format!("{number}")},
                "user": "lisa", "module": "Dashboard", "action": "Export", "time": format!("2026-11-23T10:00:{number:02}Z"),
            })
        };
        let sent = senders.iter().enumerate().flat_map(|(sender, server)| {
            (0..10).map(move |number| async move { send(server, &json!([event(sender, number)])).await })
        });
        let definition = of_round(round);
        let author = first.author();
        let changed = store.change_team(team, &definition, &author);
        let (_, changed) = tokio::join!(join_all(sent), async {
            tokio::time::sleep(std::time::Duration::from_millis(round as u64 % 7)).await;
            changed.await
        });
        assert!(changed.unwrap());
        assert_eq!(store.team(team).await.unwrap().unwrap().account_count, 10, "in round {round}");
    }
}

/// What is tracked changes on one server while the others store: whatever is stored follows what was chosen by then, also
/// where two bring the same activity of two modules that are one, for the first time and at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_tracked_changes_while_others_store() {
    let servers = servers(3).await;
    let [first, senders @ ..] = servers.as_slice() else { panic!("three servers") };
    send(first, &batch(0)).await;
    let names = first.store.read().await.unwrap().sent_names().await.unwrap();
    let module = |name: &str| *names.modules.iter().find(|(_, module)| module.name == name).unwrap().0;
    let [zero, one, two] = ["module 0", "module 1", "module 2"].map(module);
    let merged = |into| Choice { merged_into: Some(into), ..Choice::default() };
    let off = || Choice { tracked: false, ..Choice::default() };
    let changes = [
        (zero, merged(one)),
        (two, off()),
        (one, off()),
        (one, Choice::default()),
        (two, merged(one)),
        (zero, Choice::default()),
        (zero, merged(one)),
        (two, Choice::default()),
    ];
    let event = |round: usize, number: usize, sender: usize| {
        json!({
            "account": format!("account {}", number % 4), "user": format!("user {}", number % 7),
            "module": format!("module {}", (number + sender) % 3), "action": format!("action {round} {number}"),
            "time": format!("2026-11-{:02}T{:02}:{number:02}:00Z", 20 + number % 4, 8 + sender),
        })
    };
    for (round, (module_no, choice)) in changes.into_iter().enumerate() {
        let sent = senders.iter().enumerate().flat_map(|(sender, server)| {
            (0..8).map(move |number| async move { send(server, &json!([event(round, number, sender)])).await })
        });
        let author = first.author();
        let changed = first.store.choose(SentName::Module(module_no), choice, &author);
        let (_, changed) = tokio::join!(join_all(sent), async {
            tokio::time::sleep(std::time::Duration::from_millis(round as u64 * 3)).await;
            changed.await
        });
        assert!(changed.unwrap().is_some());
        let kept = servers[1].dump_rollups().await;
        servers[2].rebuild().await;
        assert_eq!(servers[1].dump_rollups().await, kept, "in round {round}");
        // Nothing that is shown as one is listed twice.
        let table: Value = serde_json::from_str(
            &get(&servers[2], "/api/v1/usage/activities?from=2026-11-20&to=2026-11-23&limit=1000").await,
        )
        .unwrap();
        let listed: Vec<String> = table["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{} {}", row["module"], row["action"]))
            .collect();
        let mut distinct = listed.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), listed.len(), "in round {round}: {listed:?}");
    }
    for module_no in [zero, one, two] {
        first.store.choose(SentName::Module(module_no), Choice::default(), &first.author()).await.unwrap();
    }
    let alone = TestServer::start(Tz::Europe__Berlin, at(NOON)).await;
    send(&alone, &batch(0)).await;
    for (round, number, sender) in
        (0..8).flat_map(|round| (0..8).flat_map(move |number| [(round, number, 0), (round, number, 1)]))
    {
        send(&alone, &json!([event(round, number, sender)])).await;
    }
    for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/usage?from=2026-11-20&to=2026-11-23"] {
        for server in &servers {
            server.set_now(at("2026-11-23T12:01:00Z"));
            alone.set_now(at("2026-11-23T12:01:00Z"));
            assert_eq!(get(server, path).await, get(&alone, path).await, "{path}");
        }
    }
}

#[tokio::test]
async fn all_show_what_one_saw_first_at_a_tick() {
    let servers = servers(2).await;
    if !servers[0].is_shared() {
        // An SQLite file takes several writers, but its ticks are those of one server.
        return;
    }
    let [first, second] = servers.as_slice() else { panic!("two servers") };
    let paths = ["/api/v1/today", "/api/v1/today/stream?limit=2", "/api/v1/usage?from=2026-11-20&to=2026-11-23"];
    send(first, &batch(0)).await;
    let mut seen = Vec::new();
    for path in paths {
        seen.push(get(first, path).await);
    }
    // What comes later in the tick is of the next one.
    send(second, &batch(5)).await;
    second.set_now(at("2026-11-23T12:00:09.999Z"));
    for (path, seen) in paths.iter().zip(&seen) {
        assert_eq!(get(second, path).await, *seen, "{path}");
    }
    for server in &servers {
        server.set_now(at("2026-11-23T12:00:10Z"));
    }
    for (path, seen) in paths.iter().zip(&seen) {
        let next = get(second, path).await;
        assert_ne!(next, *seen, "{path}");
        assert_eq!(get(first, path).await, next, "{path}");
    }
    // The change since the tick before is known to a server that was not asked then.
    let third = first.another().await;
    third.set_now(at("2026-11-23T12:00:20Z"));
    let today: Value = serde_json::from_str(&get(&third, "/api/v1/today").await).unwrap();
    assert!(today["users_online"]["change"].is_number());
}
