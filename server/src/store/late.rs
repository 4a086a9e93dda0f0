//! Events that were received long after they happened: counted when they are stored, by account and the day they came.

use super::{
    Reading, Reporting, Scope, StoreError,
    connection::Connection,
    day_from_number, day_number,
    dimension::Numbers,
    statement::{Column, bulk},
};
use model::{
    Day,
    api::{Account, quality::LISTED},
    event::Event,
    instant::Instant,
    zone::day_of,
};
use std::collections::BTreeMap;

/// Late events of an account, received on a day.
#[derive(Clone, Debug)]
pub struct LateRow {
    /// The day they were received.
    pub received: Day,
    /// The account.
    pub account: Account,
    /// How many.
    pub events: i64,
    /// When the oldest happened.
    pub oldest: Instant,
    /// When the newest happened.
    pub newest: Instant,
}

/// Counts those of new events that are late.
pub(super) async fn count(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    events: impl Iterator<Item = (&Event, Numbers)>,
) -> Result<(), StoreError> {
    let mut late: BTreeMap<(i64, i64), (i64, i64, i64)> = BTreeMap::new();
    for (event, numbers) in events.filter(|(event, _)| event.is_late()) {
        let key = (numbers.account_no, day_number(day_of(&reporting.zone, event.received)));
        let time = event.time.millis();
        let (events, oldest, newest) = late.entry(key).or_insert((0, time, time));
        *events += 1;
        *oldest = time.min(*oldest);
        *newest = time.max(*newest);
    }
    let columns = [
        Column::ints(late.keys().map(|key| key.0)),
        Column::ints(late.keys().map(|key| key.1)),
        Column::ints(late.values().map(|late| late.0)),
        Column::ints(late.values().map(|late| late.1)),
        Column::ints(late.values().map(|late| late.2)),
    ];
    bulk(
        "INSERT INTO late_day (account_no, received_day, events, oldest, newest) {rows} \
         ON CONFLICT (account_no, received_day) DO UPDATE SET events = late_day.events + excluded.events, \
         oldest = CASE WHEN excluded.oldest < late_day.oldest THEN excluded.oldest ELSE late_day.oldest END, \
         newest = CASE WHEN excluded.newest > late_day.newest THEN excluded.newest ELSE late_day.newest END",
        columns,
    )
    .execute(connection)
    .await
}

impl Reading {
    /// Late events of a scope received on a day or later: the newest day first, then the most events, at most [`LISTED`] accounts
    /// and days.
    pub async fn late_events(&mut self, scope: &Scope, since: Day) -> Result<Vec<LateRow>, StoreError> {
        let sql = "SELECT l.received_day, account.id, COALESCE(account.name, account.id), l.events, l.oldest, l.newest
            FROM (SELECT * FROM late_day WHERE received_day >= $2 AND {seen}) l
            JOIN account ON account.account_no = l.account_no
            ORDER BY l.received_day DESC, l.events DESC, account.id
            LIMIT $3";
        type Fields = (i64, String, String, i64, i64, i64);
        let limit = i64::try_from(LISTED).unwrap_or(i64::MAX);
        let query = scope.query(sql).bind(day_number(since)).bind(limit);
        let rows: Vec<Fields> = query.fetch_all(&mut self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(day, id, name, events, oldest, newest)| LateRow {
                received: day_from_number(day),
                account: Account { id, name },
                events,
                oldest: Instant::from_millis(oldest),
                newest: Instant::from_millis(newest),
            })
            .collect())
    }
}
