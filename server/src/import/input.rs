//! A log's text, taken piece by piece, with its lines counted.

use super::RECORD_BYTES;
use std::io::{self, BufRead, ErrorKind};

/// Decompressed text.
pub(super) struct Input<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> Input<R> {
    /// The text from its first line.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: 1 }
    }

    /// The line of the next byte; from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Some of the bytes that come next; none at the end.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        // Asked twice, because the borrow checker does not let a loop hand its own borrow out.
        while let Err(error) = self.reader.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        self.reader.fill_buf()
    }

    /// Moves past some of the bytes that [`Input::peek`] showed, and keeps them.
    pub(super) fn take(&mut self, bytes: usize, kept: &mut Vec<u8>) -> io::Result<()> {
        let taken = &self.peek()?[..bytes];
        kept.extend_from_slice(taken);
        self.pass(bytes)
    }

    /// Moves past some of the bytes that [`Input::peek`] showed.
    pub(super) fn pass(&mut self, bytes: usize) -> io::Result<()> {
        let newlines = self.peek()?[..bytes].iter().filter(|byte| **byte == b'\n').count();
        self.line += newlines as u64;
        self.reader.consume(bytes);
        Ok(())
    }

    /// Moves past bytes of a kind, and shows the first of another; `None` at the end.
    pub(super) fn skip(&mut self, kind: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let bytes = self.peek()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            match bytes.iter().position(|byte| !kind(*byte)) {
                Some(skipped) => {
                    let next = bytes[skipped];
                    self.pass(skipped)?;
                    return Ok(Some(next));
                }
                None => {
                    let skipped = bytes.len();
                    self.pass(skipped)?;
                }
            }
        }
    }

    /// Takes the rest of the line with its newline, but never more than one byte beyond [`RECORD_BYTES`]: that byte
    /// says that the line is too long.
    pub(super) fn take_line(&mut self, kept: &mut Vec<u8>) -> io::Result<()> {
        while kept.len() <= RECORD_BYTES {
            let bytes = self.peek()?;
            let bytes = &bytes[..bytes.len().min(RECORD_BYTES + 1 - kept.len())];
            let (taken, ends) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(newline) => (newline + 1, true),
                None => (bytes.len(), bytes.is_empty()),
            };
            self.take(taken, kept)?;
            if ends {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Moves past the rest of the line, and its newline.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        if self.skip(|byte| byte != b'\n')?.is_some() {
            self.pass(1)?;
        }
        Ok(())
    }
}
