//! What to say when something is not there: a lost connection, a failure, wrong parameters.

use crate::{client::ClientError, clock::ZoneClock, state::PageState, view::View};
use leptos::prelude::*;
use model::api::problem::FieldError;

/// Says that the numbers are not fresh, and from when they are. Room for it is always kept, so that nothing moves.
#[component]
pub(crate) fn ConnectionBanner() -> impl IntoView {
    let state = PageState::expect();
    let clock = ZoneClock::expect();
    let text = move || {
        let error = state.polling.failure.get()?;
        let what = match error {
            ClientError::ConnectionLost | ClientError::Aborted => "Connection lost".to_owned(),
            ClientError::Refused(problem) => problem.title.trim_end_matches('.').to_owned(),
            ClientError::Unreadable => "The server’s answer could not be read".to_owned(),
        };
        Some(match state.today.get() {
            Some(today) => format!("{what}, showing numbers from {}, retrying", clock.hms(today.as_of)),
            None => format!("{what}, retrying"),
        })
    };
    view! {
        <div class="banner-place" role="status">
            {move || {
                text().map(|text| {
                    view! {
                        <div class="banner">
                            <span>{text}</span>
                            <button type="button" class="button" on:click=move |_| state.polling.ask()>
                                "Retry now"
                            </button>
                        </div>
                    }
                })
            }}
        </div>
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

/// In place of a page whose address says something it cannot show.
#[component]
pub(crate) fn WrongParameters(
    /// What is wrong.
    errors: Vec<FieldError>,
) -> impl IntoView {
    let item = |error: FieldError| {
        let name = error.pointer.trim_start_matches('/').to_owned();
        view! { <li><code>{name}</code> " – " {error.detail}</li> }
    };
    view! {
        <section class="notice-page" role="alert">
            <h2>"This address asks for something there is not"</h2>
            <ul class="notice-list">{errors.into_iter().map(item).collect_view()}</ul>
            <p class="notice-links">
                <a class="button" href=View::activities(None).href()>"Show the last 30 days"</a>
            </p>
        </section>
    }
    .into_any()
}
