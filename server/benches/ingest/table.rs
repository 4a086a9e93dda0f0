//! How figures are printed.

use std::time::Duration;

/// What the product and a baseline did, round by round: how much a second, or how many milliseconds it took.
#[derive(Default)]
pub(crate) struct Comparison {
    product: Vec<f64>,
    baseline: Vec<f64>,
}

impl Comparison {
    /// Lets both take turns.
    pub(crate) fn measure(rounds: usize, mut product: impl FnMut() -> f64, mut baseline: impl FnMut() -> f64) -> Self {
        let mut comparison = Self::default();
        for _ in 0..rounds {
            comparison.product.push(product());
            comparison.baseline.push(baseline());
        }
        comparison
    }

    /// A line with the medians of the product, of the baseline, and of the rounds' ratios, which are the ones that count.
    pub(crate) fn print(&self, name: &str, decimals: usize) {
        let ratios = self.product.iter().zip(&self.baseline).map(|(product, baseline)| product / baseline).collect();
        let (product, baseline) = (median(self.product.clone()), median(self.baseline.clone()));
        println!("{name:<44} {product:>12.decimals$} {baseline:>12.decimals$} {:>6.2}", median(ratios));
    }
}

/// The line above comparisons.
pub(crate) fn head(title: &str, product: &str, baseline: &str) {
    println!("\n{title:<44} {product:>12} {baseline:>12} {:>6}", "ratio");
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    percentile(values, 50)
}

/// The value that so many percent of the others stay below.
pub(crate) fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}

/// How many a second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
