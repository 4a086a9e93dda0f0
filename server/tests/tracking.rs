//! Holds every figure against the reference while what is tracked, called and merged changes, and after all of it is taken
//! back.
//!
//! Each case tells a random story: choices are made and changed before, between and after the sendings, which bring names
//! of merged modules for the first time, late events and duplicates. `PROPTEST_CASES` sets the number of cases in each zone.

mod harness;
mod reference;
mod strategies;

use chrono_tz::Tz;
use harness::{TestServer, export_at};
use model::{
    DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW,
    api::{
        today::{Stream, Today},
        tracking::{TrackedModule, Tracking},
        usage::{Table, Usage},
    },
    event::{Event, Kind},
    instant::Instant,
    key::Grant,
    member::Role,
    team::TeamDefinition,
    tracking::Choice,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use reference::{
    Asked, Reference, TableKind,
    tracking::{Choices, Named},
};
use reqwest::{Method, RequestBuilder, Response, Url, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use server::Access;
use sqlx::{Connection, PgConnection};
use std::{collections::BTreeMap, sync::LazyLock};
use strategies::{
    bodies::bodies,
    events::{Parcel, Story, TICK},
    places::{self, Place},
    questions::{self, Questions},
    tracking::{Chosen, chosen},
};

/// Cases in each zone, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 5;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime"));

fn every_figure_follows(place: &'static Place) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
    let several = || prop::collection::vec(chosen(), 1..6);
    let stories = (questions::story_and_questions(place), several(), several());
    let told = TestRunner::new(config).run(&stories, |((story, questions), first, second)| {
        RUNTIME.block_on(tell(&story, &questions, &first, &second))
    });
    if let Err(failure) = told {
        panic!("{failure}");
    }
}

#[test]
fn every_figure_follows_what_is_tracked_in_berlin() {
    every_figure_follows(&places::BERLIN);
}

#[test]
fn every_figure_follows_what_is_tracked_in_st_johns() {
    every_figure_follows(&places::ST_JOHNS);
}

async fn tell(story: &Story, questions: &Questions, first: &[Chosen], second: &[Chosen]) -> TestCaseResult {
    let mut reference = Reference::new(story.zone, DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW);
    let server = TestServer::start(story.zone, story.now).await;
    // Whose sums are kept by day.
    let team = TeamDefinition {
        name: "Team".to_owned(),
        accounts: ["acme", "globex"].map(str::to_owned).into(),
        rules: vec![],
    };
    server.store.add_team(&team, &server.author()).await.expect("a team");
    let mut choices = Choices::default();
    let (before, later) = story.sendings();
    let mut now = story.now;
    send(&server, &mut reference, &before, now).await?;
    now = now.plus_millis(2 * TICK);
    server.set_now(now);
    names_are_used_as_they_were_sent(&server, &reference, now).await?;
    let untouched = answers(&server, questions).await?;

    for chosen in first {
        choose(&server, &reference, &mut choices, chosen).await?;
        agrees(&server, &reference, &choices, now, questions).await?;
        names_are_used_as_they_were_sent(&server, &reference, now).await?;
    }
    roll_ups_are_those_of_a_rebuild(&server).await?;
    take_all_back(&server, &mut choices).await?;
    prop_assert_eq!(answers(&server, questions).await?, untouched);
    for chosen in first {
        choose(&server, &reference, &mut choices, chosen).await?;
    }

    // What is sent now meets the choices, and may bring names that are shown as others.
    now = now.max(story.later());
    send(&server, &mut reference, &later, now).await?;
    now = now.plus_millis(2 * TICK);
    server.set_now(now);
    agrees(&server, &reference, &choices, now, questions).await?;
    roll_ups_are_those_of_a_rebuild(&server).await?;
    for chosen in second {
        choose(&server, &reference, &mut choices, chosen).await?;
        agrees(&server, &reference, &choices, now, questions).await?;
        names_are_used_as_they_were_sent(&server, &reference, now).await?;
    }
    roll_ups_are_those_of_a_rebuild(&server).await?;
    // A server that remembers nothing of it, at a tick that nobody looked at before the last choice.
    let another = server.another().await;
    now = now.plus_millis(2 * TICK);
    agrees(&another, &reference, &choices, now, questions).await?;

    server.set_now(now);
    take_all_back(&server, &mut choices).await?;
    agrees(&server, &reference, &choices, now, questions).await?;
    roll_ups_are_those_of_a_rebuild(&server).await?;
    // As if nothing had ever been chosen.
    let plain = TestServer::start(story.zone, story.now).await;
    plain.store.add_team(&team, &plain.author()).await.expect("a team");
    let mut retold = Reference::new(story.zone, DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW);
    send(&plain, &mut retold, &before, story.now).await?;
    send(&plain, &mut retold, &later, story.later().max(story.now.plus_millis(2 * TICK))).await?;
    plain.set_now(now);
    prop_assert_eq!(answers(&server, questions).await?, answers(&plain, questions).await?);
    Ok(())
}

async fn send(server: &TestServer, reference: &mut Reference, parcels: &[Parcel], now: Instant) -> TestCaseResult {
    server.set_now(now);
    for body in bodies(parcels, now) {
        let request = server.client.post(server.url("/api/v1/events")).header(header::CONTENT_TYPE, body.content_type);
        let status = request.body(body.text.clone()).send().await.expect("an answer").status();
        prop_assert_eq!(status, 200, "POST {:?}", body);
    }
    for parcel in parcels {
        reference.accept(&parcel.event);
    }
    Ok(())
}

/// Chooses something among the names that were sent, if there are any: the server refuses what the reference does.
async fn choose(server: &TestServer, reference: &Reference, choices: &mut Choices, chosen: &Chosen) -> TestCaseResult {
    let names: Vec<Named> =
        reference.sent_names().into_iter().filter(|name| name.action.is_none() == chosen.is_module).collect();
    if names.is_empty() {
        return Ok(());
    }
    let name = chosen.name.get(&names);
    let into = chosen.into.as_ref().map(|into| into.get(&names));
    let called = name.action.as_ref().unwrap_or(&name.module);
    let display_name = chosen.is_renamed.then(|| format!("{called}!"));
    let choice = Choice { display_name, tracked: chosen.tracked, merged_into: None };
    let expected = choices.choose(name, &choice, into);
    let merged_into = match into {
        Some(into) => Some(number(server, into).await),
        None => None,
    };
    let status = put(server, name, &Choice { merged_into, ..choice }).await;
    prop_assert_eq!(status, if expected { 200 } else { 422 }, "{:?} {:?} into {:?}", name, chosen, into);
    Ok(())
}

async fn take_all_back(server: &TestServer, choices: &mut Choices) -> TestCaseResult {
    for name in choices.names() {
        prop_assert_eq!(put(server, &name, &Choice::default()).await, 200, "{:?}", name);
    }
    *choices = Choices::default();
    Ok(())
}

async fn put(server: &TestServer, name: &Named, choice: &Choice) -> u16 {
    let kind = if name.action.is_none() { "modules" } else { "activities" };
    let url = server.url(&format!("/api/v1/tracking/{kind}/{}", number(server, name).await));
    server.client.put(url).json(&json!(choice)).send().await.expect("an answer").status().as_u16()
}

async fn number(server: &TestServer, name: &Named) -> i64 {
    let names = server.store.read().await.expect("a reading").sent_names().await.expect("names");
    let module = names.modules.iter().find(|(_, module)| module.name == name.module).expect("a module");
    let Some(action) = &name.action else { return *module.0 };
    let is_it =
        |activity: &model::tracking::SentActivity| activity.module_no == *module.0 && activity.action == *action;
    *names.activities.iter().find(|(_, activity)| is_it(activity)).expect("an activity").0
}

/// What was done under each name as it was sent, whatever it is shown as.
async fn names_are_used_as_they_were_sent(server: &TestServer, reference: &Reference, now: Instant) -> TestCaseResult {
    let Tracking { modules, .. } = get(server, "tracking", &[]).await?;
    let mut told = BTreeMap::new();
    for TrackedModule { name: module, used, activities, .. } in modules {
        let named = |action| Named { module: module.clone(), action };
        told.extend(activities.into_iter().map(|activity| (named(Some(activity.action)), activity.used)));
        told.insert(named(None), used);
    }
    prop_assert_eq!(told, reference.name_uses(now));
    Ok(())
}

async fn roll_ups_are_those_of_a_rebuild(server: &TestServer) -> TestCaseResult {
    let roll_ups = server.dump_rollups().await;
    server.rebuild().await;
    for (rebuilt, kept) in server.dump_rollups().await.into_iter().zip(roll_ups) {
        prop_assert_eq!(kept, rebuilt);
    }
    Ok(())
}

/// A server on which Lisa and Bob of Acme used two modules, as somebody who configures tracking for a team without Globex
/// finds it, and the names' numbers.
async fn two_modules() -> (TestServer, String) {
    let server =
        TestServer::start_with(Access::SignIn, Tz::UTC, Instant::parse("2026-11-23T11:00:00Z").expect("a time")).await;
    let key = server.add_key("sends", Grant::Ingest).await;
    let event = |account: &str, module: &str, action: &str| {
        let time = "2026-11-22T10:00:00Z";
        json!({"account": account, "user": "lisa", "module": module, "action": action, "time": time})
    };
    let heartbeat = json!({"account": "acme", "user": "bob", "module": "Boards", "kind": "heartbeat"});
    let events = json!([
        event("acme", "Dashboard", "Export"),
        event("acme", "Dashboard", "View"),
        event("globex", "Boards", "View"),
        heartbeat
    ]);
    let sent =
        server.client.post(server.url("/api/v1/events")).bearer_auth(&key).json(&events).send().await.expect("sent");
    assert_eq!(sent.status(), 200);
    let team = TeamDefinition { name: "Team".to_owned(), accounts: ["acme".to_owned()].into(), rules: vec![] };
    let team = server.store.add_team(&team, &server.author()).await.expect("a team");
    let (_, cookie) = server.member(Role::Viewer, true, &[team]).await;
    (server, cookie)
}

fn asked(server: &TestServer, cookie: &str, method: Method, path: &str) -> RequestBuilder {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = client.request(method, server.url(path)).header(header::COOKIE, cookie);
    request.header(header::ORIGIN, &server.base_url)
}

async fn post(server: &TestServer, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = asked(server, cookie, Method::POST, path).body(body);
    let kind = "application/x-www-form-urlencoded";
    request.header(header::CONTENT_TYPE, kind).send().await.expect("an answer")
}

async fn json_of(request: RequestBuilder) -> Value {
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn names_are_the_workspaces_and_figures_those_in_sight() {
    let (server, cookie) = two_modules().await;
    let tracking = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    let told: Vec<Value> = tracking["modules"]
        .as_array()
        .expect("modules")
        .iter()
        .map(|module| {
            let activities = module["activities"].as_array().expect("activities");
            let actions: Vec<&Value> = activities.iter().map(|activity| &activity["action"]).collect();
            json!([module["name"], module["used"]["actions"], module["used"]["last_day"], actions])
        })
        .collect();
    // That Globex used boards is not told; that Bob was there is.
    assert_eq!(
        json!(told),
        json!([["Boards", 0, "2026-11-23", ["View"]], ["Dashboard", 2, "2026-11-22", ["Export", "View"]]])
    );
}

#[tokio::test]
async fn a_new_activity_changes_what_is_tracked_only_where_it_is_shown_as_another() {
    let (server, cookie) = two_modules().await;
    let boards = number(&server, &Named::module("Boards")).await;
    let dashboard = number(&server, &Named::module("Dashboard")).await;
    let merge = asked(&server, &cookie, Method::PUT, &format!("/api/v1/tracking/modules/{boards}"));
    let merged = merge.json(&json!({"merged_into": dashboard})).send().await.expect("an answer");
    assert_eq!(merged.status(), 200);
    let revision = async || server.store.read().await.expect("a reading").tracking_revision();
    let before = revision().await;
    for (module, action, raised) in
        [("Boards", "Print", 0), ("Reports", "Run", 0), ("Dashboard", "Print", 1), ("Dashboard", "Print", 1)]
    {
        let kind = Kind::Activity { action: action.to_owned(), count: 1 };
        let event = Event { module: module.to_owned(), kind, ..export_at("2026-11-22T10:00:00Z") };
        server.store.append(&[event]).await.expect("stored");
        assert_eq!(revision().await, before + raised, "{module} {action}");
    }
    let table = json_of(asked(&server, &cookie, Method::GET, "/api/v1/usage/activities?period=yesterday")).await;
    let rows = table["rows"].as_array().expect("rows").iter();
    let mut told: Vec<Value> = rows.map(|row| json!([row["module"], row["action"], row["actions"]])).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(
        json!(told),
        json!([["Dashboard", "Export", 1], ["Dashboard", "Print", 3], ["Dashboard", "View", 1], ["Reports", "Run", 1]])
    );
    roll_ups_are_those_of_a_rebuild(&server).await.expect("the same");
}

#[tokio::test]
async fn what_a_duplicate_is_called_was_never_done() {
    let server = TestServer::start(Tz::UTC, Instant::parse("2026-11-23T11:00:00Z").expect("a time")).await;
    let event = |module: &str, action: &str| json!({"id": "e1", "account": "acme", "user": "lisa", "module": module, "action": action});
    for (module, action) in [("Dashboard", "View"), ("Reports", "Export"), ("Dashboard", "Print")] {
        let events = server.client.post(server.url("/api/v1/events")).json(&event(module, action));
        assert_eq!(events.send().await.expect("an answer").status(), 200);
    }
    let names = json_of(server.client.get(server.url("/api/v1/tracking"))).await;
    let modules: Vec<&Value> = names["modules"].as_array().expect("modules").iter().collect();
    assert_eq!(modules.len(), 1);
    assert_eq!(modules[0]["activities"].as_array().expect("activities").len(), 1, "{names}");
}

#[tokio::test]
async fn what_is_wrong_with_a_choice_is_told_by_its_field_and_changes_nothing() {
    let (server, cookie) = two_modules().await;
    let before = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    for (path, choice, status, pointer) in [
        ("modules/1", json!({"merged_into": 1}), 422, "/merged_into"),
        ("modules/1", json!({"merged_into": 7}), 422, "/merged_into"),
        ("modules/2", json!({"display_name": "Boards"}), 422, "/display_name"),
        ("modules/1", json!({"display_name": "x".repeat(201)}), 422, "/display_name"),
        ("modules/1", json!({"off": true}), 422, "/off"),
        ("activities/1", json!({"merged_into": 3}), 422, "/merged_into"),
        ("activities/2", json!({"display_name": "View"}), 422, "/display_name"),
        ("modules/9", json!({}), 404, ""),
        ("activities/x", json!({}), 404, ""),
        ("modules/+1", json!({}), 404, ""),
        ("modules/01", json!({}), 404, ""),
        ("modules/1", json!([]), 422, ""),
    ] {
        let request = asked(&server, &cookie, Method::PUT, &format!("/api/v1/tracking/{path}")).json(&choice);
        let problem = json_of(request).await;
        assert_eq!(
            (problem["status"].as_i64(), problem["errors"][0]["pointer"].as_str().unwrap_or("")),
            (Some(status), pointer),
            "{problem}"
        );
        assert!(!problem["detail"].as_str().expect("a detail").starts_with(':'), "{problem}");
    }
    let request = asked(&server, &cookie, Method::PUT, "/api/v1/tracking/modules/1");
    let twice = request.header(header::CONTENT_TYPE, "application/json").body(r#"{"tracked": true, "tracked": false}"#);
    let problem = json_of(twice).await;
    assert_eq!((&problem["status"], &problem["errors"][0]["pointer"]), (&json!(422), &json!("/tracked")), "{problem}");
    let mut after = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    after["as_of"] = before["as_of"].clone();
    assert_eq!(after, before);
    // Another origin's page changes nothing, and neither does whoever does not configure tracking.
    let request = asked(&server, &cookie, Method::PUT, "/api/v1/tracking/modules/1").json(&json!({"tracked": false}));
    assert_eq!(request.header("sec-fetch-site", "cross-site").send().await.expect("an answer").status(), 403);
    let (_, viewer) = server.member(Role::Viewer, false, &[1]).await;
    for (method, path) in [
        (Method::GET, "/api/v1/tracking"),
        (Method::PUT, "/api/v1/tracking/modules/1"),
        (Method::POST, "/api/v1/module-rules/preview"),
    ] {
        let answer = asked(&server, &viewer, method, path).json(&json!({})).send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{path}");
    }
}

#[tokio::test]
async fn whoever_configures_tracking_does_so_on_the_page() {
    let (server, cookie) = two_modules().await;
    let page = async |path: &str| {
        asked(&server, &cookie, Method::GET, path).send().await.expect("a page").text().await.expect("text")
    };
    let names = server.store.read().await.expect("a reading").sent_names().await.expect("names");
    let boards = *names.modules.iter().find(|(_, module)| module.name == "Boards").expect("boards").0;
    let dashboard = *names.modules.iter().find(|(_, module)| module.name == "Dashboard").expect("a dashboard").0;
    let (boards, dashboard) = (boards.to_string(), dashboard.to_string());
    let opened = format!("/tracking?module={boards}");
    assert!(page(&opened).await.contains("Change Boards"));
    // Which days the figures are of, and in which zone.
    for told in ["24 Oct – 22 Nov 2026", "UTC"] {
        assert!(page(&opened).await.contains(told), "{told}");
    }
    let save = async |tracked: &str, display_name: &str, into: &str| {
        let fields = [("do", "save"), ("kind", "module"), ("id", &boards), ("tracked", tracked)];
        let fields = [&fields[..], &[("display_name", display_name), ("merged_into", into)]].concat();
        post(&server, &cookie, &opened, &fields).await
    };
    let answer = save("yes", "", &dashboard).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], opened);
    assert!(page(&opened).await.contains("It counts as"));
    // Bob's heartbeat is one of a module that is off.
    let users =
        async || json_of(asked(&server, &cookie, Method::GET, "/api/v1/today")).await["users_online"]["of"].clone();
    assert_eq!(users().await, 1);
    assert_eq!(save("no", "", "").await.status(), 303);
    assert_eq!(users().await, 0);
    assert!(page(&opened).await.contains("Not tracked"));
    // On Activities it is told to who may change it, and to nobody else.
    let (_, viewer) = server.member(Role::Viewer, false, &[1]).await;
    for (cookie, count) in [(&cookie, 1), (&viewer, 0)] {
        let workspace = json_of(asked(&server, cookie, Method::GET, "/api/v1/workspace")).await;
        assert_eq!(workspace["untracked"].as_array().map(Vec::len), Some(count));
        let page = asked(&server, cookie, Method::GET, "/activities").send().await.expect("a page");
        assert_eq!(page.text().await.expect("text").contains("untracked-title"), count == 1);
    }
    let answer = save("yes", "Dashboard", "").await;
    assert_eq!(answer.status(), 422);
    let text = answer.text().await.expect("text");
    assert!(text.contains("two modules would be called") && text.contains("value=\"Dashboard\""));
    assert_eq!(save("yes", "", "").await.status(), 303);
    assert_eq!(users().await, 1);
    let sql = "SELECT author || ' ' || action || ' ' || subject || ' ' || state_before || ' ' || state_after \
               FROM audit WHERE subject_kind = 'module' ORDER BY audit_no";
    let told = server.texts(sql).await;
    let state =
        |tracked: bool, into: Value| json!({"display_name": null, "tracked": tracked, "merged_into": into}).to_string();
    let (plain, off, merged) = (state(true, Value::Null), state(false, Value::Null), state(true, json!("Dashboard")));
    let told_of = |before: &str, after: &str| format!("member-0@example.com change_tracking Boards {before} {after}");
    assert_eq!(told, [told_of(&plain, &merged), told_of(&merged, &off), told_of(&off, &plain)]);
    // Rules are previewed there, and followed once they are saved.
    let rules =
        [("rule_kind", "event"), ("rule_prefix", "report."), ("rule_module", "Reports"), ("rule_action", "rest")];
    for (wanted, status, count) in [("preview-rules", 200, 0), ("save-rules", 303, 1)] {
        let fields = [&[("do", wanted)][..], &rules].concat();
        let answer = post(&server, &cookie, "/tracking", &fields).await;
        assert_eq!(answer.status(), status);
        assert_eq!(server.store.module_rules().await.expect("rules").rules.len(), count);
    }
    for (method, path) in [(Method::GET, "/tracking"), (Method::POST, "/tracking")] {
        assert_eq!(asked(&server, &viewer, method, path).send().await.expect("an answer").status(), 404, "{path}");
    }
}

#[tokio::test]
async fn figures_of_different_choices_are_never_compared() {
    let now = Instant::parse("2026-11-23T11:00:00Z").expect("a time");
    let server = TestServer::start(Tz::UTC, now).await;
    server.store.append(&[export_at("2026-11-23T10:59:00Z")]).await.expect("stored");
    let another = server.another().await;
    let users_online = async || {
        let today = another.client.get(another.url("/api/v1/today")).send().await.expect("an answer");
        today.json::<Value>().await.expect("JSON")["users_online"].clone()
    };
    assert_eq!(users_online().await, json!({"value": 1, "of": 1, "change": null}));
    assert_eq!(put(&server, &Named::module("Dashboard"), &Choice { tracked: false, ..Choice::default() }).await, 200);
    another.set_now(now.plus_millis(TICK));
    // Whoever was there is so no longer because of the choice, and has not left.
    assert_eq!(users_online().await, json!({"value": 0, "of": 0, "change": null}));
    another.set_now(now.plus_millis(2 * TICK));
    assert_eq!(users_online().await, json!({"value": 0, "of": 0, "change": 0}));
}

#[tokio::test]
async fn a_form_that_is_not_whole_changes_nothing_and_says_which_field() {
    let (server, cookie) = two_modules().await;
    let choice = [
        ("do", "save"),
        ("kind", "module"),
        ("id", "1"),
        ("tracked", "no"),
        ("tracked", "yes"),
        ("display_name", "Other"),
        ("merged_into", ""),
    ];
    let rules = [
        ("do", "save-rules"),
        ("rule_kind", "event"),
        ("rule_prefix", "report."),
        ("rule_module", "Reports"),
        ("rule_action", "rest"),
    ];
    let without = |fields: &[(&'static str, &'static str)], field: &str| {
        fields.iter().copied().filter(|(name, _)| *name != field).collect::<Vec<_>>()
    };
    let with = |fields: &[(&'static str, &'static str)], field: (&'static str, &'static str)| {
        [&without(fields, field.0)[..], &[field]].concat()
    };
    let mut forms = Vec::new();
    for field in ["kind", "id", "tracked", "display_name", "merged_into"] {
        forms.push((without(&choice, field), field));
    }
    for field in [("kind", "nonsense"), ("id", "01"), ("tracked", "perhaps")] {
        forms.push((with(&choice, field), field.0));
    }
    forms.push(([&choice[..], &[("display_name", "Another")]].concat(), "display_name"));
    for field in ["rule_prefix", "rule_module", "rule_action"] {
        forms.push((without(&rules, field), field));
    }
    forms.push((with(&rules, ("rule_action", "half")), "rule_action"));
    let before = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    for (fields, field) in forms {
        let answer = post(&server, &cookie, "/tracking?module=1", &fields).await;
        assert_eq!(answer.status(), 422, "{fields:?}");
        let page = answer.text().await.expect("text");
        let mut errors =
            page.split(" class=\"f").filter(|part| part.starts_with("orm-error") || part.starts_with("ield-error"));
        assert!(
            errors.any(|error| error.split("</p>").next().is_some_and(|error| error.contains(field))),
            "{fields:?}"
        );
    }
    let mut after = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    after["as_of"] = before["as_of"].clone();
    assert_eq!(after, before);
    assert!(server.store.module_rules().await.expect("rules").rules.is_empty());
}

#[tokio::test]
async fn a_change_does_not_wait_long_for_who_works_on_the_events() {
    let (server, cookie) = two_modules().await;
    if !server.is_shared() {
        return;
    }
    let mut other = PgConnection::connect(&server.database_url()).await.expect("a connection");
    // As a VACUUM does, which lets others store events.
    let cleaning = "BEGIN; LOCK TABLE event IN SHARE UPDATE EXCLUSIVE MODE";
    sqlx::raw_sql(cleaning).execute(&mut other).await.expect("a lock");
    let off = async || {
        let request = asked(&server, &cookie, Method::PUT, "/api/v1/tracking/modules/1");
        request.json(&json!({"tracked": false})).send().await.expect("an answer")
    };
    let answer = off().await;
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key(header::RETRY_AFTER)), (503, true));
    server.store.append(&[export_at("2026-11-22T10:00:00Z")]).await.expect("stored meanwhile");
    other.close().await.expect("the end of it");
    assert_eq!(off().await.status(), 200);
}

