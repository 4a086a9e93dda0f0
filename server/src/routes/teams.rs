//! `GET`, `POST`, `PUT` and `DELETE /teams`, for administrators.

use super::{
    access::{IsAdministrator, MayAdminister},
    id,
    json::JsonBody,
    problem::ApiProblem,
    responses::{ReadProblems, SettingProblems, TeamProblem},
};
use crate::{Server, task::carry_out};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use model::{
    api::team::{Team, TeamPreview, Teams},
    team::{TEAM_BYTES, TeamDefinition},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(get_teams, post_team))
        .routes(routes!(get_team, put_team, delete_team))
        .routes(routes!(post_preview))
}

/// Every team, by name
#[utoipa::path(
    get,
    path = "/teams",
    tag = "Teams",
    responses((status = 200, description = "The teams", body = Teams), ReadProblems),
)]
async fn get_teams(_: IsAdministrator, State(server): State<Server>) -> Result<Json<Teams>, ApiProblem> {
    Ok(Json(Teams { teams: server.store.teams().await? }))
}

/// A team
#[utoipa::path(
    get,
    path = "/teams/{id}",
    tag = "Teams",
    params(("id" = i64, Path, description = "Which")),
    responses((status = 200, description = "The team", body = Team), ReadProblems, TeamProblem),
)]
async fn get_team(
    _: IsAdministrator,
    State(server): State<Server>,
    Path(id): Path<String>,
) -> Result<Json<Team>, ApiProblem> {
    Ok(Json(team(&server, number(&id)?).await?))
}

/// Adds a team
///
/// It sees the accounts it names, also those that have not appeared yet, and those that match any of its rules, from now on
/// and with all their history. Takes the session of an administrator.
#[utoipa::path(
    post,
    path = "/teams",
    tag = "Teams",
    request_body(content = TeamDefinition, example = json!({
        "name": "Key accounts, Europe",
        "accounts": ["acme"],
        "rules": [
            {"on": "id", "is": "starts_with", "value": "eu-"},
            {"on": "name", "is": "contains", "value": "gmbh"},
            {"on": "attribute", "attribute": "plan", "is": "equals", "value": "enterprise"}
        ]
    })),
    responses((status = 201, description = "The team", body = Team), SettingProblems),
)]
async fn post_team(
    MayAdminister(author): MayAdminister,
    State(server): State<Server>,
    JsonBody(json): JsonBody<TEAM_BYTES>,
) -> Result<(StatusCode, Json<Team>), ApiProblem> {
    let (store, definition) = (server.store.clone(), TeamDefinition::from_json(&json)?);
    let added = carry_out(async move { store.add_team(&definition, &author).await }).await?;
    Ok((StatusCode::CREATED, Json(team(&server, added).await?)))
}

/// Changes what a team is called and sees; who belongs to it stays
#[utoipa::path(
    put,
    path = "/teams/{id}",
    tag = "Teams",
    params(("id" = i64, Path, description = "Which")),
    request_body(content = TeamDefinition),
    responses((status = 200, description = "The team as it is now", body = Team), SettingProblems, TeamProblem),
)]
async fn put_team(
    MayAdminister(author): MayAdminister,
    State(server): State<Server>,
    Path(id): Path<String>,
    JsonBody(json): JsonBody<TEAM_BYTES>,
) -> Result<Json<Team>, ApiProblem> {
    let number = number(&id)?;
    let (store, definition) = (server.store.clone(), TeamDefinition::from_json(&json)?);
    carry_out(async move { store.change_team(number, &definition, &author).await }).await?;
    Ok(Json(team(&server, number).await?))
}

/// Deletes a team: its members see what their other teams see
#[utoipa::path(
    delete,
    path = "/teams/{id}",
    tag = "Teams",
    params(("id" = i64, Path, description = "Which")),
    responses((status = 204, description = "It is deleted"), SettingProblems, TeamProblem),
)]
async fn delete_team(
    MayAdminister(author): MayAdminister,
    State(server): State<Server>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    let (store, number) = (server.store.clone(), number(&id)?);
    match carry_out(async move { store.delete_team(number, &author).await }).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_team()),
    }
}

/// What a team would see; nothing is changed
#[utoipa::path(
    post,
    path = "/teams/preview",
    tag = "Teams",
    request_body(content = TeamDefinition),
    responses((status = 200, description = "How many accounts, and the first of them", body = TeamPreview), SettingProblems),
)]
async fn post_preview(
    _: MayAdminister,
    State(server): State<Server>,
    JsonBody(json): JsonBody<TEAM_BYTES>,
) -> Result<Json<TeamPreview>, ApiProblem> {
    Ok(Json(server.store.preview_team(&TeamDefinition::from_json(&json)?).await?))
}

async fn team(server: &Server, number: i64) -> Result<Team, ApiProblem> {
    server.store.team(number).await?.ok_or_else(no_team)
}

/// What cannot be a number names no team.
fn number(id: &str) -> Result<i64, ApiProblem> {
    id::number(id).ok_or_else(no_team)
}

fn no_team() -> ApiProblem {
    ApiProblem::new(StatusCode::NOT_FOUND, "there is no such team")
}
