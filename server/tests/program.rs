//! The program as it is started: what its options mean.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::{database::TestDatabase, process::Servers};
use reqwest::{Client, header};

#[tokio::test]
async fn where_nobody_need_sign_in_no_other_host_is_answered() {
    let database = TestDatabase::create().await;
    let servers = Servers::start(&database.url(), 1).await;
    let status = async |path: &str, host: &str| {
        let request = Client::new().get(servers.url(0, path)).header(header::HOST, host);
        request.send().await.unwrap().status().as_u16()
    };
    for path in ["/", "/api/v1/today", "/sign-in"] {
        assert_eq!((status(path, "evil.example").await, status(path, "localhost").await), (421, 200), "{path}");
    }
}
