//! The local time of day.
//!
//! The zones' rules stay outside this crate: the server has them from its own library, the browser from `Intl`.

use leptos::prelude::*;
use model::instant::Instant;
use std::sync::Arc;

/// Tells the time of day in the reporting zone.
pub trait LocalTime: Send + Sync {
    /// Hours, minutes and seconds of the 24-hour clock, `00:00:00` to `23:59:59`.
    fn hms(&self, instant: Instant) -> String;
}

/// The clock of the reporting zone, as a context.
#[derive(Clone)]
pub(crate) struct ZoneClock(pub(crate) Arc<dyn LocalTime>);

impl ZoneClock {
    /// The one in context; UTC where there is none.
    pub(crate) fn expect() -> Self {
        use_context().unwrap_or_else(|| Self(Arc::new(Utc)))
    }

    /// `HH:MM:SS`.
    pub(crate) fn hms(&self, instant: Instant) -> String {
        self.0.hms(instant)
    }

    /// `HH:MM`.
    pub(crate) fn hm(&self, instant: Instant) -> String {
        let mut text = self.0.hms(instant);
        text.truncate(5);
        text
    }
}

/// UTC, which needs no rules.
pub struct Utc;

impl LocalTime for Utc {
    fn hms(&self, instant: Instant) -> String {
        let seconds = instant.millis().div_euclid(1000).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_needs_no_rules() {
        let instant = Instant::parse("2026-11-23T23:04:05.999Z").unwrap();
        assert_eq!(Utc.hms(instant), "23:04:05");
    }
}
