//! Calls of one request, from their JSON to what is stored of them: a use becomes an event, what tells who is who is
//! kept for the events to come, and what can't be used is a rejected event.

use crate::store::Batch;
use model::{
    call::{self, Call, Known},
    event::{EVENT_BYTES, Receipt, Rejection},
    module_rule::ModuleRules,
    reject::{Origin, Protocol, Reject},
};
use std::collections::BTreeSet;

/// The calls of a request, each read or rejected.
#[derive(Debug)]
pub struct Calls {
    protocol: Protocol,
    receipt: Receipt,
    /// Each as it was sent, and what it says.
    each: Vec<(String, Result<Call, Rejection>)>,
}

impl Calls {
    /// Reads each call, as JSON.
    pub fn read(protocol: Protocol, receipt: Receipt, texts: Vec<String>, rules: &ModuleRules) -> Self {
        let read = |text: String| {
            let call = read(protocol, &text, receipt, rules);
            (text, call)
        };
        Self { protocol, receipt, each: texts.into_iter().map(read).collect() }
    }

    /// The users of whom it must be known what was told of them earlier.
    pub fn users(&self) -> BTreeSet<&str> {
        self.read_well().flat_map(|call| [&call.user, &call.alias]).flatten().map(String::as_str).collect()
    }

    /// What there is to store, when that is known. `key` is the name of the key the calls were sent with.
    pub fn settle(self, key: Option<String>, mut known: Known) -> Batch {
        known.expect(self.read_well());
        let mut batch = Batch::default();
        for (text, call) in self.each {
            match call.and_then(|call| known.settle(call, self.receipt.received)) {
                Ok(meaning) => {
                    batch.events.extend(meaning.event);
                    batch.namings.extend(meaning.namings);
                    batch.identities.extend(meaning.identities);
                }
                Err(rejection) => {
                    let origin = Origin { protocol: self.protocol, key: key.clone() };
                    batch.rejects.push(Reject::new(origin, self.receipt, rejection, &text));
                }
            }
        }
        batch
    }

    fn read_well(&self) -> impl Iterator<Item = &Call> {
        self.each.iter().filter_map(|(_, call)| call.as_ref().ok())
    }
}

fn read(protocol: Protocol, text: &str, receipt: Receipt, rules: &ModuleRules) -> Result<Call, Rejection> {
    if text.len() > EVENT_BYTES {
        return Err(Rejection::too_large("call", text.len()));
    }
    call::read(protocol, &serde_json::from_str(text).map_err(Rejection::malformed)?, receipt, rules)
}
