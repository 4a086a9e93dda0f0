//! Keeps the numbers fresh: a request shortly after every tick of the server while the page is visible.

use super::{
    quality::QualityState,
    stream::StreamState,
    ticks::{ServerClock, until_next},
    today::TodayState,
};
use crate::{
    browser::{self, Slot},
    client::{self, ClientError, Ongoing},
    view::View,
};
use gloo_timers::callback::Timeout;
use leptos::{prelude::*, task::spawn_local};
use model::{TICK_SECONDS, api::Workspace, instant::Instant};
use web_sys::AbortSignal;

/// How long after a tick to ask, in milliseconds, so that the server has it.
const GRACE: u32 = 150;

/// By how much pages ask at different times, in milliseconds, so that they don't all ask at once.
const JITTER: f64 = 500.0;

/// How long to wait for the first event, in milliseconds.
const WAIT_FOR_FIRST_EVENT: u32 = 2_000;

/// How often a reader of no team asks whether they belong to one by now, in milliseconds.
const WAIT_FOR_TEAM: u32 = 10_000;

/// How often a page whose numbers end yesterday asks whether it is still today, in milliseconds.
const WAIT_FOR_TOMORROW: u32 = 60_000;

/// How long to wait before asking again after a failure, in milliseconds.
const WAIT_AFTER_FAILURE: u32 = 5_000;

/// What there is to ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// A team, for a reader who belongs to none.
    Team,
    /// The first event of an empty workspace.
    FirstEvent,
    /// The numbers of today.
    Today,
    /// Rejected events, names and late events.
    Quality,
    /// The beginning of the next day.
    Tomorrow,
    /// Nothing: who looks may not ask for anything yet.
    Nothing,
}

/// Asks for new numbers, and tells how the connection is.
#[derive(Clone, Copy)]
pub(crate) struct Polling {
    watched: Memo<Watched>,
    workspace: RwSignal<Workspace>,
    now: RwSignal<Instant>,
    today: TodayState,
    stream: StreamState,
    quality: QualityState,
    /// Why the newest request failed; none while all is well.
    pub(crate) failure: RwSignal<Option<ClientError>>,
    clock: StoredValue<ServerClock>,
    timer: Slot<Timeout>,
    ongoing: Slot<Ongoing>,
}

impl Polling {
    /// Asks for nothing yet.
    pub(crate) fn new(
        view: Memo<View>,
        workspace: RwSignal<Workspace>,
        now: RwSignal<Instant>,
        today: TodayState,
        stream: StreamState,
        quality: QualityState,
    ) -> Self {
        let watched = Memo::new(move |_| match view.get() {
            view if view.is_bare() => Watched::Nothing,
            // Events may be rejected before any is accepted.
            View::Quality(_) => Watched::Quality,
            _ if workspace.with(Workspace::is_out_of_sight) => Watched::Team,
            _ if workspace.with(|workspace| workspace.data_since.is_none()) => Watched::FirstEvent,
            View::Today(_) => Watched::Today,
            _ => Watched::Tomorrow,
        });
        Self {
            watched,
            workspace,
            now,
            today,
            stream,
            quality,
            failure: RwSignal::new(None),
            clock: StoredValue::new(ServerClock::default()),
            timer: Slot::new(),
            ongoing: Slot::new(),
        }
    }

    /// Begins, and follows what the reader looks at. Does nothing on the server.
    pub(crate) fn start(self) {
        Effect::new(move |_| browser::on_visibility_change(move || self.visibility_changed()));
        let team = Memo::new(move |_| self.stream.team());
        Effect::new(move |before: Option<(Watched, Option<String>)>| {
            let (watched, team) = (self.watched.get(), team.get());
            match before {
                // The first view's numbers have just arrived with the page.
                None => {
                    self.heard(self.now.get_untracked());
                    if self.is_missing(watched) {
                        self.ask();
                    } else {
                        self.wait();
                    }
                }
                // What another team sees must not stand there as if this one saw it.
                Some((_, before)) if before != team => {
                    self.today.forget();
                    self.ask();
                }
                Some((before, _)) if before != watched => self.ask(),
                Some(_) => {}
            }
            (watched, team)
        });
    }

