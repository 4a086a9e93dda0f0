//! JSON that says what to change, as it arrives: received and decompressed within the limits of every body. What it means is
//! for the model to say, field by field.

use super::{
    array::{parse, utf8},
    encoding::Encoding,
    problem::ApiProblem,
};
use crate::Server;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use model::event::REQUEST_BYTES;
use serde_json::Value;

/// The body of a request, of at most so many bytes after decompression.
pub(super) struct JsonBody<const BYTES: usize = REQUEST_BYTES>(pub(super) Value);

impl<const BYTES: usize> FromRequest<Server> for JsonBody<BYTES> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "Content-Type must be application/json";
            return Err(ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let encoding = Encoding::of(&parts.headers)?;
        let body = server.receiver.receive(body).await?;
        let read = |bytes: Bytes| {
            if bytes.len() > BYTES {
                let detail = format!("the body has {} bytes; at most {BYTES} are allowed", bytes.len());
                return Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            Ok(Self(parse(utf8(&bytes)?)?))
        };
        encoding.read(server, body, read).await
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    named.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
