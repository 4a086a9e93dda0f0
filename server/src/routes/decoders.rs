//! What reads bodies, as functions of their bytes: for those who try to break it, and compiled for them alone. What never
//! lives here: reading itself.

use super::{clients, encoding::Encoding, events};
use crate::store::Batch;
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
};
use model::{api::ingest::RejectedEvent, instant::Instant, reject::Protocol};

/// The status a body is refused with.
pub type Status = u16;

/// The events of a body of `POST /events`, each valid or rejected, and what its sender is told.
pub fn events(content_type: &str, body: &[u8], received: Instant) -> Result<(Batch, Vec<RejectedEvent>), Status> {
    events::read(content_type, body, received).map_err(|problem| problem.0.status)
}

/// The calls that a body of another protocol brings to the route whose path ends so, each still as JSON, and when they
/// were sent.
pub fn calls(protocol: Protocol, path: &str, body: &[u8]) -> Result<(Vec<String>, Option<Instant>), Status> {
    clients::read(protocol, path, body).map_err(|problem| problem.0.status)
}

/// What a compressed body holds.
pub fn decompress(content_encoding: &'static str, body: &[u8]) -> Result<Bytes, Status> {
    let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(content_encoding))]);
    let decoded = Encoding::of(&headers).and_then(|encoding| encoding.decode(Bytes::copy_from_slice(body)));
    decoded.map_err(|problem| problem.0.status)
}
