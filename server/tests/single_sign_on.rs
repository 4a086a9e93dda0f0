//! Single sign-on with a provider that can be made to say anything: who gets in, who stays out, and what follows from
//! groups.

#![cfg(feature = "oidc")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use chrono_tz::Tz;
use harness::{
    TestServer,
    browser::{Browser, PASSWORD, administrator},
    provider::{CLIENT_SECRET, Provider, Signed},
};
use model::{audit::Action, instant::Instant, member::Role, team::TeamDefinition};
use reqwest::{Response, header};
use serde_json::{Value, json};
use server::members::single_sign_on::Settings;
use std::{collections::BTreeMap, time::Duration};

/// The cookie of an attempt.
const ATTEMPT: &str = "__Host-attempt";

fn noon() -> Instant {
    Instant::parse("2026-11-23T11:00:00Z").unwrap()
}

/// A server whose members may sign in with the provider, too; with the first administrator.
async fn start(settings: Settings) -> TestServer {
    let server = TestServer::start_with_provider(settings, Tz::UTC, noon()).await;
    administrator(&server).await;
    server
}

/// What the provider is told when a browser is sent there.
async fn depart(browser: &Browser<'_>, address: &str) -> BTreeMap<String, String> {
    let answer = browser.get(address).await;
    assert_eq!(answer.status(), 303, "{:?}", answer.text().await);
    let to = answer.headers()[header::LOCATION].to_str().unwrap();
    let (_, search) = to.split_once("/ask?").expect("the provider's page");
    form_urlencoded::parse(search.as_bytes()).into_owned().collect()
}

/// A browser comes back with a state and a code.
async fn arrive(browser: &Browser<'_>, state: &str, code: &str) -> Response {
    browser.get(&format!("/sign-in/oidc/callback?state={state}&code={code}")).await
}

/// Somebody signs in whose claims are the right ones, but for what `change` does to them.
async fn sign_in_as(
    browser: &Browser<'_>,
    provider: &Provider,
    subject: &str,
    signed: Signed,
    change: impl FnOnce(&mut Value),
) -> Response {
    let told = depart(browser, "/sign-in/oidc").await;
    let mut claims = provider.claims(subject, &told["nonce"], noon().millis() / 1000);
    change(&mut claims);
    let code = provider.code(&claims, signed, &told["code_challenge"]);
    arrive(browser, &told["state"], &code).await
}

async fn sign_in(browser: &Browser<'_>, provider: &Provider, subject: &str, groups: &[&str]) -> u16 {
    let answer = sign_in_as(browser, provider, subject, Signed::Well, |claims| claims["groups"] = json!(groups)).await;
    answer.status().as_u16()
}

/// Role, whether they configure tracking, and teams, as the database has them.
async fn permissions(server: &TestServer, email: &str) -> (Role, bool, Vec<String>) {
    let member = server.store.member_of_email(email).await.unwrap().unwrap().member;
    let teams = server.store.team_names(Some(member.member_no)).await.unwrap();
    (member.role, member.configures_tracking, teams.into_iter().map(|team| team.name).collect())
}

/// What was entered in the audit log, of whom and by whom, in its order.
async fn entered(server: &TestServer) -> Vec<String> {
    server.texts("SELECT action || ' ' || subject || ' ' || author_kind FROM audit ORDER BY audit_no").await
}

async fn add_team(server: &TestServer, name: &str) {
    let team = TeamDefinition { name: name.to_owned(), ..TeamDefinition::default() };
    server.store.add_team(&team, &server.author()).await.unwrap();
}

