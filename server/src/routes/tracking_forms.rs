//! What is tracked, and the module rules, as those see and change them on the page who may.

use super::{
    form::{Form, TrackingForm},
    id, page,
    problem::ApiProblem,
};
use crate::{
    Server,
    members::MemberError,
    store::{Author, Sight},
    task::carry_out,
};
use app::{
    PageData,
    view::{TrackingQuery, View, parse_search},
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use model::{
    api::{
        member::SentForm,
        problem::FieldError,
        tracking::{RulesPreview, TrackedModule},
    },
    module_rule::ModuleRules,
    tracking::{Choice, SentName},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the page shows before anything was typed.
pub(super) async fn load(server: &Server, query: &TrackingQuery, sight: Sight) -> Result<PageData, ApiProblem> {
    page_data(server, query, sight, SentForm::default(), None).await
}

pub(super) async fn post_tracking(
    State(server): State<Server>,
    TrackingForm { mut form, reader, author, sight }: TrackingForm,
) -> Result<Response, ApiProblem> {
    let uri = &form.parts.uri;
    let view = View::parse(uri.path(), &parse_search(uri.query().unwrap_or_default()));
    let done = match form.text("do") {
        "save" => choose(&server, &mut form, author).await,
        "save-rules" => match rules(&mut form) {
            Some(rules) => Some(server.module_rules.replace(rules, author).await.map_err(MemberError::from)),
            None => None,
        },
        "preview-rules" => match rules(&mut form) {
            Some(rules) => {
                let preview = server.dashboards.preview_rules(&rules).await?;
                let data = of_view(&server, &view, sight, form.sent(), Some(preview)).await;
                return Ok(page::answer(&server, form.parts, reader, data.map_err(|problem| *problem.0)).await);
            }
            None => None,
        },
        other => {
            let fault = format!("Nothing can be done that is called “{other}”");
            form.note("", fault);
            None
        }
    };
    match done {
        Some(Ok(())) => return Ok(Redirect::to(&view.href()).into_response()),
        Some(Err(error)) => form.note_failure(error),
        None => {}
    }
    let data = of_view(&server, &view, sight, form.sent(), None).await;
    Ok(form.answer(&server, reader, data).await)
}

/// Chooses what was typed, unless something is wrong with it.
async fn choose(server: &Server, form: &mut Form, author: Author) -> Option<Result<(), MemberError>> {
    let [kind, id, display_name, into] = ["kind", "id", "display_name", "merged_into"].map(|name| form.whole(name));
    let tracked = tracked(form);
    let name = name(form, &kind?, &id?);
    let (name, tracked, into) = (name?, tracked?, into?);
    let into = (!into.is_empty()).then(|| form.number("merged_into"));
    let typed = json!({"display_name": display_name?, "tracked": tracked, "merged_into": into});
    let choice = noted(form, Choice::from_json(&typed), |pointer| pointer.to_owned())?;
    let store = server.store.clone();
    let chosen = carry_out(async move { Ok(store.choose(name, choice, &author).await?) }).await;
    Some(chosen.and_then(|chosen| match chosen {
        Some(_) => Ok(()),
        None => Err(MemberError::NoName),
    }))
}

/// What is to change.
fn name(form: &mut Form, kind: &str, id: &str) -> Option<SentName> {
    let kind: fn(i64) -> SentName = match kind {
        "module" => SentName::Module,
        "activity" => SentName::Activity,
        _ => {
            form.note("kind", "kind must be module or activity");
            return None;
        }
    };
    let number = id::number(id);
    if number.is_none() {
        form.note("id", "id must be that of a module or an activity");
    }
    number.map(kind)
}

/// Whether the box is ticked. An empty box sends nothing, so that beside it `no` is always sent.
fn tracked(form: &mut Form) -> Option<bool> {
    match form.sent().all("tracked")[..] {
        ["no"] => Some(false),
        ["yes"] | ["no", "yes"] => Some(true),
        _ => {
            form.note("tracked", "tracked must be yes or no");
            None
        }
    }
}

/// The rules that were typed, as the API takes them; nothing where they are wrong, which is noted.
fn rules(form: &mut Form) -> Option<ModuleRules> {
    let sent = form.sent();
    let [kinds, prefixes, modules, actions] = RULE_FIELDS.map(|name| sent.all(name));
    let counts = [&kinds, &prefixes, &modules, &actions].map(Vec::len);
    if let Some((name, count)) = RULE_FIELDS.into_iter().zip(counts).find(|(_, count)| *count != kinds.len()) {
        form.note(name, format!("{name} is given {count} times, and {} {} times", RULE_FIELDS[0], kinds.len()));
        return None;
    }
    let rows = kinds.into_iter().zip(prefixes).zip(modules.into_iter().zip(actions));
    let rows: Vec<_> = rows.filter(|((kind, _), _)| !kind.is_empty()).collect();
    if rows.iter().any(|(_, (_, action))| !["whole", "rest"].contains(action)) {
        form.note("rule_action", "rule_action must be whole or rest");
        return None;
    }
    let rule = |((kind, prefix), (module, action)): ((&str, &str), (&str, &str))| json!({"kind": kind, "prefix": prefix, "module": module, "strip": action == "rest"});
    let rules: Vec<Value> = rows.into_iter().map(rule).collect();
    // Of fields there are many of each name, so that all are at fault together.
    noted(form, ModuleRules::from_json(&json!({"rules": rules})), |_| "/rules".to_owned())
}

/// The fields of a rule, of which there is one of each for every rule.
const RULE_FIELDS: [&str; 4] = ["rule_kind", "rule_prefix", "rule_module", "rule_action"];

/// What was read; what is at fault is noted, at the field that `place` makes of its pointer.
fn noted<T>(form: &mut Form, read: Result<T, Vec<FieldError>>, place: impl Fn(&str) -> String) -> Option<T> {
    let errors = match read {
        Ok(read) => return Some(read),
        Err(errors) => errors,
    };
    for FieldError { pointer, detail } in errors {
        form.note(place(&pointer).trim_start_matches('/'), detail);
    }
    None
}

async fn of_view(
    server: &Server,
    view: &View,
    sight: Sight,
    form: SentForm,
    preview: Option<RulesPreview>,
) -> Result<PageData, ApiProblem> {
    let query = if let View::Tracking(query) = view { query.clone() } else { TrackingQuery::default() };
    page_data(server, &query, sight, form, preview).await
}

async fn page_data(
    server: &Server,
    query: &TrackingQuery,
    sight: Sight,
    form: SentForm,
    preview: Option<RulesPreview>,
) -> Result<PageData, ApiProblem> {
    let mut modules = server.dashboards.tracking(sight).await?.modules;
    let open = modules.iter().find(|module| Some(module.id) == query.module).map(|module| module.shown_id);
    let is_open = |module: &TrackedModule| Some(module.shown_id) == open;
    let of_open = modules.iter().filter(|module| is_open(module)).flat_map(|module| &module.activities);
    let merged: BTreeSet<i64> = of_open.filter_map(|activity| activity.choice.merged_into).collect();
    // There may be thousands of activities, of which the page shows those of one module.
    for module in modules.iter_mut().filter(|module| !is_open(module)) {
        module.activities.retain(|activity| merged.contains(&activity.id));
    }
    Ok(PageData::Tracking { modules, rules: server.store.module_rules().await?, form, preview })
}
