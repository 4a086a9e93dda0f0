//! Storing what requests bring: raw rows, roll-ups, names and rejected events in one transaction.

use super::{
    Store, StoreError, attribute,
    audit::Author,
    connection::Connection,
    digest,
    dimension::{self, Numbered, Numbers},
    identity, late, reject,
    rollup::{self, Additions, Fact},
    scope::{self, Outdated},
    statement::{self, Column, append_unless_clashing, bulk},
};
use model::{
    call::{Identity, Meaning, Naming},
    event::{Event, IdScope, Kind, Rejection},
    reject::Reject,
};
use std::{borrow::Cow, collections::HashSet, sync::Arc};

/// What is stored together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Events that keep every rule.
    pub events: Vec<Event>,
    /// Events that don't, to be kept for those who look into them.
    pub rejects: Vec<Reject>,
    /// Names that come without an event.
    pub namings: Vec<Naming>,
    /// What was told of users for events to come.
    pub identities: Vec<Identity>,
    /// What rejected events that are kept turn out to be when they are read again.
    pub replays: Vec<Replay>,
}

/// How many events, rejects, namings, identities and replays there are.
pub(crate) type Sizes = [usize; 5];

/// A rejected event, read again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The number it is kept under.
    pub number: i64,
    /// What it means, which is stored if it is still kept, and then is kept no more; or why it stays where it is.
    pub read: Result<Meaning, Rejection>,
    /// Who replays it, and what else they do at once.
    pub author: Arc<Author>,
}

impl Batch {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        let Self { events, rejects, namings, identities, replays } = self;
        events.is_empty() && rejects.is_empty() && namings.is_empty() && identities.is_empty() && replays.is_empty()
    }

    /// How many events it holds, kept rules or not.
    pub fn event_count(&self) -> usize {
        self.events.len() + self.rejects.len() + self.replays.len()
    }

    /// Puts what a call means behind what is in it.
    pub fn add(&mut self, Meaning { event, namings, identities }: Meaning) {
        self.events.extend(event);
        self.namings.extend(namings);
        self.identities.extend(identities);
    }

    /// How much there is of each.
    pub(crate) fn sizes(&self) -> Sizes {
        let Self { events, rejects, namings, identities, replays } = self;
        [events.len(), rejects.len(), namings.len(), identities.len(), replays.len()]
    }

    /// Takes as much of each from the front.
    pub(crate) fn take(&mut self, [events, rejects, namings, identities, replays]: Sizes) -> Self {
        Self {
            events: self.events.drain(..events).collect(),
            rejects: self.rejects.drain(..rejects).collect(),
            namings: self.namings.drain(..namings).collect(),
            identities: self.identities.drain(..identities).collect(),
            replays: self.replays.drain(..replays).collect(),
        }
    }

    /// Puts what another one holds behind what is in this one.
    pub fn append(&mut self, other: &mut Self) {
        self.events.append(&mut other.events);
        self.rejects.append(&mut other.rejects);
        self.namings.append(&mut other.namings);
        self.identities.append(&mut other.identities);
        self.replays.append(&mut other.replays);
    }
}

impl From<Vec<Event>> for Batch {
    fn from(events: Vec<Event>) -> Self {
        Self { events, ..Self::default() }
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored; of a replay that is no use of the product, what it tells.
    Accepted,
    /// Left out: its account, or its user, already has an event with that id.
    Duplicate,
    /// Of a replay: it still breaks a rule, or somebody else replayed or dismissed it meanwhile.
    NotStored,
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
                Outcome::NotStored => {}
            }
        }
        appended
    }
}

impl Store {
    /// Stores events and says for each, in order, what became of it. They are durable when this returns; on an error
    /// none of them is stored. Must not be cancelled half-way: run it in a task of its own.
    pub async fn append(&self, events: &[Event]) -> Result<Vec<Outcome>, StoreError> {
        self.append_all(events, &Batch::default()).await
    }

    /// The same, for all that a batch holds: what became of its events, then of its replays.
    pub async fn append_batch(&self, batch: &Batch) -> Result<Vec<Outcome>, StoreError> {
        self.append_all(&batch.events, batch).await
    }

    /// Stores events that were sent, and what else there is in a batch.
    async fn append_all(&self, sent: &[Event], beside: &Batch) -> Result<Vec<Outcome>, StoreError> {
        loop {
            match self.try_append(sent, beside).await {
                // With the transaction the number that was remembered is forgotten.
                Err(StoreError::Erased) => {}
                outcome => return outcome,
            }
        }
    }

