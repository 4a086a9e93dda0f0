//! How long raw events are kept: older ones go, and the figures of their days stay, whatever is computed again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{TestServer, browser::administrator};
use model::{api::usage::Usage, instant::Instant};
use reqwest::{Method, header};
use serde_json::{Value, json};
use server::{
    Access,
    store::{Asked, Store, StoreError},
};
use std::{fs, process::Command};

const DAY: i64 = 86_400_000;

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

/// Two users, each some times a day, for sixty days.
fn events() -> Vec<Value> {
    let event = |number: i64| {
        let time = noon().plus_millis(-number * DAY / 4);
        json!({
            "account": "acme", "user": format!("user {}", number % 2), "module": format!("Module {}", number % 3),
            "action": "View", "time": time.to_string(), "count": 1 + number % 5,
        })
    };
    (0..240).map(event).collect()
}

async fn send(server: &TestServer, events: &Value) -> Value {
    let answer = server.client.post(server.url("/api/v1/events")).json(events).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn figures(server: &TestServer) -> Vec<String> {
    let mut answers = Vec::new();
    for path in [
        "today",
        "usage?period=last_90_days",
        "usage/modules?period=last_90_days",
        "usage?period=last_90_days&account=acme",
    ] {
        answers.push(
            server.client.get(server.url(&format!("/api/v1/{path}"))).send().await.unwrap().text().await.unwrap(),
        );
    }
    answers
}

/// How much was done, all in all.
async fn actions(server: &TestServer) -> i64 {
    let path = server.url("/api/v1/usage?from=2026-09-01&to=2026-11-24");
    let usage: Usage = server.client.get(path).send().await.unwrap().json().await.unwrap();
    usage.top_modules.iter().map(|module| module.actions).sum()
}

async fn raw_events(server: &TestServer) -> usize {
    server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await.remove(0).parse().unwrap()
}

async fn keep(server: &TestServer, days: u32) {
    server.store.set_retention(Some(days), server.author()).await.unwrap();
    server.store.drop_old_events(noon()).await.unwrap();
}

#[tokio::test]
async fn figures_outlive_raw_events_and_every_rebuild() {
    let server = TestServer::start(Tz::Europe__Berlin, noon()).await;
    send(&server, &json!(events())).await;
    let (before, rolled_up) = (figures(&server).await, server.dump_rollups().await);
    assert!(server.store.drop_old_events(noon()).await.unwrap().is_none());
    keep(&server, 10).await;
    // Ten whole days, and today until noon.
    assert_eq!(raw_events(&server).await, 43);
    assert_eq!((figures(&server).await, server.dump_rollups().await), (before.clone(), rolled_up.clone()));
    assert_eq!(server.rebuild().await, 43);
    assert_eq!((figures(&server).await, server.dump_rollups().await), (before.clone(), rolled_up.clone()));
    // A version whose roll-ups are of another kind computes them again when it opens the database.
    server.texts("UPDATE setting SET value = '0' WHERE name = 'roll_ups' RETURNING name").await;
    let server = server.restart().await;
    assert_eq!((figures(&server).await, server.dump_rollups().await), (before, rolled_up));
    // Kept for longer, what is gone does not come back.
    server.store.set_retention(None, server.author()).await.unwrap();
    assert!(server.store.drop_old_events(noon().plus_millis(-DAY)).await.unwrap().is_some());
    let kept_since = server.store.retention().await.unwrap().kept_since.map(|day| day.to_string());
    assert_eq!(kept_since.as_deref(), Some("2026-11-13"));
}

#[tokio::test]
async fn another_zone_counts_no_event_twice_and_loses_none() {
    let mut server = TestServer::start(Tz::Europe__Berlin, noon()).await;
    send(&server, &json!(events())).await;
    let before = actions(&server).await;
    keep(&server, 10).await;
    let zones = [Tz::Pacific__Auckland, Tz::America__Los_Angeles, Tz::Asia__Kolkata, Tz::Europe__Berlin];
    for zone in zones {
        let asked = Asked { zone: Some(zone), ..Asked::default() };
        Store::rebuild_at(&server.database_url(), asked).await.unwrap();
        server = server.restart().await;
        assert_eq!(actions(&server).await, before, "{zone}");
        let rolled_up = server.dump_rollups().await;
        server.rebuild().await;
        assert_eq!(server.dump_rollups().await, rolled_up, "{zone}");
        // What is dropped meanwhile is dropped by whole days of the new zone.
        server.store.drop_old_events(noon()).await.unwrap();
        server.rebuild().await;
        assert_eq!(server.dump_rollups().await, rolled_up, "{zone}");
    }
    assert!((30..43).contains(&raw_events(&server).await));
}

#[tokio::test]
async fn what_is_older_than_events_are_kept_is_rejected() {
    let server = TestServer::start(Tz::Europe__Berlin, noon()).await;
    send(&server, &json!(events())).await;
    keep(&server, 10).await;
    // The server hears of it at the next tick.
    server.set_now(noon().plus_millis(10_000));
    let event = |time: &str| json!({"account": "acme", "user": "lisa", "module": "M", "action": "A", "time": time});
    // The thirteenth begins an hour earlier in Berlin.
    let sent = json!([event("2026-11-12T22:59:59.999Z"), event("2026-11-12T23:00:00Z")]);
    let answer = send(&server, &sent).await;
    let rejected = &answer["rejected"][0];
    assert_eq!((&answer["accepted"], &rejected["code"]), (&json!(1), &json!("time_before_retention")));
    assert_eq!((&rejected["index"], &rejected["pointer"]), (&json!(0), &json!("/0/time")));
    let call =
        json!({"userId": "lisa", "event": "E", "timestamp": "2026-11-01T00:00:00Z", "context": {"groupId": "acme"}});
    let request = server.client.post(server.url("/v1/track")).json(&call);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(server.texts("SELECT code FROM reject").await, ["time_before_retention"; 2]);
    // Nor does whoever did not hear of it yet store one beside what was dropped.
    let late = harness::export_at("2026-11-12T22:59:00Z");
    assert!(matches!(server.store.append(&[late]).await, Err(StoreError::RetentionChanged)));

    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.csv");
    fs::write(&log, "time,account,user,module,action\n2026-11-01T00:00:00Z,acme,lisa,M,A\n").unwrap();
    let mut import = Command::new(env!("CARGO_BIN_EXE_usage-monitor"));
    let output = import.arg("import").arg(&log).args(["--database", &server.database_url()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.starts_with("0 accepted, 0 duplicate, 1 rejected"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn whole_months_go_as_tables() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    send(&server, &json!(events())).await;
    if !server.is_shared() {
        return;
    }
    let other = server.another().await;
    let old = harness::export_at("2026-10-12T00:00:00Z");
    other.store.append(&[old.clone(), harness::export_at("2026-11-22T00:00:00Z")]).await.unwrap();
    keep(&server, 10).await;
    let partitions = "SELECT CAST(relname AS TEXT) FROM pg_inherits JOIN pg_class ON oid = inhrelid \
                      WHERE inhparent = 'event'::regclass ORDER BY relname";
    assert_eq!(server.texts(partitions).await, ["event_2026_11", "event_before_2000"]);
    // Who remembers a table that is gone learns why it is.
    let now = harness::export_at("2026-11-22T00:00:00Z");
    for events in [&[old.clone()][..], &[old, now]] {
        assert!(matches!(other.store.append(events).await, Err(StoreError::RetentionChanged)));
    }
    // Of several servers one does it; the others find it done.
    let (one, two) = tokio::join!(server.store.drop_old_events(noon()), other.store.drop_old_events(noon()));
    assert_eq!(one.unwrap(), two.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_stands_in_nobodys_way_and_follows_what_was_said_last() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    send(&server, &json!(events())).await;
    keep(&server, 40).await;
    let drop_old = |days: Option<u32>| {
        let (store, author) = (server.store.clone(), server.author());
        tokio::spawn(async move {
            if days.is_some() {
                store.set_retention(days, author).await.unwrap();
            }
            store.drop_old_events(noon()).await.unwrap()
        })
    };
    // As whoever computes the roll-ups again begins, and ends.
    let Some(mut rebuilding) = server.hold("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE").await else { return };
    let dropping = drop_old(Some(30));
    server.waiting(1).await;
    let end = "SET LOCAL lock_timeout = '5s'; UPDATE setting SET value = value WHERE name = 'events_since'; COMMIT";
    sqlx::raw_sql(end).execute(&mut rebuilding).await.unwrap();
    let day = |day: &str| Some(Instant::parse(&format!("{day}T00:00:00Z")).unwrap());
    assert_eq!(dropping.await.unwrap(), day("2026-10-24"));
    // It is about to be dropped when somebody says that it is to be kept.
    let said = "UPDATE setting SET value = '400' WHERE name = 'retention_days'";
    server.store.set_retention(Some(10), server.author()).await.unwrap();
    let mut saying = server.hold(said).await.unwrap();
    let dropping = drop_old(None);
    server.waiting(1).await;
    sqlx::raw_sql("COMMIT").execute(&mut saying).await.unwrap();
    assert_eq!(dropping.await.unwrap(), day("2026-10-24"));
}

#[tokio::test]
async fn administrators_say_how_long_events_are_kept() {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let ada = administrator(&server).await;
    let put = async |body: Value| {
        let request = ada.request(Method::PUT, "/api/v1/retention").header(header::ORIGIN, &server.base_url);
        let answer = ada.send(request.json(&body)).await;
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(put(json!({"days": 400})).await, (200, json!({"days": 400, "kept_since": null})));
    assert_eq!(put(json!({"days": 0})).await.0, 422);
    assert_eq!(put(json!({})).await.0, 422);
    assert_eq!(ada.post("/privacy", &[("do", "retention"), ("days", "30")]).await.status(), 303);
    assert_eq!(ada.post("/privacy", &[("do", "retention"), ("days", "soon")]).await.status(), 422);
    assert!(ada.get("/privacy").await.text().await.unwrap().contains("value=\"30\""));
    assert_eq!(ada.post("/privacy", &[("do", "retention"), ("days", "")]).await.status(), 303);
    let shown: Value = ada.get("/api/v1/retention").await.json().await.unwrap();
    assert_eq!(shown["days"], json!(null));
    let states = "SELECT state_after FROM audit WHERE action = 'change_retention' ORDER BY audit_no";
    assert_eq!(server.texts(states).await, [r#"{"days":400}"#, r#"{"days":30}"#, r#"{"days":null}"#]);
}
