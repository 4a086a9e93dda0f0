//! Which names are new, and which may have been meant to be one.

use crate::{
    Day,
    api::quality::{FirstSeen, LISTED, NameKind, SimilarName, SimilarNames},
    instant::Instant,
};
use std::{cmp::Reverse, collections::BTreeMap};

/// A module, or an activity, with what is known of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The module.
    pub module: String,
    /// The action, of an activity.
    pub action: Option<String>,
    /// When the first event with this name was received.
    pub first_received: Instant,
    /// The first and the last local day it was used; `None` where there have been heartbeats alone.
    pub days: Option<(Day, Day)>,
    /// Actions, ever.
    pub actions: i64,
    /// The most distinct users of one day.
    pub most_users: i64,
}

/// The names that were first received at or after `since`, newest first, at most [`LISTED`]. `day_of` tells the local day
/// of an instant.
pub fn first_seen(names: &[Name], since: Instant, day_of: impl Fn(Instant) -> Day) -> Vec<FirstSeen> {
    let mut seen: Vec<&Name> = names.iter().filter(|name| name.first_received >= since).collect();
    seen.sort_by_key(|name| (Reverse(name.first_received), &name.module, &name.action));
    seen.truncate(LISTED);
    let entry = |name: &Name| FirstSeen {
        module: name.module.clone(),
        action: name.action.clone(),
        first_received: name.first_received,
        day: day_of(name.first_received),
        first_day: name.days.map(|(first, _)| first),
        actions: name.actions,
        most_users: name.most_users,
    };
    seen.into_iter().map(entry).collect()
}

/// Groups of names that differ only in case, white space, hyphens and underscores: modules, and actions within one
/// module. Those with the most actions first, at most [`LISTED`] groups.
pub fn similar_names(names: &[Name]) -> Vec<SimilarNames> {
    let mut groups: BTreeMap<(NameKind, Option<&str>, String), Vec<&Name>> = BTreeMap::new();
    for name in names {
        let key = match &name.action {
            None => (NameKind::Module, None, folded(&name.module)),
            Some(action) => (NameKind::Action, Some(name.module.as_str()), folded(action)),
        };
        groups.entry(key).or_default().push(name);
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, names)| names.len() > 1).collect();
    groups.sort_by_key(|(_, names)| Reverse(names.iter().map(|name| name.actions).sum::<i64>()));
    groups.truncate(LISTED);
    let group = |((kind, module, _), mut names): ((NameKind, Option<&str>, String), Vec<&Name>)| {
        names.sort_by_key(|name| (Reverse(name.actions), &name.module, &name.action));
        SimilarNames { kind, module: module.map(str::to_owned), names: names.into_iter().map(similar_name).collect() }
    };
    groups.into_iter().map(group).collect()
}

fn similar_name(name: &Name) -> SimilarName {
    SimilarName {
        name: name.action.as_ref().unwrap_or(&name.module).clone(),
        actions: name.actions,
        last_day: name.days.map(|(_, last)| last),
    }
}

/// A name without what two spellings of it may differ in: in lower case, without white space, hyphens and underscores.
fn folded(name: &str) -> String {
    let separates = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '_' | '\u{2010}' | '\u{2011}');
    name.to_lowercase().chars().filter(|letter| !separates(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(module: &str, action: Option<&str>, received: i64, actions: i64) -> Name {
        Name {
            module: module.into(),
            action: action.map(Into::into),
            first_received: Instant::from_millis(received),
            days: None,
            actions,
            most_users: 0,
        }
    }

    #[test]
    fn spellings_of_a_name_fold_to_the_same() {
        for (one, other) in [
            ("Dashboard", "dashboard"),
            ("Big Board", "big-board"),
            ("Big\u{a0}Board", "BIG_BOARD"),
            ("Log in", "Login"),
            ("ÜBERSICHT", "Übersicht "),
            ("log\u{2011}in", "log in"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
        for (one, other) in [("Dashboard", "Dashboards"), ("Überblick", "Uberblick"), ("A/B", "AB")] {
            assert_ne!(folded(one), folded(other), "{one} and {other}");
        }
    }

    #[test]
    fn modules_look_alike_and_actions_within_a_module() {
        let names = [
            name("Board", None, 0, 5),
            name("board", None, 0, 7),
            name("Wiki", None, 0, 100),
            name("Wiki", Some("Log in"), 0, 20),
            name("Wiki", Some("login"), 0, 1),
            name("Wiki", Some("board"), 0, 1),
            name("Board", Some("Login"), 0, 50),
        ];
        let groups = similar_names(&names);
        let shown: Vec<_> = groups
            .iter()
            .map(|group| {
                let names: Vec<_> = group.names.iter().map(|name| (name.name.as_str(), name.actions)).collect();
                (group.kind, group.module.as_deref(), names)
            })
            .collect();
        assert_eq!(
            shown,
            [
                (NameKind::Action, Some("Wiki"), vec![("Log in", 20), ("login", 1)]),
                (NameKind::Module, None, vec![("board", 7), ("Board", 5)]),
            ]
        );
    }

    #[test]
    fn what_is_new_comes_newest_first() {
        let names = [name("Old", None, 9, 1), name("New", None, 10, 1), name("Newer", None, 11, 1)];
        let first_seen = |names, since| first_seen(names, Instant::from_millis(since), |_| Day::default());
        let seen = first_seen(&names, 10);
        assert_eq!(seen.iter().map(|seen| seen.module.as_str()).collect::<Vec<_>>(), ["Newer", "New"]);
        let many: Vec<Name> = (0..150).map(|number| name(&number.to_string(), None, number, 1)).collect();
        let seen = first_seen(&many, 0);
        assert_eq!((seen.len(), seen[0].module.as_str()), (LISTED, "149"));
    }
}
