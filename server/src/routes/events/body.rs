//! The forms a request with events may have.

use crate::{
    routes::{
        array::{Items, parse, refuse_too_many, text, time},
        problem::ApiProblem,
    },
    store::Batch,
};
use model::{
    api::{ingest::RejectedEvent, problem::FieldError},
    event::{EVENT_BYTES, EVENTS_PER_REQUEST, Event, Receipt, Rejection},
    instant::Instant,
    reject::{Origin, Reject},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

/// What may stand between the parts of JSON.
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The media types events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One event, an array, or an envelope with `events`.
    Json,
    /// An event a line.
    NdJson,
}

impl Form {
    /// The form a `Content-Type` names.
    pub(super) fn from_content_type(value: Option<&str>) -> Option<Self> {
        let essence = value?.split(';').next()?.trim();
        match essence.to_ascii_lowercase().as_str() {
            // What a browser may send to another origin without asking it first, and so all that it can send while a
            // page goes away.
            "application/json" | "text/plain" => Some(Self::Json),
            "application/x-ndjson" => Some(Self::NdJson),
            _ => None,
        }
    }
}

/// The events of a request, each valid or rejected.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Both kinds, in order, to be stored.
    pub(super) batch: Batch,
    /// What the sender is told of those that are rejected, by ascending index.
    pub(super) rejected: Vec<RejectedEvent>,
}

/// What reads the body of a request.
#[derive(Debug)]
pub(super) struct Reader {
    /// By which way it came in.
    pub(super) origin: Origin,
    /// When it was received.
    pub(super) received: Instant,
    /// From when on events are kept.
    pub(super) reach: Option<Instant>,
}

impl Reader {
    /// Reads a body. An error means that it can't be read as a whole: then nothing of it may be stored.
    pub(super) fn read(&self, form: Form, body: &[u8]) -> Result<Sorted, ApiProblem> {
        let text = text(body)?;
        match form {
            Form::Json => self.read_json(text),
            Form::NdJson => self.read_lines(text),
        }
    }

    fn read_json(&self, text: &str) -> Result<Sorted, ApiProblem> {
        if text.starts_with('[') {
            return match self.sort_at_once(text, "", None) {
                Some(sorted) => Ok(sorted),
                None => self.sort(&parse(text)?, "", None),
            };
        }
        if !text.starts_with('{') {
            parse::<IgnoredAny>(text)?;
            let detail = "the body must be an event, an array of events, or an object with events";
            return Err(ApiProblem::unreadable(detail));
        }
        let envelope: Envelope<'_> = parse(text)?;
        let Some(events) = envelope.events else {
            return Ok(self.sort_each([text], |_| String::new(), None));
        };
        let sent_at = envelope.sent_at.map(read_sent_at).transpose()?;
        let wrong = |_| {
            let detail = "events must be an array of events".to_owned();
            ApiProblem::fields(vec![FieldError { pointer: "/events".into(), detail }])
        };
        match self.sort_at_once(events.get(), "/events", sent_at) {
            Some(sorted) => Ok(sorted),
            None => self.sort(&serde_json::from_str(events.get()).map_err(wrong)?, "/events", sent_at),
        }
    }

    fn read_lines(&self, text: &str) -> Result<Sorted, ApiProblem> {
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        refuse_too_many(lines().nth(EVENTS_PER_REQUEST).is_some())?;
        Ok(self.sort_each(lines(), |index| format!("/{index}"), None))
    }

    /// Sorts an array of events in one pass over its text. `None` where anything in it can't be read, where an event is too
    /// large, or where there are none or too many: then it takes two passes to say whose fault that is.
    fn sort_at_once(&self, array: &str, prefix: &str, sent_at: Option<Instant>) -> Option<Sorted> {
        let receipt = self.receipt(sent_at);
        let mut sorted = Sorted::default();
        let mut rest = array.strip_prefix('[')?;
        for _ in 0..EVENTS_PER_REQUEST {
            let (text, read, behind) = Event::from_start(rest.trim_start_matches(JSON_SPACE), receipt)?;
            self.put(&mut sorted, receipt, text, read, |index| format!("{prefix}/{index}"));
            let behind = behind.trim_start_matches(JSON_SPACE);
            match behind.strip_prefix(',') {
                Some(next) => rest = next,
                None => return (behind == "]").then_some(sorted),
            }
        }
        None
    }

