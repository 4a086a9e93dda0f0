//! Members whom a provider of single sign-on vouches for: who they are here, and what their groups make of them. That the
//! provider is to be believed was found out before.

use super::{
    Store, StoreError,
    audit::{Author, States, enter},
    connection::Connection,
    member::{
        NewMember, commit_with_administrator, find_member, find_member_of_email, forget_browsers, hold_administrators,
        hold_enabled, insert_member, is_last_administrator, put_role, state, subject,
    },
    scope::{Hold, hold_teams},
    session::{NewSession, insert_session},
    statement::query,
    team::put_teams,
};
use model::{
    api::member::Member,
    audit::{Action, AuthorKind},
    instant::Instant,
    member::Role,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody whom a provider vouches for.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// Who vouches.
    pub issuer: String,
    /// What the issuer calls them, always the same.
    pub subject: String,
    /// Their e-mail address in lower case, where the issuer says that it is theirs.
    pub email: Option<String>,
    /// What they are called.
    pub name: String,
    /// Whether they may come in who are no member yet.
    pub may_join: bool,
    /// What their groups give them.
    pub given: Given,
}

/// What the groups of somebody decide. What they don't is left to administrators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may say what is tracked.
    pub configures_tracking: Option<bool>,
    /// Teams by name, each with whether they belong to it.
    pub teams: BTreeMap<String, bool>,
}

/// What lets somebody in once.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The hash of what the browser has.
    pub digest: [u8; 32],
    /// Until when it could be used.
    pub expires: Instant,
}

/// Why somebody stays out whom the provider vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaysOut {
    /// The attempt let somebody in before.
    #[error("the attempt was used before")]
    Used,
    /// An administrator says that they can't sign in.
    #[error("the member is disabled")]
    Disabled,
    /// They are no member, and may not become one.
    #[error("they are no member, and in no group that may join")]
    MayNotJoin,
    /// They come for the first time, and the issuer does not say that the e-mail address is theirs.
    #[error("the issuer does not say that the e-mail address is theirs")]
    EmailNotVerified,
    /// The member with their e-mail address is another person of the issuer.
    #[error("the member with their e-mail address is somebody else to the issuer")]
    SomebodyElse,
}

impl Store {
    /// Signs somebody in at a place, whom a provider vouches for: the member they are known as, or the first time the one
    /// with their e-mail address, or a new one.
    pub async fn sign_on(
        &self,
        who: &Vouched,
        attempt: Attempt,
        session: &NewSession,
        place: &str,
    ) -> Result<Result<(), StaysOut>, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        if !use_attempt(connection, attempt, session.created).await? {
            return Ok(Err(StaysOut::Used));
        }
        if !who.given.teams.is_empty() {
            hold_teams(connection, Hold::Alone).await?;
        }
        hold_administrators(connection).await?;
        let found = match find_linked(connection, who).await? {
            Some(member) => Ok(member),
            None => link_first(connection, who, place, session.created).await?,
        };
        let member = match found {
            Ok(member) => member,
            Err(why) => return Ok(Err(why)),
        };
        if !hold_enabled(connection, member.member_no).await? {
            return Ok(Err(StaysOut::Disabled));
        }
        give(connection, &member, &who.given, &author(&member, place, session.created)).await?;
        insert_session(connection, member.member_no, session).await?;
        writing.commit().await?;
        Ok(Ok(()))
    }

    /// Forgets what providers call a member, who is signed out everywhere: whoever comes next with their e-mail address is
    /// them. Whether there is such a member.
    pub async fn unlink(&self, member_no: i64, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let had_administrator = hold_administrators(connection).await?;
        let Some(member) = find_member(connection, member_no).await? else { return writing.roll_back(false).await };
        let sql = "DELETE FROM single_sign_on WHERE member_no = $1 RETURNING issuer, subject";
        let unlinked: Vec<(String, String)> = query(sql).bind(member_no).fetch_all(connection).await?;
        forget_browsers(connection, member_no).await?;
        for (issuer, subject_there) in unlinked {
            let states = States { before: told(&issuer, &subject_there), after: Value::Null };
            enter(connection, author, Action::UnlinkSingleSignOn, &subject(&member), states).await?;
        }
        commit_with_administrator(writing, had_administrator).await?;
        Ok(true)
    }
}

/// What the audit log tells of whom an issuer calls something.
fn told(issuer: &str, subject: &str) -> Value {
    json!({"issuer": issuer, "subject": subject})
}

