//! Keys as administrators see, make, rotate and revoke them.

use crate::{
    Loaded, PageData,
    components::{
        copyable::Copyable,
        field::{Field, FormError, Takes},
        notice::NotLoaded,
    },
    format,
    state::PageState,
    view::{KEYS, KeyStep, View},
};
use leptos::prelude::*;
use model::{
    api::{
        key::{Key, KeySecret, MadeKey},
        member::SentForm,
        team::TeamName,
    },
    instant::Instant,
    key::{Grant, OVERLAP},
};

/// How long a secret may last, in days, as the page offers it.
const LIVES: [(&str, &str); 3] = [("30", "30 days"), ("90", "90 days"), ("365", "365 days")];

/// After how many seconds the secret from before may end, likewise.
const OVERLAPS: [(u32, &str); 4] =
    [(0, "at once"), (3_600, "in an hour"), (OVERLAP, "in 24 hours"), (604_800, "in 7 days")];

/// The page at `/keys`.
#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    let Ok(PageData::Keys { keys, teams, form, made }) = expect_context::<Loaded>().data else {
        return view! { <NotLoaded /> }.into_any();
    };
    let step = match PageState::expect().view.get_untracked() {
        // It is done.
        View::Keys(_) if made.is_some() => None,
        View::Keys(step) => step,
        _ => None,
    };
    let find = |id: i64| keys.iter().find(|key| key.id == id).cloned();
    let side = match step {
        Some(KeyStep::Rotate(id)) => find(id).map(|key| view! { <RotateForm key form=form.clone() /> }.into_any()),
        Some(KeyStep::Revoke(id)) => find(id).map(|key| view! { <RevokeForm key form=form.clone() /> }.into_any()),
        None => None,
    };
    let side = side.unwrap_or_else(|| view! { <NewKeyForm teams form /> }.into_any());
    let is_empty = keys.is_empty();
    view! {
        <header class="page-head">
            <h1>"Keys"</h1>
            <p class="as-of">"What programs send events and read with"</p>
        </header>
        <div class="profile">
            <section class="panel">
                <h2>"Every key"</h2>
                {made.map(|made| view! { <Made made /> })}
                <div class="scroll">
                    <table class="figures members keys">
                        <thead>
                            <tr>
                                <th scope="col">"Key"</th>
                                <th scope="col">"Begins with"</th>
                                <th scope="col">"Made"</th>
                                <th scope="col">"Last used"</th>
                                <th scope="col">"Expires"</th>
                                <th scope="col"><span class="visually-hidden">"Change"</span></th>
                            </tr>
                        </thead>
                        <tbody>{keys.into_iter().map(rows).collect_view()}</tbody>
                    </table>
                </div>
                {is_empty.then(|| view! { <p class="nothing">"No key yet"</p> }.into_any())}
            </section>
            {side}
        </div>
    }
    .into_any()
}

/// What the key's holder needs. It is not shown again.
#[component]
fn Made(
    /// The key.
    made: MadeKey,
) -> impl IntoView {
    let MadeKey { key, secret } = made;
    view! {
        <div class="issued" role="status">
            <p>
                "Keep this as the key " <strong>{key.name}</strong>
                " where only your program finds it. It is shown this once."
            </p>
            <Copyable text=secret />
        </div>
    }
    .into_any()
}

/// A row for each secret of a key, the newest first.
fn rows(key: Key) -> impl IntoView {
    let Key { id, name, grant, team, secrets, .. } = key;
    let may = match team {
        None => may(grant).to_owned(),
        Some(TeamName { name, .. }) if name.is_empty() => "sees nothing: its team was deleted".to_owned(),
        Some(TeamName { name, .. }) => format!("reads what {name} sees"),
    };
    let row = move |(place, secret): (usize, KeySecret)| {
        let note = if place == 0 { may.as_str() } else { "replaced" };
        let change = (place == 0).then(|| {
            let link = |step: KeyStep, text: &'static str| {
                let label = format!("{text}: {name}");
                let to = View::Keys(Some(step)).href();
                view! { <a class="button" rel="external" href=to aria-label=label>{text}</a> }.into_any()
            };
            view! {
                <span class="permissions">
                    {link(KeyStep::Rotate(id), "Rotate")} {link(KeyStep::Revoke(id), "Revoke")}
                </span>
            }
            .into_any()
        });
        row(&name, note, secret, change)
    };
    secrets.into_iter().enumerate().map(row).collect_view()
}

fn row(name: &str, note: &str, secret: KeySecret, change: Option<AnyView>) -> impl IntoView + use<> {
    let now = PageState::expect().now;
    let KeySecret { prefix, created, last_used, expires } = secret;
    let begins = if prefix.is_empty() { "unknown".to_owned() } else { format!("{prefix}…") };
    let told = move |time: Option<Instant>, tell: fn(Instant, Instant) -> String| {
        move || time.map_or_else(|| "never".to_owned(), |time| tell(now.get(), time))
    };
    view! {
        <tr>
            <th scope="row">{name.to_owned()} " " <span class="muted">{note.to_owned()}</span></th>
            <td data-label="Begins with"><code>{begins}</code></td>
            <td data-label="Made">{told(Some(created), format::long_ago)}</td>
            <td data-label="Last used">{told(last_used, format::long_ago)}</td>
            <td data-label="Expires">{told(expires, format::until)}</td>
            <td>{change}</td>
        </tr>
    }
    .into_any()
}

