//! Parameters and forms of Totango's pixel.

#![no_main]

use fuzz::try_calls;
use libfuzzer_sys::fuzz_target;
use model::reject::Protocol;

fuzz_target!(|form: &[u8]| {
    try_calls(Protocol::Totango, "", form, |_| 1);
    try_calls(Protocol::Totango, "sdr_o=acme&sdr_u=lisa&sdr_a=Export", form, |_| 1);
});
