//! Single-key shortcuts, and the dialog that lists them.

use super::{
    period_picker::{over, period_key, period_name},
    usage_table::FILTER_ID,
};
use crate::{
    browser,
    state::PageState,
    view::{QUALITY, View},
};
use leptos::{ev::KeyboardEvent, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::period::PeriodChoice;

/// Listens for keys, and lists them. Keys typed into a field, or with a modifier, are left alone.
#[component]
pub(crate) fn Shortcuts(
    /// The dialog, so that others can open it.
    dialog: NodeRef<html::Dialog>,
) -> impl IntoView {
    let state = PageState::expect();
    let navigate = use_navigate();
    let act = move |key: &str| -> bool {
        if state.view.with_untracked(View::is_bare) {
            return false;
        }
        let period = PeriodChoice::NAMED.into_iter().find(|period| period_key(*period) == key);
        match (key, period, state.view.get_untracked()) {
            ("t", _, view) => navigate(&View::today(view.team()).href(), NavigateOptions::default()),
            ("a", _, view) => navigate(&View::activities(None, view.team()).href(), NavigateOptions::default()),
            ("d", ..) if state.workspace.with_untracked(|workspace| workspace.sees_all_accounts) => {
                navigate(QUALITY, NavigateOptions::default());
            }
            ("/", _, View::Activities(_)) => browser::focus(FILTER_ID),
            ("r", _, View::Today(_)) => {
                state.stream.set_auto_refresh(!state.stream.auto_refresh.get_untracked());
            }
            ("?", ..) => open(dialog),
            (_, Some(period), View::Activities(query)) => {
                let scroll = NavigateOptions { scroll: false, ..NavigateOptions::default() };
                navigate(&over(&query.unwrap_or_default(), period).href(), scroll);
            }
            _ => return false,
        }
        true
    };
    Effect::new(move |_| {
        let act = act.clone();
        let handle = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
            let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
            let elsewhere =
                browser::takes_text(event.target()) || dialog.get_untracked().is_some_and(|dialog| dialog.open());
            if !modified && !elsewhere && act(&event.key()) {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
    let periods = PeriodChoice::NAMED.map(|period| entry(period_key(period), period_name(period)));
    view! {
        <dialog node_ref=dialog class="shortcuts" aria-labelledby="shortcuts-title">
            <form method="dialog">
                <header>
                    <h2 id="shortcuts-title">"Keyboard shortcuts"</h2>
                    <button type="submit" class="help" aria-label="Close">"×"</button>
                </header>
                <dl>
                    {entry("t", "Today")} {entry("a", "Activities")} {entry("d", "Data quality")} {periods} {entry("/", "Filter the table")}
                    {entry("r", "Auto refresh on or off")} {entry("← →", "From bar to bar in a chart")}
                    {entry("?", "This list")} {entry("Esc", "Close")}
                </dl>
            </form>
        </dialog>
    }
    .into_any()
}

/// Opens the list. Only for the browser.
pub(crate) fn open(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        // It refuses only where it is open already.
        let _ = dialog.show_modal();
    }
}

fn entry(key: &'static str, what: &'static str) -> impl IntoView {
    view! {
        <div>
            <dt>{what}</dt>
            <dd>
                <kbd>{key}</kbd>
            </dd>
        </div>
    }
}
