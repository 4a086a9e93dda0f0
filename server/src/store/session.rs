//! Sessions, and browsers that are known from one before. Only hashes of what the browser holds are stored.

use super::{
    Store, StoreError,
    audit::{Author, States, enter},
    connection::Connection,
    member::{find_with_sight, hold_password, put_password, subject},
    scope::Sight,
    statement::query,
};
use model::{
    api::member::{Member, MemberState, Session},
    audit::Action,
    instant::Instant,
};
use serde_json::{Value, json};

/// A session about to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The hash of its id.
    pub digest: [u8; 32],
    /// What the browser calls itself.
    pub user_agent: String,
    /// The hash of what makes the browser known from now on.
    pub device: [u8; 32],
    /// Now.
    pub created: Instant,
    /// The hash of the id the browser had until now, whatever that is.
    pub instead_of: Option<[u8; 32]>,
    /// The hash of what made it known until now.
    pub device_before: Option<[u8; 32]>,
    /// Sessions and browsers unused since then are forgotten.
    pub forgotten: Forgotten,
}

/// Since when what is unused no longer counts.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten {
    /// Sessions that began before.
    pub begun: Instant,
    /// Sessions that asked for nothing since.
    pub session: Instant,
    /// Browsers nobody signed in with since.
    pub device: Instant,
}

/// Who asks, by their session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's number.
    pub session_no: i64,
    /// When it was last seen, to the minute.
    pub seen: Instant,
    /// Who.
    pub member: Member,
    /// How far they see.
    pub sight: Sight,
}

impl Store {
    /// Begins a session of a member whose password has this hash. Whether that is so: it takes long to verify a password,
    /// and meanwhile they may have got another, or been disabled.
    pub async fn begin_session(
        &self,
        member_no: i64,
        password: &str,
        session: &NewSession,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        if !hold_password(connection, member_no, password).await? {
            return writing.roll_back(false).await;
        }
        insert_session(connection, member_no, session).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Gives a member whose password has this hash a new one, and signs them in here alone. Whether that is so.
    pub async fn change_password(
        &self,
        member: &Member,
        password: &str,
        new: &str,
        session: &NewSession,
        author: &Author,
    ) -> Result<bool, StoreError> {
        let member_no = member.member_no;
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        if !hold_password(connection, member_no, password).await? {
            return writing.roll_back(false).await;
        }
        put_password(connection, member_no, new).await?;
        insert_session(connection, member_no, session).await?;
        enter(connection, author, Action::ChangePassword, &subject(member), States::default()).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Whose session has an id with this hash; `None` where it has ended, and where its member was disabled.
    pub async fn signed_in(&self, digest: [u8; 32], forgotten: Forgotten) -> Result<Option<SignedIn>, StoreError> {
        let mut reading = self.read.begin().await?;
        let connection = &mut reading.connection();
        let sql = "SELECT session_no, member_no, seen_at FROM session \
                   WHERE digest = $1 AND created_at > $2 AND seen_at > $3";
        let found: Option<(i64, i64, i64)> = query(sql)
            .bind(digest.as_slice())
            .bind(forgotten.begun.millis())
            .bind(forgotten.session.millis())
            .fetch_optional(connection)
            .await?;
        let Some((session_no, member_no, seen)) = found else { return Ok(None) };
        let found = find_with_sight(connection, member_no).await?;
        let found = found.filter(|(member, _)| member.state != MemberState::Disabled);
        Ok(found.map(|(member, sight)| SignedIn { session_no, seen: Instant::from_millis(seen), member, sight }))
    }

    /// Notes that a session asked for something.
    pub async fn see_session(&self, session_no: i64, seen: Instant) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let sql = "UPDATE session SET seen_at = $2 WHERE session_no = $1 AND seen_at < $2";
        query(sql).bind(session_no).bind(seen.millis()).execute(&mut writing.connection_beside_days()).await?;
        writing.commit().await
    }

    /// A member's sessions, last seen first; `this` is the number of the one that asks.
    pub async fn sessions(&self, member_no: i64, this: i64, forgotten: Forgotten) -> Result<Vec<Session>, StoreError> {
        let mut reading = self.read.begin().await?;
        let sql = "SELECT session_no, user_agent, created_at, seen_at FROM session \
                   WHERE member_no = $1 AND created_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, session_no DESC";
        let rows: Vec<(i64, String, i64, i64)> = query(sql)
            .bind(member_no)
            .bind(forgotten.begun.millis())
            .bind(forgotten.session.millis())
            .fetch_all(&mut reading.connection())
            .await?;
        let session = |(session_no, user_agent, created, seen)| Session {
            session_no,
            user_agent,
            created: Instant::from_millis(created),
            seen: Instant::from_millis(seen),
            is_this: session_no == this,
        };
        Ok(rows.into_iter().map(session).collect())
    }

    /// Ends the session that asks for it.
    pub async fn sign_out(&self, session_no: i64) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let sql = "DELETE FROM session WHERE session_no = $1";
        query(sql).bind(session_no).execute(&mut writing.connection()).await?;
        writing.commit().await
    }

