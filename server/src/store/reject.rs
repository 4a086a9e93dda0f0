//! Rejected events, kept until they are replayed or dismissed, or newer ones take their place.

use super::{
    Reading, Store, StoreError,
    append::Replay,
    audit::{Author, States, Subject, enter},
    connection::Connection,
    statement::{Column, bulk, query},
};
use crate::task::carry_out;
use model::{
    api::quality::{REJECTS_KEPT, RejectChoice, RejectCount, RejectCounts},
    audit::Action,
    event::{Receipt, Rejection},
    instant::Instant,
    query::RejectFilter,
    reject::{Protocol, Reject},
};
use serde_json::json;
use std::{collections::HashSet, sync::Arc};

/// A rejected event that is kept. Its words may be those of another version: they are texts here.
#[derive(Clone, Debug)]
pub struct KeptReject {
    /// Higher than that of any that came before.
    pub number: i64,
    /// When it was received, and sent.
    pub receipt: Receipt,
    /// The protocol it came in.
    pub protocol: String,
    /// The name of its key, where it had one.
    pub key: Option<String>,
    /// Why it was rejected, for programs.
    pub code: String,
    /// Which field was at fault.
    pub pointer: String,
    /// Why it was rejected, for people.
    pub detail: String,
    /// The event as it was sent; of one that is too large its beginning.
    pub body: String,
}

impl KeptReject {
    /// The protocol it came in, if this version knows it.
    pub fn protocol(&self) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == self.protocol)
    }

    /// Whether this is why it is kept.
    pub fn is_rejected_for(&self, Rejection { code, detail, pointer }: &Rejection) -> bool {
        self.code == code.as_str() && self.detail == *detail && self.pointer == *pointer
    }
}

type Fields = (i64, i64, i64, String, String, String, String, String, Vec<u8>);

impl From<Fields> for KeptReject {
    fn from((number, received, sent_at, protocol, key, code, pointer, detail, body): Fields) -> Self {
        let receipt = Receipt::new(Instant::from_millis(received), Some(Instant::from_millis(sent_at)));
        let key = Some(key).filter(|key| !key.is_empty());
        let body = String::from_utf8_lossy(&body).into_owned();
        Self { number, receipt, protocol, key, code, pointer, detail, body }
    }
}

/// Keeps rejected events, drops the oldest beyond [`REJECTS_KEPT`], and settles replays: lets go of the rejected events that
/// keep the rules now, and says of each replay whether this transaction was the one to do so. Only then may what it means
/// be stored. Those that are still rejected stay, with their new reason.
pub(super) async fn take(
    connection: &mut Connection<'_>,
    rejects: &[Reject],
    replays: &[Replay],
) -> Result<Vec<bool>, StoreError> {
    let over = if rejects.is_empty() { Vec::new() } else { keep(connection, rejects).await? };
    // All at once: of two transactions one would otherwise hold what the other wants to drop.
    lock(connection, over.iter().copied().chain(replays.iter().map(|replay| replay.number))).await?;
    let settled = if replays.is_empty() { Vec::new() } else { settle(connection, replays).await? };
    delete(connection, over.into_iter()).await?;
    Ok(settled)
}

/// Keeps rejected events, and says which are the oldest, beyond [`REJECTS_KEPT`].
async fn keep(connection: &mut Connection<'_>, rejects: &[Reject]) -> Result<Vec<i64>, StoreError> {
    let millis_sent = |reject: &Reject| reject.receipt.sent_at.unwrap_or(reject.receipt.received).millis();
    let columns = [
        Column::ints(rejects.iter().map(|reject| reject.received().millis())),
        Column::ints(rejects.iter().map(millis_sent)),
        Column::texts(rejects.iter().map(|reject| reject.origin.protocol.as_str())),
        Column::texts(rejects.iter().map(|reject| reject.origin.key.as_deref().unwrap_or_default())),
        Column::texts(rejects.iter().map(|reject| reject.rejection.code.as_str())),
        Column::texts(rejects.iter().map(|reject| reject.rejection.pointer.as_str())),
        Column::texts(rejects.iter().map(|reject| reject.rejection.detail.as_str())),
        Column::bytes(rejects.iter().map(|reject| reject.body.as_bytes())),
    ];
    bulk("INSERT INTO reject (received, sent_at, protocol, key_name, code, pointer, detail, body) {rows}", columns)
        .execute(connection)
        .await?;
    let over = query("SELECT reject_no FROM reject WHERE reject_no <= (SELECT MAX(reject_no) FROM reject) - $1");
    let over: Vec<(i64,)> = over.bind(i64::from(REJECTS_KEPT)).fetch_all(connection).await?;
    Ok(over.into_iter().map(|(number,)| number).collect())
}

