//! Erasing users and accounts: everything of theirs goes, nothing of anybody else's, and every figure stays right.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use futures::future::join_all;
use harness::{
    TestServer,
    browser::{Browser, administrator, viewer},
};
use model::{
    erasure::ErasureChoice,
    instant::Instant,
    key::Grant,
    team::{Comparison, RuleOn, TeamDefinition, TeamRule},
};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use server::{
    Access,
    store::{Asked, Store, StoreError},
};
use std::process::Command;

/// What tells of the person, and of their account.
const USER: &str = "zz-user-4711";
const USER_NAME: &str = "Zz Person Ray";
const ALIAS: &str = "zz-anonymous-0815";
const ACCOUNT: &str = "zz-account-42";
const ACCOUNT_NAME: &str = "Zz Company Inc";

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

fn choice(account: &str, user: Option<&str>) -> ErasureChoice {
    ErasureChoice { account: account.to_owned(), user: user.map(str::to_owned), preview: false }
}

async fn post(server: &TestServer, path: &str, body: &Value) -> Value {
    let answer = server.client.post(server.url(path)).json(body).send().await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{path}: {status} {}", answer.text().await.unwrap());
    answer.json().await.unwrap_or_default()
}

async fn get(server: &TestServer, path: &str) -> String {
    server.client.get(server.url(path)).send().await.unwrap().text().await.unwrap()
}

/// An event of today or of a day before; its user has a name.
fn event(account: &str, user: &str, number: i64) -> Value {
    let time = noon().plus_millis(-number * 3_700_000).to_string();
    json!({
        "id": format!("{account} {user} {number}"), "account": account, "user": {"id": user, "name": format!("{user} Ray")},
        "module": format!("Module {}", number % 3), "action": format!("Action {}", number % 4), "time": time,
        "count": 1 + number % 5,
    })
}

/// Every figure there is.
async fn figures(server: &TestServer) -> Vec<String> {
    let mut answers = Vec::new();
    for path in
        ["today", "today/stream?limit=200", "usage?period=last_7_days", "usage/activities?limit=1000", "workspace"]
    {
        for account in ["", "account=acme", "account=globex"] {
            let separator = if path.contains('?') { '&' } else { '?' };
            answers.push(get(server, &format!("/api/v1/{path}{separator}{account}")).await);
        }
    }
    answers
}

#[tokio::test]
async fn figures_are_what_they_would_be_without_a_user() {
    let (server, without) =
        (TestServer::start(Tz::Asia__Kolkata, noon()).await, TestServer::start(Tz::Asia__Kolkata, noon()).await);
    let users = [("acme", "lisa"), ("acme", "bob"), ("globex", "lisa"), ("globex", "eve")];
    let events: Vec<Value> =
        users.iter().flat_map(|(account, user)| (0..60).map(|number| event(account, user, number))).collect();
    post(&server, "/api/v1/events", &json!(events)).await;
    let left: Vec<&Value> =
        events.iter().filter(|event| event["account"] != "acme" || event["user"]["id"] != "lisa").collect();
    post(&without, "/api/v1/events", &json!(left)).await;

    let preview = server.store.preview_erasure(&choice("acme", Some("lisa"))).await.unwrap().unwrap();
    assert_eq!((preview.user.unwrap().name.as_str(), preview.would_erase.events), ("lisa Ray", 60));
    let erasure = server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap().unwrap();
    assert_eq!(erasure.erased, preview.would_erase);
    assert!(server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap().is_none());
    for server in [&server, &without] {
        server.set_now(noon().plus_millis(60_000));
    }
    assert_eq!(figures(&server).await, figures(&without).await);
    let rolled_up = server.dump_rollups().await;
    assert_eq!(server.rebuild().await, 180);
    assert_eq!(server.dump_rollups().await, rolled_up);
    // Sent again with its id an event does no harm; a new one makes the user anew.
    assert_eq!(post(&server, "/api/v1/events", &json!(event("acme", "lisa", 0))).await["duplicates"], 1);
    assert_eq!(server.texts("SELECT id FROM account_user ORDER BY id").await, ["bob", "eve", "lisa"]);
    assert_eq!(post(&server, "/api/v1/events", &json!(event("acme", "lisa", 99))).await["accepted"], 1);
    assert!(get(&server, "/api/v1/usage?account=acme&period=last_7_days").await.contains("Action 3"));
}

