//! Rejected events: how many for which reason, each as it was sent, and what can be done about them.

use super::help::{Definition, Help};
use crate::{
    client::{self, ClientError},
    clock::ZoneClock,
    format,
    state::{
        PageState,
        quality::{Done, Remedy},
    },
    view::View,
};
use leptos::prelude::*;
use model::{
    api::quality::{RefusedBodies, RefusedBody, RejectChoice, RejectCount, RejectEntry, Rejects},
    query::{RejectFilter, RejectsQuery},
};

/// How many rows stand in for a list that is not there yet.
const PLACEHOLDERS: usize = 5;

/// A reason in words.
fn reason(code: &str) -> String {
    match code {
        "malformed_json" => "Not JSON",
        "missing_field" => "Missing field",
        "invalid_type" => "Wrong type",
        "empty_text" => "Empty text",
        "text_too_long" => "Text too long",
        "invalid_text" => "Control character",
        "unknown_kind" => "Unknown kind",
        "count_out_of_range" => "Count out of range",
        "too_many_attributes" => "Too many attributes",
        "invalid_time" => "Unreadable time",
        "time_out_of_range" => "Time before 1970",
        "time_in_future" => "Too far in the future",
        "time_before_retention" => "Older than events are kept",
        "event_too_large" => "Event too large",
        "unknown_account" => "Unknown account",
        "unsupported_call" => "Unsupported call",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// A protocol by its name.
fn protocol(name: &str) -> String {
    match name {
        "events" => "Events API",
        "segment" => "Segment",
        "posthog" => "PostHog",
        "totango" => "Totango",
        "vitally" => "Vitally",
        other => other,
    }
    .to_owned()
}

/// With which key something came.
fn from_key(key: Option<String>) -> String {
    key.map_or_else(|| "no key".to_owned(), |key| format!("key {key}"))
}

/// The whole section.
#[component]
pub(crate) fn RejectedEvents() -> impl IntoView {
    let state = PageState::expect().quality;
    let counts = state.part(|quality| quality.rejects.clone());
    let filter = Memo::new(move |_| state.query.with(|query| query.filter.clone()));
    let kept = Memo::new(move |_| counts.with(|counts| counts.as_ref().map(|counts| counts.kept)));
    let by_code = Memo::new(move |_| counts.with(|counts| counts.as_ref().map(|counts| counts.by_code.clone())));
    let by_protocol =
        Memo::new(move |_| counts.with(|counts| counts.as_ref().map(|counts| counts.by_protocol.clone())));
    let by_key = Memo::new(move |_| counts.with(|counts| counts.as_ref().map(|counts| counts.by_key.clone())));
    let is_shown =
        Memo::new(move |_| kept.get() != Some(0) || filter.with(|filter| *filter != RejectFilter::default()));
    let list = move || {
        if is_shown.get() {
            view! {
                <div class="facets">
                    <Facet name="Reason" counts=by_code filter part=|filter| &mut filter.code word=reason />
                    <Facet name="Protocol" counts=by_protocol filter part=|filter| &mut filter.protocol word=protocol />
                    <Facet name="Key" counts=by_key filter part=|filter| &mut filter.key word=str::to_owned />
                </div>
                <Remedies filter />
                <RejectTable filter />
            }
            .into_any()
        } else {
            view! {
                <p class="nothing">
                    "Nothing was rejected. An event that breaks a rule is not lost: it is kept here as it was sent, with the \
                     reason, the key and the time, until it is mended and replayed, or dismissed."
                </p>
            }
            .into_any()
        }
    };
    view! {
        <section class="panel rejects" aria-labelledby="rejects-title">
            <h2 id="rejects-title">"Rejected events " <Help definition=Definition::RejectedEvents /></h2>
            <Outcome />
            <Refused />
            {move || list()}
        </section>
    }
    .into_any()
}

/// Bodies that were refused whole, of which nothing is kept. Left out where there are none.
#[component]
fn Refused() -> impl IntoView {
    let refused = PageState::expect().quality.part(|quality| quality.refused_bodies.clone());
    let clock = ZoneClock::expect();
    let line = move || {
        let RefusedBodies { bodies, newest } = refused.get()?;
        let RefusedBody { received, day, protocol: name, key, detail } = newest?;
        let count = format::counted(i64::try_from(bodies).unwrap_or(i64::MAX), "request");
        let when = format!("{}, {}", format::day_and_month(day), clock.hms(received));
        let from = from_key(key);
        let line = view! {
            <p class="refused">
                {count} " refused whole since this server started, and not kept. The newest: "
                <time class="num" datetime=received.to_string()>{when}</time>
                ", " {protocol(name.as_str())} ", " {from} ". " <span class="muted">{detail}</span>
            </p>
        };
        Some(line.into_any())
    };
    view! { {move || line()} }
}

/// Counts of what rejected events have in common, each a link to them. Left out where there is nothing to choose.
#[component]
fn Facet(
    /// What they have in common.
    name: &'static str,
    /// How many of each.
    counts: Memo<Option<Vec<RejectCount>>>,
    /// What is chosen.
    filter: Memo<RejectFilter>,
    /// The part of the filter that chooses it.
    part: fn(&mut RejectFilter) -> &mut Option<String>,
    /// What is said of it.
    word: fn(&str) -> String,
) -> impl IntoView {
    let with = move |value: Option<String>| {
        let mut filter = filter.get();
        *part(&mut filter) = value;
        filter
    };
    let chosen = Memo::new(move |_| part(&mut filter.get()).clone());
    let link = move |value: Option<String>, text: String, count: Option<i64>| {
        let is_chosen = chosen.get() == value;
        view! {
            <a
                class="segment"
                href=View::rejects(with(value)).href()
                data-noscroll=""
                aria-current=is_chosen.then_some("true")
            >
                {text} " "
                {count.map(|count| view! { <span class="num count">{format::number(count)}</span> }.into_any())}
            </a>
        }
        .into_any()
    };
    let links = move || {
        let counts = counts.get().unwrap_or_default();
        let chosen = chosen.get();
        // What is chosen stays to be seen when the last of it is gone.
        let is_gone = |chosen: &String| counts.iter().all(|count| count.name.as_ref() != Some(chosen));
        let gone = chosen.clone().filter(is_gone).map(|gone| RejectCount { name: Some(gone), rejects: 0 });
        let each = counts.iter().cloned().chain(gone).map(|RejectCount { name, rejects }| match name {
            Some(name) => {
                let text = word(&name);
                link(Some(name), text, Some(rejects))
            }
            None => view! {
                <span class="segment">"none " <span class="num count">{format::number(rejects)}</span></span>
            }
            .into_any(),
        });
        (counts.len() > 1 || chosen.is_some()).then(|| {
            view! {
                <nav class="facet" aria-label=name>
                    <span class="facet-name muted" aria-hidden="true">{name}</span>
                    <span class="segments">{link(None, "All".to_owned(), None)} {each.collect_view()}</span>
                </nav>
            }
            .into_any()
        })
    };
    view! { {move || links()} }
}

/// How many match, what can be done about all of them, and the files.
#[component]
fn Remedies(
    /// What is chosen.
    filter: Memo<RejectFilter>,
) -> impl IntoView {
    let state = PageState::expect().quality;
    let matching =
        Memo::new(move |_| state.rejects.get().map_or((0, None), |rejects| (rejects.matching, rejects.newest)));
    let text = move || format::counted(matching.get().0, "event");
    let choice = move || filter.get_untracked().choice(matching.get_untracked().1);
    let file = move |extension: &'static str| move || filter.with(|filter| client::rejects_href(filter, extension));
    let remedies = move || {
        (matching.get().0 > 0).then(|| {
            view! {
                <RemedyButton remedy=Remedy::Replay of=" all" choice />
                <RemedyButton remedy=Remedy::Dismiss of=" all" choice />
            }
            .into_any()
        })
    };
    view! {
        <div class="table-head">
            <p class="num" role="status">{move || text()}</p>
            <span class="remedies js-only">{move || remedies()}</span>
            <p class="muted without-js-only">"Replaying and dismissing need JavaScript."</p>
            <span class="files">
                <a class="button" href=file("ndjson") download="" rel="external" title="To mend and send again">"NDJSON"</a>
                <a class="button" href=file("csv") download="" rel="external">"CSV"</a>
            </span>
        </div>
    }
    .into_any()
}

/// Does something about rejected events. What cannot be undone is asked about first.
#[component]
fn RemedyButton(
    /// What it does.
    remedy: Remedy,
    /// About which, in words.
    of: &'static str,
    /// About which.
    choice: impl Fn() -> RejectChoice + Send + 'static,
) -> impl IntoView {
    let PageState { quality, polling, reader, .. } = PageState::expect();
    if !reader.with_value(|reader| reader.may_administer) {
        return ().into_any();
    }
    let asked = RwSignal::new(false);
    let text = move || match (remedy, asked.get()) {
        (Remedy::Replay, _) => format!("Replay{of}"),
        (Remedy::Dismiss, false) => format!("Dismiss{of}"),
        (Remedy::Dismiss, true) => format!("Dismiss{of} for good?"),
    };
    let click = move |_| {
        if remedy == Remedy::Dismiss && !asked.get_untracked() {
            asked.set(true);
        } else {
            asked.set(false);
            quality.apply(remedy, choice(), polling);
        }
    };
    view! {
        <button
            type="button"
            class="button"
            aria-disabled=move || quality.busy.get().then_some("true")
            on:click=click
            on:blur=move |_| asked.set(false)
        >
            {move || text()}
        </button>
    }
    .into_any()
}

/// What came of the last remedy. It stays until the next one.
#[component]
fn Outcome() -> impl IntoView {
    let state = PageState::expect().quality;
    let text = move || {
        let text = match state.done.get()? {
            Done::Replayed(answer) => {
                let count = |count: u64| format::number(i64::try_from(count).unwrap_or(i64::MAX));
                let (replayed, duplicates) = (count(answer.replayed), count(answer.duplicates));
                format!("{replayed} stored, {duplicates} known already, {} still rejected.", count(answer.rejected))
            }
            Done::Dismissed(answer) => {
                let dismissed = i64::try_from(answer.dismissed).unwrap_or(i64::MAX);
                format!("{} dismissed.", format::counted(dismissed, "event"))
            }
            Done::Failed(error) => error.to_string(),
        };
        Some(text)
    };
    let failed = move || matches!(state.done.get(), Some(Done::Failed(_)));
    view! {
        <p class="outcome" class:failed=failed role="status">
            {move || text()}
        </p>
    }
    .into_any()
}

/// The events, newest first.
#[component]
fn RejectTable(
    /// What is chosen.
    filter: Memo<RejectFilter>,
) -> impl IntoView {
    let answer = PageState::expect().quality.rejects;
    let rows = move || answer.get().map(|rejects| rejects.rejects.clone()).unwrap_or_default();
    let placeholders = move || {
        let count = if answer.get().is_none() { PLACEHOLDERS } else { 0 };
        (0..count)
            .map(|_| view! { <tr aria-hidden="true"><td colspan="5"><span class="skeleton"></span></td></tr> })
            .collect_view()
            .into_any()
    };
    let none = move || {
        answer.get().is_some_and(|rejects| rejects.rejects.is_empty()).then(|| {
            let all = View::rejects(RejectFilter::default()).href();
            view! { <p class="nothing">"None of those that are kept. " <a href=all data-noscroll="">"Show all"</a></p> }
                .into_any()
        })
    };
    let failure = move || {
        let error = answer.failure.get()?;
        // While the connection is lost, the banner says so already.
        (error != ClientError::ConnectionLost)
            .then(|| view! { <p class="failed" role="alert">{error.to_string()}</p> }.into_any())
    };
    let head = ["When", "Reason", "Field", "From", "Event"].map(|name| view! { <th scope="col">{name}</th> });
    view! {
        {move || failure()}
        <div class="scroll" class:loading=move || answer.loading.get()>
            <table class="figures reject-table">
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>
                    // A row stays as it is, open or not, until its reason changes.
                    <For each=rows key=|reject| (reject.id, reject.detail.clone()) let:reject>
                        {row(reject)}
                    </For>
                    {move || placeholders()}
                </tbody>
            </table>
        </div>
        {move || none()}
        <Pager filter />
    }
    .into_any()
}

fn row(reject: RejectEntry) -> impl IntoView {
    let RejectEntry { id, received, day, protocol: name, key, code, detail, pointer, body, .. } = reject;
    let when = format!("{}, {}", format::day_and_month(day), ZoneClock::expect().hms(received));
    let from = from_key(key);
    let choice = move || RejectChoice { ids: Some(vec![id]), ..RejectChoice::default() };
    view! {
        <tr>
            <th scope="row" class="num when">
                <time datetime=received.to_string()>{when}</time>
            </th>
            <td class="reason">{reason(&code)} " " <span class="muted">{detail}</span></td>
            <td class="field"><code>{if pointer.is_empty() { "–".to_owned() } else { pointer }}</code></td>
            <td class="from">{protocol(&name)} " " <span class="muted">{from}</span></td>
            <td class="sent">
                <details>
                    <summary><code>{body.clone()}</code></summary>
                    <pre tabindex="0">{body}</pre>
                    <span class="remedies js-only">
                        <RemedyButton remedy=Remedy::Replay of="" choice />
                        <RemedyButton remedy=Remedy::Dismiss of="" choice />
                    </span>
                </details>
            </td>
        </tr>
    }
    .into_any()
}

/// The ways to older and to the newest events.
#[component]
fn Pager(
    /// What is chosen.
    filter: Memo<RejectFilter>,
) -> impl IntoView {
    let state = PageState::expect().quality;
    let newest = move || {
        state
            .query
            .with(|query| query.before.is_some())
            .then(|| view! { <a class="button" href=View::rejects(filter.get()).href()>"Newest"</a> }.into_any())
    };
    let older = move || {
        let next = state.rejects.get().and_then(|rejects: std::sync::Arc<Rejects>| rejects.next.clone())?;
        let query = RejectsQuery { before: Some(next), ..RejectsQuery::of(filter.get()) };
        Some(view! { <a class="button" href=View::Quality(query).href()>"Older"</a> }.into_any())
    };
    let links = move || {
        let links = (newest(), older());
        (links.0.is_some() || links.1.is_some()).then(|| {
            view! {
                <footer class="pager">
                    <span class="pager-links">{links.0} {links.1}</span>
                </footer>
            }
            .into_any()
        })
    };
    view! { {move || links()} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_even_one_that_is_new() {
        assert_eq!(reason("time_in_future"), "Too far in the future");
        assert_eq!(reason("no_account"), "no account");
        assert_eq!(protocol("posthog"), "PostHog");
    }
}
