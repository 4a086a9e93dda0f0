//! What the groups of somebody give them. Pure.

use crate::store::Given;
use model::member::Role;
use std::{collections::BTreeSet, str::FromStr};

/// What belonging to a group gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// What the provider calls the group.
    pub group: String,
    /// What it gives.
    pub gives: GroupGives,
}

/// What a group may give. All of them let somebody in who is no member yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupGives {
    /// Looking at the dashboards: nothing more.
    Viewer,
    /// Being an administrator.
    Administrator,
    /// Saying what is tracked.
    ConfigureTracking,
    /// A team, by its name.
    Team(String),
}

impl FromStr for GroupRule {
    type Err = String;

    /// Reads `GROUP=WHAT`, with space around it or not. A group's name may have equals signs itself, as those of directories
    /// do.
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = "not GROUP=WHAT, where WHAT is viewer, administrator, configure-tracking or team:NAME";
        let (group, gives) = text.trim().rsplit_once('=').ok_or(fault)?;
        let gives = match (gives, gives.strip_prefix("team:")) {
            ("viewer", _) => GroupGives::Viewer,
            ("administrator", _) => GroupGives::Administrator,
            ("configure-tracking", _) => GroupGives::ConfigureTracking,
            (_, Some(team)) if !team.is_empty() => GroupGives::Team(team.to_owned()),
            _ => return Err(fault.to_owned()),
        };
        if group.is_empty() { Err(fault.to_owned()) } else { Ok(Self { group: group.to_owned(), gives }) }
    }
}

/// What groups give by some rules. What no rule gives to anybody is left as it is; what one gives is taken from those who
/// are not in its group.
pub(super) fn given(rules: &[GroupRule], groups: &BTreeSet<String>) -> Given {
    let mut given = Given::default();
    for GroupRule { group, gives } in rules {
        let has = groups.contains(group);
        match gives {
            GroupGives::Viewer => {}
            GroupGives::Administrator => {
                let before = given.role.get_or_insert_default();
                *before = if has { Role::Administrator } else { *before };
            }
            GroupGives::ConfigureTracking => *given.configures_tracking.get_or_insert_default() |= has,
            GroupGives::Team(team) => *given.teams.entry(team.clone()).or_default() |= has,
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<GroupRule> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_rule_is_a_group_and_what_it_gives() {
        let rule = |group: &str, gives| Ok(GroupRule { group: group.into(), gives });
        assert_eq!("admins=administrator".parse(), rule("admins", GroupGives::Administrator));
        assert_eq!(" admins=administrator\n".parse(), rule("admins", GroupGives::Administrator));
        assert_eq!("a b=team:Key accounts".parse(), rule("a b", GroupGives::Team("Key accounts".into())));
        assert_eq!("cn=sales,ou=eu=viewer".parse(), rule("cn=sales,ou=eu", GroupGives::Viewer));
        assert_eq!("ops=configure-tracking".parse(), rule("ops", GroupGives::ConfigureTracking));
        for wrong in ["", "admins", "admins=", "=viewer", "admins=root", "a=team:", "admins=Administrator"] {
            assert!(wrong.parse::<GroupRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_rule_gives_to_nobody_here_is_taken_and_the_rest_is_left() {
        let rules = rules(&["admins=administrator", "root=administrator", "a=team:One", "b=team:One", "b=team:Two"]);
        let given = |groups: &[&str]| {
            let given = given(&rules, &groups.iter().map(|group| (*group).to_owned()).collect());
            let teams: Vec<(String, bool)> = given.teams.into_iter().collect();
            (given.role, given.configures_tracking, teams)
        };
        let teams = |one, two| vec![("One".to_owned(), one), ("Two".to_owned(), two)];
        assert_eq!(given(&["admins", "a"]), (Some(Role::Administrator), None, teams(true, false)));
        assert_eq!(given(&["b", "other"]), (Some(Role::Viewer), None, teams(true, true)));
        assert_eq!(given(&[]), (Some(Role::Viewer), None, teams(false, false)));
        assert_eq!(super::given(&[], &BTreeSet::from(["admins".to_owned()])), Given::default());
    }
}