/// Lets go of what is locked and keeps the rules now.
async fn settle(connection: &mut Connection<'_>, replays: &[Replay]) -> Result<Vec<bool>, StoreError> {
    let right = replays.iter().filter(|replay| replay.read.is_ok());
    let deleted = delete(connection, right.map(|replay| replay.number)).await?;
    let mut deleted: HashSet<i64> = deleted.into_iter().collect();
    let rejections = replays.iter().filter_map(|replay| Some((replay.number, replay.read.as_ref().err()?)));
    give_reasons(connection, rejections.collect()).await?;
    // Of several replays of one event in the same transaction, the first stores it.
    let settled: Vec<bool> =
        replays.iter().map(|replay| replay.read.is_ok() && deleted.remove(&replay.number)).collect();
    enter_replays(connection, replays, &settled).await?;
    Ok(settled)
}

/// Enters which were let go of, for each author of those who replay something in this transaction.
async fn enter_replays(
    connection: &mut Connection<'_>,
    replays: &[Replay],
    settled: &[bool],
) -> Result<(), StoreError> {
    let settled: Vec<&Replay> =
        replays.iter().zip(settled).filter_map(|(replay, settled)| settled.then_some(replay)).collect();
    for by_one in settled.chunk_by(|one, other| Arc::ptr_eq(&one.author, &other.author)) {
        let ids: Vec<i64> = by_one.iter().map(|replay| replay.number).collect();
        let states = States::new(json!({"replayed": ids.len(), "ids": ids}));
        if let Some(replay) = by_one.first() {
            enter(connection, &replay.author, Action::ReplayRejects, &Subject::workspace(), states).await?;
        }
    }
    Ok(())
}

/// Takes rejected events in the order of their numbers, so that two transactions never wait for each other. An SQLite
/// transaction is alone anyway.
async fn lock(connection: &mut Connection<'_>, numbers: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let lock = bulk(
        "WITH wanted (reject_no) AS ({rows}) \
         SELECT reject_no FROM reject WHERE reject_no IN (SELECT reject_no FROM wanted) ORDER BY reject_no FOR UPDATE",
        [Column::ints(numbers)],
    );
    lock.execute(connection).await
}

/// Deletes rejected events, and says which of them were there.
async fn delete(connection: &mut Connection<'_>, numbers: impl Iterator<Item = i64>) -> Result<Vec<i64>, StoreError> {
    let delete = bulk(
        "WITH wanted (reject_no) AS ({rows}) \
         DELETE FROM reject WHERE reject_no IN (SELECT reject_no FROM wanted) RETURNING reject_no",
        [Column::ints(numbers)],
    );
    Ok(delete.fetch_all::<(i64,)>(connection).await?.into_iter().map(|(number,)| number).collect())
}

async fn give_reasons(connection: &mut Connection<'_>, rejections: Vec<(i64, &Rejection)>) -> Result<(), StoreError> {
    let columns = [
        Column::ints(rejections.iter().map(|(number, _)| *number)),
        Column::texts(rejections.iter().map(|(_, rejection)| rejection.code.as_str())),
        Column::texts(rejections.iter().map(|(_, rejection)| rejection.pointer.as_str())),
        Column::texts(rejections.iter().map(|(_, rejection)| rejection.detail.as_str())),
    ];
    bulk(
        "WITH judged (reject_no, code, pointer, detail) AS ({rows}) \
         UPDATE reject SET code = judged.code, pointer = judged.pointer, detail = judged.detail FROM judged \
         WHERE reject.reject_no = judged.reject_no",
        columns,
    )
    .execute(connection)
    .await
}

