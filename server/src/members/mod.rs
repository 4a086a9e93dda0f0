//! Members: signing in and out, links that open once, and who may be what. HTTP is for the routes, SQL for the store.

mod password;
#[cfg(feature = "oidc")]
pub mod single_sign_on;
mod throttle;

use crate::{
    clock::Clock,
    secret::{self, RandomnessError},
    store::{Author, Forgotten, MemberWithPassword, NewMember, NewSession, SignedIn, Store, StoreError},
};
use model::{
    api::member::{IssuedLink, Member, MemberState, OpenLink, Session},
    instant::Instant,
    member::Role,
};
use moka::future::Cache;
use password::{PasswordError, Passwords};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};
use throttle::{Holder, Throttle};
use tokio::task::JoinError;

const SECOND: i64 = 1000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// How long a session lasts, in seconds.
pub(crate) const SESSION_SECONDS: i64 = 30 * DAY / SECOND;

/// How long a browser stays known that nobody signs in with, in seconds.
pub(crate) const DEVICE_SECONDS: i64 = 365 * DAY / SECOND;

/// How long a session lasts in which nothing is asked for, in milliseconds.
const IDLE: i64 = 7 * DAY;

/// When a session was last seen is written down this seldom, in milliseconds.
const SEEN_EVERY: i64 = 60 * SECOND;

/// For how many sessions it is known that this was tried.
const SESSIONS_NOTED: u64 = 10_000;

/// How long an invitation stands, in milliseconds.
const INVITATION: i64 = 7 * DAY;

/// How long the link for the first administrator, or for another password, stands, in milliseconds.
const URGENT_LINK: i64 = DAY;

/// The most characters kept of what a browser calls itself.
const USER_AGENT_LENGTH: usize = 300;

/// Why a member could not do what they wanted.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// Name and password don't belong together.
    #[error("e-mail address or password is wrong")]
    Wrong,
    /// Too many wrong passwords; welcome again after so many seconds.
    #[error("too many wrong passwords")]
    TooMany(u64),
    /// Too many passwords are being hashed.
    #[error("too many people sign in at the moment")]
    Busy,
    /// The link was used, or is over.
    #[error("the link does not open any more")]
    LinkOver,
    /// There is no such member, or none that it could be done to.
    #[error("there is no such member")]
    NoMember,
    /// There is no such team.
    #[error("there is no such team")]
    NoTeam,
    /// There is no such module or activity.
    #[error("there is no such module or activity")]
    NoName,
    /// The system has no randomness, or the library can't hash.
    #[error("{0}")]
    Failed(String),
    /// The database did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<RandomnessError> for MemberError {
    fn from(error: RandomnessError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<JoinError> for MemberError {
    fn from(error: JoinError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<PasswordError> for MemberError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Hashing(_) => Self::Failed(error.to_string()),
        }
    }
}

/// The browser that asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    /// What it calls itself.
    pub(crate) user_agent: String,
    /// Where it is, as far as known.
    pub(crate) address: Option<IpAddr>,
    /// The id of the session it has, whatever that is.
    pub(crate) session: Option<String>,
    /// What makes it known from before.
    pub(crate) device: Option<String>,
}

impl Browser {
    /// Where it is, for the audit log; empty where that is not known.
    fn place(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// What a browser gets when its member signs in.
#[derive(Debug)]
pub(crate) struct Admission {
    /// The id of its session.
    pub(crate) session: String,
    /// What makes it known from now on.
    pub(crate) device: String,
}

/// The members of a workspace. Cheap to clone.
#[derive(Clone)]
pub struct Members {
    store: Store,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    throttle: Throttle,
    /// Sessions seen of late, each with the minute: what was tried once in it is not tried again.
    noted: Cache<(i64, i64), ()>,
}

impl Members {
    /// The members in a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let noted = Cache::new(SESSIONS_NOTED);
        Self { store, clock, passwords: Passwords::new(), throttle: Throttle::default(), noted }
    }

    /// Signs a member in who has typed their password. The browser gets another session than it had.
    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: String,
        browser: &Browser,
    ) -> Result<Admission, MemberError> {
        let now = self.clock.now();
        let known = self.member_of_device(browser, now).await?;
        let email = model::member::email(email).unwrap_or_default();
        let found = self.store.member_of_email(&email).await?;
        let device = found.as_ref().zip(known).filter(|(found, (member_no, _))| found.member.member_no == *member_no);
        let holders = match device {
            Some((_, (_, digest))) => vec![Holder::Device(digest)],
            None => {
                let address = browser.address.map(Holder::of_address);
                [Holder::Name(secret::digest(&email))].into_iter().chain(address).collect()
            }
        };
        self.throttle.take(&holders, now).map_err(MemberError::TooMany)?;
        let (member, hash) = match found {
            Some(MemberWithPassword { member, password, .. }) if member.state == MemberState::Active => {
                (Some(member), password)
            }
            _ => (None, None),
        };
        let verified = self.passwords.verify(password, hash.clone()).await?;
        let (member, hash) = member.zip(hash).filter(|_| verified).ok_or(MemberError::Wrong)?;
        let (admission, session) = begin(browser, now)?;
        let begun = self.store.begin_session(member.member_no, &hash, &session).await?;
        let admission = begun.then_some(admission).ok_or(MemberError::Wrong)?;
        self.throttle.give_back(&holders);
        Ok(admission)
    }

