//! The page of Usage Monitor: Leptos components, state and the typed API client.
//!
//! What a number means is decided in `model`, what it is on the server. Here it only becomes visible:
//! [`client`] → [`state`] (signals) → [`pages`] and [`components`]. It never turns back: components never fetch.
//!
//! The crate is compiled twice, for the server that renders the first page and for the browser that takes it over.
//! Nothing in the first render depends on the browser's clock, zone or locale, so both render the same.

// A view is one type, as deep as its elements are nested.
#![recursion_limit = "256"]

mod browser;
pub mod client;
pub mod clock;
#[allow(unreachable_pub, reason = "the component macro writes `pub`, wherever it stands")]
mod components;
pub mod format;
#[cfg(feature = "hydrate")]
mod hydration;
#[allow(unreachable_pub, reason = "the component macro writes `pub`, wherever it stands")]
mod pages;
#[allow(unreachable_pub, reason = "the component macro writes `pub`, wherever it stands")]
mod shell;
mod state;
pub mod view;

#[cfg(feature = "hydrate")]
pub use hydration::hydrate;
pub use shell::{App, Assets, ShellOptions, shell};

use model::api::{
    Workspace,
    audit::AuditLog,
    erasure::{Erasure, ErasurePreview, Retention},
    key::{Key, MadeKey},
    member::{IssuedLink, Member, OpenLink, Reader, SentForm, Session, SingleSignOnButton},
    problem::Problem,
    quality::{Quality, Rejects},
    team::{Team, TeamName, TeamPreview},
    today::{Stream, Today},
    tracking::{RulesPreview, TrackedModule},
    usage::{Table, Usage},
};
use model::module_rule::ModuleRules;
use serde::{Deserialize, Serialize};

/// Everything the first view shows: rendered into the page by the server, and sent along so that the browser need
/// not fetch it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The workspace when the page was rendered.
    pub workspace: Workspace,
    /// Who looks at it.
    pub reader: Reader,
    /// The data of the view in the address, or why there is none.
    pub data: Result<PageData, Problem>,
}

/// The data of a view. No tag lies inside it: to find one, the browser would need a second reader of all this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PageData {
    /// Of [`view::View::Today`].
    Today {
        /// Cards and top tens.
        today: Today,
        /// The page of the stream the view asks for.
        stream: Stream,
    },
    /// Of [`view::View::Activities`].
    Activities {
        /// Figures and charts.
        usage: Usage,
        /// The page of the table the view asks for.
        table: Table,
    },
    /// Of [`view::View::Quality`].
    Quality {
        /// Counts, names and late events.
        quality: Quality,
        /// The page of rejected events the view asks for.
        rejects: Rejects,
    },
    /// Of [`view::View::SignIn`].
    SignIn {
        /// What was typed.
        form: SentForm,
        /// Whether anybody can sign in at all.
        has_administrator: bool,
        /// The button for signing in with a provider, where there is one.
        single_sign_on: Option<SingleSignOnButton>,
    },
    /// Of [`view::View::Link`].
    Link {
        /// The link; none where it was used, or is over.
        link: Option<OpenLink>,
        /// What was typed.
        form: SentForm,
    },
    /// Of [`view::View::Profile`].
    Profile {
        /// The reader.
        member: Member,
        /// Where they are signed in.
        sessions: Vec<Session>,
        /// What was typed.
        form: SentForm,
    },
    /// Of [`view::View::Members`].
    Members {
        /// Everyone who may sign in.
        members: Vec<Member>,
        /// Every team.
        teams: Vec<Team>,
        /// What was typed.
        form: SentForm,
        /// The link that was just made.
        issued: Option<IssuedLink>,
    },
    /// Of [`view::View::Keys`].
    Keys {
        /// Every key.
        keys: Vec<Key>,
        /// Every team.
        teams: Vec<TeamName>,
        /// What was typed.
        form: SentForm,
        /// The key that was just made, or got another secret.
        made: Option<MadeKey>,
    },
    /// Of [`view::View::Privacy`].
    Privacy {
        /// The receipts of what was erased.
        erasures: Vec<Erasure>,
        /// How long raw events are kept.
        retention: Retention,
        /// What would go.
        preview: Option<ErasurePreview>,
        /// What was typed.
        form: SentForm,
    },
    /// Of [`view::View::Audit`].
    Audit(AuditLog),
    /// Of [`view::View::Teams`].
    Teams {
        /// Every team.
        teams: Vec<Team>,
        /// What was typed.
        form: SentForm,
        /// What the team that was typed would see.
        preview: Option<TeamPreview>,
    },
    /// Of [`view::View::Tracking`].
    Tracking {
        /// Every module, with the activities of those that are shown as one with the module that was asked about.
        modules: Vec<TrackedModule>,
        /// The module rules.
        rules: ModuleRules,
        /// What was typed.
        form: SentForm,
        /// What the rules that were typed would have caught.
        preview: Option<RulesPreview>,
    },
    /// Of [`view::View::NotFound`].
    NotFound,
}
