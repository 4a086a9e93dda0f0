//! No page has this address.

use crate::view::{ACTIVITIES, TODAY};
use leptos::prelude::*;

/// Says so, and where to go instead.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <section class="notice-page">
            <p class="notice-code num">"404"</p>
            <h1>"There is no such page"</h1>
            <p class="muted">"The address may have been cut off or mistyped."</p>
            <p class="notice-links">
                <a class="button" href=TODAY>"Today"</a>
                <a class="button" href=ACTIVITIES>"Activities"</a>
            </p>
        </section>
    }
    .into_any()
}
