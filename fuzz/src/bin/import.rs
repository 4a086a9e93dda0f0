//! Logs to be imported.

#![no_main]

use fuzz::{RECEIVED, assert_event};
use libfuzzer_sys::fuzz_target;
use model::event::Event;
use server::{clock::ManualClock, import};
use std::io::{self, Cursor, Read, Write};

type Log = (Vec<Event>, usize, Option<String>);

fuzz_target!(|log: &[u8]| {
    let is_gzip = log.starts_with(b"\x1f\x8b");
    let read = read(Cursor::new(log.to_vec()));
    let (events, rejected, failure) = &read;
    let in_pieces = self::read(Pieces { rest: Cursor::new(log.to_vec()), next: 1 });
    // How much of broken gzip comes out before it is noticed depends on the pieces.
    match is_gzip && failure.is_some() {
        true => assert!(in_pieces.2.is_some(), "broken in one piece"),
        false => assert_eq!(read, in_pieces, "in one piece, in several"),
    }
    events.iter().for_each(assert_event);
    assert!(events.iter().all(|event| event.id.is_some()), "read again, it would count twice");
    if is_gzip {
        return;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(log).expect("written to memory");
    assert_eq!(read, self::read(Cursor::new(gzip.finish().expect("written to memory"))), "plain, compressed");
    let text = log.strip_prefix(b"\xef\xbb\xbf").unwrap_or(log);
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let records = events.len() + rejected;
    if text.trim_ascii_start().starts_with(b"{") {
        assert_eq!(failure.as_deref(), None);
        assert_eq!(records, lines, "accepted and rejected, lines");
    } else if failure.is_none() {
        // A row may take several lines, or end by a carriage return.
        let rows = log.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|row| !row.is_empty()).count();
        assert!(records <= rows, "{records} of {rows} rows");
    }
});

fn read(log: impl Read + Send + 'static) -> Log {
    import::read(log, &ManualClock::new(RECEIVED))
}

/// Bytes that come in pieces of changing length, as from a pipe.
struct Pieces {
    rest: Cursor<Vec<u8>>,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.next.min(buffer.len());
        self.next = self.next % 7 + 1;
        self.rest.read(&mut buffer[..length])
    }
}
