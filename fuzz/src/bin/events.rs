//! Bodies of `POST /api/v1/events`, read as JSON and as NDJSON.

#![no_main]

use fuzz::{RECEIVED, assert_refused, assert_same, assert_storable, items, items_of, trimmed};
use libfuzzer_sys::fuzz_target;
use model::event::{Event, Receipt};
use serde_json::Value;
use server::routes::decoders;

fuzz_target!(|body: &[u8]| {
    try_body("application/json", body, |text| match items(text) {
        Some(events) => events,
        None => items_of(text, "events").unwrap_or(1),
    });
    try_body("application/x-ndjson", body, |text| text.lines().filter(|line| !line.trim().is_empty()).count());
    if let Ok(text) = std::str::from_utf8(body) {
        text.lines().for_each(try_text);
    }
});

/// Tries a body that holds as many events as `sent` says, if it can be read.
fn try_body(content_type: &str, body: &[u8], sent: impl Fn(&str) -> usize) {
    let read = || decoders::events(content_type, body, RECEIVED);
    let (batch, rejected) = match read() {
        Ok(read) => read,
        Err(status) => return assert_refused(status),
    };
    let again = read().expect("read before");
    assert_same(&batch, &again.0);
    assert_eq!(rejected, again.1);
    assert_storable(&batch);
    assert_eq!(batch.rejects.len(), rejected.len(), "rejected events kept, and told");
    let sent = sent(trimmed(body));
    assert_eq!(batch.events.len() + rejected.len(), sent, "accepted and rejected, sent");
    assert!(rejected.is_sorted_by(|one, next| one.index < next.index));
    assert!(rejected.last().is_none_or(|last| last.index < sent));
}

/// Text means the same as the JSON in it.
fn try_text(text: &str) {
    let receipt = Receipt::new(RECEIVED, None);
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        assert_eq!(Event::from_text(text, receipt), Event::from_json(&json, receipt));
    }
}
