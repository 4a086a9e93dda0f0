//! Who may ask: what a request's credentials permit.
//!
//! A key that is sent is always checked. Without one, whoever reaches the server may use it: it listens on loopback
//! unless it was told in plain words to be open to a network.

use crate::{Server, key, problem::ApiProblem, store::Grant};
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
    let Some(credentials) = parts.headers.get(header::AUTHORIZATION) else { return Ok(()) };
    let bearer = credentials.to_str().ok().and_then(|value| value.split_once(' '));
    let key = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    let unknown =
        || ApiProblem::new(StatusCode::UNAUTHORIZED, "Authorization must be Bearer with a key of this server");
    let granted = server.store.key_grant(key::digest(key.ok_or_else(unknown)?)).await?.ok_or_else(unknown)?;
    if granted == grant {
        return Ok(());
    }
    let detail =
        format!("this key may {}, and only that; this request needs one that may {}", granted.as_str(), grant.as_str());
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}
