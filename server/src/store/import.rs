//! What imports must remember, so that one that is interrupted and started again ends in the same state.

use super::{Store, StoreError};

impl Store {
    /// By how many milliseconds the file with this digest is shifted: what the first import of it asked for.
    pub async fn import_shift(&self, digest: [u8; 32], asked: i64) -> Result<i64, StoreError> {
        let mut writer = self.writer.lock().await;
        let (mut transaction, _) = writer.begin().await?;
        sqlx::query("INSERT INTO import_shift (digest, millis) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(digest.as_slice())
            .bind(asked)
            .execute(&mut *transaction)
            .await?;
        let first = sqlx::query_scalar("SELECT millis FROM import_shift WHERE digest = $1")
            .bind(digest.as_slice())
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(first)
    }
}
