//! `POST /events`.

mod body;

use super::{access::MayIngest, problem::ApiProblem, responses::IngestProblems};
use crate::{Server, store::Appended};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use body::{Form, Sorted};
use model::{api::ingest::IngestAnswer, event::REQUEST_BYTES, instant::Instant};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bodies of more bytes than this are read on a thread of their own: they take long enough to hold others up.
const LARGE_BODY: usize = 65_536;

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(post_events))
}

/// Stores events
///
/// The body is one event, an array of events, or `{"sent_at": …, "events": […]}`; or, as `application/x-ndjson`, an
/// event a line. At most 5,000 events and 5 MiB after decompression, 32 KiB an event. The answer comes after the
/// events are durable. An event that breaks a rule is rejected alone; a body that can't be read stores nothing.
#[utoipa::path(
    post,
    path = "/events",
    tag = "Events",
    request_body(
        content(
            (serde_json::Value = "application/json", example = json!({
                "id": "6b1f", "kind": "activity", "time": "2026-11-23T12:34:56.789+01:00",
                "account": {"id": "acme", "name": "Acme Inc"}, "user": {"id": "lisa", "name": "Lisa Ray"},
                "module": "Dashboard", "action": "Export", "count": 1
            })),
            (String = "application/x-ndjson"),
        ),
    ),
    responses(
        (status = 200, description = "What became of each event", body = IngestAnswer),
        IngestProblems,
    ),
)]
async fn post_events(
    _: MayIngest,
    State(server): State<Server>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestAnswer>, ApiProblem> {
    let received = server.clock.now();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = Form::from_content_type(content_type).ok_or_else(|| unsupported(content_type))?;
    let bytes = axum::body::to_bytes(body, REQUEST_BYTES).await.map_err(|error| broken_body(&error))?;
    let Sorted { events, rejected } = sort(form, bytes, received).await?;
    let Appended { accepted, duplicates } = server.ingest.append(events).await?.into_iter().collect();
    metrics::counter!("ingest_events_rejected_total").increment(rejected.len() as u64);
    Ok(Json(IngestAnswer { accepted, duplicates, rejected }))
}

async fn sort(form: Form, bytes: axum::body::Bytes, received: Instant) -> Result<Sorted, ApiProblem> {
    if bytes.len() < LARGE_BODY {
        return body::read(form, &bytes, received);
    }
    let task = tokio::task::spawn_blocking(move || body::read(form, &bytes, received));
    task.await.map_err(|_| ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be read"))?
}

fn unsupported(content_type: Option<&str>) -> ApiProblem {
    let given = content_type.unwrap_or("none");
    let detail = format!("Content-Type must be application/json or application/x-ndjson, not {given}");
    ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

/// A body that is too large, one that does not decompress, or one that broke off.
fn broken_body(error: &axum::Error) -> ApiProblem {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            let detail = format!("the body has more than {REQUEST_BYTES} bytes after decompression");
            return ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
        }
        source = cause.source();
    }
    ApiProblem::unreadable(format!("the body can't be read: {error}"))
}
