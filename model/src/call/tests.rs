//! Calls as the clients send them, and what they say.

use super::*;
use crate::{api::ingest::RejectionCode, module_rule::ModuleRules};
use proptest::prelude::*;
use serde_json::json;

const NOON: Instant = Instant::from_millis(1_795_435_200_000);

/// Sent by a clock that is right.
const RECEIPT: Receipt = Receipt::new(NOON, Some(NOON));

fn rules() -> ModuleRules {
    let rules = json!({"rules": [
        {"kind": "event", "prefix": "report.", "module": "Reports", "strip": true},
        {"kind": "path", "prefix": "/settings", "module": "Settings"},
    ]});
    ModuleRules::from_json(&rules).expect("valid")
}

/// What a call says in words; of a rejected one its code and pointer.
fn said(protocol: Protocol, json: &Value) -> String {
    let call = match read(protocol, json, RECEIPT, &rules()) {
        Ok(call) => call,
        Err(rejection) => return format!("{} {}", rejection.code.as_str(), rejection.pointer),
    };
    let mut words = Vec::new();
    let mut word = |name: &str, text: Option<String>| words.extend(text.map(|text| format!("{name} {text}")));
    word("user", call.user);
    word("alias", call.alias);
    word("called", call.user_name);
    word(if call.ties { "now in" } else { "in" }, call.account);
    word("account called", call.account_name);
    if let Some(Used { id, module, kind }) = call.used {
        let action = match kind {
            Kind::Activity { action, .. } => action,
            Kind::Heartbeat => "(there)".to_owned(),
        };
        word("did", Some(format!("{module} · {action}")));
        word("id", id);
    }
    word("ago", Some(((NOON.millis() - call.time.millis()) / 1000).to_string()).filter(|ago| ago != "0"));
    words.join(", ")
}

fn all_say(protocol: Protocol, table: &[(Value, &str)]) {
    for (json, expected) in table {
        assert_eq!(said(protocol, json), *expected, "{json}");
    }
}

