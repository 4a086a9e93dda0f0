//! Events that were not stored, as they are kept until somebody looks into them.

use crate::{
    event::{EVENT_BYTES, Receipt, Rejection},
    instant::Instant,
};
use serde::{Deserialize, Serialize};

/// The protocols events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `POST /api/v1/events`.
    Events,
    /// Segment's HTTP tracking API.
    Segment,
    /// PostHog's capture API.
    Posthog,
    /// Totango's pixel.
    Totango,
    /// Vitally's API.
    Vitally,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 5] = [Self::Events, Self::Segment, Self::Posthog, Self::Totango, Self::Vitally];

    /// The word for it in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Segment => "segment",
            Self::Posthog => "posthog",
            Self::Totango => "totango",
            Self::Vitally => "vitally",
        }
    }
}

/// By which way an event came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In which protocol.
    pub protocol: Protocol,
    /// The name of the key it was sent with, where there was one.
    pub key: Option<String>,
}

/// A rejected event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// By which way it came in.
    pub origin: Origin,
    /// When it was received, and sent.
    pub receipt: Receipt,
    /// Why it was rejected; the pointer is relative to the event.
    pub rejection: Rejection,
    /// The event as it was sent; of one that is larger than [`EVENT_BYTES`] its beginning.
    pub body: String,
}

impl Reject {
    /// Keeps an event as it was sent.
    pub fn new(origin: Origin, receipt: Receipt, rejection: Rejection, body: &str) -> Self {
        Self { origin, receipt, rejection, body: body[..body.floor_char_boundary(EVENT_BYTES)].to_owned() }
    }

    /// When it was received.
    pub fn received(&self) -> Instant {
        self.receipt.received
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ingest::RejectionCode;

    #[test]
    fn what_is_kept_of_an_event_is_bounded() {
        let kept = |body: &str| {
            let receipt = Receipt::new(Instant::from_millis(0), None);
            let rejection = Rejection::new(RejectionCode::EventTooLarge, "", "too large");
            Reject::new(Origin { protocol: Protocol::Events, key: None }, receipt, rejection, body).body.len()
        };
        assert_eq!(kept("{}"), 2);
        assert_eq!(kept(&format!("x{}", "ü".repeat(EVENT_BYTES))), EVENT_BYTES - 1);
    }
}
