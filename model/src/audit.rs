//! The audit log: what is entered in it, in words for the database and for readers.

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The first administrator was made, by the link for it.
    CreateAdministrator,
    /// A member was added, who has yet to choose a password.
    InviteMember,
    /// A member accepted the invitation.
    AcceptInvitation,
    /// Somebody became a member by single sign-on.
    Join,
    /// A member signed in by single sign-on for the first time, and is known by it from then on.
    LinkSingleSignOn,
    /// A member is known by single sign-on no more.
    UnlinkSingleSignOn,
    /// A member may do something else now.
    PermitMember,
    /// A member can't sign in any more.
    DisableMember,
    /// A member can sign in again.
    EnableMember,
    /// Another link was made for a member.
    MakeLink,
    /// A member has another password.
    ChangePassword,
    /// A session was ended elsewhere.
    EndSession,
    /// Every other session of a member was ended.
    EndOtherSessions,
    /// A member belongs to other teams now.
    AssignTeams,
    /// A team was made.
    CreateTeam,
    /// A team is called or sees something else now.
    ChangeTeam,
    /// A team was deleted.
    DeleteTeam,
    /// A key was made.
    CreateKey,
    /// A key got another secret.
    RotateKey,
    /// A key was revoked.
    RevokeKey,
    /// The module rules are others.
    ReplaceModuleRules,
    /// A module or an activity is tracked, called or merged otherwise.
    ChangeTracking,
    /// Rejected events were replayed.
    ReplayRejects,
    /// Rejected events were dismissed.
    DismissRejects,
    /// The reporting zone or the idle gap is another.
    ChangeReporting,
    /// Every roll-up was computed again.
    Rebuild,
    /// A user or an account was erased.
    Erase,
    /// Raw events are kept for longer, or not as long.
    ChangeRetention,
}

impl Action {
    /// Each, with its word in the database and in JSON, and what to say of it.
    const WORDS: [(Self, &'static str, &'static str); 28] = [
        (Self::CreateAdministrator, "create_administrator", "Became the first administrator"),
        (Self::InviteMember, "invite_member", "Invited a member"),
        (Self::AcceptInvitation, "accept_invitation", "Accepted the invitation"),
        (Self::Join, "join", "Became a member"),
        (Self::LinkSingleSignOn, "link_single_sign_on", "Linked a member to single sign-on"),
        (Self::UnlinkSingleSignOn, "unlink_single_sign_on", "Parted a member from single sign-on"),
        (Self::PermitMember, "permit_member", "Changed what a member may do"),
        (Self::DisableMember, "disable_member", "Disabled a member"),
        (Self::EnableMember, "enable_member", "Enabled a member"),
        (Self::MakeLink, "make_link", "Made another link for a member"),
        (Self::ChangePassword, "change_password", "Changed a password"),
        (Self::EndSession, "end_session", "Ended a session"),
        (Self::EndOtherSessions, "end_other_sessions", "Ended every other session"),
        (Self::AssignTeams, "assign_teams", "Changed a member's teams"),
        (Self::CreateTeam, "create_team", "Made a team"),
        (Self::ChangeTeam, "change_team", "Changed a team"),
        (Self::DeleteTeam, "delete_team", "Deleted a team"),
        (Self::CreateKey, "create_key", "Made a key"),
        (Self::RotateKey, "rotate_key", "Gave a key another secret"),
        (Self::RevokeKey, "revoke_key", "Revoked a key"),
        (Self::ReplaceModuleRules, "replace_module_rules", "Replaced the module rules"),
        (Self::ChangeTracking, "change_tracking", "Changed what is tracked"),
        (Self::ReplayRejects, "replay_rejects", "Replayed rejected events"),
        (Self::DismissRejects, "dismiss_rejects", "Dismissed rejected events"),
        (Self::ChangeReporting, "change_reporting", "Changed what roll-ups are computed with"),
        (Self::Rebuild, "rebuild", "Computed every roll-up again"),
        (Self::Erase, "erase", "Erased a user or an account"),
        (Self::ChangeRetention, "change_retention", "Changed how long raw events are kept"),
    ];

    /// The word for it in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(action, ..)| *action == self).map_or("", |(_, word, _)| word)
    }

    /// What to say of the action with a word; the word itself where another version wrote it.
    pub fn say(word: &str) -> &str {
        Self::WORDS.iter().find(|(_, known, _)| *known == word).map_or(word, |(.., said)| said)
    }
}

/// Who changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorKind {
    /// A member who signed in.
    Member,
    /// Whoever opened a link that was for a member.
    Link,
    /// Whoever signs in by single sign-on, with what their groups give them.
    SingleSignOn,
    /// Whoever runs the server.
    CommandLine,
    /// Anyone, where nobody need sign in.
    Anyone,
}

impl AuthorKind {
    /// The word for it in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Link => "link",
            Self::SingleSignOn => "single_sign_on",
            Self::CommandLine => "command_line",
            Self::Anyone => "anyone",
        }
    }
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A member.
    Member,
    /// A team.
    Team,
    /// A key.
    Key,
    /// A module.
    Module,
    /// An activity.
    Activity,
    /// What belongs to all.
    Workspace,
}

impl SubjectKind {
    /// The word for it in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Team => "team",
            Self::Key => "key",
            Self::Module => "module",
            Self::Activity => "activity",
            Self::Workspace => "workspace",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        for (action, word, said) in Action::WORDS {
            assert_eq!((action.as_str(), Action::say(word)), (word, said));
        }
        assert_eq!(Action::say("paint"), "paint");
    }
}
