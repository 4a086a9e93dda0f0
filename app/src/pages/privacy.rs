//! Erasing somebody, the receipts of that, and how long raw events are kept.

use crate::{
    Loaded, PageData,
    components::{field::FormError, notice::NotLoaded},
    format,
    state::PageState,
    view::PRIVACY,
};
use leptos::prelude::*;
use model::api::{
    audit::AuditParty,
    erasure::{Erased, Erasure, ErasureKind, ErasurePreview, Retention},
    member::SentForm,
};

/// The page at `/privacy`.
#[component]
pub(crate) fn PrivacyPage() -> impl IntoView {
    let Ok(PageData::Privacy { erasures, retention, preview, form }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let of_retention = form.value("do") == "retention";
    let (of_retention, of_erasure) =
        if of_retention { (form, SentForm::default()) } else { (SentForm::default(), form) };
    let is_asked = preview.is_some();
    let erasing = match preview {
        Some(preview) => view! { <ConfirmForm preview form=of_erasure /> }.into_any(),
        None => view! { <LookUpForm form=of_erasure /> }.into_any(),
    };
    let is_empty = erasures.is_empty();
    view! {
        <header class="page-head">
            <h1>"Privacy"</h1>
            <p class="as-of">"What was erased, and how long raw events are kept"</p>
        </header>
        <div class="profile">
            <section class="panel">
                <h2>"Receipts"</h2>
                <div class="scroll">
                    <table class="figures members">
                        <thead>
                            <tr>
                                <th scope="col">"Receipt"</th>
                                <th scope="col">"When"</th>
                                <th scope="col">"By"</th>
                                <th scope="col">"What went"</th>
                                <th scope="col">"Gone from the files"</th>
                            </tr>
                        </thead>
                        <tbody>{erasures.into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
                {is_empty.then(|| view! { <p class="nothing">"Nobody was erased yet"</p> }.into_any())}
            </section>
            <div class="side-panels" class:asked=is_asked>
                {erasing} <RetentionForm retention form=of_retention />
            </div>
        </div>
    }
    .into_any()
}

fn row(erasure: Erasure) -> impl IntoView {
    let Erasure { id, at, kind, author, erased, cleaned } = erasure;
    let now = PageState::expect().now;
    let kind = match kind {
        ErasureKind::Account => "an account",
        ErasureKind::User => "a user",
    };
    let by = match author {
        AuditParty { kind, name, .. } if name.is_empty() => kind.replace('_', " "),
        AuditParty { name, .. } => name,
    };
    let cleaned = move || cleaned.map_or_else(|| "soon".to_owned(), |at| format::long_ago(now.get(), at));
    view! {
        <tr>
            <th scope="row">{format::number(id)} " " <span class="muted">{kind}</span></th>
            <td data-label="When">{move || format::long_ago(now.get(), at)}</td>
            <td data-label="By">{by}</td>
            <td data-label="What went">{told(&erased)}</td>
            <td data-label="Gone from the files">{cleaned}</td>
        </tr>
    }
    .into_any()
}

/// How many of each kind, of those there are any.
fn told(erased: &Erased) -> String {
    let each = erased.each().into_iter().filter(|(_, count)| *count > 0);
    each.map(|(what, count)| format!("{} {what}", format::number(count))).collect::<Vec<_>>().join(", ")
}

#[component]
fn LookUpForm(
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    view! {
        <section class="panel">
            <h2>"Erase somebody"</h2>
            <p>"First you see what would go. Nothing goes before you confirm it."</p>
            <form method="post" action=PRIVACY class="form">
                <FormError form=form.clone() />
                <IdField name="account" label="Account id" is_required=true form=form.clone() />
                <IdField name="user" label="User id; without one the whole account" is_required=false form />
                <button type="submit" class="button" name="do" value="preview">"Show what would go"</button>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn ConfirmForm(
    /// What would go.
    preview: ErasurePreview,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let ErasurePreview { account, user, would_erase, elsewhere } = preview;
    let (what, id, name) = match &user {
        Some(user) => ("the user", user.id.clone(), user.name.clone()),
        None => ("the account with all its users", account.id.clone(), account.name.clone()),
    };
    let called = if name == id { String::new() } else { format!(", called {name}") };
    let counts = would_erase.each().into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| {
        view! { <li>{format::number(count)} " " {what}</li> }
    });
    let stays = (!elsewhere.is_empty()).then(|| {
        let elsewhere = elsewhere.into_iter().map(|named| view! { <li>{named}</li> }).collect_view();
        view! { <p>"This names them too, and stays until you change it:"</p><ul>{elsewhere}</ul> }.into_any()
    });
    view! {
        <section class="panel asked">
            <h2>"Erase " {what} " " <code>{id}</code></h2>
            <p>
                "Of the account " <code>{account.id.clone()}</code> {called}
                ". Gone for good would be:"
            </p>
            <ul>{counts.collect_view()}</ul>
            {stays}
            <p>"Every figure will be what it would be without them. Events sent of them later make them anew."</p>
            <form method="post" action=PRIVACY class="form">
                <FormError form=form.clone() />
                <input type="hidden" name="account" value=account.id />
                <input type="hidden" name="user" value=user.map(|user| user.id).unwrap_or_default() />
                <IdField name="confirmation" label="Type the id to confirm" is_required=true form />
                <div class="permissions">
                    <button type="submit" class="button" name="do" value="erase">"Erase for good"</button>
                    <a class="button" rel="external" href=PRIVACY>"Cancel"</a>
                </div>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn RetentionForm(
    /// How long raw events are kept.
    retention: Retention,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let days = retention.days.map(|days| days.to_string()).unwrap_or_default();
    let typed = form.value("days").to_owned();
    let days = if typed.is_empty() { days } else { typed };
    let error = form.error("days").map(str::to_owned);
    let since = retention.kept_since.map(|day| format!(" Raw events are there since {}.", format::long_day(day)));
    view! {
        <section class="panel">
            <h2>"Raw events"</h2>
            <p>
                "Older days are dropped, and events of theirs that come late refused. Their figures stay, in the reporting zone \
                 they were computed in." {since}
            </p>
            <form method="post" action=PRIVACY class="form">
                <FormError form />
                <div class="field">
                    <label for="days">"Days to keep them; nothing for good"</label>
                    <input id="days" name="days" type="text" inputmode="numeric" autocomplete="off" value=days />
                    {error.map(|error| view! { <p class="field-error">{error}</p> }.into_any())}
                </div>
                <button type="submit" class="button" name="do" value="retention">"Keep them so long"</button>
            </form>
        </section>
    }
    .into_any()
}

/// A field for an id, to the letter.
#[component]
fn IdField(
    /// What it is sent as.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// Whether it must be filled in.
    is_required: bool,
    /// The form as it was sent before.
    form: SentForm,
) -> impl IntoView {
    let value = form.value(name).to_owned();
    let error = form.error(name).map(str::to_owned);
    let is_wrong = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                id=name
                name=name
                type="text"
                autocomplete="off"
                spellcheck="false"
                value=value
                required=is_required
                aria-invalid=is_wrong
            />
            {error.map(|error| view! { <p class="field-error">{error}</p> }.into_any())}
        </div>
    }
    .into_any()
}
