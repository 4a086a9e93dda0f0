//! What members see and change of themselves: password and sessions.

use crate::{
    Loaded, PageData,
    components::{
        field::{Field, FormError, Takes, password_hint},
        notice::NotLoaded,
    },
    format,
    state::PageState,
    view::{PROFILE, View},
};
use leptos::prelude::*;
use model::{
    api::member::{Member, SentForm, Session},
    member::Role,
};

/// The page at `/profile`.
#[component]
pub(crate) fn ProfilePage() -> impl IntoView {
    let Ok(PageData::Profile { member, sessions, form }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let Member { email, name, role, configures_tracking, .. } = member;
    let role = match (role, configures_tracking) {
        (Role::Administrator, _) => "administrator",
        (Role::Viewer, true) => "viewer who configures tracking",
        (Role::Viewer, false) => "viewer",
    };
    view! {
        <header class="page-head">
            <h1>{name}</h1>
            <p class="as-of">{email.clone()} " · " {role}</p>
        </header>
        <div class="profile">
            <Sessions sessions />
            <PasswordForm form email />
        </div>
    }
    .into_any()
}

#[component]
fn Sessions(
    /// Where the reader is signed in.
    sessions: Vec<Session>,
) -> impl IntoView {
    let now = PageState::expect().now;
    let others = sessions.len() > 1;
    let row = |session: Session| {
        let Session { session_no, user_agent, created, seen, is_this } = session;
        let end = if is_this {
            view! { <span class="muted">"this browser"</span> }.into_any()
        } else {
            view! {
                <form method="post" action=PROFILE>
                    <input type="hidden" name="session" value=session_no.to_string() />
                    <button type="submit" class="button" name="do" value="end">"End"</button>
                </form>
            }
            .into_any()
        };
        view! {
            <tr>
                <th scope="row" title=user_agent.clone()>{format::browser(&user_agent)}</th>
                <td data-label="Signed in">{move || format::ago(now.get(), created)}</td>
                <td data-label="Last seen">{move || format::ago(now.get(), seen)}</td>
                <td class="figure">{end}</td>
            </tr>
        }
    };
    let end_others = others.then(|| {
        view! {
            <form method="post" action=PROFILE>
                <button type="submit" class="button" name="do" value="end-others">"End all others"</button>
            </form>
        }
        .into_any()
    });
    view! {
        <section class="panel">
            <h2>"Where you are signed in"</h2>
            <div class="scroll">
                <table class="figures members">
                    <thead>
                        <tr>
                            <th scope="col">"Browser"</th>
                            <th scope="col">"Signed in"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col"><span class="visually-hidden">"End"</span></th>
                        </tr>
                    </thead>
                    <tbody>{sessions.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            {end_others}
        </section>
    }
    .into_any()
}

#[component]
fn PasswordForm(
    /// What was typed.
    form: SentForm,
    /// The reader's, for programs that keep passwords.
    email: String,
) -> impl IntoView {
    let changed = matches!(PageState::expect().view.get_untracked(), View::Profile { changed: true });
    let done = changed.then(|| {
        view! { <p role="status">"The password is changed, and you are signed out in every other browser."</p> }
            .into_any()
    });
    view! {
        <section class="panel">
            <h2>"Password"</h2>
            {done}
            <form method="post" action=PROFILE class="form">
                <FormError form=form.clone() />
                <input type="email" autocomplete="username" value=email readonly hidden />
                <Field name="password" label="Your password" takes=Takes::Password form=form.clone() />
                <Field name="new-password" label="New password" takes=Takes::NewPassword form hint=password_hint() />
                <button type="submit" class="button" name="do" value="password">"Change the password"</button>
            </form>
        </section>
    }
    .into_any()
}
