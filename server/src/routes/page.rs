//! The page and its files. What a view needs is read here, by the very functions the API answers from, and rendered
//! with it.

#[cfg(feature = "oidc")]
use super::single_sign_on;
use super::{
    access::Caller, audit, keys, link, members, policy, privacy, problem::ApiProblem, profile, sign_in, team_forms,
    tracking_forms, workspace,
};
use crate::{Access, Server, assets, secret};
#[cfg(feature = "oidc")]
use app::view::{SINGLE_SIGN_ON, SINGLE_SIGN_ON_BACK};
use app::{
    Loaded, PageData, ShellOptions,
    view::{KEYS, LINK, MEMBERS, PRIVACY, PROFILE, SIGN_IN, SIGN_OUT, TEAMS, TRACKING, View, parse_search},
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos::{nonce::Nonce, prelude::provide_context};
use model::{
    api::{member::Reader, problem::Problem},
    member::Role,
    query::doubled,
};

pub(super) fn router() -> Router<Server> {
    let router = Router::new();
    #[cfg(feature = "oidc")]
    let router = router
        .route(SINGLE_SIGN_ON, get(single_sign_on::get_departure))
        .route(SINGLE_SIGN_ON_BACK, get(single_sign_on::get_arrival));
    router
        .route(SIGN_IN, get(get_page).post(sign_in::post_sign_in))
        .route(SIGN_OUT, post(sign_in::post_sign_out))
        .route(LINK, get(get_page).post(link::post_link))
        .route(PROFILE, get(get_page).post(profile::post_profile))
        .route(MEMBERS, get(get_page).post(members::post_members))
        .route(KEYS, get(get_page).post(keys::post_keys))
        .route(PRIVACY, get(get_page).post(privacy::post_privacy))
        .route(TEAMS, get(get_page).post(team_forms::post_teams))
        .route(TRACKING, get(get_page).post(tracking_forms::post_tracking))
        .method_not_allowed_fallback(super::not_allowed)
        .fallback(get_page)
}

async fn get_page(State(server): State<Server>, request: Request) -> Result<Response, ApiProblem> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let detail = format!("{} does not take {}", request.uri().path(), request.method());
        return Err(ApiProblem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
            .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD")));
    }
    if let Some(file) = assets::find(request.uri().path(), request.headers()) {
        return Ok(file);
    }
    let (parts, _) = request.into_parts();
    let parameters = parse_search(parts.uri.query().unwrap_or_default());
    let view = View::parse(parts.uri.path(), &parameters);
    let caller = match Caller::of(&parts.headers, &server).await {
        Ok(caller) => caller,
        // Who asks is not known while the database does not answer; the page can say that much to anyone.
        Err(problem) if problem.0.status == StatusCode::SERVICE_UNAVAILABLE.as_u16() => {
            return Ok(answer(&server, parts, Reader::default(), Err(*problem.0)).await);
        }
        Err(problem) => return Err(problem),
    };
    let data = match (&view, &caller) {
        (View::SignIn(to), Caller::Member(_)) => return Ok(Redirect::to(sign_in::within(to)).into_response()),
        (View::SignIn(_), _) => sign_in::load(&server).await,
        (View::Link(token), _) => link::load(&server, token).await,
        _ if matches!(caller, Caller::Anyone) && caller.may_read(server.access).is_err() => {
            return Ok(sign_in::first(&parts.uri));
        }
        _ => match caller.may_read(server.access) {
            Ok(()) if doubled(&parameters).is_some() => {
                Err(ApiProblem::fields(doubled(&parameters).into_iter().collect()))
            }
            Ok(()) => load(&server, &view, &caller).await,
            Err(problem) => return Err(problem),
        },
    };
    let reader = caller.reader(server.access);
    Ok(answer(&server, parts, reader, data.map_err(|problem| *problem.0)).await)
}

