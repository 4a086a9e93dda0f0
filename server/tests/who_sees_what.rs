//! Asks everything there is to ask, as everybody there is: nobody learns anything of an account that is out of their
//! sight, not even that it is there.
//!
//! Two servers are told the same, but for one account that no team sees. Who does not see every account must get the same
//! answers from both, byte for byte. The routes come from the OpenAPI document, so that a new one is asked too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and prints what it tried"
)]

mod harness;

use chrono_tz::Tz;
use harness::TestServer;
use model::{
    instant::Instant,
    key::{Grant, NewKey},
    member::Role,
    team::TeamDefinition,
};
use reqwest::{Method, header};
use serde_json::{Value, json};
use server::Access;
use std::collections::BTreeMap;

/// An account that no team sees, and one that there is not, of the same length.
const FOREIGN: &str = "zz-foreign-account";
const UNKNOWN: &str = "zz-unknown-account";

/// What tells of the foreign account, beside its id.
const OF_ACCOUNT: [&str; 3] = ["zz-account-name", "zz-user-id", "zz-user-name"];

/// Names of modules and actions that the foreign account alone uses.
const OF_NAMES: [&str; 3] = ["zz-module", "zz-action", "zz-prefix"];

/// A team that nobody here belongs to, and one that there is not.
const FOREIGN_TEAM: &str = "3";
const UNKNOWN_TEAM: &str = "9";

/// The pages, which no document describes.
const PAGES: [&str; 12] = [
    "/",
    "/activities",
    "/quality",
    "/profile",
    "/members",
    "/teams",
    "/keys",
    "/privacy",
    "/audit",
    "/tracking",
    "/sign-in",
    "/nowhere",
];

/// Who must be told the same.
const VIEWER_OF_A: &str = "a viewer of A";
const KEY_OF_A: &str = "a key bound to A";

/// Where names of the whole workspace are told to those who configure tracking, but not whose they are.
const OF_NAMES_ALONE: [&str; 3] = ["/quality", "/module-rules", "/tracking"];

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

/// Somebody who asks.
struct Asking {
    name: &'static str,
    sees_all: bool,
    /// Whether the names of all modules and actions are their business, but not whose they are.
    configures_tracking: bool,
    header: Option<(header::HeaderName, String)>,
}

/// A server with two accounts in teams, and perhaps a foreign one beside, and everybody who asks there.
async fn start(with_foreign: bool) -> (TestServer, Vec<Asking>) {
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await;
    let (ingest, read) = (server.add_key("sends", Grant::Ingest).await, server.add_key("reads", Grant::Read).await);
    for (name, accounts) in [("A", vec!["acme"]), ("B", vec!["globex"]), ("C", vec!["initech"]), ("D", vec!["acme"])] {
        let accounts = accounts.into_iter().map(str::to_owned).collect();
        server
            .store
            .add_team(&TeamDefinition { name: name.to_owned(), accounts, rules: vec![] }, &server.author())
            .await
            .unwrap();
    }
    let event = |account: &str, name: &str, user: [&str; 2], module: &str, action: &str, day: u32| {
        json!({
            "account": {"id": account, "name": name, "attributes": {"plan": name}}, "user": {"id": user[0], "name": user[1]},
            "module": module, "action": action, "time": format!("2026-11-{day:02}T10:58:00Z"),
        })
    };
    let mut events = Vec::new();
    for day in [1, 20, 22, 23] {
        for account in ["acme", "globex"] {
            events.push(event(account, account, ["lisa", "Lisa"], "Dashboard", "Export", day));
        }
        if with_foreign && day > 1 {
            let [name, id, user] = OF_ACCOUNT;
            events.push(event(FOREIGN, name, [id, user], OF_NAMES[0], OF_NAMES[1], day));
            // One that is rejected, and kept with all that was in it.
            events.push(event(FOREIGN, name, [id, user], OF_NAMES[0], "", day));
        }
    }
    let request = server.client.post(server.url("/api/v1/events")).bearer_auth(&ingest).json(&events);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let rules =
        if with_foreign { json!([{"kind": "event", "prefix": OF_NAMES[2], "module": OF_NAMES[0]}]) } else { json!([]) };
    let rules = model::module_rule::ModuleRules::from_json(&json!({"rules": rules})).unwrap();
    server.store.put_module_rules(rules, server.author()).await.unwrap();

    let mut everybody = vec![Asking { name: "nobody", sees_all: false, configures_tracking: false, header: None }];
    for (name, role, configures_tracking, teams) in [
        ("a viewer of no team", Role::Viewer, false, &[][..]),
        (VIEWER_OF_A, Role::Viewer, false, &[1]),
        ("a viewer of A and B", Role::Viewer, false, &[1, 2]),
        ("a viewer of A who configures tracking", Role::Viewer, true, &[1]),
        ("an administrator", Role::Administrator, true, &[]),
    ] {
        let (_, cookie) = server.member(role, configures_tracking, teams).await;
        let header = Some((header::COOKIE, cookie));
        everybody.push(Asking { name, sees_all: role == Role::Administrator, configures_tracking, header });
    }
    let mut bound = Vec::new();
    for (name, team) in [("bound", 1), ("bound to what is gone", 4)] {
        let new = NewKey { name: name.to_owned(), grant: Grant::Read, expires: None, team: Some(team) };
        bound.push(server.keys.make(new, server.author()).await.unwrap().secret);
    }
    assert!(server.store.delete_team(4, &server.author()).await.unwrap());
    let [of_a, of_nothing] = <[String; 2]>::try_from(bound).unwrap();
    for (name, sees_all, key) in [
        ("a key that sends", false, ingest),
        ("a key that reads", true, read),
        (KEY_OF_A, false, of_a),
        ("a key bound to a team that was deleted", false, of_nothing),
    ] {
        let header = Some((header::AUTHORIZATION, format!("Bearer {key}")));
        everybody.push(Asking { name, sees_all, configures_tracking: false, header });
    }
    (server, everybody)
}

