//! Attributes of accounts, as they come with events: of each the newest stands, as of names.

use super::{
    StoreError,
    connection::Connection,
    dimension::{Numbers, keep_newest},
    statement::{Column, bulk},
};
use model::event::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Stores the attributes that come with events, where they are newer than what is there, and says which accounts have
/// other attributes now.
pub(super) async fn keep(
    connection: &mut Connection<'_>,
    events: impl Iterator<Item = (&Event, Numbers)>,
) -> Result<BTreeSet<i64>, StoreError> {
    let mut newest: BTreeMap<(i64, &str), (i64, &str)> = BTreeMap::new();
    for (event, numbers) in events {
        for (name, value) in &event.account_attributes {
            keep_newest(&mut newest, (numbers.account_no, name), (event.time.millis(), value));
        }
    }
    let columns = || {
        [
            Column::ints(newest.keys().map(|key| key.0)),
            Column::texts(newest.keys().map(|key| key.1)),
            Column::ints(newest.values().map(|(at, _)| *at)),
            Column::texts(newest.values().map(|(_, value)| *value)),
        ]
    };
    let changed = bulk(
        "WITH newest (account_no, name, at, value) AS ({rows}) SELECT newest.account_no FROM newest \
         LEFT JOIN account_attribute a ON a.account_no = newest.account_no AND a.name = newest.name \
         WHERE a.value IS NULL OR a.value <> newest.value AND (newest.at, newest.value) > (a.at, a.value)",
        columns(),
    );
    let changed: Vec<(i64,)> = changed.fetch_all(connection).await?;
    bulk(
        "INSERT INTO account_attribute (account_no, name, at, value) {rows} ON CONFLICT (account_no, name) DO UPDATE SET \
         at = excluded.at, value = excluded.value \
         WHERE (excluded.at, excluded.value) > (account_attribute.at, account_attribute.value)",
        columns(),
    )
    .execute(connection)
    .await?;
    Ok(changed.into_iter().map(|(account_no,)| account_no).collect())
}
