//! A line to be copied from the page.

use crate::browser;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// The line, with a button that copies it where there is JavaScript.
#[component]
pub(crate) fn Copyable(
    /// The line.
    text: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = {
        let text = text.clone();
        move |_| {
            browser::copy(&text, move || {
                copied.set(true);
                Timeout::new(2_000, move || copied.set(false)).forget();
            })
        }
    };
    view! {
        <div class="code">
            <pre tabindex="0"><code>{text}</code></pre>
            <button type="button" class="button js-only" on:click=copy>
                {move || if copied.get() { "Copied" } else { "Copy" }}
            </button>
        </div>
    }
    .into_any()
}
