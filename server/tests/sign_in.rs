//! Signing in, as browsers do it: who gets in, who stays out, and what no other page can make a browser do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{
    TestServer,
    browser::{Browser, PASSWORD, administrator, viewer},
    export_at,
};
use model::{instant::Instant, key::Grant};
use reqwest::{Method, RequestBuilder, Response, header};
use serde_json::json;
use server::{
    Access,
    store::{Forgotten, NewSession},
};
use std::collections::BTreeMap;

/// What reads.
const READS: [&str; 13] = [
    "/api/v1/workspace",
    "/api/v1/today",
    "/api/v1/today/stream",
    "/api/v1/usage",
    "/api/v1/usage/activities",
    "/api/v1/usage/activities.csv",
    "/api/v1/usage/modules",
    "/api/v1/quality",
    "/api/v1/rejects",
    "/api/v1/rejects.ndjson",
    "/api/v1/module-rules",
    "/api/v1/tracking",
    "/api/v1/metrics",
];

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

async fn start() -> TestServer {
    TestServer::start_with(Access::SignIn, Tz::UTC, noon()).await
}

/// The number of a member.
async fn number(server: &TestServer, email: &str) -> String {
    server.store.member_of_email(email).await.unwrap().unwrap().member.member_no.to_string()
}

#[tokio::test]
async fn without_signing_in_nothing_is_open() {
    let server = start().await;
    let stranger = Browser::new(&server);
    for path in READS {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer", "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    for (path, to) in [
        ("/", "/sign-in"),
        ("/activities?table=modules&filter=a+b", "/sign-in?return=%2Factivities%3Ftable%3Dmodules%26filter%3Da%2Bb"),
        ("/members", "/sign-in?return=%2Fmembers"),
        ("/nowhere", "/sign-in?return=%2Fnowhere"),
    ] {
        let answer = stranger.get(path).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[header::LOCATION]),
            (303, &to.parse().unwrap()),
            "{path}"
        );
    }
    let events = stranger.request(Method::POST, "/api/v1/events").json(&json!([]));
    assert_eq!(stranger.send(events).await.status(), 401);
    assert_eq!(stranger.send(stranger.change()).await.status(), 401);
    let pixel = "/pixel.gif?sdr_s=&sdr_o=acme&sdr_u=lisa&sdr_a=Export&sdr_m=Dashboard";
    stranger.get(pixel).await;
    assert!(server.texts("SELECT id FROM account").await.is_empty());
    assert_eq!(stranger.status("/api/v1/health/live").await, 200);
    assert_eq!(stranger.status("/sign-in").await, 200);
}

/// By which headers of a request an answer differs.
fn varies(answer: &Response) -> String {
    let names = answer.headers().get_all(header::VARY).iter().map(|name| name.to_str().unwrap());
    names.collect::<Vec<_>>().join(", ").to_lowercase()
}

#[tokio::test]
async fn what_one_reader_gets_is_kept_for_no_other() {
    let server = start().await;
    let ada = administrator(&server).await;
    let stranger = Browser::new(&server);
    let pages = ["/", "/members"].map(|path| (&ada, path));
    let reads = READS.into_iter().flat_map(|path| [(&ada, path), (&stranger, path)]);
    for (browser, path) in reads.chain(pages) {
        let answer = browser.get(path).await;
        let kept = answer.headers()[header::CACHE_CONTROL].to_str().unwrap();
        if kept.contains("no-store") {
            continue;
        }
        assert_eq!(kept, "private, no-cache", "{path}");
        let varies = varies(&answer);
        assert!(varies.contains("cookie") && varies.contains("authorization"), "{path}: {varies}");
    }
    assert!(varies(&ada.get("/api/v1/today").await).contains("accept-encoding"));
}

