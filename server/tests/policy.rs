//! What browsers may load and run: the Content-Security-Policy, and that what is sent keeps to it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{
    TestServer,
    browser::{Browser, administrator},
};
use model::instant::Instant;
use reqwest::{Response, header};
use server::Access;
use std::collections::{BTreeMap, BTreeSet};

const PAGES: [&str; 8] =
    ["/", "/activities", "/activities?period=x", "/quality", "/profile", "/members", "/keys", "/audit"];

/// The directives of an answer's policy. There must be one policy, and no directive twice.
fn policy(answer: &Response) -> BTreeMap<String, BTreeSet<String>> {
    let policies: Vec<_> = answer.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies.len(), 1);
    let mut directives = BTreeMap::new();
    for directive in policies[0].to_str().unwrap().split(';') {
        let mut words = directive.split_whitespace().map(str::to_owned);
        let name = words.next().unwrap();
        assert!(directives.insert(name.clone(), words.collect()).is_none(), "{name} twice");
    }
    directives
}

fn directives(expected: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let sources = |sources: &[&str]| sources.iter().map(|source| (*source).to_owned()).collect();
    expected.iter().map(|(name, allowed)| ((*name).to_owned(), sources(allowed))).collect()
}

#[tokio::test]
async fn a_page_runs_its_own_files_and_scripts_with_its_nonce_alone() {
    let now = Instant::parse("2026-11-23T11:00:00Z").unwrap();
    let server = TestServer::start_with(Access::SignIn, Tz::UTC, now).await;
    let ada = administrator(&server).await;
    let stranger = Browser::new(&server);
    let mut nonces = BTreeSet::new();
    let signed_in = PAGES.map(|path| (&ada, path)).into_iter();
    for (browser, path) in signed_in.chain([(&stranger, "/sign-in"), (&stranger, "/link?token=x"), (&ada, "/nowhere")])
    {
        let answer = browser.get(path).await;
        let mut policy = policy(&answer);
        let scripts = policy.get_mut("script-src").unwrap();
        let nonce = scripts.iter().find(|source| source.starts_with("'nonce-")).unwrap().clone();
        scripts.remove(&nonce);
        let expected: &[(&str, &[&str])] = &[
            ("default-src", &["'none'"]),
            ("script-src", &["'self'", "'wasm-unsafe-eval'"]),
            ("style-src", &["'self'"]),
            ("img-src", &["'self'"]),
            ("connect-src", &["'self'"]),
            ("base-uri", &["'none'"]),
            ("form-action", &["'self'"]),
            ("frame-ancestors", &["'none'"]),
        ];
        assert_eq!(policy, directives(expected), "{path}");
        let nonce = nonce.trim_start_matches("'nonce-").trim_end_matches('\'').to_owned();
        // 256 bits in base64.
        assert_eq!(nonce.len(), 43, "{path}");
        let html = answer.text().await.unwrap();
        let mut inline = 0;
        for tag in html.split("<script").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            if !tag.contains(" src=") && !tag.contains("application/json") {
                assert_eq!(tag, format!(" nonce=\"{nonce}\""), "{path}");
                inline += 1;
            }
        }
        assert!(inline > 0, "{path}: nothing in it needs a nonce any more");
        for tag in html.split('<').map(|rest| rest.split('>').next().unwrap()) {
            let handler = tag.split(' ').any(|attribute| attribute.starts_with("on") && attribute.contains('='));
            assert!(!handler && !tag.contains(" style=") && !tag.starts_with("style"), "{path}: {tag}");
        }
        assert!(nonces.insert(nonce), "{path}: a nonce twice");
    }
}

#[tokio::test]
async fn what_is_no_page_loads_nothing() {
    let server = TestServer::start(Tz::UTC, Instant::parse("2026-11-23T11:00:00Z").unwrap()).await;
    let nothing = directives(&[("default-src", &["'none'"]), ("frame-ancestors", &["'none'"])]);
    for path in ["/api/v1/today", "/api/v1/usage/activities.csv", "/api/v1/nothing", "/health/live", "/pixel.gif"] {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(policy(&answer), nothing, "{path}");
    }
    let documentation = server.client.get(server.url("/api/docs/index.html")).send().await.unwrap();
    assert_eq!(policy(&documentation)["script-src"], BTreeSet::from(["'self'".to_owned()]));
}
