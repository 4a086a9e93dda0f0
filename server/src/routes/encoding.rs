//! Compressed bodies, and reading them without holding others up.

use super::problem::ApiProblem;
use crate::{
    Server,
    receive::{ReceiveError, Received, SMALL_BODY},
};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use model::event::REQUEST_BYTES;
use std::io::{self, Read};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// One gzip member or several, as log shippers write them.
    Gzip,
    /// Brotli.
    Brotli,
    /// One zstd frame or several.
    Zstd,
}

impl Encoding {
    /// The encoding that a request's `Content-Encoding` names.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiProblem> {
        /// The names, for a refusal and its `Accept-Encoding`.
        const NAMES: &str = "gzip, br, zstd";
        let named = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("unreadable"));
        Self::from_content_encoding(named).ok_or_else(|| {
            let detail = format!("Content-Encoding must be one of {NAMES}, or none");
            ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
                .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static(NAMES))
        })
    }

    fn from_content_encoding(value: Option<&str>) -> Option<Self> {
        match value.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Decompresses a body and reads it. Large ones, and compressed ones, are read on a thread of their own, unless what
    /// is in them would only be refused after all the work.
    pub(super) async fn read<T: Send + 'static>(
        self,
        server: &Server,
        body: Received,
        read: impl FnOnce(Bytes) -> Result<T, ApiProblem> + Send + 'static,
    ) -> Result<T, ApiProblem> {
        if self == Self::Identity && body.bytes.len() <= SMALL_BODY {
            return read(body.bytes.clone());
        }
        let turn = server.receiver.turn().await;
        server.ingest.expect_many()?;
        let task = tokio::task::spawn_blocking(move || {
            // It ends with the reading, also where whoever asked is gone; and so does the body's room.
            let _turn = turn;
            read(self.decode(body.bytes.clone())?)
        });
        task.await.map_err(|_| ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be read"))?
    }

    /// Decompresses a whole body, at most [`REQUEST_BYTES`] of it.
    pub(super) fn decode(self, body: Bytes) -> Result<Bytes, ApiProblem> {
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => read(flate2::read::MultiGzDecoder::new(&*body)),
            Self::Brotli => read(brotli::Decompressor::new(&*body, 4096)),
            Self::Zstd => read(zstd::Decoder::new(&*body).map_err(|error| broken(&error))?),
        }
    }
}

fn read(decoder: impl Read) -> Result<Bytes, ApiProblem> {
    let mut plain = Vec::new();
    let mut limited = decoder.take(REQUEST_BYTES as u64);
    limited.read_to_end(&mut plain).map_err(|error| broken(&error))?;
    match limited.into_inner().read(&mut [0]).map_err(|error| broken(&error))? {
        0 => Ok(plain.into()),
        _ => Err(ReceiveError::TooLarge.into()),
    }
}

fn broken(error: &io::Error) -> ApiProblem {
    ApiProblem::unreadable(format!("the body does not decompress: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_member_of_a_body_is_read() {
        let two = [gzip("one "), gzip("two")].concat();
        assert_eq!(Encoding::Gzip.decode(two.into()).unwrap(), "one two");
        let frames = [zstd::encode_all("one ".as_bytes(), 1).unwrap(), zstd::encode_all("two".as_bytes(), 1).unwrap()];
        assert_eq!(Encoding::Zstd.decode(frames.concat().into()).unwrap(), "one two");
        let mut brotli = Vec::new();
        brotli::CompressorWriter::new(&mut brotli, 4096, 5, 20).write_all(b"one").unwrap();
        assert_eq!(Encoding::Brotli.decode(brotli.into()).unwrap(), "one");
    }

    #[test]
    fn what_does_not_decompress_is_refused() {
        let status = |encoding: Encoding, body: Vec<u8>| encoding.decode(body.into()).unwrap_err().0.status;
        for encoding in [Encoding::Gzip, Encoding::Brotli, Encoding::Zstd] {
            assert_eq!(status(encoding, b"plain text".to_vec()), 400, "{encoding:?}");
        }
        assert_eq!(status(Encoding::Gzip, [gzip("one"), b"junk".to_vec()].concat()), 400);
        assert_eq!(status(Encoding::Gzip, gzip(&"x".repeat(REQUEST_BYTES + 1))), 413);
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(Encoding::from_content_encoding(Some("GZIP")), Some(Encoding::Gzip));
        assert_eq!(Encoding::from_content_encoding(None), Some(Encoding::Identity));
        assert_eq!(Encoding::from_content_encoding(Some("deflate")), None);
    }
}
