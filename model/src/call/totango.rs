//! Calls of Totango's pixel, whose parameters are the fields.

use super::{Call, Used, fields::Fields};
use crate::{
    event::{Kind, Receipt, Rejection},
    module_rule::ModuleRules,
};
use serde_json::Value;

/// The action of a user who is there but did nothing.
const HEARTBEAT: &str = "__heartbeat";

/// Reads one call. Without an action it tells names alone.
pub fn read(json: &Value, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    let fields = Fields::of(json)?;
    let call = Call {
        account: Some(fields.required_id(&["/sdr_o"])?),
        account_name: fields.name(&["/sdr_odn", "/sdr_o.account_name"])?,
        ..Call::at(receipt.happened(None, "")?)
    };
    let user = || fields.required_id(&["/sdr_u"]).map(Some);
    match fields.text("/sdr_a") {
        None => Ok(Call { user: fields.id(&["/sdr_u"])?, user_name: fields.name(&["/sdr_u.name"])?, ..call }),
        Some(HEARTBEAT) => {
            let module = fields.module("/sdr_m", &[], &[], rules)?;
            let used = Used { id: None, module, kind: Kind::Heartbeat };
            Ok(Call { user: user()?, used: Some(used), ..call })
        }
        Some(_) => {
            let (module, action) = fields.module_and_action("/sdr_m", fields.required_name("/sdr_a")?, &[], rules)?;
            Ok(Call { user: user()?, used: Some(Used::activity(None, module, action)), ..call })
        }
    }
}
