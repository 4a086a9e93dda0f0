//! Who asks, and what they may do: by a key, by the session of a member who signed in, or by neither.
//!
//! A key that is sent is always checked, and goes before a session. Events are taken with a key alone: a browser sends
//! its session along wherever a page of another origin makes it send text.

use super::{address::address, cookie, id, pairs::Parameters, problem::ApiProblem, same_origin};
use crate::{
    Access, Server,
    store::{Author, Key, Sight, SignedIn},
};
use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use model::{api::member::Reader, audit::AuthorKind, key::Grant, member::Role, query::Pairs};

/// Who asks.
pub(super) enum Caller {
    /// A program with this key.
    Key(Key),
    /// A member who signed in.
    Member(SignedIn),
    /// Somebody who says nothing of themselves.
    Anyone,
}

/// The request may send events.
pub(super) struct MayIngest {
    /// The name of its key, where it has one.
    pub(super) key: Option<String>,
}

/// The request may read the dashboards' data, of the accounts in this sight: through the eyes of the `team` it names, or
/// else of all that its reader has.
pub(super) struct MayRead(pub(super) Sight);

/// The request may read what tells of every account.
pub(super) struct MayReadAll;

/// The request may read what those must know who say what is tracked: names of the whole workspace, and of the accounts
/// that are in this sight what tells of accounts.
pub(super) struct MayReadNames(pub(super) Sight);

/// An administrator asks, who changes nothing.
pub(super) struct IsAdministrator;

/// The request may change what belongs to the workspace; for who does. No key permits that: a key is for a program that
/// sends or reads.
pub(super) struct MayAdminister(pub(super) Author);

/// The request may change what is tracked, what names are shown as and which module calls belong to; for who does. Members
/// may who configure tracking, and so may administrators.
pub(super) struct MayConfigureTracking(pub(super) Author);

/// An administrator who signed in asks, and may see or change what lets others in; wherever nobody else must sign in too.
pub(super) struct Administrator(pub(super) Author);

impl Caller {
    /// Who sent a request.
    pub(super) async fn of(headers: &HeaderMap, server: &Server) -> Result<Self, ApiProblem> {
        if let Some(key) = bearer(headers) {
            return Ok(Self::Key(known(&key, server).await?));
        }
        let signed_in = match cookie::value(headers, cookie::SESSION) {
            Some(session) => server.members.signed_in(&session).await?,
            None => None,
        };
        Ok(signed_in.map_or(Self::Anyone, Self::Member))
    }

    /// Fails where they may not read.
    pub(super) fn may_read(&self, access: Access) -> Result<(), ApiProblem> {
        match self {
            Self::Key(key) => key_may(key, Grant::Read),
            Self::Member(_) => Ok(()),
            Self::Anyone if access != Access::SignIn => Ok(()),
            Self::Anyone => Err(unauthorized("sign in, or send a key that may read: Authorization: Bearer KEY")),
        }
    }

    /// What a change by them is entered with in the audit log.
    pub(super) fn author(&self, parts: &Parts, server: &Server) -> Author {
        let (kind, number, name) = match self {
            Self::Member(who) => (AuthorKind::Member, who.member.member_no, who.member.email.clone()),
            // No key changes anything.
            Self::Key(_) | Self::Anyone => (AuthorKind::Anyone, 0, String::new()),
        };
        let place = address(parts, &server.proxies).map(|address| address.to_string()).unwrap_or_default();
        Author { kind, number, name, place, at: server.clock.now() }
    }

    /// How far they see.
    pub(super) fn sight(&self) -> Sight {
        match self {
            Self::Member(who) => who.sight,
            Self::Key(key) => key.sight,
            Self::Anyone => Sight::ALL,
        }
    }