#[tokio::test]
async fn what_is_merged_further_stays_where_it_was_put_when_its_form_is_saved() {
    let (server, cookie) = two_modules().await;
    let kind = Kind::Activity { action: "Run".to_owned(), count: 1 };
    let event = Event { module: "Reports".to_owned(), kind, ..export_at("2026-11-22T10:00:00Z") };
    server.store.append(&[event]).await.expect("stored");
    let [boards, dashboard, reports] = ["Boards", "Dashboard", "Reports"].map(Named::module);
    let numbers = [number(&server, &boards).await, number(&server, &dashboard).await, number(&server, &reports).await];
    let [boards, dashboard, reports] = numbers.map(|number| number.to_string());
    let save = async |id: &str, into: &str| {
        let fields = [("do", "save"), ("kind", "module"), ("id", id), ("display_name", ""), ("tracked", "yes")];
        let fields = [&fields[..], &[("merged_into", into)]].concat();
        assert_eq!(post(&server, &cookie, &format!("/tracking?module={id}"), &fields).await.status(), 303);
    };
    save(&boards, &dashboard).await;
    save(&dashboard, &reports).await;
    let page = asked(&server, &cookie, Method::GET, &format!("/tracking?module={boards}")).send().await;
    let page = page.expect("a page").text().await.expect("text");
    let option = page.split("<option").find(|option| option.contains("counts as Reports")).expect("an option");
    assert!(option.contains(&format!("value=\"{dashboard}\"")) && option.contains("selected"), "{option}");
    save(&boards, &dashboard).await;
    let tracking = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    let told = |name: &str| {
        let module = tracking["modules"].as_array().expect("modules").iter().find(|module| module["name"] == name);
        let module = module.expect("a module");
        (module["choice"]["merged_into"].to_string(), module["shown_id"].to_string())
    };
    assert_eq!(told("Boards"), (dashboard.clone(), reports.clone()));
    save(&dashboard, "").await;
    let tracking = json_of(asked(&server, &cookie, Method::GET, "/api/v1/tracking")).await;
    assert_eq!(tracking["modules"][0]["shown_id"].to_string(), dashboard);
}

