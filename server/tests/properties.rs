//! Holds the server's every figure against a naive reference that recomputes it from raw events.
//!
//! Each case tells a random story through the HTTP API: events late, repeated, out of order, in every form of
//! request, around the moments at which a wrong calendar shows. After every sending, every answer must be the
//! reference's. `PROPTEST_CASES` sets the number of cases in each reporting zone.

mod harness;
mod reference;
mod strategies;

use harness::TestServer;
use model::{
    DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW,
    api::{
        ingest::IngestAnswer,
        today::{Stream, Today},
        usage::{Table, Usage},
    },
    erasure::ErasureChoice,
    instant::Instant,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use reference::{Asked, Reference, TableKind};
use reqwest::Url;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fmt::Debug, sync::LazyLock};
use strategies::{
    bodies::{Body, bodies},
    events::{Parcel, Story, TICK},
    places::{self, Place},
    questions::{Questions, story_and_questions},
};

/// Cases in each zone, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 8;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime"));

/// How long a failing story is told again in shorter forms, in milliseconds.
const SHRINKING: u32 = 20_000;

/// Runs the cases of a zone.
fn every_figure_agrees(place: &'static Place) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 500,
        max_shrink_time: SHRINKING,
        ..Config::default()
    };
    let told = TestRunner::new(config)
        .run(&story_and_questions(place), |(story, questions)| RUNTIME.block_on(tell(&story, &questions)));
    if let Err(failure) = told {
        panic!("{failure}");
    }
}

macro_rules! in_each_zone {
    ($($zone:ident: $place:ident,)*) => {
        mod every_figure_agrees_in {
            $(#[test]
            fn $zone() {
                super::every_figure_agrees(&super::places::$place);
            })*
        }
    };
}

in_each_zone! {
    utc: UTC,
    berlin: BERLIN,
    new_york: NEW_YORK,
    lord_howe: LORD_HOWE,
    kolkata: KOLKATA,
    kathmandu: KATHMANDU,
    chatham: CHATHAM,
    sao_paulo: SAO_PAULO,
    cairo: CAIRO,
    havana: HAVANA,
    st_johns: ST_JOHNS,
    apia: APIA,
}

/// Tells a story to a server, and once more to another in a different order.
///
/// The server takes a snapshot of today at each tick by itself, at any moment. So that the tests know what is in it,
/// events are sent either in a tick whose snapshot has been seen, or in one that no later tick is compared with.
async fn tell(story: &Story, questions: &Questions) -> TestCaseResult {
    let mut reference = Reference::new(story.zone, DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW);
    let (first, second) = story.sendings();
    let server = TestServer::start(story.zone, story.now).await;

    let mut accepted = send(&server, &mut reference, &first, story.now).await?;
    let now = story.later().plus_millis(-TICK);
    server.set_now(now);
    let mut today = agrees(&server, &reference, now, None, questions).await?;

    let retries: Vec<Parcel> =
        story.parcels.iter().filter(|parcel| parcel.again && parcel.event.id.is_some()).cloned().collect();
    let mut now = story.later();
    for (parcels, are_retries) in [(second, false), (retries, true)] {
        server.set_now(now);
        today = today_agrees(&server, &reference, now, Some(&today)).await?;
        let taken = send(&server, &mut reference, &parcels, now).await?;
        prop_assert!(!are_retries || taken.is_empty());

        // Of an empty workspace no snapshot is kept: the next tick must not be compared with this one.
        let (ticks, previous) = if accepted.is_empty() { (2, None) } else { (1, Some(&today)) };
        accepted.extend(taken);
        now = now.plus_millis(ticks * TICK);
        server.set_now(now);
        today = agrees(&server, &reference, now, previous, questions).await?;
        now = now.plus_millis(TICK);
    }

    let rollups = server.dump_rollups().await;
    server.rebuild().await;
    prop_assert_eq!(server.dump_rollups().await, rollups);

    let now = erase_an_account(&server, story, &accepted, questions, now).await?;

    let other = TestServer::start(story.zone, now).await;
    accepted.sort_by_key(|parcel| parcel.other_arrival);
    send_at_once(&other, &accepted, now).await?;
    let now = now.plus_millis(2 * TICK);
    other.set_now(now);
    agrees(&other, &reference, now, None, questions).await?;
    Ok(())
}

