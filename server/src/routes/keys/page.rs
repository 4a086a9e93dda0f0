//! The page of keys: what it shows, and its forms.

use crate::{
    Server,
    key::KeyError,
    routes::{
        form::{AdministratorForm, Form},
        page,
        problem::ApiProblem,
    },
    store::{Author, StoreError},
};
use app::{PageData, view::KEYS};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::{key::MadeKey, member::SentForm},
    instant::Instant,
    key::{self, Grant, NewKey, Rotation},
};

/// What the page shows before anything was typed.
pub(in crate::routes) async fn load(server: &Server) -> Result<PageData, ApiProblem> {
    page_data(server, SentForm::default(), None).await
}

pub(in crate::routes) async fn post_keys(
    State(server): State<Server>,
    AdministratorForm { mut form, reader, author }: AdministratorForm,
) -> Result<Response, ApiProblem> {
    match change(&server, &mut form, author).await {
        Some(Ok(None)) => return Ok(Redirect::to(KEYS).into_response()),
        Some(Ok(made)) => {
            let data = page_data(&server, SentForm::default(), made).await.map_err(|problem| *problem.0);
            return Ok(page::answer(&server, form.parts, reader, data).await);
        }
        Some(Err(error)) => note_failure(&mut form, error),
        None => {}
    }
    let data = page_data(&server, form.sent(), None).await;
    Ok(form.answer(&server, reader, data).await)
}

/// Does what the form asks for, and returns the key where there is a secret to show. Does nothing where something is wrong
/// with the form.
async fn change(server: &Server, form: &mut Form, author: Author) -> Option<Result<Option<MadeKey>, KeyError>> {
    let id = form.number("key");
    match form.text("do") {
        "create" => {
            let name = form.checked("name", key::name);
            let grant =
                form.checked("grant", |word| Grant::parse(word).ok_or_else(|| "Choose what it may do".to_owned()));
            let team = Some(form.number("team")).filter(|team| *team > 0);
            if let Some(Err(fault)) = grant.map(|grant| key::check_team(grant, team)) {
                form.note("team", fault);
                return None;
            }
            let ((name, grant), expires) = name.zip(grant).zip(expires(form, &author))?;
            Some(server.keys.make(NewKey { name, grant, expires, team }, author).await.map(Some))
        }
        "rotate" => {
            let (overlap_seconds, expires) = form.checked("overlap", key::overlap).zip(expires(form, &author))?;
            Some(server.keys.rotate(id, Rotation { overlap_seconds, expires }, author).await.map(Some))
        }
        "revoke" => Some(server.keys.revoke(id, author).await.map(|()| None)),
        other => {
            let fault = format!("Nothing can be done that is called “{other}”");
            form.note("", fault);
            None
        }
    }
}

/// When the secret is to expire, if it is to.
fn expires(form: &mut Form, author: &Author) -> Option<Option<Instant>> {
    let days = form.checked("days", key::life)?;
    Some(days.map(|days| key::expiry(author.at, days)))
}

/// Notes why a key was not made or changed, in words for who asked.
fn note_failure(form: &mut Form, error: KeyError) {
    let (field, fault) = match error {
        KeyError::NoKey => ("", "There is no such key any more"),
        KeyError::Store(StoreError::NameTaken(_)) => ("name", "There is a key with this name already"),
        KeyError::Store(StoreError::NoTeam) => ("team", "There is no such team any more"),
        KeyError::Store(StoreError::KeyExpired) => {
            ("days", "The key has expired: choose how long its new secret lasts")
        }
        KeyError::Randomness(_) | KeyError::Store(_) => return form.note_fault(&error),
    };
    form.note(field, fault);
}

async fn page_data(server: &Server, form: SentForm, made: Option<MadeKey>) -> Result<PageData, ApiProblem> {
    let (keys, teams) = (server.keys.list().await?.keys, server.store.team_names(None).await?);
    Ok(PageData::Keys { keys, teams, form, made })
}
