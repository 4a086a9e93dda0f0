//! Teams as administrators see and change them.

use crate::{
    Loaded, PageData,
    components::{
        field::{Field, FormError, Takes},
        notice::NotLoaded,
    },
    format,
    view::{MEMBERS, TEAMS, View},
};
use leptos::prelude::*;
use model::{
    api::{
        member::SentForm,
        team::{Team, TeamPreview},
    },
    team::{Comparison, RuleOn, TeamRule},
};

/// How many rules there is room for beside those there are; saved, a team has room for more.
const ROOM: usize = 2;

/// The page at `/teams`.
#[component]
pub(crate) fn TeamsPage() -> impl IntoView {
    let Ok(PageData::Teams { teams, form, preview }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    // What was typed stands in the form it was typed into.
    let of_team =
        |id: &str| if form.value("team") == id { (form.clone(), preview.clone()) } else { Default::default() };
    let (new, new_preview) = of_team("");
    let empty = teams.is_empty().then(|| {
        view! { <p class="muted">"There is no team yet. Administrators see every account; viewers see those of their teams."</p> }
    });
    let panels = teams
        .into_iter()
        .map(|team| {
            let (form, preview) = of_team(&team.id.to_string());
            view! { <TeamPanel team form preview /> }
        })
        .collect_view();
    view! {
        <header class="page-head">
            <h1>"Teams"</h1>
            <p class="as-of">"Whose members see which accounts"</p>
        </header>
        <div class="profile teams">
            <div>{empty} {panels}</div>
            <section class="panel">
                <h2>"Add a team"</h2>
                <TeamForm
                    id=String::new()
                    name=String::new()
                    accounts=String::new()
                    rules=Vec::new()
                    form=new
                    preview=new_preview
                />
            </section>
        </div>
    }
    .into_any()
}

/// A team, and the form that changes it.
#[component]
fn TeamPanel(
    /// The team.
    team: Team,
    /// What was typed of it.
    form: SentForm,
    /// What it would see as typed.
    preview: Option<TeamPreview>,
) -> impl IntoView {
    let Team { id, name, accounts, rules, account_count, members } = team;
    let count = format::counted(account_count, "account");
    let through = View::today(Some(id.to_string())).href();
    let names: Vec<String> = members.into_iter().map(|member| member.name).collect();
    let members = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    let open = !form.values.is_empty();
    let accounts = accounts.into_iter().collect::<Vec<_>>().join("\n");
    view! {
        <section class="panel">
            <h2>{name.clone()}</h2>
            <p>
                "Sees " <a href=through rel="external">{count}</a> ". Members: " {members} ". "
                <a href=MEMBERS rel="external">"Change who belongs to it"</a>
            </p>
            <details open=open>
                <summary>"Change what it sees"</summary>
                <TeamForm id=id.to_string() name accounts rules form preview />
            </details>
        </section>
    }
    .into_any()
}

#[component]
fn TeamForm(
    /// Which team; empty for a new one.
    id: String,
    /// What it is called.
    name: String,
    /// The accounts it names, one a line.
    accounts: String,
    /// Its rules.
    rules: Vec<TeamRule>,
    /// What was typed before.
    form: SentForm,
    /// What it would see as typed.
    preview: Option<TeamPreview>,
) -> impl IntoView {
    let is_new = id.is_empty();
    let was_sent = !form.values.is_empty();
    let accounts = if was_sent { form.value("accounts").to_owned() } else { accounts };
    let rules = if was_sent { typed(&form) } else { rules.iter().map(of_rule).collect() };
    let room = std::iter::repeat_n(Default::default(), ROOM);
    let rows = rules.into_iter().chain(room).map(rule_row).collect_view();
    let preview = preview.map(|preview| view! { <Preview preview /> });
    let delete = (!is_new).then(|| {
        view! { <button type="submit" class="button" name="do" value="delete">"Delete the team"</button> }
    });
    let (name_id, accounts_label) = (format!("name-{id}"), format!("accounts-{id}"));
    view! {
        <form method="post" action=TEAMS class="form">
            <FormError form=form.clone() />
            {preview}
            <input type="hidden" name="team" value=id />
            <Field name="name" label="Name" takes=Takes::Other form value=name id=name_id />
            <div class="field">
                <label for=accounts_label.clone()>"Accounts by their ids, one a line; they may not have appeared yet"</label>
                <textarea id=accounts_label name="accounts" rows="4">{accounts}</textarea>
            </div>
            <fieldset class="team-rules">
                <legend>"And every account that matches any of these"</legend>
                <p class="muted">
                    "Whoever has an ingest key says what accounts are called and what attributes they have: a key in a web page is \
                    everybody's."
                </p>
                {rows}
            </fieldset>
            <div class="permissions">
                <button type="submit" class="button" name="do" value="save">{if is_new { "Add" } else { "Save" }}</button>
                <button type="submit" class="button" name="do" value="preview">"Preview"</button>
                {delete}
            </div>
        </form>
    }
    .into_any()
}

/// What a team would see as typed.
#[component]
fn Preview(
    /// How many accounts, and the first of them.
    preview: TeamPreview,
) -> impl IntoView {
    let TeamPreview { account_count, accounts } = preview;
    let more = usize::try_from(account_count).unwrap_or_default() > accounts.len();
    let names: Vec<String> = accounts.into_iter().map(|account| account.name).collect();
    let names = if more { format!("{}, …", names.join(", ")) } else { names.join(", ") };
    view! {
        <p class="issued" role="status">
            "This would see " <strong>{format::counted(account_count, "account")}</strong> ". " {names}
        </p>
    }
    .into_any()
}

/// The fields of a rule as they are sent: what it looks at, which attribute, how it compares, with what.
type RuleFields = [String; 4];

fn of_rule(rule: &TeamRule) -> RuleFields {
    let attribute = rule.attribute.clone().unwrap_or_default();
    [rule.on.as_str().to_owned(), attribute, rule.is.as_str().to_owned(), rule.value.clone()]
}

/// The rules that were typed, but for those that were left empty.
fn typed(form: &SentForm) -> Vec<RuleFields> {
    let [on, attributes, is, values] = ["on", "attribute", "is", "value"].map(|name| form.all(name));
    let rows = on.into_iter().zip(attributes).zip(is.into_iter().zip(values));
    let fields = rows.map(|((on, attribute), (is, value))| [on, attribute, is, value].map(str::to_owned));
    fields.filter(|[on, ..]| !on.is_empty()).collect()
}

fn rule_row([on, attribute, is, value]: RuleFields) -> AnyView {
    let looks_at = |wanted: RuleOn| match wanted {
        RuleOn::Id => "the id",
        RuleOn::Name => "the name",
        RuleOn::Attribute => "the attribute",
    };
    let compares = |wanted: Comparison| match wanted {
        Comparison::Equals => "is",
        Comparison::StartsWith => "starts with",
        Comparison::Contains => "contains",
    };
    let option = |value: &'static str, name: &'static str, chosen: &str| {
        view! { <option value=value selected=value == chosen>{name}</option> }
    };
    let nothing = option("", "no rule", &on);
    let on = RuleOn::ALL.map(|of| option(of.as_str(), looks_at(of), &on)).collect_view();
    let is = Comparison::ALL.map(|how| option(how.as_str(), compares(how), &is)).collect_view();
    view! {
        <div class="permissions">
            <select name="on" aria-label="What the rule looks at">{nothing} {on}</select>
            <input name="attribute" aria-label="Which attribute" placeholder="attribute" value=attribute autocomplete="off" />
            <select name="is" aria-label="How it compares">{is}</select>
            <input name="value" aria-label="With what" value=value autocomplete="off" />
        </div>
    }
    .into_any()
}