    /// Asks now; gives up what is under way. Only for the browser.
    pub(crate) fn ask(self) {
        self.timer.clear();
        let Ok(ongoing) = Ongoing::new() else { return };
        let signal = ongoing.signal();
        self.ongoing.put(ongoing);
        let watched = self.watched.get_untracked();
        spawn_local(async move {
            let answer = match watched {
                Watched::Today => self.ask_for_today(&signal).await,
                Watched::Quality => self.ask_for_quality(&signal).await,
                Watched::Team | Watched::FirstEvent | Watched::Tomorrow => self.ask_for_workspace(&signal).await,
                Watched::Nothing => return,
            };
            match answer {
                Err(ClientError::Aborted) => {}
                Ok(()) => {
                    self.failure.set(None);
                    self.wait();
                }
                Err(error) => {
                    let now = self.clock.with_value(|clock| clock.at(browser::now()));
                    self.now.update(|before| *before = now.max(*before));
                    if self.is_missing(Watched::Today) {
                        self.today.failure.set(Some(error.clone()));
                    }
                    if self.is_missing(Watched::Quality) {
                        self.quality.failure.set(Some(error.clone()));
                    }
                    self.failure.set(Some(error));
                    self.ask_in(WAIT_AFTER_FAILURE);
                }
            }
        });
    }

    /// Asks for nothing any more, because the page is about to go. Only for the browser.
    pub(crate) fn stop(self) {
        self.timer.clear();
        self.ongoing.clear();
    }

    async fn ask_for_workspace(self, signal: &AbortSignal) -> Result<(), ClientError> {
        let workspace = client::workspace(signal).await?;
        self.heard(workspace.as_of);
        self.workspace.set(workspace);
        self.today.failure.set(None);
        Ok(())
    }

    async fn ask_for_today(self, signal: &AbortSignal) -> Result<(), ClientError> {
        let today = client::today(self.stream.newest().team, signal).await?;
        let (as_of, day) = (today.as_of, today.day);
        self.heard(as_of);
        self.now.set(as_of);
        let rolled_over = self.today.accept(today);
        if self.workspace.with_untracked(|workspace| workspace.day != day) {
            self.workspace.update(|workspace| workspace.day = day);
        }
        let query = self.stream.newest();
        let stream = client::stream(&query, signal).await?;
        self.now.set(stream.as_of.max(as_of));
        self.stream.accept(query, stream, rolled_over);
        Ok(())
    }

    async fn ask_for_quality(self, signal: &AbortSignal) -> Result<(), ClientError> {
        let quality = client::quality(signal).await?;
        let as_of = quality.as_of;
        self.heard(as_of);
        self.now.set(as_of);
        self.quality.accept(quality);
        let query = self.quality.query.get_untracked();
        let rejects = client::rejects(&query, signal).await?;
        self.quality.accept_rejects(query, rejects);
        Ok(())
    }

    /// Whether there is nothing to show yet of what is watched.
    fn is_missing(self, watched: Watched) -> bool {
        match watched {
            Watched::Today => self.today.get_untracked().is_none(),
            Watched::Quality => self.quality.is_missing(),
            Watched::Team | Watched::FirstEvent | Watched::Tomorrow | Watched::Nothing => false,
        }
    }

    fn heard(self, as_of: Instant) {
        self.clock.update_value(|clock| clock.heard(as_of, browser::now()));
    }

    /// Asks again when there is something new.
    fn wait(self) {
        let millis = match self.watched.get_untracked() {
            Watched::Team => WAIT_FOR_TEAM,
            Watched::FirstEvent => WAIT_FOR_FIRST_EVENT,
            Watched::Tomorrow => WAIT_FOR_TOMORROW,
            Watched::Nothing => return,
            Watched::Today | Watched::Quality => {
                let now = self.clock.with_value(|clock| clock.at(browser::now()));
                let (tick, seconds) = self
                    .today
                    .get_untracked()
                    .map_or((now.tick(), TICK_SECONDS), |today| (today.tick, today.refresh_seconds));
                until_next(tick, seconds, now) + GRACE + (JITTER * browser::random()) as u32
            }
        };
        self.ask_in(millis);
    }

    fn ask_in(self, millis: u32) {
        // A hidden page waits until it is looked at.
        if browser::is_visible() {
            self.timer.put(Timeout::new(millis, move || self.ask()));
        }
    }

    fn visibility_changed(self) {
        if browser::is_visible() {
            self.ask();
        } else {
            self.stop();
        }
    }
}
