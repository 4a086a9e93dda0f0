//! The events that are measured with: the same ones each time.

use model::{
    audit::AuthorKind,
    event::{Event, IdScope, Kind},
    instant::Instant,
};
use serde_json::{Value, json};
use server::store::Author;

/// Events a commit holds: as many as ingest puts into one.
pub(crate) const COMMIT: usize = 16_000;

/// How many users work at once.
const SESSIONS: usize = 250;

/// How many events each of them has, before another works in their stead.
const SESSION: usize = 20;

/// A midnight, by which every event lies in the past.
pub(crate) const NOW: Instant = Instant::from_millis(1_795_392_000_000);

/// In milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// How events spread over what the roll-ups are kept by.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) days: i64,
    pub(crate) users: usize,
    pub(crate) with_ids: bool,
}

impl Shape {
    /// The first `count` events.
    pub(crate) fn events(&self, count: usize) -> Vec<Event> {
        (0..count).map(|number| self.event(number, count)).collect()
    }

    /// Users work in sessions, of which many run at once: one after the other has an event, and each stays in one
    /// module, with a few of its actions. What spreads them shares no factor with what they go around.
    fn event(&self, number: usize, count: usize) -> Event {
        let sessions_before = number / (SESSIONS * SESSION) * SESSIONS;
        let session = sessions_before + number % SESSIONS;
        let user = session * 7_919 % self.users;
        let action = number / SESSIONS % 4;
        let activity = session * 104_729 / 13 % 12 + 12 * action;
        let span = self.days * DAY;
        let elapsed = i64::try_from(number).unwrap() * span / i64::try_from(count).unwrap();
        Event {
            id: self.with_ids.then(|| format!("event {number}")),
            id_scope: IdScope::Account,
            account: format!("account {}", user % 200),
            account_name: None,
            account_attributes: Vec::new(),
            user: format!("user {user}"),
            user_name: None,
            module: format!("module {}", activity % 12),
            kind: Kind::Activity { action: format!("action {}", activity / 12), count: 1 },
            time: NOW.plus_millis(elapsed - span),
            received: NOW,
        }
    }
}

/// Who changes settings.
pub(crate) fn author() -> Author {
    let (name, place) = (String::new(), "a bench".to_owned());
    Author { kind: AuthorKind::CommandLine, number: 0, name, place, at: NOW }
}

/// An event as a client sends it.
pub(crate) fn json(event: &Event) -> Value {
    let Kind::Activity { action, count } = &event.kind else { unreachable!("no shape has heartbeats") };
    json!({
        "id": event.id, "time": event.time.to_string(), "account": event.account, "user": event.user,
        "module": event.module, "action": action, "count": count
    })
}