#[tokio::test]
async fn the_first_link_makes_one_administrator() {
    let server = start().await;
    let browser = Browser::new(&server);
    let (token, other) =
        (server.members.issue_first_link().await.unwrap(), server.members.issue_first_link().await.unwrap());
    let path = format!("/link?token={token}");
    // Looking at it does not use it.
    for _ in 0..2 {
        assert!(browser.get(&path).await.text().await.unwrap().contains("Create the first administrator"));
    }
    assert_eq!(browser.use_link("x", "Ada", "ada@example.com").await, 410);
    for (name, email, password) in
        [("", "ada@example.com", PASSWORD), ("Ada", "ada", PASSWORD), ("Ada", "ada@example.com", "too short")]
    {
        let fields = [("token", &*token), ("name", name), ("email", email), ("password", password)];
        let answer = browser.post("/link", &fields).await;
        assert_eq!((answer.status().as_u16(), browser.cookie("__Host-session")), (422, None));
        assert!(!answer.text().await.unwrap().contains(password));
    }
    assert_eq!(browser.use_link(&token, "Ada", " Ada@Example.com").await, 303);
    for path in READS {
        assert_eq!(browser.status(path).await, 200, "{path}");
    }
    for path in ["/", "/profile", "/members"] {
        let page = browser.get(path).await.text().await.unwrap();
        assert!(page.contains("Ada") && page.contains("Sign out"), "{path}");
    }
    assert_eq!(browser.send(browser.change().header("sec-fetch-site", "same-origin")).await.status(), 200);
    // Neither this link nor another makes a second one.
    for token in [token, other, server.members.issue_first_link().await.unwrap()] {
        assert_eq!(Browser::new(&server).use_link(&token, "Eve", "eve@example.com").await, 410);
    }
    assert_eq!(server.texts("SELECT email FROM member").await, ["ada@example.com"]);
}

#[tokio::test]
async fn a_link_opens_once_and_in_time() {
    let server = start().await;
    let first = server.members.issue_first_link().await.unwrap();
    server.set_now(noon().plus_millis(24 * 3_600_000));
    assert_eq!(Browser::new(&server).use_link(&first, "Ada", "ada@example.com").await, 410);
    let ada = administrator(&server).await;
    let token = ada.invite("Lisa", "lisa@example.com", "viewer").await;
    let member = number(&server, "lisa@example.com").await;
    let newer = ada.shown_link(&[("do", "reset"), ("member", &member)]).await;
    assert_eq!(Browser::new(&server).use_link(&token, "Lisa", "").await, 410);
    assert_eq!(Browser::new(&server).use_link(&newer, "Lisa", "").await, 303);
    assert_eq!(Browser::new(&server).use_link(&newer, "Lisa", "").await, 410);
    let answer =
        ada.post("/members", &[("do", "invite"), ("name", "L"), ("email", "LISA@example.com"), ("role", "viewer")]);
    assert!(answer.await.text().await.unwrap().contains("There is a member with this address already"));
}

#[tokio::test]
async fn signing_in_gives_cookies_that_no_script_and_no_neighbour_can_touch() {
    let server = start().await;
    administrator(&server).await;
    let browser = Browser::new(&server);
    let answer = browser.post("/sign-in", &[("email", "Ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[header::LOCATION]), (303, &"/".parse().unwrap()));
    let cookies: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, name) in cookies.iter().zip(["__Host-session", "__Host-device"]) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{attribute} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    // 256 bits in base64.
    assert_eq!(browser.session().len(), 43);
}

#[tokio::test]
async fn after_signing_in_the_reader_stays_on_this_server() {
    let server = start().await;
    administrator(&server).await;
    for (to, location) in [
        ("/activities?table=modules", "/activities?table=modules"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/sign-out", "/"),
    ] {
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("return", to)];
        let answer = Browser::new(&server).post("/sign-in", &fields).await;
        assert_eq!(answer.headers()[header::LOCATION], location, "{to}");
    }
}

#[tokio::test]
async fn a_session_id_from_before_signing_in_is_worth_nothing() {
    let server = start().await;
    let ada = administrator(&server).await;
    let browser = Browser::new(&server);
    browser.cookies.borrow_mut().insert("__Host-session".into(), "chosen-by-somebody-else".into());
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await, 303);
    let session = browser.session();
    assert_ne!(session, "chosen-by-somebody-else");
    let other = Browser::new(&server);
    other.cookies.borrow_mut().insert("__Host-session".into(), "chosen-by-somebody-else".into());
    assert_eq!(other.status("/api/v1/today").await, 401);
    // Signing in again, with a session, ends that one.
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await, 303);
    assert_ne!(browser.session(), session);
    other.cookies.borrow_mut().insert("__Host-session".into(), session);
    assert_eq!(other.status("/api/v1/today").await, 401);
    assert_eq!(ada.status("/api/v1/today").await, 200);
}

