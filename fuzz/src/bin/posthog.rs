//! Bodies of PostHog's capture API: JSON, forms and base64, plain and compressed.

#![no_main]

use fuzz::{items, items_of, trimmed, try_calls};
use libfuzzer_sys::fuzz_target;
use model::reject::Protocol;
use server::routes::decoders;

fuzz_target!(|body: &[u8]| {
    // What a form or base64 holds is not said anew here; how many calls there are is, of what is plain.
    let is_plain = [&b"{"[..], b"["].iter().any(|start| body.starts_with(start));
    if is_plain {
        try_calls(Protocol::Posthog, "", body, |body| {
            let text = trimmed(body);
            items(text).or_else(|| items_of(text, "batch")).unwrap_or(1)
        });
    } else {
        try_calls(Protocol::Posthog, "", body, |body| {
            decoders::calls(Protocol::Posthog, "", body).map_or(0, |(calls, _)| calls.len())
        });
    }
});
