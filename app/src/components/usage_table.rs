//! The table of activities or modules: filter, sort, page, and the file.

use super::{
    change::change_text,
    help::{Definition, Help},
    notice::nothing,
    period_picker::hidden_fields,
};
use crate::{
    browser::Slot,
    client::{self, ClientError},
    format,
    state::PageState,
    view::{ACTIVITIES, View, parse_search},
};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{
    api::usage::{Table, TableRow},
    query::{Order, Sort, TableOf, TableQuery},
};
use std::sync::Arc;

/// The id of the filter field, which a key moves the focus to.
pub(crate) const FILTER_ID: &str = "filter";

/// How long typing must pause before the filter is applied, in milliseconds.
const TYPING_PAUSE: u32 = 150;

/// How many rows stand in for a table that is not there yet.
const PLACEHOLDERS: usize = 10;

/// The whole section.
#[component]
pub(crate) fn UsageTable(
    /// What the address asks for.
    query: Memo<TableQuery>,
) -> impl IntoView {
    let answer = PageState::expect().activities.table;
    let table = Memo::new(move |_| Same(answer.get()));
    let of = Memo::new(move |_| query.with(|query| query.of));
    let tab = move |tab: TableOf, name: &'static str| {
        let href = move || query.with(|query| View::table(of_other(query, tab)).href());
        view! {
            <a class="segment" href=href data-noscroll="" aria-current=move || (of.get() == tab).then_some("true")>
                {name}
            </a>
        }
    };
    let failure = move || {
        let error = answer.failure.get()?;
        // While the connection is lost, the banner says so already.
        (error != ClientError::ConnectionLost || answer.get().is_none()).then(|| {
            view! {
                <p class="failed" role="alert">
                    {error.to_string()}
                    <button type="button" class="button" on:click=move |_| PageState::expect().activities.retry()>
                        "Retry"
                    </button>
                </p>
            }
            .into_any()
        })
    };
    view! {
        <section class="panel usage-table" aria-labelledby="table-title">
            <header class="table-head">
                <h2 id="table-title" class="visually-hidden">"All activities and modules"</h2>
                <nav class="segments" aria-label="Table">
                    {tab(TableOf::Activities, "Activities")} {tab(TableOf::Modules, "Modules")}
                </nav>
                <Filter query />
                <a class="button" href=move || query.with(client::csv_href) download="" rel="external">"CSV"</a>
            </header>
            {move || failure()}
            <div class="scroll" class:loading=move || answer.loading.get()>
                <table class="figures usage">
                    <thead>
                        <tr>{move || of.with(|of| columns(*of).iter().map(|sort| head(query, *sort)).collect_view().into_any())}</tr>
                    </thead>
                    <tbody>
                        {move || table.with(|table| table.0.as_deref().map(|table| rows(table, of.get())))}
                        {move || placeholders(table.with(|table| table.0.is_none()))}
                    </tbody>
                </table>
            </div>
            {move || table.with(|table| table.0.as_deref().is_some_and(|table| table.total == 0)).then(|| no_rows(query))}
            <Pager query table />
        </section>
    }
    .into_any()
}

/// A table is the same until another answer comes; its rows need not be compared.
#[derive(Clone)]
struct Same(Option<Arc<Table>>);

impl PartialEq for Same {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

/// The other table with the same filter, from its first page; a sort it does not know is left out.
fn of_other(query: &TableQuery, of: TableOf) -> TableQuery {
    let mut other = TableQuery { of, offset: 0, ..query.clone() };
    if of == TableOf::Modules && other.sort == Sort::Name {
        (other.sort, other.order) = (Sort::default(), Sort::default().first_order());
    }
    other
}

fn columns(of: TableOf) -> &'static [Sort] {
    match of {
        TableOf::Activities => &Sort::ALL,
        TableOf::Modules => &[Sort::Module, Sort::Actions, Sort::Previous, Sort::Change],
    }
}

fn column_name(sort: Sort) -> &'static str {
    match sort {
        Sort::Module => "Module",
        Sort::Name => "Action",
        Sort::Actions => "Actions",
        Sort::Previous => "Before",
        Sort::Change => "Change",
    }
}

fn column_class(sort: Sort) -> &'static str {
    match sort {
        Sort::Module | Sort::Name => "name",
        Sort::Previous => "figure before",
        Sort::Actions | Sort::Change => "figure",
    }
}

/// A head that sorts: a click sorts by the column, another reverses.
fn head(query: Memo<TableQuery>, sort: Sort) -> impl IntoView {
    let order = Memo::new(move |_| query.with(|query| (query.sort == sort).then_some(query.order)));
    let href = move || {
        let order = order.get().map_or(sort.first_order(), Order::reversed);
        query.with(|query| View::table(TableQuery { sort, order, offset: 0, ..query.clone() }).href())
    };
    let aria_sort = move || {
        order.get().map(|order| match order {
            Order::Ascending => "ascending",
            Order::Descending => "descending",
        })
    };
    let arrow = move || match order.get() {
        Some(Order::Ascending) => "↑",
        Some(Order::Descending) => "↓",
        None => "",
    };
    let help = (sort == Sort::Change).then(|| view! { <Help definition=Definition::Change /> });
    view! {
        <th scope="col" class=column_class(sort) aria-sort=aria_sort>
            <a href=href data-noscroll="">
                {column_name(sort)} <span class="sort-arrow" aria-hidden="true">{arrow}</span>
            </a>
            {help}
        </th>
    }
}

