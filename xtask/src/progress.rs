//! What a task shows while it works: one line a step, with the time it took.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A task's steps, numbered as they come.
pub(crate) struct Steps {
    total: usize,
    taken: usize,
}

impl Steps {
    /// A task of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, taken: 0 }
    }

    /// Takes a step whose own output streams through.
    pub(crate) fn stream<T>(&mut self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let label = self.label(title);
        eprintln!("{label}");
        let begun = Instant::now();
        let outcome = work()?;
        eprintln!("{label}: {}", seconds(begun.elapsed()));
        Ok(outcome)
    }

    /// Takes a step that says nothing itself: on a terminal a spinner shows the time meanwhile.
    pub(crate) fn spin<T>(&mut self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let label = self.label(title);
        let begun = Instant::now();
        let spinner = ProgressBar::new_spinner().with_message(label.clone());
        if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        let outcome = work();
        spinner.finish_and_clear();
        eprintln!("{label}: {}", seconds(begun.elapsed()));
        outcome
    }

    /// Notes a step that need not be taken, because its inputs are those of the last time.
    pub(crate) fn skip(&mut self, title: &str) {
        let label = self.label(title);
        eprintln!("{label}: unchanged");
    }

    fn label(&mut self, title: &str) -> String {
        self.taken += 1;
        format!("[{}/{}] {title}", self.taken, self.total)
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