#[test]
fn segment() {
    let time = NOON.plus_millis(-60_000).to_string();
    let python = |kind: &str, more: Value| {
        let mut call = json!({
            "integrations": {}, "anonymousId": null, "timestamp": time.replace('Z', "+00:00"), "type": kind,
            "context": {"library": {"name": "analytics-python", "version": "2.4.0"}}, "userId": "lisa",
            "messageId": "b1f0"
        });
        call.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        call
    };
    all_say(
        Protocol::Segment,
        &[
            (
                python("track", json!({"event": "Exported", "properties": {"rows": 7}})),
                "user lisa, did General · Exported, id b1f0, ago 60",
            ),
            (
                python("track", json!({"event": "Exported", "properties": {"module": "Reports"}})),
                "user lisa, did Reports · Exported, id b1f0, ago 60",
            ),
            (
                python("track", json!({"event": "report.export", "properties": {"module": 7}})),
                "user lisa, did Reports · export, id b1f0, ago 60",
            ),
            (python("track", json!({"event": "report."})), "user lisa, did Reports · report., id b1f0, ago 60"),
            (
                python("track", json!({"event": "Exported", "userId": "", "anonymousId": "x"})),
                "user x, did General · Exported, id b1f0, ago 60",
            ),
            (
                python("track", json!({"event": "Exported", "userId": 7, "context": {"groupId": 8}})),
                "user 7, in 8, did General · Exported, id b1f0, ago 60",
            ),
            (
                python("track", json!({"event": "Exported", "originalTimestamp": NOON.to_string()})),
                "user lisa, did General · Exported, id b1f0",
            ),
            (
                python("track", json!({"event": "Exported", "timestamp": "2026-11-23T11:59:30.5"})),
                "user lisa, did General · Exported, id b1f0, ago 29",
            ),
            (
                python("page", json!({"category": "Docs", "name": "Index", "properties": {}})),
                "user lisa, did Docs · View, id b1f0, ago 60",
            ),
            (
                python("page", json!({"category": null, "name": "Index"})),
                "user lisa, did Index · View, id b1f0, ago 60",
            ),
            (
                python(
                    "page",
                    json!({"name": "Users", "context": {"page": {"url": "https://x.example/settings?tab=1"}}}),
                ),
                "user lisa, did Settings · View, id b1f0, ago 60",
            ),
            (python("page", json!({})), "user lisa, did General · View, id b1f0, ago 60"),
            (python("screen", json!({"name": "Start"})), "user lisa, did Start · View, id b1f0, ago 60"),
            (
                python("identify", json!({"traits": {"name": " ", "email": "lisa@acme.example"}})),
                "user lisa, called lisa@acme.example, ago 60",
            ),
            (
                python("identify", json!({"anonymousId": "x", "traits": {"firstName": "Lisa", "last_name": "Ray"}})),
                "user lisa, alias x, called Lisa Ray, ago 60",
            ),
            (python("identify", json!({"traits": {"plan": "Pro"}})), "user lisa, ago 60"),
            (
                python("group", json!({"groupId": "acme", "traits": {"name": "Acme"}})),
                "user lisa, now in acme, account called Acme, ago 60",
            ),
            (python("alias", json!({"previousId": "x"})), "user lisa, alias x, ago 60"),
            (python("track", json!({})), "missing_field /event"),
            (python("track", json!({"event": 7})), "invalid_type /event"),
            (python("track", json!({"event": "x".repeat(201)})), "text_too_long /event"),
            (python("track", json!({"event": "a\u{0}"})), "invalid_text /event"),
            (python("track", json!({"event": "x", "userId": null})), "missing_field /userId"),
            (python("track", json!({"event": "x", "userId": {"id": 7}})), "invalid_type /userId"),
            (python("track", json!({"event": "x", "timestamp": "soon"})), "invalid_time /timestamp"),
            (
                python("track", json!({"event": "x", "timestamp": NOON.plus_millis(600_001).to_string()})),
                "time_in_future /timestamp",
            ),
            (python("group", json!({})), "missing_field /groupId"),
            (python("alias", json!({})), "missing_field /previousId"),
            (python("delete", json!({})), "unsupported_call /type"),
            (python("\u{0}", json!({})), "invalid_text /type"),
            (json!({"userId": "lisa"}), "missing_field /type"),
            (json!([]), "invalid_type "),
        ],
    );
}

