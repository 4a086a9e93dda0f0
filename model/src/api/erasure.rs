//! `GET` and `POST /erasures`, and `GET` and `PUT /retention`.

use super::{Account, User, audit::AuditParty};
use crate::{Day, instant::Instant};
use serde::{Deserialize, Serialize};

/// What was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErasureKind {
    /// An account with all its users.
    Account,
    /// A user of an account.
    User,
}

impl ErasureKind {
    /// The word for it in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::User => "user",
        }
    }
}

/// How much there is of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erased {
    /// Accounts, with their names.
    pub accounts: i64,
    /// Users, with their names; each id a user is known by counts.
    pub users: i64,
    /// Raw events.
    pub events: i64,
    /// Ids that make a retry harmless; those of an account alone.
    pub event_ids: i64,
    /// Rows of roll-ups: what a user did on a day, and in a module on a day.
    pub roll_ups: i64,
    /// What calls of other clients told: names, accounts and other ids of users.
    pub identities: i64,
    /// Attributes of an account.
    pub attributes: i64,
    /// Days on which late events of an account were counted.
    pub late_days: i64,
    /// Places in teams that name an account, as one of theirs or in a rule.
    pub team_entries: i64,
    /// Rejected events that name them.
    pub rejects: i64,
    /// Texts of the audit log that name them, which were blanked.
    pub audit_texts: i64,
}

impl Erased {
    /// Each with what so many are called.
    pub fn each(&self) -> [(&'static str, i64); 11] {
        let called = |one, many, count| (if count == 1 { one } else { many }, count);
        [
            called("account", "accounts", self.accounts),
            called("user", "users", self.users),
            called("event", "events", self.events),
            called("event id", "event ids", self.event_ids),
            called("row of roll-ups", "rows of roll-ups", self.roll_ups),
            called("identity", "identities", self.identities),
            called("attribute", "attributes", self.attributes),
            called("day of late events", "days of late events", self.late_days),
            called("place in teams", "places in teams", self.team_entries),
            called("rejected event", "rejected events", self.rejects),
            called("text of the audit log", "texts of the audit log", self.audit_texts),
        ]
    }

    /// Whether there is nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What an erasure would erase. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasurePreview {
    /// The account, or that of the user.
    pub account: Account,
    /// The user; null where it is the whole account.
    pub user: Option<User>,
    /// What would go.
    pub would_erase: Erased,
    /// What else names them and would stay, each with what it is: names of API keys, teams and members, and rules. They can
    /// be changed there.
    #[serde(default)]
    pub elsewhere: Vec<String>,
}

/// A receipt: what was erased, and nothing of whose it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erasure {
    /// Higher than that of any before.
    pub id: i64,
    /// When.
    pub at: Instant,
    /// What.
    pub kind: ErasureKind,
    /// Who did it.
    pub author: AuditParty,
    /// How much of each kind.
    pub erased: Erased,
    /// When what was deleted was gone from the files of the database too; null while that is under way.
    pub cleaned: Option<Instant>,
}

/// Every receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erasures {
    /// Newest first.
    pub erasures: Vec<Erasure>,
}

/// How long raw events are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retention {
    /// For so many whole local days before today; null where they are kept for good.
    pub days: Option<u32>,
    /// The first local day whose raw events are all there; null where none were dropped.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub kept_since: Option<Day>,
}