/// Erases an account: every figure is what it would be without it, and a rebuild makes the same of what is left.
async fn erase_an_account(
    server: &TestServer,
    story: &Story,
    accepted: &[Parcel],
    questions: &Questions,
    now: Instant,
) -> Result<Instant, TestCaseError> {
    let Some(gone) = accepted.first().map(|parcel| parcel.event.account.clone()) else { return Ok(now) };
    let mut left = Reference::new(story.zone, DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW);
    let events = accepted.iter().map(|parcel| &parcel.event).filter(|event| event.account != gone);
    for event in events {
        prop_assert!(left.accept(event));
    }
    let choice = ErasureChoice { account: gone, user: None, preview: false };
    let erasure = server.store.erase(&choice, &server.author()).await.expect("erased");
    let counted = accepted.iter().filter(|parcel| parcel.event.account == choice.account).count();
    prop_assert_eq!(erasure.map(|erasure| erasure.erased.events), i64::try_from(counted).ok());
    let now = now.plus_millis(2 * TICK);
    server.set_now(now);
    agrees(server, &left, now, None, questions).await?;
    let rollups = server.dump_rollups().await;
    server.rebuild().await;
    prop_assert_eq!(server.dump_rollups().await, rollups);
    Ok(now)
}

/// Sends requests one after the other. Gives what was accepted, which must be what the reference accepts.
async fn send(
    server: &TestServer,
    reference: &mut Reference,
    parcels: &[Parcel],
    now: Instant,
) -> Result<Vec<Parcel>, TestCaseError> {
    let mut accepted = Vec::new();
    let mut rest = parcels;
    for body in bodies(parcels, now) {
        let (sent, unsent) = rest.split_at(body.events);
        rest = unsent;
        let taken: Vec<Parcel> = sent.iter().filter(|parcel| reference.accept(&parcel.event)).cloned().collect();
        let answer = post(server, &body).await?;
        prop_assert_eq!(answer, answer_to(taken.len(), sent.len() - taken.len()), "POST {:?}", body);
        accepted.extend(taken);
    }
    Ok(accepted)
}

/// Sends requests all at once. Nothing in them is a duplicate.
async fn send_at_once(server: &TestServer, parcels: &[Parcel], now: Instant) -> TestCaseResult {
    let bodies = bodies(parcels, now);
    let answers = futures::future::join_all(bodies.iter().map(|body| post(server, body))).await;
    for (body, answer) in bodies.iter().zip(answers) {
        prop_assert_eq!(answer?, answer_to(body.events, 0), "POST {:?}", body);
    }
    Ok(())
}

fn answer_to(accepted: usize, duplicates: usize) -> IngestAnswer {
    IngestAnswer { accepted: accepted as u64, duplicates: duplicates as u64, rejected: Vec::new() }
}

async fn post(server: &TestServer, body: &Body) -> Result<IngestAnswer, TestCaseError> {
    let request = server
        .client
        .post(server.url("/api/v1/events"))
        .header("content-type", body.content_type)
        .body(body.text.clone());
    answered(request, || format!("POST {body:?}")).await
}

/// Asks everything there is to ask at this time. Gives what today's answer must be.
async fn agrees(
    server: &TestServer,
    reference: &Reference,
    now: Instant,
    previous: Option<&Today>,
    questions: &Questions,
) -> Result<Today, TestCaseError> {
    let today = today_agrees(server, reference, now, previous).await?;
    for account in [None, Some(questions.account.as_str())] {
        stream_agrees(server, reference, now, account, questions.stream_limit).await?;
        for &asked in Asked::NAMED.iter().chain(&questions.ranges) {
            let parameters = [asked.parameters(), account_parameter(account)].concat();
            let usage: Usage = get(server, "usage", &parameters).await?;
            same(&usage, &reference.usage(now, asked, account), &parameters)?;
        }
    }
    for wanted in &questions.tables {
        let path = match wanted.kind {
            TableKind::Activities => "usage/activities",
            TableKind::Modules => "usage/modules",
        };
        let table: Table = get(server, path, &wanted.parameters()).await?;
        same(&table, &reference.table(now, wanted), wanted)?;
    }
    Ok(today)
}