#[test]
fn posthog() {
    let event = |event: &str, properties: Value| {
        json!({
            "event": event, "distinct_id": "lisa", "properties": properties, "uuid": "0193", "type": "capture",
            "library": "posthog-node", "timestamp": NOON.plus_millis(-60_000).to_string()
        })
    };
    let with = |mut json: Value, field: &str, value: Value| {
        json[field] = value;
        json
    };
    all_say(
        Protocol::Posthog,
        &[
            (event("exported", json!({"$lib": "posthog-node"})), "user lisa, did General · exported, id 0193, ago 60"),
            (
                event("report.export", json!({"$groups": {"company": "acme"}})),
                "user lisa, now in acme, did Reports · export, id 0193, ago 60",
            ),
            (
                event("exported", json!({"$groups": {"project": 7, "account": "acme"}})),
                "user lisa, now in acme, did General · exported, id 0193, ago 60",
            ),
            (
                event("exported", json!({"$groups": {"studio/a": "x", "zoo": "y"}})),
                "user lisa, now in x, did General · exported, id 0193, ago 60",
            ),
            (event("exported", json!({"$groups": {}})), "user lisa, did General · exported, id 0193, ago 60"),
            (
                event("$pageview", json!({"$current_url": "https://x.example/settings/users"})),
                "user lisa, did Settings · View, id 0193, ago 60",
            ),
            (
                event("$pageview", json!({"$pathname": "/", "title": "Start"})),
                "user lisa, did General · View, id 0193, ago 60",
            ),
            (event("$screen", json!({"$screen_name": "Start"})), "user lisa, did Start · View, id 0193, ago 60"),
            (event("$pageleave", json!({"module": "Reports"})), "user lisa, did Reports · (there), id 0193, ago 60"),
            (
                event("$autocapture", json!({"$event_type": "click"})),
                "user lisa, did General · (there), id 0193, ago 60",
            ),
            (event("$feature_flag_called", json!({"$groups": {"company": "acme"}})), "user lisa, now in acme, ago 60"),
            (
                event("$identify", json!({"$anon_distinct_id": "x", "$set": {"email": "lisa@acme.example"}})),
                "user lisa, alias x, called lisa@acme.example, ago 60",
            ),
            (with(event("$set", json!({})), "$set", json!({"name": "Lisa Ray"})), "user lisa, called Lisa Ray, ago 60"),
            (event("$create_alias", json!({"distinct_id": "lisa", "alias": "x"})), "user lisa, alias x, ago 60"),
            (
                with(
                    event(
                        "$groupidentify",
                        json!({"$group_type": "company", "$group_key": "acme", "$group_set": {"name": "Acme"}}),
                    ),
                    "distinct_id",
                    json!("$company_acme"),
                ),
                "in acme, account called Acme, ago 60",
            ),
            (
                event(
                    "$groupidentify",
                    json!({"$group_type": "project", "$group_key": "7", "$group_set": {"name": "Seven"}}),
                ),
                "ago 60",
            ),
            (
                event(
                    "$groupidentify",
                    json!({"$group_type": "studio", "$group_key": "x", "$group_set": {"name": "X"},
                     "$groups": {"studio": "x"}}),
                ),
                "user lisa, now in x, account called X, ago 60",
            ),
            (
                event(
                    "$groupidentify",
                    json!({"$group_type": "project", "$group_key": "7", "$group_set": {"name": "Seven"},
                     "$groups": {"company": "acme", "project": "7"}}),
                ),
                "user lisa, now in acme, ago 60",
            ),
            (
                json!({"event": "exported", "properties": {"distinct_id": "lisa"}, "offset": 5000}),
                "user lisa, did General · exported, ago 5",
            ),
            (json!({"event": "exported", "distinct_id": "lisa", "offset": -5e300}), "time_in_future /offset"),
            (
                event("exported", json!({"$groups": {"\u{0}": "x"}})),
                "user lisa, did General · exported, id 0193, ago 60",
            ),
            (event("", json!({})), "empty_text /event"),
            (json!({"distinct_id": "lisa"}), "missing_field /event"),
            (json!({"event": "exported"}), "missing_field /distinct_id"),
            (json!({"event": "$pageview"}), "missing_field /distinct_id"),
            (event("exported", json!({"$groups": {"company": ["acme"]}})), "invalid_type /properties/$groups/company"),
            (event("$groupidentify", json!({})), "missing_field /properties/$group_key"),
        ],
    );
}

#[test]
fn totango() {
    all_say(
        Protocol::Totango,
        &[
            (
                json!({"sdr_o": "acme", "sdr_odn": "Acme", "sdr_u": "lisa", "sdr_a": "Export", "sdr_m": "Reports"}),
                "user lisa, in acme, account called Acme, did Reports · Export",
            ),
            (
                json!({"sdr_o": "acme", "sdr_u": "lisa", "sdr_a": "report.export"}),
                "user lisa, in acme, did Reports · export",
            ),
            (
                json!({"sdr_o": "acme", "sdr_u": "lisa", "sdr_a": "__heartbeat"}),
                "user lisa, in acme, did General · (there)",
            ),
            (json!({"sdr_o": "acme", "sdr_o.account_name": "Acme"}), "in acme, account called Acme"),
            (json!({"sdr_o": "acme", "sdr_u": "lisa", "sdr_u.name": "Lisa"}), "user lisa, called Lisa, in acme"),
            (json!({"sdr_u": "lisa", "sdr_a": "Export"}), "missing_field /sdr_o"),
            (json!({"sdr_o": "acme", "sdr_a": "Export"}), "missing_field /sdr_u"),
        ],
    );
}

