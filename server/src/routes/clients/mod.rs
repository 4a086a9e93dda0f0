//! The routes of clients that people already have, at the paths and with the answers these clients know.

mod delivery;
mod posthog;
mod segment;
mod totango;
mod vitally;

use super::{access::MayIngest, encoding::Encoding, intake, problem::ApiProblem};
use crate::{
    Server,
    calls::{Calls, Sent},
};
use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use delivery::Delivery;
use model::{
    event::Receipt,
    reject::{Origin, Protocol},
};
use utoipa_axum::router::OpenApiRouter;

/// How every gzip member begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

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
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&[u8]) -> Result<Delivery, ApiProblem> + Send + 'static,
) -> Result<(), ApiProblem> {
    let received = server.clock.now();
    let (rules, reach) = (server.module_rules.get().await?, server.retention.reach().await?);
    let read = move |bytes: Bytes| {
        let Delivery { key, sent_at, calls } = read(&bytes)?;
        let receipt = Receipt::new(received, sent_at).reaching(reach);
        let sent = calls.into_iter().map(|text| Sent { receipt, text });
        Ok((key, Calls::read(protocol, sent, &rules)))
    };
    let (key_in_body, calls) = match read_body(server, headers, body, read).await {
        Ok(read) => read,
        // Where its key would be in the body, that can't be read either.
        Err(problem) => {
            let Ok(MayIngest { key }) = MayIngest::with_key(key.as_deref(), server).await else { return Err(problem) };
            return Err(intake::refuse(server, Origin { protocol, key }, received, problem));
        }
    };
    let caller = MayIngest::with_key(key_in_body.or(key).as_deref(), server).await?;
    let known = server.store.known(&calls.users()).await?;
    let batch = calls.into_batch(caller.key.clone(), known);
    intake::store(server, &caller, batch).await?;
    Ok(())
}

async fn read_body<T: Send + 'static>(
    server: &Server,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(Bytes) -> Result<T, ApiProblem> + Send + 'static,
) -> Result<T, ApiProblem> {
    let named = Encoding::of(headers)?;
    let body = server.receiver.receive(body).await?;
    // A browser's client of PostHog says by its query alone that it compresses; the first bytes say so too.
    let encoding = match named {
        Encoding::Identity if body.bytes.starts_with(GZIP) => Encoding::Gzip,
        named => named,
    };
    encoding.read(server, body, read).await
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
