//! Signing in and out.

use super::{
    access::Caller,
    cookie,
    form::{Form, carry_out},
    problem::ApiProblem,
};
use crate::{Server, members::Admission};
use app::{
    PageData,
    view::{SIGN_IN, TODAY, View, with_search},
};
use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use model::api::member::{Reader, SentForm};

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server) -> Result<PageData, ApiProblem> {
    page_data(server, SentForm::default()).await
}

pub(super) async fn post_sign_in(State(server): State<Server>, mut form: Form) -> Response {
    form.check_cookies();
    if form.is_right() {
        let (email, password) = (form.text("email").to_owned(), form.text("password").to_owned());
        let (members, browser) = (server.members.clone(), form.browser());
        match carry_out(async move { members.sign_in(&email, password, &browser).await }).await {
            Ok(admission) => return admitted(&admission, within(form.text("return"))),
            Err(error) => form.note_failure(error),
        }
    }
    let data = page_data(&server, form.sent()).await;
    form.answer(&server, Reader::default(), data).await
}

pub(super) async fn post_sign_out(State(server): State<Server>, form: Form) -> Result<Response, ApiProblem> {
    if let Caller::Member(who) = Caller::of(&form.parts.headers, &server).await? {
        carry_out(async move { Ok(server.members.sign_out(&who).await?) }).await?;
    }
    let mut response = Redirect::to(SIGN_IN).into_response();
    cookie::forget_session(response.headers_mut());
    Ok(response)
}

/// To the page for signing in, and from there back to an address.
pub(super) fn first(address: &Uri) -> Response {
    let to = address.path_and_query().map_or(TODAY, |address| address.as_str());
    let to = if to == TODAY { SIGN_IN.to_owned() } else { with_search(SIGN_IN, &vec![("return".into(), to.into())]) };
    Redirect::to(&to).into_response()
}

/// On from where a member was admitted.
pub(super) fn admitted(admission: &Admission, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    cookie::keep(response.headers_mut(), admission);
    response
}

/// An address to go on to, where it is of one of our pages for who has signed in; Today otherwise.
pub(super) fn within(to: &str) -> &str {
    // A backslash is a slash to browsers, and what can't be seen is left out.
    let is_plain = to.chars().all(|character| character.is_ascii_graphic() && character != '\\');
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let view = View::of_address(path, "");
    if is_plain && view != View::NotFound && !view.is_bare() { to } else { TODAY }
}

/// What the page shows after something went wrong.
pub(super) async fn page_data(server: &Server, form: SentForm) -> Result<PageData, ApiProblem> {
    let (has_administrator, single_sign_on) = (server.members.has_administrator().await?, server.single_sign_on());
    Ok(PageData::SignIn { form, has_administrator, single_sign_on })
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn after_signing_in_no_reader_is_led_elsewhere() {
        for address in ["/", "/?account=acme", "/activities?filter=a+b%3D&order=asc", "/quality#x"] {
            assert_eq!(within(address), address);
        }
        for address in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil.example",
            "/\t/evil.example",
            "/a b",
            "/ü",
            "/sign-out",
            "/sign-in?return=/",
            "/link?token=x",
            "/nowhere",
            "/api/v1/today",
        ] {
            assert_eq!(within(address), "/", "{address}");
        }
    }
}
