//! Storing events: raw rows, roll-ups and names in one transaction.

use super::{
    Store, StoreError, batches,
    dimension::{self, Dimensions, Numbers},
    rollup::{self, Fact},
};
use model::event::{Event, Kind};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{BTreeSet, HashSet};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored.
    Accepted,
    /// Left out: its account already has an event with that id.
    Duplicate,
}

/// How many events were stored and how many left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Stored.
    pub accepted: u64,
    /// Left out as duplicates.
    pub duplicates: u64,
}

impl FromIterator<Outcome> for Appended {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let mut appended = Self::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Accepted => appended.accepted += 1,
                Outcome::Duplicate => appended.duplicates += 1,
            }
        }
        appended
    }
}

impl Store {
    /// Stores events and says for each, in order, what became of it. They are durable when this returns; on an error
    /// none of them is stored. Must not be cancelled half-way: run it in a task of its own.
    pub async fn append(&self, events: &[Event]) -> Result<Vec<Outcome>, StoreError> {
        let mut writer = self.writer.lock().await;
        let (mut transaction, dimensions) = writer.begin().await?;
        self.refuse_other_reporting(&mut transaction).await?;
        let stored = store(&mut transaction, dimensions, self.reporting, events).await;
        let committed = match stored {
            Ok(outcomes) => transaction.commit().await.map(|()| outcomes).map_err(StoreError::from),
            Err(error) => Err(error),
        };
        if committed.is_err() {
            // What the transaction numbered is gone with it.
            dimensions.forget();
        }
        committed
    }
}

async fn store(
    connection: &mut SqliteConnection,
    dimensions: &mut Dimensions,
    reporting: super::Reporting,
    events: &[Event],
) -> Result<Vec<Outcome>, StoreError> {
    let numbers = dimensions.number(connection, events).await?;
    let outcomes = claim_ids(connection, events, &numbers).await?;
    let accepted = || {
        let stored = events.iter().zip(numbers.iter().copied()).zip(&outcomes);
        stored.filter(|(_, outcome)| **outcome == Outcome::Accepted).map(|(event, _)| event)
    };
    let facts: Vec<Fact> = accepted().map(|(event, numbers)| fact(event, numbers)).collect();
    insert_events(connection, &facts).await?;
    rollup::apply(connection, reporting, &facts).await?;
    dimension::rename(connection, accepted()).await?;
    Ok(outcomes)
}

fn fact(event: &Event, numbers: Numbers) -> Fact {
    let count = match event.kind {
        Kind::Activity { count, .. } => count,
        Kind::Heartbeat => 0,
    };
    Fact { numbers, time: event.time, count }
}

/// Enters the ids that are new. The first event with an id is accepted, also within one call.
async fn claim_ids(
    connection: &mut SqliteConnection,
    events: &[Event],
    numbers: &[Numbers],
) -> Result<Vec<Outcome>, StoreError> {
    let ids: Vec<Option<(i64, [u8; 16])>> = events
        .iter()
        .zip(numbers)
        .map(|(event, numbers)| event.id.as_ref().map(|id| (numbers.account_no, digest(id))))
        .collect();
    // Sorted, so that neighbouring entries of the table are written one after the other.
    let distinct: BTreeSet<(i64, [u8; 16])> = ids.iter().flatten().copied().collect();
    let mut fresh: HashSet<(i64, [u8; 16])> = HashSet::with_capacity(distinct.len());
    let distinct: Vec<(i64, [u8; 16])> = distinct.into_iter().collect();
    for ids in batches(distinct.len()).map(|range| &distinct[range]) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO event_id (account_no, digest) ");
        insert.push_values(ids, |mut row, (account_no, digest)| {
            row.push_bind(account_no).push_bind(digest.as_slice());
        });
        insert.push(" ON CONFLICT DO NOTHING RETURNING account_no, digest");
        for (account_no, digest) in insert.build_query_as::<(i64, Vec<u8>)>().fetch_all(&mut *connection).await? {
            fresh.extend(<[u8; 16]>::try_from(digest).map(|digest| (account_no, digest)));
        }
    }
    Ok(ids
        .into_iter()
        .map(|id| match id {
            Some(id) if !fresh.remove(&id) => Outcome::Duplicate,
            _ => Outcome::Accepted,
        })
        .collect())
}

/// Half a hash is narrow, and still no two ids of an account will ever share one.
fn digest(id: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut digest);
    digest
}

async fn insert_events(connection: &mut SqliteConnection, facts: &[Fact]) -> Result<(), StoreError> {
    for facts in batches(facts.len()).map(|range| &facts[range]) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO event (time, account_no, user_no, module_no, activity_no, count) ",
        );
        insert.push_values(facts, |mut row, fact| {
            let Numbers { account_no, user_no, module_no, activity_no } = fact.numbers;
            row.push_bind(fact.time.millis()).push_bind(account_no).push_bind(user_no);
            row.push_bind(module_no).push_bind(activity_no).push_bind(fact.count);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}