#[tokio::test]
async fn a_session_is_over_once_signed_out() {
    let server = start().await;
    let ada = administrator(&server).await;
    let session = ada.session();
    let answer = ada.post("/sign-out", &[]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[header::LOCATION]), (303, &"/sign-in".parse().unwrap()));
    assert_eq!(ada.cookie("__Host-session"), None);
    ada.cookies.borrow_mut().insert("__Host-session".into(), session);
    assert_eq!(ada.status("/api/v1/today").await, 401);
    assert_eq!(ada.status("/").await, 303);
}

#[tokio::test]
async fn a_session_ends_when_idle_for_a_week_and_after_thirty_days() {
    const DAY: i64 = 86_400_000;
    let server = start().await;
    let ada = administrator(&server).await;
    let almost_a_week = 7 * DAY - 61_000;
    for times in 1..=4 {
        server.set_now(noon().plus_millis(times * almost_a_week));
        assert_eq!(ada.status("/api/v1/workspace").await, 200, "{times}");
        // When it was last seen is written down in a task of its own.
        let seen = noon().plus_millis(times * almost_a_week).millis().to_string();
        while server.texts("SELECT CAST(seen_at AS TEXT) FROM session").await != [seen.as_str()] {
            tokio::task::yield_now().await;
        }
    }
    server.set_now(noon().plus_millis(30 * DAY - 1));
    assert_eq!(ada.status("/api/v1/workspace").await, 200);
    server.set_now(noon().plus_millis(30 * DAY));
    assert_eq!(ada.status("/api/v1/workspace").await, 401);

    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await, 303);
    server.set_now(noon().plus_millis(37 * DAY));
    assert_eq!(ada.status("/api/v1/workspace").await, 401);
}