/// Some that are kept, oldest first, from above the number `after` on.
pub(super) async fn page(
    connection: &mut Connection<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<KeptReject>, StoreError> {
    let sql = "SELECT reject_no, received, sent_at, protocol, key_name, code, pointer, detail, body FROM reject
        WHERE reject_no > $1 ORDER BY reject_no LIMIT $2";
    let page = query(sql).bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<Fields> = page.fetch_all(connection).await?;
    Ok(rows.into_iter().map(KeptReject::from).collect())
}

/// Lets go of rejected events, and says how many were there.
pub(super) async fn drop_all(connection: &mut Connection<'_>, numbers: &[i64]) -> Result<u64, StoreError> {
    lock(connection, numbers.iter().copied()).await?;
    Ok(delete(connection, numbers.iter().copied()).await?.len() as u64)
}

/// What stands in a statement for something that is not asked for: no stored text of these is empty.
fn or_any(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

impl Reading {
    /// Those that match, newest first, from below the number `before` on.
    pub async fn rejects(
        &mut self,
        filter: &RejectFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<KeptReject>, StoreError> {
        let sql = "SELECT reject_no, received, sent_at, protocol, key_name, code, pointer, detail, body FROM reject
            WHERE reject_no < $1 AND ($2 = '' OR code = $2) AND ($3 = '' OR protocol = $3)
                AND ($4 = '' OR key_name = $4)
            ORDER BY reject_no DESC LIMIT $5";
        self.kept(sql, filter, before.unwrap_or(i64::MAX), i64::from(limit)).await
    }

    /// Those that match, oldest first, from above the number `after` on.
    pub async fn rejects_after(
        &mut self,
        filter: &RejectFilter,
        after: i64,
        limit: usize,
    ) -> Result<Vec<KeptReject>, StoreError> {
        let sql = "SELECT reject_no, received, sent_at, protocol, key_name, code, pointer, detail, body FROM reject
            WHERE reject_no > $1 AND ($2 = '' OR code = $2) AND ($3 = '' OR protocol = $3)
                AND ($4 = '' OR key_name = $4)
            ORDER BY reject_no LIMIT $5";
        self.kept(sql, filter, after, i64::try_from(limit).unwrap_or(i64::MAX)).await
    }

    async fn kept(
        &mut self,
        sql: &'static str,
        RejectFilter { code, protocol, key }: &RejectFilter,
        bound: i64,
        limit: i64,
    ) -> Result<Vec<KeptReject>, StoreError> {
        let query = query(sql).bind(bound).bind(or_any(code.as_ref())).bind(or_any(protocol.as_ref()));
        let query = query.bind(or_any(key.as_ref())).bind(limit);
        let rows: Vec<Fields> = query.fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().map(KeptReject::from).collect())
    }

    /// Those of these numbers that are kept, in no order.
    pub async fn rejects_of(&mut self, numbers: &[i64]) -> Result<Vec<KeptReject>, StoreError> {
        let select = bulk(
            "WITH wanted (reject_no) AS ({rows}) \
             SELECT t.reject_no, t.received, t.sent_at, t.protocol, t.key_name, t.code, t.pointer, t.detail, t.body \
             FROM wanted CROSS JOIN reject t WHERE t.reject_no = wanted.reject_no",
            [Column::ints(numbers.iter().copied())],
        );
        let rows: Vec<Fields> = select.fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().map(KeptReject::from).collect())
    }

    /// How many match, and the number of the newest.
    pub async fn matching_rejects(&mut self, filter: &RejectFilter) -> Result<(i64, Option<i64>), StoreError> {
        let sql = "SELECT COUNT(*), MAX(reject_no) FROM reject
            WHERE ($1 = '' OR code = $1) AND ($2 = '' OR protocol = $2) AND ($3 = '' OR key_name = $3)";
        let RejectFilter { code, protocol, key } = filter;
        let query = query(sql).bind(or_any(code.as_ref())).bind(or_any(protocol.as_ref())).bind(or_any(key.as_ref()));
        query.fetch_one(&mut self.connection()).await
    }

    /// How many are kept, and what they have in common.
    pub async fn reject_counts(&mut self) -> Result<RejectCounts, StoreError> {
        let by_code = self.counts("SELECT code, COUNT(*) FROM reject GROUP BY code").await?;
        Ok(RejectCounts {
            kept: by_code.iter().map(|count| count.rejects).sum(),
            by_code,
            by_protocol: self.counts("SELECT protocol, COUNT(*) FROM reject GROUP BY protocol").await?,
            by_key: self.counts("SELECT key_name, COUNT(*) FROM reject GROUP BY key_name").await?,
        })
    }

    async fn counts(&mut self, sql: &'static str) -> Result<Vec<RejectCount>, StoreError> {
        let mut rows: Vec<(String, i64)> = query(sql).fetch_all(&mut self.connection()).await?;
        rows.sort_by(|(one, more), (other, rejects)| rejects.cmp(more).then_with(|| one.cmp(other)));
        let count =
            |(name, rejects)| RejectCount { name: Some(name).filter(|name: &String| !name.is_empty()), rejects };
        Ok(rows.into_iter().map(count).collect())
    }
}

impl Store {
    /// Lets go of the chosen rejected events, and says how many that were.
    pub async fn dismiss(&self, choice: RejectChoice, author: Author) -> Result<u64, StoreError> {
        let store = self.clone();
        carry_out(async move {
            let mut writing = store.write().await?;
            let connection = &mut writing.connection();
            let dismissed = dismiss_chosen(connection, &choice).await?;
            if dismissed > 0 {
                let states = States::new(json!({"dismissed": dismissed, "chosen": choice}));
                enter(connection, &author, Action::DismissRejects, &Subject::workspace(), states).await?;
            }
            writing.commit().await?;
            Ok(dismissed)
        })
        .await
    }
}

async fn dismiss_chosen(connection: &mut Connection<'_>, choice: &RejectChoice) -> Result<u64, StoreError> {
    if let Some(ids) = &choice.ids {
        return drop_all(connection, ids).await;
    }
    let RejectFilter { code, protocol, key } = &choice.filter();
    let sql = "SELECT reject_no FROM reject
        WHERE reject_no <= $1 AND ($2 = '' OR code = $2) AND ($3 = '' OR protocol = $3)
            AND ($4 = '' OR key_name = $4)";
    let chosen = query(sql).bind(choice.up_to.unwrap_or(i64::MAX));
    let chosen = chosen.bind(or_any(code.as_ref())).bind(or_any(protocol.as_ref())).bind(or_any(key.as_ref()));
    let chosen: Vec<(i64,)> = chosen.fetch_all(connection).await?;
    drop_all(connection, &chosen.into_iter().map(|(number,)| number).collect::<Vec<_>>()).await
}
