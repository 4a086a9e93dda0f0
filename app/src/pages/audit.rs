//! The audit log: who changed what, when and from where.

use crate::{
    Loaded, PageData,
    clock::ZoneClock,
    components::notice::NotLoaded,
    format,
    view::{AUDIT, with_search},
};
use leptos::prelude::*;
use model::{
    api::audit::{AuditChange, AuditParty},
    audit::{Action, AuthorKind},
};
use serde_json::Value;

/// The page at `/audit`.
#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    let Ok(PageData::Audit(log)) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let clock = ZoneClock::expect();
    let is_empty = log.changes.is_empty();
    let older = log.next.map(|next| {
        let to = with_search(AUDIT, &vec![("before".into(), next)]);
        view! { <a class="button" rel="external" href=to>"Older changes"</a> }.into_any()
    });
    view! {
        <header class="page-head">
            <h1>"Audit log"</h1>
            <p class="as-of">"Every change of members, keys and settings, newest first"</p>
        </header>
        <section class="panel">
            <div class="scroll">
                <table class="figures members audit">
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col">"Who"</th>
                            <th scope="col">"What"</th>
                            <th scope="col">"Before and after"</th>
                        </tr>
                    </thead>
                    <tbody>{log.changes.into_iter().map(|change| row(change, &clock)).collect_view()}</tbody>
                </table>
            </div>
            {is_empty.then(|| view! { <p class="nothing">"Nothing was changed yet"</p> }.into_any())}
            {older}
        </section>
    }
    .into_any()
}

fn row(change: AuditChange, clock: &ZoneClock) -> impl IntoView + use<> {
    let AuditChange { at, day, author, place, action, subject, before, after, .. } = change;
    let what = Action::say(&action).to_owned();
    let states = [("Before", before), ("After", after)].map(|(name, state)| {
        state
            .map(|state| view! { <p><span class="muted">{name}</span> " " <code>{shown(&state)}</code></p> }.into_any())
    });
    view! {
        <tr>
            <th scope="row">
                <time class="num" datetime=at.to_string()>{format::day(day)} ", " {clock.hms(at)}</time>
            </th>
            <td>{who(&author)} " " <span class="muted">{place}</span></td>
            <td>{what} " " <span class="muted">{subject.name}</span></td>
            <td class="states">{states.into_iter().collect_view()}</td>
        </tr>
    }
    .into_any()
}

/// Who made a change, in words.
fn who(AuditParty { kind, id, name }: &AuditParty) -> String {
    let is = |known: AuthorKind| known.as_str() == kind;
    match name.as_str() {
        "" if is(AuthorKind::CommandLine) => "Command line".to_owned(),
        "" if is(AuthorKind::Anyone) => "Somebody who need not sign in".to_owned(),
        "" => format!("{kind} {id}"),
        name if is(AuthorKind::Link) => format!("{name}, by a link"),
        name if is(AuthorKind::SingleSignOn) => format!("{name}, by single sign-on"),
        name => name.to_owned(),
    }
}

/// A state as one line: the fields of an object with their values, which may be lists and objects again.
fn shown(state: &Value) -> String {
    match state {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| format!("{name}: {}", shown_within(field)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => shown_within(other),
    }
}

fn shown_within(state: &Value) -> String {
    match state {
        Value::Object(_) => format!("{{{}}}", shown(state)),
        Value::Array(items) => format!("[{}]", items.iter().map(shown_within).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;
    use serde_json::json;

    #[test]
    fn a_state_is_one_line_that_may_wrap() {
        let state =
            json!({"erased": {"events": 2, "users": 1}, "receipt": 7, "team": null, "teams": ["North", "South"]});
        assert_eq!(shown(&state), "erased: {events: 2, users: 1}, receipt: 7, team: null, teams: [North, South]");
        assert_eq!(shown(&json!("text")), "text");
        assert_eq!(shown(&json!(null)), "null");
    }
}