/// Fails unless nobody was signed in, with this status and these words; nothing of the provider's may show.
async fn stays_out(browser: &Browser<'_>, answer: Response, status: u16, words: &str) {
    assert_eq!((answer.status().as_u16(), browser.cookie("__Host-session")), (status, None));
    assert!(answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'"));
    let page = answer.text().await.unwrap();
    let alert = page.split("class=\"form-error\">").nth(1).expect("an alert");
    assert!(alert.starts_with(words), "{words}: {alert}");
    assert!(status == 400 || browser.cookie(ATTEMPT).is_none(), "the attempt is over");
    assert!(page.contains("Sign in with Example") && !page.contains(CLIENT_SECRET) && !page.contains("EdDSA"));
}

#[tokio::test]
async fn whom_the_provider_vouches_for_is_signed_in_like_anybody() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    let browser = Browser::new(&server);
    let page = browser.get("/sign-in?return=%2Factivities").await.text().await.unwrap();
    let way = format!("href=\"{}/sign-in/oidc?return=%2Factivities\"", server.base_url);
    assert!(page.contains(&way) && page.contains("Sign in with Example"), "{page}");

    let cookie = browser.get("/sign-in/oidc").await.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["__Host-attempt=", "; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=600"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }

    let told = depart(&browser, "/sign-in/oidc?return=%2Factivities").await;
    let back = server.url("/sign-in/oidc/callback");
    assert_eq!((told["redirect_uri"].as_str(), told["client_id"].as_str()), (back.as_str(), "usage-monitor"));
    assert_eq!((told["response_type"].as_str(), told["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!(told["scope"], "openid email profile");
    let mut claims = provider.claims("lisa", &told["nonce"], noon().millis() / 1000);
    claims["groups"] = json!(["staff"]);
    let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
    // What the browser had before is not what it has once its member signed in.
    browser.cookies.borrow_mut().insert("__Host-session".to_owned(), "planted".to_owned());
    let answer = arrive(&browser, &told["state"], &code).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()[header::LOCATION].to_str().ok()),
        (303, Some("/activities"))
    );
    assert_ne!(browser.session(), "planted");
    assert_eq!((browser.cookie(ATTEMPT), browser.status("/api/v1/today").await), (None, 200));

    // The same person is the same member, whatever their address is by now.
    let elsewhere = Browser::new(&server);
    let again = sign_in_as(&elsewhere, &provider, "lisa", Signed::Well, |claims| {
        (claims["email"], claims["email_verified"]) = (json!("ada@example.com"), json!(false));
    });
    assert_eq!(again.await.status(), 303);
    assert_ne!(elsewhere.session(), browser.session());
    assert_eq!(server.store.members().await.unwrap().len(), 2);

    // It ends as any session does.
    assert_eq!(browser.post("/sign-out", &[]).await.status(), 303);
    assert_eq!((browser.status("/api/v1/today").await, elsewhere.status("/api/v1/today").await), (401, 200));
    let expected = ["join lisa@example.com single_sign_on", "link_single_sign_on lisa@example.com single_sign_on"];
    assert_eq!(entered(&server).await[1..], expected);
}

#[tokio::test]
async fn what_does_not_come_back_as_it_went_signs_nobody_in() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    let not_begun = "This was not begun in this browser";
    let staff = |claims: &mut Value| claims["groups"] = json!(["staff"]);

    // A state that was made up, and none.
    for state in ["made-up", ""] {
        let browser = Browser::new(&server);
        let told = depart(&browser, "/sign-in/oidc").await;
        let mut claims = provider.claims("lisa", &told["nonce"], noon().millis() / 1000);
        staff(&mut claims);
        let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
        stays_out(&browser, arrive(&browser, state, &code).await, 400, not_begun).await;
        // Who sent the browser here with it has not ended what it began.
        assert_eq!(arrive(&browser, &told["state"], &code).await.status(), 303);
        assert_eq!(browser.cookie(ATTEMPT), None);
    }

    // Whoever lures others to the end of their own attempt does not sign them in as themselves: not who began nothing, and
    // not who is on their way too.
    let (eve, victim, other) = (Browser::new(&server), Browser::new(&server), Browser::new(&server));
    let told = depart(&eve, "/sign-in/oidc").await;
    let mut claims = provider.claims("eve", &told["nonce"], noon().millis() / 1000);
    staff(&mut claims);
    let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
    stays_out(&victim, arrive(&victim, &told["state"], &code).await, 400, not_begun).await;
    depart(&other, "/sign-in/oidc").await;
    stays_out(&other, arrive(&other, &told["state"], &code).await, 400, not_begun).await;
    let attempt = eve.cookie(ATTEMPT).unwrap();
    assert_eq!(arrive(&eve, &told["state"], &code).await.status(), 303);

    // Once, also for who kept everything: not with the code that the provider takes once, and not with another.
    let again = Browser::new(&server);
    let replay = async |code: &str, status: u16, words: &str| {
        again.cookies.borrow_mut().insert(ATTEMPT.to_owned(), attempt.clone());
        stays_out(&again, arrive(&again, &told["state"], code).await, status, words).await;
    };
    replay(&code, 502, "Your provider did not say").await;
    replay(&provider.code(&claims, Signed::Well, &told["code_challenge"]), 400, not_begun).await;

    // A code of one browser in another, whose attempt it is not for.
    let (one, two) = (Browser::new(&server), Browser::new(&server));
    let [told_one, told_two] = [depart(&one, "/sign-in/oidc").await, depart(&two, "/sign-in/oidc").await];
    let mut claims = provider.claims("lisa", &told_one["nonce"], noon().millis() / 1000);
    staff(&mut claims);
    let code = provider.code(&claims, Signed::Well, &told_one["code_challenge"]);
    let mixed_up = arrive(&two, &told_two["state"], &code).await;
    stays_out(&two, mixed_up, 502, "Your provider did not say").await;

    // From who says they are another provider.
    let told = depart(&one, "/sign-in/oidc").await;
    let address = format!("/sign-in/oidc/callback?state={}&code=x&iss=https%3A%2F%2Fevil.example", told["state"]);
    stays_out(&one, one.get(&address).await, 400, not_begun).await;

    // Too late.
    let told = depart(&one, "/sign-in/oidc").await;
    server.set_now(noon().plus_millis(600_000));
    stays_out(&one, arrive(&one, &told["state"], "x").await, 400, not_begun).await;
    assert_eq!(server.store.members().await.unwrap().len(), 3, "Ada, Eve and Lisa");
}

