//! Links that open once: for the first administrator, for who was invited, and for who needs another password.

use crate::{
    Loaded, PageData,
    components::{
        field::{Field, FormError, Takes, password_hint},
        notice::NotLoaded,
    },
    view::{LINK, SIGN_IN},
};
use leptos::prelude::*;
use model::api::member::LinkPurpose;

/// The page at `/link`.
#[component]
pub(crate) fn LinkPage() -> impl IntoView {
    let Ok(PageData::Link { link, form }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let Some(link) = link else {
        return view! {
            <section class="panel form-page">
                <h1>"This link does not open any more"</h1>
                <p>"It was used already, or its time is over. An administrator can make another."</p>
                <p><a class="button" href=SIGN_IN rel="external">"Sign in"</a></p>
            </section>
        }
        .into_any();
    };
    let (title, text, button) = match link.purpose {
        LinkPurpose::Administrator => (
            "Create the first administrator",
            "You will manage who else may look, and the settings.",
            "Create and sign in",
        ),
        LinkPurpose::Invitation => {
            ("Accept the invitation", "Choose a password to look at the dashboards.", "Accept and sign in")
        }
        LinkPurpose::Reset => {
            ("Choose another password", "You are then signed out in every other browser.", "Change and sign in")
        }
    };
    let name = link.member.as_ref().map(|member| member.name.clone()).unwrap_or_default();
    let email = match link.member {
        None => {
            view! { <Field name="email" label="E-mail address" takes=Takes::UserName form=form.clone() /> }.into_any()
        }
        Some(member) => view! {
            <div class="field">
                <label for="email">"E-mail address"</label>
                <input id="email" type="email" autocomplete="username" value=member.email readonly />
            </div>
        }
        .into_any(),
    };
    view! {
        <section class="panel form-page">
            <h1>{title}</h1>
            <p class="muted">{text}</p>
            <form method="post" action=LINK class="form">
                <FormError form=form.clone() />
                <input type="hidden" name="token" value=link.token />
                <Field name="name" label="Your name" takes=Takes::Name form=form.clone() value=name />
                {email}
                <Field name="password" label="Password" takes=Takes::NewPassword form hint=password_hint() />
                <button type="submit" class="button primary">{button}</button>
            </form>
        </section>
    }
    .into_any()
}
