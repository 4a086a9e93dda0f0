//! `POST /events`.

mod body;
mod encoding;

use super::{access::MayIngest, problem::ApiProblem, responses::IngestProblems};
use crate::{Server, store::Appended};
use axum::{
    Json,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use body::{Form, Sorted};
use encoding::Encoding;
use http_body_util::BodyExt;
use model::{api::ingest::IngestAnswer, event::REQUEST_BYTES, instant::Instant};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many bytes of a body that is too large are read and thrown away before the connection is closed.
const DISCARDED_BYTES: usize = 33_554_432;

/// How long a body may take to come, from its first byte to its last.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Bodies of more bytes than this, and compressed ones, are read on a thread of their own: they take long enough to hold others up.
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
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let content_type = header(header::CONTENT_TYPE);
    let form = Form::from_content_type(content_type).ok_or_else(|| unsupported_form(content_type))?;
    let encoding =
        Encoding::from_content_encoding(header(header::CONTENT_ENCODING)).ok_or_else(unsupported_encoding)?;
    let (bytes, _room) = receive(&server, body).await?;
    let Sorted { events, rejected } = sort(form, encoding, bytes, received).await?;
    let Appended { accepted, duplicates } = server.ingest.append(events).await?.into_iter().collect();
    metrics::counter!("ingest_events_rejected_total").increment(rejected.len() as u64);
    Ok(Json(IngestAnswer { accepted, duplicates, rejected }))
}

/// Reads a body, within its limit, the time there is, and the room there is for all bodies together.
async fn receive(server: &Server, body: Body) -> Result<(Bytes, OwnedSemaphorePermit), ApiProblem> {
    let announced = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let places = u32::try_from(announced.unwrap_or(REQUEST_BYTES).min(REQUEST_BYTES)).unwrap_or(u32::MAX);
    let busy = |_| ApiProblem::new(StatusCode::SERVICE_UNAVAILABLE, "too many bodies are being received");
    let room = server.receiving.clone().try_acquire_many_owned(places).map_err(busy)?;
    let slow = |_| ApiProblem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let bytes = tokio::time::timeout(BODY_TIME, read_whole(body)).await.map_err(slow)??;
    Ok((bytes, room))
}

/// Reads a body to its end. One that is too large is read on for a while, but not kept: a client that is still sending
/// would not see the refusal.
async fn read_whole(mut body: Body) -> Result<Bytes, ApiProblem> {
    let mut kept = Vec::new();
    let mut too_large = false;
    let mut patience = DISCARDED_BYTES;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiProblem::unreadable(format!("the body can't be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        too_large |= data.len() > REQUEST_BYTES.saturating_sub(kept.len());
        if !too_large {
            kept.extend_from_slice(&data);
            continue;
        }
        kept = Vec::new();
        match patience.checked_sub(data.len()) {
            Some(rest) => patience = rest,
            None => break,
        }
    }
    if too_large { Err(encoding::too_large()) } else { Ok(kept.into()) }
}

async fn sort(form: Form, encoding: Encoding, bytes: Bytes, received: Instant) -> Result<Sorted, ApiProblem> {
    let small = encoding == Encoding::Identity && bytes.len() < LARGE_BODY;
    let read = move || body::read(form, &encoding.decode(bytes)?, received);
    if small {
        return read();
    }
    let task = tokio::task::spawn_blocking(read);
    task.await.map_err(|_| ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be read"))?
}

fn unsupported_form(content_type: Option<&str>) -> ApiProblem {
    let given = content_type.unwrap_or("none");
    let detail = format!("Content-Type must be application/json or application/x-ndjson, not {given}");
    ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn unsupported_encoding() -> ApiProblem {
    let detail = format!("Content-Encoding must be one of {}, or none", Encoding::NAMES);
    ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).with_header(header::ACCEPT_ENCODING, Encoding::NAMES)
}