#[tokio::test]
async fn a_token_that_is_wrong_signs_nobody_in() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    let seconds = noon().millis() / 1000;
    let wrong: [(&str, Value); 10] = [
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("aud", json!(["usage-monitor", "another"])),
        ("aud", json!([])),
        ("exp", json!(seconds - 60)),
        ("exp", json!(null)),
        ("nonce", json!("another")),
        ("nonce", json!(null)),
        ("sub", json!(null)),
        ("iat", json!("yesterday")),
    ];
    // However many there are: it is the provider's doing.
    let browser = || Browser::new(&server);
    for (claim, value) in wrong {
        let browser = browser();
        let change = |claims: &mut Value| {
            claims["groups"] = json!(["staff"]);
            claims[claim] = value.clone();
        };
        let answer = sign_in_as(&browser, &provider, "lisa", Signed::Well, change).await;
        stays_out(&browser, answer, 502, "Your provider did not say").await;
    }
    for signed in [Signed::NotAtAll, Signed::BySomebodyElse, Signed::WithTheSecret] {
        let browser = browser();
        let staff = |claims: &mut Value| claims["groups"] = json!(["staff"]);
        let answer = sign_in_as(&browser, &provider, "lisa", signed, staff).await;
        stays_out(&browser, answer, 502, "Your provider did not say").await;
    }
    // Clocks may be a little apart.
    let browser = browser();
    let late = |claims: &mut Value| (claims["groups"], claims["exp"]) = (json!(["staff"]), json!(seconds - 50));
    assert_eq!(sign_in_as(&browser, &provider, "lisa", Signed::Well, late).await.status(), 303);
}

