//! A top ten: rows with bars to compare by eye.

use super::help::{Definition, Help};
use leptos::prelude::*;
use model::api::today::TOP;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// What is ranked.
    pub(crate) name: String,
    /// What it belongs to.
    pub(crate) detail: Option<String>,
    /// Where its name leads.
    pub(crate) href: Option<String>,
    /// The figure it is ranked by: the bar's length.
    pub(crate) value: i64,
    /// That figure as text.
    pub(crate) shown: String,
    /// The next figure as text.
    pub(crate) second: String,
}

/// The length of a bar as a share of the longest, in percent.
fn length(value: i64, longest: i64) -> String {
    let share = if longest > 0 { value as f64 / longest as f64 * 100.0 } else { 0.0 };
    format!("{share:.1}%")
}

/// The table of a top ten. Rows are patched in place from tick to tick, so that focus stays on its rank.
#[component]
pub(crate) fn TopTen(
    /// Its name.
    title: &'static str,
    /// How it is ranked.
    definition: Definition,
    /// The heads of name, first and second figure.
    columns: [&'static str; 3],
    /// The rows, best first; `None` before they are there.
    bars: Memo<Option<Vec<Bar>>>,
) -> impl IntoView {
    let rows = move || {
        let bars = bars.get().unwrap_or_default();
        let longest = bars.first().map_or(0, |bar| bar.value);
        bars.into_iter().map(|bar| row(bar, longest)).collect_view().into_any()
    };
    let placeholders = move || {
        let count = if bars.with(Option::is_none) { TOP } else { 0 };
        (0..count)
            .map(|_| view! { <tr aria-hidden="true"><td colspan="3"><span class="skeleton"></span></td></tr> })
            .collect_view()
            .into_any()
    };
    let is_empty = move || bars.with(|bars| bars.as_ref().is_some_and(Vec::is_empty));
    let [name, first, second] = columns;
    view! {
        <section class="panel top-ten">
            <h2>{title} <Help definition /></h2>
            <table class="bars">
                <thead>
                    <tr>
                        <th scope="col">{name}</th>
                        <th scope="col" class="figure">{first}</th>
                        <th scope="col" class="figure">{second}</th>
                    </tr>
                </thead>
                <tbody>{move || rows()} {move || placeholders()}</tbody>
            </table>
            {move || is_empty().then(|| view! { <p class="nothing">"Nothing yet today"</p> }.into_any())}
        </section>
    }
    .into_any()
}

fn row(bar: Bar, longest: i64) -> impl IntoView {
    let Bar { name, detail, href, value, shown, second } = bar;
    let title = detail.as_ref().map_or_else(|| name.clone(), |detail| format!("{name} · {detail}"));
    let name = match href {
        Some(href) => view! { <a href=href>{name}</a> }.into_any(),
        None => view! { <span>{name}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" title=title>
                <svg class="bar" aria-hidden="true">
                    <rect width=length(value, longest) height="100%" rx="3"></rect>
                </svg>
                <span class="bar-name">
                    {name} {detail.map(|detail| view! { <span class="muted">{detail}</span> })}
                </span>
            </th>
            <td class="figure num">{shown}</td>
            <td class="figure num muted">{second}</td>
        </tr>
    }
}
