//! `GET /today` and `GET /today/stream`.

use super::{Account, User};
use crate::{Day, instant::Instant};
use serde::{Deserialize, Serialize};

/// How many rows each top ten has at most.
pub const TOP: usize = 10;

/// Today's cards and top tens, as they stood at a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Today {
    /// When the numbers were read.
    pub as_of: Instant,
    /// The tick they belong to.
    pub tick: Instant,
    /// The reporting zone, an IANA name.
    pub time_zone: String,
    /// Today in the reporting zone.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// Seconds from one tick to the next.
    pub refresh_seconds: u32,
    /// The local day of the workspace's first event; null while there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub data_since: Option<Day>,
    /// Accounts with at least one user online now.
    pub accounts_online: OnlineCard,
    /// Users online now.
    pub users_online: OnlineCard,
    /// Time spent today ÷ users active today.
    pub time_per_user: TimeCard,
    /// By distinct active users, then actions, then name.
    pub most_active_accounts: Vec<ActiveAccount>,
    /// By time spent, then actions, then name.
    pub most_active_users: Vec<ActiveUser>,
    /// By distinct users with an activity there, then actions, then name.
    pub popular_modules: Vec<PopularModule>,
    /// By actions, then distinct users, then name.
    pub frequent_actions: Vec<FrequentAction>,
}

/// How many are online now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OnlineCard {
    /// Online now.
    pub value: i64,
    /// Active today.
    pub of: i64,
    /// `value` less that of the previous tick; null without one.
    pub change: Option<i64>,
}

/// Time per user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimeCard {
    /// Null while no user is active today.
    pub seconds: Option<i64>,
    /// `seconds` less those of the previous tick; null without one, or where either is null.
    pub change_seconds: Option<i64>,
}

/// A row of the most active accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveAccount {
    /// The account.
    pub account: Account,
    /// Its distinct users with a signal today.
    pub active_users: i64,
    /// Its actions today.
    pub actions: i64,
}

/// A row of the most active users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveUser {
    /// The user's account.
    pub account: Account,
    /// The user.
    pub user: User,
    /// Time spent today.
    pub seconds: i64,
    /// Actions today.
    pub actions: i64,
}

/// A row of the popular modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PopularModule {
    /// The module.
    pub module: String,
    /// Distinct users with an activity there today.
    pub users: i64,
    /// Actions there today.
    pub actions: i64,
}

/// A row of the frequent actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrequentAction {
    /// The module.
    pub module: String,
    /// The action.
    pub action: String,
    /// How often it happened today.
    pub actions: i64,
    /// Distinct users who did it today.
    pub users: i64,
}

/// How many entries of the stream a page has unless `limit` says otherwise.
pub const STREAM_LIMIT: u32 = 50;

/// How many entries of the stream a page may have.
pub const STREAM_LIMIT_MAX: u32 = 200;

/// How many single uses an entry lists at most, the newest.
pub const USES_PER_ENTRY: usize = 20;

/// Today's activity stream: one entry per user and module, newest use first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stream {
    /// When it was read.
    pub as_of: Instant,
    /// Newest use first.
    pub entries: Vec<StreamEntry>,
    /// What to ask `before` for to get the next page; null on the last.
    pub next: Option<String>,
}

/// What a user did in a module today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamEntry {
    /// The user's account.
    pub account: Account,
    /// The user.
    pub user: User,
    /// The module.
    pub module: String,
    /// All actions of the user in the module today.
    pub count: i64,
    /// Each action with its count, most frequent first.
    pub actions: Vec<ActionCount>,
    /// The newest single uses, newest first: how often each action happened in one minute. At most 20.
    pub uses: Vec<Use>,
    /// When the module was last used.
    pub last_at: Instant,
    /// Whether the user is online now.
    pub online: bool,
}

/// An action and how often it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionCount {
    /// The action.
    pub action: String,
    /// How often.
    pub count: i64,
}

/// How often an action happened within one minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Use {
    /// The action.
    pub action: String,
    /// The beginning of the minute.
    pub at: Instant,
    /// How often.
    pub count: i64,
}