#[tokio::test]
async fn nobody_becomes_a_member_by_an_address_that_may_be_anothers() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    let not_verified = "Your provider does not say that your e-mail address is yours";
    for verified in [json!(false), json!(null)] {
        let browser = Browser::new(&server);
        let change = |claims: &mut Value| {
            (claims["email"], claims["email_verified"]) = (json!("ada@example.com"), verified.clone());
            claims["groups"] = json!(["staff"]);
        };
        let answer = sign_in_as(&browser, &provider, "eve", Signed::Well, change).await;
        stays_out(&browser, answer, 403, not_verified).await;
    }
    // Ada is who has her address for certain, and whoever comes after her with it is somebody else.
    let ada = Browser::new(&server);
    assert_eq!(sign_in(&ada, &provider, "ada", &[]).await, 303);
    assert_eq!(ada.status("/members").await, 200);
    let eve = Browser::new(&server);
    let as_ada = |claims: &mut Value| claims["email"] = json!("ada@example.com");
    let answer = sign_in_as(&eve, &provider, "eve", Signed::Well, as_ada).await;
    stays_out(&eve, answer, 403, "The member with your e-mail address is somebody else").await;

    // Unless an operator says that it is her all the same, who is called something else there by now.
    let member = server.store.member_of_email("ada@example.com").await.unwrap().unwrap().member;
    server.members.unlink(member.member_no, &server.author()).await.unwrap();
    assert_eq!(ada.status("/members").await, 303);
    let answer = sign_in_as(&ada, &provider, "ada-again", Signed::Well, as_ada).await;
    assert_eq!((answer.status().as_u16(), ada.status("/members").await), (303, 200));
    let expected =
        ["unlink_single_sign_on ada@example.com command_line", "link_single_sign_on ada@example.com single_sign_on"];
    assert_eq!(entered(&server).await[2..], expected);
}

#[tokio::test]
async fn who_is_in_no_group_and_was_not_invited_stays_out() {
    let provider = Provider::start().await;
    let settings =
        Settings { email_domains: vec!["guests.example".to_owned()], ..provider.settings(&["staff=viewer"]) };
    let server = start(settings).await;
    let stranger = Browser::new(&server);
    let answer = sign_in_as(&stranger, &provider, "lisa", Signed::Well, |_| ()).await;
    stays_out(&stranger, answer, 403, "You are no member yet").await;
    let of_domain = |email: &'static str| move |claims: &mut Value| claims["email"] = json!(email);
    let answer = sign_in_as(&stranger, &provider, "lisa", Signed::Well, of_domain("l@not-guests.example")).await;
    stays_out(&stranger, answer, 403, "You are no member yet").await;
    let guest = Browser::new(&server);
    let answer = sign_in_as(&guest, &provider, "guest", Signed::Well, of_domain("Guest@Guests.example")).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(permissions(&server, "guest@guests.example").await, (Role::Viewer, false, Vec::new()));

    // Who was invited comes in, and the invitation is over.
    let ada = Browser::new(&server);
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await, 303);
    let invitation = ada.invite("Lisa", "lisa@example.com", "viewer").await;
    let lisa = Browser::new(&server);
    assert_eq!(sign_in(&lisa, &provider, "lisa", &[]).await, 303);
    assert_eq!(Browser::new(&server).use_link(&invitation, "Eve", "").await, 410);
    let page = ada.get("/members").await.text().await.unwrap();
    assert!(!page.contains("invited"), "{page}");
}

#[tokio::test]
async fn who_is_disabled_stays_out() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    let ada = Browser::new(&server);
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await, 303);
    let lisa = Browser::new(&server);
    assert_eq!(sign_in(&lisa, &provider, "lisa", &["staff"]).await, 303);
    ada.invite("Bea", "bea@example.com", "viewer").await;
    let disable = async |email: &str, what: &str| {
        let member = server.store.member_of_email(email).await.unwrap().unwrap().member.member_no.to_string();
        assert_eq!(ada.post("/members", &[("do", what), ("member", &member)]).await.status(), 303);
    };
    for (subject, email) in [("lisa", "lisa@example.com"), ("bea", "bea@example.com")] {
        disable(email, "disable").await;
        let browser = Browser::new(&server);
        let answer = sign_in_as(&browser, &provider, subject, Signed::Well, |_| ()).await;
        stays_out(&browser, answer, 403, "An administrator says that you can't sign in").await;
    }
    assert_eq!(lisa.status("/api/v1/today").await, 401);
    disable("lisa@example.com", "enable").await;
    assert_eq!(sign_in(&lisa, &provider, "lisa", &[]).await, 303);
}

