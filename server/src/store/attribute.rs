//! Attributes of accounts, as they come with events: of each the newest stands, as of names, and of all of an account the
//! newest are kept. One that was taken back is kept too, as an empty text, so that an older one that comes late does not
//! bring it back.

use super::{
    StoreError,
    connection::Connection,
    dimension::{Numbers, keep_newest},
    scope::{Hold, hold_teams},
    statement::{Column, bulk, query},
};
use model::event::{Event, KEPT_ATTRIBUTES};
use std::collections::{BTreeMap, BTreeSet};

/// Stores the attributes that come with events, where they are newer than what is there, and says which accounts have
/// other attributes now that a team looks at.
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
        "WITH newest (account_no, name, at, value) AS ({rows}) \
         SELECT newest.account_no, newest.name, CAST(CASE WHEN a.value IS NULL THEN 1 ELSE 0 END AS BIGINT) FROM newest \
         LEFT JOIN account_attribute a ON a.account_no = newest.account_no AND a.name = newest.name \
         WHERE a.value IS NULL OR a.value <> newest.value AND (newest.at, newest.value) > (a.at, a.value)",
        columns(),
    );
    let mut changed: Vec<(i64, String, i64)> = changed.fetch_all(connection).await?;
    bulk(
        "INSERT INTO account_attribute (account_no, name, at, value) {rows} ON CONFLICT (account_no, name) DO UPDATE SET \
         at = excluded.at, value = excluded.value \
         WHERE (excluded.at, excluded.value) > (account_attribute.at, account_attribute.value)",
        columns(),
    )
    .execute(connection)
    .await?;
    if changed.is_empty() {
        return Ok(BTreeSet::new());
    }
    let with_more: BTreeSet<i64> = changed.iter().filter(|(.., is_new)| *is_new != 0).map(|row| row.0).collect();
    changed
        .extend(drop_oldest(connection, &with_more).await?.into_iter().map(|(account_no, name)| (account_no, name, 0)));
    // Before it is asked what they look at: from here on no team changes.
    hold_teams(connection, Hold::Unchanged).await?;
    let looked_at = query("SELECT DISTINCT attribute_name FROM team_rule WHERE looks_at = 'attribute'");
    let looked_at: Vec<(String,)> = looked_at.fetch_all(connection).await?;
    let looked_at: BTreeSet<String> = looked_at.into_iter().map(|(name,)| name).collect();
    Ok(changed.into_iter().filter(|(_, name, _)| looked_at.contains(name)).map(|(account_no, ..)| account_no).collect())
}

/// Drops the oldest attributes of accounts that have more than are kept, and says which those were.
async fn drop_oldest(
    connection: &mut Connection<'_>,
    accounts: &BTreeSet<i64>,
) -> Result<Vec<(i64, String)>, StoreError> {
    let text = format!(
        "WITH wanted (account_no) AS ({{rows}}), placed AS (\
             SELECT a.account_no, a.name, ROW_NUMBER() OVER (PARTITION BY a.account_no ORDER BY a.at DESC, a.name DESC) AS place \
             FROM wanted CROSS JOIN account_attribute a WHERE a.account_no = wanted.account_no) \
         DELETE FROM account_attribute WHERE (account_no, name) IN \
         (SELECT account_no, name FROM placed WHERE place > {KEPT_ATTRIBUTES}) RETURNING account_no, name"
    );
    bulk(text, [Column::ints(accounts.iter().copied())]).fetch_all(connection).await
}
