//! The page and its files. What a view needs is read here, by the very functions the API answers from, and rendered
//! with it.

use super::{access::MayRead, problem::ApiProblem};
use crate::{Server, assets};
use app::{
    Loaded, PageData, ShellOptions,
    view::{View, parse_search},
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

pub(super) async fn get_page(
    _: MayRead,
    State(server): State<Server>,
    request: Request,
) -> Result<Response, ApiProblem> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let detail = format!("{} does not take {}", request.uri().path(), request.method());
        return Err(ApiProblem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
            .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD")));
    }
    if let Some(file) = assets::find(request.uri().path(), request.headers()) {
        return Ok(file);
    }
    let view = View::parse(request.uri().path(), &parse_search(request.uri().query().unwrap_or_default()));
    let data = load(&server, &view).await;
    let status = match &data {
        Err(problem) => StatusCode::from_u16(problem.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(PageData::NotFound) => StatusCode::NOT_FOUND,
        Ok(_) => StatusCode::OK,
    };
    // A page that can only say that the database does not answer must itself come without it.
    let workspace = server.dashboards.workspace().await;
    let workspace = workspace.unwrap_or_else(|_| server.dashboards.workspace_since(None));
    let loaded = Loaded { workspace, data: data.map_err(|problem| *problem.0) };
    Ok(render(&server, loaded, status, request).await)
}

async fn load(server: &Server, view: &View) -> Result<PageData, ApiProblem> {
    let dashboards = &server.dashboards;
    match view {
        View::Today(query) => {
            let (today, stream) = (dashboards.today().await?, dashboards.stream(query).await?);
            Ok(PageData::Today { today, stream: stream.as_ref().clone() })
        }
        View::Activities(query) => {
            let query = query.as_ref().map_err(|errors| ApiProblem::fields(errors.clone()))?;
            let (usage, table) = (dashboards.usage(&query.usage).await?, dashboards.table(query).await?);
            Ok(PageData::Activities { usage, table })
        }
        View::Quality(query) => {
            let (quality, rejects) =
                (dashboards.quality(server.refusals.get()).await?, dashboards.rejects(query).await?);
            Ok(PageData::Quality { quality, rejects })
        }
        View::NotFound => Ok(PageData::NotFound),
    }
}

async fn render(server: &Server, loaded: Loaded, status: StatusCode, request: Request) -> Response {
    let clock = server.zone_clock();
    let origin = origin(&request);
    let shell = move || {
        // Without them, in a build without the page, there is still the HTML.
        let names = assets::names().unwrap_or_default();
        app::shell(ShellOptions {
            assets: app::Assets { js: names.js, wasm: names.wasm, css: names.css },
            loaded: loaded.clone(),
            clock: clock.clone(),
            origin: origin.clone(),
        })
    };
    let handler = leptos_axum::render_app_async(shell);
    let mut response: Response<Body> = handler(request).await.into_response();
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Scheme, host and port as the reader sees them. Shown on the page only, never trusted.
fn origin(request: &Request) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = header("x-forwarded-host").or(header("host")).unwrap_or("localhost");
    format!("{scheme}://{host}")
}
