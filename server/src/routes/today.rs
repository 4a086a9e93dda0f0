//! `GET /today` and `GET /today/stream`.

use super::{
    access::MayRead,
    pairs::Parameters,
    problem::ApiProblem,
    responses::{ReadProblems, TeamProblem},
};
use crate::{Server, negotiation};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{
    api::today::{Stream, Today},
    query::StreamQuery,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get_today)).routes(routes!(get_stream))
}

/// Today's cards and top tens at the current tick
#[utoipa::path(
    get,
    path = "/today",
    tag = "Today",
    params(("team" = Option<String>, Query, description = "Through the eyes of the team with this id")),
    responses(
        (status = 200, description = "The figures, with an ETag", body = Today),
        (status = 304, description = "Nothing new since If-None-Match"),
        ReadProblems, TeamProblem,
    ),
)]
async fn get_today(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let snapshot = server.dashboards.snapshot(sight).await?;
    let mut response = if negotiation::has_already(&headers, snapshot.etag()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if negotiation::weight(&headers, header::ACCEPT_ENCODING, "gzip") > Some(0.0) {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        (encoding, super::json_bytes(snapshot.gzip().to_vec())).into_response()
    } else {
        super::json_bytes(snapshot.json().to_vec()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(snapshot.etag()) {
        headers.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// A page of today's activity stream, newest use first
#[utoipa::path(
    get,
    path = "/today/stream",
    tag = "Today",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200 entries; 50 unless given", minimum = 1, maximum = 200),
        ("before" = Option<String>, Query, description = "The `next` of the page before"),
        ("team" = Option<String>, Query, description = "Through the eyes of the team with this id"),
        ("account" = Option<String>, Query, description = "Only this account's entries"),
    ),
    responses(
        (status = 200, description = "The entries", body = Stream),
        ReadProblems, TeamProblem,
    ),
)]
async fn get_stream(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Response, ApiProblem> {
    let query = StreamQuery::from_pairs(&pairs)?;
    Ok(Json(server.dashboards.stream(sight, &query).await?.as_ref()).into_response())
}
