//! Today's activity stream: what is shown, and what is newer but waits so that nothing moves under the reader.

use crate::{
    browser::{self, Slot},
    client::{self, ClientError, Ongoing},
    view::View,
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    api::today::{Stream, StreamEntry},
    query::StreamQuery,
};

/// Where the choice of Auto refresh is remembered.
const KEY: &str = "auto-refresh";

/// The id of the list in the page.
pub(crate) const LIST_ID: &str = "stream";

/// The stream on screen.
#[derive(Clone, Copy)]
pub(crate) struct StreamState {
    query: Memo<StreamQuery>,
    shown: RwSignal<Option<Shown>>,
    waiting: RwSignal<Option<Stream>>,
    /// Whether newer entries show by themselves. Off unless asked for.
    pub(crate) auto_refresh: RwSignal<bool>,
    /// Whether older entries are under way.
    pub(crate) loading_older: RwSignal<bool>,
    /// Why older entries, or those of another account, are not there.
    pub(crate) failure: RwSignal<Option<ClientError>>,
    ongoing: Slot<Ongoing>,
}

/// The entries on screen.
#[derive(Clone)]
struct Shown {
    query: StreamQuery,
    entries: Vec<ShownEntry>,
    next: Option<String>,
    /// Whether older pages have been appended.
    extended: bool,
}

/// An entry on screen, which changes in place.
#[derive(Clone)]
pub(crate) struct ShownEntry {
    /// Account id, user id and module: the same entry as long as these are the same.
    pub(crate) key: EntryKey,
    /// What it says now.
    pub(crate) entry: ArcRwSignal<StreamEntry>,
}

/// What makes an entry the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryKey {
    account: String,
    user: String,
    module: String,
}

impl EntryKey {
    fn of(entry: &StreamEntry) -> Self {
        Self { account: entry.account.id.clone(), user: entry.user.id.clone(), module: entry.module.clone() }
    }
}

impl ShownEntry {
    fn new(entry: StreamEntry) -> Self {
        Self { key: EntryKey::of(&entry), entry: ArcRwSignal::new(entry) }
    }

    fn update(&self, entry: StreamEntry) {
        if self.entry.with_untracked(|before| *before != entry) {
            self.entry.set(entry);
        }
    }
}

impl StreamState {
    /// Nothing known yet.
    pub(crate) fn new(view: Memo<View>) -> Self {
        let query = Memo::new(move |before: Option<&StreamQuery>| match view.get() {
            View::Today(query) => query,
            // Elsewhere the stream stays as it was.
            _ => before.cloned().unwrap_or_default(),
        });
        Self {
            query,
            shown: RwSignal::new(None),
            waiting: RwSignal::new(None),
            auto_refresh: RwSignal::new(false),
            loading_older: RwSignal::new(false),
            failure: RwSignal::new(None),
            ongoing: Slot::new(),
        }
    }

    /// Follows the address and remembers Auto refresh. Does nothing on the server.
    pub(crate) fn follow(self) {
        Effect::new(move |_| self.auto_refresh.set(browser::stored(KEY).as_deref() == Some("on")));
        Effect::new(move |before: Option<()>| {
            let query = self.query.get();
            let shown = self.shown.with_untracked(|shown| shown.as_ref().is_some_and(|shown| shown.query == query));
            if before.is_some() && !shown {
                self.fetch(query);
            }
        });
    }

    /// What to ask for to see whether there is something new.
    pub(crate) fn newest(self) -> StreamQuery {
        self.query.get_untracked()
    }

    /// The entries on screen; `None` before there are any to show.
    pub(crate) fn entries(self) -> Option<Vec<ShownEntry>> {
        self.shown.with(|shown| shown.as_ref().map(|shown| shown.entries.clone()))
    }

