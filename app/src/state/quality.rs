//! Data quality: what the server says of rejected events, names and late events, and what the reader does about them.

use super::{answer::Answer, polling::Polling};
use crate::{
    browser::Slot,
    client::{self, ClientError, Ongoing},
    view::View,
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    api::quality::{DismissAnswer, Quality, RejectChoice, Rejects, ReplayAnswer},
    query::RejectsQuery,
};
use std::sync::Arc;

/// What can be done about rejected events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Reading them again.
    Replay,
    /// Letting them go.
    Dismiss,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// They were read again.
    Replayed(ReplayAnswer),
    /// They were let go.
    Dismissed(DismissAnswer),
    /// It failed.
    Failed(ClientError),
}

/// The newest answers about data quality.
#[derive(Clone, Copy)]
pub(crate) struct QualityState {
    view: Memo<View>,
    /// Which rejected events the address asks for.
    pub(crate) query: Memo<RejectsQuery>,
    quality: RwSignal<Option<Arc<Quality>>>,
    /// The page of rejected events.
    pub(crate) rejects: Answer<RejectsQuery, Rejects>,
    /// Why there is nothing to show at all.
    pub(crate) failure: RwSignal<Option<ClientError>>,
    /// Whether a remedy is under way.
    pub(crate) busy: RwSignal<bool>,
    /// What came of the last one.
    pub(crate) done: RwSignal<Option<Done>>,
    ongoing: Slot<Ongoing>,
}

impl QualityState {
    /// Nothing known yet.
    pub(crate) fn new(view: Memo<View>) -> Self {
        let query = Memo::new(move |before: Option<&RejectsQuery>| match view.get() {
            View::Quality(query) => query,
            _ => before.cloned().unwrap_or_default(),
        });
        Self {
            view,
            query,
            quality: RwSignal::new(None),
            rejects: Answer::new(),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            done: RwSignal::new(None),
            ongoing: Slot::new(),
        }
    }

    /// The newest counts, names and late events.
    pub(crate) fn get(self) -> Option<Arc<Quality>> {
        self.quality.get()
    }

    /// Whether there are none yet.
    pub(crate) fn is_missing(self) -> bool {
        self.quality.with_untracked(Option::is_none)
    }

    /// One part of them, followed.
    pub(crate) fn part<T>(self, part: impl Fn(&Quality) -> T + Send + Sync + 'static) -> Memo<Option<T>>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.quality.with(|quality| quality.as_deref().map(&part)))
    }

    /// Takes newer ones.
    pub(crate) fn accept(self, quality: Quality) {
        self.quality.set(Some(Arc::new(quality)));
        self.failure.set(None);
    }

    /// Takes a newer page of rejected events, unless the reader has gone on to another.
    pub(crate) fn accept_rejects(self, query: RejectsQuery, rejects: Rejects) {
        if self.query.get_untracked() == query {
            self.rejects.accept(query, rejects);
        }
    }

    /// Asks for the rejected events that the address asks for, now and whenever it changes. Does nothing on the server.
    pub(crate) fn follow(self) {
        Effect::new(move |_| {
            if let View::Quality(query) = self.view.get() {
                self.rejects.ask(query, client::rejects);
            }
        });
    }

    /// Does something about rejected events, and then asks for what is left. Only for the browser.
    pub(crate) fn apply(self, remedy: Remedy, choice: RejectChoice, polling: Polling) {
        if self.busy.get_untracked() {
            return;
        }
        let ongoing = match Ongoing::new() {
            Ok(ongoing) => ongoing,
            Err(error) => return self.done.set(Some(Done::Failed(error))),
        };
        let signal = ongoing.signal();
        self.ongoing.put(ongoing);
        self.busy.set(true);
        self.done.set(None);
        spawn_local(async move {
            let done = match remedy {
                Remedy::Replay => client::replay(&choice, &signal).await.map(Done::Replayed),
                Remedy::Dismiss => client::dismiss(&choice, &signal).await.map(Done::Dismissed),
            };
            self.busy.set(false);
            self.done.set(Some(done.unwrap_or_else(Done::Failed)));
            polling.ask();
        });
    }
}
