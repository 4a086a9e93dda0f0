//! `GET` and `POST /erasures`, `GET` and `PUT /retention`.

use super::{
    access::Administrator,
    json::JsonBody,
    problem::ApiProblem,
    responses::{AdministratorProblems, PartyProblem, SettingProblems},
};
use crate::{Server, erasure};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use model::{
    api::erasure::{Erasure, ErasurePreview, Erasures, Retention},
    erasure::{ErasureChoice, retention_from_json},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_erasures, post_erasure)).routes(routes!(get_retention, put_retention))
}

/// Every receipt of an erasure, newest first
///
/// They tell how much was erased, when and by whom, and nothing of whose it was. Takes the session of an administrator.
#[utoipa::path(
    get,
    path = "/erasures",
    tag = "Privacy",
    responses((status = 200, description = "The receipts", body = Erasures), AdministratorProblems),
)]
async fn get_erasures(_: Administrator, State(server): State<Server>) -> Result<Json<Erasures>, ApiProblem> {
    Ok(Json(Erasures { erasures: server.store.erasures().await? }))
}

/// Erases a user, or an account with all its users
///
/// Everywhere: raw events, roll-ups, names, what other clients' calls told of them, rejected events and texts of the audit
/// log that name them. With a user go the other ids by which calls say that they are known. Every figure is from then on
/// what it would be without them. It can't be undone; events that are sent of them later make them anew.
///
/// The ids that make a retry harmless go with an account; those of a user, and of calls that name no account, can't be told
/// from others, and stay, as hashes. Rules of teams whose value is the id or the name of an erased account go; other names that people gave to
/// something stay, and the preview tells which. With `preview` nothing is changed. Takes the session of an administrator.
#[utoipa::path(
    post,
    path = "/erasures",
    tag = "Privacy",
    request_body(content = ErasureChoice, example = json!({"account": "acme", "user": "lisa", "preview": true})),
    responses(
        (status = 200, description = "What would go", body = ErasurePreview),
        (status = 201, description = "The receipt", body = Erasure),
        SettingProblems,
        PartyProblem,
    ),
)]
async fn post_erasure(
    Administrator(author): Administrator,
    State(server): State<Server>,
    JsonBody(json): JsonBody,
) -> Result<Response, ApiProblem> {
    let choice = ErasureChoice::from_json(&json)?;
    if choice.preview {
        let preview = server.store.preview_erasure(&choice).await?.ok_or_else(nobody)?;
        return Ok(Json(preview).into_response());
    }
    let erasure = erasure::erase(&server, choice, author).await?.ok_or_else(nobody)?;
    Ok((StatusCode::CREATED, Json(erasure)).into_response())
}

fn nobody() -> ApiProblem {
    ApiProblem::new(StatusCode::NOT_FOUND, "nothing is known of them")
}

/// How long raw events are kept
///
/// Takes the session of an administrator.
#[utoipa::path(
    get,
    path = "/retention",
    tag = "Privacy",
    responses((status = 200, description = "For how many days", body = Retention), AdministratorProblems),
)]
async fn get_retention(_: Administrator, State(server): State<Server>) -> Result<Json<Retention>, ApiProblem> {
    Ok(Json(server.store.retention().await?))
}

/// Keeps raw events for so many days, or for good
///
/// Older ones are dropped within a minute or so, and refused with the code `time_before_retention`. The figures of their days
/// stay. Raw events that are dropped don't come back when they are kept for longer. Takes the session of an administrator.
#[utoipa::path(
    put,
    path = "/retention",
    tag = "Privacy",
    request_body(content = Retention, example = json!({"days": 400})),
    responses((status = 200, description = "For how many days by now", body = Retention), SettingProblems),
)]
async fn put_retention(
    Administrator(author): Administrator,
    State(server): State<Server>,
    JsonBody(json): JsonBody,
) -> Result<Json<Retention>, ApiProblem> {
    server.retention.set(retention_from_json(&json)?, author).await?;
    Ok(Json(server.store.retention().await?))
}
