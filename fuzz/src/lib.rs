//! What must hold of whatever a decoder makes of bytes. The rules are said anew here, instead of asked of the code that is
//! tried: `src/bin` has a program for each decoder, `seeds` what it begins with.

use model::{
    call::{self, Call, Known},
    event::{
        COUNT_MAX, EVENT_BYTES, EVENTS_PER_REQUEST, Event, FUTURE_MILLIS, ID_BYTES, IdScope, Kind, NAME_BYTES, Receipt,
    },
    instant::Instant,
    module_rule::ModuleRules,
    reject::{Protocol, Reject},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json, value::RawValue};
use server::{
    calls::{Calls, Sent},
    routes::decoders,
    store::Batch,
};
use std::{collections::BTreeMap, sync::LazyLock};

/// When everything is received.
pub const RECEIVED: Instant = Instant::from_millis(1_795_435_200_000);

/// Rules of each kind, so that each is tried.
static RULES: LazyLock<ModuleRules> = LazyLock::new(|| {
    let rules = json!({"rules": [
        {"kind": "event", "prefix": "Report ", "module": "Reports", "strip": true},
        {"kind": "event", "prefix": "$", "module": "Own"},
        {"kind": "path", "prefix": "/reports", "module": "Reports"},
    ]});
    ModuleRules::from_json(&rules).expect("rules")
});

/// Fails unless the body is refused as a whole in a way that the API knows.
pub fn assert_refused(status: decoders::Status) {
    assert!([400, 413, 415, 422].contains(&status), "{status}");
}

/// Fails unless two readings of the same bytes gave the same.
pub fn assert_same(one: &Batch, other: &Batch) {
    assert_eq!(one.events, other.events);
    assert_eq!(one.rejects, other.rejects);
    assert_eq!(one.namings, other.namings);
    assert_eq!(one.identities, other.identities);
}

/// Fails unless everything that would be stored keeps its rules.
pub fn assert_storable(batch: &Batch) {
    batch.events.iter().for_each(assert_event);
    batch.rejects.iter().for_each(assert_reject);
    for naming in &batch.namings {
        assert_text(&naming.account, ID_BYTES);
        naming.user.iter().for_each(|user| assert_text(user, ID_BYTES));
        assert_text(&naming.name, NAME_BYTES);
        assert_time(naming.at);
    }
    for identity in &batch.identities {
        assert_text(&identity.user, ID_BYTES);
        assert_text(&identity.value, ID_BYTES.max(NAME_BYTES));
        assert_time(identity.at);
    }
}

/// Fails unless an event keeps every rule, and means the same when it is written down and read again.
pub fn assert_event(event: &Event) {
    let ids = [Some(&event.account), Some(&event.user), event.id.as_ref()];
    ids.into_iter().flatten().for_each(|id| assert_text(id, ID_BYTES));
    let names = [Some(&event.module), event.account_name.as_ref(), event.user_name.as_ref()];
    names.into_iter().flatten().for_each(|name| assert_text(name, NAME_BYTES));
    assert_time(event.time);
    let (kind, action, count) = match &event.kind {
        Kind::Activity { action, count } => {
            assert_text(action, NAME_BYTES);
            assert!((1..=COUNT_MAX).contains(count), "{count}");
            ("activity", Some(action), Some(*count))
        }
        Kind::Heartbeat => ("heartbeat", None, None),
    };
    let written = json!({
        "id": event.id, "kind": kind, "time": event.time.to_string(),
        "account": {"id": event.account, "name": event.account_name},
        "user": {"id": event.user, "name": event.user_name},
        "module": event.module, "action": action, "count": count,
    });
    let receipt = Receipt::new(event.received, None);
    // In our own form the account is always named.
    let named = Event { id_scope: IdScope::Account, ..event.clone() };
    assert_eq!(Event::from_json(&written, receipt), Ok(named), "{written}");
}

fn assert_text(text: &str, bytes: usize) {
    assert!(text.len() <= bytes, "{} bytes", text.len());
    assert!(!text.trim().is_empty(), "{text:?} is blank");
    assert!(!text.contains(char::is_control), "{text:?}");
}

fn assert_time(time: Instant) {
    assert!((0..=RECEIVED.millis() + FUTURE_MILLIS).contains(&time.millis()), "{time}");
}

fn assert_reject(reject: &Reject) {
    assert!(reject.body.len() <= EVENT_BYTES, "{} bytes", reject.body.len());
    assert!(!reject.rejection.detail.is_empty());
}

/// How many elements an array of JSON has.
pub fn items(json: &str) -> Option<usize> {
    serde_json::from_str::<Vec<IgnoredAny>>(json).ok().map(|items| items.len())
}

/// How many elements the array in a field of an object has.
pub fn items_of(json: &str, field: &str) -> Option<usize> {
    items(serde_json::from_str::<BTreeMap<String, &RawValue>>(json).ok()?.get(field)?.get())
}

/// A text without what may stand around JSON.
pub fn trimmed(body: &[u8]) -> &str {
    std::str::from_utf8(body).expect("what was read is UTF-8").trim_start_matches('\u{feff}').trim()
}

/// Tries a body of calls at the route whose path ends so, which holds as many as `sent` says of a body that can be read.
pub fn try_calls(protocol: Protocol, path: &str, body: &[u8], sent: impl Fn(&[u8]) -> usize) {
    let read = decoders::calls(protocol, path, body);
    assert_eq!(read, decoders::calls(protocol, path, body));
    let (texts, sent_at) = match read {
        Ok(read) => read,
        Err(status) => return assert_refused(status),
    };
    assert_eq!(texts.len(), sent(body), "calls read, calls sent");
    assert!(texts.len() <= EVENTS_PER_REQUEST);
    let receipt = Receipt::new(RECEIVED, sent_at);
    let sent = || texts.iter().map(|text| Sent { receipt, text: text.clone() });
    let settle = || Calls::read(protocol, sent(), &RULES).into_batch(None, Known::default());
    let batch = settle();
    assert_same(&batch, &settle());
    assert_storable(&batch);
    // What is neither a use nor rejected tells who is who.
    let tells = texts.iter().filter(|text| each(protocol, text, receipt).is_some_and(|call| call.used.is_none()));
    assert_eq!(batch.events.len() + batch.rejects.len() + tells.count(), texts.len());
}

/// What a call says by itself, if it is not rejected.
fn each(protocol: Protocol, text: &str, receipt: Receipt) -> Option<Call> {
    let json: Value =
        Some(text).filter(|text| text.len() <= EVENT_BYTES).and_then(|text| serde_json::from_str(text).ok())?;
    call::read(protocol, &json, receipt, &RULES).ok()
}
