//! Bar charts over days: drawn on a canvas, with a tooltip by pointer or keyboard.
//!
//! A canvas says nothing to those who don't see it, so each page puts a table of the same figures beside it.

pub(crate) mod bars;
mod geometry;
mod plot;
pub(crate) mod table;

use crate::{browser, format, state::PageState};
use bars::Bars;
use geometry::Geometry;
use leptos::{html, prelude::*};
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

/// How large a chart is, and how much it says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// With axes, and the previous period as a line.
    Large,
    /// Bars alone.
    Small,
}

/// What the bars measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds of time spent.
    Time,
    /// Actions.
    Actions,
}

impl Unit {
    /// A figure with its unit.
    pub(crate) fn text(self, value: i64) -> String {
        match self {
            Self::Time => format::duration(value),
            Self::Actions => format::counted(value, "action"),
        }
    }

    /// A figure beside the axis.
    fn short(self, value: i64) -> String {
        match self {
            Self::Time => format::short_duration(value),
            Self::Actions => format::short_number(value),
        }
    }
}

/// A bar chart. Arrow keys, Home and End go from bar to bar; hover, tap and focus open the tooltip, Escape closes it.
///
/// To assistive technology it is a slider over its days: the one control that is moved by arrow keys and speaks a text
/// for each position. On the server it is an empty place of the chart's size.
#[component]
pub(crate) fn BarChart(
    /// What is charted.
    #[prop(into)]
    label: Signal<String>,
    /// The bars.
    bars: Signal<Arc<Bars>>,
    /// The figure at the upper edge, so that charts can share a scale.
    top: Signal<i64>,
    /// What the bars measure.
    unit: Unit,
    /// How large it is.
    size: Size,
) -> impl IntoView {
    let colours = PageState::expect().theme.colours;
    let canvas = NodeRef::<html::Canvas>::new();
    let tooltip = NodeRef::<html::Div>::new();
    let active = RwSignal::new(None::<usize>);
    let resized = RwSignal::new(0u32);

    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            browser::on_resize(&canvas, move || resized.update(|count| *count += 1));
        }
    });
    Effect::new(move |_| {
        resized.track();
        colours.track();
        if let Some(canvas) = canvas.get() {
            bars.with(|bars| plot::draw(&canvas, bars, top.get(), active.get(), unit, size));
        }
    });
    Effect::new(move |_| {
        if let (Some(canvas), Some(tooltip), Some(index)) = (canvas.get(), tooltip.get(), active.get()) {
            let geometry = geometry_of(&canvas, bars.with(|bars| bars.list.len()), size);
            let centre = geometry.centre(index);
            // Where the style cannot be set, the tooltip stays at the left edge.
            let _ = web_sys::HtmlElement::style(&tooltip).set_property("--x", &format!("{centre}px"));
        }
    });

    // Bars of another period are other bars.
    Effect::new(move |before: Option<usize>| {
        let count = bars.with(|bars| bars.list.len());
        if before.is_some_and(|before| before != count) {
            active.set(None);
        }
        count
    });

    let point = move |event: PointerEvent| {
        if let Some(canvas) = canvas.get_untracked() {
            let geometry = geometry_of(&canvas, bars.with_untracked(|bars| bars.list.len()), size);
            let left = canvas.get_bounding_client_rect().left();
            active.set(geometry.index_at(f64::from(event.client_x()) - left));
        }
    };
    let leave = move |event: PointerEvent| {
        if event.pointer_type() == "mouse" && !has_focus(&event) {
            active.set(None);
        }
    };
    let press = move |event: KeyboardEvent| {
        let last = bars.with_untracked(|bars| bars.list.len()).checked_sub(1);
        let Some(last) = last else { return };
        let at = active.get_untracked().unwrap_or(last);
        let to = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => Some(at.saturating_sub(1)),
            "ArrowRight" | "ArrowUp" => Some((at + 1).min(last)),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" => None,
            _ => return,
        };
        event.prevent_default();
        active.set(to);
    };
    let focus = move |_| {
        if active.get_untracked().is_none() {
            active.set(bars.with_untracked(|bars| bars.list.len()).checked_sub(1));
        }
    };

    let last = Memo::new(move |_| bars.with(|bars| bars.list.len().saturating_sub(1)));
    let position = move || active.get().unwrap_or_else(|| last.get());
    let spoken = move || bars.with(|bars| bars.spoken(position(), unit));
    view! {
        <div
            class=match size {
                Size::Large => "chart large",
                Size::Small => "chart small",
            }
            role="slider"
            tabindex="0"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax=move || last.get().to_string()
            aria-valuenow=move || position().to_string()
            aria-valuetext=spoken
            on:pointermove=point
            on:pointerdown=point
            on:pointerleave=leave
            on:keydown=press
            on:focus=focus
            on:blur=move |_| active.set(None)
        >
            <canvas node_ref=canvas></canvas>
            <div class="tooltip" node_ref=tooltip aria-hidden="true" class:open=move || active.get().is_some()>
                {move || active.get().and_then(|index| bars.with(|bars| tooltip_of(bars, index, unit)))}
            </div>
        </div>
    }
    .into_any()
}

fn has_focus(event: &PointerEvent) -> bool {
    let Some(chart) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    document().active_element().is_some_and(|focused| chart.is_same_node(Some(&focused)))
}

fn geometry_of(canvas: &web_sys::HtmlCanvasElement, count: usize, size: Size) -> Geometry {
    Geometry::new(f64::from(canvas.client_width()), f64::from(canvas.client_height()), count, size)
}

fn tooltip_of(bars: &Bars, index: usize, unit: Unit) -> Option<impl IntoView + use<>> {
    let bar = bars.list.get(index)?;
    let previous = bar.previous.as_ref().map(|(days, value)| {
        view! {
            <span class="muted">{format::period(*days)}</span>
            <span class="num muted">{unit.text(*value)}</span>
        }
        .into_any()
    });
    Some(view! {
        <strong>{bar.days_text()}</strong>
        <span class="tooltip-figures">
            <span>{match unit { Unit::Time => "Time spent", Unit::Actions => "Actions" }}</span>
            <span class="num">{match unit { Unit::Time => unit.text(bar.value), Unit::Actions => format::number(bar.value) }}</span>
            <span>"Share of the period"</span>
            <span class="num">{format::share(bar.value, bars.total)}</span>
            {previous}
        </span>
    }.into_any())
}
