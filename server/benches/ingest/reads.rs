//! The data of Today and of Activities over 90 days, as more and more events lie in the same days: what it takes to
//! compute, with nothing kept from before, beside asking the raw events for a part of it.

use crate::{
    database::TestDatabase,
    table::{self, Comparison},
    workload::{COMMIT, DAY, NOW},
};
use model::{
    event::{Event, IdScope, Kind},
    period::PeriodChoice,
    query::{TableQuery, UsageQuery},
};
use server::{
    clock::{Clock, ManualClock},
    dashboards::{Dashboards, Display},
    store::{Asked, Sight, Store},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::{future::Future, sync::Arc, time::Instant};
use tokio::runtime::Runtime;

const FEW: usize = 1_000_000;

/// The days of a period of 90, of the one before it, and today.
pub(crate) const DAYS: usize = 181;
const USERS: usize = 5_000;
/// How many of them work on a day, each in one module, with four of its actions.
const USERS_A_DAY: usize = 500;

/// A database with so many events.
pub(crate) struct Filled {
    database: TestDatabase,
    pub(crate) store: Store,
    clock: Arc<ManualClock>,
}

/// Prints how long answers take with `many` events and with few.
pub(crate) fn measure(runtime: &Runtime, rounds: usize, many: usize) {
    let millions = |events: usize| format!("{} M, ms", events / 1_000_000);
    table::head("(d) an answer, with so many events", &millions(many), &millions(FEW));
    let (many, few) = runtime.block_on(async { (Filled::with(many, event).await, Filled::with(FEW, event).await) });
    let compare = |name, answer: &dyn Fn(&Filled) -> f64| {
        Comparison::measure(rounds, || answer(&many), || answer(&few)).print(name, 1);
    };
    compare("Today", &|filled| took(runtime, filled.today(Sight::ALL)));
    compare("today's most active users, of raw events", &|filled| took(runtime, filled.ask(&active_users())));
    compare("Activities, 90 days", &|filled| took(runtime, filled.activities(Sight::ALL)));
    compare("the sums of Activities, of raw events", &|filled| took(runtime, filled.ask(&sums())));
}

/// How many milliseconds it takes.
pub(crate) fn took(runtime: &Runtime, answer: impl Future<Output = ()>) -> f64 {
    let began = Instant::now();
    runtime.block_on(answer);
    began.elapsed().as_secs_f64() * 1000.0
}

impl Filled {
    pub(crate) async fn with(count: usize, event: fn(usize, usize) -> Event) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::open(&database.url(), Asked::default()).await.unwrap();
        let mut numbers = (0..count).peekable();
        while numbers.peek().is_some() {
            let events: Vec<Event> = numbers.by_ref().take(COMMIT).map(|number| event(number, count)).collect();
            store.append(&events).await.unwrap();
        }
        let clock = Arc::new(ManualClock::new(NOW.plus_millis(-DAY / 24)));
        Self { database, store, clock }
    }

    /// Dashboards that have answered nothing yet, at a tick of their own.
    fn dashboards(&self) -> Dashboards {
        self.clock.set(self.clock.now().plus_millis(i64::from(model::TICK_SECONDS) * 1000));
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        Dashboards::new(self.store.clone(), self.clock.clone(), display)
    }

    pub(crate) async fn today(&self, sight: Sight) {
        assert!(self.dashboards().today(sight).await.unwrap().users_online.of > 0);
    }

    pub(crate) async fn activities(&self, sight: Sight) {
        let usage = UsageQuery { period: PeriodChoice::Last90Days, ..UsageQuery::default() };
        let query = TableQuery { usage, ..TableQuery::default() };
        assert_eq!(self.dashboards().table(sight, &query).await.unwrap().total, 48);
    }

    async fn ask(&self, sql: &str) {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = match &self.database {
            TestDatabase::Sqlite(_) => {
                let mut connection = SqliteConnection::connect(&self.database.url()).await.unwrap();
                query.fetch_all(&mut connection).await.unwrap().len()
            }
            TestDatabase::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.database.url()).await.unwrap();
                query.fetch_all(&mut connection).await.unwrap().len()
            }
        };
        assert!(rows > 0);
    }
}

/// The same users, modules and actions day by day, however many events there are.
fn event(number: usize, count: usize) -> Event {
    let day = number * DAYS / count;
    let in_day = number - (day * count).div_ceil(DAYS);
    let user = (day * 7_919 + in_day % USERS_A_DAY) % USERS;
    let action = in_day / USERS_A_DAY % 4;
    let days_before = i64::try_from(DAYS - day).unwrap();
    // They work for twenty hours.
    let elapsed = i64::try_from(in_day * DAYS).unwrap() * (DAY / 24 * 20) / i64::try_from(count).unwrap();
    Event {
        id: None,
        id_scope: IdScope::Account,
        account: format!("account {}", user % 200),
        account_name: None,
        account_attributes: Vec::new(),
        user: format!("user {user}"),
        user_name: None,
        module: format!("module {}", user % 12),
        kind: Kind::Activity { action: format!("action {action}"), count: 1 },
        time: NOW.plus_millis(elapsed - days_before * DAY),
        received: NOW,
    }
}

/// Today's ten most active users, from the raw events.
fn active_users() -> String {
    let (from, to) = (NOW.millis() - DAY, NOW.millis());
    format!(
        "WITH minutes AS (SELECT DISTINCT account_no, user_no, (time - {from}) / 60000 AS minute \
         FROM event WHERE time >= {from} AND time < {to}), \
         gaps AS (SELECT account_no, user_no, minute - LAG(minute) \
         OVER (PARTITION BY account_no, user_no ORDER BY minute) AS gap FROM minutes) \
         SELECT account_no, user_no, SUM(CASE WHEN gap <= 5 THEN gap ELSE 1 END) AS minutes \
         FROM gaps GROUP BY account_no, user_no ORDER BY minutes DESC LIMIT 10"
    )
}

/// How often each activity was used in the last 90 days and in the 90 before, from the raw events.
fn sums() -> String {
    let to = NOW.millis() - DAY;
    let (previous, from) = (to - 180 * DAY, to - 90 * DAY);
    format!(
        "SELECT activity_no, SUM(CASE WHEN time >= {from} THEN count ELSE 0 END), \
         SUM(CASE WHEN time < {from} THEN count ELSE 0 END) \
         FROM event WHERE time >= {previous} AND time < {to} AND activity_no <> 0 GROUP BY activity_no"
    )
}
