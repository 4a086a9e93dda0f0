//! The period picker: named periods as links, any range as a form.

use crate::{
    browser,
    state::PageState,
    view::{ACTIVITIES, View},
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{
    Day,
    period::PeriodChoice,
    query::{Pairs, TableQuery},
};

/// What the picker says of a named period.
pub(crate) fn period_name(period: PeriodChoice) -> &'static str {
    match period {
        PeriodChoice::Last90Days => "Last 90 days",
        PeriodChoice::Last30Days => "Last 30 days",
        PeriodChoice::Last7Days => "Last 7 days",
        PeriodChoice::Yesterday => "Yesterday",
        PeriodChoice::Range { .. } => "Range",
    }
}

/// The key that chooses a named period.
pub(crate) fn period_key(period: PeriodChoice) -> &'static str {
    match period {
        PeriodChoice::Last90Days => "9",
        PeriodChoice::Last30Days => "3",
        PeriodChoice::Last7Days => "7",
        PeriodChoice::Yesterday => "1",
        PeriodChoice::Range { .. } => "",
    }
}

/// The same table over another period, from its first page.
pub(crate) fn over(query: &TableQuery, period: PeriodChoice) -> View {
    let mut query = query.clone();
    query.usage.period = period;
    query.offset = 0;
    View::table(query)
}

/// The days in the fields of a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RangeFields {
    /// The first; `None` where it is no day.
    pub(crate) from: Option<Day>,
    /// The last; `None` where it is no day.
    pub(crate) to: Option<Day>,
}

/// The picker.
#[component]
pub(crate) fn PeriodPicker(
    /// What the address asks for.
    query: Memo<TableQuery>,
    /// What was entered where that is no period. It stays in the fields, and no period is chosen.
    wrong: Memo<Option<RangeFields>>,
) -> impl IntoView {
    let chosen = Memo::new(move |_| wrong.with(Option::is_none).then(|| query.with(|query| query.usage.period)));
    let usage = PageState::expect().activities.usage;
    let fields = Memo::new(move |_| {
        let fields = |from, to| RangeFields { from: Some(from), to: Some(to) };
        match chosen.get() {
            None => wrong.get(),
            Some(PeriodChoice::Range { from, to }) => Some(fields(from, to)),
            // A range begins with the days on screen.
            Some(_) => usage.get().map(|usage| fields(usage.period.from, usage.period.to)),
        }
        .unwrap_or_default()
    });
    let value = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let from = move || value(fields.get().from);
    let to = move || value(fields.get().to);
    let kept = Memo::new(move |_| {
        let view = over(&query.get(), PeriodChoice::Last30Days);
        view.href().split_once('?').map(|(_, search)| crate::view::parse_search(search)).unwrap_or_default()
    });
    let links = PeriodChoice::NAMED.map(|period| {
        view! {
            <a
                class="segment"
                href=move || query.with(|query| over(query, period).href())
                data-noscroll=""
                aria-current=move || (chosen.get() == Some(period)).then_some("true")
                aria-keyshortcuts=period_key(period)
            >
                {period_name(period)}
                <kbd>{period_key(period)}</kbd>
            </a>
        }
    });
    let navigate = use_navigate();
    let submit = move |event: leptos::ev::SubmitEvent| {
        let form = event.target().and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok());
        let Some(search) = form.and_then(|form| browser::form_search(&form)) else { return };
        event.prevent_default();
        let address = match View::of_address(ACTIVITIES, &search) {
            // Wrong days are for the page to explain.
            View::Activities(Err(_)) => format!("{ACTIVITIES}?{search}"),
            view => view.href(),
        };
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <nav class="period-picker" aria-label="Period">
            <div class="segments">{links}</div>
            <form
                class="range"
                class:current=move || matches!(chosen.get(), Some(PeriodChoice::Range { .. }))
                class:wrong=move || wrong.with(Option::is_some)
                method="get"
                action=ACTIVITIES
                on:submit=submit
            >
                {move || hidden_fields(kept.get())}
                <label>
                    <span class="visually-hidden">"From"</span>
                    <input type="date" name="from" required min="1970-01-01" value=from prop:value=from />
                </label>
                <span class="muted" aria-hidden="true">"–"</span>
                <label>
                    <span class="visually-hidden">"To"</span>
                    <input type="date" name="to" required min="1970-01-01" value=to prop:value=to />
                </label>
                <button type="submit" class="button">"Show"</button>
            </form>
        </nav>
    }
    .into_any()
}

/// The parameters a form keeps.
pub(crate) fn hidden_fields(pairs: Pairs) -> impl IntoView {
    pairs
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view()
        .into_any()
}