/// Whoever signs in is the author of what follows from it.
fn author(member: &Member, place: &str, at: Instant) -> Author {
    let (number, name) = (member.member_no, member.email.clone());
    Author { kind: AuthorKind::SingleSignOn, number, name, place: place.to_owned(), at }
}

/// Whether an attempt was not used yet; it is from now on.
async fn use_attempt(connection: &mut Connection<'_>, attempt: Attempt, now: Instant) -> Result<bool, StoreError> {
    query("DELETE FROM used_attempt WHERE expires_at <= $1").bind(now.millis()).execute(connection).await?;
    let sql = "INSERT INTO used_attempt (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    let used = query(sql).bind(attempt.digest.as_slice()).bind(attempt.expires.millis()).execute(connection).await?;
    Ok(used > 0)
}

/// The member somebody is known as.
async fn find_linked(connection: &mut Connection<'_>, who: &Vouched) -> Result<Option<Member>, StoreError> {
    let sql = "SELECT member_no FROM single_sign_on WHERE issuer = $1 AND subject = $2";
    let found: Option<(i64,)> = query(sql).bind(&*who.issuer).bind(&*who.subject).fetch_optional(connection).await?;
    match found {
        Some((member_no,)) => find_member(connection, member_no).await,
        None => Ok(None),
    }
}

/// Makes somebody known as the member with their e-mail address, or as a new one. By an address that may be another's
/// nobody becomes anyone.
async fn link_first(
    connection: &mut Connection<'_>,
    who: &Vouched,
    place: &str,
    now: Instant,
) -> Result<Result<Member, StaysOut>, StoreError> {
    let Some(email) = who.email.clone() else { return Ok(Err(StaysOut::EmailNotVerified)) };
    let member = match find_member_of_email(connection, &email).await? {
        Some(member) => member,
        None if !who.may_join => return Ok(Err(StaysOut::MayNotJoin)),
        None => {
            let (name, teams) = (who.name.clone(), BTreeSet::new());
            let new = NewMember { email, name, role: Role::Viewer, configures_tracking: false, teams };
            let member = insert_member(connection, &new, now).await?;
            let states = States::new(state(&new, &[]));
            enter(connection, &author(&member, place, now), Action::Join, &subject(&member), states).await?;
            member
        }
    };
    let sql = "INSERT INTO single_sign_on (issuer, subject, member_no) VALUES ($1, $2, $3) \
               ON CONFLICT (member_no, issuer) DO NOTHING";
    let linked = query(sql).bind(&*who.issuer).bind(&*who.subject).bind(member.member_no).execute(connection).await?;
    if linked == 0 {
        return Ok(Err(StaysOut::SomebodyElse));
    }
    // An invitation is accepted with this.
    query("DELETE FROM link WHERE member_no = $1").bind(member.member_no).execute(connection).await?;
    let states = States::new(told(&who.issuer, &who.subject));
    enter(connection, &author(&member, place, now), Action::LinkSingleSignOn, &subject(&member), states).await?;
    Ok(Ok(member))
}

/// Gives a member what their groups decide, and takes what they don't have any more. The last administrator stays one.
async fn give(
    connection: &mut Connection<'_>,
    member: &Member,
    given: &Given,
    author: &Author,
) -> Result<(), StoreError> {
    let role = match given.role {
        Some(Role::Viewer) if is_last_administrator(connection, member.member_no).await? => Role::Administrator,
        Some(role) => role,
        None => member.role,
    };
    let configures_tracking = given.configures_tracking.unwrap_or(member.configures_tracking);
    put_role(connection, member, role, configures_tracking, author).await?;
    if given.teams.is_empty() {
        return Ok(());
    }
    let sql = "SELECT team.team_no, team.name, COUNT(m.member_no) FROM team \
               LEFT JOIN team_member m ON m.team_no = team.team_no AND m.member_no = $1 GROUP BY team.team_no, team.name";
    let rows: Vec<(i64, String, i64)> = query(sql).bind(member.member_no).fetch_all(connection).await?;
    let is_there = |wanted: &String| rows.iter().any(|(_, name, _)| name == wanted);
    for (team, _) in given.teams.iter().filter(|(team, belongs)| **belongs && !is_there(team)) {
        tracing::warn!(team, "a group gives a team that is not there");
    }
    let belongs = |(_, name, is_in): &(i64, String, i64)| given.teams.get(name).copied().unwrap_or(*is_in > 0);
    let teams = rows.iter().filter(|row| belongs(row)).map(|(team_no, ..)| *team_no).collect();
    put_teams(connection, member, &teams, author).await
}
