//! HTTP: what is asked, by whom, and how the answer is written. No SQL, no arithmetic.

mod access;
mod address;
mod array;
mod audit;
mod clients;
mod cookie;
mod cross_origin;
mod csv;
#[cfg(fuzzing)]
pub mod decoders;
mod encoding;
mod erasures;
mod events;
mod form;
mod hosts;
mod id;
mod intake;
mod json;
mod keys;
mod link;
mod members;
mod module_rules;
mod operation;
mod page;
mod pairs;
mod policy;
mod privacy;
mod problem;
mod profile;
mod quality;
mod rejects;
mod responses;
mod same_origin;
mod sign_in;
#[cfg(feature = "oidc")]
mod single_sign_on;
mod team_forms;
mod teams;
mod today;
mod tracking;
mod tracking_forms;
mod usage;
mod workspace;

use crate::Server;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{MatchedPath, OriginalUri, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use problem::ApiProblem;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer, trace::TraceLayer,
};
use tracing::Span;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

/// Everything the server answers.
pub fn router(server: Server) -> Router {
    // The page is rendered on this runtime. An error says that it was told so before.
    let _ = any_spawner::Executor::init_tokio();
    let (api, document) = api();
    // The document always serialises.
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let api = api
        .route("/api/v1/openapi.json", get(move || std::future::ready(json_bytes(document.clone()))))
        .route("/api/docs", get(docs::index))
        .route("/api/docs/", get(docs::index))
        .route("/api/docs/{file}", get(docs::file))
        .route("/api", axum::routing::any(unknown))
        .route("/api/", axum::routing::any(unknown))
        .route("/api/{*path}", axum::routing::any(unknown))
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn(every_error_is_a_problem))
        // What one reader may see is for no cache that others share.
        .layer(unless_given(header::CACHE_CONTROL, "private, no-cache"))
        .layer(SetResponseHeaderLayer::appending(header::VARY, HeaderValue::from_static("cookie, authorization")));
    let hosts = server.hosts.clone();
    Router::new()
        .merge(api)
        .merge(page::router())
        .with_state(server)
        .layer(from_fn_with_state(hosts, hosts::check))
        .layer(CatchPanicLayer::custom(|_| {
            ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "something unforeseen went wrong").into_response()
        }))
        .layer(CompressionLayer::new())
        .layer(unless_given(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // The second says to older browsers too: within no other page, where a click could be meant for something else.
        .layer(unless_given(header::CONTENT_SECURITY_POLICY, policy::NO_PAGE))
        .layer(unless_given(header::X_FRAME_OPTIONS, "DENY"))
        .layer(unless_given(header::REFERRER_POLICY, "same-origin"))
        .layer(TraceLayer::new_for_http().make_span_with(span))
}

/// Gives answers a header that have none of its name.
fn unless_given(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// What the log says of a request: its route. The address itself may hold a key.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or(request.uri().path(), MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}

/// The routes of the API and the document that describes them.
fn api() -> (Router<Server>, OpenApi) {
    let info = InfoBuilder::new()
        .title("Usage Monitor")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Who is using the product, live and over any period."));
    let document = OpenApiBuilder::new().info(info.build()).build();
    let versioned = OpenApiRouter::new()
        .merge(events::router())
        .merge(today::router())
        .merge(usage::router())
        .merge(teams::router())
        .merge(module_rules::router())
        .merge(tracking::router())
        .merge(rejects::router())
        .merge(quality::router())
        .merge(keys::router())
        .merge(audit::router())
        .merge(erasures::router())
        .merge(workspace::router())
        .merge(operation::router());
    let router = OpenApiRouter::with_openapi(document).nest("/api/v1", versioned);
    let (api, document) = router.merge(cross_origin::allow(clients::router())).split_for_parts();
    // Where orchestrators and Prometheus look unless told otherwise.
    let (operation, _) = operation::router().split_for_parts();
    (api.merge(operation), document)
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    api().1
}

async fn unknown(request: Request) -> ApiProblem {
    ApiProblem::new(StatusCode::NOT_FOUND, format!("there is no {}", request.uri().path()))
}

async fn not_allowed(OriginalUri(address): OriginalUri, request: Request) -> ApiProblem {
    let detail = format!("{} does not take {}", address.path(), request.method());
    ApiProblem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// Turns an error that a library answered in its own form into a problem. Its other headers stay: `Allow`, say.
async fn every_error_is_a_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(problem::MEDIA_TYPE.as_bytes()));
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = status.canonical_reason().unwrap_or("the request failed");
    let (mut parts, body) = ApiProblem::new(status, detail).into_response().into_parts();
    for (name, value) in response.headers() {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            parts.headers.insert(name.clone(), value.clone());
        }
    }
    Response::from_parts(parts, body)
}

/// JSON that is already serialised.
fn json_bytes(bytes: impl Into<Body>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], bytes.into())
}

/// The browsable API documentation: Swagger UI from the binary itself, no outside host.
mod docs {
    use super::{ApiProblem, HeaderValue, IntoResponse, Response, StatusCode, header, policy};
    use axum::{extract::Path, response::Redirect};
    use std::sync::{Arc, LazyLock};
    use utoipa_swagger_ui::Config;

    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/api/v1/openapi.json").use_base_layout()));

    pub(super) async fn index() -> Redirect {
        Redirect::permanent("/api/docs/index.html")
    }

    pub(super) async fn file(Path(file): Path<String>) -> Result<Response, ApiProblem> {
        match utoipa_swagger_ui::serve(&file, CONFIG.clone()) {
            Ok(Some(found)) => {
                let kind = HeaderValue::from_str(&found.content_type);
                let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
                let policy = HeaderValue::from_static(policy::DOCUMENTATION);
                let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
                Ok((headers, found.bytes.into_owned()).into_response())
            }
            Ok(None) => Err(ApiProblem::new(StatusCode::NOT_FOUND, format!("the documentation has no {file}"))),
            Err(error) => Err(ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        }
    }
}
