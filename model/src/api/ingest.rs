//! `POST /events`: the answer.

use serde::{Deserialize, Serialize};

/// What became of the events of one request. `accepted + duplicates + rejected` is the number sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestAnswer {
    /// Stored, durably.
    pub accepted: u64,
    /// Left out because their account already has an event with that id.
    pub duplicates: u64,
    /// Not stored, each with the reason, by ascending index.
    pub rejected: Vec<RejectedEvent>,
}

/// An event that was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedEvent {
    /// Its place in the request, from 0; for NDJSON, among the lines that are not blank.
    pub index: usize,
    /// The reason, for programs.
    pub code: RejectionCode,
    /// The reason, for people.
    pub detail: String,
    /// JSON pointer to the field at fault.
    pub pointer: String,
}

/// Why an event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// A line of NDJSON is not JSON.
    MalformedJson,
    /// A field that must be there is not.
    MissingField,
    /// A field holds another type of value than it must.
    InvalidType,
    /// A text is empty or blank.
    EmptyText,
    /// A text is longer than allowed.
    TextTooLong,
    /// A text holds control characters.
    InvalidText,
    /// `kind` is neither `activity` nor `heartbeat`.
    UnknownKind,
    /// `count` is out of range.
    CountOutOfRange,
    /// The account has more than 20 attributes.
    TooManyAttributes,
    /// `time` is neither RFC 3339 nor epoch milliseconds.
    InvalidTime,
    /// `time` is before 1970.
    TimeOutOfRange,
    /// `time` is further back than raw events are kept.
    TimeBeforeRetention,
    /// `time` is more than 10 minutes in the future after correction.
    TimeInFuture,
    /// The event is larger than 32 KiB.
    EventTooLarge,
    /// A call of another protocol names no account, and none is known of its user.
    UnknownAccount,
    /// A call of another protocol that means nothing here.
    UnsupportedCall,
}

impl RejectionCode {
    /// The code as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::MissingField => "missing_field",
            Self::InvalidType => "invalid_type",
            Self::EmptyText => "empty_text",
            Self::TextTooLong => "text_too_long",
            Self::InvalidText => "invalid_text",
            Self::UnknownKind => "unknown_kind",
            Self::CountOutOfRange => "count_out_of_range",
            Self::TooManyAttributes => "too_many_attributes",
            Self::InvalidTime => "invalid_time",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::TimeBeforeRetention => "time_before_retention",
            Self::TimeInFuture => "time_in_future",
            Self::EventTooLarge => "event_too_large",
            Self::UnknownAccount => "unknown_account",
            Self::UnsupportedCall => "unsupported_call",
        }
    }
}