#[tokio::test]
async fn no_page_of_another_origin_changes_anything() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = [("do", "invite"), ("name", "Lisa"), ("email", "lisa@example.com"), ("role", "administrator")];
    let with = |request: RequestBuilder, headers: &[(&'static str, &str)]| {
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let foreign: [&[(&'static str, &str)]; 4] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
    ];
    for headers in foreign {
        for request in [
            ada.form_from("/members", &lisa),
            ada.form_from("/profile", &[("do", "end-others")]),
            ada.form_from("/teams", &[("do", "save"), ("name", "Everybody")]),
            ada.form_from("/keys", &[("do", "make"), ("name", "key"), ("grant", "read")]),
            ada.form_from("/link", &[("token", "x"), ("name", "Ada"), ("password", PASSWORD)]),
            ada.form_from("/sign-out", &[]),
            ada.form_from("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]),
            ada.change(),
            ada.request(Method::POST, "/api/v1/rejects/replay").json(&json!({"all": true})),
            ada.request(Method::DELETE, "/api/v1/rejects?all=true"),
            ada.request(Method::POST, "/api/v1/teams").json(&json!({"name": "Everybody"})),
            ada.request(Method::POST, "/api/v1/keys").json(&json!({"name": "key", "grant": "read"})),
        ] {
            let request = with(request, headers).build().unwrap();
            let path = request.url().path().to_owned();
            assert_eq!(ada.client.execute(request).await.unwrap().status(), 403, "{path} {headers:?}");
        }
    }
    assert_eq!(server.texts("SELECT email FROM member").await, ["ada@example.com"]);
    assert_eq!(ada.status("/api/v1/today").await, 200);
    // A session is no key: text needs no question beforehand, so any page could make a browser send it.
    let event = r#"{"account": "acme", "user": "lisa", "module": "Dashboard", "action": "Export"}"#;
    let events = ada.request(Method::POST, "/api/v1/events").header(header::CONTENT_TYPE, "text/plain").body(event);
    assert_eq!(ada.send(events.header(header::ORIGIN, &server.base_url)).await.status(), 401);
}

#[tokio::test]
async fn no_answer_is_shown_within_another_page() {
    let server = start().await;
    let ada = administrator(&server).await;
    for path in ["/", "/sign-in", "/members", "/profile", "/nowhere", "/api/v1/today", "/api/docs/index.html"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.headers()[header::X_FRAME_OPTIONS], "DENY", "{path}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn wrong_passwords_are_throttled_and_the_owner_still_gets_in() {
    let server = start().await;
    let ada = administrator(&server).await;
    ada.post("/sign-out", &[]).await;
    let attacker = Browser::new(&server);
    let mut statuses = BTreeMap::<u16, usize>::new();
    for attempt in 0..100 {
        let status = attacker.sign_in("ada@example.com", &format!("wrong password {attempt}")).await;
        *statuses.entry(status).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(422, 10), (429, 90)]));
    let refused = attacker.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()[header::RETRY_AFTER]), (429, &"60".parse().unwrap()));
    // Neither from there under another name.
    assert_eq!(attacker.sign_in("lisa@example.com", PASSWORD).await, 429);
    // A browser she has signed in with before is not held up by any of it.
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await, 303);
    // It has an allowance of its own, and only for her.
    assert_eq!(ada.sign_in("lisa@example.com", PASSWORD).await, 429);
    let wrong = ada.sign_in("ada@example.com", "wrong").await;
    assert_eq!(wrong, 422);
    server.set_now(noon().plus_millis(60_000));
    assert_eq!(attacker.sign_in("ada@example.com", PASSWORD).await, 303);
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    for path in READS {
        // What tells of every account is for those who see all of them.
        let of_all =
            ["quality", "rejects", "module-rules", "tracking", "metrics"].iter().any(|name| path.contains(name));
        assert_eq!(lisa.status(path).await, if of_all { 403 } else { 200 }, "{path}");
    }
    // What is not for her does not exist for her.
    for path in ["/members", "/quality", "/tracking", "/nowhere"] {
        assert_eq!(lisa.status(path).await, 404, "{path}");
    }
    let change = lisa.change().header(header::ORIGIN, &server.base_url);
    assert_eq!(lisa.send(change).await.status(), 403);
    let member = number(&server, "lisa@example.com").await;
    let fields = [("do", "permit"), ("member", member.as_str()), ("role", "administrator")];
    assert_eq!(lisa.post("/members", &fields).await.status(), 404);
    assert_eq!(ada.post("/members", &fields).await.status(), 303);
    assert_eq!(lisa.status("/members").await, 200);
}

