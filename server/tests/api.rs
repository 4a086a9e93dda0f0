//! The API as clients meet it: forms, limits, failures, and what an answer promises.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::TestServer;
use model::{
    instant::Instant,
    key::{Grant, NewKey},
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::io::Write;

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

impl TestServer {
    async fn send(&self, body: &Value) -> Value {
        let answer = self.client.post(self.url("/api/v1/events")).json(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// The status of a request that must fail, after checking that it fails as every request must.
    async fn problem(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        let retry = answer.headers().contains_key(header::RETRY_AFTER);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
        }
        assert_eq!(retry, status == 503, "Retry-After of {problem}");
        (status, problem)
    }
}

#[tokio::test]
async fn events_are_counted_once_and_the_wrong_ones_told() {
    let server = start().await;
    let mut known = event("lisa");
    known["id"] = json!("e1");
    assert_eq!(server.send(&known).await, json!({"accepted": 1, "duplicates": 0, "rejected": []}));
    let mut future = event("lisa");
    future["time"] = json!("2026-11-23T11:10:00.001Z");
    let answer = server.send(&json!({"events": [known, event("tom"), future]})).await;
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(1), &json!(1)));
    assert_eq!(answer["rejected"][0]["index"], 2);
    assert_eq!(answer["rejected"][0]["code"], "time_in_future");
    assert_eq!(answer["rejected"][0]["pointer"], "/events/2/time");
    assert_eq!(server.get("/api/v1/today").await["users_online"], json!({"value": 2, "of": 2, "change": null}));
}

#[tokio::test]
async fn the_same_id_in_two_accounts_is_two_events() {
    let server = start().await;
    let of = |account: &str| json!({"id": "1", "account": account, "user": "u", "module": "m", "action": "x"});
    let answer = server.send(&json!([of("a"), of("b"), of("a")])).await;
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(2), &json!(1)));
}

/// As many as are entered at once, as if all were new.
#[tokio::test]
async fn of_many_ids_those_that_are_taken_are_told_apart() {
    let server = start().await;
    let events = |ids: std::ops::Range<i64>| -> Value {
        ids.map(|id| {
            json!({"id": format!("e{id}"), "account": format!("account {}", id % 7), "user": "lisa",
            "module": "Dashboard", "action": "Export"})
        })
        .collect()
    };
    for (ids, accepted, duplicates) in [(0..2_000, 2_000, 0), (1_500..3_500, 1_500, 500), (0..3_500, 0, 3_500)] {
        let answer = server.send(&events(ids)).await;
        assert_eq!(answer, json!({"accepted": accepted, "duplicates": duplicates, "rejected": []}));
    }
    assert_eq!(server.get("/api/v1/today").await["popular_modules"][0]["actions"], 3_500);
}

#[tokio::test]
async fn every_encoding_is_understood() {
    let server = start().await;
    let plain = event("lisa").to_string();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    let post = |encoding: &'static str, body: Vec<u8>| {
        let request = server.client.post(server.url("/api/v1/events")).header(header::CONTENT_TYPE, "application/json");
        request.header(header::CONTENT_ENCODING, encoding).body(body)
    };
    let gzip = gzip.finish().unwrap();
    assert_eq!(post("gzip", gzip.clone()).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(server.problem(post("gzip", gzip[..20].to_vec())).await.0, 400);
    assert_eq!(server.problem(post("gzip", plain.clone().into_bytes())).await.0, 400);
    assert_eq!(server.problem(post("compress", plain.into_bytes())).await.0, 415);
}

#[tokio::test]
async fn a_body_too_large_after_decompression_is_refused() {
    let server = start().await;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..20 {
        bomb.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    let request = server.client.post(server.url("/api/v1/events")).header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::CONTENT_ENCODING, "gzip").body(bomb.finish().unwrap());
    assert_eq!(server.problem(request).await.0, 413);
}

