//! What those who run the server look at: health and metrics.

use super::{access::MayReadAll, problem::ApiProblem};
use crate::{Server, store::StoreError};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use model::api::problem::Problem;
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_live)).routes(routes!(get_ready)).routes(routes!(get_metrics))
}

/// That the process answers.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

/// Whether the process answers; touches nothing
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "Operation",
    responses((status = 200, description = "It does", body = Health)),
)]
async fn get_live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Whether events can be stored: a write, the migrations, the disk
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "Operation",
    responses(
        (status = 200, description = "They can", body = Health),
        (status = 503, description = "They can't", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_ready(State(server): State<Server>) -> Result<Json<Health>, ApiProblem> {
    let unavailable = |detail: String| ApiProblem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
    if !server.ingest.is_running() {
        return Err(unavailable("the writer has ended; the server must be started again".to_owned()));
    }
    server.store.check().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        // What a driver says names hosts and users; that is for the log.
        unavailable(match error {
            StoreError::Database(_) | StoreError::Migration(_) => "the database does not answer".to_owned(),
            error => error.to_string(),
        })
    })?;
    Ok(Json(Health { status: "ready" }))
}

/// Counters and gauges in the text format of Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operation",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        (status = 401, description = "Nobody signed in, and no key was sent that is known", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key may not read, or the member does not see every account", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_metrics(_: MayReadAll, State(server): State<Server>) -> impl IntoResponse {
    metrics::gauge!("ingest_queue_events").set(server.ingest.waiting() as f64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], server.metrics.render())
}
