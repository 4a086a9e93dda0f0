//! `GET` and `PUT /tracking`, for those who say what is tracked.

use super::{
    access::{MayConfigureTracking, MayReadNames},
    id,
    json::JsonBody,
    problem::ApiProblem,
    responses::{NameProblem, ReadProblems, SettingProblems},
};
use crate::{Server, store::Author, task::carry_out};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use model::{
    api::tracking::Tracking,
    tracking::{CHOICE_BYTES, Choice, SentName},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_tracking)).routes(routes!(put_module)).routes(routes!(put_activity))
}

/// Every module and activity that was ever sent, what it is shown as, and how it is used
///
/// The names are those of the whole workspace; the figures are of the accounts in the reader's sight, and count what was
/// sent under each name, tracked or not.
#[utoipa::path(
    get,
    path = "/tracking",
    tag = "Tracking",
    responses((status = 200, description = "The modules, by name", body = Tracking), ReadProblems),
)]
async fn get_tracking(
    MayReadNames(sight): MayReadNames,
    State(server): State<Server>,
) -> Result<Json<Tracking>, ApiProblem> {
    Ok(Json(server.dashboards.tracking(sight).await?))
}

/// Chooses what a module is called, whether it is tracked, and what it is merged into
///
/// At once and for all history, on every server by the next tick. What is left out is as if it had never been chosen: an
/// empty object takes everything back, exactly. Events are stored as they are sent, whatever is chosen. Takes the session
/// of an administrator or of a member who configures tracking.
#[utoipa::path(
    put,
    path = "/tracking/modules/{id}",
    tag = "Tracking",
    params(("id" = i64, Path, description = "Which, by its `id` in the list")),
    request_body(content = Choice, example = json!({"display_name": "Reports", "tracked": true, "merged_into": null})),
    responses((status = 200, description = "What was chosen", body = Choice), SettingProblems, NameProblem),
)]
async fn put_module(
    MayConfigureTracking(author): MayConfigureTracking,
    State(server): State<Server>,
    Path(id): Path<String>,
    JsonBody(json): JsonBody<CHOICE_BYTES>,
) -> Result<Json<Choice>, ApiProblem> {
    put(&server, SentName::Module(number(&id)?), Choice::from_json(&json)?, author).await
}

/// The same for an activity, which can be merged within what is shown as one module
#[utoipa::path(
    put,
    path = "/tracking/activities/{id}",
    tag = "Tracking",
    params(("id" = i64, Path, description = "Which, by its `id` in the list")),
    request_body(content = Choice, example = json!({"tracked": false})),
    responses((status = 200, description = "What was chosen", body = Choice), SettingProblems, NameProblem),
)]
async fn put_activity(
    MayConfigureTracking(author): MayConfigureTracking,
    State(server): State<Server>,
    Path(id): Path<String>,
    JsonBody(json): JsonBody<CHOICE_BYTES>,
) -> Result<Json<Choice>, ApiProblem> {
    put(&server, SentName::Activity(number(&id)?), Choice::from_json(&json)?, author).await
}

async fn put(server: &Server, name: SentName, choice: Choice, author: Author) -> Result<Json<Choice>, ApiProblem> {
    let store = server.store.clone();
    let chosen = carry_out(async move { store.choose(name, choice, &author).await }).await?;
    chosen.map(Json).ok_or_else(no_name)
}

/// What cannot be a number names nothing.
fn number(id: &str) -> Result<i64, ApiProblem> {
    id::number(id).ok_or_else(no_name)
}

fn no_name() -> ApiProblem {
    ApiProblem::new(StatusCode::NOT_FOUND, "there is no such module or activity")
}
