//! What members see and change of themselves: password and sessions.

use super::{access::Caller, form::Form, problem::ApiProblem, sign_in};
use crate::{Server, members::MemberError, store::SignedIn, task::carry_out};
use app::{
    PageData,
    view::{PROFILE, PROFILE_CHANGED},
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{api::member::SentForm, member};

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server, who: &SignedIn) -> Result<PageData, ApiProblem> {
    page_data(server, who, SentForm::default()).await
}

pub(super) async fn post_profile(State(server): State<Server>, form: Form) -> Result<Response, ApiProblem> {
    let caller = Caller::of(&form.parts.headers, &server).await?;
    let Caller::Member(who) = &caller else { return Ok(sign_in::first(&PROFILE.parse().unwrap_or_default())) };
    let author = caller.author(&form.parts, &server);
    let (members, who) = (server.members.clone(), who.clone());
    let done = match form.text("do") {
        "password" => return change_password(&server, &caller, &who, form).await,
        "end" => {
            let session_no = form.number("session");
            carry_out(async move { members.end_session(&who, session_no, &author).await }).await
        }
        "end-others" => carry_out(async move { members.end_other_sessions(&who, &author).await }).await,
        other => return Err(ApiProblem::unreadable(format!("nothing can be done that is called “{other}”"))),
    };
    done?;
    Ok(Redirect::to(PROFILE).into_response())
}

async fn change_password(
    server: &Server,
    caller: &Caller,
    who: &SignedIn,
    mut form: Form,
) -> Result<Response, ApiProblem> {
    form.checked("new-password", |password| member::check_password(password, &who.member.email));
    if form.is_right() {
        let (current, new) = (form.text("password").to_owned(), form.text("new-password").to_owned());
        let (members, browser, changing) = (server.members.clone(), form.browser(), who.clone());
        let author = caller.author(&form.parts, server);
        let change = async move { members.change_password(&changing, current, new, &browser, &author).await };
        match carry_out(change).await {
            Ok(admission) => return Ok(sign_in::admitted(&admission, PROFILE_CHANGED)),
            Err(MemberError::Wrong) => form.note("password", "This is not your password"),
            Err(error) => form.note_failure(error),
        }
    }
    let data = page_data(server, who, form.sent()).await;
    Ok(form.answer(server, caller.reader(server.access), data).await)
}

async fn page_data(server: &Server, who: &SignedIn, form: SentForm) -> Result<PageData, ApiProblem> {
    Ok(PageData::Profile { member: who.member.clone(), sessions: server.members.sessions(who).await?, form })
}
