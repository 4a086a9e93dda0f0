//! Forms of the pages, as browsers send them: the same with JavaScript or without.

use super::{access::Caller, address::address, cookie, page, problem::ApiProblem, same_origin, sign_in};
use crate::{
    Server,
    members::{Browser, MemberError},
    store::{Author, Sight, StoreError},
};
use app::PageData;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use model::{
    api::{
        member::{Reader, SentForm},
        problem::FieldError,
    },
    query::Pairs,
};
use std::{collections::BTreeSet, error::Error, net::IpAddr};

/// More holds no form of ours but that of a team.
const FORM_BYTES: usize = 16 * 1024;

/// A form that a page of ours sent, and what it was sent with.
pub(super) struct Form {
    fields: Pairs,
    /// What it was sent with, to answer with the page again.
    pub(super) parts: Parts,
    /// Where it comes from.
    address: Option<IpAddr>,
    /// What is wrong with it so far.
    errors: Vec<FieldError>,
    /// With which status it is answered, unless it is carried out.
    status: StatusCode,
    /// After how many seconds it is welcome again.
    retry_after: Option<u64>,
}

impl FromRequest<Server> for Form {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, ApiProblem> {
        Self::read(request, server, FORM_BYTES).await
    }
}

/// A form that an administrator sent, on a page that is for them alone, of at most so many bytes.
pub(super) struct AdministratorForm<const BYTES: usize = FORM_BYTES> {
    pub(super) form: Form,
    /// The administrator, as the page shows them.
    pub(super) reader: Reader,
    /// The same, as a change by them is entered in the audit log.
    pub(super) author: Author,
}

impl<const BYTES: usize> FromRequest<Server> for AdministratorForm<BYTES> {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Response> {
        let may = |caller: &Caller| caller.reader(server.access).manages_members();
        let (form, caller) = sent(request, server, BYTES, may).await?;
        let (reader, author) = (caller.reader(server.access), caller.author(&form.parts, server));
        Ok(Self { form, reader, author })
    }
}

/// A form that somebody sent who says what is tracked, on the page for that.
pub(super) struct TrackingForm {
    pub(super) form: Form,
    /// Who, as the page shows them.
    pub(super) reader: Reader,
    /// The same, as a change by them is entered in the audit log.
    pub(super) author: Author,
    /// How far they see.
    pub(super) sight: Sight,
}

impl FromRequest<Server> for TrackingForm {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Response> {
        let may = |caller: &Caller| caller.may_configure_tracking(server.access).is_ok();
        let (form, caller) = sent(request, server, model::module_rule::RULES_BYTES, may).await?;
        let (reader, author) = (caller.reader(server.access), caller.author(&form.parts, server));
        Ok(Self { form, reader, author, sight: caller.sight() })
    }
}

/// A form of at most so many bytes and who sent it, who must be somebody who `may`. To others the page does not exist.
async fn sent(
    request: Request,
    server: &Server,
    bytes: usize,
    may: impl Fn(&Caller) -> bool,
) -> Result<(Form, Caller), Response> {
    let form = Form::read(request, server, bytes).await.map_err(IntoResponse::into_response)?;
    let caller = Caller::of(&form.parts.headers, server).await.map_err(IntoResponse::into_response)?;
    if may(&caller) {
        return Ok((form, caller));
    }
    Err(match caller {
        Caller::Anyone => sign_in::first(&form.parts.uri.path().parse().unwrap_or_default()),
        Caller::Key(_) | Caller::Member(_) => {
            let reader = caller.reader(server.access);
            page::answer(server, form.parts, reader, Ok(PageData::NotFound)).await
        }
    })
}

impl Form {
    /// Reads a form of at most so many bytes.
    async fn read(request: Request, server: &Server, bytes: usize) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        same_origin::check(&parts.headers)?;
        let body = server.receiver.receive(body).await?.bytes;
        if body.len() > bytes {
            let detail = format!("the form has {} bytes; at most {bytes} are allowed", body.len());
            return Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        let fields = form_urlencoded::parse(&body).into_owned().collect();
        let (address, status) = (address(&parts, &server.proxies), StatusCode::UNPROCESSABLE_ENTITY);
        Ok(Self { fields, parts, address, errors: Vec::new(), status, retry_after: None })
    }

