//! Messages of Vitally's analytics API: `track`, `user` and `account`.

use super::{Call, Used, fields::Fields};
use crate::{
    api::ingest::RejectionCode,
    event::{Receipt, Rejection},
    module_rule::ModuleRules,
};
use serde_json::Value;

/// Reads one message; its `type` says which.
pub fn read(json: &Value, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    let fields = Fields::of(json)?;
    let call = Call { account: fields.id(&["/accountId"])?, ..Call::at(fields.time(&["/timestamp"], receipt)?) };
    let user = || fields.required_id(&["/userId"]).map(Some);
    match fields.required_name("/type")?.as_str() {
        "track" => {
            let event = fields.required_name("/event")?;
            let (module, action) = fields.module_and_action("/properties/module", event, &[], rules)?;
            let used = Used::activity(fields.id(&["/messageId"])?, module, action);
            Ok(Call { user: user()?, used: Some(used), ..call })
        }
        "user" => {
            let (ties, user_name) = (call.account.is_some(), fields.user_name("/traits")?);
            Ok(Call { user: user()?, user_name, ties, ..call })
        }
        "account" => {
            let account = Some(fields.required_id(&["/accountId"])?);
            Ok(Call { account, account_name: fields.name(&["/traits/name"])?, ..call })
        }
        // It says how accounts belong together, which nothing here depends on.
        "organization" => Ok(call),
        other => {
            let detail = format!("“{other}” is no type of message that can be used here");
            Err(Rejection::new(RejectionCode::UnsupportedCall, "/type", detail))
        }
    }
}
