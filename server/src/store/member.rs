//! Members and their passwords, as hashes that take long to try.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::{Connection, Writing},
    link::forget_links_by,
    scope::Sight,
    statement::query,
};
use model::{
    api::member::{Member, MemberState},
    audit::{Action, SubjectKind},
    instant::Instant,
    member::Role,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A member about to be made.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// In lower case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may say what is tracked.
    pub configures_tracking: bool,
    /// The teams they belong to.
    pub teams: BTreeSet<i64>,
}

/// A member with the hash of their password, where they have one, and how far they see.
#[derive(Clone, Debug)]
pub struct MemberWithPassword {
    /// The member.
    pub member: Member,
    /// All accounts, or those of their teams.
    pub sight: Sight,
    /// A PHC string.
    pub password: Option<String>,
}

/// Selects members, which `$rest` chooses and orders, as [`MemberColumns`].
macro_rules! select_members {
    ($rest:literal) => {
        query(concat!(
            "SELECT member_no, email, name, role, configures_tracking, disabled, scope_no, password, \
             (SELECT COUNT(*) FROM single_sign_on s WHERE s.member_no = member.member_no) FROM member ",
            $rest
        ))
    };
}

/// Number, e-mail address, name, role, whether they configure tracking and are disabled, scope of their teams, password, how
/// many providers vouch for them.
type MemberColumns = (i64, String, String, String, i64, i64, i64, Option<String>, i64);

fn member_of(row: MemberColumns) -> Result<MemberWithPassword, StoreError> {
    let (member_no, email, name, role, configures_tracking, disabled, scope_no, password, vouched_for) = row;
    let role = Role::parse(&role).ok_or(StoreError::Setting { name: "role", value: role })?;
    let state = match (disabled != 0, &password) {
        (true, _) => MemberState::Disabled,
        (false, None) if vouched_for == 0 => MemberState::Invited,
        (false, _) => MemberState::Active,
    };
    let sight = match role {
        Role::Administrator => Sight::ALL,
        Role::Viewer => Sight::of_scope(scope_no),
    };
    let configures_tracking = configures_tracking != 0;
    let member = Member { member_no, email, name, role, configures_tracking, state };
    Ok(MemberWithPassword { member, sight, password })
}

impl Store {
    /// Every member, by name.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        let mut reading = self.read.begin().await?;
        let select = select_members!("ORDER BY LOWER(name), email");
        let rows: Vec<MemberColumns> = select.fetch_all(&mut reading.connection()).await?;
        rows.into_iter().map(|row| Ok(member_of(row)?.member)).collect()
    }

    /// The member with an e-mail address, in lower case.
    pub async fn member_of_email(&self, email: &str) -> Result<Option<MemberWithPassword>, StoreError> {
        find_with_password(&mut self.read.begin().await?.connection(), email).await
    }

    /// Whether an administrator can sign in.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        has_administrator(&mut self.read.begin().await?.connection()).await
    }

    /// Changes what a member may do. Whether there is such a member.
    pub async fn set_role(
        &self,
        member_no: i64,
        role: Role,
        configures_tracking: bool,
        author: &Author,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let had_administrator = hold_administrators(connection).await?;
        let Some(before) = find_member(connection, member_no).await? else { return writing.roll_back(false).await };
        put_role(connection, &before, role, configures_tracking, author).await?;
        commit_with_administrator(writing, had_administrator).await?;
        Ok(true)
    }

    /// Says whether a member can't sign in. One who can't is signed out everywhere. Whether there is such a member.
    pub async fn set_disabled(&self, member_no: i64, disabled: bool, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let had_administrator = hold_administrators(connection).await?;
        let Some(before) = find_member(connection, member_no).await? else { return writing.roll_back(false).await };
        let sql = "UPDATE member SET disabled = $2 WHERE member_no = $1";
        query(sql).bind(member_no).bind(i64::from(disabled)).execute(connection).await?;
        if disabled {
            forget_browsers(connection, member_no).await?;
            query("DELETE FROM link WHERE member_no = $1").bind(member_no).execute(connection).await?;
            forget_links_by(connection, member_no).await?;
        }
        if disabled != (before.state == MemberState::Disabled) {
            let action = if disabled { Action::DisableMember } else { Action::EnableMember };
            enter(connection, author, action, &subject(&before), States::default()).await?;
        }
        commit_with_administrator(writing, had_administrator).await?;
        Ok(true)
    }

    /// Gives a member another password. They are signed out everywhere, and no link for them opens any more. Whether there
    /// is such a member.
    pub async fn set_password(&self, member_no: i64, password: &str, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let Some(member) = find_member(connection, member_no).await? else { return writing.roll_back(false).await };
        put_password(connection, member_no, password).await?;
        enter(connection, author, Action::ChangePassword, &subject(&member), States::default()).await?;
        writing.commit().await?;
        Ok(true)
    }
}

