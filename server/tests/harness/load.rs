//! Clients that keep books of what they sent: what was acknowledged must count once, what was refused not at all.

use super::process::Servers;
use chrono_tz::Tz;
use model::{api::ingest::IngestAnswer, instant::Instant, zone::day_of};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::clock::{Clock, SystemClock};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

/// How many events are in a batch. No two of them share both account and module, so that each has a figure of its own:
/// a figure that is too small or too large is an event that was lost or counted twice.
const EVENTS: usize = ACCOUNTS * MODULES;
const ACCOUNTS: usize = 5;
const MODULES: usize = 3;
const USERS: usize = 40;

const DAY: i64 = 86_400_000;

/// How long a client waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);

/// Clients, and what they know.
pub(crate) struct Load {
    servers: Arc<Servers>,
    client: reqwest::Client,
    began: Instant,
    made: AtomicUsize,
    stopping: AtomicBool,
    books: Mutex<Books>,
}

/// What became of batches.
#[derive(Default)]
struct Books {
    acknowledged: Vec<usize>,
    /// Refused and not sent again.
    given_up: usize,
    refusals: usize,
    /// How often the connection was lost before there was an answer.
    losses: usize,
}

/// What a server said to a batch.
enum Answer {
    Acknowledged(IngestAnswer),
    /// Nothing of it was stored.
    Refused,
    /// It may be stored, or not.
    Unknown,
}

/// What became of events, counted in figures of the API.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// How many were acknowledged.
    pub(crate) acknowledged: usize,
    /// How many of them are missing.
    pub(crate) lost: usize,
    /// How many figures are larger than they may be.
    pub(crate) twice: usize,
}

impl Load {
    /// Nobody sends yet.
    pub(crate) fn new(servers: &Arc<Servers>) -> Arc<Self> {
        Arc::new(Self {
            servers: servers.clone(),
            client: reqwest::Client::new(),
            began: SystemClock.now(),
            made: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            books: Mutex::default(),
        })
    }

    /// Sends batch after batch to one server after the other, with several clients at once, until [`Load::finish`].
    pub(crate) fn begin(self: &Arc<Self>, clients: usize) -> JoinSet<()> {
        let mut sending = JoinSet::new();
        for _ in 0..clients {
            let load = self.clone();
            sending.spawn(async move {
                let places: Vec<usize> = (0..load.servers.count()).collect();
                while !load.stopping.load(Ordering::Relaxed) {
                    load.deliver_next(&places).await;
                }
            });
        }
        sending
    }

    /// Waits until every client has come to its end with what it sends.
    pub(crate) async fn finish(&self, mut sending: JoinSet<()>) {
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(ended) = sending.join_next().await {
            ended.expect("every answer makes sense");
        }
    }

    /// How many requests were refused until now.
    pub(crate) fn refusals(&self) -> usize {
        self.books.lock().expect("no panic").refusals
    }

