//! Holds what viewers of teams see against the reference, computed over the accounts that their teams see together.
//!
//! Each case tells a random story: accounts appear, are called otherwise and get other attributes, events come late, and
//! the teams themselves change, while sums of earlier days are kept. `PROPTEST_CASES` sets the number of cases.

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
    event::Event,
    instant::Instant,
    key::Grant,
    member::Role,
    query::{Order, Sort},
    team::TeamDefinition,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use reference::{Asked, Reference, TableKind, Wanted};
use reqwest::{Url, header};
use serde::de::DeserializeOwned;
use server::{Access, store::Sight};
use std::{collections::BTreeSet, sync::LazyLock};
use strategies::{
    bodies::bodies,
    events::{Parcel, Story, TICK},
    places, questions, teams,
};

/// Cases unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 12;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime"));

/// Two teams, and what the first of them becomes.
#[derive(Clone, Debug)]
struct TeamStory {
    first: TeamDefinition,
    second: TeamDefinition,
    first_later: TeamDefinition,
}

#[test]
fn a_viewer_of_two_teams_sees_the_accounts_of_both() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
    let team_story = (teams::team("first"), teams::team("second"), teams::team("first"))
        .prop_map(|(first, second, first_later)| TeamStory { first, second, first_later });
    let stories = (questions::story_and_questions(&places::BERLIN), team_story);
    let told = TestRunner::new(config)
        .run(&stories, |((story, questions), teams)| RUNTIME.block_on(tell(&story, &questions.ranges, &teams)));
    if let Err(failure) = told {
        panic!("{failure}");
    }
}

/// Who looks, and what they should see.
struct Looker<'t> {
    cookie: &'t str,
    team: Option<i64>,
    teams: Vec<&'t TeamDefinition>,
}

async fn tell(story: &Story, ranges: &[Asked], teams: &TeamStory) -> TestCaseResult {
    let mut reference = Reference::new(story.zone, DEFAULT_IDLE_GAP, DEFAULT_ONLINE_WINDOW);
    let server = TestServer::start_with(Access::SignIn, story.zone, story.now).await;
    let key = server.add_key("sends", Grant::Ingest).await;
    let first = server.store.add_team(&teams.first, &server.author()).await.expect("a team");
    let second = server.store.add_team(&teams.second, &server.author()).await.expect("a team");
    let (viewer, of_both) = server.member(Role::Viewer, false, &[first, second]).await;
    let (_, of_none) = server.member(Role::Viewer, false, &[]).await;
    let (_, administrator) = server.member(Role::Administrator, false, &[]).await;
    let looker = |cookie, team, teams| Looker { cookie, team, teams };

    let (before, later) = story.sendings();
    let mut now = story.now;
    send(&server, &key, &mut reference, &before, now).await?;
    now = now.plus_millis(2 * TICK);
    let (one, two) = (&teams.first, &teams.second);
    let lookers = [
        looker(&of_both, None, vec![one, two]),
        looker(&of_both, Some(first), vec![one]),
        looker(&administrator, Some(second), vec![two]),
        looker(&of_none, None, vec![]),
    ];
    all_agree(&server, &reference, &mut now, &lookers, ranges).await?;

    // What comes late meets sums that are kept, and so do the accounts of a team that changes.
    now = now.max(story.later());
    send(&server, &key, &mut reference, &later, now).await?;
    now = now.plus_millis(2 * TICK);
    all_agree(&server, &reference, &mut now, &lookers, ranges).await?;
    server.store.change_team(first, &teams.first_later, &server.author()).await.expect("changed");
    let one = &teams.first_later;
    let lookers = [looker(&of_both, None, vec![one, two]), looker(&administrator, Some(first), vec![one])];
    all_agree(&server, &reference, &mut now, &lookers, ranges).await?;

    // A server that remembers nothing reads what is kept, and so does one after the roll-ups were computed again.
    let other = server.another().await;
    all_agree(&other, &reference, &mut now, &lookers, ranges).await?;
    server.rebuild().await;
    all_agree(&other, &reference, &mut now, &lookers, ranges).await?;

    server.store.set_teams(viewer, &[second].into(), &server.author()).await.expect("changed");
    all_agree(&server, &reference, &mut now, &[looker(&of_both, None, vec![two])], ranges).await?;
    server.store.delete_team(second, &server.author()).await.expect("deleted");
    all_agree(&server, &reference, &mut now, &[looker(&of_both, None, vec![])], ranges).await
}

