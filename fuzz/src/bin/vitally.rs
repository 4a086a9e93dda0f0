//! Bodies of Vitally's analytics API.

#![no_main]

use fuzz::{items, trimmed, try_calls};
use libfuzzer_sys::fuzz_target;
use model::reject::Protocol;

fuzz_target!(|body: &[u8]| {
    try_calls(Protocol::Vitally, "batch", body, |body| items(trimmed(body)).expect("an array"));
    for path in ["track", "user", "account"] {
        try_calls(Protocol::Vitally, path, body, |_| 1);
    }
});
