//! API keys. Only their hashes are stored.

use super::{Store, StoreError, statement::query};
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
        let mut writing = self.write().await?;
        let added = query(
            "INSERT INTO api_key (digest, name, granted, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(digest.as_slice())
        .bind(name)
        .bind(grant.as_str())
        .bind(created.millis())
        .execute(&mut writing.connection())
        .await?;
        if added == 0 {
            return Err(StoreError::NameTaken(name.to_owned()));
        }
        writing.commit().await
    }

    /// What the key with this digest may do; `None` where there is no such key.
    pub async fn key_grant(&self, digest: [u8; 32]) -> Result<Option<Grant>, StoreError> {
        let mut reading = self.read.begin().await?;
        let query = query("SELECT granted FROM api_key WHERE digest = $1").bind(digest.as_slice());
        let granted: Option<(String,)> = query.fetch_optional(&mut reading.connection()).await?;
        granted.map(|(granted,)| Grant::parse(&granted)).transpose()
    }
}
