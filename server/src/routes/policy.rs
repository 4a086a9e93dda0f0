//! What a browser may load and run of what the server answers: its Content-Security-Policy.

use axum::http::HeaderValue;
use std::fmt::Display;

/// Of whatever is no page: nothing, and within no other page either.
pub(super) const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Of the API's documentation, which is a library's: it styles its elements one by one, and draws icons written out in the
/// style sheet.
pub(super) const DOCUMENTATION: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                                        img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                                        frame-ancestors 'none'";

/// Of a page: files of this server, WebAssembly, and the scripts in it that have this nonce.
pub(super) fn of_page(nonce: impl Display) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    // What we make ourselves fits in a header.
    HeaderValue::from_str(&policy).ok()
}