/// Sends events, and tells the reference which of them it must have taken.
async fn send(
    server: &TestServer,
    key: &str,
    reference: &mut Reference,
    parcels: &[Parcel],
    now: Instant,
) -> TestCaseResult {
    server.set_now(now);
    for body in bodies(parcels, now) {
        let request = server.client.post(server.url("/api/v1/events")).bearer_auth(key);
        let request = request.header(header::CONTENT_TYPE, body.content_type).body(body.text.clone());
        let status = request.send().await.expect("an answer").status();
        prop_assert_eq!(status, 200, "POST {:?}", body);
    }
    let events: Vec<&Event> = parcels.iter().map(|parcel| &parcel.event).collect();
    for event in events {
        reference.accept(event);
    }
    Ok(())
}

async fn all_agree(
    server: &TestServer,
    reference: &Reference,
    now: &mut Instant,
    lookers: &[Looker<'_>],
    ranges: &[Asked],
) -> TestCaseResult {
    // At a tick that has none before it, so that no card is compared with another.
    *now = now.plus_millis(2 * TICK);
    server.set_now(*now);
    for looker in lookers {
        let seen = reference.seen_by(&looker.teams);
        let expected = reference.of_accounts(&seen);
        scope_is(server, looker, &seen).await?;
        let today: Today = get(server, looker, "today", &[]).await?;
        let expected_today = expected.today(now.tick(), None);
        prop_assert_eq!(Today { as_of: expected_today.as_of, ..today }, expected_today);
        let stream: Stream = get(server, looker, "today/stream", &[("limit", "200".to_owned())]).await?;
        prop_assert_eq!(stream.entries, expected.stream(*now, None));
        for &asked in Asked::NAMED.iter().chain(ranges) {
            let period = match asked {
                Asked::Range(from, to) => vec![("from", from.to_string()), ("to", to.to_string())],
                named => vec![("period", named.name().to_owned())],
            };
            let usage: Usage = get(server, looker, "usage", &period).await?;
            prop_assert_eq!(usage, expected.usage(*now, asked, None));
            let wanted = Wanted {
                kind: TableKind::Activities,
                asked,
                account: None,
                filter: String::new(),
                sort: Sort::Actions,
                order: Order::Descending,
                limit: 100,
                offset: 0,
            };
            let table: Table = get(server, looker, "usage/activities", &period).await?;
            prop_assert_eq!(table, expected.table(*now, &wanted));
        }
        // An account out of sight is no other than one that is not there.
        for account in strategies::events::ACCOUNTS {
            let usage: Usage = get(server, looker, "usage", &[("account", (*account).to_owned())]).await?;
            let asked = Asked::Last30Days;
            prop_assert_eq!(usage, expected.usage(*now, asked, Some(account)), "{}", account);
        }
    }
    Ok(())
}

/// Fails unless the accounts that were worked out beforehand are these.
async fn scope_is(server: &TestServer, looker: &Looker<'_>, seen: &BTreeSet<String>) -> TestCaseResult {
    let Some(team) = looker.team else { return Ok(()) };
    let team = server.store.team(team).await.expect("read").expect("a team");
    prop_assert_eq!(usize::try_from(team.account_count), Ok(seen.len()));
    let sight: Sight = server.store.sight_of_team(team.id, None).await.expect("read").expect("a team");
    let mut reading = server.store.read().await.expect("a reading");
    for account in strategies::events::ACCOUNTS {
        let there = reading.scope(Sight::ALL, Some(account)).await.expect("a scope");
        let nothing = reading.scope(Sight::ALL, Some("nobody")).await.expect("a scope");
        let expected = if seen.contains(*account) { there } else { nothing };
        prop_assert_eq!(reading.scope(sight, Some(account)).await.expect("a scope"), expected, "{}", account);
    }
    Ok(())
}

async fn get<T: DeserializeOwned>(
    server: &TestServer,
    looker: &Looker<'_>,
    path: &str,
    parameters: &[(&'static str, String)],
) -> Result<T, TestCaseError> {
    let mut url = Url::parse_with_params(&server.url(&format!("/api/v1/{path}")), parameters).expect("a URL");
    if let Some(team) = looker.team {
        url.query_pairs_mut().append_pair("team", &team.to_string());
    }
    let answer = server.client.get(url.clone()).header(header::COOKIE, looker.cookie).send().await;
    let answer = answer.map_err(|error| TestCaseError::fail(format!("GET {url}: {error}")))?;
    let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
    prop_assert_eq!(status, 200, "GET {}: {}", url, text);
    serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("GET {url}: {error}: {text}")))
}
