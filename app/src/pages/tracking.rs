//! What is tracked, as those see and change it who may: names as they are sent, what they are shown as, and the rules by
//! which calls of other protocols get their module.

use crate::{
    Loaded, PageData,
    components::{field::FormError, notice::NotLoaded},
    format,
    state::PageState,
    view::{TRACKING, TrackingQuery, View},
};
use leptos::prelude::*;
use model::{
    api::{
        member::SentForm,
        tracking::{NameUse, RuleCatch, RulesPreview, TrackedActivity, TrackedModule},
    },
    module_rule::{ModuleRule, ModuleRules, RuleKind},
    period::PeriodChoice,
    tracking::Choice,
};

/// How many rows the table has at most; the filter finds the others.
const ROWS: usize = 500;

/// How many rules there is room for beside those there are; saved, there is room for more.
const ROOM: usize = 2;

/// The page at `/tracking`.
#[component]
pub(crate) fn TrackingPage() -> impl IntoView {
    let Loaded { workspace, data, .. } = expect_context::<Loaded>();
    let Ok(PageData::Tracking { modules, rules, form, preview }) = data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let last_30_days = format::period(PeriodChoice::Last30Days.resolve(workspace.day));
    let query = match PageState::expect().view.get_untracked() {
        View::Tracking(query) => query,
        _ => TrackingQuery::default(),
    };
    let chosen = chosen(&modules, &query);
    let amiss = form
        .errors
        .iter()
        .filter(|error| !has_place(&form, chosen.as_ref(), &error.pointer))
        .map(|error| view! { <p class="form-error" role="alert">{error.detail.clone()}</p> }.into_any());
    let amiss = amiss.collect_view();
    let change = chosen.map(|chosen| view! { <ChoiceForm chosen query=query.clone() form=form.clone() /> });
    let is_asked = change.is_some();
    view! {
        <header class="page-head">
            <h1>"Tracking"</h1>
            <p class="as-of">"What is counted, and under which name\u{a0}· " {workspace.time_zone}</p>
        </header>
        {amiss}
        <div class="profile">
            <section class="panel tracking-names">
                <h2>"Every module and activity that was sent"</h2>
                <p class="muted">
                    "What is not tracked, renamed or merged here is so at once and for all history. Nothing that was sent is lost: \
                    taken back, everything is as it was. The figures are actions as they were sent, tracked or not; the last 30 days \
                    are " {last_30_days} "."
                </p>
                <Filter query=query.clone() />
                <Names modules query=query.clone() />
            </section>
            <div class="side-panels" class:asked=is_asked>
                {change} <RulesPanel rules query form preview />
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Filter(
    /// What the address asks for.
    query: TrackingQuery,
) -> impl IntoView {
    let open = query.module.map(|id| view! { <input type="hidden" name="module" value=id.to_string() /> });
    view! {
        <form method="get" action=TRACKING class="permissions" role="search">
            {open}
            <input type="search" name="filter" aria-label="Names that hold" placeholder="Filter" value=query.filter />
            <button type="submit" class="button">"Filter"</button>
        </form>
    }
    .into_any()
}

#[component]
fn Names(
    /// Every module.
    modules: Vec<TrackedModule>,
    /// What the address asks for.
    query: TrackingQuery,
) -> impl IntoView {
    let wanted = query.filter.to_lowercase();
    let holds = move |texts: &[&str]| texts.iter().any(|text| text.to_lowercase().contains(&wanted));
    let mut rows = Vec::new();
    for module in &modules {
        let is_open = Some(module.id) == query.module;
        if is_open || holds(&[&module.name, &module.shown_name]) {
            rows.push(module_row(module, &query));
        }
        let activities = module.activities.iter().filter(|_| is_open);
        for activity in activities.filter(|activity| holds(&[&activity.action, &activity.shown_action])) {
            rows.push(activity_row(module, activity, &query));
        }
    }
    let more = (rows.len() > ROWS).then(|| {
        let left = i64::try_from(rows.len() - ROWS).unwrap_or(i64::MAX);
        view! { <p class="muted">{format!("{} more; the filter finds them.", format::number(left))}</p> }
    });
    rows.truncate(ROWS);
    let nothing = rows.is_empty().then(|| view! { <p class="muted">"No name holds that."</p> });
    view! {
        <div class="scroll">
            <table class="figures members tracking">
                <thead>
                    <tr>
                        <th scope="col">"As it is sent"</th>
                        <th scope="col">"Shown as"</th>
                        <th scope="col">"Last sent"</th>
                        <th scope="col" class="figure">"Last 30 days"</th>
                        <th scope="col" class="figure">"Ever"</th>
                        <th scope="col"><span class="visually-hidden">"Change"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {nothing}
        {more}
    }
    .into_any()
}

fn module_row(module: &TrackedModule, query: &TrackingQuery) -> AnyView {
    let TrackedModule { id, name, shown_name, shown, used, .. } = module;
    let to = View::Tracking(TrackingQuery { module: Some(*id), activity: None, ..query.clone() }).href();
    let is_changed = query.module == Some(*id) && query.activity.is_none();
    row(name, false, shown_as(name, shown_name, *shown), *used, to, is_changed)
}

fn activity_row(module: &TrackedModule, activity: &TrackedActivity, query: &TrackingQuery) -> AnyView {
    let TrackedActivity { id, action, shown_action, shown, used, .. } = activity;
    let to = View::Tracking(TrackingQuery { module: Some(module.id), activity: Some(*id), ..query.clone() }).href();
    row(action, true, shown_as(action, shown_action, *shown), *used, to, query.activity == Some(*id))
}

fn shown_as(name: &str, shown_name: &str, shown: bool) -> AnyView {
    match (shown, name == shown_name) {
        (false, _) => view! { <span class="badge">"Not tracked"</span> }.into_any(),
        (true, true) => view! { <span class="muted">"the same"</span> }.into_any(),
        (true, false) => shown_name.to_owned().into_any(),
    }
}

fn row(name: &str, is_part: bool, shown: AnyView, used: NameUse, to: String, is_changed: bool) -> AnyView {
    let NameUse { last_day, actions, last_30_days_actions } = used;
    let last_day = last_day.map_or_else(|| "never".to_owned(), format::day);
    let label = format!("Change {name}");
    view! {
        <tr class:part=is_part>
            <th scope="row">{name.to_owned()}</th>
            <td data-label="Shown as">{shown}</td>
            <td data-label="Last sent">{last_day}</td>
            <td data-label="Last 30 days" class="figure">{format::number(last_30_days_actions)}</td>
            <td data-label="Ever" class="figure">{format::number(actions)}</td>
            <td>
                <a href=to rel="external" aria-label=label aria-current=is_changed.then_some("true")>"Change"</a>
            </td>
        </tr>
    }
    .into_any()
}

/// What is to be changed.
#[derive(Clone)]
struct Chosen {
    kind: &'static str,
    id: i64,
    name: String,
    choice: Choice,
    /// What it can be merged into, by id.
    others: Vec<(i64, String)>,
    /// What stands in for it where it is merged.
    shown: Option<String>,
}

impl Chosen {
    /// Whether this is what a form was sent for.
    fn was_sent(&self, form: &SentForm) -> bool {
        form.value("do") == "save" && form.value("kind") == self.kind && form.value("id") == self.id.to_string()
    }
}

/// Whether an error of a form is told where the form stands, or beside one of its fields.
fn has_place(form: &SentForm, chosen: Option<&Chosen>, pointer: &str) -> bool {
    let is_of_choice = ["", "/display_name", "/merged_into"].contains(&pointer);
    is_of_choice && chosen.is_some_and(|chosen| chosen.was_sent(form)) || form.value("do").ends_with("-rules")
}

/// What the address asks to change, if it is there.
fn chosen(modules: &[TrackedModule], query: &TrackingQuery) -> Option<Chosen> {
    let module = modules.iter().find(|module| Some(module.id) == query.module)?;
    let Some(id) = query.activity else {
        let Choice { merged_into, .. } = module.choice;
        let others = modules
            .iter()
            .filter(|other| other.shown_id == other.id && other.id != module.id || Some(other.id) == merged_into)
            .map(|other| (other.id, of_one(&other.name, &other.shown_name, other.shown_id == other.id)));
        return Some(Chosen {
            kind: "module",
            id: module.id,
            name: module.name.clone(),
            choice: module.choice.clone(),
            others: others.collect(),
            shown: (module.shown_id != module.id).then(|| module.shown_name.clone()),
        });
    };
    let activity = module.activities.iter().find(|activity| activity.id == id)?;
    let Choice { merged_into, .. } = activity.choice;
    let (mut others, mut is_merged) = (Vec::new(), false);
    for of in modules {
        let is_apart = of.shown_id != module.shown_id;
        for other in &of.activities {
            let is_merged_into = Some(other.id) == merged_into;
            let stands = other.shown_id == other.id;
            is_merged |= is_merged_into && !is_apart;
            if is_merged_into && is_apart {
                others.push((other.id, format!("{} · {}, which is shown apart", of.name, other.action)));
            } else if is_merged_into || !is_apart && stands && other.id != activity.shown_id {
                others.push((other.id, of_one(&other.action, &other.shown_action, stands)));
            }
        }
    }
    Some(Chosen {
        kind: "activity",
        id,
        name: format!("{} · {}", module.name, activity.action),
        choice: activity.choice.clone(),
        others,
        shown: is_merged.then(|| activity.shown_action.clone()),
    })
}

/// What something is called that others can be merged into, or one was before it was merged itself.
fn of_one(name: &str, shown_name: &str, stands: bool) -> String {
    match stands {
        true => shown_name.to_owned(),
        false => format!("{name}, which counts as {shown_name}"),
    }
}

#[component]
fn ChoiceForm(
    /// What is changed.
    chosen: Chosen,
    /// What the address asks for.
    query: TrackingQuery,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let was_sent = chosen.was_sent(&form);
    let Chosen { kind, id, name, choice, others, shown } = chosen;
    let (display_name, tracked, into) = match was_sent {
        true => {
            (form.value("display_name").to_owned(), form.has("tracked", "yes"), form.value("merged_into").to_owned())
        }
        false => {
            let into = choice.merged_into.map(|into| into.to_string());
            (choice.display_name.unwrap_or_default(), choice.tracked, into.unwrap_or_default())
        }
    };
    let form = if was_sent { form } else { SentForm::default() };
    let options = others.into_iter().map(|(id, name)| {
        let id = id.to_string();
        let is_chosen = id == into;
        view! { <option value=id selected=is_chosen>{name}</option> }
    });
    let options = options.collect_view();
    let merged = shown.map(|shown| {
        view! { <p class="muted">"It counts as " <strong>{shown}</strong> ", and is tracked and called as that is."</p> }
    });
    let error =
        |name: &str| form.error(name).map(|error| view! { <p class="field-error">{error.to_owned()}</p> }.into_any());
    let (name_error, merge_error) = (error("display_name"), error("merged_into"));
    view! {
        <section class="panel asked">
            <h2>"Change " {name.clone()}</h2>
            {merged}
            <form method="post" action=View::Tracking(query).href() class="form">
                <FormError form />
                <input type="hidden" name="kind" value=kind />
                <input type="hidden" name="id" value=id.to_string() />
                <input type="hidden" name="tracked" value="no" />
                <label class="box">
                    <input type="checkbox" name="tracked" value="yes" checked=tracked />
                    "Tracked"
                </label>
                <div class="field">
                    <label for="display_name">"Shown as"</label>
                    <input id="display_name" name="display_name" value=display_name placeholder=name autocomplete="off" />
                    {name_error}
                </div>
                <div class="field">
                    <label for="merged_into">"Merged into"</label>
                    <select id="merged_into" name="merged_into">
                        <option value="">"nothing: it stands for itself"</option>
                        {options}
                    </select>
                    {merge_error}
                </div>
                <div class="permissions">
                    <button type="submit" class="button" name="do" value="save">"Save"</button>
                    <a class="button" rel="external" href=TRACKING>"Cancel"</a>
                </div>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn RulesPanel(
    /// The rules there are.
    rules: ModuleRules,
    /// What the address asks for.
    query: TrackingQuery,
    /// What was typed.
    form: SentForm,
    /// What the rules that were typed would have caught.
    preview: Option<RulesPreview>,
) -> impl IntoView {
    let was_sent = form.value("do").ends_with("-rules");
    let rules = if was_sent { typed(&form) } else { rules.rules.iter().map(of_rule).collect() };
    let errors = form
        .errors
        .iter()
        .filter(|_| was_sent)
        .map(|error| view! { <p class="form-error" role="alert">{error.detail.clone()}</p> }.into_any());
    let errors = errors.collect_view();
    let caught = preview.as_ref().map(|preview| preview.rules.clone()).unwrap_or_default();
    let caught = caught.into_iter().map(Some).chain(std::iter::repeat(None));
    let room = std::iter::repeat_n(Default::default(), ROOM);
    let rows = rules.into_iter().chain(room).zip(caught).map(|(rule, caught)| rule_row(rule, caught)).collect_view();
    let uncaught = preview.map(|preview| {
        let left = i64::try_from(preview.uncaught).unwrap_or(i64::MAX);
        view! {
            <p class="issued" role="status">
                {format!("{} in General would be caught by none. ", format::counted(left, "name"))}
                "What is stored stays as it is; rules are for what comes."
            </p>
        }
    });
    view! {
        <section class="panel">
            <h2>"Module rules"</h2>
            <p class="muted">
                "Where a call of Segment, PostHog, Totango or Vitally does not say its module, the first rule that matches does; else \
                it is General."
            </p>
            <form method="post" action=View::Tracking(query).href() class="form">
                {errors} {uncaught} <fieldset class="team-rules">
                    <legend>"In this order: what begins how, its module, its action"</legend>
                    {rows}
                </fieldset>
                <div class="permissions">
                    <button type="submit" class="button" name="do" value="preview-rules">"Preview"</button>
                    <button type="submit" class="button" name="do" value="save-rules">"Save the rules"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// The fields of a rule as they are sent: what it looks at, how that begins, the module, and what the action is.
type RuleFields = [String; 4];

fn of_rule(ModuleRule { kind, prefix, module, strip }: &ModuleRule) -> RuleFields {
    let action = if *strip { "rest" } else { "whole" };
    [kind.as_str().to_owned(), prefix.clone(), module.clone(), action.to_owned()]
}

/// The rules that were typed, but for those that were left empty.
fn typed(form: &SentForm) -> Vec<RuleFields> {
    let [kinds, prefixes, modules, actions] =
        ["rule_kind", "rule_prefix", "rule_module", "rule_action"].map(|name| form.all(name));
    let rows = kinds.into_iter().zip(prefixes).zip(modules.into_iter().zip(actions));
    let fields = rows.map(|((kind, prefix), (module, action))| [kind, prefix, module, action].map(str::to_owned));
    fields.filter(|[kind, ..]| !kind.is_empty()).collect()
}

fn rule_row([kind, prefix, module, action]: RuleFields, caught: Option<RuleCatch>) -> AnyView {
    let option = |value: &'static str, name: &'static str, chosen: &str| {
        view! { <option value=value selected=value == chosen>{name}</option> }
    };
    let nothing = option("", "no rule", &kind);
    let kinds = RuleKind::ALL.map(|of| {
        let name = match of {
            RuleKind::Event => "event begins with",
            RuleKind::Path => "path begins with",
        };
        option(of.as_str(), name, &kind)
    });
    let actions = [("whole", "the event"), ("rest", "what follows")];
    let actions = actions.map(|(value, name)| option(value, name, &action)).collect_view();
    let caught = caught.map(|RuleCatch { count, names }| {
        let told = match count.map(|count| (count, i64::try_from(count).unwrap_or(i64::MAX))) {
            None => "Paths are not kept: what it would have caught is not known.".to_owned(),
            Some((0, _)) => "It would have caught no name in General.".to_owned(),
            Some((count, number)) => {
                let more = if count > names.len() { ", …" } else { "" };
                format!("It would have caught {} in General: {}{more}", format::number(number), names.join(", "))
            }
        };
        view! { <p class="muted">{told}</p> }
    });
    view! {
        <div class="permissions">
            <select name="rule_kind" aria-label="What the rule looks at">{nothing} {kinds.into_iter().collect_view()}</select>
            <input name="rule_prefix" aria-label="How it begins" placeholder="report." value=prefix autocomplete="off" />
            <input name="rule_module" aria-label="The module" placeholder="Reports" value=module autocomplete="off" />
            <select name="rule_action" aria-label="What the action is">{actions}</select>
        </div>
        {caught}
    }
    .into_any()
}
