//! `GET /tracking`, and what changing it answers.

use crate::{Day, instant::Instant, tracking::Choice};
use serde::{Deserialize, Serialize};

/// How many names a preview of module rules tells of each rule.
pub const CAUGHT_NAMES: usize = 10;

/// What was done under a name as it is sent, whatever it is merged into and whether it is tracked or not; by the accounts
/// in the reader's sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NameUse {
    /// The last local day it was sent, of a module also as a heartbeat; null where nobody in sight did.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub last_day: Option<Day>,
    /// Actions, ever.
    pub actions: i64,
    /// Actions in the last 30 days, which end yesterday.
    pub last_30_days_actions: i64,
}

/// A module as it is sent, and what it is shown as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackedModule {
    /// By which changes name it.
    pub id: i64,
    /// As it is sent.
    pub name: String,
    /// What was chosen for it.
    pub choice: Choice,
    /// The id of the module it is shown as: its own, unless it is merged.
    pub shown_id: i64,
    /// What that is called.
    pub shown_name: String,
    /// Whether that is tracked.
    pub shown: bool,
    /// What was done in it.
    pub used: NameUse,
    /// Its activities as they are sent, by action.
    pub activities: Vec<TrackedActivity>,
}

/// An activity as it is sent, and what it is shown as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackedActivity {
    /// By which changes name it.
    pub id: i64,
    /// As it is sent.
    pub action: String,
    /// What was chosen for it.
    pub choice: Choice,
    /// The id of the activity that stands for all that are shown as one with it.
    pub shown_id: i64,
    /// What these are called.
    pub shown_action: String,
    /// Whether they and their module are tracked. Of those that are one each must be.
    pub shown: bool,
    /// How often it was done.
    pub used: NameUse,
}

/// Every module and activity that was ever sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tracking {
    /// When this was answered.
    pub as_of: Instant,
    /// By name.
    pub modules: Vec<TrackedModule>,
}

/// How many names the workspace tells of that are not tracked.
pub const UNTRACKED: usize = 100;

/// A module or an activity that is not tracked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Untracked {
    /// What the module is called where it is shown.
    pub module: String,
    /// What the activity is called; null where it is the module.
    pub action: Option<String>,
    /// The id of the module as it is sent.
    pub module_id: i64,
    /// The id of the activity.
    pub activity_id: Option<i64>,
}

/// What a module rule would have caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleCatch {
    /// How many names of events that came to the module General; null of a rule on paths, which are not kept.
    pub count: Option<usize>,
    /// The first ten of them, as they were sent.
    pub names: Vec<String>,
}

/// What module rules would have caught of what came to the module General until now, where no rule and no module of its
/// own was found for it. What is stored stays as it is: rules are for what comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesPreview {
    /// Of each rule, in order: each name is with the first that catches it.
    pub rules: Vec<RuleCatch>,
    /// How many names none of them catches.
    pub uncaught: usize,
}