/// What is asked of every state.
fn paths(questions: &Questions) -> Vec<(String, Vec<(&'static str, String)>)> {
    let account = || vec![("account", questions.account.clone())];
    let mut paths = vec![("today".to_owned(), vec![]), ("workspace".to_owned(), vec![])];
    paths.extend([("today/stream".to_owned(), vec![]), ("today/stream".to_owned(), account())]);
    paths.push(("today".to_owned(), vec![("team", "1".to_owned())]));
    for asked in Asked::NAMED.iter().chain(&questions.ranges) {
        for path in ["usage", "usage/activities", "usage/modules", "usage/activities.csv", "usage/modules.csv"] {
            paths.push((path.to_owned(), asked.parameters()));
            paths.push((path.to_owned(), [asked.parameters(), account()].concat()));
        }
    }
    paths
}

/// Every answer, as it is sent.
async fn answers(server: &TestServer, questions: &Questions) -> Result<Vec<String>, TestCaseError> {
    let mut answers = Vec::new();
    for (path, parameters) in paths(questions) {
        answers.push(format!("{path} {parameters:?} {}", text(server, &path, &parameters).await?));
    }
    Ok(answers)
}

async fn agrees(
    server: &TestServer,
    reference: &Reference,
    choices: &Choices,
    now: Instant,
    questions: &Questions,
) -> TestCaseResult {
    server.set_now(now);
    let of_team = ["acme", "globex"].map(str::to_owned).into();
    let (expected, of_team) = (&reference.shown_as(choices), &reference.of_accounts(&of_team).shown_as(choices));
    for (expected, team) in [(expected, None), (of_team, Some(("team", "1".to_owned())))] {
        let parameters: Vec<(&str, String)> = team.into_iter().collect();
        let today: Today = get(server, "today", &parameters).await?;
        let expected_today = expected.today(now.tick(), None);
        prop_assert_eq!(Today { as_of: expected_today.as_of, ..today }, expected_today);
        for asked in [Asked::Last7Days, questions.ranges[0]] {
            let parameters = [asked.parameters(), parameters.clone()].concat();
            let usage: Usage = get(server, "usage", &parameters).await?;
            prop_assert_eq!(usage, expected.usage(now, asked, None), "{:?}", parameters);
        }
    }
    for account in [None, Some(questions.account.as_str())] {
        let of_account = account.map(|id| ("account", id.to_owned()));
        let mut entries = Vec::new();
        let mut next = None;
        loop {
            let mut parameters = vec![("limit", questions.stream_limit.to_string())];
            parameters.extend(of_account.clone());
            parameters.extend(next.map(|cursor| ("before", cursor)));
            let page: Stream = get(server, "today/stream", &parameters).await?;
            entries.extend(page.entries);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        prop_assert_eq!(entries, expected.stream(now, account));
        for &asked in Asked::NAMED.iter().chain(&questions.ranges) {
            let mut parameters = asked.parameters();
            parameters.extend(of_account.clone());
            let usage: Usage = get(server, "usage", &parameters).await?;
            prop_assert_eq!(usage, expected.usage(now, asked, account), "{:?}", parameters);
        }
    }
    for wanted in &questions.tables {
        let path = match wanted.kind {
            TableKind::Activities => "usage/activities",
            TableKind::Modules => "usage/modules",
        };
        let table: Table = get(server, path, &wanted.parameters()).await?;
        prop_assert_eq!(table, expected.table(now, wanted), "{:?}", wanted);
    }
    Ok(())
}

async fn get<T: DeserializeOwned>(
    server: &TestServer,
    path: &str,
    parameters: &[(&'static str, String)],
) -> Result<T, TestCaseError> {
    let text = text(server, path, parameters).await?;
    serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("GET {path}: {error}: {text}")))
}

async fn text(server: &TestServer, path: &str, parameters: &[(&'static str, String)]) -> Result<String, TestCaseError> {
    let url = Url::parse_with_params(&server.url(&format!("/api/v1/{path}")), parameters).expect("a URL");
    let answer = server.client.get(url.clone()).send().await;
    let answer = answer.map_err(|error| TestCaseError::fail(format!("GET {url}: {error}")))?;
    let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
    prop_assert_eq!(status, 200, "GET {}: {}", url, text);
    Ok(text)
}
