//! Storing batches with all that the dashboards need, against appending the same raw rows bare.

use crate::{
    baseline::Rows,
    database::TestDatabase,
    table::{self, Comparison, rate},
    workload::{COMMIT, Shape},
};
use model::event::Event;
use server::store::{Asked, Store};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const EVENTS: usize = 200_000;

pub(crate) const SHAPES: [Shape; 3] = [
    Shape { name: "one day, 500 users, no ids", days: 1, users: 500, with_ids: false },
    Shape { name: "one day, 5,000 users, ids", days: 1, users: 5_000, with_ids: true },
    Shape { name: "180 days, 5,000 users, ids", days: 180, users: 5_000, with_ids: true },
];

/// Prints how the two compare for each shape.
pub(crate) fn measure(runtime: &Runtime, rounds: usize) {
    let baseline = match std::env::var_os("TEST_DATABASE_URL") {
        Some(_) => "COPY /s",
        None => "bare rows /s",
    };
    table::head("(a) engine: events to durable, with roll-ups", "stored /s", baseline);
    for shape in &SHAPES {
        let events = shape.events(EVENTS);
        let rows = runtime.block_on(async {
            let database = TestDatabase::create().await;
            store(&database, &events).await;
            Rows::of(&database, &events).await
        });
        let product = || rate(EVENTS, runtime.block_on(async { store(&TestDatabase::create().await, &events).await }));
        let bare = || rate(EVENTS, runtime.block_on(async { rows.append(&TestDatabase::create().await).await }));
        Comparison::measure(rounds, product, bare).print(shape.name, 0);
    }
}

/// Stores events in an empty database, and says how long that took.
pub(crate) async fn store(database: &TestDatabase, events: &[Event]) -> Duration {
    let store = Store::open(&database.url(), Asked::default()).await.unwrap();
    let began = Instant::now();
    for events in events.chunks(COMMIT) {
        store.append(events).await.unwrap();
    }
    let took = began.elapsed();
    store.close().await;
    took
}
