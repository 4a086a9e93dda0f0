//! Errors as readers get them: RFC 9457 problem details.

use crate::{
    dashboards::ReadError, ingest::IngestError, members::MemberError, receive::ReceiveError, replay::ReplayError,
    store::StoreError,
};
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{
    api::problem::{FieldError, Problem},
    event::Rejection,
};

/// The media type of a problem.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds after which a client may try again when the server can't store or read.
const RETRY_AFTER: &str = "1";

/// A problem on its way out.
#[derive(Clone, Debug)]
pub(super) struct ApiProblem(pub(super) Box<Problem>, Vec<(HeaderName, HeaderValue)>);

impl ApiProblem {
    /// A problem that its status names.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let kind = "about:blank".to_owned();
        Self(
            Box::new(Problem { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }),
            Vec::new(),
        )
    }

    /// The problem with a further header.
    pub(super) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.1.push((name, value.into()));
        self
    }

    /// 422: fields or parameters are at fault.
    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = |FieldError { pointer, detail }: &FieldError| match pointer.trim_start_matches('/') {
            "" => detail.clone(),
            field => format!("{field}: {detail}"),
        };
        let details: Vec<String> = errors.iter().map(detail).collect();
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, details.join("; "));
        problem.0.errors = errors;
        problem
    }

    /// 400: the request can't be read.
    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.1);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl From<IngestError> for ApiProblem {
    fn from(error: IngestError) -> Self {
        let detail = match &error {
            // What the database says is for the log, where it already is, not for whoever sends events.
            IngestError::Store(_) => "the events could not be stored; nothing of this request was".to_owned(),
            IngestError::InDoubt => format!("{error}; sending those with an id again does no harm"),
            IngestError::QueueFull | IngestError::Stopping => format!("{error}; nothing of this request was stored"),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl From<ReplayError> for ApiProblem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Read(error) => error.into(),
            ReplayError::Corrected(Rejection { detail, pointer, .. }) => {
                Self::fields(vec![FieldError { pointer: format!("/body{pointer}"), detail }])
            }
            ReplayError::Store(_) => {
                let detail = "not all of these events could be stored; those that were not are still kept as rejected";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            }
        }
    }
}

impl From<ReceiveError> for ApiProblem {
    fn from(error: ReceiveError) -> Self {
        let status = match error {
            ReceiveError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ReceiveError::Slow => StatusCode::REQUEST_TIMEOUT,
            ReceiveError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ReceiveError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl From<MemberError> for ApiProblem {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Store(error) => error.into(),
            MemberError::LinkOver | MemberError::NoMember | MemberError::NoTeam | MemberError::NoName => {
                Self::new(StatusCode::NOT_FOUND, error.to_string())
            }
            MemberError::Wrong | MemberError::TooMany(_) | MemberError::Busy | MemberError::Failed(_) => {
                tracing::error!(%error, "what a member wanted was not done");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "that could not be done at the moment")
            }
        }
    }
}

impl From<StoreError> for ApiProblem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Choice(error) => Self::fields(vec![error]),
            StoreError::TeamNameTaken(_) => Self::fields(vec![FieldError::of_parameter("name", error.to_string())]),
            StoreError::Occupied => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            error => ReadError::from(error).into(),
        }
    }
}

impl From<ReadError> for ApiProblem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Parameter(error) => Self::fields(vec![error]),
            ReadError::Store(error) => {
                tracing::error!(%error, "the database did not answer");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer at the moment")
            }
        }
    }
}

impl From<Vec<FieldError>> for ApiProblem {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::fields(errors)
    }
}
