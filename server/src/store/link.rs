//! Links that open once. Only hashes of what they hold are stored; one that was used is gone.

use super::{
    Store, StoreError,
    audit::{Author, States, enter},
    connection::Connection,
    member::{NewMember, find_member, has_administrator, insert_member, put_password, state, subject},
    scope::{Hold, hold_teams},
    session::{NewSession, insert_session},
    statement::query,
    team::{join_teams, teams_of},
};
use model::{
    api::member::{LinkPurpose, Member, MemberState},
    audit::{Action, AuthorKind},
    instant::Instant,
};
use serde_json::json;

/// What a link is for, and for whom.
#[derive(Clone, Debug)]
pub struct StoredLink {
    /// What for.
    pub purpose: LinkPurpose,
    /// For whom; `None` of the one for the first administrator.
    pub member: Option<Member>,
}

impl Store {
    /// Makes a link for the first administrator.
    pub async fn add_first_link(&self, digest: [u8; 32], now: Instant, expires: Instant) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let link = NewLink { digest, purpose: LinkPurpose::Administrator, member_no: 0, made_by: 0, expires };
        insert_link(&mut writing.connection(), link, now).await?;
        writing.commit().await
    }

    /// Adds a member without a password, and makes the link by which they choose one.
    pub async fn invite_member(
        &self,
        new: &NewMember,
        digest: [u8; 32],
        expires: Instant,
        author: &Author,
    ) -> Result<(LinkPurpose, Member), StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        hold_teams(connection, Hold::Alone).await?;
        let member = insert_member(connection, new, author.at).await?;
        join_teams(connection, member.member_no, &new.teams).await?;
        let (purpose, member_no, made_by) = (LinkPurpose::Invitation, member.member_no, author.number);
        insert_link(connection, NewLink { digest, purpose, member_no, made_by, expires }, author.at).await?;
        let made = state(new, &teams_of(connection, member.member_no).await?);
        enter(connection, author, Action::InviteMember, &subject(&member), States::new(made)).await?;
        writing.commit().await?;
        Ok((LinkPurpose::Invitation, member))
    }

    /// Makes a link for a member in place of those there are, and says what it is for: accepting the invitation where they
    /// have no password yet. `None` where there is no such member, or they are disabled.
    pub async fn add_link(
        &self,
        digest: [u8; 32],
        member_no: i64,
        expires: Instant,
        author: &Author,
    ) -> Result<Option<(LinkPurpose, Member)>, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let Some(member) = find_member(connection, member_no).await? else { return writing.roll_back(None).await };
        let purpose = match member.state {
            MemberState::Invited => LinkPurpose::Invitation,
            MemberState::Active => LinkPurpose::Reset,
            MemberState::Disabled => return writing.roll_back(None).await,
        };
        query("DELETE FROM link WHERE member_no = $1").bind(member_no).execute(connection).await?;
        insert_link(connection, NewLink { digest, purpose, member_no, made_by: author.number, expires }, author.at)
            .await?;
        let made = States::new(json!({"for": purpose, "expires": expires}));
        enter(connection, author, Action::MakeLink, &subject(&member), made).await?;
        writing.commit().await?;
        Ok(Some((purpose, member)))
    }

    /// The link that holds what this is the hash of; `None` where it was used, or is over.
    pub async fn link(&self, digest: [u8; 32], now: Instant) -> Result<Option<StoredLink>, StoreError> {
        let mut reading = self.read.begin().await?;
        let connection = &mut reading.connection();
        let sql = "SELECT purpose, member_no FROM link WHERE digest = $1 AND expires_at > $2";
        let found: Option<(String, i64)> =
            query(sql).bind(digest.as_slice()).bind(now.millis()).fetch_optional(connection).await?;
        let Some((purpose, member_no)) = found else { return Ok(None) };
        let known = LinkPurpose::ALL.into_iter().find(|known| known.as_str() == purpose);
        let purpose = known.ok_or(StoreError::Setting { name: "purpose", value: purpose })?;
        let member = find_member(connection, member_no).await?;
        if purpose == LinkPurpose::Administrator && has_administrator(connection).await? {
            return Ok(None);
        }
        Ok(Some(StoredLink { purpose, member }))
    }

    /// Uses the link for the first administrator, somewhere: makes them, and signs them in. Whether it could be used.
    pub async fn use_first_link(
        &self,
        digest: [u8; 32],
        new: &NewMember,
        password: &str,
        session: &NewSession,
        place: &str,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        // Of all servers, and all at once: of two that are used at the same moment, one is gone.
        let deleted: Vec<(Vec<u8>,)> =
            query("DELETE FROM link WHERE purpose = 'administrator' AND expires_at > $1 RETURNING digest")
                .bind(session.created.millis())
                .fetch_all(connection)
                .await?;
        let is_one = deleted.iter().any(|(other,)| *other == digest);
        if !is_one || has_administrator(connection).await? {
            return writing.roll_back(false).await;
        }
        let member = insert_member(connection, new, session.created).await?;
        put_password(connection, member.member_no, password).await?;
        insert_session(connection, member.member_no, session).await?;
        let author = holder(&member, place, session.created);
        enter(connection, &author, Action::CreateAdministrator, &subject(&member), States::new(state(new, &[])))
            .await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Uses a member's link, somewhere: gives them their password, and signs them in here alone. Whether it could be used.
    pub async fn use_link(
        &self,
        digest: [u8; 32],
        name: &str,
        password: &str,
        session: &NewSession,
        place: &str,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let sql = "DELETE FROM link WHERE digest = $1 AND expires_at > $2 AND member_no <> 0 RETURNING member_no";
        let used: Option<(i64,)> =
            query(sql).bind(digest.as_slice()).bind(session.created.millis()).fetch_optional(connection).await?;
        let Some((member_no,)) = used else { return writing.roll_back(false).await };
        let Some(before) = find_member(connection, member_no).await? else { return writing.roll_back(false).await };
        let sql = "UPDATE member SET name = $2 WHERE member_no = $1";
        query(sql).bind(member_no).bind(name).execute(connection).await?;
        put_password(connection, member_no, password).await?;
        insert_session(connection, member_no, session).await?;
        let action = match before.state {
            MemberState::Invited => Action::AcceptInvitation,
            MemberState::Active | MemberState::Disabled => Action::ChangePassword,
        };
        let states = match before.name == name {
            true => States::default(),
            false => States { before: json!({"name": before.name}), after: json!({"name": name}) },
        };
        enter(connection, &holder(&before, place, session.created), action, &subject(&before), states).await?;
        writing.commit().await?;
        Ok(true)
    }
}

