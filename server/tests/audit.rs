//! The audit log: a row for each change, and none that changes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{
    TestServer,
    browser::{Browser, PASSWORD, administrator},
    database::TestDatabase,
};
use model::{instant::Instant, key::Grant};
use reqwest::{Method, header};
use serde_json::{Value, json};
use server::{
    Access,
    store::{Asked, Author, Store},
};
use std::process::Command;

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

async fn start() -> TestServer {
    TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await
}

/// A page of the log.
async fn log(browser: &Browser<'_>, query: &str) -> Value {
    let answer = browser.get(&format!("/api/v1/audit{query}")).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Who did what to whom, oldest first.
async fn told(browser: &Browser<'_>) -> Vec<String> {
    let log = log(browser, "").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = log["changes"].as_array().unwrap().iter().map(|change| {
        let name = |party: &Value| match text(&party["name"]) {
            name if name.is_empty() => text(&party["kind"]),
            name => name,
        };
        let state = |state: &Value| if state.is_null() { "-".to_owned() } else { state.to_string() };
        let (before, after) = (state(&change["before"]), state(&change["after"]));
        let by = format!("{} {}", text(&change["author"]["kind"]), name(&change["author"]));
        format!("{by} | {} {} | {before} | {after}", text(&change["action"]), name(&change["subject"]))
    });
    let mut told: Vec<String> = told.collect();
    told.reverse();
    told
}

#[tokio::test]
async fn every_change_of_a_member_is_told_with_who_made_it() {
    let server = start().await;
    let ada = administrator(&server).await;
    let link = ada.invite("Lisa", "lisa@example.com", "viewer").await;
    let lisa = Browser::new(&server);
    assert_eq!(lisa.use_link(&link, "Lisa Ray", "").await, 303);
    let member = server.store.member_of_email("lisa@example.com").await.unwrap().unwrap().member.member_no.to_string();
    for fields in [
        &[("do", "permit"), ("role", "administrator")][..],
        // Nothing changes by this.
        &[("do", "permit"), ("role", "administrator")],
        &[("do", "disable")],
        &[("do", "enable")],
        &[("do", "reset")],
    ] {
        let fields = [fields, &[("member", member.as_str())]].concat();
        assert!(ada.post("/members", &fields).await.status().as_u16() < 400);
    }
    // Signing in and out, and failing to, is no change.
    assert_eq!(lisa.sign_in("lisa@example.com", "wrong").await, 422);
    assert_eq!(lisa.sign_in("lisa@example.com", PASSWORD).await, 303);
    lisa.post("/sign-out", &[]).await;
    assert_eq!(lisa.sign_in("lisa@example.com", PASSWORD).await, 303);
    let elsewhere = Browser::new(&server);
    for _ in 0..2 {
        assert_eq!(Browser::new(&server).sign_in("lisa@example.com", PASSWORD).await, 303);
    }
    assert_eq!(elsewhere.sign_in("lisa@example.com", PASSWORD).await, 303);
    let session = server.texts("SELECT CAST(MAX(session_no) AS TEXT) FROM session").await.remove(0);
    lisa.post("/profile", &[("do", "end"), ("session", &session)]).await;
    lisa.post("/profile", &[("do", "end-others")]).await;
    let fields = [("do", "password"), ("password", PASSWORD), ("new-password", "another long password")];
    assert_eq!(lisa.post("/profile", &fields).await.status(), 303);

    let by_ada = "member ada@example.com |";
    let by_lisa = "member lisa@example.com |";
    let of = "lisa@example.com |";
    assert_eq!(
        told(&ada).await,
        [
            r#"link ada@example.com | create_administrator ada@example.com | - | {"configures_tracking":true,"email":"ada@example.com","name":"Ada","role":"administrator","teams":[]}"#.to_owned(),
            format!(r#"{by_ada} invite_member {of} - | {{"configures_tracking":false,"email":"lisa@example.com","name":"Lisa","role":"viewer","teams":[]}}"#),
            format!(r#"link lisa@example.com | accept_invitation {of} {{"name":"Lisa"}} | {{"name":"Lisa Ray"}}"#),
            format!(r#"{by_ada} permit_member {of} {{"configures_tracking":false,"role":"viewer"}} | {{"configures_tracking":false,"role":"administrator"}}"#),
            format!("{by_ada} disable_member {of} - | -"),
            format!("{by_ada} enable_member {of} - | -"),
            format!(r#"{by_ada} make_link {of} - | {{"expires":"2026-11-24T11:00:00.000Z","for":"reset"}}"#),
            format!(r#"{by_lisa} end_session {of} {{"user_agent":""}} | -"#),
            format!(r#"{by_lisa} end_other_sessions {of} {{"sessions":2}} | -"#),
            format!("{by_lisa} change_password {of} - | -"),
        ]
    );
    let newest = log(&ada, "?limit=1").await;
    assert_eq!(
        (&newest["changes"][0]["place"], &newest["changes"][0]["day"]),
        (&json!("127.0.0.1"), &json!("2026-11-23"))
    );
    let page = ada.get("/audit").await.text().await.unwrap();
    assert!(page.contains("Became the first administrator") && page.contains("Mon, 23 Nov 2026"));
}

#[tokio::test]
async fn every_change_of_a_team_is_told() {
    let server = start().await;
    let ada = administrator(&server).await;
    let ours = |method: Method, path: &str, body: Value| {
        ada.send(ada.request(method, path).header(header::ORIGIN, &server.base_url).json(&body))
    };
    let team = |accounts: &[&str]| json!({"name": "Key accounts", "accounts": accounts, "rules": []});
    assert_eq!(ours(Method::POST, "/api/v1/teams", team(&["acme"])).await.status(), 201);
    for _ in 0..2 {
        assert_eq!(ours(Method::PUT, "/api/v1/teams/1", team(&["globex"])).await.status(), 200);
        assert_eq!(ada.post("/members", &[("do", "teams"), ("member", "1"), ("team", "1")]).await.status(), 303);
    }
    assert_eq!(ours(Method::DELETE, "/api/v1/teams/1", Value::Null).await.status(), 204);
    let by = "member ada@example.com |";
    let seen =
        |account: &str| format!(r#"{{"account_count":1,"accounts":["{account}"],"name":"Key accounts","rules":[]}}"#);
    assert_eq!(
        told(&ada).await[1..],
        [
            format!("{by} create_team Key accounts | - | {}", seen("acme")),
            format!("{by} change_team Key accounts | {} | {}", seen("acme"), seen("globex")),
            format!(r#"{by} assign_teams ada@example.com | {{"teams":[]}} | {{"teams":["Key accounts"]}}"#),
            format!("{by} delete_team Key accounts | {} | -", seen("globex")),
        ]
    );
}

#[tokio::test]
async fn settings_keys_and_rejected_events_are_told() {
    let server = start().await;
    let ada = administrator(&server).await;
    let ours = |method: Method, path: &str, body: Value| {
        ada.send(ada.request(method, path).header(header::ORIGIN, &server.base_url).json(&body))
    };
    let key = ours(Method::POST, "/api/v1/keys", json!({"name": "shop", "grant": "ingest"})).await;
    let key: Value = key.json().await.unwrap();
    let secret = key["secret"].as_str().unwrap();
    let rules = json!({"rules": [{"kind": "event", "prefix": "a.", "module": "A", "strip": false}]});
    for _ in 0..2 {
        assert_eq!(ours(Method::PUT, "/api/v1/module-rules", rules.clone()).await.status(), 200);
    }
    let early =
        json!({"account": "acme", "user": "lisa", "module": "m", "action": "x", "time": "2026-11-23T12:00:00Z"});
    let events = server.client.post(server.url("/api/v1/events")).bearer_auth(secret);
    events.json(&json!([early, {"account": "acme"}])).send().await.unwrap();
    server.set_now(noon().plus_millis(3_600_000));
    for _ in 0..2 {
        assert_eq!(ours(Method::POST, "/api/v1/rejects/replay", json!({"all": true})).await.status(), 200);
        assert_eq!(ours(Method::DELETE, "/api/v1/rejects?code=missing_field", Value::Null).await.status(), 200);
    }
    let by = "member ada@example.com |";
    assert_eq!(
        told(&ada).await[1..],
        [
            format!(
                r#"{by} create_key shop | - | {{"expires":null,"grant":"ingest","prefix":"{}","team":null}}"#,
                &secret[..9]
            ),
            format!(
                r#"{by} replace_module_rules workspace | {{"rules":[]}} | {{"rules":[{{"kind":"event","module":"A","prefix":"a.","strip":false}}]}}"#
            ),
            format!(r#"{by} replay_rejects workspace | - | {{"ids":[1],"replayed":1}}"#),
            format!(r#"{by} dismiss_rejects workspace | - | {{"chosen":{{"code":"missing_field"}},"dismissed":1}}"#),
        ]
    );
}

#[tokio::test]
async fn who_computes_roll_ups_anew_is_told() {
    let database = TestDatabase::create().await;
    Store::open(&database.url(), Asked::default()).await.unwrap().close().await;
    for arguments in [&["--time-zone", "Europe/Berlin"][..], &[]] {
        let mut rebuild = Command::new(env!("CARGO_BIN_EXE_usage-monitor"));
        rebuild.arg("rebuild").args(arguments).args(["--database", &database.url()]);
        assert!(rebuild.output().unwrap().status.success());
    }
    let sql = "SELECT author_kind || ' ' || action || ' ' || state_after FROM audit ORDER BY audit_no";
    let expected = r#"command_line change_reporting {"idle_gap_minutes":5,"time_zone":"Europe/Berlin"}"#;
    assert_eq!(database.texts(sql).await, [expected, "command_line rebuild "]);
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended() {
    let server = start().await;
    let ada = administrator(&server).await;
    for number in 0..5 {
        server.add_key(&format!("key {number}"), Grant::Read).await;
    }
    let (mut query, mut ids) = ("?limit=2".to_owned(), Vec::new());
    loop {
        let page = log(&ada, &query).await;
        ids.extend(page["changes"].as_array().unwrap().iter().map(|change| change["id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(ids.len(), 6);
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    assert_eq!(ada.status("/api/v1/audit?limit=201").await, 422);
    assert_eq!(ada.status("/api/v1/audit?before=x").await, 422);
}

#[tokio::test]
async fn pages_are_bounded_in_bytes_too() {
    let server = start().await;
    let ada = administrator(&server).await;
    for number in 0..8 {
        let rule = |place: usize| json!({"kind": "event", "prefix": format!("{number} {place} {}", "x".repeat(150)), "module": "y".repeat(200)});
        let rules = json!({"rules": (0..500).map(rule).collect::<Vec<_>>()});
        let rules = model::module_rule::ModuleRules::from_json(&rules).unwrap();
        server.store.put_module_rules(rules, server.author()).await.unwrap();
    }
    let (mut pages, mut ids, mut next) = (0, Vec::new(), String::new());
    loop {
        let page = log(&ada, &format!("?limit=200{next}")).await;
        assert!(page.to_string().len() < 1_500_000, "{}", page.to_string().len());
        ids.extend(page["changes"].as_array().unwrap().iter().map(|change| change["id"].as_i64().unwrap()));
        pages += 1;
        let Some(before) = page["next"].as_str() else { break };
        next = format!("&before={before}");
    }
    // The first administrator's, and eight of the rules.
    assert!(pages > 2 && ids.len() == 9 && ids.is_sorted_by(|one, next| one > next), "{pages} {ids:?}");
}

#[tokio::test]
async fn the_database_refuses_to_change_what_was_entered() {
    let server = start().await;
    let ada = administrator(&server).await;
    for sql in [
        "DELETE FROM audit",
        "UPDATE audit SET action = 'enable_member'",
        "UPDATE audit SET at = 0",
        "UPDATE audit SET author = 'eve@example.com'",
        "UPDATE audit SET state_after = '{}'",
        "UPDATE audit SET subject_no = subject_no + 1",
    ] {
        let refusal = server.refusal(sql).await.unwrap_or_default();
        assert!(refusal.contains("rows of the audit log are only added"), "{sql}: {refusal}");
    }
    if server.is_shared() {
        assert!(server.refusal("TRUNCATE audit").await.is_some());
    }
    // What names people can be blanked; that there was a change, and whom it was about, stays.
    let blank = "UPDATE audit SET author = '', place = '', subject = '', state_before = '', state_after = '' \
                 WHERE subject_kind = 'member'";
    assert_eq!(server.refusal(blank).await, None);
    let page = log(&ada, "").await;
    let change = &page["changes"][0];
    assert_eq!((&change["action"], &change["after"]), (&json!("create_administrator"), &Value::Null));
    assert_eq!((&change["subject"]["kind"], &change["subject"]["name"]), (&json!("member"), &json!("")));
    assert!(ada.status("/audit").await == 200);
}

/// A change and its row are one: where the row can't be entered, nothing has changed.
#[tokio::test]
async fn no_change_goes_through_that_is_not_entered() {
    let server = start().await;
    let ada = administrator(&server).await;
    ada.invite("Lisa", "lisa@example.com", "viewer").await;
    server.add_key("shop", Grant::Ingest).await;
    let id = server.keys.list().await.unwrap().keys[0].id;
    assert_eq!(server.refusal("ALTER TABLE audit RENAME TO kept_audit").await, None);
    let member = server.store.member_of_email("lisa@example.com").await.unwrap().unwrap().member.member_no;
    let author: Author = server.author();
    assert!(server.members.set_disabled(member, true, &author).await.is_err());
    assert!(server.keys.revoke(id, author).await.is_err());
    assert_eq!(server.texts("SELECT name FROM api_key").await, ["shop"]);
    assert_eq!(server.texts("SELECT CAST(disabled AS TEXT) FROM member ORDER BY member_no").await, ["0", "0"]);
}
