//! The domain of Usage Monitor, pure: events and their validation, days, periods, change, active minutes,
//! and the types of the JSON API.
//!
//! What never lives here: IO, a clock (the time is always an argument), a framework, a database.
//! The crate compiles to WebAssembly, so that page and server share every definition.

pub mod api;
pub mod audit;
pub mod call;
pub mod change;
pub mod erasure;
pub mod event;
pub mod instant;
mod json;
pub mod key;
pub mod member;
pub mod minutes;
pub mod module_rule;
mod object;
pub mod period;
pub mod quality;
pub mod query;
pub mod reject;
pub mod team;
pub mod tracking;
pub mod usage;
pub mod uses;
pub mod zone;

/// A local day of the reporting zone; `YYYY-MM-DD` on the wire.
pub type Day = chrono::NaiveDate;

/// How far the idle gap and the online window may be set, in minutes.
pub const MINUTES_SETTING: std::ops::RangeInclusive<u32> = 1..=30;

/// Idle gap unless set otherwise, in minutes: neighbouring active minutes at most this far apart count the
/// minutes between them as time spent.
pub const DEFAULT_IDLE_GAP: u32 = 5;

/// Online window unless set otherwise, in minutes: a user is online while the newest signal is at most this old.
pub const DEFAULT_ONLINE_WINDOW: u32 = 5;

/// Seconds between two ticks. Ticks are the server's, at fixed multiples of this since the epoch.
pub const TICK_SECONDS: u32 = 10;