/// A member as a subject of the audit log.
pub(super) fn subject(member: &Member) -> Subject {
    Subject { kind: SubjectKind::Member, number: member.member_no, name: member.email.clone() }
}

fn permissions(role: Role, configures_tracking: bool) -> Value {
    json!({"role": role, "configures_tracking": configures_tracking})
}

/// Everything that is told of a new member of teams.
pub(super) fn state(new: &NewMember, teams: &[String]) -> Value {
    let NewMember { email, name, role, configures_tracking, .. } = new;
    json!({"email": email, "name": name, "role": role, "configures_tracking": configures_tracking, "teams": teams})
}

/// The member with a number.
pub(super) async fn find_member(connection: &mut Connection<'_>, member_no: i64) -> Result<Option<Member>, StoreError> {
    Ok(find_with_sight(connection, member_no).await?.map(|(member, _)| member))
}

/// The member with a number, and how far they see.
pub(super) async fn find_with_sight(
    connection: &mut Connection<'_>,
    member_no: i64,
) -> Result<Option<(Member, Sight)>, StoreError> {
    let row: Option<MemberColumns> =
        select_members!("WHERE member_no = $1").bind(member_no).fetch_optional(connection).await?;
    let found = row.map(member_of).transpose()?;
    Ok(found.map(|MemberWithPassword { member, sight, .. }| (member, sight)))
}

/// The member with an e-mail address, in lower case.
pub(super) async fn find_member_of_email(
    connection: &mut Connection<'_>,
    email: &str,
) -> Result<Option<Member>, StoreError> {
    Ok(find_with_password(connection, email).await?.map(|found| found.member))
}

async fn find_with_password(
    connection: &mut Connection<'_>,
    email: &str,
) -> Result<Option<MemberWithPassword>, StoreError> {
    let row: Option<MemberColumns> = select_members!("WHERE email = $1").bind(email).fetch_optional(connection).await?;
    row.map(member_of).transpose()
}

/// Adds a member without a password.
pub(super) async fn insert_member(
    connection: &mut Connection<'_>,
    member: &NewMember,
    created: Instant,
) -> Result<Member, StoreError> {
    let sql = "INSERT INTO member (email, name, role, configures_tracking, created_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (email) DO NOTHING RETURNING member_no";
    let added: Option<(i64,)> = query(sql)
        .bind(&*member.email)
        .bind(&*member.name)
        .bind(member.role.as_str())
        .bind(i64::from(member.configures_tracking))
        .bind(created.millis())
        .fetch_optional(connection)
        .await?;
    let (member_no,) = added.ok_or_else(|| StoreError::EmailTaken(member.email.clone()))?;
    let NewMember { email, name, role, configures_tracking, .. } = member.clone();
    Ok(Member { member_no, email, name, role, configures_tracking, state: MemberState::Invited })
}

