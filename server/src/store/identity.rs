//! What calls of other protocols told of users: whom they belong to, what they are called.

use super::{
    Store, StoreError,
    connection::Connection,
    statement::{Column, bulk},
};
use model::{
    call::{Identity, IdentityKind, Known},
    instant::Instant,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is told of a user by another id stands behind what is told by its own.
const KNOWN: &str = "WITH wanted (user_id) AS ({rows}) \
    SELECT wanted.user_id, own.kind, own.value, own.at, CAST(0 AS BIGINT) \
    FROM wanted CROSS JOIN identity own WHERE own.user_id = wanted.user_id \
    UNION ALL \
    SELECT wanted.user_id, other.kind, other.value, other.at, CAST(1 AS BIGINT) \
    FROM wanted CROSS JOIN identity own CROSS JOIN identity other \
    WHERE own.user_id = wanted.user_id AND own.kind = 'alias' AND other.user_id = own.value";

impl Store {
    /// What is known of users.
    pub async fn known(&self, users: &BTreeSet<&str>) -> Result<Known, StoreError> {
        let mut known = Known::default();
        if users.is_empty() {
            return Ok(known);
        }
        let mut reading = self.read().await?;
        let told = bulk(KNOWN, [Column::texts(users.iter().copied())]);
        let mut told: Vec<(String, String, String, i64, i64)> = told.fetch_all(&mut reading.connection()).await?;
        told.sort_by_key(|(.., distance)| *distance);
        for (user, kind, value, at, _) in told {
            if let Some(kind) = IdentityKind::ALL.into_iter().find(|known| known.as_str() == kind) {
                known.add(&user, kind, value, Instant::from_millis(at));
            }
        }
        Ok(known)
    }
}

/// Keeps what was told of users, where it is newer than what is there.
pub(super) async fn keep(connection: &mut Connection<'_>, identities: &[Identity]) -> Result<(), StoreError> {
    let mut newest: BTreeMap<(&str, &str), (i64, &str)> = BTreeMap::new();
    for Identity { user, kind, at, value } in identities {
        let told = (at.millis(), value.as_str());
        let newest = newest.entry((user, kind.as_str())).or_insert(told);
        *newest = (*newest).max(told);
    }
    let columns = [
        Column::texts(newest.keys().map(|(user, _)| *user)),
        Column::texts(newest.keys().map(|(_, kind)| *kind)),
        Column::ints(newest.values().map(|(at, _)| *at)),
        Column::texts(newest.values().map(|(_, value)| *value)),
    ];
    bulk(
        "INSERT INTO identity (user_id, kind, at, value) {rows} \
         ON CONFLICT (user_id, kind) DO UPDATE SET at = excluded.at, value = excluded.value \
         WHERE (excluded.at, excluded.value) > (identity.at, identity.value)",
        columns,
    )
    .execute(connection)
    .await
}