async fn today_agrees(
    server: &TestServer,
    reference: &Reference,
    now: Instant,
    previous: Option<&Today>,
) -> Result<Today, TestCaseError> {
    let expected = reference.today(now.tick(), previous);
    // Asked twice: within a tick, nothing changes.
    for _ in 0..2 {
        let today: Today = get(server, "today", &[]).await?;
        prop_assert_eq!(today.as_of.tick(), expected.tick);
        same(&Today { as_of: expected.as_of, ..today }, &expected, &"today")?;
    }
    Ok(expected)
}

/// Reads the stream page by page: together, the pages are the whole stream.
async fn stream_agrees(
    server: &TestServer,
    reference: &Reference,
    now: Instant,
    account: Option<&str>,
    limit: usize,
) -> TestCaseResult {
    let expected = reference.stream(now, account);
    let mut entries = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut parameters = account_parameter(account);
        parameters.push(("limit", limit.to_string()));
        parameters.extend(next.take().map(|cursor| ("before", cursor)));
        let page: Stream = get(server, "today/stream", &parameters).await?;
        prop_assert_eq!(page.as_of, now);
        prop_assert_eq!(page.entries.len(), limit.min(expected.len() - entries.len()), "{:?}", parameters);
        entries.extend(page.entries);
        next = page.next;
        prop_assert_eq!(next.is_some(), entries.len() < expected.len(), "{:?}", parameters);
        if next.is_none() {
            break;
        }
    }
    same(&entries, &expected, &account)
}

/// Fails with what differs, and where.
fn same<T: PartialEq + Serialize>(given: &T, expected: &T, asked: &impl Debug) -> TestCaseResult {
    if given == expected {
        return Ok(());
    }
    let json = |answer| serde_json::to_value(answer).expect("JSON");
    let differences = differences("", &json(given), &json(expected)).join("\n");
    Err(TestCaseError::fail(format!("{asked:?}\n{differences}")))
}

/// Each place at which two JSON values differ, by its JSON pointer.
fn differences(pointer: &str, given: &Value, expected: &Value) -> Vec<String> {
    match (given, expected) {
        (Value::Object(given), Value::Object(expected)) => expected
            .iter()
            .flat_map(|(name, value)| differences(&format!("{pointer}/{name}"), &given[name], value))
            .collect(),
        (Value::Array(given), Value::Array(expected)) if given.len() == expected.len() => (given.iter().zip(expected))
            .enumerate()
            .flat_map(|(index, (given, expected))| differences(&format!("{pointer}/{index}"), given, expected))
            .collect(),
        _ if given == expected => Vec::new(),
        _ => vec![format!("{pointer}: {given}, but it should be {expected}")],
    }
}

type Parameters = Vec<(&'static str, String)>;

fn account_parameter(account: Option<&str>) -> Parameters {
    account.map(|id| ("account", id.to_owned())).into_iter().collect()
}

async fn get<T: DeserializeOwned>(
    server: &TestServer,
    path: &str,
    parameters: &[(&'static str, String)],
) -> Result<T, TestCaseError> {
    let url = Url::parse_with_params(&server.url(&format!("/api/v1/{path}")), parameters).expect("a URL");
    answered(server.client.get(url.clone()), || format!("GET {url}")).await
}

/// The body of an answer with status 200.
async fn answered<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    asked: impl Fn() -> String,
) -> Result<T, TestCaseError> {
    let response = request.send().await.map_err(|error| TestCaseError::fail(format!("{}: {error}", asked())))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| TestCaseError::fail(format!("{}: {error}", asked())))?;
    prop_assert_eq!(status, 200, "{}: {}", asked(), text);
    serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{}: {error}: {text}", asked())))
}
