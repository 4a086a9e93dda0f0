//! What the pages of members show. They are rendered with it; the API has no routes for it.

use crate::{api::problem::FieldError, instant::Instant, member::Role, query::Pairs};
use serde::{Deserialize, Serialize};

/// Whether a member can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Not yet: they have no password.
    Invited,
    /// They can.
    Active,
    /// An administrator says they can't.
    Disabled,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// By which forms name them.
    pub member_no: i64,
    /// What they sign in with, in lower case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may say what is tracked.
    pub configures_tracking: bool,
    /// Whether they can sign in.
    pub state: MemberState,
}

/// A browser in which a member is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// By which forms name it.
    pub session_no: i64,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When the member signed in.
    pub created: Instant,
    /// When it last asked for something, to the minute.
    pub seen: Instant,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Who looks at the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Who signed in; none where nobody did, because nobody must.
    pub member: Option<Member>,
    /// Whether they may change what belongs to the workspace.
    pub may_administer: bool,
}

impl Reader {
    /// Whether they may say what is tracked.
    pub fn may_configure_tracking(&self) -> bool {
        self.may_administer || self.member.as_ref().is_some_and(|member| member.configures_tracking)
    }

    /// Whether they may invite and disable members: that takes an administrator who signed in, wherever nobody else must.
    pub fn manages_members(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.role == Role::Administrator)
    }
}

/// A form as it was sent, without passwords, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentForm {
    /// What was in its fields.
    pub values: Pairs,
    /// What is wrong; without a pointer where no single field is at fault.
    pub errors: Vec<FieldError>,
}

impl SentForm {
    /// What was in a field; empty where it was not sent.
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Whether one of several fields of a name holds this.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(field, sent)| field == name && sent == value)
    }

    /// What is in all fields of a name, in their order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.values.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// What is wrong with a field; of the form as a whole where `name` is empty.
    pub fn error(&self, name: &str) -> Option<&str> {
        let of = |error: &&FieldError| error.pointer.trim_start_matches('/') == name;
        self.errors.iter().find(of).map(|error| error.detail.as_str())
    }
}

/// The button by which members sign in with a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SingleSignOnButton {
    /// What it says.
    pub label: String,
    /// Scheme, host and port to begin at: the provider sends browsers back there.
    pub origin: String,
}

/// What a link that opens once is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Making the first administrator.
    Administrator,
    /// Accepting an invitation.
    Invitation,
    /// Choosing another password.
    Reset,
}

impl LinkPurpose {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Invitation, Self::Reset];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// A link that was opened and not yet used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLink {
    /// What it holds.
    pub token: String,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whom it is for; none where that is typed in.
    pub member: Option<Member>,
}

/// A link that was just made: whoever sees it hands it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedLink {
    /// What it holds.
    pub token: String,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whom it is for.
    pub member: Member,
}
