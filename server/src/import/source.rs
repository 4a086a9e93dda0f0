//! Where a log comes from.

use flate2::bufread::MultiGzDecoder;
use std::{
    fs::{File, Metadata},
    io::{self, BufReader, Cursor, Read, Seek},
    path::{Path, PathBuf},
};

/// Bytes to read, from a thread of its own.
pub(super) type Bytes = Box<dyn Read + Send>;

/// A log and its name.
pub(super) struct Source {
    name: String,
    place: Place,
}

enum Place {
    Path(PathBuf),
    /// Can be read once.
    Stream(Bytes),
    /// The copy of something that can be read once. The file has no name, and goes with the import.
    Copy(File),
}

/// A log's bytes as they are stored.
pub(super) struct Opened {
    pub(super) bytes: Bytes,
    /// How many there are, where that is known.
    pub(super) length: Option<u64>,
}

impl Source {
    /// A file, or standard input for `-`.
    pub(super) fn at(path: &Path) -> Self {
        match path.to_str() {
            Some("-") => Self::stream("standard input", io::stdin()),
            _ => Self { name: path.display().to_string(), place: Place::Path(path.to_owned()) },
        }
    }

    /// Something that can be read once.
    pub(super) fn stream(name: &str, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.to_owned(), place: Place::Stream(Box::new(reader)) }
    }

    /// As people know it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Fails where [`Self::open`] would. Of a pipe, which can be opened once, only whether it is there is looked at.
    pub(super) fn check(&self) -> io::Result<()> {
        let Place::Path(path) = &self.place else { return Ok(()) };
        let metadata = std::fs::metadata(path)?;
        match metadata.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false if metadata.is_file() => File::open(path).map(drop),
            false => Ok(()),
        }
    }

    /// The bytes from the start. What can be read once is empty the second time.
    pub(super) fn open(&mut self) -> io::Result<Opened> {
        let of_file = |file: File| {
            let length = file.metadata().ok().filter(Metadata::is_file).map(|metadata| metadata.len());
            Opened { bytes: Box::new(file), length }
        };
        match &mut self.place {
            Place::Path(path) => File::open(path).map(of_file),
            Place::Stream(stream) => {
                Ok(Opened { bytes: std::mem::replace(stream, Box::new(io::empty())), length: None })
            }
            Place::Copy(copy) => {
                copy.rewind()?;
                copy.try_clone().map(of_file)
            }
        }
    }

    /// Makes sure that it can be read twice: of a stream or a pipe, a temporary file keeps the bytes.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        let kept = match &self.place {
            Place::Path(path) => std::fs::metadata(path)?.is_file(),
            Place::Stream(_) => false,
            Place::Copy(_) => true,
        };
        if !kept {
            let mut copy = tempfile::tempfile()?;
            io::copy(&mut self.open()?.bytes, &mut copy)?;
            self.place = Place::Copy(copy);
        }
        Ok(())
    }
}

/// The text in some bytes, decompressed if they are gzip, which their first two tell.
pub(super) fn text(mut bytes: Bytes) -> io::Result<Bytes> {
    let head = head(&mut bytes, 2)?;
    let is_gzip = head == [0x1f, 0x8b];
    let all = Cursor::new(head).chain(bytes);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, all))) } else { Box::new(all) })
}

/// The first bytes, as many as asked for or as there are: a pipe may hand them out one by one.
pub(super) fn head(reader: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.by_ref().take(bytes).read_to_end(&mut head)?;
    Ok(head)
}
