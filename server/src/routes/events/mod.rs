//! `POST /events`.

mod body;
mod encoding;

use super::{access::MayIngest, problem::ApiProblem, responses::IngestProblems};
use crate::{Server, store::Appended};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
pub(super) use body::read_event;
use body::{Form, Reader, Sorted};
use encoding::Encoding;
use model::{
    api::ingest::IngestAnswer,
    reject::{Origin, Protocol},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bodies of more bytes than this, and compressed ones, are read on a thread of their own: they take long enough to
/// hold others up.
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
    caller: MayIngest,
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
    let body = server.receiver.receive(body).await?;
    let origin = Origin { protocol: Protocol::Events, key: caller.key };
    let Sorted { batch, rejected } = sort(form, encoding, body.bytes.clone(), Reader { origin, received }).await?;
    drop(body);
    let Appended { accepted, duplicates } = server.ingest.append(batch).await?.into_iter().collect();
    Ok(Json(IngestAnswer { accepted, duplicates, rejected }))
}

async fn sort(form: Form, encoding: Encoding, bytes: Bytes, reader: Reader) -> Result<Sorted, ApiProblem> {
    let small = encoding == Encoding::Identity && bytes.len() < LARGE_BODY;
    let read = move || reader.read(form, &encoding.decode(bytes)?);
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
