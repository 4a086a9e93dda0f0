//! What to say when something is not there: a lost connection, a failure, wrong parameters.

use crate::{
    Loaded, PageData, client::ClientError, clock::ZoneClock, pages::not_found::NotFoundPage, state::PageState,
    view::View,
};
use leptos::prelude::*;
use model::api::problem::FieldError;

/// Says that the numbers are not fresh, and from when they are. Room for it is always kept, so that nothing moves.
#[component]
pub(crate) fn ConnectionBanner() -> impl IntoView {
    let state = PageState::expect();
    let clock = ZoneClock::expect();
    let is_signed_out = Memo::new(
        move |_| matches!(state.polling.failure.get(), Some(ClientError::Refused(problem)) if problem.status == 401),
    );
    let text = move || {
        let error = state.polling.failure.get()?;
        let what = match error {
            ClientError::Refused(_) if is_signed_out.get() => "Signed out".to_owned(),
            ClientError::ConnectionLost | ClientError::Aborted => "Connection lost".to_owned(),
            ClientError::Refused(problem) => problem.title.trim_end_matches('.').to_owned(),
            ClientError::Unreadable => "The server’s answer could not be read".to_owned(),
        };
        let as_of = match state.view.get() {
            View::Quality(_) => state.quality.get().map(|quality| quality.as_of),
            _ => state.today.get().map(|today| today.as_of),
        };
        let retrying = if is_signed_out.get() { "" } else { ", retrying" };
        Some(match as_of {
            Some(as_of) => format!("{what}, showing numbers from {}{retrying}", clock.hms(as_of)),
            None => format!("{what}{retrying}"),
        })
    };
    let remedy = move || {
        if is_signed_out.get() {
            let to = View::SignIn(state.view.with(View::href)).href();
            return view! { <a class="button" rel="external" href=to>"Sign in"</a> }.into_any();
        }
        view! {
            <button type="button" class="button" on:click=move |_| state.polling.ask()>
                "Retry now"
            </button>
        }
        .into_any()
    };
    view! {
        <div class="banner-place" role="status">
            {move || {
                text().map(|text| {
                    view! {
                        <div class="banner">
                            <span>{text}</span>
                            {remedy()}
                        </div>
                    }.into_any()
                })
            }}
        </div>
    }
    .into_any()
}

/// In place of a page that was rendered without its data: why, where that is known.
#[component]
pub(crate) fn NotLoaded() -> impl IntoView {
    let view = PageState::expect().view;
    let why = match expect_context::<Loaded>().data {
        // What is not for the reader does not exist for them.
        Ok(PageData::NotFound) => return view! { <NotFoundPage /> }.into_any(),
        Ok(_) => None,
        Err(problem) => Some(ClientError::Refused(problem).to_string()),
    };
    view! {
        <section class="notice-page" role="alert">
            <h1>"This page could not be loaded"</h1>
            <p class="muted">{why}</p>
            <p class="notice-links">
                <a class="button" rel="external" href=move || view.get().href()>"Reload the page"</a>
            </p>
        </section>
    }
    .into_any()
}

/// In place of numbers that could not be had.
#[component]
pub(crate) fn Failure(
    /// Why not.
    error: ClientError,
    /// Tries again.
    retry: impl Fn() + 'static,
) -> impl IntoView {
    let view = PageState::expect().view;
    view! {
        <section class="notice-page" role="alert">
            <h2>"These numbers could not be loaded"</h2>
            <p class="muted">{error.to_string()}</p>
            <p class="notice-links">
                <button type="button" class="button js-only" on:click=move |_| retry()>
                    "Retry"
                </button>
                <a class="button" rel="external" href=move || view.get().href()>"Reload the page"</a>
            </p>
        </section>
    }
    .into_any()
}

/// In place of rows where there are none. `account` is whose alone were asked for: nobody may know it, which must not
/// look like one that is quiet.
pub(crate) fn nothing(account: Option<String>, when: &str) -> impl IntoView + use<> {
    let text = match account {
        Some(account) => format!("No activity by account “{account}” {when}"),
        None => format!("No activity {when}"),
    };
    view! { <p class="nothing">{text}</p> }.into_any()
}

/// Says what in the address is wrong.
#[component]
pub(crate) fn WrongParameters(
    /// What is wrong.
    errors: Vec<FieldError>,
) -> impl IntoView {
    let item = |error: FieldError| {
        let name = error.pointer.trim_start_matches('/');
        view! { <li>{format!("{name}: {}", error.detail)}</li> }
    };
    view! {
        <div class="wrong-parameters" role="alert">
            <p>"This cannot be shown:"</p>
            <ul>{errors.into_iter().map(item).collect_view()}</ul>
        </div>
    }
    .into_any()
}
