//! How fast events are stored with their roll-ups, against the fastest a database takes the same raw rows alone: `COPY` in
//! Postgres. Both in turn, in one run, on the same cluster, 5,000 events a commit; what counts is the ratio.
//!
//! `TEST_DATABASE_URL` names the Postgres: `cargo xtask bench` starts one.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on stops, and prints its figures")]

#[path = "../tests/harness/database.rs"]
#[expect(dead_code, reason = "whether it is shared matters to tests")]
mod database;

use database::TestDatabase;
use model::{
    event::{Event, Kind},
    instant::Instant,
};
use server::store::{Asked, Store};
use sqlx::{Connection, PgConnection};
use std::{fmt::Write, time::Duration};

const EVENTS: usize = 200_000;
const COMMIT: usize = 5_000;
/// How many users work at once, each for a commit: 20 events.
const SESSIONS: usize = COMMIT / 20;
const ROUNDS: usize = 3;
const MIDNIGHT: i64 = 1_795_392_000_000;
const DAY: i64 = 86_400_000;

/// How events spread over what the roll-ups are kept by.
struct Shape {
    name: &'static str,
    days: i64,
    users: usize,
    with_ids: bool,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "one day, 500 users, no ids", days: 1, users: 500, with_ids: false },
    Shape { name: "one day, 5,000 users, ids", days: 1, users: 5_000, with_ids: true },
    Shape { name: "180 days, 5,000 users, ids", days: 180, users: 5_000, with_ids: true },
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("{:<28} {:>12} {:>12} {:>7}", "", "stored /s", "COPY /s", "ratio");
    for shape in &SHAPES {
        let (mut stored, mut copied) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let (append, copy) = runtime.block_on(round(shape));
            stored = stored.min(append);
            copied = copied.min(copy);
        }
        let rate = |took: Duration| EVENTS as f64 / took.as_secs_f64();
        let (stored, copied) = (rate(stored), rate(copied));
        println!("{:<28} {stored:>12.0} {copied:>12.0} {:>7.2}", shape.name, stored / copied);
    }
}

/// How long both ways take, each over an empty database.
async fn round(shape: &Shape) -> (Duration, Duration) {
    let events: Vec<Event> = (0..EVENTS).map(|number| event(shape, number)).collect();
    let database = TestDatabase::create().await;
    let store = Store::open(&database.url(), Asked::default()).await.unwrap();
    let began = std::time::Instant::now();
    for events in events.chunks(COMMIT) {
        store.append(events).await.unwrap();
    }
    let stored = began.elapsed();
    store.close().await;

    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE raw (LIKE event)").execute(&mut connection).await.unwrap();
    let rows: Vec<(i64, i64, i64, i64, i64, i64)> =
        sqlx::query_as("SELECT * FROM event").fetch_all(&mut connection).await.unwrap();
    let texts: Vec<String> = rows.chunks(COMMIT).map(text).collect();
    let began = std::time::Instant::now();
    for text in texts {
        let mut copy = connection.copy_in_raw("COPY raw FROM STDIN").await.unwrap();
        copy.send(text.as_bytes()).await.unwrap();
        copy.finish().await.unwrap();
    }
    (stored, began.elapsed())
}

fn text(rows: &[(i64, i64, i64, i64, i64, i64)]) -> String {
    rows.iter().fold(String::new(), |mut text, (time, account, user, module, activity, count)| {
        writeln!(text, "{time}\t{account}\t{user}\t{module}\t{activity}\t{count}").unwrap();
        text
    })
}

/// The same events each time. Users work in sessions, of which many run at once: one after the other has an event, and
/// each stays in one module, with a few of its actions. What spreads them shares no factor with what they go around.
fn event(shape: &Shape, number: usize) -> Event {
    let sessions_before = number / COMMIT * SESSIONS;
    let session = sessions_before + number % SESSIONS;
    let user = session * 7_919 % shape.users;
    let action = number / SESSIONS % 4;
    let activity = session * 104_729 / 13 % 12 + 12 * action;
    let span = shape.days * DAY;
    let elapsed = i64::try_from(number).unwrap() * span / i64::try_from(EVENTS).unwrap();
    Event {
        id: shape.with_ids.then(|| format!("event {number}")),
        account: format!("account {}", user % 200),
        account_name: None,
        user: format!("user {user}"),
        user_name: None,
        module: format!("module {}", activity % 12),
        kind: Kind::Activity { action: format!("action {}", activity / 12), count: 1 },
        time: Instant::from_millis(MIDNIGHT - span + elapsed),
        received: Instant::from_millis(MIDNIGHT - span + elapsed),
    }
}
