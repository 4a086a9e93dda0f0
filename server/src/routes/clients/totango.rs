//! Totango's pixel.

use super::{delivery::Delivery, take};
use crate::{
    Server,
    routes::{problem::ApiProblem, responses::IngestProblems},
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
    routing::get,
};
use model::reject::Protocol;
use serde_json::{Map, Value};
use utoipa_axum::{router::OpenApiRouter, routes};

/// A transparent GIF of one pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

pub(super) fn router() -> OpenApiRouter<Server> {
    // Totango's own examples end in a slash.
    OpenApiRouter::new().routes(routes!(get_pixel, post_pixel)).route("/pixel.gif/", get(get_pixel).post(post_pixel))
}

/// The parameters that mean something.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the derive alone")]
struct PixelParameters {
    /// The key.
    sdr_s: Option<String>,
    /// The account's id.
    sdr_o: Option<String>,
    /// The account's name.
    sdr_odn: Option<String>,
    /// The user's id.
    sdr_u: Option<String>,
    /// The action; `__heartbeat` says that the user is there.
    sdr_a: Option<String>,
    /// The module.
    sdr_m: Option<String>,
}

/// Takes a use of the product as parameters
///
/// Answers with an image of one pixel when it is durable, or kept as a rejected event.
#[utoipa::path(
    get,
    path = "/pixel.gif",
    tag = "Other clients",
    params(PixelParameters),
    responses((status = 200, description = "The pixel", body = Vec<u8>, content_type = "image/gif"), IngestProblems),
)]
async fn get_pixel(method: Method, state: State<Server>, query: RawQuery) -> Result<Response, ApiProblem> {
    // Who only looks whether it is there has used nothing.
    if method == Method::HEAD {
        return Ok(pixel());
    }
    post_pixel(state, query, HeaderMap::new(), Body::empty()).await
}

/// Takes a use of the product as a form
#[utoipa::path(
    post,
    path = "/pixel.gif",
    tag = "Other clients",
    params(PixelParameters),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The pixel", body = Vec<u8>, content_type = "image/gif"), IngestProblems),
)]
async fn post_pixel(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiProblem> {
    let read = move |body: &[u8]| Ok(read(query.unwrap_or_default().as_bytes(), body));
    take(&server, Protocol::Totango, None, &headers, body, read).await?;
    Ok(pixel())
}

fn pixel() -> Response {
    ([(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")], PIXEL).into_response()
}

/// Parameters and form are one call; what is in the form goes before.
pub(super) fn read(query: &[u8], form: &[u8]) -> Delivery {
    let mut fields: Map<String, Value> = form_urlencoded::parse(query)
        .chain(form_urlencoded::parse(form))
        .filter(|(name, _)| name.starts_with("sdr_"))
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let key = fields.remove("sdr_s").and_then(|key| key.as_str().map(str::to_owned));
    Delivery::of_one(Value::Object(fields).to_string()).with_key(key)
}