#[tokio::test]
async fn every_route_fails_in_the_same_form() {
    let server = start().await;
    let request = |method: Method, path: &str| server.client.request(method, server.url(path));
    let events = || request(Method::POST, "/api/v1/events").header(header::CONTENT_TYPE, "application/json");
    for (request, status) in [
        (request(Method::GET, "/api/v1/nothing"), 404),
        (request(Method::GET, "/api"), 404),
        (request(Method::GET, "/api/"), 404),
        (request(Method::POST, "/api"), 404),
        (request(Method::GET, "/api/docs/nothing"), 404),
        (request(Method::GET, "/api/v1/events"), 405),
        (request(Method::DELETE, "/api/v1/today"), 405),
        (request(Method::POST, "/"), 405),
        (request(Method::POST, "/api/v1/events").body("{}"), 415),
        (request(Method::POST, "/api/v1/events").header(header::CONTENT_TYPE, "text/xml").body("{}"), 415),
        (events().body("{"), 400),
        (events().body("7"), 400),
        (events().body(r#"{"events": {}}"#), 422),
        (events().body(vec![b' '; model::event::REQUEST_BYTES + 1]), 413),
        (request(Method::GET, "/api/v1/today?team=red"), 404),
        (request(Method::GET, "/api/v1/today/stream?limit=201"), 422),
        (request(Method::GET, "/api/v1/today/stream?before=x"), 422),
        (request(Method::GET, "/api/v1/usage?period=last_8_days"), 422),
        (request(Method::GET, "/api/v1/usage?from=2026-01-01"), 422),
        (request(Method::GET, "/api/v1/usage/activities?sort=size"), 422),
        (request(Method::GET, "/api/v1/usage/modules?order=up"), 422),
        (request(Method::GET, "/api/v1/usage/activities.csv?offset=x"), 422),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(server.problem(request).await.0, status, "{shown}");
    }
    let (_, problem) = server.problem(request(Method::GET, "/api/v1/usage?period=x")).await;
    assert_eq!(problem["errors"][0]["pointer"], "/period");
    let (_, problem) = server.problem(request(Method::GET, "/api/v1/events")).await;
    assert_eq!(problem["detail"], "/api/v1/events does not take GET");
    let replay = |body: Value| request(Method::POST, "/api/v1/rejects/replay").json(&body);
    let (status, problem) = server.problem(replay(json!({"ids": [1, "two"], "every": true}))).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/every")));
    assert_eq!(problem["errors"][1], json!({"pointer": "/ids/1", "detail": "must be an id, a whole number"}));
    assert_eq!(server.problem(request(Method::POST, "/api/v1/rejects/replay").body("{}")).await.0, 415);
    assert_eq!(server.problem(replay(json!({})).body("{")).await.0, 400);
}

#[tokio::test]
async fn where_nobody_need_sign_in_no_page_of_another_origin_changes_anything() {
    let server = start().await;
    let rules = |origin: &[(&str, &str)]| {
        let request = server.client.put(server.url("/api/v1/module-rules")).json(&json!({"rules": []}));
        origin.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    for foreign in [&[("origin", "https://evil.example")][..], &[("sec-fetch-site", "cross-site")]] {
        assert_eq!(server.problem(rules(foreign)).await.0, 403);
        let dismissing = server.client.delete(server.url("/api/v1/rejects?all=true"));
        let dismissing = foreign.iter().fold(dismissing, |request, (name, value)| request.header(*name, *value));
        assert_eq!(server.problem(dismissing).await.0, 403);
    }
    for ours in [&[("origin", server.base_url.as_str())][..], &[("sec-fetch-site", "same-origin")], &[]] {
        assert_eq!(rules(ours).send().await.unwrap().status(), StatusCode::OK, "{ours:?}");
    }
}

#[tokio::test]
async fn the_files_of_a_database_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = start().await;
    server.send(&event("lisa")).await;
    for file in server.database_files() {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_refused_body_stores_nothing() {
    let server = start().await;
    let body = format!("[{},", event("lisa"));
    let request = server.client.post(server.url("/api/v1/events")).header(header::CONTENT_TYPE, "application/json");
    assert_eq!(server.problem(request.body(body)).await.0, 400);
    assert_eq!(server.get("/api/v1/workspace").await["data_since"], Value::Null);
}

#[tokio::test]
async fn today_is_the_same_within_a_tick() {
    let server = start().await;
    server.send(&event("lisa")).await;
    let first = server.client.get(server.url("/api/v1/today")).send().await.unwrap();
    let etag = first.headers()[header::ETAG].clone();
    server.set_now(noon().plus_millis(9_999));
    server.send(&event("tom")).await;
    let conditional = || server.client.get(server.url("/api/v1/today")).header(header::IF_NONE_MATCH, etag.clone());
    assert_eq!(conditional().send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    server.set_now(noon().plus_millis(10_000));
    let next: Value = conditional().send().await.unwrap().json().await.unwrap();
    assert_eq!(next["users_online"], json!({"value": 2, "of": 2, "change": 1}));
    // No tick between: nothing to compare with.
    server.set_now(noon().plus_millis(40_000));
    assert_eq!(server.get("/api/v1/today").await["users_online"]["change"], Value::Null);
}

#[tokio::test]
async fn today_ends_at_local_midnight() {
    let server = start().await;
    server.set_now(Instant::parse("2026-11-23T22:59:50Z").unwrap());
    server.send(&event("lisa")).await;
    let before = server.get("/api/v1/today").await;
    assert_eq!((&before["day"], &before["users_online"]["of"]), (&json!("2026-11-23"), &json!(1)));
    server.set_now(Instant::parse("2026-11-23T23:00:00Z").unwrap());
    let after = server.get("/api/v1/today").await;
    assert_eq!(after["day"], "2026-11-24");
    assert_eq!(after["users_online"], json!({"value": 1, "of": 0, "change": 0}));
    assert_eq!(after["time_per_user"], json!({"seconds": null, "change_seconds": null}));
    assert_eq!(server.get("/api/v1/today/stream").await["entries"], json!([]));
    assert_eq!(server.get("/api/v1/usage?period=yesterday").await["time_spent"]["seconds"], 60);
}

#[tokio::test]
async fn lisa_used_the_dashboard_three_times_and_then_once_more() {
    let server = start().await;
    let mut three = event("lisa");
    three["count"] = json!(3);
    server.send(&three).await;
    server.set_now(noon().plus_millis(26 * 60_000));
    server.send(&event("lisa")).await;
    server.set_now(noon().plus_millis(28 * 60_000));
    let stream = server.get("/api/v1/today/stream").await;
    let entries = stream["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["count"], 4);
    assert_eq!(entries[0]["uses"][0], json!({"action": "Export", "at": "2026-11-23T11:26:00.000Z", "count": 1}));
    assert_eq!(entries[0]["uses"][1], json!({"action": "Export", "at": "2026-11-23T11:00:00.000Z", "count": 3}));
}

#[tokio::test]
async fn tables_come_as_files_too() {
    let server = start().await;
    let mut yesterday = event("lisa");
    yesterday["time"] = json!("2026-11-22T11:00:00Z");
    yesterday["action"] = json!("=cmd");
    server.send(&yesterday).await;
    let path = "/api/v1/usage/activities.csv?period=yesterday";
    let file = server.client.get(server.url(path)).send().await.unwrap();
    assert_eq!(file.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let name = "attachment; filename=\"activities-2026-11-22-2026-11-22.csv\"";
    assert_eq!(file.headers()[header::CONTENT_DISPOSITION], name);
    let text = file.text().await.unwrap();
    let expected = "module,action,actions,previous_actions,change,change_percent\r\n\"Dashboard\",\"'=cmd\",1,0,\"unknown\",\"\"\r\n";
    assert_eq!(text.trim_start_matches('\u{feff}'), expected);
    let negotiated = server.client.get(server.url("/api/v1/usage/activities?period=yesterday"));
    let negotiated = negotiated.header(header::ACCEPT, "text/csv").send().await.unwrap().text().await.unwrap();
    assert_eq!(negotiated, text);
    for (accept, expected) in [
        ("text/csv; charset=utf-8", "text/csv; charset=utf-8"),
        ("text/*, application/json;q=0.9", "text/csv; charset=utf-8"),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("text/csv;q=0.9, */*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
    ] {
        let answer = server.client.get(server.url("/api/v1/usage/activities")).header(header::ACCEPT, accept);
        assert_eq!(answer.send().await.unwrap().headers()[header::CONTENT_TYPE], expected, "{accept}");
    }
}

#[tokio::test]
async fn what_can_be_no_account_is_one_that_nobody_knows() {
    let server = start().await;
    server.send(&event("lisa")).await;
    let long: String = (0..9_000).map(|n| char::from(b'a' + u8::try_from(n * n % 26).unwrap())).collect();
    for account in ["%00", "a%00", "nobody", &long] {
        for path in ["/api/v1/usage?period=yesterday", "/api/v1/today/stream?limit=9", "/activities?period=yesterday"] {
            let answer = server.client.get(server.url(&format!("{path}&account={account}"))).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path} {:.9}", account);
        }
    }
    let cursor = "eyJsYXN0X3VzZSI6MSwiYWNjb3VudCI6IlwwIiwidXNlciI6IiIsIm1vZHVsZSI6IiJ9";
    let null = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        r#"{"last_use":1,"account":"\u0000","user":"","module":"","module_no":0}"#,
    );
    for before in [cursor, &null] {
        let request = server.client.get(server.url(&format!("/api/v1/today/stream?before={before}")));
        assert_eq!(server.problem(request).await.0, 422);
    }
}

#[tokio::test]
async fn a_parameter_is_given_once() {
    let server = start().await;
    for query in ["team=1&team=", "account=a&account=b", "limit=1&limit=1", "team=&team="] {
        for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/usage/modules", "/api/v1/rejects"] {
            let (status, problem) = server.problem(server.client.get(server.url(&format!("{path}?{query}")))).await;
            assert_eq!(status, 422, "{path}?{query}");
            let name = query.split('=').next().unwrap();
            assert_eq!(problem["errors"][0]["pointer"], json!(format!("/{name}")), "{path}?{query}");
        }
        for page in ["/", "/activities", "/quality"] {
            let answer = server.client.get(server.url(&format!("{page}?{query}"))).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{page}?{query}");
        }
    }
}

#[tokio::test]
async fn a_key_is_held_to_its_grant() {
    let server = start().await;
    let (ingest, read) = (server.add_key("in", Grant::Ingest).await, server.add_key("out", Grant::Read).await);
    let taken = NewKey { name: "out".into(), grant: Grant::Read, expires: None, team: None };
    assert!(server.keys.make(taken, server.author()).await.is_err());
    let post = |key: &str| server.client.post(server.url("/api/v1/events")).bearer_auth(key).json(&event("lisa"));
    let get = |key: &str| server.client.get(server.url("/api/v1/today")).bearer_auth(key);
    assert_eq!(post(&ingest).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(get(&read).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(server.problem(post(&read)).await.0, 403);
    assert_eq!(server.problem(get(&ingest)).await.0, 403);
    assert_eq!(server.problem(get("um_unknown")).await.0, 401);
    for credentials in [&b"Bearer"[..], b"Bearer ", b"bearer \xff"] {
        let value = header::HeaderValue::from_bytes(credentials).unwrap();
        let request = server.client.get(server.url("/api/v1/today")).header(header::AUTHORIZATION, value);
        assert_eq!(server.problem(request).await.0, 401);
    }
    // A proxy that asks for a password passes it on.
    let basic = server.client.get(server.url("/api/v1/usage")).basic_auth("a", Some("b"));
    assert_eq!(basic.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_set_headers_sends_text_and_the_key_as_a_parameter() {
    let server = start().await;
    let (ingest, read) = (server.add_key("in", Grant::Ingest).await, server.add_key("out", Grant::Read).await);
    let post = |key: &str| {
        let request = server.client.post(server.url(&format!("/api/v1/events?key={key}")));
        let request = request.header(header::CONTENT_TYPE, "text/plain;charset=UTF-8");
        request.body(json!({"sent_at": noon().millis(), "events": [event("lisa")]}).to_string())
    };
    let answer = post(&ingest).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"accepted": 1, "duplicates": 0, "rejected": []}));
    assert_eq!(server.problem(post("um_unknown")).await.0, 401);
    assert_eq!(server.problem(post("")).await.0, 401);
    assert_eq!(server.problem(post(&read)).await.0, 403);
    // What stands in a header says more, and a parameter opens nothing that is read.
    assert_eq!(server.problem(post(&ingest).bearer_auth("um_unknown")).await.0, 401);
    let today = server.client.get(server.url(&format!("/api/v1/today?key={ingest}"))).send().await.unwrap();
    assert_eq!(today.status(), StatusCode::OK);
}

#[tokio::test]
async fn pages_of_any_origin_may_send_and_none_may_read() {
    let server = start().await;
    let origin = "https://product.example";
    let ask = |path: &str, method: &str| {
        let request = server.client.request(Method::OPTIONS, server.url(path)).header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, method);
        request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-encoding,content-type").send()
    };
    let asked = ask("/api/v1/events", "POST").await.unwrap();
    assert_eq!(asked.status(), StatusCode::OK);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization,content-encoding,content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        assert_eq!(asked.headers()[&name], value, "{name}");
    }
    assert!(!asked.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));

    let post = |body: &str| {
        let request = server.client.post(server.url("/api/v1/events")).header(header::ORIGIN, origin);
        request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned()).send()
    };
    for (body, status) in [(event("lisa").to_string(), 200), ("{".to_owned(), 400)] {
        let answer = post(&body).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS], "retry-after");
    }

    for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/usage", "/api/v1/workspace", "/metrics", "/"] {
        let read = server.client.get(server.url(path)).header(header::ORIGIN, origin).send().await.unwrap();
        for answer in [read, ask(path, "GET").await.unwrap()] {
            let shared = answer.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(shared, None, "{path}");
        }
    }
}