/// Fills a database with everything that can name somebody.
async fn fill(server: &TestServer, ada: &Browser<'_>) {
    let ingest = server.add_key("shop", Grant::Ingest).await;
    let send = async |path: &str, body: &Value| {
        let request = server.client.post(server.url(path)).bearer_auth(&ingest).json(body);
        assert!(request.send().await.unwrap().status().is_success(), "{path}");
    };
    let segment = async |mut call: Value| {
        let kind = call["type"].as_str().unwrap().to_owned();
        call["writeKey"] = json!(ingest);
        let answer = server.client.post(server.url(&format!("/v1/{kind}"))).json(&call).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    let others: Vec<Value> = (0..40).map(|number| event("acme", &format!("user {}", number % 7), number)).collect();
    send("/api/v1/events", &json!(others)).await;
    let account = json!({"id": ACCOUNT, "name": ACCOUNT_NAME, "attributes": {"plan": "pro"}});
    for round in 0..30 {
        let user = |name: String| json!({"id": USER, "name": name});
        let event = |user: Value, module: &str| {
            let time = noon().plus_millis(-round * 86_400_000 / 3 - 1).to_string();
            json!({"account": account, "user": user, "module": module, "action": "View", "time": time})
        };
        // Names that change, and rows that move, leave copies behind.
        let named = event(user(format!("{USER_NAME} {}", "x".repeat(usize::try_from(round).unwrap()))), "Dashboard");
        let fillers = (0..20).map(|filler| event(json!(format!("filler {round} {filler}")), "Dashboard"));
        let wrong = event(user(USER_NAME.to_owned()), "");
        send(
            "/api/v1/events",
            &json!(fillers.chain([named, event(json!(USER), "Reports"), wrong]).collect::<Vec<_>>()),
        )
        .await;
    }
    segment(json!({"type": "identify", "userId": USER, "anonymousId": ALIAS, "traits": {"name": USER_NAME}})).await;
    // Its account is not known yet, so that it is kept as rejected, with the user's id in the reason.
    segment(json!({"type": "track", "userId": USER, "event": "Export"})).await;
    segment(json!({"type": "group", "userId": USER, "groupId": ACCOUNT, "traits": {"name": ACCOUNT_NAME}})).await;
    segment(json!({"type": "track", "anonymousId": ALIAS, "event": "Export", "context": {"groupId": ACCOUNT}})).await;
    segment(json!({"type": "track", "event": "", "properties": {"email": format!("mailto:{USER}@example.com")}})).await;
    let rule = json!({"on": "id", "is": "equals", "value": ACCOUNT});
    let team = json!({"name": "Team", "accounts": [ACCOUNT, "acme"], "rules": [rule]});
    let request = ada.request(Method::POST, "/api/v1/teams").header(header::ORIGIN, &server.base_url).json(&team);
    assert_eq!(ada.send(request).await.status(), 201);
    // Looked at, so that answers are kept.
    for path in ["/api/v1/today", "/api/v1/today/stream", "/api/v1/quality", "/api/v1/usage"] {
        assert!(ada.get(path).await.text().await.unwrap().len() > 100);
    }
}

/// What an administrator asks for.
async fn erasure(ada: &Browser<'_>, body: Value) -> Response {
    let request = ada.request(Method::POST, "/api/v1/erasures").header(header::ORIGIN, &ada.server.base_url);
    ada.send(request.json(&body)).await
}

#[tokio::test]
async fn nothing_is_left_of_a_user_and_of_an_account() {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let ada = administrator(&server).await;
    fill(&server, &ada).await;
    let everything = server.everything().await;
    for text in [USER, USER_NAME, ALIAS, ACCOUNT, ACCOUNT_NAME] {
        assert!(everything.contains(text), "{text}");
    }
    assert_eq!(erasure(&ada, json!({"account": ACCOUNT, "user": "nobody"})).await.status(), 404);
    let preview: Value =
        erasure(&ada, json!({"account": ACCOUNT, "user": USER, "preview": true})).await.json().await.unwrap();
    let erased = &preview["would_erase"];
    // By both ids; three identities, and what names the user: 30 wrong events and 2 calls.
    assert_eq!(
        (&erased["users"], &erased["events"], &erased["rejects"]),
        (&json!(2), &json!(61), &json!(32)),
        "{preview}"
    );
    let receipt = erasure(&ada, json!({"account": ACCOUNT, "user": USER})).await;
    assert_eq!(receipt.status(), 201);
    let receipt: Value = receipt.json().await.unwrap();
    assert_eq!((&receipt["erased"], &receipt["author"]["name"]), (erased, &json!("ada@example.com")));
    for path in
        ["/api/v1/today", "/api/v1/today/stream", "/api/v1/rejects", "/api/v1/quality", "/api/v1/audit", "/quality"]
    {
        let answer = ada.get(path).await.text().await.unwrap();
        assert!(!answer.contains(USER) && !answer.contains(USER_NAME), "{path}: {answer}");
    }
    assert!(server.store.clean(noon()).await.unwrap());
    let everything = server.everything().await;
    for (text, is_left) in [(USER, false), (USER_NAME, false), (ALIAS, false), (ACCOUNT, true), (ACCOUNT_NAME, true)] {
        assert_eq!(everything.contains(text), is_left, "{text}");
    }

    let receipt = erasure(&ada, json!({"account": ACCOUNT})).await;
    assert_eq!(receipt.status(), 201);
    let receipt: Value = receipt.json().await.unwrap();
    for part in ["accounts", "users", "events", "attributes", "team_entries", "audit_texts", "roll_ups", "late_days"] {
        assert!(receipt["erased"][part].as_i64() > Some(0), "{part}: {receipt}");
    }
    // A crash before the files are clean: whoever comes next cleans them.
    let again = Store::open(&server.database_url(), Asked::default()).await.unwrap();
    assert!(again.clean(noon()).await.unwrap() && !again.clean(noon()).await.unwrap());
    again.close().await;
    let everything = server.everything().await;
    for text in [USER, USER_NAME, ALIAS, ACCOUNT, ACCOUNT_NAME] {
        assert!(!everything.contains(text), "{text}");
    }
    let receipts: Value = ada.get("/api/v1/erasures").await.json().await.unwrap();
    assert_eq!(receipts["erasures"].as_array().unwrap().len(), 2);
    assert_eq!(receipts["erasures"][0]["cleaned"], json!(noon()));
    let rolled_up = server.dump_rollups().await;
    assert_eq!(server.rebuild().await, 40);
    assert_eq!(server.dump_rollups().await, rolled_up);
}

#[tokio::test]
async fn others_of_the_same_id_stay() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    for account in ["acme", "globex"] {
        post(&server, "/api/v1/events", &json!([event(account, "lisa", 1)])).await;
        let mut wrong = event(account, "lisa", 2);
        wrong["action"] = json!("");
        post(&server, "/api/v1/events", &wrong).await;
    }
    post(&server, "/v1/group", &json!({"userId": "lisa", "groupId": "globex"})).await;
    let erasure = server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap().unwrap();
    let erased = erasure.erased;
    assert_eq!((erased.users, erased.events, erased.rejects, erased.identities), (1, 1, 1, 0));
    assert_eq!(server.texts("SELECT value FROM identity").await, ["globex"]);
    assert!(get(&server, "/api/v1/rejects").await.contains("globex"));
}

