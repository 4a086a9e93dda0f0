//! Nothing acknowledged is lost or counted twice, whatever is killed: the program itself, started as users start it,
//! and Postgres under it. Each test prints its figures (`--nocapture`), and runs longer where a variable asks for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use futures::future::join_all;
use harness::{
    cluster::Cluster,
    database::TestDatabase,
    load::{Counted, Load},
    process::Servers,
};
use model::instant::Instant;
use serde_json::Value;
use server::store::{Asked, Store};
use std::{env, sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::sleep};

/// How often something is killed: a few times, unless this says otherwise.
const KILLS: &str = "TEST_KILLS";

/// How many batches are sent three times each.
const BATCHES: &str = "TEST_BATCHES";

fn asked_for(variable: &str, otherwise: usize) -> usize {
    env::var(variable).map_or(otherwise, |number| number.parse().unwrap())
}

/// How many servers work on a database: several, where it can be shared.
async fn servers(database: &TestDatabase) -> Arc<Servers> {
    Servers::start(&database.url(), if database.is_shared() { 3 } else { 1 }).await
}

/// Holds what is in the database against what was acknowledged.
async fn check(database: &TestDatabase, servers: Arc<Servers>, load: &Load) {
    // A server that was just started has no answers from before.
    servers.restart(0).await;
    let counted = load.count().await;
    eprintln!("{load}; {counted:?}");
    assert_eq!(counted, Counted { acknowledged: counted.acknowledged, lost: 0, twice: 0 });
    assert!(counted.acknowledged > 0);
    drop(servers);

    let store = Store::open(&database.url(), Asked::default()).await.unwrap();
    let written = store.dump_roll_ups().await.unwrap();
    assert_eq!(database.rebuild().await, counted.acknowledged as u64);
    assert_eq!(
        store.dump_roll_ups().await.unwrap(),
        written,
        "the roll-ups are not what a rebuild makes of the events"
    );
    database.check_integrity().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_nothing_and_count_nothing_twice() {
    let database = TestDatabase::create().await;
    let servers = servers(&database).await;
    let load = Load::new(&servers);
    // While the workspace is empty the servers share no answer.
    load.deliver_next(&[0]).await;
    let sending = load.begin(8);
    let (stop, stopped) = oneshot::channel();
    let comparing = tokio::spawn(compare(servers.clone(), stopped));
    let pause = if database.is_shared() { 1_000..5_000 } else { 20..800 };
    let kills = asked_for(KILLS, 3);
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        sleep(Duration::from_millis(rand::random_range(pause.clone()))).await;
        slowest = slowest.max(servers.restart(rand::random_range(0..servers.count())).await);
    }
    let _ = stop.send(());
    let compared = comparing.await.unwrap();
    load.finish(sending).await;
    eprintln!("{kills} servers killed; the slowest start took {slowest:?}; {compared} times all showed the same");
    check(&database, servers, &load).await;
}

/// Asks all servers the same at the same time, again and again. Where all say that they answer for the same tick, all
/// must say the same. Returns how often they did.
async fn compare(servers: Arc<Servers>, mut stopped: oneshot::Receiver<()>) -> usize {
    let mut compared = 0;
    while stopped.try_recv().is_err() && servers.count() > 1 {
        for (path, field) in [("/api/v1/today", "tick"), ("/api/v1/today/stream", "as_of")] {
            let asked = (0..servers.count()).map(|place| reqwest::get(servers.url(place, path)));
            let mut texts = Vec::new();
            for answer in join_all(asked).await {
                match answer {
                    Ok(answer) if answer.status() == 200 => texts.extend(answer.text().await.ok()),
                    _ => {}
                }
            }
            let ticks: Vec<Instant> = texts.iter().map(|text| tick(text, field)).collect();
            if texts.len() == servers.count() && ticks.iter().all(|tick| *tick == ticks[0]) {
                assert!(texts.iter().all(|text| *text == texts[0]), "{path}: {texts:#?}");
                compared += 1;
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
    compared
}

fn tick(answer: &str, field: &str) -> Instant {
    let answer: Value = serde_json::from_str(answer).unwrap();
    Instant::parse(answer[field].as_str().unwrap()).unwrap().tick()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_sent_three_times_by_many_clients_count_once() {
    let database = TestDatabase::create().await;
    let servers = servers(&database).await;
    let load = Load::new(&servers);
    let batches = asked_for(BATCHES, 60);
    let (accepted, duplicates) = load.deliver_thrice(batches, 16).await;
    assert_eq!(duplicates, 2 * accepted);
    check(&database, servers, &load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_loses_nothing_and_the_servers_go_on_by_themselves() {
    let Some(cluster) = Cluster::create() else {
        eprintln!("skipped: TEST_POSTGRES_PROGRAMS does not say where initdb and pg_ctl are, to make a Postgres with");
        return;
    };
    let database = TestDatabase::create_in(cluster.url()).await;
    let servers = servers(&database).await;
    let load = Load::new(&servers);
    let sending = load.begin(8);
    let mut recoveries = Vec::new();
    for _ in 0..asked_for(KILLS, 2) {
        sleep(Duration::from_millis(rand::random_range(500..2_500))).await;
        cluster.kill();
        sleep(Duration::from_millis(rand::random_range(0..1_500))).await;
        cluster.start();
        let began = std::time::Instant::now();
        let recovered = join_all((0..servers.count()).map(async |place| {
            load.deliver_next(&[place]).await;
            while !reqwest::get(servers.url(place, "/api/v1/today")).await.unwrap().status().is_success() {
                sleep(Duration::from_millis(20)).await;
            }
            began.elapsed()
        }));
        recoveries.extend(recovered.await);
    }
    load.finish(sending).await;
    recoveries.sort();
    let (median, longest) = (recoveries[recoveries.len() / 2], recoveries[recoveries.len() - 1]);
    eprintln!("recovered after {recoveries:?}: half of them within {median:?}, all within {longest:?}");
    check(&database, servers, &load).await;
}
