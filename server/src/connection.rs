//! HTTP connections: accepting as many as there may be, with little memory for each, and ending them. What is asked over
//! them is for the routes.

use axum::{Router, extract::ConnectInfo, http::Request, serve::Listener};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{future::Future, pin::pin, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::util::MapRequest;

/// How many bytes a connection is read ahead at most; it keeps them for the next request. The head of a request must fit
/// in.
const READ_AHEAD: usize = 32 * 1024;

/// How long a connection waits for the whole head of a request: from when it was accepted, and from when the request
/// before was answered. So it is also how long it may be idle. Longer than the proxies in front of servers keep an idle
/// one, mostly for 60 seconds: then it is they who close it, and none sends a request while it is being closed. Neither
/// bodies nor answers are timed by it.
const HEAD_TIME: Duration = Duration::from_secs(75);

/// How many connections there are at most.
const CONNECTIONS: usize = 4096;

/// How many files the process has open besides its connections, with some to spare: those of the database above all.
const OTHER_FILES: usize = 128;

/// How many connections there may be at once: [`CONNECTIONS`], or as many as the process may have files open beside
/// [`OTHER_FILES`]. Raises that limit as far as it takes, and may.
pub(crate) fn room() -> usize {
    let wanted = (CONNECTIONS + OTHER_FILES) as u64;
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(wanted);
    let raised = limit.maximum.unwrap_or(wanted).min(wanted);
    let is_raised = raised > current && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok();
    let files = if is_raised { raised } else { current };
    room_within(files)
}

/// The room that so many files leave.
fn room_within(files: u64) -> usize {
    usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(OTHER_FILES).clamp(1, CONNECTIONS)
}

/// Answers on every connection until `stop`, then what is under way. There are at most `room` connections at once; others
/// wait with the system until one ends.
pub(crate) async fn answer(mut listener: TcpListener, router: Router, room: usize, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.max_buf_size(READ_AHEAD).timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    // Once, instead of for each request.
    let router = router.with_state::<()>(());
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(room));
    let mut stop = pin!(stop);
    loop {
        let accept = async {
            let place = room.clone().acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let service = MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            match connection.await {
                Err(error) if !error.is_timeout() => tracing::debug!(%error, "a connection ended before its time"),
                _ => {}
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::{future::pending, net::SocketAddr};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        time::timeout,
    };

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    /// Time passes only while nothing is left to do, so that nothing here waits, and "in time" depends on no machine.
    const SOON: Duration = Duration::from_secs(1);

    /// Answers after `delay`, on so many connections.
    async fn start(room: usize, delay: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(
            "/",
            get(async move || {
                tokio::time::sleep(delay).await;
                "yes"
            }),
        );
        tokio::spawn(answer(listener, router, room, pending()));
        address
    }

    async fn connect(address: SocketAddr, sent: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        stream
    }

    /// Whether a request is answered within this time.
    async fn is_answered(stream: &mut TcpStream, time: Duration) -> bool {
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"yes") {
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "ended");
            }
        };
        timeout(time, read).await.is_ok()
    }

    /// Whether a connection on which nothing more is answered ends within this time.
    async fn ends(stream: &mut TcpStream, time: Duration) -> bool {
        timeout(time, stream.read_u8()).await.is_ok_and(|read| read.is_err())
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_no_head_or_only_some_of_it_is_waited_for_but_not_for_ever() {
        let address = start(10, Duration::ZERO).await;
        for sent in [&b""[..], b"GET / HTTP/1.1\r\nHost: here"] {
            let mut stream = connect(address, sent).await;
            assert!(!ends(&mut stream, HEAD_TIME - SOON).await);
            assert!(ends(&mut stream, 2 * SOON).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_begins_anew_after_an_answer_however_long_that_took() {
        let delay = 2 * HEAD_TIME;
        let mut stream = connect(start(10, delay).await, REQUEST).await;
        assert!(is_answered(&mut stream, delay + SOON).await);
        tokio::time::sleep(HEAD_TIME - SOON).await;
        stream.write_all(REQUEST).await.unwrap();
        assert!(is_answered(&mut stream, delay + SOON).await);
        assert!(ends(&mut stream, HEAD_TIME + SOON).await);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_beyond_the_room_wait_until_another_ends() {
        let address = start(2, Duration::ZERO).await;
        let mut held = [connect(address, REQUEST).await, connect(address, REQUEST).await];
        for stream in &mut held {
            assert!(is_answered(stream, SOON).await);
        }
        let mut waiting = connect(address, REQUEST).await;
        assert!(!is_answered(&mut waiting, SOON).await);
        drop(held);
        assert!(is_answered(&mut waiting, SOON).await);
    }

    #[test]
    fn connections_leave_files_to_the_database() {
        assert_eq!(room_within(1024), 1024 - OTHER_FILES);
        assert_eq!(room_within(u64::MAX), CONNECTIONS);
        assert_eq!(room_within(0), 1);
    }
}
