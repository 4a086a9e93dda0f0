//! Who may ask: what a request's credentials permit.
//!
//! A key that is sent is always checked. Without one, whoever reaches the server may use it: it listens on loopback
//! unless it was told in plain words to be open to a network.

use super::problem::ApiProblem;
use crate::{
    Server,
    store::{Grant, Key},
};
use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use model::query::Pairs;

/// The request may send events.
pub(super) struct MayIngest {
    /// The name of its key, where it has one.
    pub(super) key: Option<String>,
}

/// The request may read the dashboards' data.
pub(super) struct MayRead;

/// The request may change what belongs to the workspace. No key permits that: a key is for a program that sends or
/// reads.
pub(super) struct MayAdminister;

impl FromRequestParts<Server> for MayIngest {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let key = bearer(&parts.headers).or_else(|| parameter(parts));
        Self::with_key(key.as_deref(), server).await
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
        require(Grant::Read, bearer(&parts.headers).as_deref(), server).await.map(|_| Self)
    }
}

impl FromRequestParts<Server> for MayAdminister {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let Some(key) = bearer(&parts.headers) else { return Ok(Self) };
        known(&key, server).await?;
        Err(ApiProblem::new(StatusCode::FORBIDDEN, "a key may send events or read; no key may change settings"))
    }
}

/// The key in `Authorization` as clients of other protocols send it: as Bearer, or as the user of Basic, whose base64
/// some leave out.
pub(super) fn key_of_client(headers: &HeaderMap) -> Option<String> {
    bearer(headers).or_else(|| {
        let basic = credentials(headers, "basic")?;
        let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &basic).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(basic);
        decoded.split(':').next().map(str::to_owned)
    })
}

/// The key in `Authorization`. Other schemes than Bearer are not ours: a proxy that asks for a password passes on what
/// it was given.
fn bearer(headers: &HeaderMap) -> Option<String> {
    credentials(headers, "bearer")
}

/// What `Authorization` says in a scheme.
fn credentials(headers: &HeaderMap, wanted: &str) -> Option<String> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(|credentials| {
        let credentials = String::from_utf8_lossy(credentials.as_bytes());
        let (scheme, key) = credentials.split_once(' ').unwrap_or((&credentials, ""));
        scheme.eq_ignore_ascii_case(wanted).then(|| key.trim().to_owned())
    })
}

/// The key in the query, from those who can't set headers.
fn parameter(parts: &Parts) -> Option<String> {
    let Query(pairs) = Query::<Pairs>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find_map(|(name, value)| (name == "key").then_some(value))
}

/// The name of a key that may do what is asked; none where no key was sent.
async fn require(grant: Grant, key: Option<&str>, server: &Server) -> Result<Option<String>, ApiProblem> {
    let Some(key) = key else { return Ok(None) };
    let key = known(key, server).await?;
    if key.grant == grant {
        return Ok(Some(key.name));
    }
    let (may, needed) = (key.grant.as_str(), grant.as_str());
    let detail = format!("this key may {may}, and only that; this request needs one that may {needed}");
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}

/// What is known of a key.
async fn known(key: &str, server: &Server) -> Result<Key, ApiProblem> {
    let unknown = || ApiProblem::new(StatusCode::UNAUTHORIZED, "the key that was sent is not one of this server");
    server.keys.find(key).await?.ok_or_else(unknown)
}
