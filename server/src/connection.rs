//! HTTP connections: accepting them, with little memory for each, and ending them. What is asked over them is for the
//! routes.

use axum::{Router, extract::ConnectInfo, http::Request, serve::Listener};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use std::{future::Future, pin::pin};
use tokio::net::TcpListener;
use tower::util::MapRequest;

/// How many bytes a connection is read ahead at most; it keeps them for the next request. The head of a request must fit
/// in.
const READ_AHEAD: usize = 32 * 1024;

/// Answers on every connection until `stop`, then what is under way.
pub(crate) async fn answer(mut listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.max_buf_size(READ_AHEAD);
    // Once, instead of for each request.
    let router = router.with_state::<()>(());
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let service = MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended before its time");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}
