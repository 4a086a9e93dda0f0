//! An answer of the server that follows a question, such as the usage of the period in the address.

use crate::{
    browser::Slot,
    client::{ClientError, Ongoing},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use web_sys::AbortSignal;

/// The newest answer, which stays while the next question is under way.
pub(crate) struct Answer<Q: 'static, T: 'static> {
    given: RwSignal<Option<(Q, Arc<T>)>>,
    /// Whether a question is under way.
    pub(crate) loading: RwSignal<bool>,
    /// Why the newest question has no answer.
    pub(crate) failure: RwSignal<Option<ClientError>>,
    ongoing: Slot<Ongoing>,
}

impl<Q, T> Clone for Answer<Q, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q, T> Copy for Answer<Q, T> {}

impl<Q: Clone + PartialEq + Send + Sync + 'static, T: Send + Sync + 'static> Answer<Q, T> {
    /// Nothing asked yet.
    pub(crate) fn new() -> Self {
        Self {
            given: RwSignal::new(None),
            loading: RwSignal::new(false),
            failure: RwSignal::new(None),
            ongoing: Slot::new(),
        }
    }

    /// The newest answer.
    pub(crate) fn get(self) -> Option<Arc<T>> {
        self.given.with(|given| given.as_ref().map(|(_, answer)| answer.clone()))
    }

    /// Takes the answer to a question.
    pub(crate) fn accept(self, question: Q, answer: T) {
        self.given.set(Some((question, Arc::new(answer))));
        self.failure.set(None);
        self.loading.set(false);
    }

    /// Asks, unless that is the question already answered; gives up what is under way.
    pub(crate) fn ask(
        self,
        question: Q,
        fetch: impl AsyncFnOnce(&Q, &AbortSignal) -> Result<T, ClientError> + 'static,
    ) {
        let answered = self.given.with_untracked(|given| given.as_ref().is_some_and(|(of, _)| *of == question));
        if answered {
            self.ongoing.clear();
            self.loading.set(false);
            self.failure.set(None);
        } else {
            self.ask_again(question, fetch);
        }
    }

    /// Asks, even if it is the question already answered; gives up what is under way.
    pub(crate) fn ask_again(
        self,
        question: Q,
        fetch: impl AsyncFnOnce(&Q, &AbortSignal) -> Result<T, ClientError> + 'static,
    ) {
        let ongoing = match Ongoing::new() {
            Ok(ongoing) => ongoing,
            Err(error) => return self.failure.set(Some(error)),
        };
        let signal = ongoing.signal();
        self.ongoing.put(ongoing);
        self.loading.set(true);
        spawn_local(async move {
            match fetch(&question, &signal).await {
                Ok(answer) => self.accept(question, answer),
                Err(ClientError::Aborted) => {}
                Err(error) => {
                    self.failure.set(Some(error));
                    self.loading.set(false);
                }
            }
        });
    }
}