/// What a key with a grant may do.
fn may(grant: Grant) -> &'static str {
    match grant {
        Grant::Ingest => "sends events",
        Grant::Read => "reads",
    }
}

#[component]
fn NewKeyForm(
    /// Every team.
    teams: Vec<TeamName>,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let chosen = Grant::parse(form.value("grant")).unwrap_or(Grant::Ingest);
    let grants = Grant::ALL.map(|grant| {
        view! { <option value=grant.as_str() selected=grant == chosen>{may(grant)}</option> }
    });
    view! {
        <section class="panel">
            <h2>"Make a key"</h2>
            <form method="post" action=KEYS class="form">
                <FormError form=form.clone() />
                <Field name="name" label="Name" takes=Takes::Other form=form.clone() />
                <div class="field">
                    <label for="grant">"What it does"</label>
                    <select id="grant" name="grant">{grants.into_iter().collect_view()}</select>
                </div>
                <TeamField teams form=form.clone() />
                <LifeField form unless="It does not expire" />
                <button type="submit" class="button" name="do" value="create">"Make the key"</button>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn RotateForm(
    /// Which key.
    key: Key,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let chosen = form.value("overlap").parse().unwrap_or(OVERLAP);
    let overlaps = OVERLAPS.map(|(seconds, text)| {
        view! { <option value=seconds.to_string() selected=seconds == chosen>{text}</option> }
    });
    view! {
        <section class="panel asked">
            <h2>"Rotate " {key.name}</h2>
            <p>"The key gets another secret and keeps its name. Meanwhile programs can go on with the one they have."</p>
            <form method="post" action=View::Keys(Some(KeyStep::Rotate(key.id))).href() class="form">
                <FormError form=form.clone() />
                <input type="hidden" name="key" value=key.id.to_string() />
                <div class="field">
                    <label for="overlap">"The secret from before ends"</label>
                    <select id="overlap" name="overlap">{overlaps.into_iter().collect_view()}</select>
                </div>
                <LifeField form unless="As with the one before" />
                <Decision wanted="rotate" text="Make another secret" />
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn RevokeForm(
    /// Which key.
    key: Key,
    /// What was sent.
    form: SentForm,
) -> impl IntoView {
    view! {
        <section class="panel asked">
            <h2>"Revoke " {key.name}</h2>
            <p>"Programs that use this key are refused from now on. This can’t be undone."</p>
            <form method="post" action=View::Keys(Some(KeyStep::Revoke(key.id))).href() class="form">
                <FormError form />
                <input type="hidden" name="key" value=key.id.to_string() />
                <Decision wanted="revoke" text="Revoke it for good" />
            </form>
        </section>
    }
    .into_any()
}

/// Through whose eyes a key reads.
#[component]
fn TeamField(
    /// Every team.
    teams: Vec<TeamName>,
    /// What was typed.
    form: SentForm,
) -> impl IntoView {
    let chosen = form.value("team").to_owned();
    let team = |TeamName { id, name }: TeamName| {
        let id = id.to_string();
        view! { <option value=id.clone() selected=id == chosen>{name}</option> }.into_any()
    };
    let error = form.error("team").map(str::to_owned);
    view! {
        <div class="field">
            <label for="team">"It sees"</label>
            <select id="team" name="team">
                <option value="">"Everything"</option>
                {teams.into_iter().map(team).collect_view()}
            </select>
            {error.map(|error| view! { <p class="field-error">{error}</p> }.into_any())}
        </div>
    }
    .into_any()
}

/// The button that does it, and the way back.
#[component]
fn Decision(
    /// What the form asks for.
    wanted: &'static str,
    /// What the button says.
    text: &'static str,
) -> impl IntoView {
    view! {
        <div class="permissions">
            <button type="submit" class="button" name="do" value=wanted>{text}</button>
            <a class="button" rel="external" href=KEYS>"Cancel"</a>
        </div>
    }
    .into_any()
}

/// How long a secret lasts.
#[component]
fn LifeField(
    /// What was typed.
    form: SentForm,
    /// What it says where nothing is chosen.
    unless: &'static str,
) -> impl IntoView {
    let chosen = form.value("days").to_owned();
    let lives = LIVES.map(|(days, text)| view! { <option value=days selected=days == chosen>{text}</option> });
    let error = form.error("days").map(str::to_owned);
    view! {
        <div class="field">
            <label for="days">"It expires after"</label>
            <select id="days" name="days">
                <option value="">{unless}</option>
                {lives.into_iter().collect_view()}
            </select>
            {error.map(|error| view! { <p class="field-error">{error}</p> }.into_any())}
        </div>
    }
    .into_any()
}
