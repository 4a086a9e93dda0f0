//! When the next numbers are due. The ticks are the server's; the browser's clock may be wrong by any amount.

use model::instant::Instant;

/// An answer may be as old as a tick and the time it took to arrive. A greater difference means that the browser's
/// clock was set.
const CLOCK_WAS_SET: i64 = 60_000;

/// How far the server's clock is ahead of the browser's, learnt from answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerClock {
    ahead: Option<i64>,
}

impl ServerClock {
    /// Learns from an answer made at `as_of` that arrived at `received` by the browser's clock. The server's clock is
    /// at least at `as_of` by then, so the furthest it ever seemed ahead is the nearest to the truth.
    pub(crate) fn heard(&mut self, as_of: Instant, received: Instant) {
        let seems = as_of.millis() - received.millis();
        self.ahead = match self.ahead {
            Some(ahead) if (ahead - seems).abs() < CLOCK_WAS_SET => Some(ahead.max(seems)),
            _ => Some(seems),
        };
    }

    /// The server's time when the browser's clock shows `local`; `local` itself before any answer.
    pub(crate) fn at(&self, local: Instant) -> Instant {
        local.plus_millis(self.ahead.unwrap_or(0))
    }
}

/// Milliseconds from `now`, a time of the server, to the next of the ticks that are `seconds` apart and one of which
/// is `tick`; never 0.
pub(crate) fn until_next(tick: Instant, seconds: u32, now: Instant) -> u32 {
    let length = i64::from(seconds.max(1)) * 1000;
    let left = length - (now.millis() - tick.millis()).rem_euclid(length);
    u32::try_from(left).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn the_next_tick_is_never_further_than_one_away() {
        let tick = at(1_000_000);
        for (now, left) in
            [(1_000_000, 10_000), (1_000_001, 9_999), (1_009_999, 1), (1_010_000, 10_000), (1_034_000, 6_000)]
        {
            assert_eq!(until_next(tick, 10, at(now)), left);
        }
        assert_eq!(until_next(tick, 10, at(999_000)), 1_000);
    }

    #[test]
    fn the_server_clock_is_learnt_from_the_freshest_answer() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.at(at(5)), at(5));
        clock.heard(at(100_000), at(2_000));
        clock.heard(at(108_000), at(9_000));
        clock.heard(at(108_000), at(12_000));
        assert_eq!(clock.at(at(20_000)), at(119_000));
    }

    #[test]
    fn a_browser_clock_that_was_set_is_learnt_anew() {
        let mut clock = ServerClock::default();
        clock.heard(at(100_000), at(100_000));
        clock.heard(at(110_000), at(3_710_000));
        assert_eq!(clock.at(at(3_720_000)), at(120_000));
    }
}
