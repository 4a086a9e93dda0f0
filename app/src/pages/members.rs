//! Members as administrators see and change them.

use crate::{
    Loaded, PageData,
    components::{
        copyable::Copyable,
        field::{Field, FormError, Takes},
        notice::NotLoaded,
    },
    shell::Origin,
    view::{MEMBERS, View},
};
use leptos::prelude::*;
use model::{
    api::{
        member::{IssuedLink, LinkPurpose, Member, MemberState, SentForm},
        team::Team,
    },
    member::Role,
};

/// The page at `/members`.
#[component]
pub(crate) fn MembersPage() -> impl IntoView {
    let Ok(PageData::Members { members, teams, form, issued }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    // What is wrong stands with the form it is wrong in: one about a member says so above them all.
    let is_invitation = form.value("do") == "invite";
    let (invitation, other) = if is_invitation { (form, SentForm::default()) } else { (SentForm::default(), form) };
    let rows = members.into_iter().map(|member| row(member, &teams)).collect_view();
    view! {
        <header class="page-head">
            <h1>"Members"</h1>
            <p class="as-of">"Who may sign in, and what they may do"</p>
        </header>
        <div class="profile">
            <section class="panel">
                <h2>"Everyone"</h2>
                <FormError form=other />
                {issued.map(|issued| view! { <Issued issued /> })}
                <div class="scroll">
                    <table class="figures members">
                        <thead>
                            <tr>
                                <th scope="col">"Member"</th>
                                <th scope="col">"May"</th>
                                <th scope="col">"Teams"</th>
                                <th scope="col">"Sign-in"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
            <Invitation form=invitation teams />
        </div>
    }
    .into_any()
}

/// The link that was just made. It is not shown again.
#[component]
fn Issued(
    /// The link.
    issued: IssuedLink,
) -> impl IntoView {
    let IssuedLink { token, purpose, member } = issued;
    let (what, lasts) = match purpose {
        LinkPurpose::Invitation => ("accept the invitation", "7 days"),
        LinkPurpose::Administrator | LinkPurpose::Reset => ("choose another password", "24 hours"),
    };
    let link = format!("{}{}", expect_context::<Origin>().0, View::Link(token).href());
    view! {
        <div class="issued" role="status">
            <p>
                "Give this link to " <strong>{member.name}</strong> {format!(" to {what}. It is shown this once, and opens once, \
                within {lasts}.")}
            </p>
            <Copyable text=link />
        </div>
    }
    .into_any()
}

fn row(member: Member, teams: &[Team]) -> impl IntoView + use<> {
    let Member { member_no, email, name, role, configures_tracking, state } = member;
    let number = member_no.to_string();
    let state_name = match state {
        MemberState::Invited => "invited",
        MemberState::Active => "active",
        MemberState::Disabled => "disabled",
    };
    let actions = match state {
        MemberState::Disabled => vec![("enable", "Enable")],
        MemberState::Invited => vec![("reset", "New link"), ("disable", "Disable")],
        MemberState::Active => vec![("reset", "Reset password"), ("disable", "Disable")],
    };
    let label = |action: &str| format!("{action}: {name}");
    let button = |(wanted, text): (&'static str, &'static str)| {
        view! { <button type="submit" class="button" name="do" value=wanted aria-label=label(text)>{text}</button> }
    };
    let buttons = actions.into_iter().map(button).collect_view();
    let permit = label("Save what they may do");
    let may = permissions(role, configures_tracking, format!("Role of {name}"));
    let sees = match role {
        Role::Administrator => view! { <span class="muted">"every account"</span> }.into_any(),
        Role::Viewer => {
            let boxes = team_boxes(teams, |team| team.members.iter().any(|member| member.email == email));
            let save = label("Save teams");
            view! {
                <form method="post" action=MEMBERS class="permissions">
                    <input type="hidden" name="member" value=number.clone() />
                    {boxes}
                    <button type="submit" class="button" name="do" value="teams" aria-label=save>"Save"</button>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <tr>
            <th scope="row">{name} " " <span class="muted">{email}</span></th>
            <td>
                <form method="post" action=MEMBERS class="permissions">
                    <input type="hidden" name="member" value=number.clone() />
                    {may}
                    <button type="submit" class="button" name="do" value="permit" aria-label=permit>"Save"</button>
                </form>
            </td>
            <td>{sees}</td>
            <td>
                <form method="post" action=MEMBERS class="permissions">
                    <input type="hidden" name="member" value=number />
                    <span class=format!("member-state {state_name}")>{state_name}</span>
                    {buttons}
                </form>
            </td>
        </tr>
    }
    .into_any()
}

/// The fields that say what a member may do.
fn permissions(role: Role, configures_tracking: bool, label: String) -> impl IntoView {
    let option = |of: Role| view! { <option value=of.as_str() selected=of == role>{of.as_str()}</option> };
    view! {
        <select name="role" aria-label=label>{Role::ALL.map(option).collect_view()}</select>
        <label class="box">
            <input type="checkbox" name="tracking" value="yes" checked=configures_tracking />
            "configures tracking"
        </label>
    }
    .into_any()
}

/// A box for each team.
fn team_boxes(teams: &[Team], is_ticked: impl Fn(&Team) -> bool) -> AnyView {
    if teams.is_empty() {
        return view! { <span class="muted">"There is no team yet: viewers see nothing"</span> }.into_any();
    }
    let of_team = |team: &Team| {
        let (value, name) = (team.id.to_string(), team.name.clone());
        view! {
            <label class="box">
                <input type="checkbox" name="team" value=value checked=is_ticked(team) />
                {name}
            </label>
        }
    };
    teams.iter().map(of_team).collect_view().into_any()
}

#[component]
fn Invitation(
    /// What was typed.
    form: SentForm,
    /// Every team.
    teams: Vec<Team>,
) -> impl IntoView {
    let role = Role::parse(form.value("role")).unwrap_or_default();
    let may = permissions(role, !form.value("tracking").is_empty(), "Role".to_owned());
    let boxes = team_boxes(&teams, |team| form.has("team", &team.id.to_string()));
    view! {
        <section class="panel">
            <h2>"Invite somebody"</h2>
            <form method="post" action=MEMBERS class="form">
                <FormError form=form.clone() />
                <Field name="name" label="Name" takes=Takes::Other form=form.clone() />
                <Field name="email" label="E-mail address" takes=Takes::Email form />
                <div class="permissions">{may}</div>
                <fieldset class="permissions">
                    <legend>"Teams whose accounts a viewer sees"</legend>
                    {boxes}
                </fieldset>
                <button type="submit" class="button" name="do" value="invite">"Make the link"</button>
            </form>
            <p class="muted">"You hand the link on yourself; nothing is mailed."</p>
        </section>
    }
    .into_any()
}