    /// Sends a batch to these places in turn until one acknowledges it. Every third is given up once it is refused.
    pub(crate) async fn deliver_next(&self, places: &[usize]) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let body = self.batch(number);
        let mut in_doubt = false;
        for place in places.iter().cycle().skip(number % places.len()) {
            match self.send(*place, &body).await {
                Answer::Acknowledged(IngestAnswer { accepted, duplicates, rejected }) => {
                    let stored = (accepted as usize, duplicates as usize);
                    let makes_sense = stored == (EVENTS, 0) || in_doubt && stored == (0, EVENTS);
                    assert!(makes_sense && rejected.is_empty(), "batch {number}: {stored:?}, {rejected:?}");
                    return self.write(|books| books.acknowledged.push(number));
                }
                Answer::Refused => {
                    self.write(|books| books.refusals += 1);
                    if !in_doubt && number.is_multiple_of(3) {
                        return self.write(|books| books.given_up += 1);
                    }
                }
                Answer::Unknown => {
                    self.write(|books| books.losses += 1);
                    in_doubt = true;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes so many batches and sends each of them three times, shuffled, with several clients at once. Returns how
    /// many events were accepted and how many were duplicates.
    pub(crate) async fn deliver_thrice(self: &Arc<Self>, batches: usize, clients: usize) -> (u64, u64) {
        let mut numbers: Vec<usize> = (0..batches).flat_map(|number| [number; 3]).collect();
        rand::seq::SliceRandom::shuffle(numbers.as_mut_slice(), &mut rand::rng());
        let numbers = Arc::new(Mutex::new(numbers));
        let mut sending = JoinSet::new();
        for _ in 0..clients {
            let (load, numbers) = (self.clone(), numbers.clone());
            sending.spawn(async move {
                let (mut accepted, mut duplicates) = (0, 0);
                loop {
                    let Some(number) = numbers.lock().expect("no panic").pop() else { break (accepted, duplicates) };
                    let place = rand::random_range(0..load.servers.count());
                    match load.send(place, &load.batch(number)).await {
                        Answer::Acknowledged(answer) => {
                            accepted += answer.accepted;
                            duplicates += answer.duplicates;
                        }
                        Answer::Refused | Answer::Unknown => panic!("batch {number} was not taken"),
                    }
                }
            });
        }
        let sums = sending.join_all().await;
        self.write(|books| books.acknowledged.extend(0..batches));
        (sums.iter().map(|sum| sum.0).sum(), sums.iter().map(|sum| sum.1).sum())
    }

    /// What the API says became of the events, asked of a server that has remembered no answer yet.
    pub(crate) async fn count(&self) -> Counted {
        let acknowledged = self.books.lock().expect("no panic").acknowledged.clone();
        let mut counted = Counted { acknowledged: acknowledged.len() * EVENTS, ..Counted::default() };
        for account in 0..ACCOUNTS {
            let mut figures = self.figures(account).await;
            for number in &acknowledged {
                for event in (account..EVENTS).step_by(ACCOUNTS) {
                    let figure = figures.remove(&(module(event), action(*number))).unwrap_or(0);
                    counted.lost += usize::from(figure < count(event));
                    counted.twice += usize::from(figure > count(event));
                }
            }
            counted.twice += figures.len();
        }
        counted
    }

    /// An account's actions of every activity on all days that events are of.
    async fn figures(&self, account: usize) -> HashMap<(String, String), u64> {
        let day = |days: i64| day_of(&Tz::UTC, self.began.plus_millis(days * DAY));
        let path = format!("/api/v1/usage/activities.csv?account=account-{account}&from={}&to={}", day(-4), day(1));
        let answer = self.client.get(self.servers.url(0, &path)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let table = answer.text().await.expect("a table");
        let rows = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes()).into_records();
        rows.map(|row| {
            let row = row.expect("a row");
            ((row[0].to_owned(), row[1].to_owned()), row[2].parse().expect("actions"))
        })
        .collect()
    }

    async fn send(&self, place: usize, body: &Value) -> Answer {
        let sent = self.client.post(self.servers.url(place, "/api/v1/events")).json(body).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Answer::Refused,
            Err(_) => return Answer::Unknown,
        };
        let status = answer.status();
        let Ok(text) = answer.text().await else { return Answer::Unknown };
        match status {
            StatusCode::OK => Answer::Acknowledged(serde_json::from_str(&text).expect("an answer to events")),
            StatusCode::SERVICE_UNAVAILABLE if text.contains("may be stored or not") => Answer::Unknown,
            StatusCode::SERVICE_UNAVAILABLE => Answer::Refused,
            _ => panic!("{status}: {text}"),
        }
    }

    /// A batch: users of all accounts, now and three days before.
    fn batch(&self, number: usize) -> Value {
        let now = SystemClock.now();
        let event = |event: usize| {
            let past = now.plus_millis(-3 * DAY);
            json!({
                "id": format!("{number}-{event}"),
                "account": format!("account-{}", event % ACCOUNTS),
                "user": format!("user {}", (number + event) % USERS),
                "module": module(event),
                "action": action(number),
                "count": count(event),
                "time": if event.is_multiple_of(2) { now } else { past }.millis(),
            })
        };
        (0..EVENTS).map(event).collect()
    }

    fn write(&self, write: impl FnOnce(&mut Books)) {
        write(&mut self.books.lock().expect("no panic"));
    }
}

impl fmt::Display for Load {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Books { acknowledged, given_up, refusals, losses } = &*self.books.lock().expect("no panic");
        let (batches, events) = (acknowledged.len(), acknowledged.len() * EVENTS);
        write!(
            formatter,
            "{batches} batches with {events} events acknowledged, {refusals} refused ({given_up} of them given up), \
             {losses} without an answer"
        )
    }
}

fn module(event: usize) -> String {
    format!("module {}", event % MODULES)
}

fn action(number: usize) -> String {
    format!("batch {number}")
}

fn count(event: usize) -> u64 {
    [1, 2, 3][event % 3]
}
