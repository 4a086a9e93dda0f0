//! An empty workspace: how to send the first event.

use crate::{browser, shell::Origin};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// The line that sends an event, as it works in a terminal.
fn curl(origin: &str) -> String {
    format!(
        "curl -X POST {origin}/api/v1/events \\\n  -H 'content-type: application/json' \\\n  -d \
         '{{\"account\":\"acme\",\"user\":\"lisa\",\"module\":\"Dashboard\",\"action\":\"Export\"}}'"
    )
}

/// Teaches to send an event, and waits for the first.
#[component]
pub(crate) fn EmptyWorkspace() -> impl IntoView {
    let line = curl(&expect_context::<Origin>().0);
    let copied = RwSignal::new(false);
    let copy = {
        let line = line.clone();
        move |_| {
            browser::copy(&line, move || {
                copied.set(true);
                Timeout::new(2_000, move || copied.set(false)).forget();
            })
        }
    };
    view! {
        <section class="panel empty">
            <p class="waiting"><span class="pulse" aria-hidden="true"></span> "Waiting for the first event"</p>
            <h2>"Send your first event"</h2>
            <p>
                "An event says who used what: an account, a user, a module (a noun, an area of your product) and an action \
                (a verb, what the user did there). Run this in a terminal:"
            </p>
            <div class="code">
                <pre tabindex="0"><code>{line}</code></pre>
                <button type="button" class="button js-only" on:click=copy>
                    {move || if copied.get() { "Copied" } else { "Copy" }}
                </button>
            </div>
            <p class="muted">"This page turns live by itself as soon as the event is there."</p>
            <p class="muted">
                "Have a log already? " <code>"usage-monitor import FILE --database URL"</code> " reads CSV and NDJSON into the database of this server. The whole API: "
                <a href="/api/docs" rel="external">"reference"</a> "."
            </p>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::curl;

    #[test]
    fn the_line_is_one_command() {
        let line = curl("http://127.0.0.1:3000").replace(" \\\n  ", " ");
        assert_eq!(
            line,
            "curl -X POST http://127.0.0.1:3000/api/v1/events -H 'content-type: application/json' -d \
             '{\"account\":\"acme\",\"user\":\"lisa\",\"module\":\"Dashboard\",\"action\":\"Export\"}'"
        );
    }
}
