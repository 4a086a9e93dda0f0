//! Teams as administrators see and change them on the page.

use super::{
    form::{AdministratorForm, Form},
    page,
    problem::ApiProblem,
};
use crate::{Server, members::MemberError, store::Author, task::carry_out};
use app::{PageData, view::TEAMS};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::{member::SentForm, team::TeamPreview},
    team::TeamDefinition,
};
use serde_json::{Value, json};

/// What the form of a team may hold: as many ids as a team, each letter of which a form may write as three.
const TEAM_FORM_BYTES: usize = 4 * 1024 * 1024;

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server) -> Result<PageData, ApiProblem> {
    page_data(server, SentForm::default(), None).await
}

pub(super) async fn post_teams(
    State(server): State<Server>,
    AdministratorForm { mut form, reader, author }: AdministratorForm<TEAM_FORM_BYTES>,
) -> Result<Response, ApiProblem> {
    match change(&server, &mut form, author).await {
        Some(Ok(None)) => return Ok(Redirect::to(TEAMS).into_response()),
        Some(Ok(preview)) => {
            let data = page_data(&server, form.sent(), preview).await.map_err(|problem| *problem.0);
            return Ok(page::answer(&server, form.parts, reader, data).await);
        }
        Some(Err(error)) => form.note_failure(error),
        None => {}
    }
    let data = page_data(&server, form.sent(), None).await;
    Ok(form.answer(&server, reader, data).await)
}

/// Does what the form asks for, and returns what a team would see where that was asked. Does nothing where something is
/// wrong with the form.
async fn change(server: &Server, form: &mut Form, author: Author) -> Option<Result<Option<TeamPreview>, MemberError>> {
    let (store, number) = (server.store.clone(), form.number("team"));
    let wanted = form.text("do").to_owned();
    if wanted == "delete" {
        return Some(carry_out(async move { Ok(store.delete_team(number, &author).await.map(|_| None)?) }).await);
    }
    if !["save", "preview"].contains(&wanted.as_str()) {
        form.note("", format!("Nothing can be done that is called “{wanted}”"));
        return None;
    }
    let definition = match TeamDefinition::from_json(&typed(&form.sent())) {
        Ok(definition) => definition,
        Err(errors) => {
            for error in errors {
                // Of fields there are many of each name, so that all but the name are at fault together.
                let field = if error.pointer == "/name" { "name" } else { "" };
                form.note(field, error.detail);
            }
            return None;
        }
    };
    let is_new = form.text("team").is_empty();
    let done = carry_out(async move {
        match (wanted.as_str(), is_new) {
            ("save", true) => store.add_team(&definition, &author).await.map(|_| None),
            ("save", false) => match store.change_team(number, &definition, &author).await {
                Ok(false) => return Err(MemberError::NoTeam),
                changed => changed.map(|_| None),
            },
            _ => store.preview_team(&definition).await.map(Some),
        }
        .map_err(MemberError::from)
    });
    Some(done.await)
}

/// What was typed, as the API takes a team.
fn typed(form: &SentForm) -> Value {
    // An id is what it is to the letter, and so to the space.
    let accounts: Vec<&str> = form.value("accounts").lines().filter(|id| !id.trim().is_empty()).collect();
    let [on, attributes, is, values] = ["on", "attribute", "is", "value"].map(|name| form.all(name));
    let rows = on.into_iter().zip(attributes).zip(is.into_iter().zip(values));
    let rules: Vec<Value> = rows
        .filter(|((on, _), _)| !on.is_empty())
        .map(|((on, attribute), (is, value))| json!({"on": on, "attribute": attribute, "is": is, "value": value}))
        .collect();
    json!({"name": form.value("name"), "accounts": accounts, "rules": rules})
}

async fn page_data(server: &Server, form: SentForm, preview: Option<TeamPreview>) -> Result<PageData, ApiProblem> {
    Ok(PageData::Teams { teams: server.store.teams().await?, form, preview })
}
