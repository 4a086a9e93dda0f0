//! Who may ask: what a request's credentials permit.
//!
//! A key that is sent is always checked. Without one, whoever reaches the server may use it: it listens on loopback
//! unless it was told in plain words to be open to a network.

use super::problem::ApiProblem;
use crate::{Server, store::Grant};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

/// The request may send events.
pub(super) struct MayIngest {
    /// The name of its key, where it has one.
    pub(super) key: Option<String>,
}

/// The request may read the dashboards' data.
pub(super) struct MayRead;

impl FromRequestParts<Server> for MayIngest {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        Self::with_key(bearer(parts).as_deref(), server).await
    }
}

impl MayIngest {
    /// Whether who sent a key, if any, may send events.
    pub(super) async fn with_key(key: Option<&str>, server: &Server) -> Result<Self, ApiProblem> {
        Ok(Self { key: require(Grant::Ingest, key, server).await? })
    }
}

impl FromRequestParts<Server> for MayRead {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        require(Grant::Read, bearer(parts).as_deref(), server).await.map(|_| Self)
    }
}

/// The key in `Authorization`. Other schemes than Bearer are not ours: a proxy that asks for a password passes on what
/// it was given.
fn bearer(parts: &Parts) -> Option<String> {
    parts.headers.get_all(header::AUTHORIZATION).iter().find_map(|credentials| {
        let credentials = String::from_utf8_lossy(credentials.as_bytes());
        let (scheme, key) = credentials.split_once(' ').unwrap_or((&credentials, ""));
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
    })
}

/// The name of a key that may do what is asked; none where no key was sent.
async fn require(grant: Grant, key: Option<&str>, server: &Server) -> Result<Option<String>, ApiProblem> {
    let Some(key) = key else { return Ok(None) };
    let unknown =
        || ApiProblem::new(StatusCode::UNAUTHORIZED, "Authorization must be Bearer with a key of this server");
    let key = server.keys.find(key).await?.ok_or_else(unknown)?;
    if key.grant == grant {
        return Ok(Some(key.name));
    }
    let (may, needed) = (key.grant.as_str(), grant.as_str());
    let detail = format!("this key may {may}, and only that; this request needs one that may {needed}");
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}
