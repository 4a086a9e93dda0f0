//! HTTP connections: accepting them, with little memory for each, and ending them. What is asked over them is for the
//! routes.

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use std::{future::Future, pin::pin};
use tokio::net::TcpListener;

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
        let (stream, _) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
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
