//! Pages of the activity stream.

use super::{Dashboards, ReadError, StreamKey};
use crate::store::{EntryRow, Reading, Scope, Sight, StreamPosition};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    api::{
        problem::FieldError,
        today::{ActionCount, Stream, StreamEntry, USES_PER_ENTRY, Use},
    },
    instant::Instant,
    query::StreamQuery,
    zone::day_start,
};
use std::sync::Arc;

impl Dashboards {
    /// A page of today's stream at the current tick: computed by whoever asks first.
    pub async fn stream(&self, sight: Sight, query: &StreamQuery) -> Result<Arc<Stream>, ReadError> {
        let now = self.clock.now();
        let mut reading = self.store.read().await?;
        let scope = reading.scope(sight, query.account.as_deref()).await?;
        let data_since = reading.data_since().await?;
        let (day, tick, before) = (self.day_of(now), now.tick(), query.before.clone());
        let key = StreamKey {
            scope: scope.clone(),
            limit: query.limit,
            before,
            day,
            tick,
            data_since,
            tracking: reading.tracking_revision(),
        };
        let question = format!("{key:?}");
        let computed = self.streams.try_get_with(key, async {
            let read = self.read_stream(&mut reading, &scope, query, now);
            let everybodys = scope.is_everybodys() && query.before.is_none();
            let stream = if everybodys { self.at_tick(now.tick(), &question, read).await } else { read.await };
            stream.map(Arc::new)
        });
        computed.await.map_err(|error| (*error).clone())
    }

    async fn read_stream(
        &self,
        reading: &mut Reading,
        scope: &Scope,
        query: &StreamQuery,
        now: Instant,
    ) -> Result<Stream, ReadError> {
        let day = self.day_of(now);
        let after = query.before.as_deref().map(position).transpose()?;
        let page = reading.stream(scope, day, after.as_ref(), query.limit).await?;
        let next = page.entries.last().filter(|_| page.more).map(cursor);
        let midnight = day_start(&self.store.reporting().zone, day);
        let online_since = self.online_since(now);
        let entries = page.entries.into_iter().map(|row| entry(row, midnight, online_since)).collect();
        Ok(Stream { as_of: now, entries, next })
    }
}

/// About how many bytes a page takes: entries differ little, and each lists a bounded number of uses.
pub(super) fn weight(stream: &Stream) -> u32 {
    u32::try_from(stream.entries.len()).unwrap_or(u32::MAX).saturating_add(1).saturating_mul(2048)
}

fn entry(row: EntryRow, midnight: Instant, online_since: Instant) -> StreamEntry {
    StreamEntry {
        account: row.account,
        user: row.user,
        module: row.module,
        count: row.actions,
        uses: newest_uses(&row.uses, midnight),
        actions: row.uses.into_iter().map(|of| ActionCount { action: of.action, count: of.actions }).collect(),
        last_at: row.last_use,
        online: row.last_signal >= online_since,
    }
}

/// The newest uses of all actions, newest first; within a minute by action.
fn newest_uses(rows: &[crate::store::UseRow], midnight: Instant) -> Vec<Use> {
    let mut uses: Vec<(u16, &str, i64)> = rows
        .iter()
        .flat_map(|row| row.minutes.iter().take(USES_PER_ENTRY).map(|&(minute, n)| (minute, &*row.action, n)))
        .collect();
    uses.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    uses.truncate(USES_PER_ENTRY);
    let at = |minute: u16| midnight.plus_millis(i64::from(minute) * 60_000);
    uses.into_iter().map(|(minute, action, count)| Use { action: action.to_owned(), at: at(minute), count }).collect()
}

/// The cursor behind an entry: opaque to readers.
fn cursor(row: &EntryRow) -> String {
    let position = StreamPosition {
        last_use: row.last_use.millis(),
        account: row.account.id.clone(),
        user: row.user.id.clone(),
        module: row.module.clone(),
        module_no: row.module_no,
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&position).unwrap_or_default())
}

/// The longest cursor, in bytes: three ids or names, each of whose characters JSON may escape.
const CURSOR_LENGTH: usize = 4_096;

fn position(cursor: &str) -> Result<StreamPosition, ReadError> {
    let bytes = (cursor.len() <= CURSOR_LENGTH).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let position = bytes.and_then(|bytes| serde_json::from_slice::<StreamPosition>(&bytes).ok());
    // No id holds a NUL, which Postgres takes in no text.
    let usable = |at: &StreamPosition| [&at.account, &at.user, &at.module].iter().all(|text| !text.contains('\0'));
    position.filter(usable).ok_or_else(|| {
        ReadError::Parameter(FieldError::of_parameter("before", "is not a cursor this server gave out as “next”"))
    })
}
