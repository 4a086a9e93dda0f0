//! The cookies a browser keeps: the id of its session, and what makes it known when its member signs in again.
//!
//! Their names begin with `__Host-`: browsers take them over TLS or from this machine alone, and no neighbouring host can
//! set them.

use crate::members::{Admission, DEVICE_SECONDS, SESSION_SECONDS};
use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

/// The id of the session.
pub(super) const SESSION: &str = "__Host-session";

/// What makes the browser known.
pub(super) const DEVICE: &str = "__Host-device";

/// What is kept while the browser is with the provider of single sign-on.
#[cfg(feature = "oidc")]
pub(super) const ATTEMPT: &str = "__Host-attempt";

/// The value of a cookie that was sent.
pub(super) fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

/// Makes the browser keep what it was given when its member signed in.
pub(super) fn keep(headers: &mut HeaderMap, admission: &Admission) {
    set(headers, SESSION, &admission.session, SESSION_SECONDS);
    set(headers, DEVICE, &admission.device, DEVICE_SECONDS);
}

/// Makes the browser forget its session.
pub(super) fn forget_session(headers: &mut HeaderMap) {
    set(headers, SESSION, "", 0);
}

/// Makes the browser keep an attempt to sign in while it is with the provider.
#[cfg(feature = "oidc")]
pub(super) fn keep_attempt(headers: &mut HeaderMap, attempt: &str) {
    set(headers, ATTEMPT, attempt, crate::members::single_sign_on::ATTEMPT_SECONDS);
}

/// Makes the browser forget its attempt to sign in.
#[cfg(feature = "oidc")]
pub(super) fn forget_attempt(headers: &mut HeaderMap) {
    set(headers, ATTEMPT, "", 0);
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, seconds: i64) {
    let cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds));
    // What we make ourselves fits in a header.
    if let Ok(cookie) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
