//! Keys as administrators make, rotate and revoke them, and what they open meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{
    TestServer,
    browser::{Browser, administrator, viewer},
    database::TestDatabase,
};
use model::{
    instant::Instant,
    key::{Grant, NewKey, Rotation},
};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use server::{Access, key::KeyError, store::StoreError};
use std::process::{Command, Output};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

async fn start() -> TestServer {
    TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await
}

/// What a change of keys is answered with.
async fn change(browser: &Browser<'_>, method: Method, path: &str, body: Value) -> Response {
    let request = browser.request(method, path).header(header::ORIGIN, &browser.server.base_url);
    browser.send(request.json(&body)).await
}

/// The status of a read with a secret, and why it was refused.
async fn read(server: &TestServer, secret: &str) -> (u16, String) {
    let answer = server.client.get(server.url("/api/v1/today")).bearer_auth(secret).send().await.unwrap();
    let status = answer.status().as_u16();
    let why = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap_or_default().to_owned();
    (status, why)
}

async fn make(server: &TestServer, name: &str, expires: Option<Instant>) -> (i64, String) {
    let new = NewKey { name: name.into(), grant: Grant::Read, expires, team: None };
    let made = server.keys.make(new, server.author()).await.unwrap();
    (made.key.id, made.secret)
}

