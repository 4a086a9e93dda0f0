//! Rejected events as files, however many: read and written some at a time.

use super::super::{
    csv::{inert, writer},
    problem::ApiProblem,
};
use crate::{Server, dashboards::ReadError};
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use model::{
    api::quality::{REJECTS_LIMIT_MAX, RejectEntry, Rejects},
    event::{Receipt, instant_from_json},
    query::{RejectFilter, RejectsQuery},
    reject::Protocol,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// The files there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileForm {
    /// RFC 4180, UTF-8 with a byte order mark.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

impl FileForm {
    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    fn head(self) -> Vec<u8> {
        match self {
            Self::Csv => b"\xef\xbb\xbfid,received,protocol,key,code,detail,pointer,event\r\n".to_vec(),
            Self::Ndjson => Vec::new(),
        }
    }

    fn lines(self, rejects: &[RejectEntry]) -> Vec<u8> {
        match self {
            Self::Csv => csv_lines(rejects),
            Self::Ndjson => rejects.iter().flat_map(|reject| format!("{}\n", line(reject)).into_bytes()).collect(),
        }
    }
}

/// A file of all that match, newest first. Its first lines are read before it begins, so that a database that does not
/// answer is a problem and no broken file.
pub(super) async fn file(server: &Server, form: FileForm, filter: RejectFilter) -> Result<Response, ApiProblem> {
    let query = RejectsQuery { filter, limit: REJECTS_LIMIT_MAX, before: None };
    let first = server.dashboards.rejects(&query).await?;
    let workspace = server.dashboards.bare_workspace();
    let name = format!("rejected-events-{}.{}", workspace.day, form.extension());
    let server = server.clone();
    let pages = stream::try_unfold((Some(first), query), move |(page, query)| {
        let server = server.clone();
        async move {
            let Some(Rejects { rejects, next, .. }) = page else { return Ok(None) };
            let query = RejectsQuery { before: next, ..query };
            let following = match query.before {
                Some(_) => Some(server.dashboards.rejects(&query).await?),
                None => None,
            };
            Ok::<_, ReadError>(Some((Bytes::from(form.lines(&rejects)), (following, query))))
        }
    });
    let body = stream::once(async move { Ok(Bytes::from(form.head())) }).chain(pages);
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn csv_lines(rejects: &[RejectEntry]) -> Vec<u8> {
    let mut lines = writer(Vec::new());
    for reject in rejects {
        let texts =
            [&reject.protocol, reject.key.as_ref().unwrap_or(&String::new()), &reject.code].map(|text| inert(text));
        let [protocol, key, code] = texts;
        let [detail, pointer, body] = [&reject.detail, &reject.pointer, &reject.body].map(|text| inert(text));
        let (id, received) = (reject.id.to_string(), reject.received.to_string());
        // Writing to memory never fails.
        let _ = lines.write_record([id, received, protocol, key, code, detail, pointer, body]);
    }
    lines.into_inner().unwrap_or_default()
}

/// What is known of a rejected event beside what was sent.
#[derive(Serialize)]
struct Rejected<'a> {
    id: i64,
    received: String,
    protocol: &'a str,
    key: Option<&'a str>,
    code: &'a str,
    detail: &'a str,
    pointer: &'a str,
}

/// A line to mend and send again.
fn line(reject: &RejectEntry) -> Value {
    let mut fields = match serde_json::from_str(&reject.body) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::from_iter([("record".to_owned(), Value::String(reject.body.clone()))]),
    };
    if reject.protocol == Protocol::Events.as_str() && !fields.contains_key("record") {
        date(&mut fields, reject);
    }
    let rejected = Rejected {
        id: reject.id,
        received: reject.received.to_string(),
        protocol: &reject.protocol,
        key: reject.key.as_deref(),
        code: &reject.code,
        detail: &reject.detail,
        pointer: &reject.pointer,
    };
    // Such a type always serialises.
    fields.insert("rejected".to_owned(), serde_json::to_value(rejected).unwrap_or_default());
    Value::Object(fields)
}

/// Gives an event the time it is known by: sent again later, one without a time would happen then, and a wrong clock
/// would no longer be known.
fn date(fields: &mut Map<String, Value>, reject: &RejectEntry) {
    let receipt = Receipt::new(reject.received, Some(reject.sent_at));
    let sent = fields.get("time").filter(|time| !time.is_null());
    let time = match sent.map(instant_from_json) {
        None => receipt.corrected(None),
        Some(Some(time)) if reject.sent_at != reject.received => receipt.corrected(Some(time)),
        // It is as it should be, or nobody knows what it means.
        Some(_) => return,
    };
    fields.insert("time".to_owned(), Value::String(time.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::instant::Instant;
    use serde_json::json;

    fn reject(body: &str, sent_at: i64) -> RejectEntry {
        RejectEntry {
            id: 7,
            received: Instant::from_millis(60_000),
            sent_at: Instant::from_millis(sent_at),
            day: "1970-01-01".parse().unwrap(),
            protocol: "events".into(),
            key: Some("=shop".into()),
            code: "missing_field".into(),
            detail: "user is missing".into(),
            pointer: "/user".into(),
            body: body.into(),
        }
    }

    #[test]
    fn a_line_is_the_event_with_its_time_and_why_it_was_rejected() {
        let line = line(&reject(r#"{"account":"a","rejected":1}"#, 60_000));
        assert_eq!((&line["account"], &line["time"]), (&json!("a"), &json!("1970-01-01T00:01:00.000Z")));
        assert_eq!((&line["rejected"]["code"], &line["rejected"]["key"]), (&json!("missing_field"), &json!("=shop")));
    }

    #[test]
    fn times_are_those_the_server_would_have_stored() {
        let time = |body: &str, sent_at| line(&reject(body, sent_at))["time"].clone();
        assert_eq!(time(r#"{"time":50000}"#, 60_000), json!(50_000));
        assert_eq!(time(r#"{"time":50000}"#, 70_000), json!("1970-01-01T00:00:40.000Z"));
        assert_eq!(time(r#"{"time":"soon"}"#, 70_000), json!("soon"));
    }

    #[test]
    fn what_is_no_object_is_kept_as_a_text() {
        assert_eq!(line(&reject("[7", 60_000))["record"], "[7");
    }

    #[test]
    fn no_text_is_a_formula_in_a_spreadsheet() {
        let lines = String::from_utf8(csv_lines(&[reject("=1+1", 60_000)])).unwrap();
        let expected = concat!(
            r#"7,"1970-01-01T00:01:00.000Z","events","'=shop","missing_field","user is missing","/user","'=1+1""#,
            "\r\n"
        );
        assert_eq!(lines, expected);
    }
}
