//! Today's activity stream.

use super::{
    help::{Definition, Help},
    notice::nothing,
};
use crate::{
    browser,
    clock::ZoneClock,
    format,
    state::{
        PageState,
        stream::{LIST_ID, ShownEntry},
    },
    view::View,
};
use leptos::prelude::*;
use model::{
    api::today::{StreamEntry, Use},
    instant::Instant,
    query::StreamQuery,
};

const TITLE_ID: &str = "stream-title";

/// The stream with its Auto refresh switch, new entries on demand, and older ones page by page.
#[component]
pub(crate) fn ActivityStream() -> impl IntoView {
    let stream = PageState::expect().stream;
    let entries = move || stream.entries().unwrap_or_default();
    let is_empty = move || stream.entries().is_some_and(|entries| entries.is_empty());
    let placeholders = move || {
        let count = if stream.entries().is_none() { 8 } else { 0 };
        (0..count)
            .map(|_| view! { <li aria-hidden="true" class="entry-place"><span class="skeleton"></span></li> })
            .collect_view()
            .into_any()
    };
    let only = move || {
        stream.account().map(|account| {
            view! {
                <div class="chips">
                    <span class="chip">
                        "Account " <strong>{account}</strong>
                        <a href=View::today(stream.team()).href() aria-label="Show all accounts">"×"</a>
                    </span>
                </div>
            }
            .into_any()
        })
    };
    let newest = move || {
        stream.is_older_page().then(|| {
            let newest =
                View::Today(StreamQuery { account: stream.account(), team: stream.team(), ..StreamQuery::default() });
            view! { <a class="older" href=newest.href() data-noscroll="">"Back to the newest"</a> }.into_any()
        })
    };
    view! {
        <section class="panel stream">
            <header class="stream-head">
                <h2 id=TITLE_ID tabindex="-1">"Activity stream " <Help definition=Definition::ActivityStream /></h2>
                <NewEntries />
                <AutoRefresh />
            </header>
            {move || only()} {move || newest()}
            <div id=LIST_ID class="stream-scroll">
                <ol class="entries">
                    <For each=entries key=|entry| entry.key.clone() let:entry>
                        <Entry entry />
                    </For>
                    {move || placeholders()}
                </ol>
                {move || is_empty().then(|| nothing(stream.account(), "today"))}
                <Older />
            </div>
        </section>
    }
    .into_any()
}

/// Says how many new entries wait, and shows them. Its place is always kept.
#[component]
fn NewEntries() -> impl IntoView {
    let stream = PageState::expect().stream;
    let waiting = Memo::new(move |_| stream.waiting());
    let show = move |_| {
        stream.show_waiting();
        browser::scroll_to_top(LIST_ID);
        browser::focus(TITLE_ID);
    };
    view! {
        <span class="news-place" role="status">
            {move || {
                let count = waiting.get();
                (count > 0)
                    .then(|| {
                        view! {
                            <button type="button" class="news" on:click=show>
                                {format!("{count} new")}
                            </button>
                        }.into_any()
                    })
            }}
        </span>
    }
    .into_any()
}

#[component]
fn AutoRefresh() -> impl IntoView {
    let stream = PageState::expect().stream;
    let is_on = stream.auto_refresh;
    view! {
        <button
            type="button"
            role="switch"
            class="switch js-only"
            aria-checked=move || if is_on.get() { "true" } else { "false" }
            aria-keyshortcuts="r"
            on:click=move |_| stream.set_auto_refresh(!is_on.get_untracked())
        >
            <span class="switch-track" aria-hidden="true"></span>
            "Auto refresh"
        </button>
    }
    .into_any()
}

/// Leads to older entries: appends them, or without JavaScript opens the page of them.
#[component]
fn Older() -> impl IntoView {
    let stream = PageState::expect().stream;
    let failure = move || {
        stream.failure.get().map(|error| view! { <p class="failed" role="alert">{error.to_string()}</p> }.into_any())
    };
    let link = move || {
        stream.older().map(|older| {
            let append = move |event: leptos::ev::MouseEvent| {
                if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
                    event.prevent_default();
                    stream.append_older();
                }
            };
            view! {
                <a class="older" href=older.href() on:click=append>
                    {move || if stream.loading_older.get() { "Loading older entries …" } else { "Older" }}
                </a>
            }
            .into_any()
        })
    };
    view! { {move || failure()} {move || link()} }
}