    /// Whose session an id is of. `None` where it has ended.
    pub(crate) async fn signed_in(&self, session: &str) -> Result<Option<SignedIn>, StoreError> {
        let now = self.clock.now();
        let found = self.store.signed_in(secret::digest(session), forgotten(now)).await?;
        let Some(SignedIn { session_no, seen, .. }) = found else { return Ok(None) };
        let minute = (session_no, now.millis().div_euclid(SEEN_EVERY));
        if now.millis() - seen.millis() >= SEEN_EVERY && !self.noted.contains_key(&minute) {
            self.noted.insert(minute, ()).await;
            let store = self.store.clone();
            // Nobody waits for this, least of all while the disk is full.
            tokio::spawn(async move {
                if let Err(error) = store.see_session(session_no, now).await {
                    tracing::warn!(%error, "when a session was last seen could not be stored");
                }
            });
        }
        Ok(found)
    }

    /// Ends the session that asks for it.
    pub(crate) async fn sign_out(&self, who: &SignedIn) -> Result<(), StoreError> {
        self.store.sign_out(who.session_no).await
    }

    /// Ends another session of the member.
    pub(crate) async fn end_session(&self, who: &SignedIn, session_no: i64, author: &Author) -> Result<(), StoreError> {
        self.store.end_session(&who.member, session_no, author).await
    }

    /// Ends every other session of the member.
    pub(crate) async fn end_other_sessions(&self, who: &SignedIn, author: &Author) -> Result<(), StoreError> {
        self.store.end_other_sessions(&who.member, who.session_no, author).await
    }

    /// Every session of the member, last seen first.
    pub(crate) async fn sessions(&self, who: &SignedIn) -> Result<Vec<Session>, StoreError> {
        self.store.sessions(who.member.member_no, who.session_no, forgotten(self.clock.now())).await
    }

    /// Gives a member who has typed their password another one. Every session ends, and the browser gets a new one.
    pub(crate) async fn change_password(
        &self,
        who: &SignedIn,
        current: String,
        new: String,
        browser: &Browser,
        author: &Author,
    ) -> Result<Admission, MemberError> {
        let now = self.clock.now();
        let holders = [Holder::Session(who.session_no)];
        self.throttle.take(&holders, now).map_err(MemberError::TooMany)?;
        let found = self.store.member_of_email(&who.member.email).await?.ok_or(MemberError::NoMember)?;
        let verified = self.passwords.verify(current, found.password.clone()).await?;
        let before = found.password.filter(|_| verified).ok_or(MemberError::Wrong)?;
        self.throttle.give_back(&holders);
        let hash = self.passwords.hash(new).await?;
        let (admission, session) = begin(browser, now)?;
        let changed = self.store.change_password(&who.member, &before, &hash, &session, author).await?;
        changed.then_some(admission).ok_or(MemberError::Wrong)
    }

    /// Every member, by name.
    pub(crate) async fn list(&self) -> Result<Vec<Member>, StoreError> {
        self.store.members().await
    }