    fn sort(&self, events: &Items<'_>, prefix: &str, sent_at: Option<Instant>) -> Result<Sorted, ApiProblem> {
        refuse_too_many(events.has_more)?;
        let texts = events.kept.iter().map(|json| json.get());
        Ok(self.sort_each(texts, |index| format!("{prefix}/{index}"), sent_at))
    }

    /// Sorts events, to each of which there is a pointer.
    fn sort_each<'a>(
        &self,
        events: impl IntoIterator<Item = &'a str>,
        pointer: impl Fn(usize) -> String,
        sent_at: Option<Instant>,
    ) -> Sorted {
        let receipt = self.receipt(sent_at);
        let mut sorted = Sorted::default();
        for text in events {
            self.put(&mut sorted, receipt, text, read_event(text, receipt), &pointer);
        }
        sorted
    }

    /// Puts an event, as it was sent and as it was read, behind those that are sorted.
    fn put(
        &self,
        sorted: &mut Sorted,
        receipt: Receipt,
        text: &str,
        read: Result<Event, Rejection>,
        pointer: impl Fn(usize) -> String,
    ) {
        match read {
            Ok(event) => sorted.batch.events.push(event),
            Err(rejection) => {
                let index = sorted.batch.event_count();
                sorted.rejected.push(rejection.clone().at(index, &pointer(index)));
                sorted.batch.rejects.push(Reject::new(self.origin.clone(), receipt, rejection, text));
            }
        }
    }

    fn receipt(&self, sent_at: Option<Instant>) -> Receipt {
        Receipt::new(self.received, sent_at).reaching(self.reach)
    }
}

/// What tells an envelope from a single event.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    events: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
}

/// What is given, also where it is null: an envelope without events is no event.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn read_sent_at(json: &RawValue) -> Result<Instant, ApiProblem> {
    time(json).ok_or_else(|| {
        let detail = "sent_at must be RFC 3339 with an offset, or epoch milliseconds".to_owned();
        ApiProblem::fields(vec![FieldError { pointer: "/sent_at".into(), detail }])
    })
}

