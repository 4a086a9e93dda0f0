//! By which hosts browsers may reach a server where nobody need sign in. A page can have its own name lead to this machine,
//! and then is of the same origin as what the server answers: only the name it asks by gives it away. Where people sign
//! in, the session is of the right host alone, and nothing is checked.

use super::{problem::ApiProblem, same_origin::is_here};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Refuses what is asked by another host than this machine and those named.
pub(super) async fn check(State(named): State<Option<Arc<[String]>>>, request: Request, next: Next) -> Response {
    let Some(named) = named else { return next.run(request).await };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let is_ours = |host: &str| {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        is_here(&host) || named.iter().any(|name| name.eq_ignore_ascii_case(&host))
    };
    if host.as_ref().is_some_and(|host| is_ours(host.host())) {
        return next.run(request).await;
    }
    let detail = "nobody need sign in here, so only this machine's own addresses and localhost are answered, and names given \
                  with --host";
    ApiProblem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_page_whose_name_leads_here_is_not_answered() {
        let status = async |named: Option<&str>, host: &str| {
            let named: Option<Arc<[String]>> = named.map(|name| [name.to_owned()].into());
            let router = Router::new().route("/", get(|| async {})).layer(from_fn_with_state(named, check));
            let request = Request::get("/").header(header::HOST, host).body(Body::empty()).unwrap();
            router.oneshot(request).await.unwrap().status().as_u16()
        };
        for (host, expected) in [
            ("127.0.0.1:3000", 200),
            ("[::1]:3000", 200),
            ("localhost:3000", 200),
            ("usage.localhost", 200),
            ("LocalHost.:3000", 200),
            ("usage.example.com.", 200),
            ("Usage.Example.com", 200),
            ("usage.example.com:8443", 200),
            ("evil.example:3000", 421),
            ("usage.example.com.evil.example", 421),
            ("localhost.evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("evil.example@127.0.0.1.example", 421),
            ("192.168.1.7:3000", 421),
            ("", 421),
        ] {
            assert_eq!(status(Some("usage.example.com"), host).await, expected, "{host}");
            assert_eq!(status(None, host).await, 200, "{host}");
        }
    }
}
