//! Sends bodies that no client should send: valid ones in every form and encoding, broken at random places. Whatever comes,
//! the server answers for each event, or refuses the body and stores nothing of it. `PROPTEST_CASES` sets how many.

mod harness;

#[allow(dead_code, reason = "what no broken body is made of")]
mod strategies {
    pub(crate) mod bodies;
    pub(crate) mod events;
    pub(crate) mod places;
}

use harness::TestServer;
use model::{api::ingest::IngestAnswer, instant::Instant};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestCaseResult, TestRunner},
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::{cell::Cell, collections::BTreeMap, io::Write};
use strategies::{
    bodies::bodies,
    events::{Story, story},
    places,
};

/// Unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 200;

/// What a body may be answered with.
const STATUSES: [u16; 5] = [200, 400, 413, 415, 422];

/// What breaks a body, or changes what it says.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "-1",
    "1.0",
    "1e999",
    "99999999999999999999",
    "{}",
    "[]",
    "[[[[[[[[",
    "\"\"",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    ",",
    ":",
    "\n",
    "\r\n\r\n",
    "\"events\":",
    "\"sent_at\":7,",
    "\"id\":\"again\",",
    "\0",
    "ü",
];

/// Sends a body is made of, and how it goes wrong.
#[derive(Clone, Debug)]
struct Breakage {
    /// Which of a story's bodies.
    body: Index,
    edits: Vec<(Index, Edit)>,
    encoding: Encoding,
    /// Done to the body after it was encoded.
    encoded_edits: Vec<(Index, Edit)>,
    /// A content type it may be sent with instead of its own.
    content_type: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(&'static str),
    Remove(u8),
    Repeat(u8),
    Flip(u8),
    CutOff,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Breakage {
    fn any() -> impl Strategy<Value = Self> {
        let edits = |most| prop::collection::vec((any::<Index>(), Edit::any()), 0..=most);
        let encodings = vec![Encoding::Identity, Encoding::Gzip, Encoding::Brotli, Encoding::Zstd];
        let encoded_edits = prop_oneof![4 => Just(Vec::new()), 1 => edits(2)];
        let content_types =
            vec![None, None, None, Some("application/json"), Some("application/x-ndjson"), Some("text/plain")];
        (any::<Index>(), edits(4), select(encodings), encoded_edits, select(content_types)).prop_map(
            |(body, edits, encoding, encoded_edits, content_type)| Self {
                body,
                edits,
                encoding,
                encoded_edits,
                content_type,
            },
        )
    }
}

impl Edit {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            4 => select(TOKENS).prop_map(Self::Insert),
            2 => (1..40u8).prop_map(Self::Remove),
            2 => (1..200u8).prop_map(Self::Repeat),
            1 => (1..=255u8).prop_map(Self::Flip),
            1 => Just(Self::CutOff),
        ]
    }
}

/// Does edits one after the other, each at a place of what the one before left.
fn edit(bytes: &mut Vec<u8>, edits: &[(Index, Edit)]) {
    for (place, edit) in edits {
        let start = place.index(bytes.len() + 1);
        let end = |length: u8| (start + usize::from(length)).min(bytes.len());
        match *edit {
            Edit::Insert(token) => drop(bytes.splice(start..start, token.bytes())),
            Edit::Remove(length) => drop(bytes.drain(start..end(length))),
            Edit::Repeat(length) => {
                let again = bytes[start..end(length)].to_vec();
                bytes.splice(start..start, again);
            }
            Edit::Flip(bits) => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte ^= bits;
                }
            }
            Edit::CutOff => bytes.truncate(start),
        }
    }
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn encode(self, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => plain.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(plain).expect("written to memory");
                encoder.finish().expect("written to memory")
            }
            Self::Brotli => {
                let mut encoded = Vec::new();
                brotli::CompressorWriter::new(&mut encoded, 4096, 3, 20).write_all(plain).expect("written to memory");
                encoded
            }
            Self::Zstd => zstd::encode_all(plain, 1).expect("written to memory"),
        }
    }
}

/// How many events there are in a body that was read.
fn count(content_type: &str, body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).expect("what was read is UTF-8").trim_start_matches('\u{feff}');
    if content_type == "application/x-ndjson" {
        return text.lines().filter(|line| !line.trim().is_empty()).count();
    }
    let items = |text: &str| serde_json::from_str::<Vec<IgnoredAny>>(text).map(|items| items.len());
    let fields = serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
    match fields.ok().and_then(|fields| fields.get("events").map(|events| events.get())) {
        Some(events) => items(events).expect("what was read is an array"),
        None => items(text).unwrap_or(1),
    }
}

#[test]
fn a_broken_body_is_answered_for_each_event_or_stores_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let server = runtime.block_on(TestServer::start(chrono_tz::UTC, Instant::from_millis(0)));
    let accepted = Cell::new(0);
    let sent = TestRunner::new(config).run(&(story(&places::BERLIN), Breakage::any()), |(story, breakage)| {
        runtime.block_on(send(&server, &story, &breakage, &accepted))
    });
    if let Err(failure) = sent {
        panic!("{failure}");
    }
    assert_eq!(runtime.block_on(server.rebuild()), accepted.get(), "events stored, events accepted");
}

async fn send(server: &TestServer, story: &Story, breakage: &Breakage, accepted: &Cell<u64>) -> TestCaseResult {
    let all = bodies(&story.parcels, story.now);
    let Some(body) = all.get(breakage.body.index(all.len().max(1))) else { return Ok(()) };
    let content_type = breakage.content_type.unwrap_or(body.content_type);
    let mut plain = body.text.clone().into_bytes();
    edit(&mut plain, &breakage.edits);
    let mut encoded = breakage.encoding.encode(&plain);
    edit(&mut encoded, &breakage.encoded_edits);
    server.set_now(story.now);
    let request = server.client.post(server.url("/api/v1/events")).header("content-type", content_type);
    let response = request.header("content-encoding", breakage.encoding.name()).body(encoded).send().await;
    let response = response.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(STATUSES.contains(&status), "{}: {}", status, text);
    if status != 200 {
        prop_assert!(text.contains("\"status\""), "{}", text);
        return Ok(());
    }
    let answer: IngestAnswer = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
    accepted.set(accepted.get() + answer.accepted);
    if breakage.encoded_edits.is_empty() {
        let answered = answer.accepted + answer.duplicates + answer.rejected.len() as u64;
        prop_assert_eq!(answered, count(content_type, &plain) as u64, "{}", text);
    }
    Ok(())
}
