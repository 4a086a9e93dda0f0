//! What is tracked, and what names are shown as: every event is given the names it is shown under, one by one.

use super::{Reference, Signal};
use model::{
    api::tracking::NameUse,
    event::{Event, Kind},
    instant::Instant,
    tracking::Choice,
};
use std::collections::BTreeMap;

/// A module, or an activity with its action, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) module: String,
    pub(crate) action: Option<String>,
}

/// What was chosen for names; what something is merged into is another name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices(BTreeMap<Named, (Choice, Option<Named>)>);

impl Choices {
    /// Chooses something, unless that would merge a name into itself, or an activity into one that is shown in another
    /// module. Tells whether it was chosen.
    pub(crate) fn choose(&mut self, name: &Named, choice: &Choice, into: Option<&Named>) -> bool {
        let end = match into {
            // Merged into that already, it stays so, wherever that is shown by now.
            Some(into) if self.choice(name).1.as_ref() == Some(into) => Some(into.clone()),
            Some(into)
                if self.shown_module(&into.module) != self.shown_module(&name.module) && into.action.is_some() =>
            {
                return false;
            }
            Some(into) if into.action.is_none() => Some(Named::module(&self.shown_module(&into.module))),
            Some(into) => Some(self.end_of_merging(into)),
            None => None,
        };
        if end.as_ref() == Some(name) {
            return false;
        }
        self.0.insert(name.clone(), (choice.clone(), end));
        true
    }

    /// The names that anything was chosen for.
    pub(crate) fn names(&self) -> Vec<Named> {
        self.0.keys().cloned().collect()
    }

    fn choice(&self, name: &Named) -> (Choice, Option<Named>) {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn shown_module(&self, module: &str) -> String {
        match self.choice(&Named::module(module)).1 {
            Some(into) => self.shown_module(&into.module),
            None => module.to_owned(),
        }
    }

    fn end_of_merging(&self, activity: &Named) -> Named {
        match self.choice(activity).1 {
            Some(into) => self.end_of_merging(&into),
            None => activity.clone(),
        }
    }

    /// The same as far as it stays in one shown module.
    fn end_within_module(&self, activity: &Named) -> Named {
        match self.choice(activity).1 {
            Some(into) if self.shown_module(&into.module) == self.shown_module(&activity.module) => {
                self.end_within_module(&into)
            }
            _ => activity.clone(),
        }
    }

    /// What was chosen for all activities that stand for themselves and are one by module and action.
    fn of_one(&self, module: &str, action: &str) -> Vec<Choice> {
        let is_one = |name: &&Named| {
            let same = name.action.as_deref() == Some(action) && self.shown_module(&name.module) == module;
            same && self.end_within_module(name) == **name
        };
        self.0.keys().filter(is_one).map(|name| self.choice(name).0).collect()
    }

    /// What an event is shown as; nothing where its module is not tracked. One of an activity that is not tracked says no
    /// more than that its user was there.
    fn shown(&self, event: &Event) -> Option<Event> {
        let module = self.shown_module(&event.module);
        let of_module = self.choice(&Named::module(&module)).0;
        if !of_module.tracked {
            return None;
        }
        let mut shown = event.clone();
        if let Kind::Activity { action, count } = &event.kind {
            let sent = Named { module: event.module.clone(), action: Some(action.clone()) };
            let action = self.end_within_module(&sent).action.expect("an activity has an action");
            let chosen = self.of_one(&module, &action);
            let called = chosen.iter().find_map(|choice| choice.display_name.clone());
            shown.kind = match chosen.iter().all(|choice| choice.tracked) {
                true => Kind::Activity { action: called.unwrap_or(action), count: *count },
                false => Kind::Heartbeat,
            };
        }
        shown.module = of_module.display_name.unwrap_or(module);
        Some(shown)
    }
}

impl Named {
    pub(crate) fn module(module: &str) -> Self {
        Self { module: module.to_owned(), action: None }
    }
}

impl Reference {
    /// The same workspace with names shown as they were chosen.
    pub(crate) fn shown_as(&self, choices: &Choices) -> Self {
        let shown = |signal: &Signal| match choices.shown(&signal.event) {
            Some(event) => Signal { event, ..signal.clone() },
            None => Signal { untracked: true, ..signal.clone() },
        };
        Self {
            zone: self.zone,
            idle_gap: self.idle_gap,
            online_window: self.online_window,
            signals: self.signals.iter().map(shown).collect(),
            since: self.data_since(),
            day_starts: self.day_starts.clone(),
        }
    }

    /// What was done under each name as it was sent, on any day, and in the 30 days before the day of `now`.
    pub(crate) fn name_uses(&self, now: Instant) -> BTreeMap<Named, NameUse> {
        let today = self.day_of(now);
        let mut uses: BTreeMap<Named, NameUse> = BTreeMap::new();
        for Signal { event, day, .. } in &self.signals {
            let (action, count) = match &event.kind {
                Kind::Activity { action, count } => (Some(action.clone()), *count),
                Kind::Heartbeat => (None, 0),
            };
            let activity = action.map(|action| Named { module: event.module.clone(), action: Some(action) });
            let age = (today - *day).num_days();
            for name in [Named::module(&event.module)].into_iter().chain(activity) {
                let of_name = uses.entry(name).or_default();
                of_name.last_day = of_name.last_day.max(Some(*day));
                of_name.actions += count;
                of_name.last_30_days_actions += if (1..=30).contains(&age) { count } else { 0 };
            }
        }
        uses
    }

    /// Every name that was sent.
    pub(crate) fn sent_names(&self) -> Vec<Named> {
        let mut names = Vec::new();
        for Signal { event, .. } in &self.signals {
            names.push(Named::module(&event.module));
            if let Kind::Activity { action, .. } = &event.kind {
                names.push(Named { module: event.module.clone(), action: Some(action.clone()) });
            }
        }
        names.sort();
        names.dedup();
        names
    }
}
