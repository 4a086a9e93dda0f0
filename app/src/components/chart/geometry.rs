//! Where things are in a chart, in whatever pixels its size is given in.

use super::{Size, Unit};

/// How wide a bar is at most, in CSS pixels: a day alone should not fill the chart.
const WIDEST: f64 = 96.0;

/// The places of the bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Geometry {
    /// Left edge of the bars.
    pub(crate) left: f64,
    /// Right edge of the bars.
    pub(crate) right: f64,
    /// Where the highest bar ends.
    pub(crate) top: f64,
    /// Where bars stand.
    pub(crate) bottom: f64,
    widest: f64,
    count: usize,
}

impl Geometry {
    /// For a chart of a width and height in CSS pixels.
    pub(crate) fn new(width: f64, height: f64, count: usize, size: Size) -> Self {
        let (left, top, bottom) = match size {
            Size::Large => (48.0, 8.0, height - 24.0),
            Size::Small => (0.0, 2.0, height - 1.0),
        };
        Self { left, right: width, top, bottom, widest: WIDEST, count }
    }

    /// The same places in pixels `ratio` times as small.
    pub(crate) fn scaled(self, ratio: f64) -> Self {
        Self {
            left: self.left * ratio,
            right: self.right * ratio,
            top: self.top * ratio,
            bottom: self.bottom * ratio,
            widest: self.widest * ratio,
            count: self.count,
        }
    }

    fn step(&self) -> f64 {
        (self.right - self.left) / self.count.max(1) as f64
    }

    /// The left and right edge of a bar, gaps left out, in whole pixels.
    pub(crate) fn edges(&self, index: usize) -> (i32, i32) {
        let step = self.step();
        let gap = (step * 0.22).clamp(1.0, 24.0).max(step - self.widest);
        let begin = (self.left + step * index as f64 + gap / 2.0).round();
        (begin as i32, (begin + (step - gap).round().max(1.0)) as i32)
    }

    /// The middle of a bar.
    pub(crate) fn centre(&self, index: usize) -> f64 {
        self.left + self.step() * (index as f64 + 0.5)
    }

    /// The bar over or under a horizontal position, the nearest within the chart.
    pub(crate) fn index_at(&self, x: f64) -> Option<usize> {
        let last = self.count.checked_sub(1)?;
        Some((((x - self.left) / self.step()).max(0.0) as usize).min(last))
    }
}

/// The distance between grid lines so that three or so fit below `largest`: a round number of its unit.
pub(crate) fn grid_step(largest: i64, unit: Unit) -> i64 {
    let at_least = largest / 4 + 1;
    match unit {
        Unit::Actions => round_up(at_least),
        Unit::Time => {
            let minutes = [1, 2, 5, 10, 15, 30].map(|minutes| minutes * 60);
            minutes
                .into_iter()
                .find(|step| *step >= at_least)
                .unwrap_or_else(|| 3600 * round_up((at_least + 3599) / 3600))
        }
    }
}

/// The least of 1, 2, 5, 10, 20, 50 … that is not below.
fn round_up(at_least: i64) -> i64 {
    let mut power = 1;
    loop {
        for digit in [1, 2, 5] {
            if digit * power >= at_least {
                return digit * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_belongs_to_the_nearest_bar() {
        let geometry = Geometry::new(348.0, 200.0, 30, Size::Large);
        for (x, index) in [(0.0, 0), (48.0, 0), (57.9, 0), (58.1, 1), (347.9, 29), (900.0, 29)] {
            assert_eq!(geometry.index_at(x), Some(index), "{x}");
        }
        assert_eq!(geometry.centre(0), 53.0);
        assert_eq!(Geometry::new(348.0, 200.0, 0, Size::Small).index_at(5.0), None);
    }

    #[test]
    fn bars_keep_apart_and_keep_their_width() {
        let geometry = Geometry::new(1000.0, 200.0, 90, Size::Large);
        let widths: Vec<_> = (0..90).map(|index| geometry.edges(index)).map(|(left, right)| right - left).collect();
        assert!(widths.iter().all(|width| *width == widths[0]));
        assert!((1..90).all(|index| geometry.edges(index - 1).1 < geometry.edges(index).0));
    }

    #[test]
    fn few_bars_stand_in_the_middle_of_their_days() {
        let geometry = Geometry::new(1048.0, 200.0, 1, Size::Large);
        assert_eq!(geometry.edges(0), (500, 596));
        assert_eq!(geometry.centre(0), 548.0);
        assert_eq!(geometry.scaled(2.0).edges(0), (1000, 1192));
    }

    #[test]
    fn grid_lines_are_at_round_figures() {
        for (largest, step) in [(3, 1), (7, 2), (40, 20), (977, 500), (0, 1)] {
            assert_eq!(grid_step(largest, Unit::Actions), step);
        }
        for (largest, step) in [(100, 60), (3 * 3600, 3600), (90 * 3600, 50 * 3600), (600, 300)] {
            assert_eq!(grid_step(largest, Unit::Time), step);
        }
    }
}
