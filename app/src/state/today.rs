//! Today's cards and top tens.

use crate::client::ClientError;
use leptos::prelude::*;
use model::api::today::Today;
use std::sync::Arc;

/// The newest numbers of today.
#[derive(Clone, Copy)]
pub(crate) struct TodayState {
    today: RwSignal<Option<Arc<Today>>>,
    /// Why there are no numbers at all.
    pub(crate) failure: RwSignal<Option<ClientError>>,
}

impl TodayState {
    /// Nothing known yet.
    pub(crate) fn new() -> Self {
        Self { today: RwSignal::new(None), failure: RwSignal::new(None) }
    }

    /// The newest numbers.
    pub(crate) fn get(self) -> Option<Arc<Today>> {
        self.today.get()
    }

    /// The newest numbers, without following them.
    pub(crate) fn get_untracked(self) -> Option<Arc<Today>> {
        self.today.get_untracked()
    }

    /// One part of the newest numbers, followed.
    pub(crate) fn part<T>(self, part: impl Fn(&Today) -> T + Send + Sync + 'static) -> Memo<Option<T>>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.today.with(|today| today.as_deref().map(&part)))
    }

    /// Drops what is known: it is not what is asked for any more.
    pub(crate) fn forget(self) {
        self.today.set(None);
    }

    /// Takes newer numbers. Says whether another day has begun.
    pub(crate) fn accept(self, today: Today) -> bool {
        let rolled_over = self.get_untracked().is_some_and(|before| before.day != today.day);
        self.today.set(Some(Arc::new(today)));
        self.failure.set(None);
        rolled_over
    }
}
