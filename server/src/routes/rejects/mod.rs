//! `GET /rejects`, `POST /rejects/replay` and `DELETE /rejects`.

mod export;

use super::{
    access::{MayAdminister, MayReadAll},
    json::JsonBody,
    pairs::Parameters,
    problem::ApiProblem,
    responses::{ChangeProblems, ReadProblems},
};
use crate::{Server, negotiation, replay};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use export::FileForm;
use model::{
    api::quality::{DismissAnswer, RejectChoice, Rejects, ReplayAnswer},
    query::RejectsQuery,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(get_rejects, delete_rejects))
        .routes(routes!(get_rejects_csv))
        .routes(routes!(get_rejects_ndjson))
        .routes(routes!(post_replay))
}

/// What rejected events have in common.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct FilterParameters {
    /// Only those rejected for this reason.
    code: Option<String>,
    /// Only those that came in this protocol.
    protocol: Option<String>,
    /// Only those that came with the key of this name.
    key: Option<String>,
}

/// Which page.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct PageParameters {
    /// 1 to 200 events; 50 unless given. A file has all of them.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

/// Which are meant.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct ChoiceParameters {
    /// These alone, separated by commas, at most 1,000.
    ids: Option<String>,
    /// Must be `true` where neither ids nor what they have in common is given: then all are meant.
    all: Option<bool>,
    /// None that came later than the one with this id.
    up_to: Option<i64>,
}

/// Rejected events, newest first
///
/// The newest 10,000 are kept, each as it was sent, with the reason, the key and the time; for those who see every account. As a file of all that match
/// with `Accept: text/csv` or `application/x-ndjson`.
#[utoipa::path(
    get,
    path = "/rejects",
    tag = "Data quality",
    params(FilterParameters, PageParameters),
    responses((status = 200, description = "A page of them", body = Rejects), ReadProblems),
)]
async fn get_rejects(
    _: MayReadAll,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let query = RejectsQuery::from_pairs(&pairs)?;
    let vary = [(header::VARY, "accept")];
    let files = [(FileForm::Csv, ["text/csv", "text/*"]), (FileForm::Ndjson, ["application/x-ndjson", "text/*"])];
    if let Some((form, _)) = files.iter().find(|(_, kinds)| negotiation::prefers(&headers, kinds)) {
        return Ok((vary, export::file(&server, *form, query.filter).await?).into_response());
    }
    Ok((vary, Json(server.dashboards.rejects(&query).await?)).into_response())
}

/// Rejected events, newest first, as a CSV file
#[utoipa::path(
    get,
    path = "/rejects.csv",
    tag = "Data quality",
    params(FilterParameters),
    responses((status = 200, description = "All that match", body = String, content_type = "text/csv"), ReadProblems),
)]
async fn get_rejects_csv(
    _: MayReadAll,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Response, ApiProblem> {
    export::file(&server, FileForm::Csv, RejectsQuery::from_pairs(&pairs)?.filter).await
}

/// Rejected events, newest first, as NDJSON to mend and send again
///
/// A line is the event as it was sent, its time corrected by the time of sending, with `rejected` beside its fields: id,
/// received, protocol, key, code, detail and pointer. `POST /events` leaves `rejected` out, so a line that is mended can
/// be sent as it stands. What is no JSON object is the text `record` of one.
#[utoipa::path(
    get,
    path = "/rejects.ndjson",
    tag = "Data quality",
    params(FilterParameters),
    responses(
        (status = 200, description = "All that match", body = String, content_type = "application/x-ndjson"),
        ReadProblems,
    ),
)]
async fn get_rejects_ndjson(
    _: MayReadAll,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Response, ApiProblem> {
    export::file(&server, FileForm::Ndjson, RejectsQuery::from_pairs(&pairs)?.filter).await
}

/// Reads rejected events and calls again, by today's rules
///
/// Times come out as they would have when the event was received, but whether one lies in the future is judged by now. A
/// call of another client follows today's module rules and belongs to the account its user is known to belong to today;
/// calls that are replayed together, up to 200 at a time, count as sent together, in the order they were received. What keeps the rules is
/// stored, and no longer kept as rejected, both at once: an event is never lost or stored twice, whoever else replays it
/// at the same moment. What doesn't stays, with its new reason.
///
/// With one id and a `body`, that is read in place of what was sent. Where it breaks a rule too, the answer is 422 and
/// nothing has changed. Takes the session of an administrator.
#[utoipa::path(
    post,
    path = "/rejects/replay",
    tag = "Data quality",
    request_body(content = RejectChoice, example = json!({"code": "time_in_future"})),
    responses((status = 200, description = "What became of them", body = ReplayAnswer), ChangeProblems),
)]
async fn post_replay(
    MayAdminister(author): MayAdminister,
    State(server): State<Server>,
    JsonBody(choice): JsonBody,
) -> Result<Json<ReplayAnswer>, ApiProblem> {
    Ok(Json(replay::replay(&server, &RejectChoice::from_json(&choice)?, author).await?))
}

/// Dismisses rejected events: they are no longer kept
///
/// Takes the session of an administrator.
#[utoipa::path(
    delete,
    path = "/rejects",
    tag = "Data quality",
    params(FilterParameters, ChoiceParameters),
    responses((status = 200, description = "How many", body = DismissAnswer), ChangeProblems),
)]
async fn delete_rejects(
    MayAdminister(author): MayAdminister,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Json<DismissAnswer>, ApiProblem> {
    let dismissed = server.store.dismiss(RejectChoice::from_pairs(&pairs)?, author).await?;
    Ok(Json(DismissAnswer { dismissed }))
}
