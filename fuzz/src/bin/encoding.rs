//! Compressed bodies.

#![no_main]

use fuzz::assert_refused;
use libfuzzer_sys::fuzz_target;
use model::event::REQUEST_BYTES;
use server::routes::decoders::decompress;
use std::io::Write;

const ENCODINGS: [&str; 3] = ["gzip", "br", "zstd"];

fuzz_target!(|bytes: &[u8]| {
    for encoding in ENCODINGS {
        let plain = decompress(encoding, bytes);
        assert_eq!(plain, decompress(encoding, bytes));
        match plain {
            Ok(plain) => assert!(plain.len() <= REQUEST_BYTES),
            Err(status) => assert_refused(status),
        }
        let encoded = compress(encoding, bytes);
        assert_eq!(decompress(encoding, &encoded).as_deref(), Ok(bytes), "{encoding}");
        // Somewhere, but not before the first byte.
        let cut_off = &encoded[..encoded.len().div_ceil(1 + bytes.len() % 7).min(encoded.len() - 1)];
        if !cut_off.is_empty() {
            assert!(decompress(encoding, cut_off).is_err(), "{encoding} cut off after {} bytes", cut_off.len());
        }
    }
});

fn compress(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let written = match encoding {
        "gzip" => flate2::write::GzEncoder::new(&mut encoded, flate2::Compression::fast()).write_all(plain),
        "br" => brotli::CompressorWriter::new(&mut encoded, 4096, 3, 20).write_all(plain),
        _ => zstd::stream::copy_encode(plain, &mut encoded, 1),
    };
    written.expect("written to memory");
    encoded
}
