//! Single sign-on: the way to the provider, and back.

use super::{
    address::address,
    cookie,
    form::browser,
    page,
    pairs::Parameters,
    problem::ApiProblem,
    same_origin,
    sign_in::{self, within},
};
use crate::{
    Server,
    members::single_sign_on::{Arrival, ProviderError, SignOnError, SingleSignOn},
    store::StaysOut,
    task::carry_out,
};
use app::view::View;
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::{
        member::{Reader, SentForm},
        problem::FieldError,
    },
    query::Pairs,
};

/// Sends a browser off to the provider. Where a page of another origin asks for it, its reader is asked first: else any page
/// could have them signed in, and take the place of what they began themselves.
pub(super) async fn get_departure(State(server): State<Server>, mut parts: Parts) -> Result<Response, ApiProblem> {
    let Parameters(pairs) = Parameters::from_request_parts(&mut parts, &server).await?;
    let to = within(value(&pairs, "return").unwrap_or_default()).to_owned();
    let Some(single_sign_on) = server.single_sign_on.clone() else {
        return Ok(Redirect::to(&View::SignIn(to).href()).into_response());
    };
    if same_origin::check_browser(&parts.headers).is_err() {
        return Ok(Redirect::to(&View::SignIn(to).href()).into_response());
    }
    let wanted = to.clone();
    match carry_out(async move { single_sign_on.depart(&wanted).await }).await {
        Ok(departure) => {
            let mut response = Redirect::to(&departure.address).into_response();
            cookie::keep_attempt(response.headers_mut(), &departure.attempt);
            Ok(response)
        }
        Err(error) => Ok(answer(&server, parts, &to, error).await),
    }
}

/// Takes a browser back from the provider.
pub(super) async fn get_arrival(State(server): State<Server>, mut parts: Parts) -> Result<Response, ApiProblem> {
    let Parameters(pairs) = Parameters::from_request_parts(&mut parts, &server).await?;
    let Some(single_sign_on) = server.single_sign_on.clone() else {
        return Ok(Redirect::to(&View::SignIn(String::new()).href()).into_response());
    };
    let text = |name: &str| value(&pairs, name).map(str::to_owned);
    let arrival = Arrival {
        attempt: cookie::value(&parts.headers, cookie::ATTEMPT),
        state: text("state").unwrap_or_default(),
        code: text("code").unwrap_or_default(),
        issuer: text("iss"),
        error: text("error"),
    };
    let to = within(&SingleSignOn::destination(&arrival)).to_owned();
    let browser = browser(&parts, address(&parts, &server.proxies));
    let arrived = carry_out(async move { single_sign_on.arrive(arrival, &browser).await }).await;
    // What others send a browser here with leaves it what it began itself.
    let is_over = !matches!(arrived, Err(SignOnError::NotBegun));
    let mut response = match arrived {
        Ok(admission) => sign_in::admitted(&admission, &to),
        Err(error) => answer(&server, parts, &to, error).await,
    };
    if is_over {
        cookie::forget_attempt(response.headers_mut());
    }
    Ok(response)
}

fn value<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().find(|(pair, _)| pair == name).map(|(_, value)| value.as_str())
}

/// The page for signing in, with why nobody was.
async fn answer(server: &Server, parts: Parts, to: &str, error: SignOnError) -> Response {
    let retry_after = match &error {
        SignOnError::TooMany(seconds) => Some(*seconds),
        _ => None,
    };
    match error {
        // Anyone can have these, as often as they like.
        SignOnError::NotBegun
        | SignOnError::Declined
        | SignOnError::TooMany(_)
        | SignOnError::Provider(ProviderError::AskedBefore) => {
            tracing::debug!(%error, "nobody was signed in by single sign-on");
        }
        _ => tracing::warn!(%error, "nobody was signed in by single sign-on"),
    }
    let (status, detail) = explained(&error);
    let form = SentForm {
        values: vec![("return".to_owned(), to.to_owned())],
        errors: vec![FieldError { pointer: String::new(), detail }],
    };
    let data = sign_in::page_data(server, form).await.map_err(|problem| *problem.0);
    let mut response = page::answer(server, parts, Reader::default(), data).await;
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What happened and what to do, in words for who wanted to sign in. What the provider said is for the log alone.
fn explained(error: &SignOnError) -> (StatusCode, String) {
    let (status, text) = match error {
        SignOnError::NotBegun | SignOnError::StaysOut(StaysOut::Used, _) => (
            StatusCode::BAD_REQUEST,
            "This was not begun in this browser, or too long ago, or is over. Begin again from here",
        ),
        SignOnError::Declined => {
            (StatusCode::FORBIDDEN, "You were not signed in, as was asked for. Try again if you like")
        }
        SignOnError::StaysOut(StaysOut::Disabled, _) => {
            (StatusCode::FORBIDDEN, "An administrator says that you can't sign in. Ask them")
        }
        SignOnError::StaysOut(StaysOut::MayNotJoin, _) => (
            StatusCode::FORBIDDEN,
            "You are no member yet, and in no group that may come in. Ask an administrator to invite you",
        ),
        SignOnError::StaysOut(StaysOut::EmailNotVerified, _) => (
            StatusCode::FORBIDDEN,
            "Your provider does not say that your e-mail address is yours, which it must the first time. Have the address \
             verified there, or ask an administrator",
        ),
        SignOnError::StaysOut(StaysOut::SomebodyElse, _) => (
            StatusCode::FORBIDDEN,
            "The member with your e-mail address is somebody else to your provider. Ask an administrator",
        ),
        SignOnError::TooMany(seconds) => {
            let text = format!("Too many attempts failed. Try again in {seconds} seconds");
            return (StatusCode::TOO_MANY_REQUESTS, text);
        }
        SignOnError::Provider(_) => (
            StatusCode::BAD_GATEWAY,
            "Your provider did not say who you are, or not so that it can be believed. Try again; if that does not help, \
             tell whoever runs this server: its log says more",
        ),
        SignOnError::Member(_) => (StatusCode::SERVICE_UNAVAILABLE, "That could not be done at the moment. Try again"),
    };
    (status, text.to_owned())
}
