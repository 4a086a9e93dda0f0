//! Members as administrators see and change them.

use super::{
    form::{AdministratorForm, Form},
    page,
    problem::ApiProblem,
};
use crate::{
    Server,
    members::MemberError,
    store::{Author, NewMember},
    task::carry_out,
};
use app::{PageData, view::MEMBERS};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::member::{IssuedLink, SentForm},
    member::{self, Role},
};

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server) -> Result<PageData, ApiProblem> {
    page_data(server, SentForm::default(), None).await
}

pub(super) async fn post_members(
    State(server): State<Server>,
    AdministratorForm { mut form, reader, author }: AdministratorForm,
) -> Result<Response, ApiProblem> {
    match change(&server, &mut form, author).await {
        Some(Ok(None)) => return Ok(Redirect::to(MEMBERS).into_response()),
        Some(Ok(issued)) => {
            let data = page_data(&server, SentForm::default(), issued).await.map_err(|problem| *problem.0);
            return Ok(page::answer(&server, form.parts, reader, data).await);
        }
        Some(Err(error)) => form.note_failure(error),
        None => {}
    }
    let data = page_data(&server, form.sent(), None).await;
    Ok(form.answer(&server, reader, data).await)
}

/// Does what the form asks for, and returns the link that was made for it. Does nothing where something is wrong with the
/// form.
async fn change(server: &Server, form: &mut Form, author: Author) -> Option<Result<Option<IssuedLink>, MemberError>> {
    let members = server.members.clone();
    let member_no = form.number("member");
    let wanted = form.text("do").to_owned();
    if wanted == "invite" {
        let (name, email) = (form.checked("name", member::name), form.checked("email", member::email));
        let ((name, email), (role, configures_tracking)) = name.zip(email).zip(permissions(form))?;
        let new = NewMember { email, name, role, configures_tracking, teams: form.numbers("team") };
        return Some(carry_out(async move { members.invite(&new, &author).await.map(Some) }).await);
    }
    if !["permit", "teams", "disable", "enable", "reset"].contains(&wanted.as_str()) {
        form.note("", format!("Nothing can be done that is called “{wanted}”"));
        return None;
    }
    let permissions = if wanted == "permit" { Some(permissions(form)?) } else { None };
    let teams = form.numbers("team");
    let done = carry_out(async move {
        match (wanted.as_str(), permissions) {
            ("permit", Some((role, tracking))) => {
                members.set_role(member_no, role, tracking, &author).await.map(|()| None)
            }
            ("teams", _) => members.set_teams(member_no, &teams, &author).await.map(|()| None),
            ("disable", _) => members.set_disabled(member_no, true, &author).await.map(|()| None),
            ("enable", _) => members.set_disabled(member_no, false, &author).await.map(|()| None),
            _ => members.reset(member_no, &author).await.map(Some),
        }
    });
    Some(done.await)
}

/// What the form lets a member do.
fn permissions(form: &mut Form) -> Option<(Role, bool)> {
    let role = form.checked("role", |role| Role::parse(role).ok_or_else(|| "Choose a role".to_owned()))?;
    Some((role, form.ticked("tracking")))
}

async fn page_data(server: &Server, form: SentForm, issued: Option<IssuedLink>) -> Result<PageData, ApiProblem> {
    let (members, teams) = (server.members.list().await?, server.store.teams().await?);
    Ok(PageData::Members { members, teams, form, issued })
}
