//! A database that loses connections, and several processes at the same delicate moment. The faults are those of
//! Postgres; without one, what is here runs on SQLite as far as it has the moment.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use futures::future::join_all;
use harness::{database::TestDatabase, export_at};
use model::event::Event;
use server::store::{Asked, Outcome, Store};
use std::sync::Arc;

fn event(id: &str, account: &str, time: &str) -> Event {
    Event { id: Some(id.into()), account: account.into(), ..export_at(time) }
}

async fn open(database: &TestDatabase) -> Store {
    Store::open(&database.url(), Asked::default()).await.unwrap()
}

#[tokio::test]
async fn writing_goes_on_over_a_new_connection() {
    let database = TestDatabase::create().await;
    let store = open(&database).await;
    store.append(&[event("1", "acme", "2026-11-23T10:00:00Z")]).await.unwrap();
    database.cut_connections().await;
    let outcomes = store
        .append(&[event("1", "acme", "2026-11-23T10:00:00Z"), event("2", "new", "2026-11-23T10:01:00Z")])
        .await
        .unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate, Outcome::Accepted]);
    let written = store.dump_roll_ups().await.unwrap();
    database.rebuild().await;
    assert_eq!(store.dump_roll_ups().await.unwrap(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_at_any_moment_lose_nothing_and_count_nothing_twice() {
    let database = Arc::new(TestDatabase::create().await);
    let store = open(&database).await;
    let cutting = tokio::spawn({
        let database = database.clone();
        async move {
            // Early in a transaction and late, on machines fast and slow; and some come through.
            for turn in 0.. {
                database.cut_connections().await;
                tokio::time::sleep(std::time::Duration::from_millis(turn * 7 % 30)).await;
            }
        }
    });
    // Without ids: what is stored twice is counted twice. An error means that nothing was stored.
    let mut stored = 0;
    for number in 0..300 {
        let time = format!("2026-11-{:02}T10:{:02}:00Z", 1 + number % 23, number % 60);
        let events = [
            Event { id: None, ..event("", &format!("account {}", number % 9), &time) },
            Event { id: None, ..event("", "acme", &time) },
        ];
        if store.append(&events).await.is_ok() {
            stored += events.len() as u64;
        }
    }
    cutting.abort();
    let _ = cutting.await;
    let store = open(&database).await;
    let written = store.dump_roll_ups().await.unwrap();
    assert_eq!(database.rebuild().await, stored);
    assert_eq!(store.dump_roll_ups().await.unwrap(), written);
    assert!(stored > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_a_new_database_and_make_the_same_partitions_at_once() {
    let database = TestDatabase::create().await;
    let stores = join_all((0..5).map(|_| open(&database))).await;
    let appended = join_all(stores.iter().enumerate().map(|(number, store)| async move {
        let account = format!("account {number}");
        let events = ["2024-02-29", "2025-01-31", "1999-12-31", "2026-11-23"]
            .map(|day| event(&format!("{number} {day}"), &account, &format!("{day}T10:00:00Z")));
        store.append(&events).await.unwrap()
    }))
    .await;
    assert!(appended.iter().flatten().all(|outcome| *outcome == Outcome::Accepted));
    assert_eq!(database.rebuild().await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_during_a_rebuild_are_in_the_roll_ups() {
    let database = TestDatabase::create().await;
    let writing = open(&database).await;
    let append = async {
        for number in 0..40 {
            let account = format!("account {}", number % 3);
            writing.append(&[event(&number.to_string(), &account, "2026-11-23T10:00:00Z")]).await.unwrap();
        }
    };
    let rebuild = async {
        for _ in 0..8 {
            database.rebuild().await;
        }
    };
    tokio::join!(append, rebuild);
    let written = writing.dump_roll_ups().await.unwrap();
    assert_eq!(database.rebuild().await, 40);
    assert_eq!(writing.dump_roll_ups().await.unwrap(), written);
}
