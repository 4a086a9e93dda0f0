//! `GET /rejects`, `POST /rejects/replay`, `DELETE /rejects` and `GET /quality`.

use super::Account;
use crate::{Day, instant::Instant, reject::Protocol};
use serde::{Deserialize, Serialize};

/// How many rejected events are kept: at the size most events have some megabytes, at the most 320.
pub const REJECTS_KEPT: u32 = 10_000;

/// How many rejected events a page has unless `limit` says otherwise.
pub const REJECTS_LIMIT: u32 = 50;

/// How many rejected events a page may have.
pub const REJECTS_LIMIT_MAX: u32 = 200;

/// How many rejected events can be chosen by their ids at once.
pub const REJECT_IDS: usize = 1_000;

/// Over how many local days quality looks back, today included.
pub const QUALITY_DAYS: u32 = 30;

/// How many names, groups of names, or accounts with late events are listed at most.
pub const LISTED: usize = 100;

/// A page of the rejected events that are kept, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejects {
    /// When this was answered.
    pub as_of: Instant,
    /// How many are kept: the newest, 10,000 at most.
    pub kept: i64,
    /// How many of them match what was asked for.
    pub matching: i64,
    /// The id of the newest that matches; null where none does.
    pub newest: Option<i64>,
    /// The page.
    pub rejects: Vec<RejectEntry>,
    /// `before` for the next page; null on the last.
    pub next: Option<String>,
}

/// A rejected event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectEntry {
    /// Higher than that of any rejected event that came before.
    pub id: i64,
    /// When it was received.
    pub received: Instant,
    /// When it was sent, by the sender's clock; where its request did not say, when it was received.
    pub sent_at: Instant,
    /// The local day on which it was received.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// The protocol it came in: `events`, or another client's.
    pub protocol: String,
    /// The name of the key it came with; null where there was none.
    pub key: Option<String>,
    /// The reason, for programs: as in the answer to `POST /events`.
    pub code: String,
    /// The reason, for people.
    pub detail: String,
    /// JSON pointer to the field at fault, relative to the event.
    pub pointer: String,
    /// The event as it was sent; of one that is too large its beginning.
    pub body: String,
}

/// Which rejected events are to be replayed or dismissed: those with these ids, or all that match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RejectChoice {
    /// These alone, at most 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<i64>>,
    /// Rejected for this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Received in this protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Sent with the key of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Must be true where nothing above is given: then all are meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// None that came later than the one with this id: what somebody has not seen yet stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
    /// With one id, to replay: what should have been sent, read in place of what was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What became of rejected events that were read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayAnswer {
    /// Stored, durably, and no longer kept as rejected; calls that only tell who is who among them.
    pub replayed: u64,
    /// No longer kept either: their account already has an event with that id.
    pub duplicates: u64,
    /// Still rejected, and kept with today's reason.
    pub rejected: u64,
}

/// What became of rejected events that were dismissed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DismissAnswer {
    /// No longer kept.
    pub dismissed: u64,
}

/// What may be wrong with the events that are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// When this was answered.
    pub as_of: Instant,
    /// The rejected events that are kept, now.
    pub rejects: RejectCounts,
    /// Bodies that were refused whole, now.
    pub refused_bodies: RefusedBodies,
    /// Modules first seen within the last 30 days, newest first, at most 100. First seen is the moment the first event
    /// with that name was received, whenever it happened.
    pub new_modules: Vec<FirstSeen>,
    /// Activities first seen within the last 30 days, likewise.
    pub new_activities: Vec<FirstSeen>,
    /// Names that differ only in case, white space, hyphens and underscores: modules, and actions within one module.
    /// Those with the most actions first, at most 100 groups.
    pub similar_names: Vec<SimilarNames>,
    /// Events received more than 7 days after they happened, by the day they were received and by account, over the
    /// last 30 days; newest day first, then the most events, at most 100.
    pub late_events: Vec<LateEvents>,
}

/// How many rejected events are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectCounts {
    /// All of them: the newest, 10,000 at most.
    pub kept: i64,
    /// By reason, most first.
    pub by_code: Vec<RejectCount>,
    /// By protocol, most first.
    pub by_protocol: Vec<RejectCount>,
    /// By key, most first.
    pub by_key: Vec<RejectCount>,
}

/// How many rejected events have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectCount {
    /// A code, a protocol, or the name of a key; null for those without a key.
    pub name: Option<String>,
    /// How many.
    pub rejects: i64,
}

/// Bodies that were refused whole: what can't be read, or is larger than it may be. Nothing of them is stored or kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedBodies {
    /// How many, by the server that answers, since it started.
    pub bodies: u64,
    /// The newest; null where there is none.
    pub newest: Option<RefusedBody>,
}

/// A body that was refused whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedBody {
    /// When it was received.
    pub received: Instant,
    /// The local day of that.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// The protocol it came in.
    pub protocol: Protocol,
    /// The name of the key it came with; null where there was none, or it could not be read either.
    pub key: Option<String>,
    /// The reason, for people.
    pub detail: String,
}

/// A module or an activity that is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FirstSeen {
    /// The module.
    pub module: String,
    /// The action, of an activity; null for a module.
    pub action: Option<String>,
    /// When the first event with this name was received.
    pub first_received: Instant,
    /// The local day of that.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// The first local day it was used; null where there have been heartbeats alone.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub first_day: Option<Day>,
    /// Actions since then.
    pub actions: i64,
    /// The most distinct users of one day.
    pub most_users: i64,
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// An area of the product.
    Module,
    /// What users do in a module.
    Action,
}

/// Names that look alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimilarNames {
    /// Of what they are names.
    pub kind: NameKind,
    /// The module, of actions.
    pub module: Option<String>,
    /// Two or more, the most used first.
    pub names: Vec<SimilarName>,
}

/// One of the names that look alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimilarName {
    /// As it was sent.
    pub name: String,
    /// Actions, ever.
    pub actions: i64,
    /// The last local day it was used; null where there have been heartbeats alone.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub last_day: Option<Day>,
}

/// Events of an account that came long after they happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LateEvents {
    /// The local day on which they were received.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// The account.
    pub account: Account,
    /// How many.
    pub events: i64,
    /// The local day of the oldest.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub first_day: Day,
    /// The local day of the newest.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub last_day: Day,
}