    /// How far they see through the eyes of a team. One they may not look through is no other than one there is not.
    pub(super) async fn sight_through(&self, team: Option<&str>, server: &Server) -> Result<Sight, ApiProblem> {
        let Some(team) = team else { return Ok(self.sight()) };
        let of_member = match self {
            Self::Member(who) if !who.sight.has_all() => Some(who.member.member_no),
            Self::Member(_) | Self::Key(_) | Self::Anyone => None,
        };
        let found = match (id::number(team), self) {
            (Some(team_no), Self::Key(Key { team: Some(own), .. })) if own.id != team_no => None,
            (Some(team_no), _) => server.store.sight_of_team(team_no, of_member).await?,
            (None, _) => None,
        };
        found.ok_or_else(|| ApiProblem::new(StatusCode::NOT_FOUND, format!("there is no team “{team}”")))
    }

    /// Fails where they may not read what tells of every account.
    pub(super) fn may_read_all(&self, access: Access) -> Result<(), ApiProblem> {
        self.may_read(access)?;
        match self.sight().has_all() {
            true => Ok(()),
            false => Err(ApiProblem::new(StatusCode::FORBIDDEN, "this tells of accounts that only some may see")),
        }
    }

    /// Fails where they need not know every name.
    fn may_read_names(&self, access: Access) -> Result<(), ApiProblem> {
        match self {
            Self::Member(who) if who.member.configures_tracking => Ok(()),
            Self::Member(_) | Self::Key(_) | Self::Anyone => self.may_read_all(access),
        }
    }

    /// Fails where they may not change what belongs to the workspace.
    fn may_administer(&self, access: Access) -> Result<(), ApiProblem> {
        let forbidden = |detail: &str| Err(ApiProblem::new(StatusCode::FORBIDDEN, detail));
        match self {
            Self::Key(_) => forbidden("a key may send events or read; no key may change settings"),
            Self::Member(who) if who.member.role == Role::Administrator => Ok(()),
            Self::Member(_) => forbidden("only an administrator may change settings"),
            Self::Anyone if access == Access::Open => Ok(()),
            Self::Anyone => Err(unauthorized("sign in as an administrator to change settings")),
        }
    }

    /// Fails where they may not change what is tracked.
    pub(super) fn may_configure_tracking(&self, access: Access) -> Result<(), ApiProblem> {
        match self {
            Self::Member(who) if who.member.configures_tracking => Ok(()),
            Self::Member(_) | Self::Key(_) | Self::Anyone => self.may_administer(access),
        }
    }

    /// Fails where a page of another origin may have made a browser ask for a change.
    fn asks_here(&self, headers: &HeaderMap) -> Result<(), ApiProblem> {
        match self {
            Self::Member(_) => same_origin::check(headers),
            // What anyone may do, a page of another origin could make any browser do.
            Self::Key(_) | Self::Anyone => same_origin::check_browser(headers),
        }
    }

    /// The same to the page, which shows nobody what they may not do.
    pub(super) fn reader(&self, access: Access) -> Reader {
        let member = match self {
            Self::Member(who) => Some(who.member.clone()),
            Self::Key(_) | Self::Anyone => None,
        };
        Reader { member, may_administer: self.may_administer(access).is_ok() }
    }
}

impl FromRequestParts<Server> for MayIngest {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let key = bearer(&parts.headers).or_else(|| parameter(parts));
        Self::with_key(key.as_deref(), server).await
    }
}

impl MayIngest {
    /// Whether who sent a key, if any, may send events.
    pub(super) async fn with_key(key: Option<&str>, server: &Server) -> Result<Self, ApiProblem> {
        let Some(key) = key else {
            return match server.access {
                Access::Open => Ok(Self { key: None }),
                Access::SignIn | Access::Guest => {
                    Err(unauthorized("events need a key that may send them: Authorization: Bearer KEY"))
                }
            };
        };
        let key = known(key, server).await?;
        key_may(&key, Grant::Ingest)?;
        Ok(Self { key: Some(key.name) })
    }
}

impl FromRequestParts<Server> for MayRead {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let caller = Caller::of(&parts.headers, server).await?;
        caller.may_read(server.access)?;
        let Parameters(pairs) = Parameters::from_request_parts(parts, server).await?;
        caller.sight_through(model::query::team(&pairs).as_deref(), server).await.map(Self)
    }
}