/// What is answered: the status, what the headers say of the body, and the body.
async fn ask(server: &TestServer, who: &Asking, method: &Method, path: &str, body: Option<&Value>) -> String {
    // Where it leads on is an answer of its own.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method.clone(), server.url(path)).header(header::ORIGIN, &server.base_url);
    if let Some((name, value)) = &who.header {
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let headers = [header::ETAG, header::LOCATION, header::CONTENT_DISPOSITION]
        .map(|name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default());
    let status = answer.status();
    // The address of the server itself stands in the page.
    let text = answer.text().await.unwrap().replace(server.base_url.trim_start_matches("http://"), "HOST");
    let mut parts = text.split("nonce=\"");
    // A page has another nonce each time.
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest));
    format!("{status} {headers:?} {text}")
}

/// Every way of asking that the document knows.
fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(server::routes::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            if let Ok(method @ (Method::GET | Method::POST | Method::PUT | Method::DELETE)) = method.parse() {
                operations.push((method, path.clone()));
            }
        }
    }
    operations
}

/// Ways of asking for what is foreign, with the same question about what there is not.
fn questions(path: &str) -> Vec<(String, Option<String>)> {
    let path = |id: &str| path.replace("{id}", id);
    let (foreign, unknown) = (path(FOREIGN_TEAM), path(UNKNOWN_TEAM));
    let pair = |name: &str, one: &str, other: &str| {
        (format!("{foreign}?{name}={one}"), Some(format!("{unknown}?{name}={other}")))
    };
    vec![
        (foreign.clone(), (foreign != unknown).then(|| unknown.clone())),
        pair("account", FOREIGN, UNKNOWN),
        pair("team", FOREIGN_TEAM, UNKNOWN_TEAM),
        (format!("{foreign}?filter=zz-"), None),
        (format!("{foreign}?period=last_7_days&team=1"), None),
        (format!("{foreign}?from=2026-11-20&to=2026-11-23"), None),
    ]
}

/// Fails where two answers differ, with what stands there.
fn same(one: &str, other: &str, what: impl Fn() -> String) {
    let at = one.bytes().zip(other.bytes()).position(|(one, other)| one != other);
    let Some(at) = at.or((one.len() != other.len()).then_some(one.len().min(other.len()))) else { return };
    let around = |text: &str| text.chars().skip(at.saturating_sub(80)).take(240).collect::<String>();
    panic!("{}\n{}\n{}", what(), around(one), around(other));
}

