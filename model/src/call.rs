//! What the calls of clients that people already have mean. One file for each protocol; each is a function from the
//! JSON of one call, when it was received and the module rules to what the call says.
//!
//! What never lives here: how calls travel (paths, keys, compression), and what is stored of them.

mod fields;
mod known;
pub mod posthog;
pub mod segment;
#[cfg(test)]
mod tests;
pub mod totango;
pub mod vitally;

pub use known::{Identity, IdentityKind, Known, Meaning, Naming};

use crate::{
    event::{Event, Kind, Receipt, Rejection},
    instant::Instant,
    module_rule::ModuleRules,
    reject::Protocol,
};
use serde_json::Value;

/// The action of looking at a page or a screen.
const VIEW: &str = "View";

/// What one call says. All of it keeps the rules of events: texts and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it happened, corrected for the sender's clock.
    pub time: Instant,
    /// The user it is about.
    pub user: Option<String>,
    /// Another id of the same user.
    pub alias: Option<String>,
    /// The user's name.
    pub user_name: Option<String>,
    /// The account it names.
    pub account: Option<String>,
    /// The account's name.
    pub account_name: Option<String>,
    /// The account's attributes, where an event of our own brings them.
    pub account_attributes: Vec<(String, String)>,
    /// Whether the user belongs to that account from then on, also where a later call names none.
    pub ties: bool,
    /// The use of the product; most calls are one, and some only tell who is who.
    pub used: Option<Used>,
}

/// A use of the product, without whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Makes a retry harmless.
    pub id: Option<String>,
    /// The area of the product.
    pub module: String,
    /// What was done there.
    pub kind: Kind,
}

/// Reads one call. What it says of an account that it does not name is found by [`Known::settle`].
pub fn read(protocol: Protocol, json: &Value, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    match protocol {
        Protocol::Events => Event::from_json(json, receipt).map(Call::from),
        Protocol::Segment => segment::read(json, receipt, rules),
        Protocol::Posthog => posthog::read(json, receipt, rules),
        Protocol::Totango => totango::read(json, receipt, rules),
        Protocol::Vitally => vitally::read(json, receipt, rules),
    }
}

impl Call {
    /// A call that says nothing yet.
    fn at(time: Instant) -> Self {
        Self {
            time,
            user: None,
            alias: None,
            user_name: None,
            account: None,
            account_name: None,
            account_attributes: Vec::new(),
            ties: false,
            used: None,
        }
    }
}

impl From<Event> for Call {
    fn from(event: Event) -> Self {
        Self {
            user: Some(event.user),
            user_name: event.user_name,
            account: Some(event.account),
            account_name: event.account_name,
            account_attributes: event.account_attributes,
            used: Some(Used { id: event.id, module: event.module, kind: event.kind }),
            ..Self::at(event.time)
        }
    }
}

impl Used {
    /// An activity, done once.
    fn activity(id: Option<String>, module: String, action: String) -> Self {
        Self { id, module, kind: Kind::Activity { action, count: 1 } }
    }
}
