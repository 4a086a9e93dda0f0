//! `GET`, `POST`, `PUT` and `DELETE /teams`, and what everybody is told of teams.

use super::Account;
use crate::team::TeamRule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many accounts a preview names.
pub const PREVIEWED: usize = 10;

/// A team by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamName {
    /// By which `team` parameters name it.
    pub id: i64,
    /// What it is called.
    pub name: String,
}

/// A member of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamMember {
    /// What they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
}

/// A team: what it sees, and who belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Team {
    /// By which `team` parameters name it.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// The accounts it names, by their ids.
    pub accounts: BTreeSet<String>,
    /// What the other accounts it sees have in common.
    pub rules: Vec<TeamRule>,
    /// How many accounts it sees now.
    pub account_count: i64,
    /// Who belongs to it, by name.
    pub members: Vec<TeamMember>,
}

/// Every team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Teams {
    /// By name.
    pub teams: Vec<Team>,
}

/// What a team would see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamPreview {
    /// How many accounts.
    pub account_count: i64,
    /// The first ten of them, by id.
    pub accounts: Vec<Account>,
}
