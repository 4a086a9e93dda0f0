//! Segment's tracking API.

use super::{
    delivery::{Delivery, first_text, object, typed},
    take,
};
use crate::{
    Server,
    routes::{
        access::key_of_client,
        array::{Items, parse, text, time},
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
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(post_segment))
}

/// What Segment answers.
#[derive(Serialize, utoipa::ToSchema)]
struct SegmentAnswer {
    /// Always true: what can't be used is kept as a rejected event.
    success: bool,
}

/// Takes calls of Segment's clients
///
/// One call of the type that the path names, or with `batch` or `import` an object with `batch`, an array of calls. The
/// key is `writeKey` in the body, or the user of Basic. Answers when the calls are durable.
#[utoipa::path(
    post,
    path = "/v1/{call}",
    tag = "Other clients",
    params(("call" = String, Path, pattern = "^(track|identify|group|page|screen|alias|batch|import|[tigpsab])$",
        description = "`track`, `identify`, `group`, `page`, `screen`, `alias`, `batch` or `import`; or `t`, `i`, `g`, \
        `p`, `s`, `a` or `b`, as browsers say")),
    request_body(content = Object, content_type = "application/json", example = json!({
        "userId": "lisa", "event": "Report exported", "messageId": "6b1f", "timestamp": "2026-11-23T12:34:56.789Z",
        "context": {"groupId": "acme"}, "writeKey": "um_…"
    })),
    responses(
        (status = 200, description = "The calls are durable, or kept as rejected", body = SegmentAnswer),
        (status = 404, description = "No such call", body = Problem, content_type = "application/problem+json"),
        IngestProblems,
    ),
)]
async fn post_segment(
    State(server): State<Server>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SegmentAnswer>, ApiProblem> {
    let kind = kind(&call)?;
    let read = move |body: &[u8]| read(kind, body);
    take(&server, Protocol::Segment, key_of_client(&headers), &headers, body, read).await?;
    Ok(Json(SegmentAnswer { success: true }))
}

/// The type of call that a path names; none where each call says its own.
pub(super) fn kind(path: &str) -> Result<Option<&'static str>, ApiProblem> {
    Ok(Some(match path {
        "track" | "t" => "track",
        "identify" | "i" => "identify",
        "group" | "g" => "group",
        "page" | "p" => "page",
        "screen" | "s" => "screen",
        "alias" | "a" => "alias",
        "batch" | "import" | "b" => return Ok(None),
        other => return Err(ApiProblem::new(StatusCode::NOT_FOUND, format!("there is no call “{other}”"))),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    batch: Option<Items<'a>>,
    #[serde(borrow)]
    write_key: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
}

pub(super) fn read(kind: Option<&str>, body: &[u8]) -> Result<Delivery, ApiProblem> {
    let text = object(text(body)?)?;
    let envelope: Envelope<'_> = parse(text)?;
    let delivery = match (kind, &envelope.batch) {
        (Some(kind), _) => Delivery::of_one(typed(text, kind)?),
        (None, Some(batch)) => Delivery::of_array(batch)?,
        (None, None) => return Err(ApiProblem::unreadable("batch must be an array of calls")),
    };
    Ok(delivery.sent_at(envelope.sent_at.and_then(time)).with_key(first_text(&[envelope.write_key])))
}
