//! Whether a change was asked for by a page of ours. A session alone does not say so: browsers send it along with what
//! pages of other origins on the same site make them send.

use super::problem::ApiProblem;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use std::net::IpAddr;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fails where a browser says that a page of another origin asks. What is no browser says nothing.
pub(super) fn check_browser(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let is_browser = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN);
    if is_browser { check(headers) } else { Ok(()) }
}

/// Fails unless the browser says that a page of this very origin asks, or its reader did.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let is_ours = match text(headers, &SEC_FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        // Browsers say so only over TLS and on this machine.
        None => origin(headers).is_some_and(|origin| {
            let authority = origin.authority().map(|authority| authority.as_str());
            authority.is_some() && [FORWARDED_HOST, header::HOST].iter().any(|name| text(headers, name) == authority)
        }),
    };
    if is_ours {
        return Ok(());
    }
    let detail = "changes are made from the pages of this very address; nothing was changed";
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}

/// Whether the browser keeps cookies of this address: over TLS, or from the machine it runs on.
pub(super) fn keeps_cookies(headers: &HeaderMap) -> bool {
    let Some(origin) = origin(headers) else { return true };
    origin.scheme_str() == Some("https") || is_here(origin.host().unwrap_or_default())
}

/// Whether a host, without its port, is the machine that a browser runs on.
pub(super) fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn origin(headers: &HeaderMap) -> Option<Uri> {
    text(headers, &header::ORIGIN)?.parse().ok()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        for (sent, is_ours) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a.example"), ("host", "a.example")], false),
            (&[("origin", "http://a.example:3000"), ("host", "a.example:3000")], true),
            (&[("origin", "https://a.example"), ("host", "10.0.0.7:3000"), ("x-forwarded-host", "a.example")], true),
            (&[("origin", "http://a.example:3001"), ("host", "a.example:3000")], false),
            (&[("origin", "https://evil.example"), ("host", "a.example")], false),
            (&[("origin", "null"), ("host", "a.example")], false),
            (&[("host", "a.example")], false),
            (&[], false),
        ] {
            assert_eq!(check(&headers(sent)).is_ok(), is_ours, "{sent:?}");
            let is_browser = sent.iter().any(|(name, _)| *name != "host");
            assert_eq!(check_browser(&headers(sent)).is_ok(), is_ours || !is_browser, "{sent:?}");
        }
    }

    #[test]
    fn cookies_are_kept_over_tls_and_on_this_machine() {
        for (origin, kept) in [
            ("https://usage.example.com", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://localhost:3000", true),
            ("http://192.168.1.7:3000", false),
            ("http://usage.example.com", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(keeps_cookies(&headers(&[("origin", origin)])), kept, "{origin}");
        }
    }
}