/// The page with its data, or with why there is none.
pub(super) async fn answer(server: &Server, parts: Parts, reader: Reader, data: Result<PageData, Problem>) -> Response {
    let status = match &data {
        Err(problem) => StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(PageData::NotFound) => StatusCode::NOT_FOUND,
        Ok(_) => StatusCode::OK,
    };
    let member = reader.member.as_ref();
    let sees_all = match member {
        Some(member) => member.role == Role::Administrator,
        None => server.access != Access::SignIn,
    };
    // A page that can only say that the database does not answer must itself come without it.
    let workspace = workspace::of_reader(server, sees_all, member, reader.may_configure_tracking()).await;
    let workspace = workspace.unwrap_or_else(|_| server.dashboards.bare_workspace());
    render(server, Loaded { workspace, reader, data }, status, parts).await
}

async fn load(server: &Server, view: &View, caller: &Caller) -> Result<PageData, ApiProblem> {
    let dashboards = &server.dashboards;
    match (view, caller) {
        (View::Today(query), _) => {
            let sight = caller.sight_through(query.team.as_deref(), server).await?;
            let (today, stream) = (dashboards.today(sight).await?, dashboards.stream(sight, query).await?);
            Ok(PageData::Today { today, stream: stream.as_ref().clone() })
        }
        (View::Activities(query), _) => {
            let query = query.as_ref().map_err(|errors| ApiProblem::fields(errors.clone()))?;
            let sight = caller.sight_through(query.usage.team.as_deref(), server).await?;
            let (usage, table) = (dashboards.usage(sight, &query.usage).await?, dashboards.table(sight, query).await?);
            Ok(PageData::Activities { usage, table })
        }
        (View::Quality(query), _) if caller.may_read_all(server.access).is_ok() => {
            let quality = dashboards.quality(caller.sight(), &server.refusals).await?;
            Ok(PageData::Quality { quality, rejects: dashboards.rejects(query).await? })
        }
        (View::Profile { .. }, Caller::Member(who)) => profile::load(server, who).await,
        (View::Members, Caller::Member(who)) if who.member.role == Role::Administrator => members::load(server).await,
        (View::Teams, Caller::Member(who)) if who.member.role == Role::Administrator => team_forms::load(server).await,
        (View::Keys(_), Caller::Member(who)) if who.member.role == Role::Administrator => keys::load(server).await,
        (View::Privacy, Caller::Member(who)) if who.member.role == Role::Administrator => privacy::load(server).await,
        (View::Audit(query), Caller::Member(who)) if who.member.role == Role::Administrator => {
            audit::load(server, query).await
        }
        (View::Tracking(query), _) if caller.may_configure_tracking(server.access).is_ok() => {
            tracking_forms::load(server, query, caller.sight()).await
        }
        // What is not for them does not exist for them.
        (
            View::Quality(_)
            | View::Profile { .. }
            | View::Members
            | View::Teams
            | View::Tracking(_)
            | View::Keys(_)
            | View::Audit(_)
            | View::Privacy
            | View::SignIn(_)
            | View::Link(_)
            | View::NotFound,
            _,
        ) => Ok(PageData::NotFound),
    }
}

async fn render(server: &Server, loaded: Loaded, status: StatusCode, parts: Parts) -> Response {
    let Ok(nonce) = secret::generate() else {
        let detail = "no page can be made at the moment";
        return ApiProblem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    };
    let nonce = Nonce::from_value(nonce);
    let clock = server.zone_clock();
    let origin = origin(&parts);
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
    let policy = policy::of_page(&nonce);
    let handler = leptos_axum::render_app_async_with_context(move || provide_context(nonce.clone()), shell);
    let request = Request::from_parts(parts, Body::empty());
    let mut response: Response<Body> = handler(request).await.into_response();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.extend(policy.map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    response
}

/// Scheme, host and port as the reader sees them. Shown on the page only, never trusted.
fn origin(parts: &Parts) -> String {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = header("x-forwarded-host").or(header("host")).unwrap_or("localhost");
    format!("{scheme}://{host}")
}
