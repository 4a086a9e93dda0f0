//! Holds every figure against the reference while what is tracked, called and merged changes, and after all of it is taken
//! back.
//!
//! Each case tells a random story: choices are made and changed before, between and after the sendings, which bring names
//! of merged modules for the first time, late events and duplicates. `PROPTEST_CASES` sets the number of cases in each zone.

mod harness;
mod reference;
mod strategies;

use harness::TestServer;
use model::{
    DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW,
    api::{
        today::{Stream, Today},
        usage::{Table, Usage},
    },
    instant::Instant,
    tracking::Choice,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use reference::{Asked, Choices, Named, Reference, TableKind};
use reqwest::{Url, header};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::LazyLock;
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
    let mut choices = Choices::default();
    let (before, later) = story.sendings();
    let mut now = story.now;
    send(&server, &mut reference, &before, now).await?;
    now = now.plus_millis(2 * TICK);
    server.set_now(now);
    let untouched = answers(&server, questions).await?;

    for chosen in first {
        choose(&server, &reference, &mut choices, chosen).await?;
        agrees(&server, &reference.shown_as(&choices), now, questions).await?;
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
    agrees(&server, &reference.shown_as(&choices), now, questions).await?;
    roll_ups_are_those_of_a_rebuild(&server).await?;
    for chosen in second {
        choose(&server, &reference, &mut choices, chosen).await?;
        agrees(&server, &reference.shown_as(&choices), now, questions).await?;
    }
    roll_ups_are_those_of_a_rebuild(&server).await?;
    // A server that remembers nothing of it.
    let another = server.another().await;
    agrees(&another, &reference.shown_as(&choices), now, questions).await?;

    take_all_back(&server, &mut choices).await?;
    agrees(&server, &reference, now, questions).await?;
    roll_ups_are_those_of_a_rebuild(&server).await?;
    // As if nothing had ever been chosen.
    let plain = TestServer::start(story.zone, story.now).await;
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

async fn roll_ups_are_those_of_a_rebuild(server: &TestServer) -> TestCaseResult {
    let roll_ups = server.dump_rollups().await;
    server.rebuild().await;
    for (rebuilt, kept) in server.dump_rollups().await.into_iter().zip(roll_ups) {
        prop_assert_eq!(kept, rebuilt);
    }
    Ok(())
}

/// What is asked of every state.
fn paths(questions: &Questions) -> Vec<(String, Vec<(&'static str, String)>)> {
    let account = || vec![("account", questions.account.clone())];
    let mut paths = vec![("today".to_owned(), vec![]), ("workspace".to_owned(), vec![])];
    paths.extend([("today/stream".to_owned(), vec![]), ("today/stream".to_owned(), account())]);
    for asked in Asked::NAMED.iter().chain(&questions.ranges) {
        for path in ["usage", "usage/activities", "usage/modules", "usage/activities.csv", "usage/modules.csv"] {
            paths.push((path.to_owned(), period(*asked)));
            paths.push((path.to_owned(), [period(*asked), account()].concat()));
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

async fn agrees(server: &TestServer, expected: &Reference, now: Instant, questions: &Questions) -> TestCaseResult {
    server.set_now(now);
    let today: Today = get(server, "today", &[]).await?;
    let expected_today = expected.today(now.tick(), None);
    prop_assert_eq!(Today { as_of: expected_today.as_of, ..today }, expected_today);
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
            let mut parameters = period(asked);
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
        let mut parameters = period(wanted.asked);
        parameters.extend(wanted.account.clone().map(|id| ("account", id)));
        let order = if wanted.order == model::query::Order::Ascending { "asc" } else { "desc" };
        parameters.extend([
            ("filter", wanted.filter.clone()),
            ("sort", wanted.sort.name().to_owned()),
            ("order", order.to_owned()),
            ("limit", wanted.limit.to_string()),
            ("offset", wanted.offset.to_string()),
        ]);
        let table: Table = get(server, path, &parameters).await?;
        prop_assert_eq!(table, expected.table(now, wanted), "{:?}", wanted);
    }
    Ok(())
}

fn period(asked: Asked) -> Vec<(&'static str, String)> {
    match asked {
        Asked::Range(from, to) => vec![("from", from.to_string()), ("to", to.to_string())],
        named => vec![("period", named.name().to_owned())],
    }
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
