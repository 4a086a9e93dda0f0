//! Change: always arrow, sign and words, never colour alone.

use crate::format::{self, Direction};
use leptos::prelude::*;
use model::{TICK_SECONDS, change::Change};

/// The class that gives a direction its colour.
pub(crate) fn direction_class(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "change up",
        Direction::Down => "change down",
        Direction::Level => "change level",
    }
}

/// The change of a figure from the previous period.
pub(crate) fn change_text(change: Change) -> impl IntoView {
    let direction = Direction::of_change(change);
    view! {
        <span class=direction_class(direction)>
            <span class="arrow" aria-hidden="true">{direction.arrow()}</span>
            <span class="num">{change.to_string()}</span>
            <span class="visually-hidden">" "{format::change_words(change)}</span>
        </span>
    }
    .into_any()
}

/// The change of a card since the previous tick: arrow, signed figure and words. Without a previous tick there is
/// none, but the line keeps its height.
pub(crate) fn tick_change(difference: Option<i64>, size: fn(i64) -> String) -> impl IntoView {
    let direction = Direction::of(difference.unwrap_or(0));
    let class = direction_class(direction);
    let (figure, words) = match difference {
        Some(0) => (String::new(), format!("{} in the last {TICK_SECONDS} s", direction.word())),
        Some(difference) => {
            (format::signed(difference, size), format!(" {} in the last {TICK_SECONDS} s", direction.word()))
        }
        None => (String::new(), "\u{a0}".to_owned()),
    };
    view! {
        <p class="card-change">
            <span class=class>
                <span class="arrow" aria-hidden="true">{direction.arrow()}</span>
                <span class="num">{figure}</span>
            </span>
            <span class="muted">{words}</span>
        </p>
    }
    .into_any()
}
