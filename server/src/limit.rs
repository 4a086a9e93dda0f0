//! How many events each key may send: so many a second, and a whole request at once.

use crate::clock::Clock;
use governor::{
    Quota, RateLimiter, clock::Clock as LimitClock, middleware::NoOpMiddleware, nanos::Nanos,
    state::keyed::HashMapStateStore,
};
use model::event::EVENTS_PER_REQUEST;
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// Above so many keys those that have sent nothing lately are forgotten.
const REMEMBERED: usize = 10_000;

/// The limit. Events that come without a key share one. Cheap to clone; all clones count together.
#[derive(Clone)]
pub(crate) struct RateLimit(Arc<Limiter>);

struct Limiter {
    by_key: RateLimiter<Option<String>, HashMapStateStore<Option<String>>, PassedIn, NoOpMiddleware<Nanos>>,
    clock: PassedIn,
    /// How many events fit at once.
    burst: NonZeroU32,
}

impl RateLimit {
    /// So many events a second for each key. At once as many as in a second, and never fewer than a request may hold.
    pub(crate) fn new(events_per_second: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let request = u32::try_from(EVENTS_PER_REQUEST).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let burst = events_per_second.max(request);
        let quota = Quota::per_second(events_per_second).allow_burst(burst);
        let clock = PassedIn(clock);
        let by_key = RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Self(Arc::new(Limiter { by_key, clock, burst }))
    }

    /// Counts events that a key sends. Where they are too many none of them counts, and the error says after how many
    /// seconds they are not.
    pub(crate) fn take(&self, key: Option<&str>, events: usize) -> Result<(), u64> {
        let Limiter { by_key, clock, burst } = &*self.0;
        let Some(events) = u32::try_from(events).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        if by_key.len() > REMEMBERED {
            by_key.retain_recent();
        }
        match by_key.check_key_n(&key.map(str::to_owned), events.min(*burst)) {
            Ok(Err(refused)) => Err(whole_seconds(refused.wait_time_from(LimitClock::now(clock)))),
            _ => Ok(()),
        }
    }
}

/// A wait in seconds, none of them broken: coming back a moment too soon would be refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The time that is passed in, as the library asks for it.
#[derive(Clone)]
struct PassedIn(Arc<dyn Clock>);

impl LimitClock for PassedIn {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().millis()).unwrap_or(0);
        Nanos::from(Duration::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use model::instant::Instant;

    #[test]
    fn each_key_may_send_a_request_at_once_and_then_as_many_as_the_time_allows() {
        let start = Instant::from_millis(1_795_435_200_000);
        let clock = Arc::new(ManualClock::new(start));
        let limit = RateLimit::new(NonZeroU32::new(100).unwrap(), clock.clone());
        assert_eq!(limit.take(Some("one"), EVENTS_PER_REQUEST), Ok(()));
        assert_eq!(limit.take(Some("one"), 50), Err(1));
        assert_eq!(limit.take(Some("one"), 150), Err(2));
        assert_eq!(limit.take(Some("other"), EVENTS_PER_REQUEST), Ok(()));
        assert_eq!(limit.take(None, EVENTS_PER_REQUEST), Ok(()));
        clock.set(start.plus_millis(500));
        assert_eq!(limit.take(Some("one"), 51), Err(1));
        assert_eq!(limit.take(Some("one"), 50), Ok(()));
        assert_eq!(limit.take(Some("one"), 0), Ok(()));
    }
}
