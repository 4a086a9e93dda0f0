//! Activities: usage over a period, compared with the one before.

use crate::{
    client::ClientError,
    components::{
        change::change_text,
        chart::{BarChart, Size, Unit, bars::Bars, table::AsTable},
        empty::{EmptyWorkspace, NoTeam},
        help::{Definition, Help},
        notice::{Failure, WrongParameters},
        period_picker::{PeriodPicker, RangeFields},
        team_picker::TeamPicker,
        top_five::{Ranked, TopFive},
        usage_table::UsageTable,
    },
    format,
    state::PageState,
    view::{self, TrackingQuery, View},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::{
    api::{Workspace, tracking::Untracked, usage::Usage},
    period::Period,
    query::{StreamQuery, TableQuery},
};
use std::sync::Arc;

/// The page at `/activities`.
#[component]
pub(crate) fn ActivitiesPage() -> impl IntoView {
    let state = PageState::expect();
    let is_out_of_sight = Memo::new(move |_| state.workspace.with(Workspace::is_out_of_sight));
    let is_empty = Memo::new(move |_| state.workspace.with(|workspace| workspace.data_since.is_none()));
    let failed = Memo::new(move |_| {
        let usage = state.activities.usage;
        usage.get().is_none().then(|| usage.failure.get()).flatten()
    });
    let page = move || {
        if let Some(error) = failed.get() {
            view! {
                <header class="page-head">
                    <h1>"Activities"</h1>
                </header>
                <TeamPicker />
                <Failure error retry=move || state.activities.retry() />
            }
            .into_any()
        } else if is_out_of_sight.get() || is_empty.get() {
            let why = if is_out_of_sight.get() {
                view! { <NoTeam /> }.into_any()
            } else {
                view! { <EmptyWorkspace /> }.into_any()
            };
            view! {
                <header class="page-head">
                    <h1>"Activities"</h1>
                </header>
                {why}
            }
            .into_any()
        } else {
            view! { <PeriodPage /> }.into_any()
        }
    };
    view! { {move || page()} }
}

/// The period in the address, and everything of it; or what is wrong with the address.
#[component]
fn PeriodPage() -> impl IntoView {
    let state = PageState::expect();
    let search = use_location().search;
    let parameters = Memo::new(move |_| search.with(|search| view::parse_search(search)));
    let errors = Memo::new(move |_| match state.view.get() {
        View::Activities(Err(errors)) => Some(errors),
        _ => None,
    });
    let query = Memo::new(move |before: Option<&TableQuery>| match state.view.get() {
        View::Activities(Ok(query)) => query,
        View::Activities(Err(errors)) => parameters.with(|parameters| view::without_errors(parameters, &errors)),
        // The page is about to go.
        _ => before.cloned().unwrap_or_default(),
    });
    let wrong = Memo::new(move |_| {
        let entered = |name| parameters.with(|parameters| view::last_value(parameters, name)?.parse().ok());
        errors.with(Option::is_some).then(|| RangeFields { from: entered("from"), to: entered("to") })
    });
    view! {
        <header class="page-head">
            <h1>"Activities"</h1>
            {move || errors.with(Option::is_none).then(|| view! { <DateRanges /> }.into_any())}
        </header>
        <TeamPicker />
        <PeriodPicker query wrong />
        <AccountScope query />
        {move || match errors.get() {
            Some(errors) => view! { <WrongParameters errors /> }.into_any(),
            None => view! { <Figures query /> }.into_any(),
        }}
    }
    .into_any()
}

/// Figures, charts and table of a period.
#[component]
fn Figures(
    /// What the address asks for.
    query: Memo<TableQuery>,
) -> impl IntoView {
    let answer = PageState::expect().activities.usage;
    let usage = Signal::derive(move || answer.get());
    let account = Memo::new(move |_| query.with(|query| query.usage.account.clone()));

    let activities = part(usage, |usage| {
        let compared = usage.previous.complete;
        let ranked = |top: &model::api::usage::TopActivity| Ranked {
            name: top.action.clone(),
            module: Some(top.module.clone()),
            actions: top.actions,
            previous_actions: top.previous_actions,
            change: top.change,
            bars: Arc::new(Bars::of_actions(&top.days, &top.previous_days, compared)),
        };
        usage.top_activities.iter().map(ranked).collect()
    });
    let modules = part(usage, |usage| {
        let compared = usage.previous.complete;
        let ranked = |top: &model::api::usage::TopModule| Ranked {
            name: top.module.clone(),
            module: None,
            actions: top.actions,
            previous_actions: top.previous_actions,
            change: top.change,
            bars: Arc::new(Bars::of_actions(&top.days, &top.previous_days, compared)),
        };
        usage.top_modules.iter().map(ranked).collect()
    });
    let failure = move || {
        let error = answer.failure.get()?;
        (error != ClientError::ConnectionLost)
            .then(|| view! { <p class="failed" role="alert">{error.to_string()}</p> }.into_any())
    };
    view! {
        {move || failure()}
        <div class="figures-of-period" class:loading=move || answer.loading.get()>
            <TimeSpent usage />
            <div class="top-fives">
                <TopFive title="Top activities" definition=Definition::Activity rows=activities account />
                <TopFive title="Top modules" definition=Definition::Module rows=modules account />
            </div>
        </div>
        <UsageTable query />
        <NotTracked />
    }
    .into_any()
}

/// What the table leaves out because it is not tracked, for those who may change that.
#[component]
fn NotTracked() -> impl IntoView {
    let workspace = PageState::expect().workspace;
    let untracked = Memo::new(move |_| workspace.with(|workspace| workspace.untracked.clone()));
    let item = |Untracked { module, action, module_id, activity_id }: Untracked| {
        let to = TrackingQuery { module: Some(module_id), activity: activity_id, ..TrackingQuery::default() };
        let name = action.map_or(module.clone(), |action| format!("{module} · {action}"));
        view! {
            <li>
                <a href=View::Tracking(to).href() rel="external">{name}</a>
            </li>
        }
        .into_any()
    };
    let list = move || {
        untracked.with(|untracked| !untracked.is_empty()).then(|| {
            view! {
                <section class="panel untracked" aria-labelledby="untracked-title">
                    <h2 id="untracked-title">"Not tracked"</h2>
                    <p class="muted">"Left out of every figure and list. You may change that."</p>
                    <ul>{untracked.get().into_iter().map(item).collect_view()}</ul>
                </section>
            }
            .into_any()
        })
    };
    view! { {move || list()} }.into_any()
}

/// One part of the usage, followed.
fn part<T: PartialEq + Send + Sync + 'static>(
    usage: Signal<Option<Arc<Usage>>>,
    part: impl Fn(&Usage) -> T + Send + Sync + 'static,
) -> Memo<Option<T>> {
    Memo::new(move |_| usage.with(|usage| usage.as_deref().map(&part)))
}