/// Reads one event as it stands in a body.
fn read_event(json: &str, receipt: Receipt) -> Result<Event, Rejection> {
    if json.len() > EVENT_BYTES {
        return Err(Rejection::too_large("event", json.len()));
    }
    Event::from_text(json, receipt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::reject::Protocol;

    const READER: Reader = Reader {
        origin: Origin { protocol: Protocol::Events, key: None },
        received: Instant::from_millis(0),
        reach: None,
    };

    const EVENT: &str = r#"{"account":"a","user":"u","module":"m","action":"x"}"#;

    fn sorted(form: Form, body: &str) -> Result<(usize, Vec<String>), u16> {
        READER
            .read(form, body.as_bytes())
            .map(|sorted| {
                assert_eq!(sorted.rejected.len(), sorted.batch.rejects.len());
                let rejected = sorted.rejected.iter().map(|event| format!("{} {}", event.code.as_str(), event.pointer));
                (sorted.batch.events.len(), rejected.collect())
            })
            .map_err(|problem| problem.0.status)
    }

    #[test]
    fn every_form_is_read() {
        let none = Vec::<String>::new();
        assert_eq!(sorted(Form::Json, EVENT), Ok((1, none.clone())));
        assert_eq!(sorted(Form::Json, &format!("\u{feff} [{EVENT},{EVENT}]")), Ok((2, none.clone())));
        assert_eq!(sorted(Form::Json, "[]"), Ok((0, none.clone())));
        let envelope = format!(r#"{{"sent_at":"1970-01-01T00:00:00Z","events":[{EVENT}]}}"#);
        assert_eq!(sorted(Form::Json, &envelope), Ok((1, none.clone())));
        assert_eq!(sorted(Form::NdJson, &format!("{EVENT}\n\r\n{EVENT}\r\n")), Ok((2, none.clone())));
        assert_eq!(sorted(Form::NdJson, &format!("\u{feff}{EVENT}")), Ok((1, none)));
    }

    #[test]
    fn what_is_wrong_with_an_event_rejects_that_event() {
        let long = "x".repeat(EVENT_BYTES);
        for (form, body, rejected) in [
            (Form::Json, "{}".to_owned(), "missing_field /account"),
            (Form::Json, format!("[{EVENT},7]"), "invalid_type /1"),
            (Form::Json, format!(r#"{{"events":[{EVENT},{{"account":""}}]}}"#), "empty_text /events/1/account"),
            (Form::NdJson, format!("{EVENT}\n\nnonsense"), "malformed_json /1"),
            (Form::Json, format!(r#"[{EVENT},"{long}"]"#), "event_too_large /1"),
        ] {
            assert_eq!(sorted(form, &body).map(|sorted| sorted.1), Ok(vec![rejected.to_owned()]), "{body:.80}");
        }
    }

    #[test]
    fn one_pass_over_an_array_says_what_two_say() {
        // A text of two bytes a character, so that the limit falls into one.
        let exact = |bytes: usize| {
            let filling = bytes - EVENT.len() - r#","x":"""#.len();
            let text = ["x".repeat(filling % 2), "ü".repeat(filling / 2)].concat();
            EVENT.replace('}', &format!(r#","x":"{text}"}}"#))
        };
        assert_eq!(exact(EVENT_BYTES).len(), EVENT_BYTES);
        let (largest, deep) = (exact(EVENT_BYTES), format!(r#"{{"x":{}{}}}"#, "[".repeat(200), "]".repeat(200)));
        let full = format!("[{}{EVENT}]", format!("{EVENT},").repeat(EVENTS_PER_REQUEST - 1));
        for (array, at_once) in [
            (format!("[{EVENT}]"), true),
            (format!("[ {EVENT}\n,\t{EVENT} \r]"), true),
            (format!(r#"[{EVENT},{{"account":""}},7,"x",null,[{EVENT}],{{"a":[{{}}]}},1.5e3 ,{EVENT}]"#), true),
            (r#"[{"account":"a","user":"u","module":"\u006d","action":"x","account":"b"}]"#.to_owned(), true),
            (format!("[{largest},{EVENT}]"), true),
            (full.clone(), true),
            (full.replacen('[', "[7,", 1), false),
            (format!("[{},{EVENT}]", exact(EVENT_BYTES + 2)), false),
            (format!("[{EVENT},{deep}]"), false),
            (format!(r#"[{EVENT},{{"x":"\ud800"}},{{"x":1e999}}]"#), false),
            ("[]".to_owned(), false),
            (format!("[{EVENT},]"), false),
            (format!("[,{EVENT}]"), false),
            (format!("[{EVENT} {EVENT}]"), false),
            (format!("[{EVENT}]]"), false),
            (format!("[{EVENT},\u{a0}{EVENT}]"), false),
            (format!("[{EVENT}"), false),
            (format!("[{EVENT},nonsense]"), false),
            ("[01]".to_owned(), false),
        ] {
            let told = |sorted: Result<Sorted, ApiProblem>| {
                sorted.map(|sorted| format!("{sorted:?}")).map_err(|problem| problem.0.detail)
            };
            let one = READER.sort_at_once(&array, "", None);
            assert_eq!(one.is_some(), at_once, "{array:.200}");
            let two = told(parse(&array).and_then(|items| READER.sort(&items, "", None)));
            if let Some(one) = one {
                assert_eq!(told(Ok(one)), two, "{array:.200}");
            }
            assert_eq!(told(READER.read(Form::Json, array.as_bytes())), two, "{array:.200}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_body_refuses_it_whole() {
        let many = format!("[{}{EVENT}]", format!("{EVENT},").repeat(EVENTS_PER_REQUEST));
        let deep = "[".repeat(5000);
        for (body, status) in [
            ("", 400),
            ("nonsense", 400),
            ("7", 400),
            ("null", 400),
            ("[1", 400),
            (deep.as_str(), 400),
            (r#"{"events":7}"#, 422),
            (r#"{"events":null}"#, 422),
            (r#"{"events":[],"sent_at":"soon"}"#, 422),
            (many.as_str(), 413),
        ] {
            assert_eq!(sorted(Form::Json, body), Err(status), "{body:.80}");
        }
        assert_eq!(READER.read(Form::Json, b"\"\xff\"").map_err(|problem| problem.0.status).err(), Some(400));
    }
}