/// Fails where an answer tells of the foreign account.
fn tells_nothing(who: &Asking, path: &str, answer: &str) {
    let answer = answer.to_lowercase();
    // What was asked for may be repeated.
    let answer = if path.contains(FOREIGN) { answer.replace(FOREIGN, "") } else { answer };
    let names_are_theirs = who.configures_tracking && OF_NAMES_ALONE.iter().any(|part| path.contains(part));
    let names: &[&str] = if names_are_theirs { &[] } else { &OF_NAMES };
    for marker in OF_ACCOUNT.iter().chain(names).chain([&FOREIGN]) {
        assert!(!answer.contains(marker), "{} learns of {marker} by {path}:\n{answer}", who.name);
    }
}

#[tokio::test]
async fn what_is_out_of_sight_is_not_there() {
    let ((with, everybody), (without, everybody_else)) = (start(true).await, start(false).await);
    let operations = operations();
    assert!(operations.len() > 30, "{operations:?}");
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let reads = operations.iter().filter(|(method, _)| *method == Method::GET).map(|(_, path)| path.as_str());
    let reads: Vec<&str> = reads.chain(PAGES).collect();
    let (mut of_viewer, mut compared) = (BTreeMap::new(), 0);
    for (who, twin) in everybody.iter().zip(&everybody_else) {
        for (path, unknown) in reads.iter().flat_map(|path| questions(path)) {
            let answer = ask(&with, who, &Method::GET, &path, None).await;
            *asked.entry(who.name).or_default() += 1;
            if who.sees_all {
                let learns = OF_ACCOUNT.iter().chain(&OF_NAMES).any(|marker| answer.contains(marker));
                *told.entry(who.name).or_default() += usize::from(learns);
                continue;
            }
            tells_nothing(who, &path, &answer);
            // A page shows its reader's name, too.
            if who.name == VIEWER_OF_A && path.starts_with("/api/v1/") && answer.starts_with("200") {
                of_viewer.insert(path.clone(), answer.clone());
            }
            if who.name == KEY_OF_A
                && let Some(of_viewer) = of_viewer.get(&path)
            {
                same(&answer, of_viewer, || {
                    format!("a key bound to A and a viewer of A are told other things by {path}")
                });
                compared += 1;
            }
            // What is counted, late or new in the whole workspace is for those who configure tracking.
            let of_all = who.configures_tracking && OF_NAMES_ALONE.iter().any(|part| path.contains(part));
            if !of_all {
                let answer_without = ask(&without, twin, &Method::GET, &path, None).await;
                let what = || format!("{} tells by {path} whether the account is there", who.name);
                same(&answer, &answer_without, what);
            }
            let Some(unknown) = unknown else { continue };
            let of_unknown = ask(&with, who, &Method::GET, &unknown, None).await;
            let asked_alike = |answer: &str| {
                // As it is quoted, and as it stands in addresses, whether those stand in others or not.
                let forms = [("“", "”"), ("team=", ""), ("team%3D", "")];
                forms.into_iter().fold(answer.replace(UNKNOWN, FOREIGN), |answer, (before, after)| {
                    let [unknown, foreign] = [UNKNOWN_TEAM, FOREIGN_TEAM].map(|team| format!("{before}{team}{after}"));
                    answer.replace(&unknown, &foreign)
                })
            };
            let what = || format!("{} tells {path} from {unknown}", who.name);
            same(&asked_alike(&answer), &asked_alike(&of_unknown), what);
        }
    }
    // Those who change something come last, as what they change shows.
    for (who, _) in everybody.iter().zip(&everybody_else) {
        for (method, path) in operations.iter().filter(|(method, _)| *method != Method::GET) {
            let path = path.replace("{id}", FOREIGN_TEAM);
            let answer = ask(&with, who, method, &path, Some(&json!({}))).await;
            *asked.entry(who.name).or_default() += 1;
            if !who.sees_all {
                tells_nothing(who, &path, &answer);
                let is_intake = !path.starts_with("/api/v1/") || path == "/api/v1/events";
                assert!(is_intake || answer.starts_with('4'), "{} may {method} {path}: {answer}", who.name);
            }
        }
    }
    println!("{} combinations: {asked:?}; told: {told:?}", asked.values().sum::<usize>());
    // Those who see all see it, so that the markers are where they are looked for.
    assert!(told.values().all(|told| *told > 30), "{told:?}");
    assert!(compared > 30 && compared == of_viewer.len(), "{compared} of {}", of_viewer.len());
}
