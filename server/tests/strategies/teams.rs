//! Teams of the small workspace, whose rules match some of its accounts, and often the same ones.

use super::events::{ACCOUNT_NAMES, ACCOUNTS, PLANS};
use model::team::{Comparison, RuleOn, TeamDefinition, TeamRule};
use proptest::{prelude::*, sample::select};

/// A team with this name.
pub(crate) fn team(name: &'static str) -> impl Strategy<Value = TeamDefinition> {
    let ids: Vec<&'static str> = ACCOUNTS.iter().copied().chain(["not there yet"]).collect();
    let accounts = prop::collection::btree_set(select(ids).prop_map(str::to_owned), 0..3);
    let rules = prop::collection::vec(
        prop_oneof![on_text(RuleOn::Id, ACCOUNTS), on_text(RuleOn::Name, ACCOUNT_NAMES), on_plan()],
        0..3,
    );
    (accounts, rules).prop_map(move |(accounts, rules)| TeamDefinition { name: name.to_owned(), accounts, rules })
}

/// A rule on a piece of one of these texts, in any case.
fn on_text(on: RuleOn, texts: &'static [&'static str]) -> impl Strategy<Value = TeamRule> {
    let piece = (select(texts), select(&Comparison::ALL), 0..4usize, 1..4usize, 0..3u8);
    piece.prop_map(move |(text, is, skip, take, case)| {
        let piece: String = match is {
            Comparison::Equals => text.to_owned(),
            Comparison::StartsWith => text.chars().take(take - 1).collect(),
            Comparison::Contains => text.chars().skip(skip).take(take).collect(),
        };
        let value = match case {
            0 => piece.to_lowercase(),
            1 => piece.to_uppercase(),
            _ => piece,
        };
        TeamRule { on, attribute: None, is, value }
    })
}

fn on_plan() -> impl Strategy<Value = TeamRule> {
    (select(vec!["plan", "Plan"]), select(PLANS)).prop_map(|(attribute, plan)| TeamRule {
        on: RuleOn::Attribute,
        attribute: Some(attribute.to_owned()),
        is: Comparison::Equals,
        value: plan.to_owned(),
    })
}
