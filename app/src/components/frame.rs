//! The page's frame.
use leptos::prelude::*;

/// Frame.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    view! { <main>"Usage Monitor"</main> }
}
