//! The types of the JSON API, shared by the server that writes them and the page that reads them.
//!
//! Instants are RFC 3339 in UTC with milliseconds, days `YYYY-MM-DD` in the reporting zone, durations whole seconds.

pub mod audit;
pub mod erasure;
pub mod ingest;
pub mod key;
pub mod member;
pub mod problem;
pub mod quality;
pub mod team;
pub mod today;
pub mod tracking;
pub mod usage;

use crate::{Day, instant::Instant};
use serde::{Deserialize, Serialize};
use team::TeamName;
use tracking::Untracked;

/// An account, with the newest name it was sent with; the id where it never had one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Case-sensitive.
    pub id: String,
    /// Shown instead of the id.
    pub name: String,
}

/// A user within an account, with the newest name; the id where there never was one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Case-sensitive, unique within the account.
    pub id: String,
    /// Shown instead of the id.
    pub name: String,
}

/// What a page needs to know of the workspace before it shows any number. `GET /workspace`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
    /// When this was answered.
    pub as_of: Instant,
    /// The reporting zone, an IANA name.
    pub time_zone: String,
    /// The current local day.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// The local day of the first event; null while there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub data_since: Option<Day>,
    /// Whether the numbers are made up for a demonstration.
    pub demo: bool,
    /// Minutes without a signal after which a user is no longer online.
    pub online_window_minutes: u32,
    /// The idle gap in minutes.
    pub idle_gap_minutes: u32,
    /// Whether the reader sees every account. Otherwise they see those of their teams, which may be none.
    pub sees_all_accounts: bool,
    /// The teams they may look through, by name.
    pub teams: Vec<TeamName>,
    /// What is not tracked, by name, to those who may change that; the first hundred.
    pub untracked: Vec<Untracked>,
    /// The product's version.
    pub version: String,
}

impl Workspace {
    /// Whether the reader sees nothing yet, because they belong to no team.
    pub fn is_out_of_sight(&self) -> bool {
        !self.sees_all_accounts && self.teams.is_empty()
    }
}
