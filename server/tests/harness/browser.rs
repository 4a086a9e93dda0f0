//! Browsers of members: they keep cookies, say where a request comes from, and send forms as the pages do.

use super::TestServer;
use reqwest::{Method, RequestBuilder, Response, header, redirect::Policy};
use serde_json::json;
use std::{cell::RefCell, collections::BTreeMap};

/// The password of every member.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps cookies, and says where a request comes from.
pub(crate) struct Browser<'s> {
    pub(crate) server: &'s TestServer,
    pub(crate) client: reqwest::Client,
    pub(crate) cookies: RefCell<BTreeMap<String, String>>,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(server: &'s TestServer) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("as it must be");
        Self { server, client, cookies: RefCell::default() }
    }

    /// One that is somewhere else, as a proxy on this machine tells.
    pub(crate) fn at(server: &'s TestServer, address: &str) -> Self {
        let address = address.parse().expect("as it must be");
        let headers = [(header::HeaderName::from_static("x-forwarded-for"), address)].into_iter().collect();
        let client = reqwest::Client::builder().redirect(Policy::none()).default_headers(headers);
        Self { client: client.build().expect("as it must be"), ..Self::new(server) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, self.server.url(path));
        if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies.join("; ")) }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Response {
        let answer = request.send().await.expect("as it must be");
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("as it must be");
            let (name, value) =
                cookie.split(';').next().expect("as it must be").split_once('=').expect("as it must be");
            if cookie.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    /// A form as a page of ours sends it.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.form_from(path, fields).header(header::ORIGIN, &self.server.base_url)
    }

    /// A form from who knows where.
    pub(crate) fn form_from(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path);
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(self.form(path, fields)).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> u16 {
        self.post("/sign-in", &[("email", email), ("password", password)]).await.status().as_u16()
    }

    pub(crate) async fn use_link(&self, token: &str, name: &str, email: &str) -> u16 {
        let fields = [("token", token), ("name", name), ("email", email), ("password", PASSWORD)];
        self.post("/link", &fields).await.status().as_u16()
    }

    /// Puts the module rules as they are.
    pub(crate) fn change(&self) -> RequestBuilder {
        self.request(Method::PUT, "/api/v1/module-rules").json(&json!({"rules": []}))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn session(&self) -> String {
        self.cookie("__Host-session").expect("as it must be")
    }

    /// The link that the page shows.
    pub(crate) async fn shown_link(&self, fields: &[(&str, &str)]) -> String {
        let answer = self.post("/members", fields).await;
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.expect("as it must be");
        let token = page.split("/link?token=").nth(1).expect("a link");
        token.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_".contains(*char)).collect()
    }

    /// Invites somebody, and returns what their link holds.
    pub(crate) async fn invite(&self, name: &str, email: &str, role: &str) -> String {
        self.shown_link(&[("do", "invite"), ("name", name), ("email", email), ("role", role)]).await
    }
}

/// The first administrator, signed in.
pub(crate) async fn administrator(server: &TestServer) -> Browser<'_> {
    let browser = Browser::new(server);
    let token = server.members.issue_first_link().await.expect("as it must be");
    assert_eq!(browser.use_link(&token, "Ada", "ada@example.com").await, 303);
    browser
}

/// A viewer whom `ada` invited, signed in.
pub(crate) async fn viewer<'s>(ada: &Browser<'s>) -> Browser<'s> {
    let token = ada.invite("Lisa", "lisa@example.com", "viewer").await;
    let browser = Browser::new(ada.server);
    assert_eq!(browser.use_link(&token, "Lisa", "").await, 303);
    browser
}
