//! The page's frame: navigation, theme, and the page in it.

use super::{
    notice::ConnectionBanner,
    reader::ReaderMenu,
    shortcuts::{self, Shortcuts},
};
use crate::{
    pages::{
        activities::ActivitiesPage, audit::AuditPage, keys::KeysPage, link::LinkPage, members::MembersPage,
        not_found::NotFoundPage, privacy::PrivacyPage, profile::ProfilePage, quality::QualityPage, sign_in::SignInPage,
        teams::TeamsPage, today::TodayPage, tracking::TrackingPage,
    },
    state::{PageState, theme::Theme},
    view::View,
};
use leptos::{html, prelude::*, text_prop::TextProp};
use leptos_meta::Title;
use leptos_router::{
    components::{FlatRoutes, Route},
    path,
};
use model::query::RejectFilter;

/// Everything in the page. Makes the page's state; expects the router around it.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    let state = PageState::new();
    provide_context(state);
    let dialog = NodeRef::<html::Dialog>::new();
    let title = move || match state.view.get() {
        View::Today(_) => "Today · Usage Monitor",
        View::Activities(_) => "Activities · Usage Monitor",
        View::Quality(_) => "Data quality · Usage Monitor",
        View::SignIn(_) => "Sign in · Usage Monitor",
        View::Link(_) => "Welcome · Usage Monitor",
        View::Profile { .. } => "Your profile · Usage Monitor",
        View::Members => "Members · Usage Monitor",
        View::Keys(_) => "Keys · Usage Monitor",
        View::Audit(_) => "Audit log · Usage Monitor",
        View::Privacy => "Privacy · Usage Monitor",
        View::Teams => "Teams · Usage Monitor",
        View::Tracking(_) => "Tracking · Usage Monitor",
        View::NotFound => "Not found · Usage Monitor",
    };
    // The server renders once, and may write the title when the page's signals are already gone.
    let title = if cfg!(feature = "ssr") { TextProp::from(untrack(title)) } else { TextProp::from(title) };
    let sees_all = Memo::new(move |_| state.workspace.with(|workspace| workspace.sees_all_accounts));
    let is_bare = Memo::new(move |_| state.view.with(View::is_bare));
    view! {
        <Title text=title />
        <a class="skip" href="#main" rel="external">"Skip to the numbers"</a>
        <div class="frame" class:bare=move || is_bare.get()>
            <header class="side">
                <p class="brand">
                    <svg viewBox="0 0 16 16" aria-hidden="true">
                        <rect x="1" y="8" width="3.5" height="7" rx="1"></rect>
                        <rect x="6.25" y="1" width="3.5" height="14" rx="1"></rect>
                        <rect x="11.5" y="5" width="3.5" height="10" rx="1"></rect>
                    </svg>
                    "Usage Monitor"
                </p>
                <nav class="pages" aria-label="Pages">
                    <PageLink
                        to=|team| View::today(team)
                        name="Today"
                        key="t"
                        is_current=|view| matches!(view, View::Today(_))
                    />
                    <PageLink
                        to=|team| View::activities(None, team)
                        name="Activities"
                        key="a"
                        is_current=|view| matches!(view, View::Activities(_))
                    />
                    {move || sees_all.get().then(quality_link)}
                </nav>
                {move || {
                        state.workspace.with(|workspace| workspace.demo).then(|| view! { <span class="badge">"Demo data"</span> }.into_any())
                    }}
                <ReaderMenu />
                <div class="tools">
                    <ThemeSwitch />
                    <button
                        type="button"
                        class="shortcuts-button js-only"
                        aria-keyshortcuts="?"
                        on:click=move |_| shortcuts::open(dialog)
                    >
                        <span>"Shortcuts"</span>
                        <kbd>"?"</kbd>
                    </button>
                </div>
            </header>
            <main id="main" tabindex="-1">
                <ConnectionBanner />
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=TodayPage />
                    <Route path=path!("/activities") view=ActivitiesPage />
                    <Route path=path!("/quality") view=QualityPage />
                    <Route path=path!("/sign-in") view=SignInPage />
                    <Route path=path!("/sign-in/oidc") view=SignInPage />
                    <Route path=path!("/sign-in/oidc/callback") view=SignInPage />
                    <Route path=path!("/link") view=LinkPage />
                    <Route path=path!("/profile") view=ProfilePage />
                    <Route path=path!("/members") view=MembersPage />
                    <Route path=path!("/keys") view=KeysPage />
                    <Route path=path!("/audit") view=AuditPage />
                    <Route path=path!("/privacy") view=PrivacyPage />
                    <Route path=path!("/teams") view=TeamsPage />
                    <Route path=path!("/tracking") view=TrackingPage />
                </FlatRoutes>
            </main>
        </div>
        <Shortcuts dialog />
    }
}

/// Data quality tells of every account.
fn quality_link() -> AnyView {
    view! {
        <PageLink
            to=|_| View::rejects(RejectFilter::default())
            name="Data quality"
            key="d"
            is_current=|view| matches!(view, View::Quality(_))
        />
    }
    .into_any()
}

#[component]
fn PageLink(
    /// Where it leads, through the eyes of a team or of all.
    to: fn(Option<String>) -> View,
    /// What it says.
    name: &'static str,
    /// The key that does the same.
    key: &'static str,
    /// Whether a view is of its page.
    is_current: fn(&View) -> bool,
) -> impl IntoView {
    let view = PageState::expect().view;
    view! {
        <a
            href=move || to(view.with(View::team)).href()
            aria-current=move || view.with(is_current).then_some("page")
            aria-keyshortcuts=key
        >
            {name}
            <kbd>{key}</kbd>
        </a>
    }
    .into_any()
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = PageState::expect().theme;
    let buttons = Theme::ALL.map(|choice| {
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || if theme.choice.get() == choice { "true" } else { "false" }
                on:click=move |_| theme.choose(choice)
            >
                {choice.name()}
            </button>
        }
    });
    view! {
        <div class="segments themes js-only" role="group" aria-label="Theme">
            {buttons}
        </div>
    }
    .into_any()
}
