//! Today's cards.

use super::{
    change::tick_change,
    help::{Definition, Help},
};
use crate::format;
use leptos::prelude::*;
use model::api::today;

/// How many are online, of how many active today.
#[component]
pub(crate) fn OnlineCard(
    /// What is counted.
    title: &'static str,
    /// What that means.
    definition: Definition,
    /// The figures; `None` before they are there.
    card: Memo<Option<today::OnlineCard>>,
) -> impl IntoView {
    let value = move || card.get().map(|card| format::number(card.value));
    let of = move || card.get().map(|card| format!("of {} active today", format::number(card.of)));
    view! {
        <section class="card">
            <h2>{title} <Help definition /></h2>
            <p class="card-value">
                <strong class="num" class:skeleton=move || card.get().is_none()>
                    {move || value()}
                </strong>
                <span class="muted">{move || of()}</span>
            </p>
            {move || tick_change(card.get().and_then(|card| card.change), format::number)}
        </section>
    }
    .into_any()
}

/// Time per user.
#[component]
pub(crate) fn TimeCard(
    /// The figure; `None` before it is there.
    card: Memo<Option<today::TimeCard>>,
) -> impl IntoView {
    let value = move || card.get().map(|card| card.seconds.map_or_else(|| "–".to_owned(), format::duration));
    let nobody = move || card.get().is_some_and(|card| card.seconds.is_none());
    view! {
        <section class="card">
            <h2>"Time per user " <Help definition=Definition::TimePerUser /></h2>
            <p class="card-value">
                <strong class="num" class:skeleton=move || card.get().is_none()>
                    {move || value()}
                </strong>
                <span class="muted">{move || if nobody() { "nobody active yet" } else { "today" }}</span>
            </p>
            {move || tick_change(card.get().and_then(|card| card.change_seconds), format::duration_exact)}
        </section>
    }
    .into_any()
}
