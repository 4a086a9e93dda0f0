//! The typed client of the JSON API. Nothing else in the page fetches.
//!
//! Only for the browser: the server has the data before it renders.

use crate::view::with_search;
use leptos::prelude::window;
use model::{
    api::{
        Workspace,
        problem::Problem,
        quality::{DismissAnswer, Quality, RejectChoice, Rejects, ReplayAnswer},
        today::{Stream, Today},
        usage::{Table, Usage},
    },
    query::{Pairs, RejectFilter, RejectsQuery, StreamQuery, TableQuery, UsageQuery},
};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, RequestInit, Response};

/// Where the API is.
const BASE: &str = "/api/v1";

/// How long an answer may take, in milliseconds, before the connection counts as lost.
const PATIENCE: u32 = 10_000;

/// The same for what changes something: thousands of events may be read again.
const LONG_PATIENCE: u32 = 120_000;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The page itself gave the request up. Nobody need hear of it.
    Aborted,
    /// The server could not be reached, or took too long.
    ConnectionLost,
    /// The server answered with a problem.
    Refused(Problem),
    /// The server answered with something this page cannot read, as when the server is newer than the page.
    Unreadable,
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Aborted => formatter.write_str("The request was given up."),
            Self::ConnectionLost => formatter.write_str("The server cannot be reached."),
            Self::Refused(problem) if problem.detail.is_empty() => formatter.write_str(&problem.title),
            Self::Refused(problem) => formatter.write_str(&problem.detail),
            Self::Unreadable => {
                formatter.write_str("The server’s answer could not be read. Loading the page anew may help.")
            }
        }
    }
}

/// Requests under way, which are aborted when this is dropped.
pub struct Ongoing {
    controller: AbortController,
}

impl Ongoing {
    /// For requests about to be sent.
    ///
    /// # Errors
    /// Where the browser knows no way to abort; all that are supported do.
    pub fn new() -> Result<Self, ClientError> {
        AbortController::new().map(|controller| Self { controller }).map_err(|_| ClientError::Unreadable)
    }

