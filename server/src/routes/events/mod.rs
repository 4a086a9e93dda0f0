//! `POST /events`.

mod body;

use super::{
    access::MayIngest, cross_origin, encoding::Encoding, intake, problem::ApiProblem, responses::IngestProblems,
};
use crate::{Server, store::Appended};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use body::{Form, Reader, Sorted};
use model::{
    api::ingest::IngestAnswer,
    reject::{Origin, Protocol},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Server> {
    cross_origin::allow(OpenApiRouter::new().routes(routes!(post_events)))
}

/// Stores events
///
/// The body is one event, an array of events, or `{"sent_at": …, "events": […]}`; or, as `application/x-ndjson`, an
/// event a line. At most 5,000 events and 5 MiB after decompression, 32 KiB an event. The answer comes after the
/// events are durable. An event that breaks a rule is rejected alone; a body that can't be read stores nothing.
///
/// An account may have `attributes`: up to 20 texts, numbers and truth values by name, such as its plan. Of each the newest
/// stands, by the time of the event; null takes one back. The newest 50 of an account are kept. Teams can be made of the
/// accounts that have one.
///
/// Pages of any origin may send events. What can't set headers, as a browser's `sendBeacon`, sends JSON as
/// `text/plain` and the key as a parameter.
#[utoipa::path(
    post,
    path = "/events",
    tag = "Events",
    params(("key" = Option<String>, Query, description = "The key, where there is no `Authorization`")),
    request_body(
        content(
            (serde_json::Value = "application/json", example = json!({
                "id": "6b1f", "kind": "activity", "time": "2026-11-23T12:34:56.789+01:00",
                "account": {"id": "acme", "name": "Acme Inc", "attributes": {"plan": "enterprise"}},
                "user": {"id": "lisa", "name": "Lisa Ray"},
                "module": "Dashboard", "action": "Export", "count": 1
            })),
            (String = "application/x-ndjson"),
            (String = "text/plain"),
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
    let origin = Origin { protocol: Protocol::Events, key: caller.key.clone() };
    let reader = Reader { origin: origin.clone(), received, reach: server.retention.reach().await? };
    let sorted = read_body(&server, reader, &headers, body).await;
    let Sorted { batch, rejected } = sorted.map_err(|problem| intake::refuse(&server, origin, received, problem))?;
    let Appended { accepted, duplicates } = intake::store(&server, &caller, batch).await?.into_iter().collect();
    Ok(Json(IngestAnswer { accepted, duplicates, rejected }))
}

async fn read_body(server: &Server, reader: Reader, headers: &HeaderMap, body: Body) -> Result<Sorted, ApiProblem> {
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
    let form = Form::from_content_type(content_type).ok_or_else(|| unsupported_form(content_type))?;
    let encoding = Encoding::of(headers)?;
    let body = server.receiver.receive(body).await?;
    encoding.read(server, body, move |bytes: Bytes| reader.read(form, &bytes)).await
}

/// Reads a body as the route does.
#[cfg(fuzzing)]
pub(super) fn read(
    content_type: &str,
    body: &[u8],
    received: model::instant::Instant,
) -> Result<(crate::store::Batch, Vec<model::api::ingest::RejectedEvent>), ApiProblem> {
    let form = Form::from_content_type(Some(content_type)).ok_or_else(|| unsupported_form(Some(content_type)))?;
    let reader = Reader { origin: Origin { protocol: Protocol::Events, key: None }, received, reach: None };
    reader.read(form, body).map(|Sorted { batch, rejected }| (batch, rejected))
}

fn unsupported_form(content_type: Option<&str>) -> ApiProblem {
    let given = content_type.unwrap_or("none");
    let detail = format!("Content-Type must be application/json, application/x-ndjson or text/plain, not {given}");
    ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}