/// A user whose id is a number, in rejected events that name them and in such that do not, and in the audit log.
#[tokio::test]
async fn nothing_else_of_the_same_number_goes() {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let ada = administrator(&server).await;
    let ingest = server.add_key("shop", Grant::Ingest).await;
    let send = async |body: String| {
        let request = server.client.post(server.url("/api/v1/events")).bearer_auth(&ingest);
        let request = request.header(header::CONTENT_TYPE, "application/x-ndjson").body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    let lines = [
        json!(event("acme", "1", 1)).to_string(),
        // Theirs: by a number, by a field given twice, and by what can't be read.
        r#"{"account": "acme", "user": {"id": 1}, "module": "M"}"#.to_owned(),
        r#"{"account": "acme", "user": "1", "user": "bob", "module": "M"}"#.to_owned(),
        r#"{"account": "acme", "user": "\u0031", "module": "M""#.to_owned(),
        r#"{"account": "acme", "user": 1, "module": "M""#.to_owned(),
        // Another's.
        r#"{"account": "acme", "user": "bob", "module": "M", "count": 1, "attributes": {"1": 1}}"#.to_owned(),
    ];
    send(lines.join("\n")).await;
    server.store.set_retention(Some(1), server.author()).await.unwrap();
    let before = server.texts("SELECT state_after FROM audit ORDER BY audit_no").await;
    let receipt: Value = erasure(&ada, json!({"account": "acme", "user": "1"})).await.json().await.unwrap();
    assert_eq!(
        (&receipt["erased"]["users"], &receipt["erased"]["rejects"], &receipt["erased"]["audit_texts"]),
        (&json!(1), &json!(4), &json!(0)),
        "{receipt}"
    );
    assert!(before.iter().any(|state| state == r#"{"days":1}"#), "{before:?}");
    let after = server.texts("SELECT state_after FROM audit ORDER BY audit_no").await;
    assert_eq!(after[..before.len()], before);
    let rejects = ada.get("/api/v1/rejects").await.text().await.unwrap();
    assert!(rejects.contains("bob") && rejects.contains("\"kept\":1,"), "{rejects}");
}

#[tokio::test]
async fn a_number_that_is_gone_is_used_by_no_other_server() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let other = server.another().await;
    for account in ["acme", "globex"] {
        for (server, number) in [(&server, 1), (&other, 2)] {
            post(server, "/api/v1/events", &json!([event(account, "lisa", number)])).await;
        }
    }
    server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap().unwrap();
    server.store.erase(&choice("globex", None), &server.author()).await.unwrap().unwrap();
    // Both remember the numbers.
    for (server, number) in [(&other, 3), (&server, 4)] {
        post(server, "/api/v1/events", &json!([event("acme", "lisa", number), event("globex", "lisa", number)])).await;
    }
    let users = "SELECT account.id || ' ' || u.id || ' ' || CAST(COUNT(*) AS TEXT) FROM event e \
                 JOIN account ON account.account_no = e.account_no \
                 JOIN account_user u ON u.account_no = e.account_no AND u.user_no = e.user_no \
                 GROUP BY account.id, u.id ORDER BY account.id";
    assert_eq!(server.texts(users).await, ["acme lisa 2", "globex lisa 2"]);
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["4"]);
    let rolled_up = server.dump_rollups().await;
    server.rebuild().await;
    assert_eq!(server.dump_rollups().await, rolled_up);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_of_others_is_lost_while_somebody_is_erased() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let other = server.another().await;
    let send = async |server: &TestServer, sender: usize| {
        let mut accepted = 0;
        for round in 0..25 {
            let users = [("acme", "lisa"), ("acme", "bob"), ("globex", "eve")];
            let events = users.iter().map(|(account, user)| {
                let mut event = event(account, user, round);
                event["id"] = json!(format!("{sender} {round} {user}"));
                event
            });
            let body = json!(events.collect::<Vec<_>>());
            let answer = server.client.post(server.url("/api/v1/events")).json(&body).send().await.unwrap();
            if answer.status() == 200 {
                accepted += answer.json::<Value>().await.unwrap()["accepted"].as_i64().unwrap();
            } else {
                assert_eq!(answer.status(), 503);
            }
        }
        accepted
    };
    let erase = async {
        for _ in 0..6 {
            server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap();
            match server.store.clean(noon()).await {
                // The other one may be at work on the same file.
                Ok(_) | Err(StoreError::StillRead) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let senders = join_all((0..6).map(|sender| send(if sender % 2 == 0 { &server } else { &other }, sender)));
    let (accepted, ()) = tokio::join!(senders, erase);
    let accepted: i64 = accepted.iter().sum();
    server.store.erase(&choice("acme", Some("lisa")), &server.author()).await.unwrap();
    let left = server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await.remove(0).parse::<i64>().unwrap();
    // Each request brings one of Lisa's.
    assert_eq!(left * 3, accepted * 2);
    let rolled_up = server.dump_rollups().await;
    server.rebuild().await;
    assert_eq!(server.dump_rollups().await, rolled_up);
}

/// Rules that hold an account's id or name go with it; what merely mentions somebody is told, and stays.
#[tokio::test]
async fn rules_of_an_account_go_and_what_else_names_it_is_told() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let mut event = event(ACCOUNT, USER, 1);
    event["account"] = json!({"id": ACCOUNT, "name": ACCOUNT_NAME});
    let like = json!({"account": format!("{ACCOUNT} two"), "user": "bob", "module": "M", "action": "A"});
    post(&server, "/api/v1/events", &json!([event, like])).await;
    let rule = |on, is, value: &str| TeamRule { on, attribute: None, is, value: value.to_owned() };
    let upper = ACCOUNT_NAME.to_uppercase();
    let rules = vec![
        rule(RuleOn::Id, Comparison::StartsWith, ACCOUNT),
        rule(RuleOn::Name, Comparison::Equals, &upper),
        rule(RuleOn::Name, Comparison::Contains, ACCOUNT_NAME),
        rule(RuleOn::Id, Comparison::Equals, &format!("{ACCOUNT} three")),
    ];
    let team = TeamDefinition { name: "Team".to_owned(), rules, ..TeamDefinition::default() };
    let team_no = server.store.add_team(&team, &server.author()).await.unwrap();
    assert_eq!(server.store.team(team_no).await.unwrap().unwrap().account_count, 2);
    server.add_key(&format!("of {ACCOUNT_NAME}"), Grant::Ingest).await;
    let preview = server.store.preview_erasure(&choice(ACCOUNT, None)).await.unwrap().unwrap();
    let stays = [format!("API key of {ACCOUNT_NAME}"), format!("rule of a team for {ACCOUNT} three")];
    assert_eq!((preview.would_erase.team_entries, preview.elsewhere.as_slice()), (3, stays.as_slice()));
    let receipt = server.store.erase(&choice(ACCOUNT, None), &server.author()).await.unwrap().unwrap();
    assert_eq!(receipt.erased, preview.would_erase);
    let team = server.store.team(team_no).await.unwrap().unwrap();
    assert_eq!((team.rules.len(), team.account_count), (1, 0));
}

/// Other servers remember what they showed, and why they refused the newest body.
#[tokio::test]
async fn what_others_remember_is_forgotten_too() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let other = server.another().await;
    post(&server, "/api/v1/events", &json!([event("acme", USER, 0), event("acme", "bob", 0)])).await;
    let refused = other.client.post(other.url("/api/v1/events")).header(header::CONTENT_TYPE, "application/json");
    assert_eq!(refused.body(USER).send().await.unwrap().status(), 400);
    let newest = async || {
        let quality: Value = serde_json::from_str(&get(&other, "/api/v1/quality").await).unwrap();
        quality["refused_bodies"]["newest"].clone()
    };
    assert!(newest().await.is_object());
    let looked_at = ["/api/v1/today/stream", "/api/v1/today", "/api/v1/quality"];
    for path in looked_at {
        get(&other, path).await;
    }
    assert!(get(&other, "/api/v1/today").await.contains(USER));
    server.store.erase(&choice("acme", Some(USER)), &server.author()).await.unwrap().unwrap();
    for path in looked_at {
        let answer = get(&other, path).await;
        assert!(!answer.contains(USER), "{path}: {answer}");
    }
    assert!(newest().await.is_null());
}

/// To delete raw events takes long. Nobody waits for it, and what is stored meanwhile goes too.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_stored_while_those_of_their_account_are_deleted() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let before = json!([event("acme", "lisa", 1), event("acme", "bob", 1), event("acme", "anon", 90)]);
    post(&server, "/api/v1/events", &before).await;
    let Some(held) = server.hold("SELECT * FROM event ORDER BY user_no FOR UPDATE").await else { return };
    let (store, author) = (server.store.clone(), server.author());
    let erasing = tokio::spawn(async move { store.erase(&choice("acme", Some("lisa")), &author).await });
    server.waiting(1).await;
    let mut broken = event("acme", "lisa", 3);
    broken["module"] = json!("");
    let meanwhile = json!([event("acme", "lisa", 2), event("acme", "lisa", 30), event("acme", "bob", 2), broken]);
    assert_eq!(post(&server, "/api/v1/events", &meanwhile).await["accepted"], 3);
    let told = json!({"type": "identify", "userId": "lisa", "anonymousId": "a", "traits": {"name": "Lisa Ray"}});
    post(&server, "/v1/identify", &told).await;
    // Only now it turns out whose a day before was.
    post(&server, "/v1/alias", &json!({"type": "alias", "userId": "lisa", "previousId": "anon"})).await;
    drop(held);
    let erased = erasing.await.unwrap().unwrap().unwrap().erased;
    assert_eq!((erased.events, erased.rejects, erased.users), (4, 1, 2));
    assert!(erased.identities > 0);
    let everything = server.everything().await;
    assert!(!everything.contains("lisa") && !everything.contains("anon"));
    assert_eq!(server.texts("SELECT CAST(COUNT(*) AS TEXT) FROM event").await, ["2"]);
    let rolled_up = server.dump_rollups().await;
    server.rebuild().await;
    assert_eq!(server.dump_rollups().await, rolled_up);
    // Nor does anybody wait for a partition under a VACUUM who needs another one.
    let _vacuum = server.hold("LOCK TABLE event_2026_11 IN SHARE UPDATE EXCLUSIVE MODE").await;
    assert_eq!(post(&server, "/api/v1/events", &json!([event("acme", "bob", 3_000)])).await["accepted"], 1);
}

/// An account that two servers bring anew again and again while it is erased: neither of them stumbles over its number.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_erased_while_all_send_events_of_it() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    let other = server.another().await;
    let send = async |server: &TestServer, sender: usize| {
        for round in 0..60 {
            let user = format!("user {}", (sender + round as usize) % 3);
            let body = json!([event("acme", &user, round), event(&format!("account {sender}"), "eve", round)]);
            let answer = server.client.post(server.url("/api/v1/events")).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        }
    };
    let erase = async {
        for round in 0..30 {
            let eraser = if round % 2 == 0 { &server } else { &other };
            eraser.store.erase(&choice("acme", None), &server.author()).await.unwrap();
            eraser.store.erase(&choice("account 1", None), &server.author()).await.unwrap();
        }
    };
    let senders = join_all((0..6).map(|sender| send(if sender % 2 == 0 { &server } else { &other }, sender)));
    tokio::join!(senders, erase);
    let rolled_up = server.dump_rollups().await;
    server.rebuild().await;
    assert_eq!(server.dump_rollups().await, rolled_up);
    let orphans = "SELECT CAST(COUNT(*) AS TEXT) FROM event WHERE account_no NOT IN (SELECT account_no FROM account)";
    assert_eq!(server.texts(orphans).await, ["0"]);
}

