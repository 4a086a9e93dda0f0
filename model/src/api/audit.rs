//! `GET /audit`.

use crate::{Day, instant::Instant};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many changes a page has unless `limit` says otherwise.
pub const AUDIT_LIMIT: u32 = 50;

/// How many changes a page may have.
pub const AUDIT_LIMIT_MAX: u32 = 200;

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLog {
    /// When this was answered.
    pub as_of: Instant,
    /// The page.
    pub changes: Vec<AuditChange>,
    /// `before` for the next page; null on the last.
    pub next: Option<String>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditChange {
    /// Higher than that of any change entered before.
    pub id: i64,
    /// When.
    pub at: Instant,
    /// The local day of that.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Day,
    /// Who: a `member`, a `link` that was for one, `single_sign_on` of one, the `command_line`, or `anyone` where nobody need
    /// sign in.
    pub author: AuditParty,
    /// From where, as far as known: an address, or user and machine of the command line.
    pub place: String,
    /// What was done, such as `create_key`.
    pub action: String,
    /// To what: a `member`, a `key` or the `workspace`.
    pub subject: AuditParty,
    /// How it was before; null where there was nothing, or it was erased.
    pub before: Option<Value>,
    /// How it is since; null where there is nothing, or it was erased.
    pub after: Option<Value>,
}

/// Who changed something, or what was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditParty {
    /// Of which kind.
    pub kind: String,
    /// Its number among those of its kind; 0 where there is but one.
    pub id: i64,
    /// What it was called at the time; empty where that was erased, or there is but one.
    pub name: String,
}
