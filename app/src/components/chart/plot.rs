//! Draws a chart on its canvas. Only for the browser.

use super::{Size, Unit, bars::Bars, geometry::Geometry, geometry::grid_step};
use crate::{browser, format};
use plotters::{
    coord::{
        Shift,
        types::{RangedCoordf64, RangedCoordi32},
    },
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

type Area = DrawingArea<CanvasBackend, Shift>;
type Plot = DrawingArea<CanvasBackend, Cartesian2d<RangedCoordi32, RangedCoordf64>>;
type Drawn = Result<(), DrawingAreaErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

/// The family and size in CSS pixels of the axes' text.
const FONT: (&str, f64) = ("system-ui, sans-serif", 11.0);

struct Colours {
    bar: RGBColor,
    active: RGBColor,
    previous: RGBColor,
    grid: RGBColor,
    text: RGBColor,
}

impl Colours {
    fn of(canvas: &HtmlCanvasElement) -> Self {
        let colour = |name| {
            let (red, green, blue) = browser::colour(canvas, name);
            RGBColor(red, green, blue)
        };
        Self {
            bar: colour("--chart-bar"),
            active: colour("--chart-active"),
            previous: colour("--chart-previous"),
            grid: colour("--chart-grid"),
            text: colour("--chart-text"),
        }
    }
}

/// Draws the bars, the active one set off, on a backing store that matches the screen's pixels. `top` is the figure
/// at the upper edge. A canvas that cannot be drawn on stays empty: the table beside it has the figures.
pub(crate) fn draw(canvas: &HtmlCanvasElement, bars: &Bars, top: i64, active: Option<usize>, unit: Unit, size: Size) {
    let ratio = browser::pixel_ratio();
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    // Setting the size also wipes the canvas.
    canvas.set_width((width * ratio).round() as u32);
    canvas.set_height((height * ratio).round() as u32);
    let Some(backend) = CanvasBackend::with_canvas_object(canvas.clone()) else { return };
    let chart = Chart {
        area: backend.into_drawing_area(),
        geometry: Geometry::new(width, height, bars.list.len(), size).scaled(ratio),
        colours: Colours::of(canvas),
        ratio,
        unit,
    };
    if chart.draw(bars, top, active, size).is_err() {
        canvas.set_width(0);
    }
}

struct Chart {
    area: Area,
    geometry: Geometry,
    colours: Colours,
    ratio: f64,
    unit: Unit,
}

impl Chart {
    fn draw(&self, bars: &Bars, top: i64, active: Option<usize>, size: Size) -> Drawn {
        let Geometry { left, right, top: upper, bottom, .. } = self.geometry;
        let (left, right, upper, bottom) = (left as i32, right as i32, upper as i32, bottom as i32);
        // Across in pixels, so that every bar is equally wide; up in the bars' own figures.
        let plot = self.area.apply_coord_spec(Cartesian2d::<RangedCoordi32, RangedCoordf64>::new(
            left..right,
            0.0..top.max(1) as f64,
            (left..right, bottom..upper),
        ));
        if size == Size::Large {
            self.grid(&plot, top, left..right)?;
            self.days(bars, bottom)?;
        }
        for (index, bar) in bars.list.iter().enumerate() {
            let (begin, end) = self.geometry.edges(index);
            let colour = if active == Some(index) { self.colours.active } else { self.colours.bar };
            // A day with any use at all shows.
            let least = if bar.value > 0 { self.ratio * top.max(1) as f64 / f64::from(bottom - upper) } else { 0.0 };
            let value = (bar.value as f64).max(least);
            plot.draw(&Rectangle::new([(begin, 0.0), (end, value)], colour.filled()))?;
        }
        if size == Size::Large {
            self.previous(&plot, bars)?;
        } else {
            plot.draw(&PathElement::new([(left, 0.0), (right, 0.0)], self.colours.grid))?;
        }
        self.area.present()
    }

    fn grid(&self, plot: &Plot, top: i64, across: std::ops::Range<i32>) -> Drawn {
        let step = grid_step(top, self.unit);
        let style = self.text(HPos::Right, VPos::Center);
        let gap = (8.0 * self.ratio) as i32;
        for line in (0..=top / step).map(|line| line * step) {
            let height = line as f64;
            let style_line = self.colours.grid.stroke_width(self.ratio.round() as u32);
            plot.draw(&PathElement::new([(across.start, height), (across.end, height)], style_line))?;
            plot.draw(&Text::new(self.unit.short(line), (across.start - gap, height), style.clone()))?;
        }
        Ok(())
    }

    /// Names as many days as fit under the bars.
    fn days(&self, bars: &Bars, bottom: i32) -> Drawn {
        let room = (self.geometry.right - self.geometry.left) / self.ratio;
        let fitting = ((room / 72.0) as usize).clamp(1, 12);
        let every = bars.list.len().div_ceil(fitting).max(1);
        let y = bottom + (8.0 * self.ratio) as i32;
        let style = self.text(HPos::Center, VPos::Top);
        // From the right, because the newest day is the one looked for.
        for (index, bar) in bars.list.iter().enumerate().rev().step_by(every) {
            let x = self.geometry.centre(index);
            let half = 24.0 * self.ratio;
            let x = x.clamp(half, (self.geometry.right - half).max(half)) as i32;
            self.area.draw(&Text::new(format::day_and_month(bar.days.from), (x, y), style.clone()))?;
        }
        Ok(())
    }

    fn previous(&self, plot: &Plot, bars: &Bars) -> Drawn {
        let style = self.colours.previous.stroke_width((1.5 * self.ratio).round() as u32);
        for (index, bar) in bars.list.iter().enumerate() {
            if let Some((_, value)) = bar.previous {
                let (begin, end) = self.geometry.edges(index);
                plot.draw(&PathElement::new([(begin, value as f64), (end, value as f64)], style))?;
            }
        }
        Ok(())
    }

    fn text(&self, across: HPos, up: VPos) -> TextStyle<'static> {
        let (family, size) = FONT;
        (family, size * self.ratio).into_font().color(&self.colours.text).pos(Pos::new(across, up))
    }
}
