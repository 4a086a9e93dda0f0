//! What every route that takes events does, in whatever protocol: it puts them, within the caller's limit, into the queue,
//! or refuses a body whole.

use super::{access::MayIngest, problem::ApiProblem};
use crate::{
    Server,
    refusal::Refusal,
    store::{Batch, Outcome},
};
use axum::http::{HeaderValue, StatusCode, header};
use model::{instant::Instant, reject::Origin};

/// Stores a batch; answers when it is durable, saying for each event what became of it. Rejected events count against
/// the limit too.
pub(super) async fn store(server: &Server, caller: &MayIngest, batch: Batch) -> Result<Vec<Outcome>, ApiProblem> {
    if let Some(limit) = &server.rate_limit {
        limit.take(caller.key.as_deref(), batch.event_count()).map_err(too_many)?;
    }
    Ok(server.ingest.append(batch).await?)
}

/// Counts a body that is refused whole, of somebody who may send, and passes on why.
pub(super) fn refuse(server: &Server, origin: Origin, received: Instant, problem: ApiProblem) -> ApiProblem {
    // Anything else is no fault of the body.
    if let 400 | 413 | 415 | 422 = problem.0.status {
        let refusal = Refusal { origin, received, detail: problem.0.detail.clone() };
        server.refusals.add(refusal, server.store.erasures_seen());
    }
    problem
}

/// 429, with after how many seconds the same events are welcome.
fn too_many(seconds: u64) -> ApiProblem {
    let detail = "this key has sent more events than it may; nothing of this request was stored";
    ApiProblem::new(StatusCode::TOO_MANY_REQUESTS, detail).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Access,
        clock::{Clock, ManualClock},
        dashboards::Display,
        routes::router,
        store::{Asked, Store},
    };
    use axum::{body::Body, http::Request};
    use model::{event::EVENTS_PER_REQUEST, instant::Instant};
    use std::{num::NonZeroU32, sync::Arc};
    use tower::ServiceExt;

    #[tokio::test]
    async fn who_sends_too_much_is_told_when_to_come_back_and_nothing_is_stored() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let clock = Arc::new(ManualClock::new(Instant::from_millis(1_795_435_200_000)));
        let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo: false };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let (server, _writer) = Server::new(store, clock.clone(), display, metrics);
        let server = server.with_access(Access::Open).with_rate_limit(NonZeroU32::new(2).unwrap());
        let router = router(server);
        let post = async |events: usize| {
            let event = r#"{"account":"a","user":"u","module":"m","action":"x"}"#;
            let body = format!("[{}]", vec![event; events].join(","));
            let request = Request::post("/api/v1/events").header(header::CONTENT_TYPE, "application/json");
            let response = router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
            let wait = response.headers().get(header::RETRY_AFTER).map(|wait| wait.to_str().unwrap().to_owned());
            (response.status().as_u16(), wait)
        };
        assert_eq!(post(EVENTS_PER_REQUEST).await, (200, None));
        assert_eq!(post(3).await, (429, Some("2".to_owned())));
        clock.set(clock.now().plus_millis(1500));
        assert_eq!(post(3).await, (200, None));
        assert_eq!(Store::rebuild_at(&url, Asked::default()).await.unwrap(), EVENTS_PER_REQUEST as u64 + 3);
    }
}
