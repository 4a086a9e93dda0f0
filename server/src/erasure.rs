//! Erasing somebody: in the database, and in what this server remembers. Others forget what they remember to show at
//! the next look at the database, within a minute.

use crate::{
    Server,
    store::{Author, StoreError},
    task::carry_out,
};
use model::{api::erasure::Erasure, erasure::ErasureChoice};

/// Erases a user or an account, and returns the receipt; `None` where nothing is known of them.
pub(crate) async fn erase(
    server: &Server,
    choice: ErasureChoice,
    author: Author,
) -> Result<Option<Erasure>, StoreError> {
    let server = server.clone();
    carry_out(async move {
        let erased = server.store.erase(&choice, &author).await?;
        server.dashboards.forget();
        server.refusals.get(server.store.erasures_seen());
        server.upkeep.hasten();
        Ok(erased)
    })
    .await
}
