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

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What those who made it call it.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
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

    /// Whether there is any key.
    pub async fn has_keys(&self) -> Result<bool, StoreError> {
        let mut reading = self.read.begin().await?;
        let (keys,): (i64,) = query("SELECT COUNT(*) FROM api_key").fetch_one(&mut reading.connection()).await?;
        Ok(keys > 0)
    }

    /// The key with this digest; `None` where there is none.
    pub async fn key(&self, digest: [u8; 32]) -> Result<Option<Key>, StoreError> {
        let mut reading = self.read.begin().await?;
        let query = query("SELECT name, granted FROM api_key WHERE digest = $1").bind(digest.as_slice());
        let found: Option<(String, String)> = query.fetch_optional(&mut reading.connection()).await?;
        found.map(|(name, granted)| Ok(Key { name, grant: Grant::parse(&granted)? })).transpose()
    }
}
