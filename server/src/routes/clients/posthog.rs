//! PostHog's capture API, and the questions its clients ask at their start.

use super::{
    delivery::{Delivery, first_text, object},
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
    extract::{RawQuery, State},
    http::HeaderMap,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{instant::Instant, reject::Protocol};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use std::borrow::Cow;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Further paths that clients of different ages send to.
const CAPTURE: [&str; 9] = ["/batch", "/capture", "/capture/", "/e", "/e/", "/i/v0/e", "/i/v0/e/", "/track", "/track/"];

/// Where clients ask for feature flags.
const FLAGS: [&str; 3] = ["/flags", "/decide", "/decide/"];

pub(super) fn router() -> OpenApiRouter<Server> {
    let router = OpenApiRouter::new().routes(routes!(post_capture)).routes(routes!(answer_flags));
    let router = CAPTURE.iter().fold(router, |router, path| router.route(path, post(post_capture)));
    let router = FLAGS.iter().fold(router, |router, path| router.route(path, post(answer_flags)));
    router.route("/array/{token}/config", get(answer_flags))
}

/// What PostHog answers.
#[derive(Serialize, utoipa::ToSchema)]
struct CaptureAnswer {
    /// Always 1: what can't be used is kept as a rejected event.
    status: u8,
}

/// Takes events of PostHog's clients
///
/// One event, an array of events, or an object with `batch`, an array of events; as JSON, compressed or not, or as a
/// form whose `data` is base64. The key is `api_key` or `token` in the body. Answers when the events are durable. The
/// same at `/capture/`, `/e/` and `/i/v0/e/`, each also without its last slash.
#[utoipa::path(
    post,
    path = "/batch/",
    tag = "Other clients",
    request_body(content = serde_json::Value, content_type = "application/json", example = json!({
        "api_key": "um_…", "sent_at": "2026-11-23T12:34:57.000Z", "batch": [{
            "event": "report exported", "distinct_id": "lisa", "uuid": "01936b1f-0000-7000-8000-000000000000",
            "timestamp": "2026-11-23T12:34:56.789Z", "properties": {"$groups": {"company": "acme"}}
        }]
    })),
    responses(
        (status = 200, description = "The events are durable, or kept as rejected", body = CaptureAnswer),
        IngestProblems,
    ),
)]
async fn post_capture(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<CaptureAnswer>, ApiProblem> {
    let sent_at = sent_at(&query.unwrap_or_default());
    let read = move |body: &[u8]| read(body, sent_at);
    take(&server, Protocol::Posthog, key_of_client(&headers), &headers, body, read).await?;
    Ok(Json(CaptureAnswer { status: 1 }))
}

/// Answers that there are no feature flags
///
/// Clients of PostHog ask at their start. The same at `/decide/`.
#[utoipa::path(
    post,
    path = "/flags/",
    tag = "Other clients",
    responses((status = 200, description = "None", body = serde_json::Value)),
)]
async fn answer_flags() -> Json<Value> {
    Json(json!({
        "flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": false,
        "hasFeatureFlags": false, "sessionRecording": false, "surveys": false,
        "supportedCompression": ["gzip", "gzip-js", "base64"]
    }))
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    batch: Option<Items<'a>>,
    #[serde(borrow)]
    api_key: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// The key, which a browser's client puts among the properties of each event.
    fn key(&self) -> Option<String> {
        first_text(&[self.api_key, self.token]).or_else(|| {
            let properties: Properties<'_> = serde_json::from_str(self.properties?.get()).ok()?;
            first_text(&[properties.token])
        })
    }
}

#[derive(Deserialize)]
struct Properties<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
}

/// `sent_at` is what the query says; what the body says goes before it.
pub(super) fn read(body: &[u8], sent_at: Option<Instant>) -> Result<Delivery, ApiProblem> {
    let json = form_data(body)?.map_or(Cow::Borrowed(body), Cow::Owned);
    let text = text(&json)?;
    if text.starts_with('[') {
        let events: Items<'_> = parse(text)?;
        // All of an array were sent together, by the same client.
        let first: Option<Envelope<'_>> = match events.kept.first() {
            Some(event) if event.get().starts_with('{') => Some(parse(event.get())?),
            _ => None,
        };
        let (key, sent) = first.map_or((None, None), |first| (first.key(), first.sent_at.and_then(time)));
        return Ok(Delivery::of_array(&events)?.sent_at(sent.or(sent_at)).with_key(key));
    }
    let envelope: Envelope<'_> = parse(object(text)?)?;
    let delivery = match &envelope.batch {
        Some(batch) => Delivery::of_array(batch)?,
        None => Delivery::of_one(text.to_owned()),
    };
    Ok(delivery.sent_at(envelope.sent_at.and_then(time).or(sent_at)).with_key(envelope.key()))
}

/// What a form holds in `data`, as JSON or as base64 of it; none where the body is no form.
fn form_data(body: &[u8]) -> Result<Option<Vec<u8>>, ApiProblem> {
    let is_json = body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[");
    if is_json {
        return Ok(None);
    }
    let Some((_, data)) = form_urlencoded::parse(body).find(|(name, _)| name == "data") else { return Ok(None) };
    if data.starts_with(['{', '[']) {
        return Ok(Some(data.into_owned().into_bytes()));
    }
    // A plus that was not escaped has become a space.
    let decoded = STANDARD.decode(data.replace(' ', "+"));
    let plain = decoded.map_err(|error| ApiProblem::unreadable(format!("data is neither JSON nor base64: {error}")))?;
    Ok(Some(plain))
}

/// When a request was sent, where its query says so in epoch milliseconds.
fn sent_at(query: &str) -> Option<Instant> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, millis) = pairs.find(|(name, _)| name == "sent_at" || name == "_")?;
    millis.parse().ok().map(Instant::from_millis)
}