fn rows(table: &Table, of: TableOf) -> impl IntoView + use<> {
    let compared = table.previous.complete;
    table.rows.iter().map(|row| self::row(row, of, compared)).collect_view().into_any()
}

fn row(row: &TableRow, of: TableOf, compared: bool) -> impl IntoView + use<> {
    let TableRow { module, action, actions, previous_actions, change } = row.clone();
    let before = if compared { format::number(previous_actions) } else { "–".to_owned() };
    let action = (of == TableOf::Activities).then(|| view! { <td class="name">{action}</td> });
    view! {
        <tr>
            <th scope="row" class="name">{module}</th>
            {action}
            <td class="figure num">{format::number(actions)}</td>
            <td class="figure before num muted">{before}</td>
            <td class="figure">{change_text(change)}</td>
        </tr>
    }
}

fn placeholders(missing: bool) -> impl IntoView {
    let count = if missing { PLACEHOLDERS } else { 0 };
    (0..count)
        .map(|_| view! { <tr aria-hidden="true"><td colspan="5"><span class="skeleton"></span></td></tr> })
        .collect_view()
        .into_any()
}

fn no_rows(query: Memo<TableQuery>) -> impl IntoView {
    query.with(|query| {
        let all = View::table(TableQuery { filter: String::new(), offset: 0, ..query.clone() }).href();
        if query.filter.is_empty() {
            nothing(query.usage.account.clone(), "in either period").into_any()
        } else {
            let filter = query.filter.clone();
            view! {
                <p class="nothing">
                    "Nothing has “" {filter} "” in its name. " <a href=all data-noscroll="">"Show all"</a>
                </p>
            }
            .into_any()
        }
    })
}

/// The filter: a form, and with JavaScript applied while typing.
#[component]
fn Filter(
    /// What the address asks for.
    query: Memo<TableQuery>,
) -> impl IntoView {
    let filter = Memo::new(move |_| query.with(|query| query.filter.clone()));
    let typed = RwSignal::new(filter.get_untracked());
    let applied = StoredValue::new(filter.get_untracked());
    // The address changed by other means than typing here.
    Effect::new(move |_| {
        let filter = filter.get();
        if applied.with_value(|applied| *applied != filter) {
            applied.set_value(filter.clone());
            typed.set(filter);
        }
    });
    let kept = Memo::new(move |_| {
        let view = query.with(|query| View::table(TableQuery { filter: String::new(), offset: 0, ..query.clone() }));
        view.href().split_once('?').map(|(_, search)| parse_search(search)).unwrap_or_default()
    });
    let pause = Slot::new();
    let navigate = use_navigate();
    let apply = move || {
        // The field keeps a space at its end: the next word may follow.
        let filter = typed.with_untracked(|typed| typed.trim().to_owned());
        applied.set_value(filter.clone());
        let view = query.with_untracked(|query| View::table(TableQuery { filter, offset: 0, ..query.clone() }));
        // What is typed makes one step back, not one a letter.
        navigate(&view.href(), NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    let submit = {
        let apply = apply.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            pause.clear();
            apply();
        }
    };
    let input = move |event| {
        typed.set(event_target_value(&event));
        let apply = apply.clone();
        pause.put(Timeout::new(TYPING_PAUSE, apply));
    };
    view! {
        <form class="filter" role="search" method="get" action=ACTIVITIES on:submit=submit>
            {move || hidden_fields(kept.get())}
            <input
                type="search"
                id=FILTER_ID
                name="filter"
                placeholder="Filter by name"
                aria-label="Filter by name"
                aria-keyshortcuts="/"
                autocomplete="off"
                value=filter.get_untracked()
                prop:value=typed
                on:input=input
            />
            <kbd aria-hidden="true">"/"</kbd>
            <button type="submit" class="button without-js-only">"Filter"</button>
        </form>
    }
    .into_any()
}

/// Which rows of how many, and the way to the others.
#[component]
fn Pager(
    /// What the address asks for.
    query: Memo<TableQuery>,
    /// The page on screen.
    table: Memo<Same>,
) -> impl IntoView {
    let total = Memo::new(move |_| table.with(|table| table.0.as_deref().map(|table| (table.total, table.rows.len()))));
    let text = move || {
        let (total, rows) = total.get()?;
        let offset = query.with(|query| query.offset);
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let first = i64::from(offset) + 1;
        let last = i64::from(offset) + i64::try_from(rows).unwrap_or(0);
        Some(if rows == 0 {
            format!("0 of {}", format::number(total))
        } else {
            format!("{}–{} of {}", format::number(first), format::number(last), format::number(total))
        })
    };
    let page = move |offset: Option<u32>, name: &'static str| {
        let view = query.with(|query| View::table(TableQuery { offset: offset.unwrap_or(0), ..query.clone() }));
        match offset {
            Some(_) => view! { <a class="button" href=view.href() data-noscroll="">{name}</a> }.into_any(),
            None => view! { <span class="button" aria-disabled="true">{name}</span> }.into_any(),
        }
    };
    let before = move || {
        let (offset, limit) = query.with(|query| (query.offset, query.limit));
        page((offset > 0).then(|| offset.saturating_sub(limit)), "Previous")
    };
    let after = move || {
        let (offset, limit) = query.with(|query| (query.offset, query.limit));
        let next = offset.saturating_add(limit);
        let more = total.get().is_some_and(|(total, _)| u64::from(next) < total);
        page(more.then_some(next), "Next")
    };
    view! {
        <footer class="pager">
            <span class="muted num" role="status">{move || text()}</span>
            <span class="pager-links">{move || before()} {move || after()}</span>
        </footer>
    }
    .into_any()
}