#[tokio::test]
async fn a_team_made_on_the_page_shows_its_members_what_it_sees() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    server.store.append(&[export_at("2026-11-23T10:59:00Z")]).await.unwrap();
    let seen = async |browser: &Browser<'_>, team: &str| {
        let path = format!("/api/v1/usage?from=2026-11-23&to=2026-11-23{team}");
        browser.get(&path).await.json::<serde_json::Value>().await.unwrap()["time_spent"]["seconds"].clone()
    };
    assert_eq!((seen(&ada, "").await, seen(&lisa, "").await), (json!(60), json!(0)));

    let rules =
        [("on", "name"), ("attribute", ""), ("is", "contains"), ("value", "gmbh"), ("on", ""), ("attribute", "")];
    let typed = [&[("team", ""), ("name", "Europe"), ("accounts", "acme\r\n\r\nglobex ")], &rules[..]].concat();
    let send = async |browser: &Browser<'_>, what, typed: &[(&str, &str)]| {
        let answer = browser.post("/teams", &[&[("do", what)], typed].concat()).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = send(&ada, "preview", &typed).await;
    assert!(status == 200 && page.contains("This would see"), "{page}");
    assert!(server.store.teams().await.unwrap().is_empty());
    assert_eq!(send(&lisa, "save", &typed).await.0, 404);
    assert_eq!(send(&ada, "save", &typed).await.0, 303);
    let (status, page) = send(&ada, "save", &typed).await;
    assert!(status == 422 && page.contains("There is a team with this name already"), "{page}");
    let (status, page) = send(&ada, "save", &[("name", ""), ("accounts", "acme")]).await;
    assert!(status == 422 && page.contains("name must not be empty"), "{page}");
    let [team] = <[_; 1]>::try_from(server.store.teams().await.unwrap()).unwrap();
    assert_eq!(team.accounts, ["acme".to_owned(), "globex ".to_owned()].into());
    assert_eq!((team.rules.len(), team.account_count), (1, 1));

    let (member, team) = (number(&server, "lisa@example.com").await, team.id.to_string());
    let joins = [("do", "teams"), ("member", member.as_str()), ("team", team.as_str())];
    assert_eq!(ada.post("/members", &joins).await.status(), 303);
    assert_eq!(seen(&lisa, "").await, json!(60));
    assert_eq!(seen(&ada, &format!("&team={team}")).await, json!(60));
    // She has nothing to choose from, as one team is all she has.
    for (browser, chooses) in [(&ada, true), (&lisa, false)] {
        let page = browser.get("/").await.text().await.unwrap();
        assert_eq!(page.contains("team-picker"), chooses, "{page}");
    }
    // A team there is not takes nobody out of those they have.
    let nowhere = [("do", "teams"), ("member", member.as_str()), ("team", "99")];
    let answer = ada.post("/members", &nowhere).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().contains("There is no such team any more"));
    assert_eq!(seen(&lisa, "").await, json!(60));
    // As many as a team may name.
    let ids: Vec<String> = (0..5_000).map(|number| format!("{number} {}", "ü".repeat(60))).collect();
    let many = [("team", team.as_str()), ("name", "Europe"), ("accounts", &ids.join("\r\n"))];
    assert_eq!(send(&ada, "save", &many).await.0, 303);
    assert_eq!(server.store.teams().await.unwrap()[0].accounts.len(), 5_000);
    assert_eq!(send(&ada, "delete", &[("team", &team)]).await.0, 303);
    assert_eq!((seen(&ada, "").await, seen(&lisa, "").await), (json!(60), json!(0)));
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    let member = number(&server, "lisa@example.com").await;
    let reset = ada.shown_link(&[("do", "reset"), ("member", &member)]).await;
    assert_eq!(ada.post("/members", &[("do", "disable"), ("member", &member)]).await.status(), 303);
    assert_eq!(lisa.status("/api/v1/today").await, 401);
    assert_eq!(lisa.sign_in("lisa@example.com", PASSWORD).await, 422);
    assert_eq!(Browser::new(&server).use_link(&reset, "Lisa", "").await, 410);
    assert_eq!(ada.post("/members", &[("do", "enable"), ("member", &member)]).await.status(), 303);
    // What ended stays ended.
    assert_eq!(lisa.status("/api/v1/today").await, 401);
    assert_eq!(lisa.sign_in("lisa@example.com", PASSWORD).await, 303);
}

#[tokio::test]
async fn no_link_lets_anybody_in_whose_maker_may_make_none_any_more() {
    let server = start().await;
    let ada = administrator(&server).await;
    for (email, taken) in
        [("bea@example.com", &[("do", "disable")][..]), ("cleo@example.com", &[("do", "permit"), ("role", "viewer")])]
    {
        let maker = Browser::new(&server);
        assert_eq!(maker.use_link(&ada.invite("Bea", email, "administrator").await, "Bea", "").await, 303);
        let invitation = maker.invite("Eve", &format!("by-{email}"), "administrator").await;
        let reset = maker.shown_link(&[("do", "reset"), ("member", &number(&server, "ada@example.com").await)]).await;
        let member = number(&server, email).await;
        let fields = [taken, &[("member", member.as_str())]].concat();
        assert_eq!(ada.post("/members", &fields).await.status(), 303);
        for link in [invitation, reset] {
            assert_eq!(Browser::new(&server).use_link(&link, "Eve", "").await, 410);
        }
    }
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    let (member, other) = (number(&server, "ada@example.com").await, number(&server, "lisa@example.com").await);
    let resign = [("do", "permit"), ("member", member.as_str()), ("role", "viewer")];
    let leave = [("do", "disable"), ("member", member.as_str())];
    for fields in [&resign[..], &leave] {
        let answer = ada.post("/members", fields).await;
        assert_eq!(answer.status(), 422);
        assert!(answer.text().await.unwrap().contains("The last administrator must stay one"));
    }
    ada.post("/members", &[("do", "permit"), ("member", &other), ("role", "administrator")]).await;
    assert_eq!(ada.post("/members", &resign).await.status(), 303);
    assert_eq!((ada.status("/members").await, lisa.status("/members").await), (404, 200));
}