    /// What the requests listen to.
    pub fn signal(&self) -> AbortSignal {
        self.controller.signal()
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// `GET /workspace`.
pub async fn workspace(signal: &AbortSignal) -> Result<Workspace, ClientError> {
    get("/workspace", &Pairs::new(), signal).await
}

/// `GET /today`, through the eyes of a team or of all.
pub async fn today(team: Option<String>, signal: &AbortSignal) -> Result<Today, ClientError> {
    let pairs = team.map(|team| ("team".to_owned(), team)).into_iter().collect();
    get("/today", &pairs, signal).await
}

/// `GET /today/stream`.
pub async fn stream(query: &StreamQuery, signal: &AbortSignal) -> Result<Stream, ClientError> {
    get("/today/stream", &query.to_pairs(), signal).await
}

/// `GET /usage`.
pub async fn usage(query: &UsageQuery, signal: &AbortSignal) -> Result<Usage, ClientError> {
    get("/usage", &query.to_pairs(), signal).await
}

/// `GET /usage/activities` or `GET /usage/modules`.
pub async fn table(query: &TableQuery, signal: &AbortSignal) -> Result<Table, ClientError> {
    get(&format!("/usage/{}", query.of.name()), &query.to_pairs(), signal).await
}

/// The address of a table as a CSV file: every row that matches, not only one page of them.
pub fn csv_href(query: &TableQuery) -> String {
    let whole = TableQuery { offset: 0, ..query.clone() };
    with_search(&format!("{BASE}/usage/{}.csv", query.of.name()), &whole.to_pairs())
}

/// `GET /quality`.
pub async fn quality(signal: &AbortSignal) -> Result<Quality, ClientError> {
    get("/quality", &Pairs::new(), signal).await
}

/// `GET /rejects`.
pub async fn rejects(query: &RejectsQuery, signal: &AbortSignal) -> Result<Rejects, ClientError> {
    get("/rejects", &query.to_pairs(), signal).await
}

/// `POST /rejects/replay`.
pub async fn replay(choice: &RejectChoice, signal: &AbortSignal) -> Result<ReplayAnswer, ClientError> {
    let body = serde_json::to_string(choice).map_err(|_| ClientError::Unreadable)?;
    send("POST", "/rejects/replay", &Pairs::new(), Some(&body), signal).await
}

/// `DELETE /rejects`.
pub async fn dismiss(choice: &RejectChoice, signal: &AbortSignal) -> Result<DismissAnswer, ClientError> {
    send("DELETE", "/rejects", &choice.to_pairs(), None, signal).await
}

/// The address of a file of the rejected events that match, `csv` or `ndjson`.
pub fn rejects_href(filter: &RejectFilter, extension: &str) -> String {
    with_search(&format!("{BASE}/rejects.{extension}"), &filter.to_pairs())
}

async fn get<T: DeserializeOwned>(path: &str, pairs: &Pairs, signal: &AbortSignal) -> Result<T, ClientError> {
    send("GET", path, pairs, None, signal).await
}

async fn send<T: DeserializeOwned>(
    method: &str,
    path: &str,
    pairs: &Pairs,
    body: Option<&str>,
    signal: &AbortSignal,
) -> Result<T, ClientError> {
    let lost = |_: JsValue| if signal.aborted() { ClientError::Aborted } else { ClientError::ConnectionLost };
    let timeout = AbortSignal::timeout_with_u32(if method == "GET" { PATIENCE } else { LONG_PATIENCE });
    let both = js_sys::Array::of2(signal, &timeout);
    let headers = Headers::new().map_err(|_| ClientError::Unreadable)?;
    headers.set("accept", "application/json").map_err(|_| ClientError::Unreadable)?;
    let init = RequestInit::new();
    init.set_method(method);
    if let Some(body) = body {
        headers.set("content-type", "application/json").map_err(|_| ClientError::Unreadable)?;
        init.set_body(&JsValue::from_str(body));
    }
    init.set_headers(&headers);
    init.set_signal(Some(&AbortSignal::any(&both)));

    let address = with_search(&format!("{BASE}{path}"), pairs);
    let answer = JsFuture::from(window().fetch_with_str_and_init(&address, &init)).await.map_err(lost)?;
    let response: Response = answer.dyn_into().map_err(|_| ClientError::Unreadable)?;
    let text = JsFuture::from(response.text().map_err(lost)?).await.map_err(lost)?.as_string().unwrap_or_default();
    if signal.aborted() {
        return Err(ClientError::Aborted);
    }
    if response.ok() {
        serde_json::from_str(&text).map_err(|_| ClientError::Unreadable)
    } else {
        Err(ClientError::Refused(problem(&text, response.status())))
    }
}

/// The problem a server answered with; one made from the status where something in between answered instead.
fn problem(text: &str, status: u16) -> Problem {
    serde_json::from_str(text).unwrap_or_else(|_| Problem {
        kind: "about:blank".into(),
        title: format!("The server answered with status {status}."),
        status,
        detail: String::new(),
        errors: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::query::TableOf;

    #[test]
    fn a_problem_says_what_is_wrong_whoever_answers() {
        let ours = r#"{"type":"about:blank","title":"Unprocessable","status":422,"detail":"“x” is not a day"}"#;
        assert_eq!(ClientError::Refused(problem(ours, 422)).to_string(), "“x” is not a day");
        let proxy = ClientError::Refused(problem("<html>Bad gateway</html>", 502));
        assert_eq!(proxy.to_string(), "The server answered with status 502.");
    }

    #[test]
    fn the_csv_file_has_every_page() {
        let mut query = TableQuery::new(UsageQuery::default(), TableOf::Modules);
        query.filter = "a b".into();
        query.offset = 100;
        assert_eq!(csv_href(&query), "/api/v1/usage/modules.csv?filter=a+b");
    }
}
