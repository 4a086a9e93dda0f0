//! `GET` and `POST /keys`, `POST /keys/{id}/rotate` and `DELETE /keys/{id}`.

mod page;

pub(super) use page::{load, post_keys};

use super::{
    access::Administrator,
    id,
    json::JsonBody,
    problem::ApiProblem,
    responses::{AdministratorProblems, KeyProblem, SettingProblems},
};
use crate::{Server, key::KeyError, store::StoreError};
use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{
    api::{
        key::{KeyList, MadeKey},
        problem::FieldError,
    },
    key::{NewKey, Rotation},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_keys, post_key)).routes(routes!(post_rotation)).routes(routes!(delete_key))
}

/// Every key
///
/// What a key's holder has is never told again, only how it begins. Takes the session of an administrator.
#[utoipa::path(
    get,
    path = "/keys",
    tag = "Keys",
    responses((status = 200, description = "The keys, by name", body = KeyList), AdministratorProblems),
)]
async fn get_keys(_: Administrator, State(server): State<Server>) -> Result<Json<KeyList>, ApiProblem> {
    Ok(Json(server.keys.list().await?))
}

/// Makes a key
///
/// The answer holds the secret, this once. One that reads may be bound to a `team`, and then sees what that team sees, and
/// nothing once it is deleted. Takes the session of an administrator.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "Keys",
    request_body(content = NewKey, example = json!({"name": "website", "grant": "ingest"})),
    responses((status = 201, description = "The key, with its secret", body = MadeKey), SettingProblems, KeyProblem),
)]
async fn post_key(
    Administrator(author): Administrator,
    State(server): State<Server>,
    JsonBody(new): JsonBody,
) -> Result<Response, ApiProblem> {
    let new = NewKey::from_json(&new, author.at)?;
    Ok((StatusCode::CREATED, once(server.keys.make(new, author).await?)).into_response())
}

/// Gives a key another secret
///
/// The key keeps its name; the secrets from before still open it for a while. The answer holds the new one, this once.
/// Takes the session of an administrator.
#[utoipa::path(
    post,
    path = "/keys/{id}/rotate",
    tag = "Keys",
    params(("id" = i64, Path, description = "The key's id")),
    request_body(content = Rotation, example = json!({"overlap_seconds": 3600})),
    responses((status = 200, description = "The key, with its new secret", body = MadeKey), SettingProblems, KeyProblem),
)]
async fn post_rotation(
    Administrator(author): Administrator,
    State(server): State<Server>,
    Path(id): Path<String>,
    JsonBody(rotation): JsonBody,
) -> Result<Response, ApiProblem> {
    let rotation = Rotation::from_json(&rotation, author.at)?;
    Ok(once(server.keys.rotate(number(&id), rotation, author).await?).into_response())
}

/// Revokes a key
///
/// It opens nothing from the answer on, on other servers of the same database within a second. Takes the session of an
/// administrator.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    tag = "Keys",
    params(("id" = i64, Path, description = "The key's id")),
    responses((status = 204, description = "It opens nothing any more"), SettingProblems, KeyProblem),
)]
async fn delete_key(
    Administrator(author): Administrator,
    State(server): State<Server>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    server.keys.revoke(number(&id), author).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer that nothing on its way may keep.
fn once(made: MadeKey) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(made))
}

/// The number of a key; of none where it can't be read.
fn number(id: &str) -> i64 {
    id::number(id).unwrap_or(-1)
}

impl From<KeyError> for ApiProblem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::NoKey => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            KeyError::Store(error @ StoreError::NameTaken(_)) => {
                Self::fields(vec![FieldError::of_parameter("name", error.to_string())])
            }
            KeyError::Store(error @ StoreError::NoTeam) => {
                Self::fields(vec![FieldError::of_parameter("team", error.to_string())])
            }
            KeyError::Store(error @ StoreError::KeyExpired) => {
                Self::fields(vec![FieldError::of_parameter("expires", error.to_string())])
            }
            KeyError::Store(error) => error.into(),
            KeyError::Randomness(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "no key could be made at the moment"),
        }
    }
}
