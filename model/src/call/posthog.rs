//! Events of PostHog's capture API. Its own begin with a dollar sign: some are uses, some tell who is who, and the rest
//! say nothing of what anybody did.

use super::{Call, Used, VIEW, fields::Fields};
use crate::{
    event::{Kind, NAME_BYTES, Receipt, Rejection, checked, pointer_part},
    module_rule::ModuleRules,
};
use serde_json::Value;

/// The types of groups that stand for an account, best first. Where an event is of none of them, the first type by its
/// name does.
const ACCOUNT_TYPES: [&str; 8] =
    ["company", "account", "organization", "organisation", "customer", "tenant", "workspace", "team"];

/// Where an event may say on which page it happened.
const PATHS: [&str; 2] = ["/properties/$pathname", "/properties/$current_url"];

const MODULE: &str = "/properties/module";

/// Reads one event. Its user belongs from then on to the account that it names.
pub fn read(json: &Value, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    let fields = Fields::of(json)?;
    let time = match fields.at("/offset").and_then(Value::as_f64).filter(|_| fields.at("/timestamp").is_none()) {
        // Milliseconds between the event and its sending.
        Some(offset) => {
            let time = receipt.received.plus_millis((offset as i64).saturating_neg());
            Receipt { sent_at: None, ..receipt }.happened(Some(time), "/offset")?
        }
        None => fields.time(&["/timestamp"], receipt)?,
    };
    let event = fields.required_name("/event")?;
    let (account, user) = (account(fields)?, fields.id(&["/distinct_id", "/properties/distinct_id"])?);
    let call = Call { user, ties: account.is_some(), account, ..Call::at(time) };
    let id = || fields.id(&["/uuid"]);
    let module = || fields.module(MODULE, &PATHS, &["/properties/$screen_name"], rules);
    match event.as_str() {
        "$pageview" | "$screen" => {
            Ok(Call { used: Some(Used::activity(id()?, module()?, VIEW.to_owned())), ..by_somebody(call, fields)? })
        }
        // The user is there, but what was done has no name.
        "$pageleave" | "$autocapture" | "$rageclick" => {
            let used = Used { id: id()?, module: module()?, kind: Kind::Heartbeat };
            Ok(Call { used: Some(used), ..by_somebody(call, fields)? })
        }
        "$identify" | "$set" => {
            let alias = fields.id(&["/properties/$anon_distinct_id"])?;
            let user_name = match fields.user_name("/$set")? {
                Some(name) => Some(name),
                None => fields.user_name("/properties/$set")?,
            };
            Ok(Call { alias, user_name, ..by_somebody(call, fields)? })
        }
        "$create_alias" => {
            let alias = Some(fields.required_id(&["/properties/alias"])?);
            Ok(Call { alias, ..by_somebody(call, fields)? })
        }
        "$groupidentify" => {
            let group = fields.required_id(&["/properties/$group_key"])?;
            let is_account = match &call.account {
                Some(account) => *account == group,
                None => fields.text("/properties/$group_type").is_some_and(|kind| ACCOUNT_TYPES.contains(&kind)),
            };
            let account_name = if is_account { fields.name(&["/properties/$group_set/name"])? } else { None };
            if call.account.is_some() {
                return Ok(Call { account_name, ..call });
            }
            // It tells of a group, not of who belongs to it.
            Ok(Call { user: None, account: is_account.then_some(group), account_name, ..call })
        }
        own if own.starts_with('$') => Ok(call),
        _ => {
            let (module, action) = fields.module_and_action(MODULE, event, &PATHS, rules)?;
            Ok(Call { used: Some(Used::activity(id()?, module, action)), ..by_somebody(call, fields)? })
        }
    }
}

/// The call, which must be about a user.
fn by_somebody(call: Call, fields: Fields<'_>) -> Result<Call, Rejection> {
    match call.user {
        Some(_) => Ok(call),
        None => Ok(Call { user: Some(fields.required_id(&["/distinct_id"])?), ..call }),
    }
}

/// The group that stands for the account.
fn account(fields: Fields<'_>) -> Result<Option<String>, Rejection> {
    let Some(Value::Object(groups)) = fields.at("/properties/$groups") else { return Ok(None) };
    let usable = |kind: &&str| checked(kind, "", "the type", NAME_BYTES).is_ok();
    let places = ACCOUNT_TYPES.iter().copied().chain(groups.keys().map(String::as_str).filter(usable));
    let pointers: Vec<String> = places.map(|kind| format!("/properties/$groups/{}", pointer_part(kind))).collect();
    fields.id(&pointers.iter().map(String::as_str).collect::<Vec<_>>())
}
