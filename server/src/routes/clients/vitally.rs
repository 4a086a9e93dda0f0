//! Vitally's analytics API.

use super::{
    delivery::{Delivery, object, typed},
    take,
};
use crate::{
    Server,
    routes::{
        access::key_of_client,
        array::{parse, text},
        problem::ApiProblem,
        responses::IngestProblems,
    },
};
use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use model::{api::problem::Problem, reject::Protocol};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(post_vitally))
}

/// What Vitally answers.
#[derive(Serialize, utoipa::ToSchema)]
struct VitallyAnswer {
    /// Always the same.
    message: &'static str,
}

/// Takes messages of Vitally's clients
///
/// One message of the type that the path names, or with `batch` an array of messages, each with its `type`. The key is
/// the user of Basic. Answers when the messages are durable.
#[utoipa::path(
    post,
    path = "/analytics/v1/{call}",
    tag = "Other clients",
    params(("call" = String, Path, pattern = "^(track|user|account|organization|batch)$",
        description = "`track`, `user`, `account`, `organization` or `batch`")),
    request_body(content = serde_json::Value, content_type = "application/json", example = json!({
        "accountId": "acme", "userId": "lisa", "event": "Report exported", "properties": {"module": "Reports"},
        "messageId": "6b1f", "timestamp": "2026-11-23T12:34:56.789Z"
    })),
    responses(
        (status = 200, description = "The messages are durable, or kept as rejected", body = VitallyAnswer),
        (status = 404, description = "No such call", body = Problem, content_type = "application/problem+json"),
        IngestProblems,
    ),
)]
async fn post_vitally(
    State(server): State<Server>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<VitallyAnswer>, ApiProblem> {
    let kind = kind(&call)?;
    let read = move |body: &[u8]| read(kind, body);
    take(&server, Protocol::Vitally, key_of_client(&headers), &headers, body, read).await?;
    Ok(Json(VitallyAnswer { message: "Success." }))
}

/// The type of message that a path names; none where each message says its own.
pub(super) fn kind(path: &str) -> Result<Option<&'static str>, ApiProblem> {
    Ok(Some(match path {
        "track" | "tracks" => "track",
        "user" | "users" => "user",
        "account" | "accounts" => "account",
        "organization" | "organizations" => "organization",
        "unlink" => "unlink",
        "batch" => return Ok(None),
        other => return Err(ApiProblem::new(StatusCode::NOT_FOUND, format!("there is no call “{other}”"))),
    }))
}

pub(super) fn read(kind: Option<&str>, body: &[u8]) -> Result<Delivery, ApiProblem> {
    match kind {
        Some(kind) => Ok(Delivery::of_one(typed(object(text(body)?)?, kind)?)),
        None => Delivery::of_array(&parse(text(body)?)?),
    }
}