#[tokio::test]
async fn only_administrators_erase() {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    let body = json!({"account": "acme", "preview": true});
    assert_eq!(erasure(&lisa, body.clone()).await.status(), 403);
    assert_eq!(lisa.status("/privacy").await, 404);
    assert_eq!(lisa.post("/privacy", &[("do", "erase"), ("account", "acme")]).await.status(), 404);
    let elsewhere = ada.request(Method::POST, "/api/v1/erasures").header(header::ORIGIN, "https://example.com");
    assert_eq!(ada.send(elsewhere.json(&body)).await.status(), 403);
    assert_eq!(erasure(&ada, body).await.status(), 404);
    assert_eq!(erasure(&ada, json!({"account": "acme", "user": null})).await.status(), 422);
}

#[tokio::test]
async fn the_page_asks_before_it_erases() {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let ada = administrator(&server).await;
    let ingest = server.add_key("shop", Grant::Ingest).await;
    let request = server.client.post(server.url("/api/v1/events")).bearer_auth(&ingest);
    assert_eq!(request.json(&event("acme", USER, 1)).send().await.unwrap().status(), 200);
    let form = async |fields: &[(&str, &str)]| {
        let fields = [fields, &[("account", "acme"), ("user", USER)]].concat();
        let answer = ada.post("/privacy", &fields).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = form(&[("do", "preview")]).await;
    assert_eq!(status, 200);
    assert!(page.contains("Erase for good") && page.contains("zz-user-4711 Ray"), "{page}");
    let (status, page) = form(&[("do", "erase"), ("confirmation", "acme")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("Type the id as it stands above") && page.contains("Erase for good"));
    assert_eq!(form(&[("do", "erase"), ("confirmation", USER)]).await.0, 303);
    assert_eq!(form(&[("do", "preview")]).await.0, 422);
    let page = ada.get("/privacy").await.text().await.unwrap();
    assert!(page.contains("ada@example.com") && page.contains("1 event") && !page.contains(USER), "{page}");
    let log = ada.get("/api/v1/audit").await.text().await.unwrap();
    assert!(log.contains("\"erase\"") && !log.contains(USER));
}

#[tokio::test]
async fn the_command_line_erases_while_a_server_runs() {
    let server = TestServer::start(Tz::UTC, noon()).await;
    post(&server, "/api/v1/events", &json!([event(ACCOUNT, USER, 1), event("acme", "bob", 1)])).await;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usage-monitor"));
        command.arg("erase").args(arguments).args(["--database", &server.database_url()]).output().unwrap()
    };
    let preview = run(&["--account", ACCOUNT, "--preview"]);
    assert!(String::from_utf8(preview.stdout).unwrap().contains("1\tevent\n"));
    let erased = run(&["--account", ACCOUNT]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let said = String::from_utf8(erased.stdout).unwrap();
    assert!(said.starts_with("receipt 1\n1\taccount\n") && said.ends_with("and from its files.\n"), "{said}");
    assert!(!server.everything().await.contains(ACCOUNT));
    let nobody = run(&["--account", ACCOUNT]);
    assert!(!nobody.status.success() && String::from_utf8_lossy(&nobody.stderr).contains("nothing is known"));
    // The server remembered the number.
    post(&server, "/api/v1/events", &json!([event(ACCOUNT, USER, 2)])).await;
    let accounts =
        "SELECT account.id FROM event JOIN account ON account.account_no = event.account_no ORDER BY account.id";
    assert_eq!(server.texts(accounts).await, ["acme", ACCOUNT]);
}
