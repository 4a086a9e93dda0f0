//! Who looks at the page, and the way to their own pages and out.

use crate::{
    state::PageState,
    view::{AUDIT, KEYS, MEMBERS, PRIVACY, PROFILE, SIGN_IN, SIGN_OUT, TEAMS, TRACKING, View},
};
use leptos::prelude::*;

/// The member's name, their pages, and signing out. For a guest, the way in; nothing where nobody need sign in.
///
/// Links go by the browser itself: what these pages show comes with them.
#[component]
pub(crate) fn ReaderMenu() -> impl IntoView {
    let PageState { reader, view, polling, .. } = PageState::expect();
    let reader = reader.get_value();
    let current = move |is_current: fn(&View) -> bool| move || view.with(is_current).then_some("page");
    let link = move |href: &'static str, name: &'static str, is_current: fn(&View) -> bool| {
        view! { <a href=href rel="external" aria-current=current(is_current)>{name}</a> }.into_any()
    };
    let is_bare = view.with_untracked(View::is_bare);
    let may_configure = reader.may_configure_tracking() && !is_bare;
    let tracking = may_configure.then(|| link(TRACKING, "Tracking", |view| matches!(view, View::Tracking(_))));
    let links = match &reader.member {
        Some(member) => {
            let pages = reader.manages_members().then(|| {
                [
                    link(MEMBERS, "Members", |view| matches!(view, View::Members)),
                    link(TEAMS, "Teams", |view| matches!(view, View::Teams)),
                    link(KEYS, "Keys", |view| matches!(view, View::Keys(_))),
                    link(PRIVACY, "Privacy", |view| matches!(view, View::Privacy)),
                    link(AUDIT, "Audit", |view| matches!(view, View::Audit(_))),
                ]
                .into_iter()
                .collect_view()
            });
            let is_current = current(|view| matches!(view, View::Profile { .. }));
            view! {
                <a href=PROFILE rel="external" title=member.email.clone() aria-current=is_current>
                    {member.name.clone()}
                </a>
                {pages}
                {tracking}
                // What was asked for meanwhile would be refused.
                <form method="post" action=SIGN_OUT on:submit=move |_| polling.stop()>
                    <button type="submit">"Sign out"</button>
                </form>
            }
            .into_any()
        }
        None if is_bare => return ().into_any(),
        None if reader.may_administer => tracking.into_any(),
        None => view! { <a href=SIGN_IN rel="external">"Sign in"</a> }.into_any(),
    };
    view! {
        <nav class="reader" aria-label="You">
            {links}
        </nav>
    }
    .into_any()
}
