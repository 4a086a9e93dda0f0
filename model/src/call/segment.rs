//! Calls of Segment's tracking API: `track`, `page`, `screen`, `identify`, `group` and `alias`.

use super::{Call, Used, VIEW, fields::Fields};
use crate::{
    api::ingest::RejectionCode,
    event::{Receipt, Rejection},
    module_rule::ModuleRules,
};
use serde_json::Value;

/// Where a call may say on which page it happened.
const PATHS: [&str; 4] = ["/properties/path", "/properties/url", "/context/page/path", "/context/page/url"];

const MODULE: &str = "/properties/module";

/// Reads one call; its `type` says which. One that names both a user and an anonymous id says that they are the same.
pub fn read(json: &Value, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    let fields = Fields::of(json)?;
    // Where both are there, the first is by the sender's clock, as `sentAt` is.
    let time = fields.time(&["/originalTimestamp", "/timestamp"], receipt)?;
    let account = fields.id(&["/context/groupId"])?;
    let user = || fields.required_id(&["/userId", "/anonymousId"]).map(Some);
    let id = || fields.id(&["/messageId"]);
    match fields.required_name("/type")?.as_str() {
        "track" => {
            let event = fields.required_name("/event")?;
            let (module, action) = fields.module_and_action(MODULE, event, &PATHS, rules)?;
            Ok(Call { user: user()?, account, used: Some(Used::activity(id()?, module, action)), ..Call::at(time) })
        }
        "page" | "screen" => {
            let names = ["/category", "/properties/category", "/name", "/properties/name"];
            let module = fields.module(MODULE, &PATHS, &names, rules)?;
            let used = Some(Used::activity(id()?, module, VIEW.to_owned()));
            Ok(Call { user: user()?, account, used, ..Call::at(time) })
        }
        "identify" => {
            let alias = fields.id(&["/userId"])?.and(fields.id(&["/anonymousId"])?);
            Ok(Call { user: user()?, alias, account, user_name: fields.user_name("/traits")?, ..Call::at(time) })
        }
        "group" => {
            let account = Some(fields.required_id(&["/groupId"])?);
            let account_name = fields.name(&["/traits/name"])?;
            Ok(Call { user: user()?, account, account_name, ties: true, ..Call::at(time) })
        }
        "alias" => {
            let alias = Some(fields.required_id(&["/previousId"])?);
            Ok(Call { user: fields.required_id(&["/userId"]).map(Some)?, alias, ..Call::at(time) })
        }
        other => {
            let detail = format!("“{other}” is no type of call");
            Err(Rejection::new(RejectionCode::UnsupportedCall, "/type", detail))
        }
    }
}
