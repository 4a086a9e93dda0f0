//! `GET /quality`.

use super::{access::MayReadNames, problem::ApiProblem, responses::ReadProblems};
use crate::Server;
use axum::{Json, extract::State};
use model::api::quality::Quality;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_quality))
}

/// Rejected events by reason, bodies that were refused whole, names seen for the first time, names that look alike, and events far in the past
///
/// Late events are those of accounts in sight; everything else is of the whole workspace, and for those who see all of it
/// or may configure tracking.
#[utoipa::path(
    get,
    path = "/quality",
    tag = "Data quality",
    responses((status = 200, description = "What may be wrong with the events that are sent", body = Quality), ReadProblems),
)]
async fn get_quality(
    MayReadNames(sight): MayReadNames,
    State(server): State<Server>,
) -> Result<Json<Quality>, ApiProblem> {
    Ok(Json(server.dashboards.quality(sight, &server.refusals).await?))
}
