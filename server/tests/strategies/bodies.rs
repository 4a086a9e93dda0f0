//! The forms of a request and the spellings of an event: however it is sent, an event means the same.

use super::events::Parcel;
use chrono::{FixedOffset, SecondsFormat};
use model::{event::Kind, instant::Instant};
use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// The form of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// A request for each event.
    Single,
    Array,
    /// From a sender whose clock is `fast` milliseconds fast.
    Envelope {
        fast: i64,
    },
    /// With a blank line after every event or not.
    Ndjson {
        blank: bool,
    },
}

/// How an event is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spelling {
    time: TimeSpelling,
    /// Without a time where it happened when it was received.
    leave_time_out: bool,
    /// Account and user as objects even where only the id is known; kind and count even where they are as usual.
    in_full: bool,
}

#[derive(Clone, Copy, Debug)]
enum TimeSpelling {
    EpochMillis,
    /// At this many minutes from UTC.
    Rfc3339 {
        offset: i32,
        z: bool,
    },
    /// RFC 3339 finer than a millisecond.
    Finer,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
    /// How many events are in it.
    pub(crate) events: usize,
}

impl Form {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let fast = prop_oneof![select(vec![0, 1, -1, 86_400_000, -86_400_000]), -400_000_000_000..=400_000_000_000i64,];
        prop_oneof![
            1 => Just(Form::Single),
            2 => Just(Form::Array),
            2 => fast.prop_map(|fast| Form::Envelope { fast }),
            2 => any::<bool>().prop_map(|blank| Form::Ndjson { blank }),
        ]
    }
}

impl Spelling {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let offset = select(vec![0, 60, -300, 330, 345, 765, -690, 840, -720]);
        let time = prop_oneof![
            Just(TimeSpelling::EpochMillis),
            (offset, any::<bool>()).prop_map(|(offset, z)| TimeSpelling::Rfc3339 { offset, z }),
            Just(TimeSpelling::Finer),
        ];
        (time, any::<bool>(), any::<bool>()).prop_map(|(time, leave_time_out, in_full)| Self {
            time,
            leave_time_out,
            in_full,
        })
    }
}

/// The requests that bring these parcels, in their order, when the server's clock shows `received`.
pub(crate) fn bodies(parcels: &[Parcel], received: Instant) -> Vec<Body> {
    let mut requests: Vec<Vec<&Parcel>> = Vec::new();
    for parcel in parcels {
        match requests.last_mut() {
            Some(request) if !parcel.begins && request[0].form != Form::Single => request.push(parcel),
            _ => requests.push(vec![parcel]),
        }
    }
    requests.iter().map(|request| body(request, received)).collect()
}

fn body(parcels: &[&Parcel], received: Instant) -> Body {
    let form = parcels[0].form;
    let fast = if let Form::Envelope { fast } = form { fast } else { 0 };
    let mut events = parcels.iter().map(|parcel| event(parcel, received, fast));
    let text = match form {
        Form::Single => events.next().expect("a request has an event").to_string(),
        Form::Array => Value::Array(events.collect()).to_string(),
        Form::Envelope { .. } => {
            let sent_at = time(parcels[0].spelling.time, received.plus_millis(fast));
            json!({"sent_at": sent_at, "events": events.collect::<Vec<_>>()}).to_string()
        }
        Form::Ndjson { blank } => {
            events.map(|event| format!("{event}\n{}", if blank { " \r\n" } else { "" })).collect()
        }
    };
    let content_type = if let Form::Ndjson { .. } = form { "application/x-ndjson" } else { "application/json" };
    Body { content_type, text, events: parcels.len() }
}

fn event(parcel: &Parcel, received: Instant, fast: i64) -> Value {
    let (event, spelling) = (&parcel.event, parcel.spelling);
    let mut fields = Map::new();
    if let Some(id) = &event.id {
        fields.insert("id".into(), json!(id));
    }
    let mut account = party(&event.account, event.account_name.as_deref(), spelling);
    if !event.account_attributes.is_empty() {
        let attributes: Map<String, Value> =
            event.account_attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        account = json!({"id": event.account, "name": event.account_name, "attributes": attributes});
    }
    fields.insert("account".into(), account);
    fields.insert("user".into(), party(&event.user, event.user_name.as_deref(), spelling));
    fields.insert("module".into(), json!(event.module));
    match &event.kind {
        Kind::Activity { action, count } => {
            fields.insert("action".into(), json!(action));
            if spelling.in_full {
                fields.insert("kind".into(), json!("activity"));
            }
            if spelling.in_full || *count != 1 {
                fields.insert("count".into(), json!(count));
            }
        }
        Kind::Heartbeat => {
            fields.insert("kind".into(), json!("heartbeat"));
            if spelling.in_full {
                // A heartbeat is no action, whatever it says.
                fields.insert("action".into(), json!("View"));
                fields.insert("count".into(), json!(7));
            }
        }
    }
    if !(spelling.leave_time_out && event.time == received) {
        fields.insert("time".into(), time(spelling.time, event.time.plus_millis(fast)));
    }
    Value::Object(fields)
}

fn party(id: &str, name: Option<&str>, spelling: Spelling) -> Value {
    match name {
        Some(name) => json!({"id": id, "name": name}),
        None if spelling.in_full => json!({"id": id, "name": null}),
        None => json!(id),
    }
}

fn time(spelling: TimeSpelling, instant: Instant) -> Value {
    match spelling {
        TimeSpelling::EpochMillis => json!(instant.millis()),
        TimeSpelling::Rfc3339 { offset, z } => {
            let offset = FixedOffset::east_opt(offset * 60).expect("less than a day");
            json!(instant.to_utc().with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Millis, z))
        }
        TimeSpelling::Finer => json!(instant.to_utc().format("%Y-%m-%dT%H:%M:%S%.3f999Z").to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{events::story, places},
        *,
    };
    use model::event::{Event, Receipt, instant_from_json};

    /// What the requests say, read with the product's own rules.
    fn read(body: &Body, received: Instant) -> Vec<Event> {
        let lines = body.text.lines().filter(|line| !line.trim().is_empty());
        let json: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let (sent_at, events) = match (body.content_type, json.as_slice()) {
            ("application/json", [Value::Array(events)]) => (None, events.clone()),
            ("application/json", [envelope]) if envelope.get("events").is_some() => {
                let sent_at = instant_from_json(&envelope["sent_at"]).expect("an instant");
                (Some(sent_at), envelope["events"].as_array().expect("an array").clone())
            }
            _ => (None, json),
        };
        let receipt = Receipt::new(received, sent_at);
        events.iter().map(|event| Event::from_json(event, receipt).expect("keeps every rule")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_spelling_says_the_event(story in story(&places::BERLIN)) {
            let (first, second) = story.sendings();
            for (parcels, received) in [(first, story.now), (second, story.later())] {
                let said: Vec<Event> = bodies(&parcels, received).iter().flat_map(|body| read(body, received)).collect();
                let meant: Vec<Event> =
                    parcels.into_iter().map(|parcel| Event { received, ..parcel.event }).collect();
                prop_assert_eq!(said, meant);
            }
        }
    }
}