    /// Whether an administrator can sign in.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        self.store.has_administrator().await
    }

    /// What the link for the first administrator holds: a new one, beside those that other servers printed.
    pub async fn issue_first_link(&self) -> Result<String, MemberError> {
        let token = secret::generate()?;
        let now = self.clock.now();
        self.store.add_first_link(secret::digest(&token), now, now.plus_millis(URGENT_LINK)).await?;
        Ok(token)
    }

    /// Adds a member, and makes the link by which they choose a password.
    pub async fn invite(&self, member: &NewMember, author: &Author) -> Result<IssuedLink, MemberError> {
        let token = secret::generate()?;
        let expires = author.at.plus_millis(INVITATION);
        let (purpose, member) = self.store.invite_member(member, secret::digest(&token), expires, author).await?;
        Ok(IssuedLink { token, purpose, member })
    }

    /// Makes another link for a member, to accept the invitation or choose another password; those before open no more.
    pub async fn reset(&self, member_no: i64, author: &Author) -> Result<IssuedLink, MemberError> {
        let token = secret::generate()?;
        let expires = author.at.plus_millis(URGENT_LINK);
        let issued = self.store.add_link(secret::digest(&token), member_no, expires, author).await?;
        let (purpose, member) = issued.ok_or(MemberError::NoMember)?;
        Ok(IssuedLink { token, purpose, member })
    }

    /// Changes what a member may do.
    pub async fn set_role(
        &self,
        member_no: i64,
        role: Role,
        configures_tracking: bool,
        author: &Author,
    ) -> Result<(), MemberError> {
        let there = self.store.set_role(member_no, role, configures_tracking, author).await?;
        there.then_some(()).ok_or(MemberError::NoMember)
    }

    /// Makes a member belong to these teams alone.
    pub async fn set_teams(&self, member_no: i64, teams: &BTreeSet<i64>, author: &Author) -> Result<(), MemberError> {
        let there = self.store.set_teams(member_no, teams, author).await?;
        there.then_some(()).ok_or(MemberError::NoMember)
    }

    /// Says whether a member can't sign in; one who can't is signed out at once.
    pub async fn set_disabled(&self, member_no: i64, disabled: bool, author: &Author) -> Result<(), MemberError> {
        let there = self.store.set_disabled(member_no, disabled, author).await?;
        there.then_some(()).ok_or(MemberError::NoMember)
    }

    /// Parts a member from whom a provider of single sign-on knows; they are signed out at once.
    pub async fn unlink(&self, member_no: i64, author: &Author) -> Result<(), MemberError> {
        let there = self.store.unlink(member_no, author).await?;
        there.then_some(()).ok_or(MemberError::NoMember)
    }

    /// Gives a member a password they did not choose themselves.
    pub async fn set_password(&self, member_no: i64, password: String, author: &Author) -> Result<(), MemberError> {
        let hash = self.passwords.hash(password).await?;
        let there = self.store.set_password(member_no, &hash, author).await?;
        there.then_some(()).ok_or(MemberError::NoMember)
    }

    /// The link that holds this; `None` where it was used, or is over.
    pub(crate) async fn open_link(&self, token: &str) -> Result<Option<OpenLink>, StoreError> {
        let link = self.store.link(secret::digest(token), self.clock.now()).await?;
        Ok(link.map(|link| OpenLink { token: token.to_owned(), purpose: link.purpose, member: link.member }))
    }

    /// Uses the link for the first administrator: makes them, and signs them in.
    pub(crate) async fn use_first_link(
        &self,
        token: &str,
        member: &NewMember,
        password: String,
        browser: &Browser,
    ) -> Result<Admission, MemberError> {
        let hash = self.passwords.hash(password).await?;
        let (admission, session) = begin(browser, self.clock.now())?;
        let used = self.store.use_first_link(secret::digest(token), member, &hash, &session, &browser.place()).await?;
        used.then_some(admission).ok_or(MemberError::LinkOver)
    }

    /// Uses a member's link: gives them name and password, and signs them in.
    pub(crate) async fn use_link(
        &self,
        token: &str,
        name: &str,
        password: String,
        browser: &Browser,
    ) -> Result<Admission, MemberError> {
        let hash = self.passwords.hash(password).await?;
        let (admission, session) = begin(browser, self.clock.now())?;
        let used = self.store.use_link(secret::digest(token), name, &hash, &session, &browser.place()).await?;
        used.then_some(admission).ok_or(MemberError::LinkOver)
    }

    /// The member who signed in with this browser before, and the hash of what tells so.
    async fn member_of_device(&self, browser: &Browser, now: Instant) -> Result<Option<(i64, [u8; 32])>, StoreError> {
        let Some(digest) = browser.device.as_deref().map(secret::digest) else { return Ok(None) };
        let member_no = self.store.member_of_device(digest, forgotten(now)).await?;
        Ok(member_no.map(|member_no| (member_no, digest)))
    }
}

/// What a browser gets, and what is stored of it.
fn begin(browser: &Browser, now: Instant) -> Result<(Admission, NewSession), RandomnessError> {
    let admission = Admission { session: secret::generate()?, device: secret::generate()? };
    let session = NewSession {
        digest: secret::digest(&admission.session),
        user_agent: browser.user_agent.chars().filter(|char| !char.is_control()).take(USER_AGENT_LENGTH).collect(),
        device: secret::digest(&admission.device),
        created: now,
        instead_of: browser.session.as_deref().map(secret::digest),
        device_before: browser.device.as_deref().map(secret::digest),
        forgotten: forgotten(now),
    };
    Ok((admission, session))
}

fn forgotten(now: Instant) -> Forgotten {
    Forgotten {
        begun: now.plus_millis(-SESSION_SECONDS * SECOND),
        session: now.plus_millis(-IDLE),
        device: now.plus_millis(-DEVICE_SECONDS * SECOND),
    }
}
