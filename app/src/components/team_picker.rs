//! Through whose eyes the figures are seen: a team's, or all that the reader has.

use super::period_picker::hidden_fields;
use crate::{
    browser,
    state::PageState,
    view::{View, last_value, parse_search},
};
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::api::team::TeamName;

/// The picker; nothing where there is nothing to choose from.
#[component]
pub(crate) fn TeamPicker() -> impl IntoView {
    let state = PageState::expect();
    let choice = Memo::new(move |_| {
        state.workspace.with(|workspace| {
            // The only team of a viewer is all they have.
            let least = if workspace.sees_all_accounts { 1 } else { 2 };
            (workspace.teams.len() >= least).then(|| (workspace.sees_all_accounts, workspace.teams.clone()))
        })
    });
    let picker = move || {
        let (sees_all, teams) = choice.get()?;
        Some(view! { <Picker sees_all teams /> }.into_any())
    };
    view! { {picker} }
}

#[component]
fn Picker(
    /// Whether the reader sees every account.
    sees_all: bool,
    /// What they may look through.
    teams: Vec<TeamName>,
) -> impl IntoView {
    let view = PageState::expect().view;
    let form = NodeRef::<html::Form>::new();
    let navigate = use_navigate();
    let show = move || {
        let Some(search) = form.get_untracked().and_then(|form| browser::form_search(&form)) else { return };
        let chosen = view.get_untracked().through(last_value(&parse_search(&search), "team"));
        navigate(&chosen.href(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    let chosen = Memo::new(move |_| view.with(View::team).unwrap_or_default());
    // The address with all but the team.
    let address = Memo::new(move |_| view.with(|view| view.through(None).href()));
    let path = move || address.with(|address| address.split('?').next().unwrap_or_default().to_owned());
    let kept = move || {
        let search = address.with(|address| address.split_once('?').map(|(_, search)| parse_search(search)));
        hidden_fields(search.unwrap_or_default())
    };
    let option = |value: String, name: String| {
        let (of_server, of_page) = (value.clone(), value.clone());
        view! {
            <option
                value=value
                selected=move || chosen.with(|chosen| *chosen == of_server)
                prop:selected=move || chosen.with(|chosen| *chosen == of_page)
            >
                {name}
            </option>
        }
        .into_any()
    };
    let all = if sees_all { "All accounts" } else { "All your teams" };
    let all = option(String::new(), all.to_owned());
    let teams = teams.into_iter().map(|team| option(team.id.to_string(), team.name)).collect_view();
    view! {
        <form node_ref=form class="team-picker" method="get" action=path>
            {kept}
            <label>
                "Seen by "
                <select name="team" on:change=move |_| show()>
                    {all} {teams}
                </select>
            </label>
            <button type="submit" class="button without-js-only">"Show"</button>
        </form>
    }
    .into_any()
}
