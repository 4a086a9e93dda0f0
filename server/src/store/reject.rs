//! Rejected events, kept until newer ones take their place.

use super::{
    StoreError,
    connection::Connection,
    statement::{Column, bulk, query},
};
use model::reject::Reject;

/// How many rejected events are kept: at the size most events have some megabytes, at the most 320.
const KEPT: i64 = 10_000;

/// Keeps rejected events, and drops the oldest beyond [`KEPT`].
pub(super) async fn keep(connection: &mut Connection<'_>, rejects: &[Reject]) -> Result<(), StoreError> {
    if rejects.is_empty() {
        return Ok(());
    }
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
    query("DELETE FROM reject WHERE reject_no <= (SELECT MAX(reject_no) FROM reject) - $1")
        .bind(KEPT)
        .execute(connection)
        .await?;
    Ok(())
}
