//! What the page knows: signals, filled from the first view's data and then by the API client.
//!
//! Components read these signals and call their methods. The numbers on screen stay until newer ones are there.

pub(crate) mod activities;
pub(crate) mod answer;
pub(crate) mod polling;
pub(crate) mod quality;
pub(crate) mod stream;
pub(crate) mod theme;
pub(crate) mod ticks;
pub(crate) mod today;

use crate::{Loaded, PageData, client::ClientError, view::View};
use activities::ActivitiesState;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::{
    api::{Workspace, member::Reader},
    instant::Instant,
};
use polling::Polling;
use quality::QualityState;
use stream::StreamState;
use theme::ThemeState;
use today::TodayState;

/// Everything the page knows, as a context.
#[derive(Clone, Copy)]
pub(crate) struct PageState {
    /// What the reader looks at, from the address.
    pub(crate) view: Memo<View>,
    /// The workspace.
    pub(crate) workspace: RwSignal<Workspace>,
    /// The server's time as far as known. Relative times count from it.
    pub(crate) now: RwSignal<Instant>,
    /// Today's cards and top tens.
    pub(crate) today: TodayState,
    /// Today's stream.
    pub(crate) stream: StreamState,
    /// Usage and table.
    pub(crate) activities: ActivitiesState,
    /// Rejected events, names and late events.
    pub(crate) quality: QualityState,
    /// What keeps the numbers fresh.
    pub(crate) polling: Polling,
    /// The choice of theme.
    pub(crate) theme: ThemeState,
    /// Who looks at the page.
    pub(crate) reader: StoredValue<Reader>,
}

impl PageState {
    /// From the first view's data, read from context with the router's address. In the browser it then follows the
    /// address and the server's ticks; on the server it stays as it is.
    pub(crate) fn new() -> Self {
        let location = use_location();
        let view = Memo::new(move |_| {
            location.pathname.with(|path| location.search.with(|search| View::of_address(path, search)))
        });
        let loaded = expect_context::<Loaded>();

        let now = RwSignal::new(loaded.workspace.as_of);
        let reader = StoredValue::new(loaded.reader);
        let workspace = RwSignal::new(loaded.workspace);
        let today = TodayState::new();
        let stream = StreamState::new(view);
        let activities = ActivitiesState::new(view);
        let quality = QualityState::new(view);
        match (loaded.data, view.get_untracked()) {
            (Ok(PageData::Today { today: first, stream: entries }), View::Today(query)) => {
                now.update(|now| *now = (*now).max(first.as_of).max(entries.as_of));
                today.accept(first);
                stream.replace(query, entries);
            }
            (Ok(PageData::Activities { usage, table }), View::Activities(Ok(query))) => {
                activities.usage.accept(query.usage.clone(), usage);
                activities.table.accept(query, table);
            }
            (Ok(PageData::Quality { quality: first, rejects }), View::Quality(query)) => {
                now.update(|now| *now = (*now).max(first.as_of).max(rejects.as_of));
                quality.accept(first);
                quality.rejects.accept(query, rejects);
            }
            (Err(problem), View::Quality(_)) => quality.failure.set(Some(ClientError::Refused(problem))),
            (Err(problem), View::Today(_)) => today.failure.set(Some(ClientError::Refused(problem))),
            (Err(problem), View::Activities(Ok(_))) => {
                activities.usage.failure.set(Some(ClientError::Refused(problem)))
            }
            _ => {}
        }

        let polling = Polling::new(view, workspace, now, today, stream, quality);
        polling.start();
        stream.follow();
        activities.follow(workspace);
        quality.follow();
        Self { view, workspace, now, today, stream, activities, quality, polling, theme: ThemeState::new(), reader }
    }

    /// The one in context.
    pub(crate) fn expect() -> Self {
        expect_context()
    }
}