#[tokio::test]
async fn a_stop_loses_nothing_and_a_start_finds_everything() {
    let server = start().await;
    server.send(&json!([event("lisa"), event("tom")])).await;
    let before = server.dump_rollups().await;
    let server = server.restart().await;
    assert_eq!(server.dump_rollups().await, before);
    assert_eq!(server.get("/api/v1/today").await["time_zone"], "Europe/Berlin");
}

#[tokio::test]
async fn the_page_comes_with_its_numbers() {
    let server = start().await;
    server
        .send(&json!({"account": {"id": "acme", "name": "Acme <Inc>"}, "user": "u", "module": "m", "action": "x"}))
        .await;
    for (path, status, text) in [
        ("/", 200, "Acme &lt;Inc&gt;"),
        ("/activities", 200, "data since"),
        ("/activities?period=last_8_days", 422, "last_8_days"),
        ("/nothing", 404, "html"),
    ] {
        let page = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(page.status().as_u16(), status, "{path}");
        assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
        let html = page.text().await.unwrap();
        assert!(html.contains(text), "{path} lacks {text}");
        assert!(!html.contains("Acme <Inc>"), "{path}: names must not become markup");
    }
}

#[tokio::test]
async fn health_and_metrics_stand_where_they_are_looked_for() {
    let server = start().await;
    for prefix in ["", "/api/v1"] {
        assert_eq!(server.get(&format!("{prefix}/health/live")).await, json!({"status": "live"}));
        assert_eq!(server.get(&format!("{prefix}/health/ready")).await, json!({"status": "ready"}));
        let metrics = server.client.get(server.url(&format!("{prefix}/metrics"))).send().await.unwrap();
        assert!(metrics.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain"));
    }
    let docs = server.client.get(server.url("/api/docs")).send().await.unwrap();
    assert_eq!(docs.status(), StatusCode::OK);
    assert!(!docs.text().await.unwrap().contains("https://"), "the documentation must not need an outside host");
}

#[test]
fn the_openapi_document_changes_only_on_purpose() {
    insta::assert_json_snapshot!("openapi", server::routes::openapi());
}
