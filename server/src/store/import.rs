//! What imports must remember, so that one that is interrupted and started again ends in the same state.

use super::{Store, StoreError, statement::query};

impl Store {
    /// By how many milliseconds the file with this digest is shifted: what the first import of it asked for.
    pub async fn import_shift(&self, digest: [u8; 32], asked: i64) -> Result<i64, StoreError> {
        let mut writing = self.write().await?;
        let mut connection = writing.connection();
        query("INSERT INTO import_shift (digest, millis) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(digest.as_slice())
            .bind(asked)
            .execute(&mut connection)
            .await?;
        let first = query("SELECT millis FROM import_shift WHERE digest = $1").bind(digest.as_slice());
        let (first,) = first.fetch_one(&mut connection).await?;
        writing.commit().await?;
        Ok(first)
    }
}
