//! Bodies of Segment's tracking API.

#![no_main]

use fuzz::{items_of, trimmed, try_calls};
use libfuzzer_sys::fuzz_target;
use model::reject::Protocol;

fuzz_target!(|body: &[u8]| {
    try_calls(Protocol::Segment, "batch", body, |body| items_of(trimmed(body), "batch").expect("an array"));
    for path in ["track", "page", "group"] {
        try_calls(Protocol::Segment, path, body, |_| 1);
    }
});
