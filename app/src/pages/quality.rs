//! Data quality: what was rejected and why, and what else may be wrong with the events that are sent.

use crate::{
    clock::ZoneClock,
    components::{
        name_tables::{LateEventsTable, NewNames, SimilarNamesTable},
        notice::Failure,
        rejects::RejectedEvents,
    },
    state::PageState,
};
use leptos::prelude::*;

/// The page at `/quality`.
#[component]
pub(crate) fn QualityPage() -> impl IntoView {
    let state = PageState::expect();
    let failed = Memo::new(move |_| state.quality.get().is_none().then(|| state.quality.failure.get()).flatten());
    view! {
        <header class="page-head">
            <h1>"Data quality"</h1>
            <AsOf />
        </header>
        {move || {
            if let Some(error) = failed.get() {
                view! { <Failure error retry=move || state.polling.ask() /> }.into_any()
            } else {
                view! {
                    <div class="quality">
                        <RejectedEvents />
                        <NewNames />
                        <div class="quality-side">
                            <SimilarNamesTable />
                            <LateEventsTable />
                        </div>
                    </div>
                }
                .into_any()
            }
        }}
    }
}

/// From when this is, and in which zone.
#[component]
fn AsOf() -> impl IntoView {
    let state = PageState::expect();
    let clock = ZoneClock::expect();
    let as_of = Memo::new(move |_| {
        state.quality.get().map_or_else(|| state.workspace.with(|workspace| workspace.as_of), |quality| quality.as_of)
    });
    let zone = Memo::new(move |_| state.workspace.with(|workspace| workspace.time_zone.clone()));
    view! {
        <p class="as-of">
            "as of " <time class="num" datetime=move || as_of.get().to_string()>{move || clock.hms(as_of.get())}</time>
            "\u{a0}· " <span>{zone}</span>
        </p>
    }
    .into_any()
}