/// Keeps others from giving a member another password, or disabling them, meanwhile. Whether their password has this hash,
/// and they may sign in.
pub(super) async fn hold_password(
    connection: &mut Connection<'_>,
    member_no: i64,
    password: &str,
) -> Result<bool, StoreError> {
    let sql = "UPDATE member SET password = password WHERE member_no = $1 AND password = $2 AND disabled = 0";
    Ok(query(sql).bind(member_no).bind(password).execute(connection).await? > 0)
}

/// Keeps others from disabling a member meanwhile. Whether they may sign in.
pub(super) async fn hold_enabled(connection: &mut Connection<'_>, member_no: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE member SET disabled = disabled WHERE member_no = $1 AND disabled = 0";
    Ok(query(sql).bind(member_no).execute(connection).await? > 0)
}

/// Lets a member do what a role may.
pub(super) async fn put_role(
    connection: &mut Connection<'_>,
    before: &Member,
    role: Role,
    configures_tracking: bool,
    author: &Author,
) -> Result<(), StoreError> {
    let member_no = before.member_no;
    let sql = "UPDATE member SET role = $2, configures_tracking = $3 WHERE member_no = $1";
    query(sql).bind(member_no).bind(role.as_str()).bind(i64::from(configures_tracking)).execute(connection).await?;
    if role != Role::Administrator {
        forget_links_by(connection, member_no).await?;
    }
    let states = States {
        before: permissions(before.role, before.configures_tracking),
        after: permissions(role, configures_tracking),
    };
    if states.before != states.after {
        enter(connection, author, Action::PermitMember, &subject(before), states).await?;
    }
    Ok(())
}

/// Gives a member another password, ends what the one before let in, and lets no link open any more.
pub(super) async fn put_password(
    connection: &mut Connection<'_>,
    member_no: i64,
    password: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE member SET password = $2 WHERE member_no = $1";
    query(sql).bind(member_no).bind(password).execute(connection).await?;
    forget_browsers(connection, member_no).await?;
    query("DELETE FROM link WHERE member_no = $1").bind(member_no).execute(connection).await?;
    Ok(())
}

/// Ends a member's sessions, and trusts no browser of theirs any more.
pub(super) async fn forget_browsers(connection: &mut Connection<'_>, member_no: i64) -> Result<(), StoreError> {
    query("DELETE FROM session WHERE member_no = $1").bind(member_no).execute(connection).await?;
    query("DELETE FROM device WHERE member_no = $1").bind(member_no).execute(connection).await?;
    Ok(())
}

/// Whether an administrator can sign in.
pub(super) async fn has_administrator(connection: &mut Connection<'_>) -> Result<bool, StoreError> {
    Ok(!administrators(connection).await?.is_empty())
}

/// Whether a member is the only administrator who can sign in.
pub(super) async fn is_last_administrator(connection: &mut Connection<'_>, member_no: i64) -> Result<bool, StoreError> {
    Ok(administrators(connection).await? == [(member_no,)])
}

/// The numbers of the administrators who can sign in.
async fn administrators(connection: &mut Connection<'_>) -> Result<Vec<(i64,)>, StoreError> {
    let sql = "SELECT member_no FROM member WHERE role = 'administrator' AND disabled = 0 AND (password IS NOT NULL \
               OR EXISTS (SELECT 1 FROM single_sign_on s WHERE s.member_no = member.member_no))";
    query(sql).fetch_all(connection).await
}

/// Keeps others from changing administrators meanwhile: of two who take each other's role away, one must stay. Whether
/// one can sign in.
pub(super) async fn hold_administrators(connection: &mut Connection<'_>) -> Result<bool, StoreError> {
    query("UPDATE member SET role = role WHERE role = 'administrator'").execute(connection).await?;
    has_administrator(connection).await
}

/// Commits, unless it would take the last administrator away.
pub(super) async fn commit_with_administrator(
    mut writing: Writing<'_>,
    had_administrator: bool,
) -> Result<(), StoreError> {
    if had_administrator && !has_administrator(&mut writing.connection()).await? {
        return Err(StoreError::LastAdministrator);
    }
    writing.commit().await
}
