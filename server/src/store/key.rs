//! API keys. Only their hashes are stored.

use super::{Store, StoreError};
use model::instant::Instant;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Send events.
    Ingest,
    /// Read the dashboards' data.
    Read,
}

impl Grant {
    /// The word for it in the database, on the command line and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        let grant = [Self::Ingest, Self::Read].into_iter().find(|grant| grant.as_str() == word);
        grant.ok_or_else(|| StoreError::Setting { name: "granted", value: word.to_owned() })
    }
}

impl Store {
    /// Stores a key by its digest.
    pub async fn add_key(
        &self,
        digest: [u8; 32],
        name: &str,
        grant: Grant,
        created: Instant,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let (mut transaction, _) = writer.begin().await?;
        let added = sqlx::query(
            "INSERT INTO api_key (digest, name, granted, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(digest.as_slice())
        .bind(name)
        .bind(grant.as_str())
        .bind(created.millis())
        .execute(&mut *transaction)
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::NameTaken(name.to_owned()));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What the key with this digest may do; `None` where there is no such key.
    pub async fn key_grant(&self, digest: [u8; 32]) -> Result<Option<Grant>, StoreError> {
        let granted: Option<String> = sqlx::query_scalar("SELECT granted FROM api_key WHERE digest = $1")
            .bind(digest.as_slice())
            .fetch_optional(&self.read)
            .await?;
        granted.map(|granted| Grant::parse(&granted)).transpose()
    }
}