#[tokio::test]
async fn groups_decide_role_and_teams_each_time() {
    let provider = Provider::start().await;
    let rules =
        ["admins=administrator", "ops=configure-tracking", "sales=team:Sales", "east=team:East", "staff=viewer"];
    let server = start(provider.settings(&rules)).await;
    for team in ["Sales", "East", "By hand"] {
        add_team(&server, team).await;
    }
    let lisa = Browser::new(&server);
    let as_of = async |groups: &[&str]| {
        assert_eq!(sign_in(&lisa, &provider, "lisa", groups).await, 303);
        permissions(&server, "lisa@example.com").await
    };
    let teams = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(as_of(&["sales", "unknown"]).await, (Role::Viewer, false, teams(&["Sales"])));
    // What no group gives is an administrator's to give, and stays.
    let member = server.store.member_of_email("lisa@example.com").await.unwrap().unwrap().member;
    let all = server.store.team_names(None).await.unwrap();
    let given = all.iter().filter(|team| team.name != "East").map(|team| team.id).collect();
    server.members.set_teams(member.member_no, &given, &server.author()).await.unwrap();
    let before = entered(&server).await.len();
    assert_eq!(as_of(&["sales", "east"]).await, (Role::Viewer, false, teams(&["By hand", "East", "Sales"])));
    assert_eq!(as_of(&["admins", "ops"]).await, (Role::Administrator, true, teams(&["By hand"])));
    assert_eq!(lisa.status("/members").await, 200);
    assert_eq!(as_of(&["admins", "ops"]).await, (Role::Administrator, true, teams(&["By hand"])));
    assert_eq!(as_of(&[]).await, (Role::Viewer, false, teams(&["By hand"])));
    assert_eq!(lisa.status("/members").await, 404);
    let expected: Vec<String> = [Action::AssignTeams, Action::PermitMember, Action::AssignTeams, Action::PermitMember]
        .map(|action| format!("{} lisa@example.com single_sign_on", action.as_str()))
        .into();
    assert_eq!(entered(&server).await[before..], expected);

    // The last administrator stays one, whatever their groups.
    let ada = Browser::new(&server);
    assert_eq!(sign_in(&ada, &provider, "ada", &[]).await, 303);
    assert_eq!(permissions(&server, "ada@example.com").await.0, Role::Administrator);
    as_of(&["admins"]).await;
    assert_eq!(sign_in(&ada, &provider, "ada", &[]).await, 303);
    assert_eq!(permissions(&server, "ada@example.com").await.0, Role::Viewer);
}

/// As a provider does for who is in too many.
#[tokio::test]
async fn where_the_provider_leaves_groups_out_they_decide_nothing() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["admins=administrator", "sales=team:Sales"])).await;
    add_team(&server, "Sales").await;
    let lisa = Browser::new(&server);
    assert_eq!(sign_in(&lisa, &provider, "lisa", &["admins", "sales"]).await, 303);
    let without_groups = |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("groups"));
    let answer = sign_in_as(&lisa, &provider, "lisa", Signed::Well, without_groups).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(permissions(&server, "lisa@example.com").await, (Role::Administrator, false, vec!["Sales".to_owned()]));
    let eve = Browser::new(&server);
    let answer = sign_in_as(&eve, &provider, "eve", Signed::Well, without_groups).await;
    stays_out(&eve, answer, 403, "You are no member yet").await;
}