#[test]
fn vitally() {
    let time = "2026-11-23T11:59:00.000Z";
    all_say(
        Protocol::Vitally,
        &[
            (
                json!({"type": "track", "userId": 32, "accountId": "acme", "event": "scored-goal", "properties": {},
                 "messageId": "7ac1", "timestamp": time}),
                "user 32, in acme, did General · scored-goal, id 7ac1, ago 60",
            ),
            (
                json!({"type": "track", "userId": "32", "event": "scored-goal", "properties": {"module": "Pitch"},
                 "messageId": 7}),
                "user 32, did Pitch · scored-goal, id 7",
            ),
            (
                json!({"type": "user", "userId": "32", "accountId": "acme", "traits": {"name": "Lisa Ray"},
                 "timestamp": time}),
                "user 32, called Lisa Ray, now in acme, ago 60",
            ),
            (json!({"type": "user", "userId": "32", "traits": {}}), "user 32"),
            (
                json!({"type": "account", "accountId": "acme", "traits": {"name": "Acme"}}),
                "in acme, account called Acme",
            ),
            (json!({"type": "organization", "organizationId": "x"}), ""),
            (json!({"type": "track", "accountId": "acme", "event": "paid"}), "missing_field /userId"),
            (json!({"type": "account", "traits": {"name": "Acme"}}), "missing_field /accountId"),
            (json!({"type": "unlink", "userId": "32"}), "unsupported_call /type"),
        ],
    );
}

#[test]
fn an_event_is_a_call_too() {
    let event =
        json!({"id": "1", "account": {"id": "acme", "name": "Acme"}, "user": "lisa", "module": "m", "action": "x"});
    assert_eq!(said(Protocol::Events, &event), "user lisa, in acme, account called Acme, did m · x, id 1");
    let call = read(Protocol::Events, &event, RECEIPT, &rules()).expect("read");
    let meaning = Known::default().settle(call, NOON).expect("settled");
    assert_eq!(meaning.event, Some(Event::from_json(&event, RECEIPT).expect("an event")));
}

#[test]
fn a_use_without_a_user_or_an_account_is_no_event() {
    let used = || Some(Used::activity(None, "m".into(), "x".into()));
    let settle = |call: Call| Known::default().settle(call, NOON).map(|_| ()).map_err(|rejection| rejection.code);
    let nobody = Call { account: Some("acme".into()), used: used(), ..Call::at(NOON) };
    assert_eq!(settle(nobody), Err(RejectionCode::MissingField));
    let nowhere = Call { user: Some("lisa".into()), used: used(), ..Call::at(NOON) };
    assert_eq!(settle(nowhere), Err(RejectionCode::UnknownAccount));
}

/// JSON with the names that mean something in a protocol, and values of any kind.
fn any_call() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 32] = [
        "type",
        "event",
        "userId",
        "anonymousId",
        "previousId",
        "groupId",
        "context",
        "page",
        "path",
        "url",
        "traits",
        "name",
        "email",
        "properties",
        "timestamp",
        "messageId",
        "distinct_id",
        "$groups",
        "company",
        "uuid",
        "offset",
        "$set",
        "$group_key",
        "$group_set",
        "$current_url",
        "alias",
        "accountId",
        "module",
        "sdr_o",
        "sdr_u",
        "sdr_a",
        "sdr_m",
    ];
    const TEXTS: [&str; 17] = [
        "",
        " ",
        "track",
        "page",
        "group",
        "identify",
        "alias",
        "user",
        "account",
        "$pageview",
        "$identify",
        "$groupidentify",
        "__heartbeat",
        "2026-11-23T11:00:00Z",
        "9999-12-31T23:59:59",
        "://",
        "a\u{0}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(TEXTS.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![9 => proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(3, 40, 8, move |inner| {
        let fields = proptest::collection::vec((name.clone(), inner.clone()), 0..12);
        prop_oneof![
            4 => fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            1 => proptest::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_call_is_an_event_or_rejected_or_no_use(calls in proptest::collection::vec(any_call(), 0..6)) {
        for protocol in Protocol::ALL {
            let mut known = Known::default();
            let read: Vec<_> = calls.iter().map(|call| read(protocol, call, RECEIPT, &rules())).collect();
            known.expect(read.iter().flatten());
            for call in read {
                let Ok(call) = call else { continue };
                let is_use = call.used.is_some();
                match known.settle(call, NOON) {
                    Ok(meaning) => prop_assert_eq!(meaning.event.is_some(), is_use),
                    Err(_) => prop_assert!(is_use),
                }
            }
        }
    }
}
