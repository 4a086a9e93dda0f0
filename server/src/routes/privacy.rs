//! The page of privacy: what it shows, and its forms.

use super::{
    form::{AdministratorForm, Form},
    page,
    problem::ApiProblem,
};
use crate::{
    Server, erasure,
    store::{Author, StoreError},
};
use app::{PageData, view::PRIVACY};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::{erasure::ErasurePreview, member::SentForm},
    erasure::{ErasureChoice, id, retention},
};

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server) -> Result<PageData, ApiProblem> {
    page_data(server, SentForm::default(), None).await
}

pub(super) async fn post_privacy(
    State(server): State<Server>,
    AdministratorForm { mut form, reader, author }: AdministratorForm,
) -> Result<Response, ApiProblem> {
    let preview = match change(&server, &mut form, author).await {
        Some(Ok(None)) => return Ok(Redirect::to(PRIVACY).into_response()),
        Some(Ok(preview)) => preview,
        Some(Err(error)) => {
            form.note_fault(&error);
            None
        }
        None => None,
    };
    let data = page_data(&server, form.sent(), preview).await;
    if form.is_right() {
        return Ok(page::answer(&server, form.parts, reader, data.map_err(|problem| *problem.0)).await);
    }
    Ok(form.answer(&server, reader, data).await)
}

/// Does what the form asks for, and returns what would go where that was asked, or where it is yet to be confirmed. Does
/// nothing where something is wrong with the form.
async fn change(
    server: &Server,
    form: &mut Form,
    author: Author,
) -> Option<Result<Option<ErasurePreview>, StoreError>> {
    let wanted = form.text("do").to_owned();
    if wanted == "retention" {
        let days = form.checked("days", retention)?;
        return Some(server.retention.set(days, author).await.map(|()| None));
    }
    if !["preview", "erase"].contains(&wanted.as_str()) {
        form.note("", format!("Nothing can be done that is called “{wanted}”"));
        return None;
    }
    let account = form.checked("account", id);
    let user = match form.text("user").is_empty() {
        true => Some(None),
        false => form.checked("user", id).map(Some),
    };
    let (account, user) = account.zip(user)?;
    let choice = ErasureChoice { account, user, preview: wanted == "preview" };
    let preview = match server.store.preview_erasure(&choice).await {
        Ok(Some(preview)) => preview,
        Ok(None) => {
            form.note("", "Nothing is known of them");
            return None;
        }
        Err(error) => return Some(Err(error)),
    };
    if choice.preview {
        return Some(Ok(Some(preview)));
    }
    if form.text("confirmation") != choice.user.as_ref().unwrap_or(&choice.account) {
        form.note("confirmation", "Type the id as it stands above");
        return Some(Ok(Some(preview)));
    }
    Some(erasure::erase(server, choice, author).await.map(|_| None))
}

async fn page_data(server: &Server, form: SentForm, preview: Option<ErasurePreview>) -> Result<PageData, ApiProblem> {
    let (erasures, retention) = (server.store.erasures().await?, server.store.retention().await?);
    Ok(PageData::Privacy { erasures, retention, preview, form })
}