#[tokio::test]
async fn without_rules_groups_decide_nothing() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    let ada = Browser::new(&server);
    assert_eq!(sign_in(&ada, &provider, "ada", &["anything"]).await, 303);
    assert_eq!(permissions(&server, "ada@example.com").await, (Role::Administrator, true, Vec::new()));
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for() {
    let provider = Provider::start().await;
    provider.tell(json!({"sub": "lisa", "email": "lisa@example.com", "email_verified": true, "groups": ["admins"]}));
    let server = start(provider.settings(&["admins=administrator"])).await;
    let short = |claims: &mut Value| {
        for name in ["email", "email_verified", "groups"] {
            claims.as_object_mut().unwrap().remove(name);
        }
    };
    let lisa = Browser::new(&server);
    assert_eq!(sign_in_as(&lisa, &provider, "lisa", Signed::Well, short).await.status(), 303);
    assert_eq!(permissions(&server, "lisa@example.com").await.0, Role::Administrator);
    // What is told of somebody else is not told of them.
    let eve = Browser::new(&server);
    let answer = sign_in_as(&eve, &provider, "eve", Signed::Well, short).await;
    stays_out(&eve, answer, 502, "Your provider did not say").await;
}

#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&["staff=viewer"])).await;
    for to in
        ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2Fsign-in%2Foidc", "%2Fnowhere"]
    {
        let browser = Browser::new(&server);
        let told = depart(&browser, &format!("/sign-in/oidc?return={to}")).await;
        let mut claims = provider.claims("lisa", &told["nonce"], noon().millis() / 1000);
        claims["groups"] = json!(["staff"]);
        let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
        let answer = arrive(&browser, &told["state"], &code).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()[header::LOCATION].to_str().ok()),
            (303, Some("/")),
            "{to}"
        );
    }
}

/// A page of another origin could have its reader signed in unasked, and cross what they began themselves.
#[tokio::test]
async fn a_page_of_another_origin_begins_nothing() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    for (site, to) in [("cross-site", "/sign-in"), ("same-site", "/sign-in"), ("same-origin", "/ask"), ("none", "/ask")]
    {
        let browser = Browser::new(&server);
        let request = browser.request(reqwest::Method::GET, "/sign-in/oidc").header("sec-fetch-site", site);
        let answer = browser.send(request).await;
        let location = answer.headers()[header::LOCATION].to_str().unwrap();
        assert!(location.split('?').next().unwrap().ends_with(to), "{site}: {location}");
        assert_eq!(browser.cookie(ATTEMPT).is_some(), to == "/ask", "{site}");
    }
}

#[tokio::test]
async fn who_says_no_to_the_provider_reads_so() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    for (error, status, words) in
        [("access_denied", 403, "You were not signed in"), ("server_error", 502, "Your provider did not say")]
    {
        let browser = Browser::new(&server);
        let told = depart(&browser, "/sign-in/oidc?return=%2Factivities").await;
        let address = format!("/sign-in/oidc/callback?state={}&error={error}&error_description=%3Cb%3E", told["state"]);
        stays_out(&browser, browser.get(&address).await, status, words).await;
    }
}

#[tokio::test]
async fn while_the_provider_is_down_passwords_work() {
    let provider = Provider::start().await;
    let settings = provider.settings(&[]);
    let issuer = provider.stop().await;
    let server = start(settings).await;
    let browser = Browser::new(&server);
    let down = "Your provider did not say";
    stays_out(&browser, browser.get("/sign-in/oidc").await, 502, down).await;
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await, 303);

    // Nor is it asked again by everybody who tries; then it is back, and asked once for all.
    let provider = Provider::start_at(&issuer).await;
    let other = Browser::new(&server);
    stays_out(&other, other.get("/sign-in/oidc").await, 502, down).await;
    assert_eq!(provider.asked(), 0);
    server.set_now(noon().plus_millis(10_000));
    for _ in 0..3 {
        assert_eq!(sign_in(&Browser::new(&server), &provider, "ada", &[]).await, 303);
    }
    assert_eq!(provider.asked(), 1);
    server.set_now(noon().plus_millis(3_610_001));
    depart(&other, "/sign-in/oidc").await;
    provider.is_asked(2).await;
    // What is known of it stands while it is down.
    provider.stop().await;
    server.set_now(noon().plus_millis(2 * 3_610_001));
    let told = depart(&other, "/sign-in/oidc").await;
    stays_out(&other, arrive(&other, &told["state"], "x").await, 502, down).await;
}