    /// Ends a session of a member elsewhere.
    pub async fn end_session(&self, member: &Member, session_no: i64, author: &Author) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let sql = "DELETE FROM session WHERE member_no = $1 AND session_no = $2 RETURNING user_agent";
        let ended: Option<(String,)> =
            query(sql).bind(member.member_no).bind(session_no).fetch_optional(connection).await?;
        if let Some((user_agent,)) = ended {
            let states = States { before: json!({"user_agent": user_agent}), after: Value::Null };
            enter(connection, author, Action::EndSession, &subject(member), states).await?;
        }
        writing.commit().await
    }

    /// Ends every session of a member but one.
    pub async fn end_other_sessions(
        &self,
        member: &Member,
        session_no: i64,
        author: &Author,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let sql = "DELETE FROM session WHERE member_no = $1 AND session_no <> $2";
        let ended = query(sql).bind(member.member_no).bind(session_no).execute(connection).await?;
        if ended > 0 {
            let states = States { before: json!({"sessions": ended}), after: Value::Null };
            enter(connection, author, Action::EndOtherSessions, &subject(member), states).await?;
        }
        writing.commit().await
    }

    /// The number of the member who signed in before with the browser that has what this is the hash of.
    pub async fn member_of_device(&self, digest: [u8; 32], forgotten: Forgotten) -> Result<Option<i64>, StoreError> {
        let mut reading = self.read.begin().await?;
        let sql = "SELECT member_no FROM device WHERE digest = $1 AND seen_at > $2";
        let found: Option<(i64,)> = query(sql)
            .bind(digest.as_slice())
            .bind(forgotten.device.millis())
            .fetch_optional(&mut reading.connection())
            .await?;
        Ok(found.map(|(member_no,)| member_no))
    }
}

/// Begins a session in place of the one the browser had, and remembers the browser.
pub(super) async fn insert_session(
    connection: &mut Connection<'_>,
    member_no: i64,
    session: &NewSession,
) -> Result<(), StoreError> {
    let forgotten = session.forgotten;
    let sql = "DELETE FROM session WHERE created_at <= $1 OR seen_at <= $2";
    query(sql).bind(forgotten.begun.millis()).bind(forgotten.session.millis()).execute(connection).await?;
    query("DELETE FROM device WHERE seen_at <= $1").bind(forgotten.device.millis()).execute(connection).await?;
    if let Some(before) = session.instead_of {
        query("DELETE FROM session WHERE digest = $1").bind(before.as_slice()).execute(connection).await?;
    }
    if let Some(before) = session.device_before {
        query("DELETE FROM device WHERE digest = $1").bind(before.as_slice()).execute(connection).await?;
    }
    let sql = "INSERT INTO session (digest, member_no, user_agent, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)";
    query(sql)
        .bind(session.digest.as_slice())
        .bind(member_no)
        .bind(&*session.user_agent)
        .bind(session.created.millis())
        .execute(connection)
        .await?;
    query("INSERT INTO device (digest, member_no, seen_at) VALUES ($1, $2, $3)")
        .bind(session.device.as_slice())
        .bind(member_no)
        .bind(session.created.millis())
        .execute(connection)
        .await?;
    Ok(())
}