    /// What is in a field; empty where it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// What is in a field that our page always sends, and once. Where it has come otherwise, that is noted, and there is none:
    /// what was left out on the way would change something else without a word.
    pub(super) fn whole(&mut self, name: &str) -> Option<String> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone());
        let fault = match (values.next(), values.next()) {
            (Some(value), None) => return Some(value),
            (None, _) => "is missing",
            (Some(_), Some(_)) => "is given more than once",
        };
        self.note(name, format!("{name} {fault}"));
        None
    }

    /// A number that names something; one that names nothing where it can't be read.
    pub(super) fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(-1)
    }

    /// The numbers in all fields of a name; one that names nothing for each that can't be read.
    pub(super) fn numbers(&self, name: &str) -> BTreeSet<i64> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.parse().unwrap_or(-1)).collect()
    }

    /// Whether a box is ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// What a check makes of a field; where it finds fault, that is noted, and there is none.
    pub(super) fn checked<T>(&mut self, name: &str, check: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let checked = check(self.text(name));
        checked.map_err(|fault| self.note(name, fault)).ok()
    }

    /// Notes what is wrong with a field; with the form as a whole where `name` is empty.
    pub(super) fn note(&mut self, name: &str, fault: impl Into<String>) {
        let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
        self.errors.push(FieldError { pointer, detail: fault.into() });
    }

    /// Notes why a member could not do what they wanted, in words for them.
    pub(super) fn note_failure(&mut self, error: MemberError) {
        let (status, field, fault) = match error {
            MemberError::Wrong => {
                (StatusCode::UNPROCESSABLE_ENTITY, "", "E-mail address or password is wrong".to_owned())
            }
            MemberError::TooMany(seconds) => {
                self.retry_after = Some(seconds);
                let fault = format!(
                    "Too many wrong passwords. Try again in {seconds} seconds, or in a browser you have signed in with before"
                );
                (StatusCode::TOO_MANY_REQUESTS, "", fault)
            }
            MemberError::Store(StoreError::EmailTaken(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "email", "There is a member with this address already".to_owned())
            }
            MemberError::Store(StoreError::Choice(error)) => {
                self.errors.push(error);
                self.status = StatusCode::UNPROCESSABLE_ENTITY;
                return;
            }
            MemberError::Store(StoreError::TeamNameTaken(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "name", "There is a team with this name already".to_owned())
            }
            MemberError::Store(StoreError::LastAdministrator) => {
                let fault =
                    "The last administrator must stay one. Make somebody else an administrator first".to_owned();
                (StatusCode::UNPROCESSABLE_ENTITY, "", fault)
            }
            MemberError::NoMember => (StatusCode::UNPROCESSABLE_ENTITY, "", "There is no such member".to_owned()),
            MemberError::NoTeam | MemberError::Store(StoreError::NoTeam) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "", "There is no such team any more".to_owned())
            }
            MemberError::NoName => {
                (StatusCode::UNPROCESSABLE_ENTITY, "", "There is no such module or activity".to_owned())
            }
            MemberError::LinkOver => (StatusCode::GONE, "", "This link does not open any more".to_owned()),
            MemberError::Busy | MemberError::Failed(_) | MemberError::Store(_) => return self.note_fault(&error),
        };
        self.note(field, fault);
        self.status = status;
    }

    /// Notes that something could not be done through no fault of who asked.
    pub(super) fn note_fault(&mut self, error: &dyn Error) {
        tracing::error!(%error, "a form was not carried out");
        self.note("", "That could not be done at the moment. Try again");
        self.retry_after = Some(1);
        self.status = StatusCode::SERVICE_UNAVAILABLE;
    }

    /// Answers with the page again: what was typed, and what is wrong with it.
    pub(super) async fn answer(self, server: &Server, reader: Reader, data: Result<PageData, ApiProblem>) -> Response {
        let mut response = page::answer(server, self.parts, reader, data.map_err(|problem| *problem.0)).await;
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Notes it where the browser would keep no session of this address.
    pub(super) fn check_cookies(&mut self) {
        if !same_origin::keeps_cookies(&self.parts.headers) {
            let fault = "Signing in takes an address with https://. Browsers keep nobody signed in over plain http, except \
                         on the machine itself";
            self.note("", fault);
        }
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_right(&self) -> bool {
        self.errors.is_empty()
    }

    /// What the page shows of it again. Never passwords.
    pub(super) fn sent(&self) -> SentForm {
        let shown = self.fields.iter().filter(|(name, _)| !name.contains("password"));
        SentForm { values: shown.cloned().collect(), errors: self.errors.clone() }
    }

    /// The browser it came from.
    pub(super) fn browser(&self) -> Browser {
        browser(&self.parts, self.address)
    }
}

/// The browser a request came from, and where it is.
pub(super) fn browser(parts: &Parts, address: Option<IpAddr>) -> Browser {
    let headers = &parts.headers;
    let user_agent = headers.get(header::USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    Browser {
        user_agent: user_agent.unwrap_or_default(),
        address,
        session: cookie::value(headers, cookie::SESSION),
        device: cookie::value(headers, cookie::DEVICE),
    }
}
