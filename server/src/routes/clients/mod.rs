//! The routes of clients that people already have, at the paths and with the answers these clients know.

mod delivery;
mod posthog;
mod segment;
mod totango;
mod vitally;

use super::{access::MayIngest, encoding::Encoding, intake, problem::ApiProblem};
use crate::{Server, calls::Calls};
use axum::body::{Body, Bytes};
use delivery::Delivery;
use model::{event::Receipt, reject::Protocol};
use utoipa_axum::router::OpenApiRouter;

pub(super) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(segment::router())
        .merge(posthog::router())
        .merge(totango::router())
        .merge(vitally::router())
}

/// Takes the body of a request, which `read` takes apart, and stores what its calls mean. Returns when that is durable.
/// `key` is what a header said; a key in the body goes before it.
async fn take(
    server: &Server,
    protocol: Protocol,
    key: Option<String>,
    encoding: Encoding,
    body: Body,
    read: impl FnOnce(&[u8]) -> Result<Delivery, ApiProblem> + Send + 'static,
) -> Result<(), ApiProblem> {
    let received = server.clock.now();
    let rules = server.module_rules.get().await?;
    let body = server.receiver.receive(body).await?;
    let read = move |bytes: Bytes| {
        let Delivery { key, sent_at, calls } = read(&bytes)?;
        Ok((key, Calls::read(protocol, Receipt::new(received, sent_at), calls, &rules)))
    };
    let (key_in_body, calls) = encoding.read(server, body, read).await?;
    let caller = MayIngest::with_key(key_in_body.or(key).as_deref(), server).await?;
    let known = server.store.known(&calls.users()).await?;
    let batch = calls.settle(caller.key.clone(), known);
    intake::store(server, &caller, batch).await?;
    Ok(())
}

/// Reads a body as the route does whose path ends so.
#[cfg(fuzzing)]
pub(super) fn read(
    protocol: Protocol,
    path: &str,
    body: &[u8],
) -> Result<(Vec<String>, Option<model::instant::Instant>), ApiProblem> {
    let Delivery { calls, sent_at, .. } = match protocol {
        Protocol::Events => return Err(ApiProblem::unreadable("events come by a route of their own")),
        Protocol::Segment => segment::read(segment::kind(path)?, body)?,
        Protocol::Posthog => posthog::read(body, None)?,
        Protocol::Totango => totango::read(path.as_bytes(), body),
        Protocol::Vitally => vitally::read(vitally::kind(path)?, body)?,
    };
    Ok((calls, sent_at))
}
