//! In place of figures where there are none to show: how to send the first event, or whom to ask for a team.

use super::copyable::Copyable;
use crate::{shell::Origin, state::PageState, view::KEYS};
use leptos::prelude::*;

/// The line that sends an event, as it works in a terminal, with a place for the key where one is needed.
fn curl(origin: &str, needs_key: bool) -> String {
    let key = if needs_key { " \\\n  -H 'authorization: Bearer KEY'" } else { "" };
    format!(
        "curl -X POST {origin}/api/v1/events{key} \\\n  -H 'content-type: application/json' \\\n  -d \
         '{{\"account\":\"acme\",\"user\":\"lisa\",\"module\":\"Dashboard\",\"action\":\"Export\"}}'"
    )
}

/// Teaches to send an event, and waits for the first.
#[component]
pub(crate) fn EmptyWorkspace() -> impl IntoView {
    let reader = PageState::expect().reader.get_value();
    // Only where nobody need sign in does somebody administer who is no member.
    let needs_key = reader.member.is_some() || !reader.may_administer;
    let key = needs_key.then(|| {
        let more = match reader.manages_members() {
            true => view! { <a href=KEYS rel="external">"make another here"</a> "." }.into_any(),
            false => view! { <code>"usage-monitor key create --name shop --grant ingest --database URL"</code> " makes another." }
                .into_any(),
        };
        view! {
            <p class="muted">
                "KEY is one that may send events. The server shows one when it first starts in a terminal; " {more}
            </p>
        }
        .into_any()
    });
    let line = curl(&expect_context::<Origin>().0, needs_key);
    view! {
        <section class="panel empty">
            <p class="waiting"><span class="pulse" aria-hidden="true"></span> "Waiting for the first event"</p>
            <h2>"Send your first event"</h2>
            <p>
                "An event says who used what: an account, a user, a module (a noun, an area of your product) and an action \
                (a verb, what the user did there). Run this in a terminal:"
            </p>
            <Copyable text=line />
            {key}
            <p class="muted">"This page turns live by itself as soon as the event is there."</p>
            <p class="muted">
                "Have a log already? " <code>"usage-monitor import FILE --database URL"</code> " reads CSV and NDJSON into the database of this server. The whole API: "
                <a href="/api/docs" rel="external">"reference"</a> "."
            </p>
        </section>
    }
    .into_any()
}

/// Whom to ask, for a reader who sees nothing because they belong to no team.
#[component]
pub(crate) fn NoTeam() -> impl IntoView {
    view! {
        <section class="panel empty">
            <h2>"You belong to no team yet"</h2>
            <p>"Ask an administrator: you see the accounts of your teams. This page shows them by itself as soon as you have one."</p>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::curl;

    #[test]
    fn the_line_is_one_command() {
        let line = curl("http://127.0.0.1:3000", false).replace(" \\\n  ", " ");
        assert_eq!(
            line,
            "curl -X POST http://127.0.0.1:3000/api/v1/events -H 'content-type: application/json' -d \
             '{\"account\":\"acme\",\"user\":\"lisa\",\"module\":\"Dashboard\",\"action\":\"Export\"}'"
        );
    }

    #[test]
    fn a_key_has_its_place() {
        assert!(curl("http://127.0.0.1:3000", true).contains(" \\\n  -H 'authorization: Bearer KEY' \\\n"));
    }
}