    async fn try_append(&self, sent: &[Event], beside: &Batch) -> Result<Vec<Outcome>, StoreError> {
        let Batch { rejects, replays, .. } = beside;
        let mut writing = self.write().await?;
        let (mut connection, remembered) = writing.parts();
        // Before anything else, in each transaction alike, so that two never wait for each other.
        let settled = reject::take(&mut connection, rejects, replays).await?;
        let Stored { events, namings, identities } = with_settled(sent, beside, &settled);
        let erasures = match remembered.erasures {
            Some(erasures) => erasures,
            None => self.refuse_other_reporting(&mut connection).await?.erasures,
        };
        remembered.erasures = Some(erasures);
        let mut numbered = remembered.dimensions.number(&mut connection, &events, &namings).await?;
        let outcomes = claim_ids(&mut connection, &events, &numbered.events).await?;
        if numbered.has_new() && outcomes.contains(&Outcome::Duplicate) {
            let is_stored = |place: usize| outcomes[place] == Outcome::Accepted;
            remembered.dimensions.take_back_unused(&mut connection, &mut numbered, is_stored).await?;
        }
        let Numbered { events: numbers, named, new_accounts, new_activities, .. } = numbered;
        let accepted = || {
            let stored = events.iter().zip(numbers.iter().copied()).zip(&outcomes);
            stored.filter(|(_, outcome)| **outcome == Outcome::Accepted).map(|(event, _)| event)
        };
        let facts: Arc<[Fact]> = accepted().map(|(event, numbers)| fact(event, numbers)).collect();
        let table = remembered.partitions.make_for(&mut connection, &facts).await?;
        let reporting = self.reporting;
        let (recent, tracking) = (&mut remembered.recent, &mut remembered.tracking);
        // In another thread, while the database writes raw rows.
        let prepared = tokio::task::spawn_blocking({
            let (facts, tracking, recent) = (Arc::clone(&facts), Arc::clone(tracking), std::mem::take(recent));
            move || (Additions::of(reporting, &tracking, &facts, &recent), recent)
        });
        // A month's table that is gone was dropped since it was remembered: its events are too old by now.
        insert_events(&mut connection, &table, &facts).await.map_err(|error| match error {
            StoreError::Database(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| NO_PARTITION.contains(&&*code)) =>
            {
                StoreError::RetentionChanged
            }
            error => error,
        })?;
        let prepared = prepared.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let mut additions = prepared.0;
        *recent = prepared.1;
        identity::keep(&mut connection, &identities).await?;
        let named_accounts = named.iter().map(|name| name.account_no);
        let accounts = facts.iter().map(|fact| fact.numbers.account_no).chain(named_accounts);
        rollup::lock_accounts(&mut connection, accounts).await?;
        // From here on no other process rebuilds the roll-ups, changes what is tracked, erases one of these accounts or drops
        // raw events; before, it may have done so.
        let standing = self.refuse_other_reporting(&mut connection).await?;
        if standing.erasures != erasures {
            return Err(StoreError::Erased);
        }
        if facts.iter().any(|fact| fact.time < standing.events_since) {
            return Err(StoreError::RetentionChanged);
        }
        if !tracking.stands(standing.tracking, &new_activities) {
            Arc::make_mut(tracking).settle(&mut connection, standing.tracking, &new_activities).await?;
            additions = Additions::of(reporting, tracking, &facts, recent);
        }
        if recent.forget_what_others_changed(&mut connection, &additions.days()).await? {
            additions = Additions::of(reporting, tracking, &facts, recent);
        }
        let mut changed = dimension::rename(&mut connection, accepted(), &named).await?;
        changed.extend(attribute::keep(&mut connection, accepted()).await?);
        scope::place_accounts(&mut connection, Outdated::Some { changed, new: new_accounts.into_iter().collect() })
            .await?;
        late::count(&mut connection, reporting, accepted()).await?;
        // Last: all servers write to the same few rows of the sums.
        rollup::apply(&mut connection, additions, recent).await?;
        writing.commit().await?;
        Ok(of_each(outcomes, sent.len(), replays, &settled))
    }
}

/// What a transaction stores beside rejected events.
struct Stored<'a> {
    events: Cow<'a, [Event]>,
    namings: Cow<'a, [Naming]>,
    identities: Cow<'a, [Identity]>,
}

/// What was sent, and behind it what the replays mean that are settled.
fn with_settled<'a>(sent: &'a [Event], beside: &'a Batch, settled: &[bool]) -> Stored<'a> {
    let Batch { namings, identities, replays, .. } = beside;
    let mut stored = Stored { events: sent.into(), namings: namings.into(), identities: identities.into() };
    let settled = replays.iter().zip(settled).filter(|(_, settled)| **settled);
    for Meaning { event, namings, identities } in settled.filter_map(|(replay, _)| replay.read.as_ref().ok()) {
        stored.events.to_mut().extend(event.iter().cloned());
        stored.namings.to_mut().extend_from_slice(namings);
        stored.identities.to_mut().extend_from_slice(identities);
    }
    stored
}

