//! Nothing rejected in silence: what is rejected is kept, can be seen, exported, replayed once and dismissed; and what
//! else may be wrong with the events that are sent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use futures::future::join_all;
use harness::{TestServer, export_at};
use model::{
    event::{Event, Receipt, Rejection},
    instant::Instant,
    key::Grant,
    reject::{Origin, Protocol, Reject},
};
use proptest::{prelude::*, test_runner::TestRunner};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use server::store::Batch;

const REPLAY: &str = "/api/v1/rejects/replay";
const REJECTS: &str = "/api/v1/rejects";

/// A Monday noon in Berlin.
fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

async fn start() -> TestServer {
    TestServer::start(Tz::Europe__Berlin, noon()).await
}

fn event(user: &str) -> Value {
    json!({"account": "acme", "user": user, "module": "Dashboard", "action": "Export"})
}

/// An event that will be right in an hour.
fn early(user: &str) -> Value {
    let mut event = event(user);
    event["time"] = json!("2026-11-23T12:00:00Z");
    event
}

impl TestServer {
    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.client.post(self.url(path)).json(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path} {body}");
        answer.json().await.unwrap()
    }

    /// Sends events, and says how many were accepted, duplicates and rejected.
    async fn send(&self, events: &Value) -> [usize; 3] {
        let answer = self.post("/api/v1/events", events).await;
        let count = |name: &str| usize::try_from(answer[name].as_u64().unwrap()).unwrap();
        [count("accepted"), count("duplicates"), answer["rejected"].as_array().unwrap().len()]
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn text(&self, path: &str) -> String {
        self.client.get(self.url(path)).send().await.unwrap().text().await.unwrap()
    }

    /// The bodies that are kept, newest first.
    async fn kept(&self) -> Vec<String> {
        let rejects = self.get(&format!("{REJECTS}?limit=200")).await;
        let bodies = rejects["rejects"].as_array().unwrap().iter();
        bodies.map(|reject| reject["body"].as_str().unwrap().to_owned()).collect()
    }

    async fn dismiss(&self, search: &str) -> Value {
        let answer = self.client.delete(self.url(&format!("{REJECTS}?{search}"))).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{search}");
        answer.json().await.unwrap()
    }

    /// How often all of it was used today.
    async fn actions_today(&self) -> i64 {
        let actions = self.get("/api/v1/usage?from=2026-11-23&to=2026-11-23").await;
        actions["top_activities"].as_array().unwrap().iter().map(|top| top["actions"].as_i64().unwrap()).sum()
    }
}

