//! `GET /usage`, and the tables of activities and modules, as JSON and as CSV.

use super::{
    access::MayRead,
    csv,
    pairs::Parameters,
    problem::ApiProblem,
    responses::{ReadProblems, TeamProblem},
};
use crate::{Server, negotiation, store::Sight};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use model::{
    api::usage::{Table, Usage},
    query::{Pairs, TableOf, TableQuery, UsageQuery},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What a client names that would rather have a file.
const CSV: [&str; 2] = ["text/csv", "text/*"];

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(get_usage))
        .routes(routes!(get_activities))
        .routes(routes!(get_activities_csv))
        .routes(routes!(get_modules))
        .routes(routes!(get_modules_csv))
}

/// The parameters of usage over a period.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct UsageParameters {
    /// `yesterday`, `last_7_days`, `last_30_days` (unless given) or `last_90_days`; or `from` and `to` instead.
    period: Option<String>,
    /// First day of a range, `YYYY-MM-DD`.
    from: Option<String>,
    /// Last day of a range, included.
    to: Option<String>,
    /// Through the eyes of the team with this id.
    team: Option<String>,
    /// Only this account's usage.
    account: Option<String>,
}

/// The further parameters of a table.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct TableParameters {
    /// Only rows with this text anywhere in their name, in any case.
    filter: Option<String>,
    /// `name`, `module`, `actions` (unless given), `previous` or `change`.
    sort: Option<String>,
    /// `asc` or `desc`; names ascend and figures descend unless given.
    order: Option<String>,
    /// 1 to 1,000 rows; 100 unless given. A file has all of them.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// How many rows to leave out first.
    offset: Option<u32>,
}

/// Time spent, top activities and top modules over a period, compared with the one before
#[utoipa::path(
    get,
    path = "/usage",
    tag = "Usage",
    params(UsageParameters),
    responses((status = 200, description = "The figures", body = Usage), ReadProblems, TeamProblem),
)]
async fn get_usage(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Json<Usage>, ApiProblem> {
    Ok(Json(server.dashboards.usage(sight, &UsageQuery::from_pairs(&pairs)?).await?))
}

/// Every activity used in the period or the one before; as a file with `Accept: text/csv`
#[utoipa::path(
    get,
    path = "/usage/activities",
    tag = "Usage",
    params(UsageParameters, TableParameters),
    responses((status = 200, description = "A page of rows", body = Table), ReadProblems, TeamProblem),
)]
async fn get_activities(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    table(&server, sight, TableOf::Activities, &pairs, negotiation::prefers(&headers, &CSV)).await
}

/// Every activity used in the period or the one before, as a CSV file
#[utoipa::path(
    get,
    path = "/usage/activities.csv",
    tag = "Usage",
    params(UsageParameters, TableParameters),
    responses((status = 200, description = "All rows", body = String, content_type = "text/csv"), ReadProblems, TeamProblem),
)]
async fn get_activities_csv(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Response, ApiProblem> {
    table(&server, sight, TableOf::Activities, &pairs, true).await
}

/// Every module used in the period or the one before; as a file with `Accept: text/csv`
#[utoipa::path(
    get,
    path = "/usage/modules",
    tag = "Usage",
    params(UsageParameters, TableParameters),
    responses((status = 200, description = "A page of rows", body = Table), ReadProblems, TeamProblem),
)]
async fn get_modules(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    table(&server, sight, TableOf::Modules, &pairs, negotiation::prefers(&headers, &CSV)).await
}

/// Every module used in the period or the one before, as a CSV file
#[utoipa::path(
    get,
    path = "/usage/modules.csv",
    tag = "Usage",
    params(UsageParameters, TableParameters),
    responses((status = 200, description = "All rows", body = String, content_type = "text/csv"), ReadProblems, TeamProblem),
)]
async fn get_modules_csv(
    MayRead(sight): MayRead,
    State(server): State<Server>,
    Parameters(pairs): Parameters,
) -> Result<Response, ApiProblem> {
    table(&server, sight, TableOf::Modules, &pairs, true).await
}

async fn table(
    server: &Server,
    sight: Sight,
    of: TableOf,
    pairs: &Pairs,
    as_file: bool,
) -> Result<Response, ApiProblem> {
    let query = TableQuery::from_pairs(of, pairs)?;
    let vary = [(header::VARY, "accept")];
    if as_file {
        let table = server.dashboards.whole_table(sight, &query).await?;
        return Ok((vary, csv::of_table(of, &table)).into_response());
    }
    Ok((vary, Json(server.dashboards.table(sight, &query).await?)).into_response())
}
