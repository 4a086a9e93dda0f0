//! The problems routes answer with, for the OpenAPI document.

use model::api::problem::Problem;

/// What can go wrong with a read.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum ReadProblems {
    /// The query string can't be read
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(#[to_schema] Problem),
    /// Nobody signed in, and no key was sent that is known
    #[response(status = 401, content_type = "application/problem+json")]
    UnknownKey(#[to_schema] Problem),
    /// The key may not read, or the member may not read this
    #[response(status = 403, content_type = "application/problem+json")]
    NotPermitted(#[to_schema] Problem),
    /// A parameter makes no sense
    #[response(status = 422, content_type = "application/problem+json")]
    Parameter(#[to_schema] Problem),
    /// The database does not answer; try again after `Retry-After` seconds
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What else can go wrong where a team is named.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum TeamProblem {
    /// There is no such team, or none that the reader may look through
    #[response(status = 404, content_type = "application/problem+json")]
    NoTeam(#[to_schema] Problem),
}

/// What can go wrong with sending events.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum IngestProblems {
    /// The body can't be read; nothing was stored
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(#[to_schema] Problem),
    /// No key was sent that is known
    #[response(status = 401, content_type = "application/problem+json")]
    UnknownKey(#[to_schema] Problem),
    /// The key may not send events
    #[response(status = 403, content_type = "application/problem+json")]
    NotPermitted(#[to_schema] Problem),
    /// The body did not come in time; nothing was stored
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(#[to_schema] Problem),
    /// Too many events or bytes; nothing was stored
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// Another media type or content encoding
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] Problem),
    /// The envelope is wrong; nothing was stored
    #[response(status = 422, content_type = "application/problem+json")]
    Envelope(#[to_schema] Problem),
    /// The key has sent more events than it may; nothing was stored; try again after `Retry-After` seconds
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(#[to_schema] Problem),
    /// Nothing was stored; try again after `Retry-After` seconds
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What can go wrong with changing what belongs to the workspace.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum SettingProblems {
    /// The body can't be read; nothing was changed
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(#[to_schema] Problem),
    /// Nobody signed in, and no key was sent that is known
    #[response(status = 401, content_type = "application/problem+json")]
    UnknownKey(#[to_schema] Problem),
    /// Only an administrator may, or, where that is said, a member who configures tracking; from a page of this address
    #[response(status = 403, content_type = "application/problem+json")]
    NotPermitted(#[to_schema] Problem),
    /// The body did not come in time; nothing was changed
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(#[to_schema] Problem),
    /// Too many bytes; nothing was changed
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not JSON by its media type, or another content encoding
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] Problem),
    /// Fields are at fault; nothing was changed
    #[response(status = 422, content_type = "application/problem+json")]
    Fields(#[to_schema] Problem),
    /// The database does not answer; nothing was changed, try again after `Retry-After` seconds
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What else can go wrong where a module or an activity is named.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum NameProblem {
    /// There is no such module or activity
    #[response(status = 404, content_type = "application/problem+json")]
    NoName(#[to_schema] Problem),
}

/// What else can go wrong where a key is named.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum KeyProblem {
    /// There is no such key
    #[response(status = 404, content_type = "application/problem+json")]
    NoKey(#[to_schema] Problem),
}

/// What else can go wrong where somebody is named who is to be erased.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum PartyProblem {
    /// Nothing is known of them
    #[response(status = 404, content_type = "application/problem+json")]
    Nobody(#[to_schema] Problem),
}

/// What can go wrong with replaying and dismissing rejected events.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum ChangeProblems {
    /// The body or the query string can't be read
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(#[to_schema] Problem),
    /// Nobody signed in, and no key was sent that is known
    #[response(status = 401, content_type = "application/problem+json")]
    UnknownKey(#[to_schema] Problem),
    /// Only an administrator may, from a page of this address
    #[response(status = 403, content_type = "application/problem+json")]
    NotPermitted(#[to_schema] Problem),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not JSON by its media type
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] Problem),
    /// It does not say which events, or makes no sense
    #[response(status = 422, content_type = "application/problem+json")]
    Choice(#[to_schema] Problem),
    /// Not all was done; try again after `Retry-After` seconds
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What can go wrong with what only administrators see.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "read by the derive alone")]
pub(super) enum AdministratorProblems {
    /// Nobody signed in
    #[response(status = 401, content_type = "application/problem+json")]
    UnknownKey(#[to_schema] Problem),
    /// Only an administrator may
    #[response(status = 403, content_type = "application/problem+json")]
    NotPermitted(#[to_schema] Problem),
    /// A parameter makes no sense
    #[response(status = 422, content_type = "application/problem+json")]
    Parameter(#[to_schema] Problem),
    /// The database does not answer; try again after `Retry-After` seconds
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}
