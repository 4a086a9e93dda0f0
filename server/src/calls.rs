//! Calls that come together, in a request or in a replay, from their JSON to what they mean: a use becomes an event, what
//! tells who is who is kept for the events to come, and what can't be used is a rejected event.

use crate::store::Batch;
use model::{
    call::{self, Call, Known, Meaning},
    event::{EVENT_BYTES, Receipt, Rejection},
    module_rule::ModuleRules,
    reject::{Origin, Protocol, Reject},
};
use std::collections::BTreeSet;

/// Calls of one protocol, each read or rejected.
#[derive(Debug)]
pub struct Calls {
    protocol: Protocol,
    /// Each as it was sent, and what it says.
    each: Vec<(Sent, Result<Call, Rejection>)>,
}

/// A call as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When.
    pub receipt: Receipt,
    /// Its JSON.
    pub text: String,
}

impl Calls {
    /// Reads each call.
    pub fn read(protocol: Protocol, sent: impl IntoIterator<Item = Sent>, rules: &ModuleRules) -> Self {
        let read = |sent: Sent| {
            let call = read(protocol, &sent, rules);
            (sent, call)
        };
        Self { protocol, each: sent.into_iter().map(read).collect() }
    }

    /// The users of whom it must be known what was told of them earlier.
    pub fn users(&self) -> BTreeSet<&str> {
        // An event names its account itself, and is known by what it says alone.
        let calls = self.read_well().filter(|_| self.protocol != Protocol::Events);
        calls.flat_map(|call| [&call.user, &call.alias]).flatten().map(String::as_str).collect()
    }

    /// What each means, in their order, when that is known.
    pub fn settle(self, mut known: Known) -> impl Iterator<Item = (Sent, Result<Meaning, Rejection>)> {
        known.expect(self.read_well());
        self.each.into_iter().map(move |(sent, call)| {
            let meaning = call.and_then(|call| known.settle(call, sent.receipt.received));
            (sent, meaning)
        })
    }

    /// What there is to store of calls that are new. `key` is the name of the key they were sent with.
    pub fn into_batch(self, key: Option<String>, known: Known) -> Batch {
        let origin = Origin { protocol: self.protocol, key };
        let mut batch = Batch::default();
        for (Sent { receipt, text }, meaning) in self.settle(known) {
            match meaning {
                Ok(meaning) => batch.add(meaning),
                Err(rejection) => batch.rejects.push(Reject::new(origin.clone(), receipt, rejection, &text)),
            }
        }
        batch
    }

    fn read_well(&self) -> impl Iterator<Item = &Call> {
        self.each.iter().filter_map(|(_, call)| call.as_ref().ok())
    }
}

fn read(protocol: Protocol, Sent { receipt, text }: &Sent, rules: &ModuleRules) -> Result<Call, Rejection> {
    if text.len() > EVENT_BYTES {
        return Err(Rejection::too_large("call", text.len()));
    }
    call::read(protocol, &serde_json::from_str(text).map_err(Rejection::malformed)?, *receipt, rules)
}
