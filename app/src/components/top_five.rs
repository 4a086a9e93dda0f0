//! The top five activities or modules, each with its bar chart.

use super::{
    change::change_text,
    chart::{BarChart, Size, Unit, bars::Bars, table::AsTable},
    help::{Definition, Help},
    notice::nothing,
};
use crate::format;
use leptos::prelude::*;
use model::{api::usage::TOP, change::Change};
use std::sync::Arc;

/// One of the five.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ranked {
    /// What is ranked.
    pub(crate) name: String,
    /// The module of an activity.
    pub(crate) module: Option<String>,
    /// Actions in the period.
    pub(crate) actions: i64,
    /// Actions in the previous one.
    pub(crate) previous_actions: i64,
    /// From the previous to this.
    pub(crate) change: Change,
    /// Its days.
    pub(crate) bars: Arc<Bars>,
}

impl Ranked {
    /// The whole name.
    fn full_name(&self) -> String {
        match &self.module {
            Some(module) => format!("{module} · {}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Five rows on one scale, so that their bars compare.
#[component]
pub(crate) fn TopFive(
    /// Its name.
    title: &'static str,
    /// What is ranked.
    definition: Definition,
    /// The rows, most actions first; `None` before they are there.
    rows: Memo<Option<Vec<Ranked>>>,
    /// The account they are of, unless of all.
    account: Memo<Option<String>>,
) -> impl IntoView {
    let count = Memo::new(move |_| rows.with(|rows| rows.as_ref().map_or(0, Vec::len)));
    let top = Memo::new(move |_| {
        rows.with(|rows| rows.iter().flatten().map(|row| row.bars.largest_value()).max().unwrap_or(0))
    });
    let placeholders = move || {
        let count = if rows.with(Option::is_none) { TOP } else { 0 };
        (0..count)
            .map(|_| view! { <li class="ranked" aria-hidden="true"><span class="skeleton"></span></li> })
            .collect_view()
            .into_any()
    };
    view! {
        <section class="panel top-five">
            <h2>{title} <Help definition /></h2>
            <ol>
                <For each=move || 0..count.get() key=|rank| *rank let:rank>
                    <RankedRow rank rows top=top.into() />
                </For>
                {move || placeholders()}
            </ol>
            {move || {
                rows.with(|rows| rows.as_ref().is_some_and(Vec::is_empty))
                    .then(|| nothing(account.get(), "in this period"))
            }}
            <DaysTable rows />
        </section>
    }
    .into_any()
}

#[component]
fn RankedRow(
    /// From 0.
    rank: usize,
    /// All rows.
    rows: Memo<Option<Vec<Ranked>>>,
    /// The figure at the charts' upper edge.
    top: Signal<i64>,
) -> impl IntoView {
    let row = Memo::new(move |_| rows.with(|rows| rows.as_ref().and_then(|rows| rows.get(rank).cloned())));
    let bars = Signal::derive(move || row.with(|row| row.as_ref().map(|row| row.bars.clone()).unwrap_or_default()));
    let label = Signal::derive(move || {
        row.with(|row| row.as_ref().map(|row| format!("{}, actions per day", row.full_name())).unwrap_or_default())
    });
    let figures = move || {
        row.get().map(|row| {
            let comparison = (row.change != Change::Unknown).then(|| {
                let before = format!("before {}", format::number(row.previous_actions));
                view! { {change_text(row.change)} <span class="muted num">{before}</span> }.into_any()
            });
            let full_name = row.full_name();
            view! {
                <p class="ranked-name" title=full_name>
                    <strong>{row.name}</strong>
                    {row.module.map(|module| view! { <span class="muted">{module}</span> })}
                </p>
                <p class="ranked-figures">
                    <span class="num">{format::number(row.actions)}</span>
                    {comparison}
                </p>
            }
            .into_any()
        })
    };
    view! {
        <li class="ranked">
            <div class="ranked-text">{move || figures()}</div>
            <BarChart label bars top unit=Unit::Actions size=Size::Small />
        </li>
    }
    .into_any()
}

/// The charts' figures as a table: a row for each day, a column for each of the five.
#[component]
fn DaysTable(
    /// All rows.
    rows: Memo<Option<Vec<Ranked>>>,
) -> impl IntoView {
    let head = move || {
        rows.with(|rows| {
            rows.iter()
                .flatten()
                .map(|row| view! { <th scope="col" class="figure">{row.full_name()}</th> })
                .collect_view()
        })
    };
    let body = move || {
        rows.with(|rows| {
            let Some(rows) = rows else { return Vec::new() };
            let days = rows.first().map_or(0, |row| row.bars.list.len());
            (0..days)
                .map(|index| {
                    let day = rows.first().and_then(|row| row.bars.list.get(index)).map(|bar| bar.days_text());
                    let figures = rows.iter().map(|row| row.bars.list.get(index).map_or(0, |bar| bar.value));
                    view! {
                        <tr>
                            <th scope="row">{day}</th>
                            {figures.map(|value| view! { <td class="figure num">{format::number(value)}</td> }).collect_view()}
                        </tr>
                    }
                })
                .collect()
        })
    };
    view! { <AsTable head rows=body /> }
}