#[tokio::test]
async fn another_password_ends_every_other_session() {
    let server = start().await;
    let ada = administrator(&server).await;
    let elsewhere = Browser::new(&server);
    assert_eq!(elsewhere.sign_in("ada@example.com", PASSWORD).await, 303);
    let before = ada.session();
    let change = async |current: &str, new: &str| {
        let fields = [("do", "password"), ("password", current), ("new-password", new)];
        ada.post("/profile", &fields).await.status().as_u16()
    };
    assert_eq!(change("wrong", "another long password").await, 422);
    assert_eq!(change(PASSWORD, "short").await, 422);
    assert_eq!(change(PASSWORD, "another long password").await, 303);
    assert_ne!(ada.session(), before);
    assert_eq!((ada.status("/api/v1/today").await, elsewhere.status("/api/v1/today").await), (200, 401));
    assert_eq!(elsewhere.sign_in("ada@example.com", PASSWORD).await, 422);

    // So does a link that an administrator made.
    let lisa = viewer(&ada).await;
    let member = number(&server, "lisa@example.com").await;
    let token = ada.shown_link(&[("do", "reset"), ("member", &member)]).await;
    assert_eq!(lisa.status("/api/v1/today").await, 200);
    let new = Browser::new(&server);
    assert_eq!(new.use_link(&token, "Lisa Ray", "").await, 303);
    assert_eq!((new.status("/api/v1/today").await, lisa.status("/api/v1/today").await), (200, 401));
}

/// Verifying a password takes long. What happens meanwhile counts.
#[tokio::test]
async fn a_password_verified_before_it_changed_lets_nobody_in() {
    let server = start().await;
    let ada = administrator(&server).await;
    let lisa = viewer(&ada).await;
    let verified = server.store.member_of_email("lisa@example.com").await.unwrap().unwrap();
    let (lisa_ray, hash, author) = (verified.member, verified.password.unwrap(), server.author());
    let member_no = lisa_ray.member_no;
    let session = |number: u8| NewSession {
        digest: [number; 32],
        user_agent: String::new(),
        device: [number; 32],
        created: noon(),
        instead_of: None,
        device_before: None,
        forgotten: Forgotten {
            begun: Instant::from_millis(0),
            session: Instant::from_millis(0),
            device: Instant::from_millis(0),
        },
    };
    assert!(server.store.begin_session(member_no, &hash, &session(1)).await.unwrap());

    server.members.set_disabled(member_no, true, &author).await.unwrap();
    assert!(!server.store.begin_session(member_no, &hash, &session(2)).await.unwrap());
    assert!(!server.store.change_password(&lisa_ray, &hash, "hash", &session(2), &author).await.unwrap());
    server.members.set_disabled(member_no, false, &author).await.unwrap();
    assert_eq!(lisa.status("/api/v1/today").await, 401);

    server.members.set_password(member_no, "another long password".into(), &author).await.unwrap();
    assert!(!server.store.begin_session(member_no, &hash, &session(3)).await.unwrap());
    assert!(!server.store.change_password(&lisa_ray, &hash, "hash", &session(3), &author).await.unwrap());
    assert_eq!(Browser::new(&server).sign_in("lisa@example.com", "another long password").await, 303);
}

