//! How far an import is: a bar where someone looks on, otherwise a line now and then.

use super::source::{Bytes, Opened};
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// How long between two lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Tells how far an import is.
pub(super) struct Progress {
    outlet: Outlet,
    bar: ProgressBar,
    name: String,
    /// When reading began of what is being watched, and how many records it has given.
    began: Instant,
    records: u64,
    told: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlet {
    /// A bar on a terminal, kept up to date.
    Bar,
    /// Lines, for a log file or a pipe.
    Lines,
    /// Nobody.
    #[cfg(test)]
    Silence,
}

impl Progress {
    /// On standard error: a bar if that is a terminal, otherwise lines.
    pub(super) fn to_standard_error() -> Self {
        Self::new(if std::io::stderr().is_terminal() { Outlet::Bar } else { Outlet::Lines })
    }

    /// Says nothing.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self::new(Outlet::Silence)
    }

    fn new(outlet: Outlet) -> Self {
        let now = Instant::now();
        Self { outlet, bar: ProgressBar::hidden(), name: String::new(), began: now, records: 0, told: now }
    }

    /// Starts to follow how far some bytes have been read.
    pub(super) fn watch(&mut self, name: &str, Opened { bytes, length }: Opened) -> Bytes {
        let target = match self.outlet {
            Outlet::Bar => ProgressDrawTarget::stderr(),
            _ => ProgressDrawTarget::hidden(),
        };
        let template = match length {
            Some(_) => "{prefix} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {msg} {eta} left",
            None => "{prefix} {spinner} {decimal_bytes} {msg}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::with_draw_target(length, target).with_style(style).with_prefix(name.to_owned());
        name.clone_into(&mut self.name);
        self.began = Instant::now();
        self.records = 0;
        Box::new(self.bar.wrap_read(bytes))
    }

    /// Says that some more records have been dealt with.
    pub(super) fn count(&mut self, more: u64) {
        self.records += more;
        let rate = self.records as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let message = format!("{} events, {}/s", HumanCount(self.records), HumanCount(rate as u64));
        if self.outlet == Outlet::Lines && self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            let read = DecimalBytes(self.bar.position());
            let of = self.bar.length().map(|length| format!(" of {}", DecimalBytes(length))).unwrap_or_default();
            self.note(&format!("{}: {read}{of} read, {message}", self.name));
        }
        self.bar.set_message(message);
    }

    /// Takes the bar away.
    pub(super) fn finish(&mut self) {
        self.bar.finish_and_clear();
    }

    /// Says a sentence.
    pub(super) fn note(&self, sentence: &str) {
        if matches!(self.outlet, Outlet::Bar | Outlet::Lines) {
            self.bar.suspend(|| eprintln!("{sentence}"));
        }
    }
}
