//! The server with a clock that browser tests set: `controlled ZONE NOW [--demo] [--sign-in] [--issuer URL]` listens on a
//! port of its own, over an empty database of its own, and prints the address; both go with SIGTERM. `POST /test/clock`
//! takes an RFC 3339 instant as its body, moves the clock there and takes the snapshot of that tick. `POST /test/key` makes
//! a key that may send events, and answers with it; `POST /test/link` does so for the first administrator. Without
//! `--sign-in` everybody may do everything. With `--issuer` members sign in with the provider there, too: its group `admins`
//! are administrators, `sales` belong to a team of that name.

#[path = "../tests/harness/database.rs"]
#[expect(dead_code, reason = "whether it is shared matters to other tests")]
mod database;

use axum::{extract::State, http::StatusCode, routing::post};
use database::TestDatabase;
use model::{
    audit::AuthorKind,
    instant::Instant,
    key::{Grant, NewKey},
};
use server::{
    Access, Server,
    clock::{Clock, ManualClock},
    dashboards::Display,
    routes,
    store::{Asked, Author, Sight, Store},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is what the tests read")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [zone, now, options @ ..] = arguments.as_slice() else {
        return Err("usage: controlled ZONE NOW [--demo] [--sign-in] [--issuer URL]".into());
    };
    let zone = zone.parse()?;
    let now = Instant::parse(now).ok_or("NOW must be RFC 3339")?;
    let clock = Arc::new(ManualClock::new(now));
    let database = TestDatabase::create().await;
    let store = Store::open(&database.url(), Asked { zone: Some(zone), ..Asked::default() }).await?;
    let demo = options.iter().any(|option| option == "--demo");
    let display = Display { online_window: model::DEFAULT_ONLINE_WINDOW, demo };
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let (server, _writer) = Server::new(store, clock.clone(), display, metrics);
    let access = if options.iter().any(|option| option == "--sign-in") { Access::SignIn } else { Access::Open };
    let server = server.with_access(access);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let server = match options.iter().position(|option| option == "--issuer").and_then(|at| options.get(at + 1)) {
        Some(issuer) => with_issuer(server, issuer, &address)?,
        None => server,
    };
    let controls = axum::Router::new()
        .route("/test/clock", post(set_clock))
        .route("/test/link", post(add_link))
        .route("/test/key", post(add_key))
        .with_state((clock, server.clone()));
    tokio::spawn(server.keep_up());
    println!("{address}");
    let mut stop = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, controls.merge(routes::router(server))) => served?,
        _ = stop.recv() => {}
    }
    Ok(())
}

/// Lets members sign in with a provider, which knows the server as `provider.ts` does.
#[cfg(feature = "oidc")]
fn with_issuer(server: Server, issuer: &str, public_url: &str) -> Result<Server, Box<dyn std::error::Error>> {
    use server::members::single_sign_on::Settings;
    let groups = ["admins=administrator", "sales=team:sales"];
    Ok(server.with_single_sign_on(Settings {
        issuer: issuer.to_owned(),
        client_id: "usage-monitor".to_owned(),
        client_secret: Some("the secret of the browser tests".to_owned()),
        scopes: ["email", "profile", "groups"].map(str::to_owned).into(),
        public_url: public_url.to_owned(),
        label: "Sign in with Example".to_owned(),
        groups_claim: "groups".to_owned(),
        email_verified_claim: "email_verified".to_owned(),
        groups: groups.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?,
        email_domains: Vec::new(),
    })?)
}

#[cfg(not(feature = "oidc"))]
fn with_issuer(_: Server, _: &str, _: &str) -> Result<Server, Box<dyn std::error::Error>> {
    Err("this build has no single sign-on".into())
}

async fn set_clock(State((clock, server)): State<(Arc<ManualClock>, Server)>, now: String) -> StatusCode {
    let Some(now) = Instant::parse(&now) else { return StatusCode::BAD_REQUEST };
    clock.set(now);
    match server.dashboards().snapshot(Sight::ALL).await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn add_link(State((_, server)): State<(Arc<ManualClock>, Server)>) -> Result<String, StatusCode> {
    let token = server.members().issue_first_link().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("/link?token={token}"))
}

async fn add_key(State((clock, server)): State<(Arc<ManualClock>, Server)>) -> Result<String, StatusCode> {
    static MADE: AtomicU32 = AtomicU32::new(1);
    let name = format!("key {}", MADE.fetch_add(1, Ordering::Relaxed));
    let (place, at) = ("a test".to_owned(), clock.now());
    let author = Author { kind: AuthorKind::CommandLine, number: 0, name: String::new(), place, at };
    let made = server.keys().make(NewKey { name, grant: Grant::Ingest, expires: None, team: None }, author).await;
    made.map(|made| made.secret).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}