#[tokio::test]
async fn members_see_their_sessions_and_end_them() {
    let server = start().await;
    let ada = administrator(&server).await;
    let [one, two] = [Browser::new(&server), Browser::new(&server)];
    for browser in [&one, &two] {
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await, 303);
    }
    let numbers = server.texts("SELECT CAST(session_no AS TEXT) FROM session ORDER BY session_no").await;
    let page = ada.get("/profile").await.text().await.unwrap();
    assert_eq!(page.matches(">End</button>").count(), 2);
    let end = ada.post("/profile", &[("do", "end"), ("session", &numbers[1])]).await;
    assert_eq!(end.status(), 303);
    assert_eq!((one.status("/api/v1/today").await, two.status("/api/v1/today").await), (401, 200));
    // Nobody ends a session of somebody else.
    let lisa = viewer(&ada).await;
    lisa.post("/profile", &[("do", "end"), ("session", &numbers[2])]).await;
    lisa.post("/profile", &[("do", "end-others")]).await;
    assert_eq!(two.status("/api/v1/today").await, 200);
    ada.post("/profile", &[("do", "end-others")]).await;
    assert_eq!((ada.status("/api/v1/today").await, two.status("/api/v1/today").await), (200, 401));
}

#[tokio::test]
async fn guests_of_a_demo_look_and_change_nothing() {
    let server = TestServer::start_with(Access::Guest, Tz::UTC, noon()).await;
    let guest = Browser::new(&server);
    for path in READS.into_iter().chain(["/", "/activities", "/quality"]) {
        assert_eq!(guest.status(path).await, 200, "{path}");
    }
    let change = guest.change().header(header::ORIGIN, &server.base_url);
    assert_eq!(guest.send(change).await.status(), 401);
    let events = guest.request(Method::POST, "/api/v1/events").json(&json!([]));
    assert_eq!(guest.send(events).await.status(), 401);
    assert_eq!((guest.status("/members").await, guest.status("/profile").await), (404, 404));
}

#[tokio::test]
async fn keys_send_and_read_without_a_session_and_no_more() {
    let server = start().await;
    let program = Browser::new(&server);
    let (ingest, read) = (server.add_key("in", Grant::Ingest).await, server.add_key("out", Grant::Read).await);
    let event = json!({"account": "acme", "user": "lisa", "module": "Dashboard", "action": "Export"});
    let events = || program.request(Method::POST, "/api/v1/events").json(&event);
    assert_eq!(program.send(events().bearer_auth(&ingest)).await.status(), 200);
    assert_eq!(program.send(events().bearer_auth(&read)).await.status(), 403);
    for path in READS.into_iter().chain(["/"]) {
        let get = || program.request(Method::GET, path);
        assert_eq!(program.send(get().bearer_auth(&read)).await.status(), 200, "{path}");
        assert_eq!(program.send(get().bearer_auth(&ingest)).await.status(), 403, "{path}");
    }
    for key in [&ingest, &read] {
        assert_eq!(program.send(program.change().bearer_auth(key)).await.status(), 403);
        let members = program.request(Method::GET, "/members").bearer_auth(key);
        assert_ne!(program.send(members).await.status(), 200);
    }
}

#[tokio::test]
async fn without_tls_members_are_told_why_they_would_not_stay_signed_in() {
    let server = start().await;
    administrator(&server).await;
    let browser = Browser::new(&server);
    let form = browser.form_from("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]);
    let far = [("host", "192.168.1.7:3000"), ("origin", "http://192.168.1.7:3000")];
    let form = far.iter().fold(form, |form, (name, value)| form.header(*name, *value));
    let answer = browser.send(form).await;
    assert_eq!((answer.status().as_u16(), browser.cookie("__Host-session")), (422, None));
    assert!(answer.text().await.unwrap().contains("Signing in takes an address with https://"));
}

#[tokio::test]
async fn no_secret_lies_in_the_database() {
    let server = start().await;
    let first = server.members.issue_first_link().await.unwrap();
    let ada = Browser::new(&server);
    assert_eq!(ada.use_link(&first, "Ada", "ada@example.com").await, 303);
    let invitation = ada.invite("Lisa", "lisa@example.com", "viewer").await;
    let Some(bytes) = server.database_bytes() else { return };
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("ada@example.com") && holds("$argon2id$v=19$"));
    let device = ada.cookie("__Host-device").unwrap();
    for secret in [first.as_str(), &invitation, &ada.session(), &device, PASSWORD] {
        assert!(!holds(secret), "{secret}");
    }
}
