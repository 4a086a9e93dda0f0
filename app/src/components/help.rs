//! What a figure means, in the words of its definition, behind a small question mark.

use crate::state::PageState;
use leptos::prelude::*;
use model::{
    api::{
        Workspace,
        quality::{QUALITY_DAYS, REJECTS_KEPT},
    },
    event::LATE_MILLIS,
};

/// A definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Definition {
    /// Accounts online now.
    AccountsOnline,
    /// Users online now.
    UsersOnline,
    /// Time per user.
    TimePerUser,
    /// A top ten of today.
    MostActiveAccounts,
    /// A top ten of today.
    MostActiveUsers,
    /// A top ten of today.
    PopularModules,
    /// A top ten of today.
    FrequentActions,
    /// The activity stream.
    ActivityStream,
    /// Time spent.
    TimeSpent,
    /// Activities and their actions.
    Activity,
    /// Modules and their actions.
    Module,
    /// Periods and the comparison.
    Period,
    /// Change between periods.
    Change,
    /// Rejected events.
    RejectedEvents,
    /// Modules and activities that are new.
    FirstSeen,
    /// Names that look alike.
    SimilarNames,
    /// Events far in the past.
    LateEvents,
}

impl Definition {
    /// The end of the element's id.
    fn id(self) -> &'static str {
        match self {
            Self::AccountsOnline => "accounts-online",
            Self::UsersOnline => "users-online",
            Self::TimePerUser => "time-per-user",
            Self::MostActiveAccounts => "most-active-accounts",
            Self::MostActiveUsers => "most-active-users",
            Self::PopularModules => "popular-modules",
            Self::FrequentActions => "frequent-actions",
            Self::ActivityStream => "activity-stream",
            Self::TimeSpent => "time-spent",
            Self::Activity => "activity",
            Self::Module => "module",
            Self::Period => "period",
            Self::Change => "change",
            Self::RejectedEvents => "rejected-events",
            Self::FirstSeen => "first-seen",
            Self::SimilarNames => "similar-names",
            Self::LateEvents => "late-events",
        }
    }

    /// What is defined.
    fn term(self) -> &'static str {
        match self {
            Self::AccountsOnline => "Accounts online",
            Self::UsersOnline => "Users online",
            Self::TimePerUser => "Time per user",
            Self::MostActiveAccounts => "Most active accounts",
            Self::MostActiveUsers => "Most active users",
            Self::PopularModules => "Popular modules",
            Self::FrequentActions => "Frequent actions",
            Self::ActivityStream => "Activity stream",
            Self::TimeSpent => "Time spent",
            Self::Activity => "Activities",
            Self::Module => "Modules",
            Self::Period => "Periods",
            Self::Change => "Change",
            Self::RejectedEvents => "Rejected events",
            Self::FirstSeen => "First seen",
            Self::SimilarNames => "Names that differ only in case or spacing",
            Self::LateEvents => "Events far in the past",
        }
    }

    /// The definition, with the workspace's settings.
    fn text(self, workspace: &Workspace) -> String {
        let online = format!(
            "The user’s newest signal is at most {} old, by the event’s own corrected time: a late or backfilled event \
             never makes anyone online.",
            crate::format::counted(i64::from(workspace.online_window_minutes), "minute")
        );
        let tick = "The change is absolute, since the previous 10-second tick. Ticks are the server’s, the same for every viewer.";
        match self {
            Self::AccountsOnline => format!("An account is online while at least one of its users is. {online} {tick}"),
            Self::UsersOnline => format!("{online} {tick}"),
            Self::TimePerUser => {
                format!("Time spent today ÷ users active today. None active: no value (“–”), not zero. {tick}")
            }
            Self::MostActiveAccounts => "By distinct active users, then actions, then name. A user is active with at \
                                         least one signal in the period."
                .into(),
            Self::MostActiveUsers => "By time spent, then actions, then name.".into(),
            Self::PopularModules => "By distinct users with an activity there, then actions, then name.".into(),
            Self::FrequentActions => "By actions, then distinct users, then name.".into(),
            Self::ActivityStream => "One entry per user and module per day, newest use first: total count in the module \
                                     today, each action with its count, when it was last used, and whether the user is \
                                     online: the dot is filled while the user is, in whatever module. Opened, it lists \
                                     the single uses."
                .into(),
            Self::TimeSpent => format!(
                "For a user and a local day, the set of minutes that hold at least one signal. Two neighbouring minutes \
                 at most {} apart (the idle gap) count the minutes between them too. Time spent is the number of minutes \
                 in that filled set; so one lone event is one minute. Periods sum days; accounts sum users.",
                workspace.idle_gap_minutes
            ),
            Self::Activity => "A module and an action together (“Dashboard · Export”). “Actions” are how often it \
                               happened: the sum of count."
                .into(),
            Self::Module => "An area of the product. “Actions” are how often anything happened there: the sum of count."
                .into(),
            Self::Period => format!(
                "Whole local days in {}. Yesterday, last 7, 30, 90 days end yesterday. The previous comparable period is \
                 the same number of days immediately before.",
                workspace.time_zone
            ),
            Self::Change => "(current − previous) ÷ previous in percent, one decimal; over 999 % shown as “>999 %”. From \
                             0 it is New, never a percentage; to 0 it is Stopped. Where the previous period begins before \
                             the workspace’s first event there is no comparison."
                .into(),
            Self::RejectedEvents => format!(
                "Events that broke a rule when they came, each as it was sent, with the reason, the key and the time. The \
                 newest {} are kept until they are replayed or dismissed. Replayed, an event is read again by today’s rules: \
                 its time comes out as it would have then, but whether it lies in the future is judged by now. A request that \
                 can’t be read at all is refused whole: it is counted, not kept.",
                crate::format::number(i64::from(REJECTS_KEPT))
            ),
            Self::FirstSeen => format!(
                "Modules and activities whose first event was received within the last {QUALITY_DAYS} days, whenever it \
                 happened. A name that nobody expects may be a typing error."
            ),
            Self::SimilarNames => "Names that differ only in case, white space, hyphens and underscores: modules, and \
                                   actions within one module. They are counted apart, each as it is sent."
                .into(),
            Self::LateEvents => format!(
                "Events received more than {} days after they happened, over the last {QUALITY_DAYS} days. They are \
                 counted in the day they happened. Imports are late by nature.",
                LATE_MILLIS / 86_400_000
            ),
        }
    }
}

/// A question mark that opens the definition. Works without JavaScript.
#[component]
pub(crate) fn Help(
    /// What it explains.
    definition: Definition,
) -> impl IntoView {
    let workspace = PageState::expect().workspace;
    let id = format!("help-{}", definition.id());
    let text = Memo::new(move |_| workspace.with(|workspace| definition.text(workspace)));
    view! {
        <button
            type="button"
            class="help"
            popovertarget=id.clone()
            aria-label=format!("What “{}” means", definition.term())
        >
            "?"
        </button>
        <span class="help-text" popover="auto" id=id>
            <strong>{definition.term()}</strong>
            <span class="muted">{text}</span>
        </span>
    }
    .into_any()
}