/// What a user did in a module today. Opens to the single uses.
#[component]
fn Entry(
    /// Which entry; what it says may change.
    entry: ShownEntry,
) -> impl IntoView {
    let now = PageState::expect().now;
    let clock = ZoneClock::expect();
    let entry = entry.entry;
    let part = |read: fn(&StreamEntry) -> String| {
        let entry = entry.clone();
        Signal::derive(move || entry.with(read))
    };
    let online = {
        let entry = entry.clone();
        Memo::new(move |_| entry.with(|entry| entry.online))
    };
    let last_at = {
        let entry = entry.clone();
        Memo::new(move |_| entry.with(|entry| entry.last_at))
    };
    let uses = {
        let entry = entry.clone();
        move || entry.with(|entry| uses(entry, now.get()))
    };
    let links = {
        let entry = entry.clone();
        move || entry.with(links)
    };
    let presence = move || if online.get() { "User online now" } else { "User offline" };
    view! {
        <li>
            <details class="entry">
                <summary>
                    <span class="dot" class:online=online title=presence>
                        <span class="visually-hidden">{move || presence()}</span>
                    </span>
                    <span class="entry-who">
                        <strong>{part(|entry| entry.user.name.clone())}</strong>
                        <span class="muted">{part(|entry| entry.account.name.clone())}</span>
                    </span>
                    <time
                        class="entry-when muted num"
                        datetime=move || last_at.get().to_string()
                        title=move || clock.hm(last_at.get())
                    >
                        {move || format::ago(now.get(), last_at.get())}
                    </time>
                    <span class="entry-what">
                        <span>{part(|entry| entry.module.clone())}</span>
                        <span class="muted">{part(actions)}</span>
                    </span>
                    <span class="entry-count num">
                        {part(|entry| format::number(entry.count))} <span class="visually-hidden">" actions"</span>
                    </span>
                </summary>
                <div class="entry-open">
                    <ul class="uses">{move || uses()}</ul>
                    {move || links()}
                </div>
            </details>
        </li>
    }
    .into_any()
}

/// Each action with its count: `View 3, Export 1`.
fn actions(entry: &StreamEntry) -> String {
    let each = |action: &model::api::today::ActionCount| format!("{} {}", action.action, format::number(action.count));
    entry.actions.iter().map(each).collect::<Vec<_>>().join(", ")
}

/// The single uses, newest first, those of the same age together, and how many more there were before them.
fn uses(entry: &StreamEntry, now: Instant) -> impl IntoView + use<> {
    let mut lines: Vec<(String, String, i64)> = Vec::new();
    for Use { action, at, count } in &entry.uses {
        // Uses are known to the minute, the last one exactly: list and entry must not tell two ages of it.
        let is_last = (0..60_000).contains(&(entry.last_at.millis() - at.millis()));
        let ago = format::ago(now, if is_last { entry.last_at } else { *at });
        match lines.iter_mut().find(|(known, when, _)| known == action && *when == ago) {
            Some((_, _, total)) => *total += count,
            None => lines.push((action.clone(), ago, *count)),
        }
    }
    let earlier = entry.count - entry.uses.iter().map(|single| single.count).sum::<i64>();
    let line = |(action, ago, count): (String, String, i64)| {
        view! { <li><span class="num">{format::number(count)} " × "</span> {action} ", " <span class="muted">{ago}</span></li> }
    };
    view! {
        {lines.into_iter().map(line).collect_view()}
        {(earlier > 0).then(|| view! { <li class="muted">{format!("and {} earlier today", format::number(earlier))}</li> }.into_any())}
    }
    .into_any()
}

/// Where the entry's account leads.
fn links(entry: &StreamEntry) -> impl IntoView + use<> {
    let account = entry.account.id.clone();
    let team = PageState::expect().stream.team();
    let usage = View::activities(Some(account.clone()), team.clone()).href();
    let only = View::Today(StreamQuery { account: Some(account), team, ..StreamQuery::default() }).href();
    let name = entry.account.name.clone();
    view! {
        <div class="entry-links">
            <a href=usage>"Usage of " {name.clone()}</a>
            <a href=only data-noscroll="">"Only " {name} " here"</a>
        </div>
    }
    .into_any()
}