/// The days on screen and those they are compared with.
#[component]
fn DateRanges() -> impl IntoView {
    let state = PageState::expect();
    let zone = state.workspace;
    let usage = Signal::derive(move || state.activities.usage.get());
    let text = part(usage, |usage| {
        let previous = Period { from: usage.previous.from, to: usage.previous.to };
        let comparison = match (usage.previous.complete, usage.previous.data_since) {
            (true, _) => format!("compared with {}", format::period(previous)),
            (false, Some(since)) => format!("no comparison, data since {}", format::day(since)),
            (false, None) => "no comparison".to_owned(),
        };
        (format::period(usage.period.days()), comparison)
    });
    view! {
        <p class="as-of">
            <strong>{move || text.get().map(|(days, _)| days)}</strong> " "
            <span>{move || text.get().map(|(_, comparison)| comparison)}</span> "\u{a0}· "
            <span>{move || zone.with(|workspace| workspace.time_zone.clone())}</span> " " <Help definition=Definition::Period />
        </p>
    }
    .into_any()
}

/// Says that only one account is shown, and the ways from there.
#[component]
fn AccountScope(
    /// What the address asks for.
    query: Memo<TableQuery>,
) -> impl IntoView {
    let scope = move || {
        query.with(|query| {
            let account = query.usage.account.clone()?;
            let mut all = query.clone();
            all.usage.account = None;
            all.offset = 0;
            let team = query.usage.team.clone();
            let stream = View::Today(StreamQuery { account: Some(account.clone()), team, ..StreamQuery::default() });
            Some(
                view! {
                    <div class="chips">
                        <span class="chip">
                            "Account " <strong>{account}</strong>
                            <a href=View::table(all).href() data-noscroll="" aria-label="Show all accounts">"×"</a>
                        </span>
                        <a href=stream.href()>"Its activity stream today"</a>
                    </div>
                }
                .into_any(),
            )
        })
    };
    view! { {move || scope()} }
}

/// Overall time spent, day by day.
#[component]
fn TimeSpent(
    /// The usage on screen.
    usage: Signal<Option<Arc<Usage>>>,
) -> impl IntoView {
    let bars = Memo::new(move |_| {
        let bars = usage.with(|usage| {
            usage.as_deref().map(|usage| {
                Bars::of_seconds(&usage.time_spent.days, &usage.time_spent.previous_days, usage.previous.complete)
            })
        });
        Arc::new(bars.unwrap_or_default())
    });
    let top = Signal::derive(move || bars.with(|bars| bars.largest()));
    let figures = move || {
        usage.with(|usage| {
            usage.as_deref().map(|usage| {
                let spent = &usage.time_spent;
                let comparison = usage.previous.complete.then(|| {
                    let before = format!("before {}", format::duration(spent.previous_seconds));
                    view! { {change_text(spent.change)} <span class="muted num">{before}</span> }.into_any()
                });
                view! {
                    <strong class="num">{format::duration(spent.seconds)}</strong>
                    {comparison}
                }
                .into_any()
            })
        })
    };
    let compared = move || usage.with(|usage| usage.as_deref().is_some_and(|usage| usage.previous.complete));
    view! {
        <section class="panel time-spent">
            <h2>"Time spent " <Help definition=Definition::TimeSpent /></h2>
            <p class="card-value" class:skeleton=move || usage.with(Option::is_none)>{move || figures()}</p>
            <BarChart label="Time spent per day".to_owned() bars=bars.into() top unit=Unit::Time size=Size::Large />
            <p class="legend muted">
                <span class="legend-bar">"This period"</span>
                {move || compared().then(|| view! { <span class="legend-line">"Previous period, same position"</span> }.into_any())}
            </p>
            <TimeTable bars=bars.into() />
        </section>
    }
    .into_any()
}

/// The chart's figures as a table.
#[component]
fn TimeTable(
    /// The chart's bars.
    bars: Signal<Arc<Bars>>,
) -> impl IntoView {
    let rows = move || {
        bars.with(|bars| {
            bars.list
                .iter()
                .map(|bar| {
                    let previous = bar.previous.map_or_else(|| "–".to_owned(), |(_, value)| format::duration(value));
                    view! {
                        <tr>
                            <th scope="row">{bar.days_text()}</th>
                            <td class="figure num">{format::duration(bar.value)}</td>
                            <td class="figure num">{format::share(bar.value, bars.total)}</td>
                            <td class="figure num muted">{previous}</td>
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    let head = || ["Time spent", "Share", "Before"].map(|name| view! { <th scope="col" class="figure">{name}</th> });
    view! { <AsTable head rows /> }
}
