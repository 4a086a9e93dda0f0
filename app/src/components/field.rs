//! Fields of forms that are sent to the server as they stand, with what is wrong beside them.

use leptos::prelude::*;
use model::api::member::SentForm;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The reader's name.
    Name,
    /// The name of somebody else.
    Other,
    /// The e-mail address of somebody else.
    Email,
    /// The reader's own, by which they sign in.
    UserName,
    /// The password the reader has.
    Password,
    /// A password the reader chooses.
    NewPassword,
}

impl Takes {
    fn kind(self) -> &'static str {
        match self {
            Self::Name | Self::Other => "text",
            Self::Email | Self::UserName => "email",
            Self::Password | Self::NewPassword => "password",
        }
    }

    fn autocomplete(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Other | Self::Email => "off",
            Self::UserName => "username",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
        }
    }
}

/// A field with its label. What was typed before stands in it, but for passwords.
#[component]
pub(crate) fn Field(
    /// What it is sent as.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// What it takes.
    takes: Takes,
    /// The form as it was sent before.
    form: SentForm,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What stands in it at first.
    #[prop(optional)]
    value: Option<String>,
    /// What it is known by on the page, where another field is sent as the same.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| name.to_owned());
    let sent = form.value(name).to_owned();
    let value = if sent.is_empty() { value.unwrap_or_default() } else { sent };
    let error = form.error(name).map(str::to_owned);
    let (error_id, hint_id) = (format!("{id}-error"), format!("{id}-hint"));
    let described = [error.is_some().then(|| error_id.clone()), hint.is_some().then(|| hint_id.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let described = (!described.is_empty()).then_some(described);
    let is_wrong = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                type=takes.kind()
                autocomplete=takes.autocomplete()
                value=value
                required
                aria-invalid=is_wrong
                aria-describedby=described
            />
            {error.map(|error| view! { <p class="field-error" id=error_id>{error}</p> }.into_any())}
            {hint.map(|hint| view! { <p class="muted" id=hint_id>{hint}</p> }.into_any())}
        </div>
    }
    .into_any()
}

/// What is wrong with a form as a whole.
#[component]
pub(crate) fn FormError(
    /// The form as it was sent.
    form: SentForm,
) -> impl IntoView {
    form.error("")
        .map(|error| view! { <p class="form-error" role="alert">{error.to_owned()}</p> }.into_any())
        .into_any()
}

/// What helps to choose a password.
pub(crate) fn password_hint() -> String {
    format!("At least {} characters. Length is all that counts.", model::member::PASSWORD_LENGTH.start())
}