#[tokio::test]
async fn a_key_is_made_used_rotated_and_revoked() {
    let server = start().await;
    let ada = administrator(&server).await;
    let made = change(&ada, Method::POST, "/api/v1/keys", json!({"name": " report ", "grant": "read"})).await;
    assert_eq!((made.status().as_u16(), &made.headers()[header::CACHE_CONTROL]), (201, &"no-store".parse().unwrap()));
    let made: Value = made.json().await.unwrap();
    let (first, id) = (made["secret"].as_str().unwrap().to_owned(), made["key"]["id"].as_i64().unwrap());
    assert_eq!((&made["key"]["name"], &made["key"]["grant"]), (&json!("report"), &json!("read")));
    assert_eq!(read(&server, &first).await.0, 200);

    let rotate = format!("/api/v1/keys/{id}/rotate");
    let rotated = change(&ada, Method::POST, &rotate, json!({"overlap_seconds": 3600})).await;
    assert_eq!(
        (rotated.status().as_u16(), &rotated.headers()[header::CACHE_CONTROL]),
        (200, &"no-store".parse().unwrap())
    );
    let second = rotated.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let list = ada.get("/api/v1/keys").await.text().await.unwrap();
    assert!(!list.contains(&first) && !list.contains(&second), "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    let secrets = &list["keys"][0]["secrets"];
    assert_eq!((&secrets[0]["prefix"], &secrets[1]["prefix"]), (&json!(second[..9]), &json!(first[..9])));
    assert_eq!((&secrets[0]["expires"], &secrets[1]["expires"]), (&Value::Null, &json!("2026-11-23T12:00:00.000Z")));

    server.set_now(noon().plus_millis(HOUR - 1));
    assert_eq!((read(&server, &first).await.0, read(&server, &second).await.0), (200, 200));
    server.set_now(noon().plus_millis(HOUR));
    let (status, why) = read(&server, &first).await;
    assert_eq!((status, why.contains("replaced")), (401, true), "{why}");
    assert_eq!(read(&server, &second).await.0, 200);

    let revoked = change(&ada, Method::DELETE, &format!("/api/v1/keys/{id}"), Value::Null).await;
    assert_eq!(revoked.status(), 204);
    assert_eq!(read(&server, &second).await, read(&server, "um_never-was-one").await);
    assert_eq!(change(&ada, Method::DELETE, &format!("/api/v1/keys/{id}"), Value::Null).await.status(), 404);
    assert_eq!(change(&ada, Method::POST, &rotate, json!({})).await.status(), 404);
}

#[tokio::test]
async fn an_expired_key_says_so_to_who_has_it_alone() {
    let server = start().await;
    let (id, secret) = make(&server, "trial", Some(noon().plus_millis(DAY))).await;
    server.set_now(noon().plus_millis(DAY - 1));
    assert_eq!(read(&server, &secret).await.0, 200);
    server.set_now(noon().plus_millis(DAY));
    let (status, why) = read(&server, &secret).await;
    assert_eq!((status, why.contains("expired") && why.contains("2026-11-24T11:00:00.000Z")), (401, true), "{why}");
    assert!(!read(&server, "um_never-was-one").await.1.contains("expired"));
    // What has expired is not brought back by a rotation that does not say for how long.
    let rotation = |expires| Rotation { overlap_seconds: 3_600, expires };
    let refused = server.keys.rotate(id, rotation(None), server.author()).await;
    assert!(matches!(refused, Err(KeyError::Store(StoreError::KeyExpired))), "{refused:?}");
    let renewed = server.keys.rotate(id, rotation(Some(noon().plus_millis(2 * DAY))), server.author()).await.unwrap();
    assert_eq!((read(&server, &renewed.secret).await.0, read(&server, &secret).await.0), (200, 401));
    // A rotation keeps the expiry, and never lengthens that of the secret before.
    let kept = server.keys.rotate(id, rotation(None), server.author()).await.unwrap();
    assert_eq!(kept.key.secrets[0].expires, Some(noon().plus_millis(2 * DAY)));
    server.set_now(noon().plus_millis(2 * DAY - HOUR));
    server.keys.rotate(id, Rotation { overlap_seconds: 86_400, expires: None }, server.author()).await.unwrap();
    server.set_now(noon().plus_millis(2 * DAY));
    assert_eq!(read(&server, &kept.secret).await.0, 401);
}

#[tokio::test]
async fn what_is_revoked_is_over_at_once_here_and_within_a_second_elsewhere() {
    let server = start().await;
    let other = if server.is_shared() { Some(server.another().await) } else { None };
    let (id, secret) = make(&server, "shop", None).await;
    assert_eq!(read(&server, &secret).await.0, 200);
    if let Some(other) = &other {
        assert_eq!(read(other, &secret).await.0, 200);
    }
    server.keys.revoke(id, server.author()).await.unwrap();
    assert_eq!(read(&server, &secret).await.0, 401);
    if let Some(other) = &other {
        other.set_now(noon().plus_millis(1_000));
        assert_eq!(read(other, &secret).await.0, 401);
    }
    // A rotation without overlap too ends what was there.
    let (id, before) = make(&server, "shop", None).await;
    assert_eq!(read(&server, &before).await.0, 200);
    let rotation = Rotation { overlap_seconds: 0, expires: None };
    let after = server.keys.rotate(id, rotation, server.author()).await.unwrap().secret;
    assert_eq!((read(&server, &before).await.0, read(&server, &after).await.0), (401, 200));
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let server = start().await;
    let (_, secret) = make(&server, "shop", None).await;
    let used = async || server.keys.list().await.unwrap().keys[0].secrets[0].last_used;
    assert_eq!(used().await, None);
    for (at, noted) in [(0, 0), (59_999, 0), (60_000, 60_000), (61_000, 60_000), (7 * DAY, 7 * DAY)] {
        server.set_now(noon().plus_millis(at));
        assert_eq!(read(&server, &secret).await.0, 200);
        // It is written down in a task of its own.
        while used().await != Some(noon().plus_millis(noted)) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn only_an_administrator_sees_and_changes_keys() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    let stranger = Browser::new(&server);
    let new = || json!({"name": "mine", "grant": "read"});
    for (browser, status) in [(&lisa, 403), (&stranger, 401)] {
        for path in ["/api/v1/keys", "/api/v1/audit"] {
            assert_eq!(browser.status(path).await, status, "{path}");
        }
        for (method, path) in [
            (Method::POST, "/api/v1/keys"),
            (Method::POST, "/api/v1/keys/1/rotate"),
            (Method::DELETE, "/api/v1/keys/1"),
        ] {
            assert_eq!(change(browser, method, path, new()).await.status(), status, "{path}");
        }
    }
    assert_eq!((lisa.status("/keys").await, lisa.status("/audit").await), (404, 404));
    assert_eq!(lisa.post("/keys", &[("do", "create"), ("name", "mine"), ("grant", "read")]).await.status(), 404);
    assert_eq!((stranger.status("/keys").await, stranger.status("/audit").await), (303, 303));
    let (_, secret) = make(&server, "out", None).await;
    for path in ["/api/v1/keys", "/api/v1/audit"] {
        let answer = server.client.get(server.url(path)).bearer_auth(&secret).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
    // Neither may a page of another origin.
    let foreign = ada.request(Method::POST, "/api/v1/keys").header(header::ORIGIN, "https://evil.example").json(&new());
    assert_eq!(ada.send(foreign).await.status(), 403);
    let form = [("do", "create"), ("name", "mine"), ("grant", "read")];
    let foreign = ada.form_from("/keys", &form).header(header::ORIGIN, "https://evil.example");
    assert_eq!(ada.send(foreign).await.status(), 403);
    assert_eq!(server.texts("SELECT name FROM api_key").await, ["out"]);
    // Where nobody need sign in, keys and the log take an administrator all the same.
    let open = TestServer::start_with(Access::Open, Tz::UTC, noon()).await;
    assert_eq!(Browser::new(&open).status("/api/v1/keys").await, 401);
    assert_eq!(Browser::new(&open).status("/keys").await, 404);
}

#[tokio::test]
async fn wrong_requests_say_which_field_is_at_fault() {
    let server = start().await;
    let ada = administrator(&server).await;
    let (id, _) = make(&server, "shop", None).await;
    for (path, body, pointer) in [
        ("/api/v1/keys".to_owned(), json!({"grant": "read"}), "/name"),
        ("/api/v1/keys".to_owned(), json!({"name": "a", "grant": "all"}), "/grant"),
        (
            "/api/v1/keys".to_owned(),
            json!({"name": "a", "grant": "read", "expires": "2020-01-01T00:00:00Z"}),
            "/expires",
        ),
        ("/api/v1/keys".to_owned(), json!({"name": "shop", "grant": "read"}), "/name"),
        (format!("/api/v1/keys/{id}/rotate"), json!({"overlap_seconds": 2_592_001}), "/overlap_seconds"),
    ] {
        let answer = change(&ada, Method::POST, &path, body.clone()).await;
        assert_eq!(answer.status(), 422, "{path} {body}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["pointer"], pointer, "{path} {body}");
    }
}

#[tokio::test]
async fn the_page_makes_rotates_and_revokes_without_javascript() {
    let server = start().await;
    let ada = administrator(&server).await;
    let shown = async |answer: Response| {
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.unwrap();
        let secret = page.split("<code>um_").find(|text| text.chars().take(43).all(|char| char != '…' && char != '<'));
        format!("um_{}", &secret.unwrap()[..43])
    };
    let fields = [("do", "create"), ("name", "report"), ("grant", "read"), ("days", "30")];
    let first = shown(ada.post("/keys", &fields).await).await;
    assert_eq!(read(&server, &first).await.0, 200);
    let again = ada.post("/keys", &fields).await;
    assert_eq!(again.status(), 422);
    assert!(again.text().await.unwrap().contains("There is a key with this name already"));
    let list = ada.get("/keys").await.text().await.unwrap();
    assert!(list.contains("report") && list.contains("in 30 days") && !list.contains(&first));

    let id = server.texts("SELECT CAST(key_no AS TEXT) FROM api_key").await.remove(0);
    let step = ada.get(&format!("/keys?rotate={id}")).await.text().await.unwrap();
    assert!(step.contains("Make another secret"));
    let second = shown(ada.post("/keys", &[("do", "rotate"), ("key", &id), ("overlap", "0")]).await).await;
    assert_eq!((read(&server, &first).await.0, read(&server, &second).await.0), (401, 200));

    let step = ada.get(&format!("/keys?revoke={id}")).await.text().await.unwrap();
    assert!(step.contains("This can’t be undone"));
    assert_eq!(read(&server, &second).await.0, 200);
    assert_eq!(ada.post("/keys", &[("do", "revoke"), ("key", &id)]).await.status(), 303);
    assert_eq!(read(&server, &second).await.0, 401);
    assert_eq!(ada.post("/keys", &[("do", "revoke"), ("key", &id)]).await.status(), 422);
}

fn run(database: &TestDatabase, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usage-monitor"));
    command.arg("key").args(arguments).args(["--database", &database.url()]).output().unwrap()
}

#[tokio::test]
async fn the_command_line_makes_lists_rotates_and_revokes() {
    let database = TestDatabase::create().await;
    let said = |arguments: &[&str]| {
        let output = run(&database, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = said(&["create", "--name", "shop", "--grant", "ingest"]);
    let second = said(&["rotate", "--name", "shop", "--overlap", "2", "--expires-after", "30"]);
    for secret in [&first, &second] {
        assert!(secret.starts_with("um_") && secret.trim_end().len() == 46 && secret.ends_with('\n'), "{secret}");
    }
    let list = said(&["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with(&format!("shop\tingest\t{}…", &second[..9])), "{list}");
    assert!(lines[1].starts_with(&format!("shop\tingest\t{}…", &first[..9])), "{list}");
    assert!(!list.contains(first.trim()) && !list.contains(second.trim()));
    assert_eq!(said(&["revoke", "--name", "shop"]), "");
    assert_eq!(said(&["list"]), "");
    let refused = run(&database, &["revoke", "--name", "shop"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no key is called shop"));
    let actions = database.texts("SELECT action FROM audit ORDER BY audit_no").await;
    assert_eq!(actions, ["create_key", "rotate_key", "revoke_key"]);
    let places = database.texts("SELECT place FROM audit WHERE author_kind = 'command_line'").await;
    assert!(places.len() == 3 && places.iter().all(|place| place.starts_with("user ")), "{places:?}");
}

#[tokio::test]
async fn no_secret_of_a_key_is_stored() {
    let server = start().await;
    let ada = administrator(&server).await;
    let (id, first) = make(&server, "shop", None).await;
    let second =
        server.keys.rotate(id, Rotation { overlap_seconds: 60, expires: None }, server.author()).await.unwrap();
    let shown = ada.get("/api/v1/audit").await.text().await.unwrap();
    let Some(bytes) = server.database_bytes() else { return };
    for secret in [&first, &second.secret] {
        assert!(!shown.contains(&secret[..12]) && shown.contains(&secret[..9]));
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}