/// The outcomes of `sent` events, and of every replay, settled or not.
fn of_each(mut outcomes: Vec<Outcome>, sent: usize, replays: &[Replay], settled: &[bool]) -> Vec<Outcome> {
    let mut replayed = outcomes.split_off(sent).into_iter();
    outcomes.extend(replays.iter().zip(settled).map(|(replay, settled)| match &replay.read {
        Ok(Meaning { event: Some(_), .. }) if *settled => replayed.next().unwrap_or(Outcome::NotStored),
        Ok(_) if *settled => Outcome::Accepted,
        _ => Outcome::NotStored,
    }));
    outcomes
}

fn fact(event: &Event, numbers: Numbers) -> Fact {
    let count = match event.kind {
        Kind::Activity { count, .. } => count,
        Kind::Heartbeat => 0,
    };
    Fact { numbers, time: event.time, count }
}

/// From how many ids on they are entered as if all were new.
const MANY_IDS: usize = 1_000;

/// Enters the ids that are new. The first event with an id is accepted, also within one call.
async fn claim_ids(
    connection: &mut Connection<'_>,
    events: &[Event],
    numbers: &[Numbers],
) -> Result<Vec<Outcome>, StoreError> {
    let ids: Vec<Option<(i64, [u8; 16])>> = events
        .iter()
        .zip(numbers)
        .map(|(event, numbers)| event.id.as_ref().map(|id| entry(event, id, numbers.account_no)))
        .collect();
    let mut distinct: Vec<(i64, [u8; 16])> = ids.iter().flatten().copied().collect();
    let given = distinct.len();
    // Sorted, so that neighbouring entries of the table are written one after the other.
    distinct.sort_unstable();
    distinct.dedup();
    let columns = || {
        vec![
            Column::ints(distinct.iter().map(|(account_no, _)| *account_no)),
            Column::bytes(distinct.iter().map(|(_, digest)| digest.as_slice())),
        ]
    };
    // Nearly always all of them are new, and to enter many is then cheaper than to have each looked at.
    if distinct.len() == given
        && distinct.len() >= MANY_IDS
        && append_unless_clashing(connection, "event_id", &["account_no", "digest"], columns()).await?
    {
        return Ok(vec![Outcome::Accepted; ids.len()]);
    }
    let claim = bulk(
        "INSERT INTO event_id (account_no, digest) {rows} ON CONFLICT DO NOTHING RETURNING account_no, digest",
        columns(),
    );
    let claimed: Vec<(i64, Vec<u8>)> = claim.fetch_all(connection).await?;
    if claimed.len() == given {
        return Ok(vec![Outcome::Accepted; ids.len()]);
    }
    let mut fresh: HashSet<(i64, [u8; 16])> = claimed
        .into_iter()
        .filter_map(|(account_no, digest)| Some((account_no, <[u8; 16]>::try_from(digest).ok()?)))
        .collect();
    Ok(ids
        .into_iter()
        .map(|id| match id {
            Some(id) if !fresh.remove(&id) => Outcome::Duplicate,
            _ => Outcome::Accepted,
        })
        .collect())
}

/// What an id is entered as. Account 0 stands for all accounts.
fn entry(event: &Event, id: &str, account_no: i64) -> (i64, [u8; 16]) {
    match event.id_scope {
        IdScope::Account => (account_no, digest(id)),
        // No text of an event holds a NUL, so that each pair is another text.
        IdScope::User => (0, digest(&format!("{}\0{id}", event.user))),
    }
}

/// What Postgres calls a table that is not there, and a row for which there is none.
const NO_PARTITION: [&str; 2] = ["42P01", "23514"];

/// Writes raw rows.
async fn insert_events(connection: &mut Connection<'_>, table: &str, facts: &[Fact]) -> Result<(), StoreError> {
    let names = ["time", "account_no", "user_no", "module_no", "activity_no", "count"];
    let columns = vec![
        Column::ints(facts.iter().map(|fact| fact.time.millis())),
        Column::ints(facts.iter().map(|fact| fact.numbers.account_no)),
        Column::ints(facts.iter().map(|fact| fact.numbers.user_no)),
        Column::ints(facts.iter().map(|fact| fact.numbers.module_no)),
        Column::ints(facts.iter().map(|fact| fact.numbers.activity_no)),
        Column::ints(facts.iter().map(|fact| fact.count)),
    ];
    statement::append(connection, table, &names, columns).await
}