/// Forgets the links that a member made, who may make none any more: whom they were given to comes in by nobody.
pub(super) async fn forget_links_by(connection: &mut Connection<'_>, member_no: i64) -> Result<(), StoreError> {
    query("DELETE FROM link WHERE made_by = $1").bind(member_no).execute(connection).await?;
    Ok(())
}

/// Who uses a link, somewhere: whom it is for, or whoever else has it.
fn holder(member: &Member, place: &str, at: Instant) -> Author {
    let (number, name) = (member.member_no, member.email.clone());
    Author { kind: AuthorKind::Link, number, name, place: place.to_owned(), at }
}

/// A link about to be made: for a member, by another, or 0.
struct NewLink {
    digest: [u8; 32],
    purpose: LinkPurpose,
    member_no: i64,
    made_by: i64,
    expires: Instant,
}

/// Makes a link, and forgets those that are over.
async fn insert_link(connection: &mut Connection<'_>, link: NewLink, now: Instant) -> Result<(), StoreError> {
    query("DELETE FROM link WHERE expires_at <= $1").bind(now.millis()).execute(connection).await?;
    query("INSERT INTO link (digest, purpose, member_no, made_by, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(link.digest.as_slice())
        .bind(link.purpose.as_str())
        .bind(link.member_no)
        .bind(link.made_by)
        .bind(link.expires.millis())
        .execute(connection)
        .await?;
    Ok(())
}
