//! What the server writes to its log, and what never stands there. A program of its own with one test: whether a line is
//! written at all is decided once per process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::TestServer;
use model::instant::Instant;
use reqwest::StatusCode;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// The lines so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    subscriber.with_writer(move || writer.clone()).init();
    let now = Instant::parse("2026-11-23T11:00:00Z").unwrap();
    let server = TestServer::start(chrono_tz::UTC, now).await;
    let events = server.client.post(server.url("/api/v1/events?key=um_in_the_query")).bearer_auth("um_in_a_header");
    assert_eq!(events.body("{}").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    for (path, status) in [
        ("/pixel.gif?sdr_o=acme&sdr_s=um_in_the_query", StatusCode::UNAUTHORIZED),
        ("/array/um_in_the_path/config", StatusCode::OK),
        ("/link?token=um_in_a_link", StatusCode::OK),
    ] {
        assert_eq!(server.client.get(server.url(path)).send().await.unwrap().status(), status, "{path}");
    }
    let sign_in = server.client.post(server.url("/sign-in")).header("origin", &server.base_url);
    let sign_in = sign_in.header("cookie", "__Host-session=um_in_a_cookie").body("email=a%40b&password=um_in_a_form");
    assert_eq!(sign_in.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // The client of this test logs too.
    let server_says = |line: &&str| !line.contains("hyper_util::client");
    let lines: Vec<&str> = log.lines().filter(server_says).collect();
    for route in ["/api/v1/events", "/pixel.gif", "/array/{token}/config", "/link", "/sign-in"] {
        assert!(lines.iter().any(|line| line.contains(&format!("route=\"{route}\""))), "{route} in {log}");
    }
    assert!(!lines.iter().any(|line| line.contains("um_in")), "{log}");
}
