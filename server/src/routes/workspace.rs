//! `GET /workspace`.

use super::{access::MayRead, problem::ApiProblem, responses::ReadProblems};
use crate::Server;
use axum::{Json, extract::State};
use model::api::Workspace;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_workspace))
}

/// What a page needs to know before it shows any number
#[utoipa::path(
    get,
    path = "/workspace",
    tag = "Workspace",
    responses((status = 200, description = "Zone, day, settings", body = Workspace), ReadProblems),
)]
async fn get_workspace(_: MayRead, State(server): State<Server>) -> Result<Json<Workspace>, ApiProblem> {
    Ok(Json(server.dashboards.workspace().await?))
}
