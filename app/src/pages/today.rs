//! Today: who is online, what is used most, and what is happening.

use crate::{
    clock::ZoneClock,
    components::{
        card::{OnlineCard, TimeCard},
        empty::{EmptyWorkspace, NoTeam},
        help::Definition,
        notice::Failure,
        stream::ActivityStream,
        team_picker::TeamPicker,
        top_ten::{Bar, TopTen},
    },
    format,
    state::PageState,
    view::View,
};
use leptos::prelude::*;
use model::api::Workspace;

/// The page at `/`.
#[component]
pub(crate) fn TodayPage() -> impl IntoView {
    let state = PageState::expect();
    let is_out_of_sight = Memo::new(move |_| state.workspace.with(Workspace::is_out_of_sight));
    let is_empty = Memo::new(move |_| state.workspace.with(|workspace| workspace.data_since.is_none()));
    let failed = Memo::new(move |_| state.today.get().is_none().then(|| state.today.failure.get()).flatten());
    view! {
        <header class="page-head">
            <h1>"Today"</h1>
            <AsOf />
        </header>
        <TeamPicker />
        {move || {
            if let Some(error) = failed.get() {
                view! { <Failure error retry=move || state.polling.ask() /> }.into_any()
            } else if is_out_of_sight.get() {
                view! { <NoTeam /> }.into_any()
            } else if is_empty.get() {
                view! { <EmptyWorkspace /> }.into_any()
            } else {
                view! { <Numbers /> }.into_any()
            }
        }}
    }
}

/// When the numbers are from, in which zone, and how old they have become.
#[component]
fn AsOf() -> impl IntoView {
    /// From when on numbers count as stale, in milliseconds: two ticks missed.
    const STALE: i64 = 30_000;

    let state = PageState::expect();
    let clock = ZoneClock::expect();
    let as_of = Memo::new(move |_| {
        state.today.get().map_or_else(|| state.workspace.with(|workspace| workspace.as_of), |today| today.as_of)
    });
    let zone = Memo::new(move |_| state.workspace.with(|workspace| workspace.time_zone.clone()));
    let day = Memo::new(move |_| format::long_day(state.workspace.with(|workspace| workspace.day)));
    let stale = move || {
        let (now, as_of) = (state.now.get(), as_of.get());
        (now.millis() - as_of.millis() >= STALE).then(|| match format::age(now, as_of).as_str() {
            "" => "less than a minute old".to_owned(),
            age => format!("{age} old"),
        })
    };
    view! {
        <p class="as-of">
            "as of " <time class="num" datetime=move || as_of.get().to_string()>{move || clock.hms(as_of.get())}</time>
            "\u{a0}· " <span>{zone}</span> "\u{a0}· " <span>{day}</span> " "
            {move || stale().map(|age| view! { <span class="stale">{age}</span> }.into_any())}
        </p>
    }
    .into_any()
}

/// Cards, top tens and stream.
#[component]
fn Numbers() -> impl IntoView {
    let PageState { today, stream, .. } = PageState::expect();
    let usage_of = move |account: &str| Some(View::activities(Some(account.to_owned()), stream.team()).href());

    let accounts = today.part(move |today| {
        let bar = |row: &model::api::today::ActiveAccount| Bar {
            name: row.account.name.clone(),
            detail: None,
            href: usage_of(&row.account.id),
            value: row.active_users,
            shown: format::number(row.active_users),
            second: format::number(row.actions),
        };
        today.most_active_accounts.iter().map(bar).collect()
    });
    let users = today.part(move |today| {
        let bar = |row: &model::api::today::ActiveUser| Bar {
            name: row.user.name.clone(),
            detail: Some(row.account.name.clone()),
            href: None,
            value: row.seconds,
            shown: format::duration(row.seconds),
            second: format::number(row.actions),
        };
        today.most_active_users.iter().map(bar).collect()
    });
    let modules = today.part(|today| {
        let bar = |row: &model::api::today::PopularModule| Bar {
            name: row.module.clone(),
            detail: None,
            href: None,
            value: row.users,
            shown: format::number(row.users),
            second: format::number(row.actions),
        };
        today.popular_modules.iter().map(bar).collect()
    });
    let actions = today.part(|today| {
        let bar = |row: &model::api::today::FrequentAction| Bar {
            name: row.action.clone(),
            detail: Some(row.module.clone()),
            href: None,
            value: row.actions,
            shown: format::number(row.actions),
            second: format::number(row.users),
        };
        today.frequent_actions.iter().map(bar).collect()
    });

    view! {
        <div class="today">
            <section class="cards" aria-label="Now">
            <OnlineCard
                title="Accounts online"
                definition=Definition::AccountsOnline
                card=today.part(|today| today.accounts_online)
            />
            <OnlineCard
                title="Users online"
                definition=Definition::UsersOnline
                card=today.part(|today| today.users_online)
            />
            <TimeCard card=today.part(|today| today.time_per_user) />
        </section>
            <section class="top-tens" aria-label="Top tens today">
                <TopTen
                    title="Most active accounts"
                    definition=Definition::MostActiveAccounts
                    columns=["Account", "Users", "Actions"]
                    bars=accounts
                />
                <TopTen
                    title="Most active users"
                    definition=Definition::MostActiveUsers
                    columns=["User", "Time spent", "Actions"]
                    bars=users
                />
                <TopTen
                    title="Popular modules"
                    definition=Definition::PopularModules
                    columns=["Module", "Users", "Actions"]
                    bars=modules
                />
                <TopTen
                    title="Frequent actions"
                    definition=Definition::FrequentActions
                    columns=["Action", "Actions", "Users"]
                    bars=actions
                />
            </section>
            <ActivityStream />
        </div>
    }
    .into_any()
}
