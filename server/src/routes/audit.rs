//! `GET /audit`, and what the page of the audit log shows.

use super::{access::Administrator, pairs::Parameters, problem::ApiProblem, responses::AdministratorProblems};
use crate::Server;
use app::PageData;
use axum::{Json, extract::State};
use model::{api::audit::AuditLog, query::AuditQuery};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_audit))
}

/// The audit log, newest first
///
/// A row for each change of members, keys, settings and rejected events: who made it, from where, what was before and what
/// is since. Signing in is no change. Takes the session of an administrator.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "Audit log",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200 changes; 50 unless given", minimum = 1, maximum = 200),
        ("before" = Option<String>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "A page of it", body = AuditLog), AdministratorProblems),
)]
async fn get_audit(
    _: Administrator,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Json<AuditLog>, ApiProblem> {
    Ok(Json(server.dashboards.audit_log(&AuditQuery::from_pairs(&pairs)?).await?))
}

/// What the page shows.
pub(super) async fn load(server: &Server, query: &AuditQuery) -> Result<PageData, ApiProblem> {
    Ok(PageData::Audit(server.dashboards.audit_log(query).await?))
}
