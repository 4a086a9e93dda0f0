//! Bodies that this server refused whole, so that nothing of them is stored or kept: how many, and why the newest was.
//! In memory alone, because what can't be read must not fill a database.

use model::{instant::Instant, reject::Origin};
use std::sync::{Arc, Mutex, PoisonError};

/// How much of a reason is remembered, in bytes: it may quote a header.
const DETAIL_BYTES: usize = 300;

/// Those since the server started. Cheap to clone; all clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    refused: Refused,
    /// How often somebody had been erased when the newest came.
    erasures: i64,
}

/// How many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    /// All of them.
    pub(crate) bodies: u64,
    /// The newest.
    pub(crate) newest: Option<Refusal>,
}

/// A body that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// By which way it came in.
    pub(crate) origin: Origin,
    /// When.
    pub(crate) received: Instant,
    /// Why, for people.
    pub(crate) detail: String,
}

impl Refusals {
    /// Counts one, which came when somebody had been erased so often.
    pub(crate) fn add(&self, mut refusal: Refusal, erasures: i64) {
        metrics::counter!("ingest_bodies_refused_total").increment(1);
        refusal.detail.truncate(refusal.detail.floor_char_boundary(DETAIL_BYTES));
        // What is counted is whole, whatever happened to whoever held it.
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.refused.bodies += 1;
        counted.refused.newest = Some(refusal);
        counted.erasures = erasures;
    }

    /// How many there are by now, when somebody has been erased so often. If that is more often than when the newest came,
    /// why it was refused is forgotten: that may name somebody.
    pub(crate) fn get(&self, erasures: i64) -> Refused {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.erasures < erasures {
            counted.refused.newest = None;
        }
        counted.refused.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::reject::Protocol;

    #[test]
    fn all_are_counted_and_the_newest_remembered() {
        let refusals = Refusals::default();
        for detail in ["not JSON".to_owned(), "ü".repeat(DETAIL_BYTES)] {
            let origin = Origin { protocol: Protocol::Segment, key: None };
            refusals.clone().add(Refusal { origin, received: Instant::from_millis(7), detail }, 3);
        }
        let Refused { bodies, newest } = refusals.get(3);
        assert_eq!((bodies, newest.map(|newest| newest.detail.len())), (2, Some(DETAIL_BYTES)));
        assert_eq!(refusals.get(4), Refused { bodies: 2, newest: None });
        assert_eq!(refusals.get(3).newest, None);
    }
}
