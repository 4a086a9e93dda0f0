//! Which routes pages of other origins may use: those that take events in, never those that read.

use super::not_allowed;
use crate::Server;
use axum::http::{Method, header};
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

/// How long a browser remembers what it may send.
const MAX_AGE: Duration = Duration::from_hours(2);

/// Lets pages of any origin send to these routes and read the answers. A key is all that speaks for them: a browser
/// never sends along what it knows of its user.
pub(super) fn allow(router: OpenApiRouter<Server>) -> OpenApiRouter<Server> {
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING])
        .expose_headers([header::RETRY_AFTER])
        .max_age(MAX_AGE);
    let (routes, document) = router.split_for_parts();
    // A browser asks beforehand with a method that no route takes: what answers those must be under the layer too.
    let routes = routes.method_not_allowed_fallback(not_allowed).layer(layer);
    OpenApiRouter::with_openapi(document).merge(routes.into())
}