#[tokio::test]
async fn who_goes_away_while_the_provider_is_asked_leaves_it_to_others() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    let hung = provider.hang().await;
    let (gone, browser) = (Browser::new(&server), Browser::new(&server));
    tokio::select! {
        _ = gone.get("/sign-in/oidc") => panic!("the provider does not answer"),
        () = provider.is_asked(1) => {}
    }
    drop(hung);
    depart(&browser, "/sign-in/oidc").await;
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_provider_that_is_known() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    let browser = Browser::new(&server);
    depart(&browser, "/sign-in/oidc").await;
    server.set_now(noon().plus_millis(3_600_000));
    let hung = provider.hang().await;
    for _ in 0..3 {
        let departure = depart(&browser, "/sign-in/oidc");
        tokio::time::timeout(Duration::from_secs(5), departure).await.unwrap();
    }
    provider.is_asked(2).await;
    drop(hung);
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn a_provider_that_signs_with_another_key_is_asked_for_it() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    assert_eq!(sign_in(&Browser::new(&server), &provider, "ada", &[]).await, 303);
    provider.change_key();
    server.set_now(noon().plus_millis(10_000));
    assert_eq!(sign_in(&Browser::new(&server), &provider, "ada", &[]).await, 303);
    assert_eq!(provider.asked(), 2);
}

/// Whoever makes up attempts has the provider asked about each. That ends soon, and what is begun keeps nothing here.
#[tokio::test]
async fn attempts_that_fail_are_few() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    let browser = Browser::new(&server);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let told = depart(&browser, "/sign-in/oidc").await;
        let answer = arrive(&browser, &told["state"], "made-up").await;
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [[502; 10].as_slice(), &[429; 2]].concat());
    let told = depart(&browser, "/sign-in/oidc").await;
    let answer = arrive(&browser, &told["state"], "made-up").await;
    assert_eq!(answer.headers()[header::RETRY_AFTER], "60");
    assert_eq!(server.texts("SELECT 'used' FROM used_attempt").await.len(), 0);
    // Passwords from there are as good as before, and the reverse.
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await, 303);
    let there = Browser::at(&server, "192.0.2.7");
    for number in 0..11 {
        there.sign_in(&format!("{number}@example.com"), PASSWORD).await;
    }
    assert_eq!(there.sign_in("eve@example.com", PASSWORD).await, 429);
    assert_eq!(sign_in(&there, &provider, "ada", &[]).await, 303);
}

/// Behind a load balancer a browser may come back to another server than sent it off.
#[tokio::test]
async fn a_browser_may_come_back_to_another_server() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    if !server.is_shared() {
        return;
    }
    let other = server.another_with_provider(provider.settings(&[])).await;
    let browser = Browser::new(&server);
    let told = depart(&browser, "/sign-in/oidc").await;
    let claims = provider.claims("ada", &told["nonce"], noon().millis() / 1000);
    let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
    let there = Browser::new(&other);
    there.cookies.borrow_mut().clone_from(&browser.cookies.borrow());
    assert_eq!(arrive(&there, &told["state"], &code).await.status(), 303);
    // And not to this one with the same.
    let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
    stays_out(&browser, arrive(&browser, &told["state"], &code).await, 400, "This was not begun").await;
}

#[tokio::test]
async fn no_secret_of_single_sign_on_lies_in_the_database() {
    let provider = Provider::start().await;
    let server = start(provider.settings(&[])).await;
    let browser = Browser::new(&server);
    let told = depart(&browser, "/sign-in/oidc").await;
    let attempt = browser.cookie(ATTEMPT).unwrap();
    let claims = provider.claims("ada", &told["nonce"], noon().millis() / 1000);
    let code = provider.code(&claims, Signed::Well, &told["code_challenge"]);
    assert_eq!(arrive(&browser, &told["state"], &code).await.status(), 303);
    let Some(bytes) = server.database_bytes() else { return };
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&provider.issuer));
    let secret = attempt.split('.').next().unwrap();
    for secret in [CLIENT_SECRET, secret, &told["state"], &told["nonce"], &code, &browser.session()] {
        assert!(!holds(secret), "{secret}");
    }
}
