//! `GET` and `POST /keys`, `POST /keys/{id}/rotate` and `DELETE /keys/{id}`.

use super::team::TeamName;
use crate::{instant::Instant, key::Grant};
use serde::{Deserialize, Serialize};

/// Every key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// When this was answered.
    pub as_of: Instant,
    /// By name.
    pub keys: Vec<Key>,
}

/// A key, without what its holder has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Key {
    /// By which it is rotated and revoked.
    pub id: i64,
    /// What those who made it call it; no two have the same name.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// Through the eyes of which team it reads; null where it reads everything. Where the team was deleted its name is empty,
    /// and the key sees nothing.
    pub team: Option<TeamName>,
    /// When it was made.
    pub created: Instant,
    /// What opens it, or did until it expired: the newest first, then those that it has replaced.
    pub secrets: Vec<KeySecret>,
}

/// A secret that opens a key, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeySecret {
    /// How it begins; empty where that is not known.
    pub prefix: String,
    /// When it was made.
    pub created: Instant,
    /// When it was last sent, give or take a minute; null where it never was.
    pub last_used: Option<Instant>,
    /// From when on it opens nothing any more; null where it lasts.
    pub expires: Option<Instant>,
}

/// A key that was just made, or has just got another secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeKey {
    /// The key.
    pub key: Key,
    /// What to send: `Authorization: Bearer SECRET`. It is told this once.
    pub secret: String,
}