#[tokio::test]
async fn rejected_events_are_kept_with_reason_key_and_time() {
    let server = start().await;
    let key = server.add_key("shop", Grant::Ingest).await;
    let request = server.client.post(server.url("/api/v1/events")).bearer_auth(&key);
    request.json(&json!([event("lisa"), {"account": "acme"}])).send().await.unwrap();
    server.set_now(noon().plus_millis(1_000));
    server.send(&early("tom")).await;

    let rejects = server.get(REJECTS).await;
    assert_eq!((&rejects["kept"], &rejects["matching"], &rejects["next"]), (&json!(2), &json!(2), &Value::Null));
    let [newest, oldest] = rejects["rejects"].as_array().unwrap().as_slice() else { panic!("{rejects}") };
    assert_eq!(newest["id"], rejects["newest"]);
    assert_eq!(newest["code"], "time_in_future");
    assert_eq!((&newest["key"], &newest["pointer"]), (&Value::Null, &json!("/time")));
    assert_eq!(newest["received"], "2026-11-23T11:00:01.000Z");
    assert_eq!(newest["day"], "2026-11-23");
    assert_eq!(serde_json::from_str::<Value>(newest["body"].as_str().unwrap()).unwrap(), early("tom"));
    assert_eq!((&oldest["key"], &oldest["code"]), (&json!("shop"), &json!("missing_field")));
    assert_eq!((&oldest["pointer"], &oldest["protocol"]), (&json!("/user"), &json!("events")));
    assert_eq!((&oldest["detail"], &oldest["body"]), (&json!("user is missing"), &json!(r#"{"account":"acme"}"#)));

    let counts = server.get("/api/v1/quality").await["rejects"].clone();
    assert_eq!(counts["kept"], 2);
    let count = |name: Value| json!({"name": name, "rejects": 1});
    assert_eq!(counts["by_code"], json!([count(json!("missing_field")), count(json!("time_in_future"))]));
    assert_eq!(counts["by_protocol"], json!([{"name": "events", "rejects": 2}]));
    assert_eq!(counts["by_key"], json!([count(Value::Null), count(json!("shop"))]));

    for (search, matching) in
        [("code=missing_field", 1), ("key=shop&code=time_in_future", 0), ("protocol=events", 2), ("code=%00", 0)]
    {
        assert_eq!(server.get(&format!("{REJECTS}?{search}")).await["matching"], matching, "{search}");
    }
}

#[tokio::test]
async fn what_no_database_would_take_is_kept_all_the_same() {
    let server = start().await;
    let with = |account: Value| json!({"account": account, "user": "u\0", "module": "m\0", "action": "x"});
    let broken = [
        with(json!({"id": "a", "attributes": {"\0": "x"}})),
        with(json!({"id": "a", "attributes": {"x": "\0"}})),
        with(json!("a\0")),
        json!({"\0": "\0", "account": "a", "user": "u", "module": "m", "kind": "\0"}),
    ];
    let events = [&broken[..], &[event("lisa")]].concat();
    assert_eq!(server.send(&json!(events)).await, [1, 0, 4]);
    assert_eq!(server.kept().await.len(), 4);
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended() {
    let server = start().await;
    let sent: Vec<Value> = (0..7).map(|number| json!({"account": number.to_string()})).collect();
    server.send(&json!(sent)).await;
    let mut seen = Vec::new();
    let mut path = format!("{REJECTS}?limit=3");
    loop {
        let page = server.get(&path).await;
        seen.extend(page["rejects"].as_array().unwrap().iter().map(|reject| reject["body"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{REJECTS}?limit=3&before={next}");
    }
    let expected: Vec<Value> = sent.iter().rev().map(|event| json!(event.to_string())).collect();
    assert_eq!(seen, expected);
    let wrong = server.client.get(server.url(&format!("{REJECTS}?before=x"))).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_newest_ten_thousand_are_kept() {
    let server = start().await;
    let receipt = Receipt::new(noon(), None);
    let origin = Origin { protocol: Protocol::Events, key: None };
    let reject = |number: usize| {
        let rejection = Rejection::new(model::api::ingest::RejectionCode::MalformedJson, "", "not JSON");
        Reject::new(origin.clone(), receipt, rejection, &number.to_string())
    };
    for start in (0..10_020).step_by(2_004) {
        let rejects = (start..start + 2_004).map(reject).collect();
        server.store.append_batch(&Batch { rejects, ..Batch::default() }).await.unwrap();
    }
    assert_eq!(server.get(REJECTS).await["kept"], 10_000);
    let file = server.text(&format!("{REJECTS}.ndjson")).await;
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 10_000);
    assert_eq!((&lines[0]["record"], &lines[9_999]["record"]), (&json!("10019"), &json!("20")));
    // A replay has as many to go through, and finds nothing new.
    let answer = server.post(REPLAY, &json!({"all": true})).await;
    assert_eq!(answer, json!({"replayed": 0, "duplicates": 0, "rejected": 10_000}));
}

#[tokio::test]
async fn an_exported_line_that_is_mended_can_be_sent() {
    let server = start().await;
    // The sender's clock is an hour fast.
    let sent_at = noon().plus_millis(3_600_000);
    let wrong = json!({"account": "acme", "user": "lisa", "module": "Dashboard", "time": sent_at.millis() - 60_000});
    server.send(&json!({"sent_at": sent_at, "events": [wrong, {"account": "=1+1"}]})).await;

    let file = server.client.get(server.url(REJECTS)).header(header::ACCEPT, "application/x-ndjson");
    let file = file.send().await.unwrap();
    assert_eq!(file.headers()[header::CONTENT_TYPE], "application/x-ndjson");
    let name = "attachment; filename=\"rejected-events-2026-11-23.ndjson\"";
    assert_eq!(file.headers()[header::CONTENT_DISPOSITION], name);
    let lines = file.text().await.unwrap();
    assert_eq!(lines, server.text(&format!("{REJECTS}.ndjson")).await);
    let mut line: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&line["rejected"]["code"], &line["rejected"]["pointer"]), (&json!("missing_field"), &json!("/action")));
    line["action"] = json!("Export");
    server.set_now(noon().plus_millis(600_000));
    assert_eq!(server.send(&line).await, [1, 0, 0]);
    let stream = server.get("/api/v1/today/stream").await;
    assert_eq!(stream["entries"][0]["last_at"], "2026-11-23T10:59:00.000Z");

    let csv = server.client.get(server.url(REJECTS)).header(header::ACCEPT, "text/csv").send().await.unwrap();
    let csv = csv.text().await.unwrap();
    assert_eq!(csv, server.text(&format!("{REJECTS}.csv")).await);
    let mut rows = csv.lines();
    assert_eq!(rows.next().unwrap(), "\u{feff}id,received,protocol,key,code,detail,pointer,event");
    let reason = r#","2026-11-23T11:00:00.000Z","events","","missing_field","user is missing","/user","#;
    let account = r#""{""account"":""=1+1""}""#;
    assert!(rows.next().unwrap().ends_with(&format!("{reason}{account}")), "{csv}");
}

#[tokio::test]
async fn what_was_in_the_future_is_stored_when_its_time_has_come() {
    let server = start().await;
    let mut known = early("lisa");
    known["id"] = json!("e1");
    server.send(&json!([early("tom"), known, {"account": "acme"}])).await;
    assert_eq!(
        server.post(REPLAY, &json!({"all": true})).await,
        json!({"replayed": 0, "duplicates": 0, "rejected": 3})
    );

    server.set_now(noon().plus_millis(3_600_000));
    let mut sent_meanwhile = event("lisa");
    sent_meanwhile["id"] = json!("e1");
    assert_eq!(server.send(&sent_meanwhile).await, [1, 0, 0]);
    let answer = server.post(REPLAY, &json!({"code": "time_in_future"})).await;
    assert_eq!(answer, json!({"replayed": 1, "duplicates": 1, "rejected": 0}));
    assert_eq!(server.kept().await, [r#"{"account":"acme"}"#]);
    let stream = server.get("/api/v1/today/stream").await;
    let tom = stream["entries"].as_array().unwrap().iter().find(|entry| entry["user"]["id"] == "tom").unwrap();
    assert_eq!(tom["last_at"], "2026-11-23T12:00:00.000Z");
    // Nothing is left to replay.
    let answer = server.post(REPLAY, &json!({"code": "time_in_future"})).await;
    assert_eq!(answer, json!({"replayed": 0, "duplicates": 0, "rejected": 0}));
}

#[tokio::test]
async fn a_replay_keeps_the_times_of_the_first_receipt() {
    let server = start().await;
    // The sender's clock is an hour slow; what it sends is half an hour in the future all the same.
    let sent_at = noon().plus_millis(-3_600_000);
    let time = sent_at.plus_millis(1_800_000);
    let mut event = event("lisa");
    event["time"] = json!(time);
    assert_eq!(server.send(&json!({"sent_at": sent_at, "events": [event]})).await, [0, 0, 1]);
    server.set_now(noon().plus_millis(2 * 3_600_000));
    server.post(REPLAY, &json!({"all": true})).await;
    let stream = server.get("/api/v1/today/stream").await;
    assert_eq!(stream["entries"][0]["last_at"], "2026-11-23T11:30:00.000Z");
}

#[tokio::test]
async fn what_is_still_rejected_says_why_by_todays_rules() {
    let server = start().await;
    let mut event = early("lisa");
    event["action"] = json!("");
    let mut also = early("tom");
    also["time"] = json!("2026-11-30T12:00:00Z");
    server.send(&json!([event, also])).await;
    let before = server.get(REJECTS).await["rejects"].clone();
    server.set_now(noon().plus_millis(3_600_000));
    let ids: Vec<&Value> = before.as_array().unwrap().iter().map(|reject| &reject["id"]).collect();
    assert_eq!(server.post(REPLAY, &json!({"ids": ids})).await["rejected"], 2);
    let after = server.get(REJECTS).await["rejects"].clone();
    assert_eq!(after[1], before[1], "nothing new about an empty action");
    assert_eq!(after[0]["code"], "time_in_future");
    assert!(after[0]["detail"].as_str().unwrap().ends_with("it is 2026-11-23T12:00:00.000Z"), "{after}");
    assert_eq!((&after[0]["received"], &after[0]["id"]), (&before[0]["received"], &before[0]["id"]));
}

#[tokio::test]
async fn the_beginning_of_a_large_event_stays_until_all_of_it_is_given() {
    let server = start().await;
    let mut large = event("lisa");
    large["filling"] = json!("x".repeat(model::event::EVENT_BYTES));
    server.send(&json!([large])).await;
    let before = server.get(REJECTS).await;
    assert_eq!(server.post(REPLAY, &json!({"all": true})).await["rejected"], 1);
    assert_eq!(server.get(REJECTS).await, before);

    server.set_now(noon().plus_millis(3_600_000));
    let id = &before["newest"];
    let correct = |body: String| server.client.post(server.url(REPLAY)).json(&json!({"ids": [id], "body": body}));
    for (body, pointer) in [(large.to_string(), "/body"), ("{".into(), "/body"), ("{}".into(), "/body/account")] {
        let refused = correct(body).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json::<Value>().await.unwrap()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(server.get(REJECTS).await["rejects"], before["rejects"]);
    for replayed in [1, 0] {
        let answer: Value = correct(event("lisa").to_string()).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer, json!({"replayed": replayed, "duplicates": 0, "rejected": 0}));
    }
    // It happened when it was received.
    assert_eq!(server.get("/api/v1/today/stream").await["entries"][0]["last_at"], "2026-11-23T11:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_at_once_store_each_event_once() {
    let first = start().await;
    let second = first.another().await;
    // Without ids: what is stored twice is counted twice.
    let sent: Vec<Value> = (0..500).map(|number| early(&format!("user {}", number % 7))).collect();
    assert_eq!(first.send(&json!(sent)).await, [0, 0, 500]);
    for server in [&first, &second] {
        server.set_now(noon().plus_millis(3_600_000));
    }
    let all = json!({"all": true});
    let replays = (0..6).map(|number| if number % 2 == 0 { &first } else { &second }).map(|on| on.post(REPLAY, &all));
    let answers = join_all(replays).await;
    let sum = |name: &str| answers.iter().map(|answer| answer[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("replayed"), sum("duplicates"), sum("rejected")), (500, 0, 0));
    assert_eq!(first.actions_today().await, 500);
    assert_eq!(first.get(REJECTS).await["kept"], 0);
    let rollups = first.dump_rollups().await;
    first.rebuild().await;
    assert_eq!(first.dump_rollups().await, rollups);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_replayed_or_dismissed_and_never_both() {
    let server = start().await;
    let sent: Vec<Value> = (0..300).map(|number| early(&format!("user {number}"))).collect();
    server.send(&json!(sent)).await;
    server.set_now(noon().plus_millis(3_600_000));
    let all = json!({"all": true});
    let dismissing = server.dismiss("all=true");
    let (replayed, dismissed) = tokio::join!(server.post(REPLAY, &all), dismissing);
    let (replayed, dismissed) = (replayed["replayed"].as_i64().unwrap(), dismissed["dismissed"].as_i64().unwrap());
    assert_eq!(replayed + dismissed, 300);
    assert_eq!(server.actions_today().await, replayed);
}

#[tokio::test]
async fn only_what_is_meant_is_dismissed() {
    let server = start().await;
    server.send(&json!([{"account": "a"}, {"account": "b"}, early("lisa"), early("tom")])).await;
    let ids: Vec<i64> = server.get(REJECTS).await["rejects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reject| reject["id"].as_i64().unwrap())
        .collect();
    // Nobody has seen the newest yet.
    assert_eq!(server.dismiss(&format!("code=time_in_future&up_to={}", ids[1])).await, json!({"dismissed": 1}));
    assert_eq!(server.dismiss(&format!("ids={},{}", ids[3], ids[3])).await, json!({"dismissed": 1}));
    assert_eq!(server.kept().await, [early("tom").to_string(), r#"{"account":"b"}"#.to_owned()]);
    for search in ["", "?code=", "?up_to=7", "?ids=x", "?ids=1&all=true"] {
        let refused = server.client.delete(server.url(&format!("{REJECTS}{search}"))).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{search}");
    }
    for (body, status) in [(json!({}), 422), (json!({"code": ""}), 422), (json!({"id": [1]}), 422), (json!([]), 422)] {
        let refused = server.client.post(server.url(REPLAY)).json(&body).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), status, "{body}");
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
    assert_eq!(server.dismiss("all=true").await, json!({"dismissed": 2}));
    // A number is never given out twice: a page that is behind names nothing else.
    server.send(&json!({"account": "c"})).await;
    assert!(server.get(REJECTS).await["newest"].as_i64() > Some(ids[0]));
}

#[tokio::test]
async fn no_key_changes_anything() {
    let server = start().await;
    let (ingest, read) = (server.add_key("in", Grant::Ingest).await, server.add_key("out", Grant::Read).await);
    let all = json!({"all": true});
    let status = async |request: reqwest::RequestBuilder, key: &str| {
        request.bearer_auth(key).send().await.unwrap().status().as_u16()
    };
    let replay = || server.client.post(server.url(REPLAY)).json(&all);
    let dismiss = || server.client.delete(server.url(&format!("{REJECTS}?all=true")));
    for path in [REJECTS, "/api/v1/rejects.csv", "/api/v1/rejects.ndjson", "/api/v1/quality"] {
        assert_eq!(status(server.client.get(server.url(path)), &read).await, 200, "{path}");
        assert_eq!(status(server.client.get(server.url(path)), &ingest).await, 403, "{path}");
    }
    assert_eq!((status(replay(), &read).await, status(dismiss(), &read).await), (403, 403));
    assert_eq!((status(replay(), &ingest).await, status(dismiss(), &ingest).await), (403, 403));
}

#[tokio::test]
async fn bodies_that_are_refused_whole_are_counted_with_the_newest_reason() {
    let server = start().await;
    let key = server.add_key("shop", Grant::Ingest).await;
    assert_eq!(server.get("/api/v1/quality").await["refused_bodies"], json!({"bodies": 0, "newest": null}));
    assert!(!server.text("/quality").await.contains("refused whole since"));

    let request = |path: &str, body: &str| server.client.post(server.url(path)).body(body.to_owned());
    let events = |body: &str| request("/api/v1/events", body).header(header::CONTENT_TYPE, "application/json");
    let (large, many) = (" ".repeat(model::event::REQUEST_BYTES + 1), json!({"batch": vec![7; 5_001]}).to_string());
    let refused = [
        (events("nonsense").bearer_auth(&key), 400, "events", json!("shop"), "not JSON"),
        (events("[]").header(header::CONTENT_ENCODING, "gzip"), 400, "events", Value::Null, "decompress"),
        (events(r#"{"events": 7}"#), 422, "events", Value::Null, "events must be an array"),
        (events(&large), 413, "events", Value::Null, "bytes"),
        (request("/api/v1/events", "[]"), 415, "events", Value::Null, "Content-Type"),
        (request("/v1/batch", "{}").basic_auth(&key, Some("")), 400, "segment", json!("shop"), "batch must be"),
        (request("/v1/batch", &many), 413, "segment", Value::Null, "more than 5000"),
        (request("/e/", "{"), 400, "posthog", Value::Null, "not JSON"),
        (request("/analytics/v1/track", "7"), 400, "vitally", Value::Null, "a JSON object"),
    ];
    for (number, (request, status, protocol, key, detail)) in refused.into_iter().enumerate() {
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{detail}");
        let told = server.get("/api/v1/quality").await["refused_bodies"].clone();
        assert_eq!((&told["bodies"], &told["newest"]["protocol"]), (&json!(number + 1), &json!(protocol)), "{detail}");
        assert_eq!((&told["newest"]["key"], &told["newest"]["day"]), (&key, &json!("2026-11-23")));
        assert!(told["newest"]["detail"].as_str().unwrap().contains(detail), "{told}");
    }
    // Whoever must not send is not counted, nor is a wrong address or what can be read.
    for (request, status) in [
        (events("nonsense").bearer_auth("um_unknown"), 401),
        (request("/v1/batch", "{}").basic_auth("um_unknown", Some("")), 400),
        (request("/v1/nothing", "{"), 404),
        (events("{}"), 200),
    ] {
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    assert_eq!(server.get("/api/v1/quality").await["refused_bodies"]["bodies"], 9);
    let page = server.text("/quality").await;
    assert!(page.contains("refused whole since") && page.contains("the body must be a JSON object"), "{page}");
    assert_eq!(server.get(REJECTS).await["kept"], 1);
}

#[tokio::test]
async fn names_are_new_for_thirty_days_after_the_first_event_came() {
    let server = start().await;
    let mut old = event("lisa");
    old["time"] = json!("2026-09-01T12:00:00Z");
    old["count"] = json!(3);
    let heartbeat = json!({"kind": "heartbeat", "account": "acme", "user": "lisa", "module": "Wiki"});
    server.send(&json!([old, event("lisa"), event("tom"), heartbeat])).await;
    let quality = server.get("/api/v1/quality").await;
    let received = "2026-11-23T11:00:00.000Z";
    assert_eq!(
        quality["new_modules"],
        json!([
            {"module": "Dashboard", "action": null, "first_received": received, "day": "2026-11-23",
             "first_day": "2026-09-01", "actions": 5, "most_users": 2},
            {"module": "Wiki", "action": null, "first_received": received, "day": "2026-11-23",
             "first_day": null, "actions": 0, "most_users": 0},
        ])
    );
    assert_eq!(quality["new_activities"].as_array().unwrap().len(), 1);
    assert_eq!(quality["new_activities"][0]["action"], "Export");

    // The last moment of the thirty days, and the next.
    server.set_now(Instant::parse("2026-12-22T22:59:50Z").unwrap());
    assert_eq!(server.get("/api/v1/quality").await["new_modules"].as_array().unwrap().len(), 2);
    server.set_now(Instant::parse("2026-12-22T23:00:00Z").unwrap());
    let mut other = event("lisa");
    other["action"] = json!("Print");
    server.send(&other).await;
    let quality = server.get("/api/v1/quality").await;
    assert_eq!(quality["new_modules"], json!([]));
    assert_eq!(quality["new_activities"][0]["first_received"], "2026-12-22T23:00:00.000Z");
    assert_eq!(quality["new_activities"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn names_that_differ_only_in_case_or_spacing_stand_together() {
    let server = start().await;
    let named = |module: &str, action: &str, count: i64| json!({"account": "acme", "user": "lisa", "module": module, "action": action, "count": count});
    server
        .send(&json!([
            named("Big Board", "Log in", 5),
            named("big-board", "Log in", 1),
            named("Big Board", "login", 2),
            named("Wiki", "Login", 9),
        ]))
        .await;
    let groups = server.get("/api/v1/quality").await["similar_names"].clone();
    let name = |name: &str, actions: i64| json!({"name": name, "actions": actions, "last_day": "2026-11-23"});
    assert_eq!(
        groups,
        json!([
            {"kind": "module", "module": null, "names": [name("Big Board", 7), name("big-board", 1)]},
            {"kind": "action", "module": "Big Board", "names": [name("Log in", 5), name("login", 2)]},
        ])
    );
}

#[tokio::test]
async fn events_far_in_the_past_are_counted_by_the_day_they_came() {
    let server = start().await;
    let at = |account: &str, time: &str| {
        let account = json!({"id": account, "name": format!("The {account}")});
        json!({"id": time, "account": account, "user": "u", "module": "m", "action": "x", "time": time})
    };
    let late = json!([
        at("acme", "2026-11-16T11:00:00.000Z"),
        at("acme", "2026-11-16T10:59:59.999Z"),
        at("acme", "2026-01-31T23:30:00Z"),
        at("globex", "2020-01-01T00:00:00Z"),
    ]);
    server.send(&late).await;
    // Sent again, nothing is stored, and nothing counted.
    assert_eq!(server.send(&late).await, [0, 4, 0]);
    server.set_now(noon().plus_millis(86_400_000));
    server.send(&at("acme", "2026-03-01T12:00:00Z")).await;
    let row = |day: &str, account: &str, events: i64, first: &str, last: &str| {
        let account = json!({"id": account, "name": format!("The {account}")});
        json!({"day": day, "account": account, "events": events, "first_day": first, "last_day": last})
    };
    assert_eq!(
        server.get("/api/v1/quality").await["late_events"],
        json!([
            row("2026-11-24", "acme", 1, "2026-03-01", "2026-03-01"),
            row("2026-11-23", "acme", 2, "2026-02-01", "2026-11-16"),
            row("2026-11-23", "globex", 1, "2020-01-01", "2020-01-01"),
        ])
    );
}

#[tokio::test]
async fn the_page_has_them_in_its_html() {
    let server = start().await;
    server.send(&json!([{"account": "<b>acme</b>"}, early("lisa")])).await;
    let page = server.text("/quality").await;
    for text in ["user is missing", "Too far in the future", "&lt;b&gt;acme", "Rejected events"] {
        assert!(page.contains(text), "{text}");
    }
    let page = server.text("/quality?code=missing_field").await;
    assert!(page.contains("user is missing") && !page.contains("2026-11-23T12:00:00"), "{page}");
    let wrong = server.client.get(server.url("/quality?before=x")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

/// Values that fields may hold, right and wrong.
fn field(right: &'static str) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        4 => Just(Some(json!(right))),
        1 => Just(None),
        1 => Just(Some(json!(""))),
        1 => Just(Some(json!(7))),
        1 => Just(Some(json!({"id": "x", "name": "\u{7}"}))),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let time = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!("2026-11-23T10:00:00Z"))),
        1 => Just(Some(json!("2026-11-23T12:00:00Z"))),
        1 => Just(Some(json!("soon"))),
    ];
    let id = prop::option::of((0..6).prop_map(|number: i32| json!(number.to_string())));
    (field("acme"), field("lisa"), field("Dashboard"), field("Export"), time, id).prop_map(
        |(account, user, module, action, time, id)| {
            let fields = [
                ("account", account),
                ("user", user),
                ("module", module),
                ("action", action),
                ("time", time),
                ("id", id),
            ];
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
        },
    )
}

#[test]
fn accepted_duplicates_and_rejected_are_all_that_was_sent_and_every_rejected_one_is_kept() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(start());
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let told = TestRunner::new(config).run(&prop::collection::vec(anything(), 0..30), |events| {
        runtime.block_on(async {
            let [accepted, duplicates, rejected] = server.send(&json!(events)).await;
            prop_assert_eq!(accepted + duplicates + rejected, events.len());
            let mut kept = server.kept().await;
            kept.reverse();
            let mut sent = events.iter().map(Value::to_string);
            // In their order, and all of them.
            for body in &kept {
                prop_assert!(sent.any(|event| event == *body), "{} was not sent", body);
            }
            prop_assert_eq!(kept.len(), rejected);
            server.client.delete(server.url(&format!("{REJECTS}?all=true"))).send().await.unwrap();
            Ok(())
        })
    });
    drop(runtime);
    told.unwrap();
}

#[tokio::test]
async fn an_event_that_was_received_before_is_late_by_its_own_receipt() {
    let server = start().await;
    let replayed =
        Event { received: Instant::parse("2026-11-01T12:00:00Z").unwrap(), ..export_at("2026-10-20T12:00:00Z") };
    server.store.append(&[replayed, export_at("2026-01-01T12:00:00Z")]).await.unwrap();
    let late = server.get("/api/v1/quality").await["late_events"].clone();
    assert_eq!((late.as_array().unwrap().len(), &late[0]["day"]), (1, &json!("2026-11-01")));
}
