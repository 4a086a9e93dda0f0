//! What teams see: the accounts that match by the newest name and attributes of all their events.

use super::Reference;
use model::team::{Comparison, RuleOn, TeamDefinition, TeamRule};
use std::collections::BTreeSet;

impl Reference {
    /// The accounts that any of these teams sees, by their ids.
    pub(crate) fn seen_by(&self, teams: &[&TeamDefinition]) -> BTreeSet<String> {
        let accounts: BTreeSet<String> = self.signals.iter().map(|signal| signal.event.account.clone()).collect();
        let is_seen = |id: &String| {
            let named = teams.iter().any(|team| team.accounts.contains(id));
            named || teams.iter().flat_map(|team| &team.rules).any(|rule| self.matches(rule, id))
        };
        accounts.into_iter().filter(is_seen).collect()
    }

    /// The same workspace as those see it who see these accounts.
    pub(crate) fn of_accounts(&self, accounts: &BTreeSet<String>) -> Self {
        let seen = self.signals.iter().filter(|signal| accounts.contains(&signal.event.account));
        Self {
            zone: self.zone,
            idle_gap: self.idle_gap,
            online_window: self.online_window,
            signals: seen.cloned().collect(),
            since: self.data_since(),
            day_starts: self.day_starts.clone(),
        }
    }

    fn matches(&self, TeamRule { on, attribute, is, value }: &TeamRule, id: &str) -> bool {
        let holds = |text: &str, value: &str| {
            let (text, value): (Vec<char>, Vec<char>) = (text.chars().collect(), value.chars().collect());
            match is {
                Comparison::Equals => text == value,
                Comparison::StartsWith => text.starts_with(&value),
                Comparison::Contains => (0..=text.len()).any(|at| text[at..].starts_with(&value)),
            }
        };
        match on {
            RuleOn::Id => holds(id, value),
            RuleOn::Name => holds(&self.account(id).name.to_lowercase(), &value.to_lowercase()),
            RuleOn::Attribute => {
                let events = self.signals.iter().map(|signal| &signal.event).filter(|event| event.account == id);
                let sent = events.flat_map(|event| event.account_attributes.iter().map(move |sent| (event.time, sent)));
                let values = sent.filter(|(_, (name, _))| Some(name) == attribute.as_ref());
                let newest = values.map(|(time, (_, value))| (time, value)).max();
                newest.is_some_and(|(_, newest)| holds(newest, value))
            }
        }
    }
}
