//! `GET /usage`, `GET /usage/activities` and `GET /usage/modules`.

use crate::{Day, change::Change, period};
use serde::{Deserialize, Serialize};

/// How many activities and modules the charts show.
pub const TOP: usize = 5;

/// How many rows of a table a page has unless `limit` says otherwise.
pub const TABLE_LIMIT: u32 = 100;

/// How many rows of a table a page may have.
pub const TABLE_LIMIT_MAX: u32 = 1000;

/// Usage over a period, compared with the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// The reporting zone, an IANA name.
    pub time_zone: String,
    /// The period asked for.
    pub period: NamedPeriod,
    /// The same number of days immediately before.
    pub previous: PreviousPeriod,
    /// Time spent by all users.
    pub time_spent: TimeSpent,
    /// The activities with the most actions, at most 5.
    pub top_activities: Vec<TopActivity>,
    /// The modules with the most actions, at most 5.
    pub top_modules: Vec<TopModule>,
}

/// A period with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedPeriod {
    /// `yesterday`, `last_7_days`, `last_30_days`, `last_90_days` or `range`.
    pub name: String,
    /// First day.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub from: Day,
    /// Last day, included.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub to: Day,
}

impl NamedPeriod {
    /// Its days.
    pub fn days(&self) -> period::Period {
        period::Period { from: self.from, to: self.to }
    }
}

/// The previous comparable period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviousPeriod {
    /// First day.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub from: Day,
    /// Last day, included.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub to: Day,
    /// Whether it begins no earlier than the workspace's first event; without that there is no comparison.
    pub complete: bool,
    /// The local day of the workspace's first event; null while there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub data_since: Option<Day>,
}

/// Time spent over a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimeSpent {
    /// In the period.
    pub seconds: i64,
    /// In the previous one.
    pub previous_seconds: i64,
    /// From the previous to this.
    pub change: Change,
    /// Every day of the period.
    pub days: Vec<DaySeconds>,
    /// Every day of the previous period, for the comparison day by day.
    pub previous_days: Vec<DaySeconds>,
}

/// Time spent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaySeconds {
    /// The day.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// Time spent.
    pub seconds: i64,
}

/// Actions on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayActions {
    /// The day.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// Actions.
    pub actions: i64,
}

/// One of the top activities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopActivity {
    /// The module.
    pub module: String,
    /// The action.
    pub action: String,
    /// In the period.
    pub actions: i64,
    /// In the previous one.
    pub previous_actions: i64,
    /// From the previous to this.
    pub change: Change,
    /// Every day of the period.
    pub days: Vec<DayActions>,
    /// Every day of the previous period.
    pub previous_days: Vec<DayActions>,
}

/// One of the top modules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopModule {
    /// The module.
    pub module: String,
    /// In the period.
    pub actions: i64,
    /// In the previous one.
    pub previous_actions: i64,
    /// From the previous to this.
    pub change: Change,
    /// Every day of the period.
    pub days: Vec<DayActions>,
    /// Every day of the previous period.
    pub previous_days: Vec<DayActions>,
}

/// A page of the Activities or Modules table: everything tracked that was used in either period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Table {
    /// The period asked for.
    pub period: NamedPeriod,
    /// The same number of days immediately before.
    pub previous: PreviousPeriod,
    /// How many rows match the filter, on all pages together.
    pub total: u64,
    /// The rows of this page.
    pub rows: Vec<TableRow>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableRow {
    /// The module.
    pub module: String,
    /// The action; left out in the table of modules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// In the period.
    pub actions: i64,
    /// In the previous one.
    pub previous_actions: i64,
    /// From the previous to this.
    pub change: Change,
}
