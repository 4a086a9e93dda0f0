//! Changing what the roll-ups are computed with.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{database::TestDatabase, export_at};
use server::store::{Asked, Reporting, Store, StoreError};

/// Opens the database reporting as asked: one that is shared is rebuilt first.
async fn open(database: &TestDatabase, zone: Option<Tz>, idle_gap: Option<u32>) -> Store {
    let asked = Asked { zone, idle_gap, ..Asked::default() };
    match Store::open(&database.url(), asked.clone()).await {
        Err(StoreError::OtherReporting(_)) => {
            Store::rebuild_at(&database.url(), asked.clone()).await.unwrap();
            Store::open(&database.url(), asked).await.unwrap()
        }
        opened => opened.unwrap(),
    }
}

#[tokio::test]
async fn another_zone_moves_events_to_their_days_there() {
    let database = TestDatabase::create().await;
    let store = open(&database, None, None).await;
    assert_eq!(store.reporting(), Reporting { zone: Tz::UTC, idle_gap: 5 });
    store.append(&[export_at("2026-11-22T23:30:00Z"), export_at("2026-11-23T10:00:00Z")]).await.unwrap();
    let in_utc = store.dump_roll_ups().await.unwrap();
    store.close().await;

    let store = open(&database, Some(Tz::Europe__Berlin), None).await;
    let in_berlin = store.dump_roll_ups().await.unwrap();
    assert_eq!((in_utc[0].1.len(), in_berlin[0].1.len()), (2, 1));
    store.close().await;

    // What is not asked for stays as the database has it.
    let store = open(&database, None, Some(30)).await;
    assert_eq!(store.reporting(), Reporting { zone: Tz::Europe__Berlin, idle_gap: 30 });
    store.close().await;
    assert_eq!(open(&database, Some(Tz::UTC), Some(5)).await.dump_roll_ups().await.unwrap(), in_utc);
}

#[tokio::test]
async fn a_writer_with_the_old_zone_is_refused() {
    let database = TestDatabase::create().await;
    let old = open(&database, Some(Tz::UTC), None).await;
    let _new = open(&database, Some(Tz::Asia__Kolkata), None).await;
    let refused = old.append(&[export_at("2026-11-23T10:00:00Z")]).await;
    assert!(matches!(refused, Err(StoreError::ReportingChanged)));
}

#[tokio::test]
async fn roll_ups_of_another_version_are_computed_again() {
    let database = TestDatabase::create().await;
    let old = open(&database, None, None).await;
    old.append(&[export_at("2026-11-22T23:30:00Z"), export_at("2026-11-23T10:00:00Z")]).await.unwrap();
    let right = old.dump_roll_ups().await.unwrap();
    database.texts("UPDATE setting SET value = 'before' WHERE name = 'roll_ups' RETURNING name").await;
    database.texts("UPDATE user_day SET seconds = 7 RETURNING 'row'").await;
    let refused = old.append(&[export_at("2026-11-23T10:00:00Z")]).await;
    assert!(matches!(refused, Err(StoreError::ReportingChanged)));

    // Several servers may be the first of their version at once.
    let (one, other) = tokio::join!(open(&database, None, None), open(&database, None, None));
    assert_eq!(one.dump_roll_ups().await.unwrap(), right);
    other.append(&[export_at("2026-11-24T10:00:00Z")]).await.unwrap();
    assert_ne!(one.dump_roll_ups().await.unwrap(), right);
}

#[tokio::test]
async fn a_server_with_another_zone_does_not_start_on_a_shared_database() {
    let database = TestDatabase::create().await;
    let first = open(&database, Some(Tz::UTC), None).await;
    let asked = Asked { zone: Some(Tz::Asia__Kolkata), ..Asked::default() };
    let second = Store::open(&database.url(), asked).await;
    if database.is_shared() {
        assert!(matches!(second, Err(StoreError::OtherReporting(reporting)) if reporting.zone == Tz::UTC));
        first.append(&[export_at("2026-11-23T10:00:00Z")]).await.unwrap();
    } else {
        assert_eq!(second.unwrap().reporting().zone, Tz::Asia__Kolkata);
    }
}
