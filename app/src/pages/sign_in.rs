//! Signing in.

use crate::{
    Loaded, PageData,
    components::{
        field::{Field, FormError, Takes},
        notice::NotLoaded,
    },
    state::PageState,
    view::{SIGN_IN, SINGLE_SIGN_ON, View, with_search},
};
use leptos::prelude::*;

/// The page at `/sign-in`.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let Ok(PageData::SignIn { form, has_administrator, single_sign_on }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let asked_for = match PageState::expect().view.get_untracked() {
        View::SignIn(to) => to,
        _ => String::new(),
    };
    let sent = form.value("return").to_owned();
    let to = if sent.is_empty() { asked_for } else { sent };
    let button = single_sign_on.map(|button| {
        let way = with_search(SINGLE_SIGN_ON, &vec![("return".into(), to.clone())]);
        let href = format!("{}{}", button.origin, if to.is_empty() { SINGLE_SIGN_ON.to_owned() } else { way });
        view! { <a class="button" rel="external" href=href>{button.label}</a> }.into_any()
    });
    if !has_administrator {
        return view! {
            <Nobody>
                <FormError form />
                {button}
            </Nobody>
        }
        .into_any();
    }
    view! {
        <section class="panel form-page">
            <h1>"Sign in"</h1>
            <form method="post" action=SIGN_IN class="form">
                <FormError form=form.clone() />
                <input type="hidden" name="return" value=to />
                <Field name="email" label="E-mail address" takes=Takes::UserName form=form.clone() />
                <Field name="password" label="Password" takes=Takes::Password form />
                <button type="submit" class="button primary">"Sign in"</button>
            </form>
            {button}
            <p class="muted">"Forgotten the password? An administrator can make you a link for another one."</p>
        </section>
    }
    .into_any()
}

/// Says how there comes to be somebody who can sign in.
#[component]
fn Nobody(
    /// What else there is to say and do.
    children: Children,
) -> impl IntoView {
    let is_demo = PageState::expect().workspace.with_untracked(|workspace| workspace.demo);
    let printed = (!is_demo).then(|| {
        view! {
            <p>
                "When it started, the server printed a link that makes the first administrator. Every start prints a new one \
                until there is one."
            </p>
        }
        .into_any()
    });
    view! {
        <section class="panel form-page">
            <h1>"Nobody can sign in yet"</h1>
            {printed}
            <p class="muted">
                <code>"usage-monitor user create --role administrator --email ADDRESS --name NAME"</code>
                " prints such a link too."
            </p>
            {children()}
        </section>
    }
    .into_any()
}
