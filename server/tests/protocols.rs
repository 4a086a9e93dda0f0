//! Clients that people already have, as their requests look: what they send, and what the dashboards show of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::TestServer;
use model::{instant::Instant, key::Grant};
use proptest::prelude::*;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use std::io::Write;

/// A Monday noon.
fn noon() -> Instant {
    Instant::parse("2026-11-23T12:00:00Z").unwrap()
}

async fn start() -> TestServer {
    TestServer::start(Tz::UTC, noon()).await
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

impl TestServer {
    /// A key that may send.
    async fn key(&self) -> String {
        self.add_key("clients", Grant::Ingest).await
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    async fn taken(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    async fn segment(&self, calls: Value) {
        let body = json!({"batch": calls, "sentAt": "2026-11-23T12:00:00.000Z"});
        assert_eq!(self.taken(self.post("/v1/batch").json(&body)).await, json!({"success": true}));
    }

    async fn get(&self, path: &str) -> Value {
        self.taken(self.client.get(self.url(path))).await
    }

    /// The entries of the stream: account, user, module, actions and when it was last used.
    async fn stream(&self) -> Vec<String> {
        let stream = self.get("/api/v1/today/stream").await;
        let entries = stream["entries"].as_array().unwrap().iter().map(|entry| {
            let actions = entry["actions"].as_array().unwrap().iter();
            let actions: Vec<String> =
                actions.map(|a| format!("{} {}", a["action"].as_str().unwrap(), a["count"])).collect();
            let text = |pointer: &str| entry.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            let (account, user, module) = (text("/account/name"), text("/user/name"), text("/module"));
            format!("{account} · {user} · {module} · {} · {}", actions.join(", "), &text("/last_at")[11..19])
        });
        let mut entries: Vec<String> = entries.collect();
        entries.sort();
        entries
    }

    /// What is kept of rejected events.
    async fn rejects(&self) -> Vec<String> {
        self.texts("SELECT protocol || ' ' || key_name || ' ' || code || ' ' || pointer FROM reject ORDER BY reject_no")
            .await
    }
}

fn track(user: &str, event: &str, id: &str) -> Value {
    json!({
        "userId": user, "event": event, "type": "track", "properties": {}, "context": {"library": {"name": "x"}},
        "integrations": {}, "timestamp": "2026-11-23T11:59:00.000Z", "messageId": id
    })
}

fn group(user: &str, account: &str, name: &str, time: &str) -> Value {
    json!({
        "userId": user, "groupId": account, "traits": {"name": name}, "type": "group", "timestamp": time,
        "messageId": format!("g-{user}-{account}-{time}"), "context": {}
    })
}

#[tokio::test]
async fn segment_calls_show_in_the_dashboards() {
    let server = start().await;
    server.segment(json!([group("lisa", "acme", "Acme Inc", "2026-11-23T11:00:00Z")])).await;
    server
        .segment(json!([
            {"type": "identify", "userId": "lisa", "traits": {"firstName": "Lisa", "lastName": "Ray"},
             "timestamp": "2026-11-23T11:00:01Z", "messageId": "i1"},
            track("lisa", "Exported", "t1"),
            track("lisa", "Exported", "t2"),
            {"type": "page", "userId": "lisa", "category": "Reports", "name": "Sales", "properties": {},
             "timestamp": "2026-11-23T11:59:30Z", "messageId": "p1"},
            {"type": "screen", "anonymousId": "device", "name": "Start", "messageId": "s1",
             "context": {"groupId": "acme"}, "timestamp": "2026-11-23T11:58:00Z"},
        ]))
        .await;
    assert_eq!(
        server.stream().await,
        [
            "Acme Inc · Lisa Ray · General · Exported 2 · 11:59:00",
            "Acme Inc · Lisa Ray · Reports · View 1 · 11:59:30",
            "Acme Inc · device · Start · View 1 · 11:58:00",
        ]
    );
    let today = server.get("/api/v1/today").await;
    assert_eq!(today["most_active_accounts"][0]["account"], json!({"id": "acme", "name": "Acme Inc"}));
    assert_eq!(today["most_active_users"][0]["user"], json!({"id": "lisa", "name": "Lisa Ray"}));
    assert_eq!(today["users_online"]["value"], 2);
    assert_eq!(server.rejects().await, [""; 0]);
    server.set_now(noon().plus_millis(24 * 3_600_000));
    let usage = server.get("/api/v1/usage?period=yesterday").await;
    assert_eq!(usage["top_modules"][0]["module"], "General");
    assert_eq!(usage["top_modules"][0]["actions"], 2);
}

#[tokio::test]
async fn a_use_belongs_to_the_account_of_the_last_group_call() {
    let server = start().await;
    // Before any group call: kept, to be replayed.
    server.segment(json!([track("lisa", "Lost", "t1")])).await;
    assert_eq!(server.rejects().await, ["segment  unknown_account "]);
    // Sent together, the group call counts wherever it stands.
    server.segment(json!([track("lisa", "First", "t2"), group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    // One that is older changes nothing, whenever it comes.
    server.segment(json!([group("lisa", "old", "Old", "2026-11-23T10:00:00Z")])).await;
    server.segment(json!([track("lisa", "Second", "t3")])).await;
    server.segment(json!([group("lisa", "new", "New", "2026-11-23T11:30:00Z"), track("lisa", "Third", "t4")])).await;
    // Told again, as a retry would.
    server.segment(json!([group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    server.segment(json!([track("lisa", "Fourth", "t5")])).await;
    assert_eq!(
        server.stream().await,
        ["Acme · lisa · General · First 1, Second 1 · 11:59:00", "New · lisa · General · Fourth 1, Third 1 · 11:59:00",]
    );
}

#[tokio::test]
async fn an_alias_carries_the_account_over() {
    let server = start().await;
    let alias = json!({"type": "alias", "previousId": "anonymous", "userId": "lisa", "messageId": "a"});
    // Whichever comes first.
    server.segment(json!([alias])).await;
    server.segment(json!([group("anonymous", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    server.segment(json!([track("lisa", "Exported", "t1")])).await;
    let identify = json!({"type": "identify", "userId": "tom", "anonymousId": "browser", "messageId": "i"});
    server
        .segment(json!([
            group("browser", "acme", "Acme", "2026-11-23T11:00:00Z"),
            identify,
            track("tom", "Exported", "t2")
        ]))
        .await;
    assert_eq!(server.rejects().await, [""; 0]);
    assert_eq!(server.get("/api/v1/today").await["users_online"]["value"], 2);
}

#[tokio::test]
async fn names_told_without_an_event_show_at_once() {
    let server = start().await;
    let identify = |name: &str, time: &str| json!({"type": "identify", "userId": "lisa", "traits": {"name": name}, "timestamp": time});
    // Before the account is known, and before there is any event.
    server.segment(json!([identify("Lisa", "2026-11-23T11:00:00Z")])).await;
    server.segment(json!([group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    server.segment(json!([track("lisa", "Exported", "t1")])).await;
    assert_eq!(server.stream().await, ["Acme · Lisa · General · Exported 1 · 11:59:00"]);
    server.segment(json!([identify("Lisa Ray", "2026-11-23T11:30:00Z")])).await;
    server.segment(json!([group("lisa", "acme", "Acme Inc", "2026-11-23T11:30:00Z")])).await;
    // Older ones, late.
    server.segment(json!([identify("L.", "2026-11-23T11:10:00Z")])).await;
    server.segment(json!([track("lisa", "Exported", "t2")])).await;
    server.set_now(noon().plus_millis(10_000));
    assert_eq!(server.stream().await, ["Acme Inc · Lisa Ray · General · Exported 2 · 11:59:00"]);
}

#[tokio::test]
async fn a_retry_counts_once_and_a_wrong_clock_is_corrected() {
    let server = start().await;
    let mut call = track("lisa", "Exported", "t1");
    call["context"]["groupId"] = json!("acme");
    call["timestamp"] = json!("2026-11-23T12:59:50.000Z");
    let body = json!({"batch": [call], "sentAt": "2026-11-23T13:00:00.000Z"});
    for _ in 0..3 {
        server.taken(server.post("/v1/import").json(&body)).await;
    }
    assert_eq!(server.stream().await, ["acme · lisa · General · Exported 1 · 11:59:50"]);
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["1"]);
}

#[tokio::test]
async fn a_retry_counts_once_also_when_its_user_has_moved_on() {
    let server = start().await;
    let exported = |user: &str| json!([track(user, "Exported", "t1")]);
    // At first nobody knows where she belongs.
    server.segment(exported("lisa")).await;
    server.segment(json!([group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    server.segment(exported("lisa")).await;
    server.segment(json!([group("lisa", "new", "New", "2026-11-23T11:30:00Z")])).await;
    server.segment(exported("lisa")).await;
    assert_eq!(server.replay().await, [0, 1, 0]);
    // Another user's may have the same id, and so may that of an account that is named.
    server.segment(json!([group("tom", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    server.segment(exported("tom")).await;
    let mut named = track("lisa", "Exported", "t1");
    named["context"]["groupId"] = json!("acme");
    server.segment(json!([named, named])).await;
    assert_eq!(
        server.stream().await,
        ["Acme · lisa · General · Exported 2 · 11:59:00", "Acme · tom · General · Exported 1 · 11:59:00"]
    );
    let rollups = server.dump_rollups().await;
    assert_eq!(server.rebuild().await, 3);
    assert_eq!(server.dump_rollups().await, rollups);
}

#[tokio::test]
async fn segment_is_spoken_as_browsers_and_servers_speak_it() {
    let server = start().await;
    let key = server.key().await;
    let mut call = track("lisa", "Exported", "");
    call["context"]["groupId"] = json!("acme");
    let with = |id: &str, key: Option<&str>| {
        let mut call = call.clone();
        call["messageId"] = json!(id);
        call["writeKey"] = json!(key);
        call
    };
    // analytics.js: text/plain, the key in the body, short paths.
    let beacon =
        server.post("/v1/t").header(header::CONTENT_TYPE, "text/plain").body(with("1", Some(&key)).to_string());
    server.taken(beacon).await;
    server.taken(server.post("/v1/track").basic_auth(&key, Some("")).json(&with("2", None))).await;
    server.taken(server.post("/v1/track").bearer_auth(&key).json(&with("3", None))).await;
    let batch = json!({"batch": [with("4", None), with("5", None)], "writeKey": key}).to_string();
    let compressed = server.post("/v1/b").header(header::CONTENT_ENCODING, "gzip").body(gzip(&batch));
    server.taken(compressed.basic_auth(&key, Some(""))).await;
    assert_eq!(server.stream().await, ["acme · lisa · General · Exported 5 · 11:59:00"]);

    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(server.post("/v1/track").json(&with("6", Some("wrong")))).await, 401);
    assert_eq!(status(server.post("/v1/track").basic_auth("wrong", Some("")).json(&with("6", None))).await, 401);
    let reading = server.add_key("reading", Grant::Read).await;
    assert_eq!(status(server.post("/v1/track").json(&with("6", Some(&reading)))).await, 403);
    for (path, body, expected) in [
        ("/v1/track", "", 400),
        ("/v1/track", "[]", 400),
        ("/v1/batch", "{}", 400),
        ("/v1/batch", r#"{"batch": {}}"#, 400),
        ("/v1/nothing", "{}", 404),
    ] {
        assert_eq!(status(server.post(path).body(body)).await, expected, "{path} {body}");
    }
    let many = json!({"batch": vec![7; model::event::EVENTS_PER_REQUEST + 1]});
    assert_eq!(status(server.post("/v1/batch").json(&many)).await, 413);
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["5"]);
    assert_eq!(server.rejects().await, [""; 0]);
}

#[tokio::test]
async fn other_sites_may_send() {
    let server = start().await;
    for path in ["/v1/t", "/e/", "/batch/", "/flags/", "/pixel.gif", "/analytics/v1/track"] {
        let preflight = server
            .client
            .request(Method::OPTIONS, server.url(path))
            .header(header::ORIGIN, "https://app.example.com")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        let answer = preflight.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let said = |answer: &Response, name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(said(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some("*"));
        let allowed = said(&answer, header::ACCESS_CONTROL_ALLOW_HEADERS).unwrap();
        assert_eq!(allowed, "authorization,content-type");
        // An error must be readable too.
        let refused =
            server.post(path).header(header::ORIGIN, "https://app.example.com").body("{").send().await.unwrap();
        assert_eq!(said(&refused, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some("*"), "{path}");
        let method = server.client.request(Method::DELETE, server.url(path)).send().await.unwrap();
        assert_eq!(method.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_rejected_in_silence() {
    let server = start().await;
    let key = server.key().await;
    let large = "x".repeat(model::event::EVENT_BYTES);
    let calls = json!([
        7,
        {"type": "track", "userId": "lisa", "context": {"groupId": "acme"}, "messageId": key},
        {"type": "track", "event": "Exported", "context": {"groupId": "acme"}},
        {"type": "track", "userId": "lisa", "event": "", "context": {"groupId": "acme"}},
        {"type": "track", "userId": "lisa", "event": "Exported", "context": {"groupId": {"id": 7}}},
        {"type": "track", "userId": "lisa", "event": "Exported", "context": {"groupId": "acme"},
         "timestamp": "2026-11-23T12:10:01Z"},
        {"type": "track", "userId": "lisa", "event": "Exported", "context": {"groupId": "acme"}, "timestamp": "soon"},
        {"type": "track", "userId": "lisa", "event": large, "context": {"groupId": "acme"}},
        {"type": "track", "userId": "lisa", "event": "Exported"},
        {"type": "delete", "userId": "lisa"},
        {"type": "group", "userId": "lisa"},
        {"type": "identify", "userId": "lisa", "traits": {"name": "x".repeat(201)}},
    ]);
    server.taken(server.post("/v1/batch").json(&json!({"batch": calls, "writeKey": key}))).await;
    assert_eq!(
        server.rejects().await,
        [
            "segment clients invalid_type ",
            "segment clients missing_field /event",
            "segment clients missing_field /userId",
            "segment clients empty_text /event",
            "segment clients invalid_type /context/groupId",
            "segment clients time_in_future /timestamp",
            "segment clients invalid_time /timestamp",
            "segment clients event_too_large ",
            "segment clients unknown_account ",
            "segment clients unsupported_call /type",
            "segment clients missing_field /groupId",
            "segment clients text_too_long /traits/name",
        ]
    );
    server.taken(server.post("/v1/t").json(&json!({"userId": "lisa", "event": "Exported", "writeKey": key}))).await;
    let last = server.rejects().await.pop();
    assert_eq!(last.as_deref(), Some("segment clients unknown_account "));
    // Of a single call it is kept which it was. What is kept shows no key.
    let bodies = "SELECT detail FROM reject WHERE code = 'unknown_account'";
    assert!(server.texts(bodies).await[0].contains("lisa"));
    let with_key = server.kept_bodies().await;
    assert_eq!(with_key.len(), 13);
    assert!(with_key.iter().all(|body| !body.contains(&key)));
    assert!(with_key[12].contains(r#""type":"track""#));
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["0"]);
}

impl TestServer {
    async fn kept_bodies(&self) -> Vec<String> {
        let sql = match self.is_shared() {
            true => "SELECT convert_from(body, 'UTF8') FROM reject ORDER BY reject_no",
            false => "SELECT CAST(body AS TEXT) FROM reject ORDER BY reject_no",
        };
        self.texts(sql).await
    }
}

impl TestServer {
    /// Replays all that is kept, and says how many were stored, duplicates and still rejected.
    async fn replay(&self) -> [i64; 3] {
        let answer = self.taken(self.post("/api/v1/rejects/replay").json(&json!({"all": true}))).await;
        ["replayed", "duplicates", "rejected"].map(|name| answer[name].as_i64().unwrap())
    }
}

#[tokio::test]
async fn a_call_is_replayed_when_its_users_account_is_known() {
    let server = start().await;
    // The sender's clock is an hour fast.
    let mut call = track("lisa", "Exported", "t1");
    call["timestamp"] = json!("2026-11-23T12:59:50.000Z");
    let body = json!({"batch": [call], "sentAt": "2026-11-23T13:00:00.000Z"});
    server.taken(server.post("/v1/batch").json(&body)).await;
    let mut event = json!({"event": "exported", "distinct_id": "tom", "properties": {}, "offset": 20_000});
    server.taken(server.post("/e/").json(&event)).await;
    let message = json!({"userId": "ann", "event": "exported"});
    server.taken(server.post("/analytics/v1/track").json(&message)).await;
    assert_eq!(server.replay().await, [0, 0, 3]);

    server.set_now(noon().plus_millis(3_600_000));
    server.segment(json!([group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    event = json!({"event": "$set", "distinct_id": "tom", "properties": {"$groups": {"company": "globex"}}});
    server.taken(server.post("/e/").json(&event)).await;
    let told = json!({"userId": "ann", "accountId": "acme", "traits": {"name": "Ann Lee"}});
    server.taken(server.post("/analytics/v1/user").json(&told)).await;
    assert_eq!(server.replay().await, [3, 0, 0]);
    assert_eq!(server.replay().await, [0, 0, 0]);
    // Sent again, it is the same use.
    server.taken(server.post("/v1/batch").json(&body)).await;
    assert_eq!(
        server.stream().await,
        [
            "Acme · Ann Lee · General · exported 1 · 12:00:00",
            "Acme · lisa · General · Exported 1 · 11:59:50",
            "globex · tom · General · exported 1 · 11:59:40",
        ]
    );
    assert_eq!(server.rejects().await, [""; 0]);
}

#[tokio::test]
async fn a_call_is_replayed_by_todays_module_rules() {
    let server = start().await;
    let page = json!({"type": "page", "userId": "lisa", "category": "x".repeat(201), "messageId": "p",
        "context": {"groupId": "acme", "page": {"path": "/settings"}}, "timestamp": "2026-11-23T11:59:30Z"});
    server.segment(json!([page, track("lisa", "report.export", "t1")])).await;
    assert_eq!(server.rejects().await, ["segment  text_too_long /category", "segment  unknown_account "]);
    let rules = json!({"rules": [
        {"kind": "path", "prefix": "/settings", "module": "Settings"},
        {"kind": "event", "prefix": "report.", "module": "Reports", "strip": true},
    ]});
    server.taken(server.client.put(server.url("/api/v1/module-rules")).json(&rules)).await;
    assert_eq!(server.replay().await, [1, 0, 1]);
    server.segment(json!([group("lisa", "acme", "Acme", "2026-11-23T11:00:00Z")])).await;
    assert_eq!(server.replay().await, [1, 0, 0]);
    assert_eq!(
        server.stream().await,
        ["Acme · lisa · Reports · export 1 · 11:59:00", "Acme · lisa · Settings · View 1 · 11:59:30"]
    );
}

#[tokio::test]
async fn a_call_that_is_still_rejected_stays_with_its_new_reason() {
    let server = start().await;
    let mut early = track("lisa", "Exported", "t1");
    early["timestamp"] = json!("2026-11-23T13:00:00Z");
    server.segment(json!([early, {"type": "delete", "userId": "lisa"}])).await;
    let rejects = "SELECT detail FROM reject ORDER BY reject_no";
    assert!(server.texts(rejects).await[0].contains("10 minutes"));
    let bodies = server.kept_bodies().await;
    server.set_now(noon().plus_millis(3_600_000));
    assert_eq!(server.replay().await, [0, 0, 2]);
    assert_eq!(server.rejects().await, ["segment  unknown_account ", "segment  unsupported_call /type"]);
    assert!(server.texts(rejects).await[0].contains("none is known of “lisa”"));
    assert_eq!(server.kept_bodies().await, bodies);
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["0"]);
}

#[tokio::test]
async fn what_a_replayed_call_tells_of_its_user_holds_from_then_on() {
    let server = start().await;
    let early = |mut call: Value| {
        call["timestamp"] = json!("2026-11-23T12:30:00.000Z");
        call
    };
    let named = json!({"type": "identify", "userId": "lisa", "traits": {"name": "Lisa Ray"}});
    // Each in a request of its own, and the use before what it depends on.
    for call in [track("lisa", "Exported", "t1"), named, group("lisa", "acme", "Acme Inc", "")] {
        server.segment(json!([early(call)])).await;
    }
    server.set_now(noon().plus_millis(3_600_000));
    assert_eq!(server.replay().await, [3, 0, 0]);
    server.taken(server.post("/v1/track").json(&track("lisa", "Printed", "t2"))).await;
    assert_eq!(server.stream().await, ["Acme Inc · Lisa Ray · General · Exported 1, Printed 1 · 12:30:00"]);
    // An older one does not go before a newer one, also when it is replayed later.
    let moved = |account: &str, time: &str| server.post("/v1/group").json(&group("lisa", account, account, time));
    server.taken(moved("new", "2026-11-23T14:00:00Z")).await;
    server.set_now(noon().plus_millis(3 * 3_600_000));
    server.taken(moved("newest", "2026-11-23T14:30:00Z")).await;
    assert_eq!(server.replay().await, [1, 0, 0]);
    let stored = "SELECT value FROM identity WHERE user_id = 'lisa' AND kind = 'account'";
    assert_eq!(server.texts(stored).await, ["newest"]);
}

#[tokio::test]
async fn a_corrected_call_happened_when_it_was_received() {
    let server = start().await;
    let pixel = server.client.get(server.url("/pixel.gif?sdr_o=acme&sdr_a=Exported"));
    assert_eq!(pixel.send().await.unwrap().status(), StatusCode::OK);
    server.set_now(noon().plus_millis(3_600_000));
    let id = server.get("/api/v1/rejects").await["newest"].clone();
    let body = r#"{"sdr_o":"acme","sdr_a":"Exported","sdr_u":"lisa"}"#;
    let corrected = || server.post("/api/v1/rejects/replay").json(&json!({"ids": [id], "body": body}));
    assert_eq!(server.taken(corrected()).await["replayed"], 1);
    assert_eq!(server.taken(corrected()).await["replayed"], 0);
    assert_eq!(server.stream().await, ["acme · lisa · General · Exported 1 · 12:00:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_replayed_come_out_as_those_that_were_taken_at_once() {
    let [first, other] = [start().await, start().await];
    let groups: Vec<Value> = (0..7)
        .map(|user: i32| {
            group(&format!("user {user}"), &format!("account {}", user % 3), "Acme", "2026-11-23T10:00:00Z")
        })
        .collect();
    // Without ids: what is stored twice is counted twice.
    let calls = |request: usize| {
        let call = |number: usize| {
            let mut call = track(&format!("user {}", (request + number) % 7), "Exported", "");
            call["timestamp"] = json!(format!("2026-11-{:02}T11:{:02}:00Z", 20 + request % 4, number * 5 % 60));
            call
        };
        json!((0..30).map(call).collect::<Vec<_>>())
    };
    first.segment(json!(groups)).await;
    for server in [&first, &other] {
        for request in 0..20 {
            server.segment(calls(request)).await;
        }
    }
    assert_eq!((first.rejects().await.len(), other.rejects().await.len()), (0, 600));
    for server in [&first, &other] {
        server.set_now(noon().plus_millis(60_000));
    }
    other.segment(json!(groups)).await;
    let another = if other.is_shared() { Some(other.another().await) } else { None };
    let replays = (0..6).map(|number| another.as_ref().filter(|_| number % 2 == 0).unwrap_or(&other).replay());
    let answers = futures::future::join_all(replays).await;
    assert_eq!(answers.iter().map(|answer| answer[0]).sum::<i64>(), 600);
    for path in [
        "/api/v1/today",
        "/api/v1/today/stream",
        "/api/v1/usage?from=2026-11-19&to=2026-11-23",
        "/api/v1/usage/activities?from=2026-11-23&to=2026-11-23",
    ] {
        assert_eq!(other.get(path).await, first.get(path).await, "{path}");
    }
    let rollups = other.dump_rollups().await;
    other.rebuild().await;
    assert_eq!(other.dump_rollups().await, rollups);
}

#[tokio::test]
async fn posthog_events_show_in_the_dashboards() {
    let server = start().await;
    let key = server.key().await;
    let event = |event: &str, uuid: &str, properties: Value| {
        let time = "2026-11-23T11:59:00.123456+00:00";
        json!({"event": event, "distinct_id": "lisa", "uuid": uuid, "timestamp": time, "properties": properties})
    };
    let groups = json!({"company": "acme", "project": 7});
    let batch = json!([
        event(
            "$groupidentify",
            "1",
            json!({"$group_type": "company", "$group_key": "acme", "$group_set": {"name": "Acme Inc"}})
        ),
        event(
            "$groupidentify",
            "2",
            json!({"$group_type": "project", "$group_key": "7", "$group_set": {"name": "Seven"}})
        ),
        event("$identify", "3", json!({"$set": {"name": "Lisa Ray", "email": "lisa@acme.example"}})),
        event("report exported", "4", json!({"$groups": groups, "module": "Reports"})),
        event("report exported", "5", json!({})),
        event("$pageview", "6", json!({"$current_url": "https://app.example.com/x", "$groups": groups})),
        event("$autocapture", "7", json!({"$groups": groups})),
        event("$feature_flag_called", "8", json!({"$groups": groups})),
    ]);
    let body =
        json!({"api_key": key, "batch": batch, "sent_at": "2026-11-23T12:00:00+00:00", "historical_migration": false});
    // As posthog-node and the Python client send it, and again.
    let request = || server.post("/batch/").header(header::CONTENT_ENCODING, "gzip").body(gzip(&body.to_string()));
    assert_eq!(server.taken(request()).await, json!({"status": 1}));
    server.taken(request()).await;
    assert_eq!(
        server.stream().await,
        [
            "Acme Inc · Lisa Ray · General · View 1, report exported 1 · 11:59:00",
            "Acme Inc · Lisa Ray · Reports · report exported 1 · 11:59:00",
        ]
    );
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["4"]);
    assert_eq!(server.rejects().await, [""; 0]);
}

#[tokio::test]
async fn posthog_is_spoken_as_browsers_of_any_age_speak_it() {
    let server = start().await;
    let key = server.key().await;
    let event = |uuid: &str| {
        let properties = json!({"token": key, "distinct_id": "lisa", "$groups": {"company": "acme"}});
        let time = "2026-11-23T11:59:00.000Z";
        json!({"uuid": uuid, "event": "exported", "properties": properties, "timestamp": time})
    };
    let one = event("1").to_string();
    let sent = "sent_at=1795435200000&ip=0&ver=1";
    server
        .taken(
            server
                .post(&format!("/i/v0/e/?compression=gzip-js&{sent}"))
                .header(header::CONTENT_TYPE, "text/plain")
                .body(gzip(&one)),
        )
        .await;
    let array = json!([event("2"), event("3")]).to_string();
    server.taken(server.post("/e/?compression=gzip-js").body(gzip(&array))).await;
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let form = |data: &str| form_urlencoded::Serializer::new(String::new()).append_pair("data", data).finish();
    let in_form = |path: &str, data: &str| {
        server.post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(data))
    };
    server.taken(in_form("/e/?compression=base64", &encode(&event("4").to_string()))).await;
    server.taken(in_form("/track/", &event("5").to_string())).await;
    server
        .taken(server.post("/capture").json(&json!({"api_key": key, "event": "exported", "distinct_id": "lisa",
        "properties": {"$groups": {"company": "acme"}}, "uuid": "6"})))
        .await;
    // Ten minutes ago, by a clock that is an hour fast.
    let mut late = event("7");
    late["timestamp"] = json!("2026-11-23T12:50:00.000Z");
    late["event"] = json!("late");
    server
        .taken(
            server.post("/capture/").json(&json!({"batch": [late], "token": key, "sent_at": "2026-11-23T13:00:00Z"})),
        )
        .await;
    let mut offset = event("8");
    offset.as_object_mut().unwrap().remove("timestamp");
    offset["offset"] = json!(90_000);
    offset["properties"]["module"] = json!("Other");
    server.taken(server.post("/e").json(&json!([offset]))).await;
    assert_eq!(
        server.stream().await,
        ["acme · lisa · General · exported 6, late 1 · 12:00:00", "acme · lisa · Other · exported 1 · 11:58:30"]
    );
    let uses = &server.get("/api/v1/today/stream").await["entries"][0]["uses"];
    assert!(
        uses.as_array()
            .unwrap()
            .iter()
            .any(|used| used["action"] == "late" && used["at"] == "2026-11-23T11:50:00.000Z")
    );
    let mut wrong = event("9");
    wrong["properties"]["token"] = json!("wrong");
    assert_eq!(server.post("/e/").json(&wrong).send().await.unwrap().status(), 401);
    assert_eq!(in_form("/e/", "%%%").send().await.unwrap().status(), 400);
    assert_eq!(server.rejects().await, [""; 0]);
    for path in ["/flags/?v=2", "/flags?v=2", "/decide/?v=3"] {
        assert_eq!(server.taken(server.post(path).body("{}")).await["featureFlags"], json!({}));
    }
}

#[tokio::test]
async fn totangos_pixel_is_always_a_pixel() {
    let server = start().await;
    let key = server.key().await;
    let pixel = async |request: RequestBuilder| {
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &header::HeaderValue::from_static("image/gif"))
        );
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        assert!(answer.bytes().await.unwrap().starts_with(b"GIF89a\x01\0\x01\0"));
    };
    let get = |query: &str| server.client.get(server.url(&format!("/pixel.gif?sdr_s={key}&{query}")));
    pixel(get("sdr_o=acme&sdr_odn=Acme%20Inc&sdr_u=lisa&sdr_m=Reports&sdr_a=Exported&sdr_o.Plan=Pro")).await;
    pixel(get("sdr_o=acme&sdr_u=lisa&sdr_m=Reports&sdr_a=__heartbeat")).await;
    let form = format!("sdr_s={key}&sdr_o=acme&sdr_u=tom&sdr_a=Log+in");
    let post = server.post("/pixel.gif").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    pixel(post).await;
    pixel(get("sdr_o=acme&sdr_o.account_name=Acme")).await;
    // Who only asks whether there is a pixel has used nothing.
    let asked = server.client.head(server.url(&format!("/pixel.gif?sdr_s={key}&sdr_o=acme&sdr_u=eve&sdr_a=x")));
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        server.stream().await,
        ["Acme Inc · lisa · Reports · Exported 1 · 12:00:00", "Acme Inc · tom · General · Log in 1 · 12:00:00"]
    );
    pixel(get("sdr_u=lisa&sdr_a=Exported")).await;
    pixel(get("sdr_o=acme&sdr_a=Exported")).await;
    assert_eq!(
        server.rejects().await,
        ["totango clients missing_field /sdr_o", "totango clients missing_field /sdr_u"]
    );
    assert_eq!(server.kept_bodies().await[0], r#"{"sdr_a":"Exported","sdr_u":"lisa"}"#);
    let unknown =
        server.client.get(server.url("/pixel.gif?sdr_s=SP-1&sdr_o=acme&sdr_u=lisa&sdr_a=x")).send().await.unwrap();
    assert_eq!(unknown.status(), 401);
}

#[tokio::test]
async fn vitallys_messages_show_in_the_dashboards() {
    let server = start().await;
    let key = server.key().await;
    let time = "2026-11-23T11:59:00Z";
    let batch = json!([
        {"type": "organization", "organizationId": "group", "traits": {"name": "Group"}, "messageId": "1",
         "timestamp": time},
        {"type": "account", "accountId": 123, "traits": {"name": "Acme Inc"}, "messageId": "2", "timestamp": time},
        {"type": "user", "userId": 32, "accountId": 123, "traits": {"name": "Lisa Ray"}, "messageId": "3",
         "timestamp": time},
        {"type": "unlink", "userId": 32, "accountId": 123},
    ]);
    // Its own documentation shows the token as it is.
    let raw = server.post("/analytics/v1/batch").header(header::AUTHORIZATION, format!("Basic {key}")).json(&batch);
    assert_eq!(server.taken(raw).await, json!({"message": "Success."}));
    let track = json!({"userId": "32", "event": "view-report", "properties": {"module": "Reports"},
        "messageId": "4", "timestamp": time});
    for _ in 0..2 {
        server.taken(server.post("/analytics/v1/track").basic_auth(&key, Some("")).json(&track)).await;
    }
    assert_eq!(server.stream().await, ["Acme Inc · Lisa Ray · Reports · view-report 1 · 11:59:00"]);
    assert_eq!(server.rejects().await, ["vitally clients unsupported_call /type"]);
    let unknown = server.post("/analytics/v1/track").basic_auth("wrong", Some("")).json(&track);
    assert_eq!(unknown.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn module_rules_hold_on_every_server_a_tick_later() {
    let server = start().await;
    let put = |rules: Value| server.client.put(server.url("/api/v1/module-rules")).json(&rules);
    let rules = json!({"rules": [
        {"kind": "event", "prefix": "report.", "module": "Reports", "strip": true},
        {"kind": "path", "prefix": "/settings", "module": "Settings", "strip": false},
    ]});
    let mut track = track("lisa", "report.export", "t1");
    track["context"]["groupId"] = json!("acme");
    server.segment(json!([track])).await;
    assert_eq!(server.taken(put(rules.clone())).await, rules);
    let other = server.is_shared().then(|| server.another());
    assert_eq!(server.get("/api/v1/module-rules").await, rules);
    track["messageId"] = json!("t2");
    let page = json!({"type": "page", "userId": "lisa", "context": {"groupId": "acme",
        "page": {"path": "/settings/users"}}, "messageId": "p", "timestamp": "2026-11-23T11:59:00Z"});
    server.segment(json!([track, page])).await;
    if let Some(other) = other {
        let other = other.await;
        assert_eq!(other.get("/api/v1/module-rules").await, rules);
        other
            .segment(
                json!([{"type": "track", "userId": "tom", "event": "report.export", "context": {"groupId": "acme"}}]),
            )
            .await;
        server.taken(put(json!({"rules": []}))).await;
        other.set_now(noon().plus_millis(10_000));
        other
            .segment(
                json!([{"type": "track", "userId": "tom", "event": "report.export", "context": {"groupId": "acme"}}]),
            )
            .await;
        let of_tom: Vec<String> = other.stream().await.into_iter().filter(|entry| entry.contains("tom")).collect();
        assert_eq!(
            of_tom,
            ["acme · tom · General · report.export 1 · 12:00:10", "acme · tom · Reports · export 1 · 12:00:00"]
        );
    }
    let of_lisa: Vec<String> = server.stream().await.into_iter().filter(|entry| entry.contains("lisa")).collect();
    assert_eq!(
        of_lisa,
        [
            "acme · lisa · General · report.export 1 · 11:59:00",
            "acme · lisa · Reports · export 1 · 11:59:00",
            "acme · lisa · Settings · View 1 · 11:59:00",
        ]
    );
    let refused = put(json!({"rules": [{"kind": "path", "prefix": "settings", "module": ""}]})).send().await.unwrap();
    assert_eq!(refused.status(), 422);
    let problem: Value = refused.json().await.unwrap();
    let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/rules/0/module", "/rules/0/prefix"]);
    assert_eq!(put(json!({"rules": []})).bearer_auth(server.key().await).send().await.unwrap().status(), 403);
    assert_eq!(put(json!({"rules": []})).bearer_auth("um_unknown").send().await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_hear_of_the_same_users_at_once_agree() {
    let server = start().await;
    let another = if server.is_shared() { Some(server.another().await) } else { None };
    let servers = [Some(&server), another.as_ref()];
    let senders = (0..12_usize).map(|sender| async move {
        for round in 0..10_usize {
            // Each in an order of its own; the newest is the same for all.
            let calls = (0..20_usize).map(|step| {
                let user = (step * 7 + sender * 3 + round) % 20;
                let (minute, user) = ((sender + round) % 12, format!("user {user}"));
                match step % 3 {
                    0 => group(
                        &user,
                        &format!("account {minute}"),
                        &format!("Name {sender}"),
                        &format!("2026-11-23T11:{minute:02}:00Z"),
                    ),
                    1 => json!({"type": "alias", "userId": user, "previousId": format!("user {sender}")}),
                    _ => track(&user, "Exported", &format!("{sender} {round} {step}")),
                }
            });
            let chosen = servers[(sender + round) % 2].unwrap_or(servers[0].unwrap());
            chosen.segment(json!(calls.collect::<Vec<_>>())).await;
        }
    });
    futures::future::join_all(senders).await;
    let stored =
        server.texts("SELECT user_id || ' ' || value FROM identity WHERE kind = 'account' ORDER BY user_id").await;
    assert_eq!(stored.len(), 20);
    assert!(stored.iter().all(|told| told.ends_with(" account 11")), "{stored:?}");
    let rollups = server.dump_rollups().await;
    server.rebuild().await;
    assert_eq!(server.dump_rollups().await, rollups);
}

/// JSON of any kind, often with the names that mean something.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        proptest::sample::select(vec![
            "",
            " ",
            "track",
            "page",
            "group",
            "identify",
            "alias",
            "user",
            "account",
            "acme",
            "lisa",
            "$pageview",
            "$identify",
            "__heartbeat",
            "2026-11-23T11:00:00Z",
            "1970-01-01T00:00:00",
            "a\u{0}",
            "9999-12-31T23:59:59.999Z",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "batch",
            "type",
            "event",
            "userId",
            "anonymousId",
            "previousId",
            "groupId",
            "context",
            "traits",
            "name",
            "properties",
            "timestamp",
            "messageId",
            "sentAt",
            "sent_at",
            "distinct_id",
            "$groups",
            "company",
            "uuid",
            "offset",
            "$set",
            "accountId",
            "module",
            "category",
            "$group_key",
            "$group_set",
            "alias",
            "firstName",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// How many requests with arbitrary bodies each run sends, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 96;

#[test]
fn no_body_is_too_strange() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(start());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let batch = proptest::collection::vec(any_json(), 0..6);
    let bodies = prop_oneof![
        4 => any_json().prop_map(|json| json.to_string().into_bytes()),
        4 => batch.prop_map(|calls| json!({"batch": calls}).to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..64),
    ];
    let paths = proptest::sample::select(vec![
        "/v1/track",
        "/v1/batch",
        "/v1/g",
        "/v1/i",
        "/v1/p",
        "/e/",
        "/batch/",
        "/pixel.gif",
        "/analytics/v1/batch",
        "/analytics/v1/track",
        "/analytics/v1/user",
    ]);
    proptest::test_runner::TestRunner::new(config)
        .run(&(paths, bodies), |(path, body)| {
            let status = runtime.block_on(server.post(path).body(body).send()).unwrap().status().as_u16();
            prop_assert!([200, 400, 401].contains(&status), "{} {}", path, status);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