impl FromRequestParts<Server> for MayReadAll {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        Caller::of(&parts.headers, server).await?.may_read_all(server.access).map(|()| Self)
    }
}

impl FromRequestParts<Server> for MayReadNames {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let caller = Caller::of(&parts.headers, server).await?;
        caller.may_read_names(server.access).map(|()| Self(caller.sight()))
    }
}

impl FromRequestParts<Server> for IsAdministrator {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        Caller::of(&parts.headers, server).await?.may_administer(server.access).map(|()| Self)
    }
}

impl FromRequestParts<Server> for MayAdminister {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let caller = Caller::of(&parts.headers, server).await?;
        caller.may_administer(server.access)?;
        caller.asks_here(&parts.headers)?;
        Ok(Self(caller.author(parts, server)))
    }
}

impl FromRequestParts<Server> for MayConfigureTracking {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let caller = Caller::of(&parts.headers, server).await?;
        caller.may_configure_tracking(server.access)?;
        caller.asks_here(&parts.headers)?;
        Ok(Self(caller.author(parts, server)))
    }
}

impl FromRequestParts<Server> for Administrator {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiProblem> {
        let caller = Caller::of(&parts.headers, server).await?;
        caller.may_administer(Access::SignIn)?;
        if parts.method != Method::GET && parts.method != Method::HEAD {
            same_origin::check(&parts.headers)?;
        }
        Ok(Self(caller.author(parts, server)))
    }
}

/// The key in `Authorization` as clients of other protocols send it: as Bearer, or as the user of Basic, whose base64
/// some leave out.
pub(super) fn key_of_client(headers: &HeaderMap) -> Option<String> {
    bearer(headers).or_else(|| {
        let basic = credentials(headers, "basic")?;
        let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &basic).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(basic);
        decoded.split(':').next().map(str::to_owned)
    })
}

/// The key in `Authorization`. Other schemes than Bearer are not ours: a proxy that asks for a password passes on what
/// it was given.
fn bearer(headers: &HeaderMap) -> Option<String> {
    credentials(headers, "bearer")
}

/// What `Authorization` says in a scheme.
fn credentials(headers: &HeaderMap, wanted: &str) -> Option<String> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(|credentials| {
        let credentials = String::from_utf8_lossy(credentials.as_bytes());
        let (scheme, key) = credentials.split_once(' ').unwrap_or((&credentials, ""));
        scheme.eq_ignore_ascii_case(wanted).then(|| key.trim().to_owned())
    })
}

/// The key in the query, from those who can't set headers.
fn parameter(parts: &Parts) -> Option<String> {
    let Query(pairs) = Query::<Pairs>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find_map(|(name, value)| (name == "key").then_some(value))
}

/// Fails where a key may not do what is asked.
fn key_may(key: &Key, grant: Grant) -> Result<(), ApiProblem> {
    if key.grant == grant {
        return Ok(());
    }
    let (may, needed) = (key.grant.as_str(), grant.as_str());
    let detail = format!("this key may {may}, and only that; this request needs one that may {needed}");
    Err(ApiProblem::new(StatusCode::FORBIDDEN, detail))
}

/// What is known of a key. Only who has one that has ended hears so: that it was known is told to nobody who guesses.
async fn known(key: &str, server: &Server) -> Result<Key, ApiProblem> {
    let Some(key) = server.keys.find(key).await? else {
        return Err(unauthorized("the key that was sent is not one of this server, or was revoked"));
    };
    match key.ends {
        Some(ends) if !key.opens(server.clock.now()) => {
            Err(unauthorized(&format!("the key that was sent expired, or was replaced by another, at {ends}")))
        }
        Some(_) | None => Ok(key),
    }
}

/// 401, with how to say who asks.
fn unauthorized(detail: &str) -> ApiProblem {
    ApiProblem::new(StatusCode::UNAUTHORIZED, detail)
}
