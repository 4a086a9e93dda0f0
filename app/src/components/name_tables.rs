//! Names that are new, names that look alike, and the accounts with late events.

use super::help::{Definition, Help};
use crate::{format, state::PageState, view::View};
use leptos::prelude::*;
use model::{
    api::quality::{FirstSeen, LISTED, LateEvents, NameKind, SimilarNames},
    period::Period,
};

/// A section with a table, or what to say where it has no rows.
#[component]
fn Section(
    /// Its name.
    title: &'static str,
    /// What it lists.
    definition: Definition,
    /// The heads of the columns with their class: `figure`, or `wide` for what a narrow page leaves out.
    columns: &'static [(&'static str, &'static str)],
    /// How many entries there are; `None` before they are there.
    count: Memo<Option<usize>>,
    /// What to say where there is none.
    nothing: &'static str,
    /// The rows.
    #[prop(into)]
    rows: ViewFn,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| count.get() == Some(0));
    let more = move || {
        count
            .get()
            .is_some_and(|count| count >= LISTED)
            .then(|| view! { <p class="muted">{format!("No more than {LISTED} are listed.")}</p> }.into_any())
    };
    let table = move || {
        if is_empty.get() {
            return view! { <p class="nothing">{nothing}</p> }.into_any();
        }
        let head = columns.iter().map(|(name, class)| view! { <th scope="col" class=*class>{*name}</th> });
        let rows = rows.clone();
        view! {
            <div class="scroll names-scroll" tabindex="0" role="group" aria-label=title>
                <table class="figures names">
                    <thead>
                        <tr>{head.collect_view()}</tr>
                    </thead>
                    <tbody>{move || rows.run()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="panel">
            <h2>{title} <Help definition /></h2>
            {move || table()}
            {move || more()}
        </section>
    }
    .into_any()
}

/// A name exactly as it was sent: space in it is to be seen.
fn exact(name: String) -> impl IntoView {
    view! { <span class="exact">{name}</span> }
}

/// Modules and activities first seen of late.
#[component]
pub(crate) fn NewNames() -> impl IntoView {
    const COLUMNS: [(&str, &str); 5] =
        [("Module", ""), ("Action", ""), ("First received", ""), ("First used", "wide"), ("Actions", "figure")];

    let state = PageState::expect().quality;
    let names = state.part(|quality| {
        let mut names = [quality.new_modules.clone(), quality.new_activities.clone()].concat();
        // A module stands before its activities, where both came at once.
        names.sort_by_key(|name| std::cmp::Reverse(name.first_received));
        names
    });
    let count = state.part(|quality| quality.new_modules.len().max(quality.new_activities.len()));
    let row = |name: FirstSeen| {
        let users = format::counted(name.most_users, "user");
        view! {
            <tr>
                <th scope="row" class="name">{exact(name.module)}</th>
                <td class="name">{name.action.map(|action| exact(action).into_any())}</td>
                <td class="num">{format::day_and_month(name.day)}</td>
                <td class="num wide">{name.first_day.map_or_else(|| "–".to_owned(), format::day)}</td>
                <td class="figure num" title=format!("at most {users} on a day")>{format::number(name.actions)}</td>
            </tr>
        }
    };
    let rows = move || names.get().unwrap_or_default().into_iter().map(row).collect_view().into_any();
    view! {
        <Section
            title="First seen"
            definition=Definition::FirstSeen
            columns=&COLUMNS
            count
            nothing="No new module or action in the last 30 days."
            rows=move || rows()
        />
    }
    .into_any()
}

/// Names that differ only in case or spacing.
#[component]
pub(crate) fn SimilarNamesTable() -> impl IntoView {
    const COLUMNS: [(&str, &str); 4] = [("Of", ""), ("Name", ""), ("Last used", ""), ("Actions", "figure")];

    let groups = PageState::expect().quality.part(|quality| quality.similar_names.clone());
    let count = Memo::new(move |_| groups.with(|groups| groups.as_ref().map(Vec::len)));
    let rows = move || groups.get().unwrap_or_default().into_iter().map(group).collect_view().into_any();
    view! {
        <Section
            title="Names that differ only in case or spacing"
            definition=Definition::SimilarNames
            columns=&COLUMNS
            count
            nothing="No two names look alike."
            rows=move || rows()
        />
    }
    .into_any()
}

fn group(group: SimilarNames) -> impl IntoView {
    let of = match (group.kind, group.module) {
        (NameKind::Action, Some(module)) => format!("Action in {module}"),
        (NameKind::Action, None) => "Action".to_owned(),
        (NameKind::Module, _) => "Module".to_owned(),
    };
    let span = group.names.len().to_string();
    let rows = group.names.into_iter().enumerate().map(|(index, name)| {
        let of = (index == 0).then(|| view! { <th scope="rowgroup" rowspan=span.clone()>{of.clone()}</th> }.into_any());
        view! {
            <tr class:together={index > 0}>
                {of}
                <td class="name">{exact(name.name)}</td>
                <td class="num">{name.last_day.map_or_else(|| "–".to_owned(), format::day)}</td>
                <td class="figure num">{format::number(name.actions)}</td>
            </tr>
        }
    });
    rows.collect_view().into_any()
}

/// Accounts whose events came long after they happened.
#[component]
pub(crate) fn LateEventsTable() -> impl IntoView {
    const COLUMNS: [(&str, &str); 4] = [("Received", ""), ("Account", ""), ("Happened", ""), ("Events", "figure")];

    let late = PageState::expect().quality.part(|quality| quality.late_events.clone());
    let count = Memo::new(move |_| late.with(|late| late.as_ref().map(Vec::len)));
    let row = |late: LateEvents| {
        let usage = View::activities(Some(late.account.id), None).href();
        let happened = Period { from: late.first_day, to: late.last_day };
        view! {
            <tr>
                <th scope="row" class="num">{format::day_and_month(late.day)}</th>
                <td class="name"><a href=usage>{late.account.name}</a></td>
                <td class="num">{format::period(happened)}</td>
                <td class="figure num">{format::number(late.events)}</td>
            </tr>
        }
    };
    let rows = move || late.get().unwrap_or_default().into_iter().map(row).collect_view().into_any();
    view! {
        <Section
            title="Events far in the past"
            definition=Definition::LateEvents
            columns=&COLUMNS
            count
            nothing="No event came more than 7 days after it happened."
            rows=move || rows()
        />
    }
    .into_any()
}
