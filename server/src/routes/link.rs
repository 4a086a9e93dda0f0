//! Links that open once: for the first administrator, for who was invited, and for who needs another password.

use super::{form::Form, problem::ApiProblem, sign_in};
use crate::{
    Server,
    members::{Admission, MemberError},
    store::NewMember,
    task::carry_out,
};
use app::{PageData, view::TODAY};
use axum::{extract::State, response::Response};
use model::{
    api::member::{OpenLink, Reader, SentForm},
    member::{self, Role},
};
use std::collections::BTreeSet;

/// What the page of a link shows before anything was typed. Opening it does not use it: programs that look at what a mail
/// links to would.
pub(super) async fn load(server: &Server, token: &str) -> Result<PageData, ApiProblem> {
    let link = server.members.open_link(token).await?;
    Ok(PageData::Link { link, form: SentForm::default() })
}

pub(super) async fn post_link(State(server): State<Server>, mut form: Form) -> Result<Response, ApiProblem> {
    let link = server.members.open_link(form.text("token")).await?;
    match &link {
        None => form.note_failure(MemberError::LinkOver),
        Some(link) => match use_link(&server, link, &mut form).await {
            Some(Ok(admission)) => return Ok(sign_in::admitted(&admission, TODAY)),
            Some(Err(error)) => form.note_failure(error),
            None => {}
        },
    }
    let data = Ok(PageData::Link { link, form: form.sent() });
    Ok(form.answer(&server, Reader::default(), data).await)
}

/// Uses a link; does nothing where something is wrong with the form.
async fn use_link(server: &Server, link: &OpenLink, form: &mut Form) -> Option<Result<Admission, MemberError>> {
    form.check_cookies();
    let name = form.checked("name", member::name);
    let email = match &link.member {
        Some(member) => Some(member.email.clone()),
        None => form.checked("email", member::email),
    };
    let address = email.clone().unwrap_or_default();
    form.checked("password", |password| member::check_password(password, &address));
    let (name, email) = name.zip(email).filter(|_| form.is_right())?;
    let (password, browser) = (form.text("password").to_owned(), form.browser());
    let (members, link) = (server.members.clone(), link.clone());
    let used = carry_out(async move {
        match link.member {
            Some(_) => members.use_link(&link.token, &name, password, &browser).await,
            None => {
                let (role, teams) = (Role::Administrator, BTreeSet::new());
                let first = NewMember { email, name, role, configures_tracking: true, teams };
                members.use_first_link(&link.token, &first, password, &browser).await
            }
        }
    });
    Some(used.await)
}
