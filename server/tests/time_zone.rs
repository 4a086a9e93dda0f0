//! Changing what the roll-ups are computed with.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono_tz::Tz;
use model::{
    event::{Event, Kind},
    instant::Instant,
};
use server::store::{Asked, Reporting, Store, StoreError};

fn event(time: &str) -> Event {
    Event {
        id: None,
        account: "acme".into(),
        account_name: None,
        user: "lisa".into(),
        user_name: None,
        module: "Dashboard".into(),
        kind: Kind::Activity { action: "Export".into(), count: 1 },
        time: Instant::parse(time).unwrap(),
    }
}

async fn open(directory: &tempfile::TempDir, zone: Option<Tz>, idle_gap: Option<u32>) -> Store {
    let url = format!("sqlite://{}", directory.path().join("test.db").display());
    Store::open(&url, Asked { zone, idle_gap }).await.unwrap()
}

#[tokio::test]
async fn another_zone_moves_events_to_their_days_there() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory, None, None).await;
    assert_eq!(store.reporting(), Reporting { zone: Tz::UTC, idle_gap: 5 });
    store.append(&[event("2026-11-22T23:30:00Z"), event("2026-11-23T10:00:00Z")]).await.unwrap();
    let in_utc = store.dump_roll_ups().await.unwrap();
    store.close().await;

    let store = open(&directory, Some(Tz::Europe__Berlin), None).await;
    let in_berlin = store.dump_roll_ups().await.unwrap();
    assert_eq!((in_utc[0].1.len(), in_berlin[0].1.len()), (2, 1));
    store.close().await;

    // What is not asked for stays as the database has it.
    let store = open(&directory, None, Some(30)).await;
    assert_eq!(store.reporting(), Reporting { zone: Tz::Europe__Berlin, idle_gap: 30 });
    store.close().await;
    assert_eq!(open(&directory, Some(Tz::UTC), Some(5)).await.dump_roll_ups().await.unwrap(), in_utc);
}

#[tokio::test]
async fn a_writer_with_the_old_zone_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let old = open(&directory, Some(Tz::UTC), None).await;
    let _new = open(&directory, Some(Tz::Asia__Kolkata), None).await;
    let refused = old.append(&[event("2026-11-23T10:00:00Z")]).await;
    assert!(matches!(refused, Err(StoreError::ReportingChanged)));
}