    /// The view of the entries after those on screen.
    pub(crate) fn older(self) -> Option<View> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            Some(View::Today(StreamQuery { before: Some(shown.next.clone()?), ..shown.query.clone() }))
        })
    }

    /// The account whose entries alone are shown.
    pub(crate) fn account(self) -> Option<String> {
        self.query.with(|query| query.account.clone())
    }

    /// The team through whose eyes they are seen.
    pub(crate) fn team(self) -> Option<String> {
        self.query.with(|query| query.team.clone())
    }

    /// Whether the address asks for older entries, which nothing newer joins.
    pub(crate) fn is_older_page(self) -> bool {
        self.query.with(|query| query.before.is_some())
    }

    /// How many entries wait to be shown: new ones, and those used again.
    pub(crate) fn waiting(self) -> usize {
        self.waiting.with(|waiting| {
            let Some(waiting) = waiting else { return 0 };
            self.shown.with(|shown| shown.as_ref().map_or(0, |shown| count_news(shown, waiting)))
        })
    }

    /// Shows entries in place of all that was there.
    pub(crate) fn replace(self, query: StreamQuery, stream: Stream) {
        let entries = stream.entries.into_iter().map(ShownEntry::new).collect();
        self.shown.set(Some(Shown { query, entries, next: stream.next, extended: false }));
        self.waiting.set(None);
        self.failure.set(None);
    }

    /// Takes the newest entries: shows them where that moves nothing under the reader, or lets them wait. With
    /// `another_day` they replace all. Only for the browser.
    pub(crate) fn accept(self, query: StreamQuery, stream: Stream, another_day: bool) {
        if query != self.query.get_untracked() {
            return;
        }
        let Some(shown) = self.shown.get_untracked() else { return self.replace(query, stream) };
        if another_day || shown.query != query || shown.entries.is_empty() {
            return self.replace(query, stream);
        }
        update_presence(&shown, &stream);
        if query.before.is_some() {
            return;
        }
        if count_news(&shown, &stream) == 0 {
            self.waiting.set(None);
        } else if self.auto_refresh.get_untracked() && !browser::is_being_read(LIST_ID) {
            self.shown.set(Some(joined(shown, stream)));
            self.waiting.set(None);
        } else {
            self.waiting.set(Some(stream));
        }
    }

    /// Shows what waits. Only for the browser.
    pub(crate) fn show_waiting(self) {
        if let (Some(shown), Some(stream)) = (self.shown.get_untracked(), self.waiting.get_untracked()) {
            self.shown.set(Some(joined(shown, stream)));
            self.waiting.set(None);
        }
    }

    /// Turns Auto refresh on or off, and remembers it. Turned on, what waits is shown. Only for the browser.
    pub(crate) fn set_auto_refresh(self, on: bool) {
        self.auto_refresh.set(on);
        browser::store(KEY, on.then_some("on"));
        if on {
            self.show_waiting();
        }
    }

    /// Appends the entries after those on screen. Only for the browser.
    pub(crate) fn append_older(self) {
        let Some(shown) = self.shown.get_untracked() else { return };
        let (Some(before), Some(signal)) = (shown.next, self.begin()) else { return };
        let query = StreamQuery { before: Some(before.clone()), ..shown.query };
        self.loading_older.set(true);
        spawn_local(async move {
            match client::stream(&query, &signal).await {
                Ok(stream) => self.append(&before, stream),
                Err(ClientError::Aborted) => {}
                Err(error) => self.failure.set(Some(error)),
            }
            self.loading_older.set(false);
        });
    }

    fn append(self, after: &str, stream: Stream) {
        self.shown.update(|shown| {
            let Some(shown) = shown.as_mut().filter(|shown| shown.next.as_deref() == Some(after)) else { return };
            for entry in stream.entries {
                let entry = ShownEntry::new(entry);
                // Used again since the page before was read, an entry is already above.
                if shown.entries.iter().all(|above| above.key != entry.key) {
                    shown.entries.push(entry);
                }
            }
            shown.next = stream.next;
            shown.extended = true;
        });
        self.failure.set(None);
    }

    fn fetch(self, query: StreamQuery) {
        let Some(signal) = self.begin() else { return };
        spawn_local(async move {
            match client::stream(&query, &signal).await {
                Ok(stream) => self.replace(query, stream),
                Err(ClientError::Aborted) => {}
                Err(error) => self.failure.set(Some(error)),
            }
        });
    }

    fn begin(self) -> Option<web_sys::AbortSignal> {
        let ongoing = Ongoing::new().ok()?;
        let signal = ongoing.signal();
        self.ongoing.put(ongoing);
        Some(signal)
    }
}

/// How many of the newest entries are not on screen as they are.
fn count_news(shown: &Shown, newest: &Stream) -> usize {
    let is_shown = |entry: &StreamEntry| {
        let key = EntryKey::of(entry);
        shown.entries.iter().filter(|shown| shown.key == key).any(|shown| {
            shown.entry.with_untracked(|shown| shown.count == entry.count && shown.last_at == entry.last_at)
        })
    };
    newest.entries.iter().filter(|entry| !is_shown(entry)).count()
}

