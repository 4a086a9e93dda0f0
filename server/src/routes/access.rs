//! Who may ask: what a request's credentials permit.
//!
//! A key that is sent is always checked. Without one, whoever reaches the server may use it: it listens on loopback
//! unless it was told in plain words to be open to a network.

use super::problem::ApiProblem;
use crate::{Server, key, store::Grant};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

/// The request may send events.
pub(super) struct MayIngest;

/// The request may read the dashboards' data.
pub(super) struct MayRead;

impl FromRequestParts<Server> for MayIngest {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        require(Grant::Ingest, parts, server).await.map(|()| Self)
    }
}

impl FromRequestParts<Server> for MayRead {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        require(Grant::Read, parts, server).await.map(|()| Self)
    }
}

async fn require(grant: Grant, parts: &Parts, server: &Server) -> Result<(), ApiProblem> {
    // Other schemes are not ours: a proxy that asks for a password passes on what it was given.
    let bearer = parts.headers.get_all(header::AUTHORIZATION).iter().find_map(|credentials| {
        let credentials = String::from_utf8_lossy(credentials.as_bytes());
        let (scheme, key) = credentials.split_once(' ').unwrap_or((&credentials, ""));
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
    });
    let Some(key) = bearer else { return Ok(()) };
    let unknown =
        || ApiProblem::new(StatusCode::UNAUTHORIZED, "Authorization must be Bearer with a key of this server");
    let granted = server.store.key_grant(key::digest(&key)).await?.ok_or_else(unknown)?;
    if granted == grant {
        return Ok(());
    }
    let detail =
        format!("this key may {}, and only that; this request needs one that may {}", granted.as_str(), grant.as_str());
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}
