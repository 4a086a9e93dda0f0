//! Which routes pages of other origins may use: those that take events in, never those that read.

use super::not_allowed;
use crate::Server;
use axum::http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::{
    cors::{AllowHeaders, Any, CorsLayer},
    set_header::SetResponseHeaderLayer,
};
use utoipa_axum::router::OpenApiRouter;

/// How long a browser remembers what it may send.
const MAX_AGE: Duration = Duration::from_hours(24);

/// Says who may load what a route answers, also where that is an image.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Lets pages of any origin send to these routes and read the answers. A key is all that may speak for them: what is
/// asked with the browser's own credentials they can't read.
pub(super) fn allow(router: OpenApiRouter<Server>) -> OpenApiRouter<Server> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        // Not any: that would leave out Authorization.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::RETRY_AFTER])
        .max_age(MAX_AGE);
    let policy = SetResponseHeaderLayer::overriding(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    let (routes, document) = router.split_for_parts();
    // A browser asks beforehand with a method that no route takes: what answers those must be under the layer too.
    let routes = routes.method_not_allowed_fallback(not_allowed).layer(cors).layer(policy);
    OpenApiRouter::with_openapi(document).merge(routes.into())
}