/// Brings the online dots up to date, which moves nothing.
fn update_presence(shown: &Shown, newest: &Stream) {
    for entry in &shown.entries {
        let known = newest
            .entries
            .iter()
            .find(|newest| newest.account.id == entry.key.account && newest.user.id == entry.key.user);
        if let Some(known) = known
            && entry.entry.with_untracked(|entry| entry.online != known.online)
        {
            entry.entry.update(|entry| entry.online = known.online);
        }
    }
}

/// The newest entries, then those on screen that older pages brought. Where nothing links the two, because more
/// entries are new than fit on a page, the newest alone.
fn joined(shown: Shown, newest: Stream) -> Shown {
    let find = |key: &EntryKey| shown.entries.iter().find(|entry| entry.key == *key);
    let mut linked = false;
    let mut entries: Vec<ShownEntry> = Vec::with_capacity(shown.entries.len());
    for entry in newest.entries {
        let joined = match find(&EntryKey::of(&entry)) {
            Some(before) => {
                linked |= before.entry.with_untracked(|before| before.last_at == entry.last_at);
                before.update(entry);
                before.clone()
            }
            None => ShownEntry::new(entry),
        };
        entries.push(joined);
    }
    if !(shown.extended && linked) {
        return Shown { query: shown.query, entries, next: newest.next, extended: false };
    }
    let older: Vec<_> =
        shown.entries.into_iter().filter(|entry| entries.iter().all(|above| above.key != entry.key)).collect();
    entries.extend(older);
    Shown { query: shown.query, entries, next: shown.next, extended: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        api::{Account, User},
        instant::Instant,
    };

    fn entry(user: &str, count: i64, last_at: i64) -> StreamEntry {
        StreamEntry {
            account: Account { id: "acme".into(), name: "Acme".into() },
            user: User { id: user.into(), name: user.into() },
            module: "Dashboard".into(),
            count,
            actions: Vec::new(),
            uses: Vec::new(),
            last_at: Instant::from_millis(last_at),
            online: false,
        }
    }

    fn stream(entries: &[(&str, i64, i64)], next: Option<&str>) -> Stream {
        let entries = entries.iter().map(|&(user, count, at)| entry(user, count, at)).collect();
        Stream { as_of: Instant::from_millis(100), entries, next: next.map(str::to_owned) }
    }

    fn shown(entries: &[(&str, i64, i64)], extended: bool) -> Shown {
        let entries = entries.iter().map(|&(user, count, at)| ShownEntry::new(entry(user, count, at))).collect();
        Shown { query: StreamQuery::default(), entries, next: Some("old".into()), extended }
    }

    fn users(shown: &Shown) -> Vec<(String, i64)> {
        shown.entries.iter().map(|entry| (entry.key.user.clone(), entry.entry.get_untracked().count)).collect()
    }

    #[test]
    fn new_entries_and_those_used_again_are_news() {
        let shown = shown(&[("lisa", 3, 50), ("tom", 1, 40)], false);
        assert_eq!(count_news(&shown, &stream(&[("lisa", 3, 50), ("tom", 1, 40)], None)), 0);
        assert_eq!(count_news(&shown, &stream(&[("ann", 1, 60), ("lisa", 4, 55), ("tom", 1, 40)], None)), 2);
    }

    #[test]
    fn an_entry_used_again_moves_to_the_top_with_its_new_count() {
        let joined =
            joined(shown(&[("tom", 1, 50), ("lisa", 3, 40)], false), stream(&[("lisa", 4, 60), ("tom", 1, 50)], None));
        assert_eq!(users(&joined), [("lisa".into(), 4), ("tom".into(), 1)]);
    }

    #[test]
    fn appended_pages_stay_below_the_newest() {
        let newest = stream(&[("ann", 1, 60), ("tom", 1, 50)], Some("new"));
        let joined = joined(shown(&[("tom", 1, 50), ("lisa", 3, 40), ("bob", 1, 30)], true), newest);
        assert_eq!(
            users(&joined).iter().map(|(user, _)| user.as_str()).collect::<Vec<_>>(),
            ["ann", "tom", "lisa", "bob"]
        );
        assert_eq!(joined.next.as_deref(), Some("old"));
    }

    #[test]
    fn where_nothing_links_old_and_new_only_the_newest_stay() {
        let newest = stream(&[("ann", 1, 90), ("eve", 1, 80)], Some("new"));
        let joined = joined(shown(&[("tom", 1, 50), ("lisa", 3, 40)], true), newest);
        assert_eq!(users(&joined).len(), 2);
        assert_eq!(joined.next.as_deref(), Some("new"));
    }
}
