//! What users did on days that were written lately: as long as nobody else writes to these days, none of it need be read
//! again before it is written again.

use super::{
    StoreError,
    connection::Connection,
    rollup::{UserDay, UserKey, UserModuleKey},
    statement::{Column, bulk},
};
use foldhash::{HashMap, HashMapExt};
use model::uses::DayUses;

/// How many bytes are remembered, about, before all are forgotten.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;

/// Rows of `user_day` and `user_module_day` as they are stored, by day.
#[derive(Default)]
pub(super) struct RecentDays {
    days: HashMap<i64, RecentDay>,
}

struct RecentDay {
    /// Of the day (`day_revision`), when these rows were all that had changed; 0 where it had none yet.
    revision: i64,
    /// Whether the day has no other rows.
    is_complete: bool,
    /// About how much it takes.
    bytes: usize,
    users: HashMap<(i64, i64), UserDay>,
    modules: HashMap<(i64, i64, i64), StoredModuleDay>,
}

/// What is known of a row.
#[derive(Debug)]
pub(super) enum Known<'a, T> {
    /// It is stored like this.
    Stored(&'a T),
    /// There is none.
    Absent,
    /// Nothing: it must be read.
    Unread,
}

/// A row of `user_module_day`, without its key.
#[derive(Debug)]
pub(super) struct StoredModuleDay {
    pub(super) actions: i64,
    pub(super) last_use: i64,
    /// Packed ([`DayUses`]): a day of a busy user is some ten times as large otherwise.
    pub(super) uses: Vec<u8>,
}

impl StoredModuleDay {
    /// The uses.
    pub(super) fn unpacked(&self) -> DayUses {
        DayUses::from_bytes(&self.uses)
    }
}

impl RecentDays {
    /// Forgets those of `days` that others have written to since, and says whether there were any: what was looked up
    /// before must be looked up again. To be asked within a transaction whose accounts are locked: what others write to
    /// a day from then on is of other accounts, and raises its revision when it is committed.
    pub(super) async fn forget_what_others_changed(
        &mut self,
        connection: &mut Connection<'_>,
        days: &[i64],
    ) -> Result<bool, StoreError> {
        let select = bulk(
            "WITH wanted (day) AS ({rows}) \
             SELECT r.day, r.revision FROM wanted CROSS JOIN day_revision r WHERE r.day = wanted.day",
            [Column::ints(days.iter().copied())],
        );
        let stored: HashMap<i64, i64> = select.fetch_all::<(i64, i64)>(connection).await?.into_iter().collect();
        let mut changed = false;
        for day in days {
            let stored = stored.get(day).copied();
            let revision = stored.unwrap_or_default();
            let remembered = self.days.get(day).map(|recent| recent.revision);
            if remembered != Some(revision) {
                changed |= remembered.is_some();
                // A day without a revision is one that nobody has written to.
                self.days.insert(*day, RecentDay { is_complete: stored.is_none(), ..RecentDay::of(revision) });
            }
        }
        Ok(changed)
    }

    /// What a user did on a day.
    pub(super) fn user(&self, &(day, account_no, user_no): &UserKey) -> Known<'_, UserDay> {
        let Some(recent) = self.days.get(&day) else { return Known::Unread };
        recent.known(recent.users.get(&(account_no, user_no)))
    }

    /// What they did in a module.
    pub(super) fn module(&self, &(day, account_no, user_no, module_no): &UserModuleKey) -> Known<'_, StoredModuleDay> {
        let Some(recent) = self.days.get(&day) else { return Known::Unread };
        recent.known(recent.modules.get(&(account_no, user_no, module_no)))
    }

    /// Remembers rows that were written, and the revisions their days have got by that. Where others have raised one
    /// too, what was remembered of the day is forgotten: they may have written more of it.
    pub(super) fn remember(
        &mut self,
        users: impl IntoIterator<Item = (UserKey, UserDay)>,
        modules: impl IntoIterator<Item = (UserModuleKey, StoredModuleDay)>,
        revisions: Vec<(i64, i64)>,
    ) {
        if self.days.values().map(|recent| recent.bytes).sum::<usize>() > REMEMBERED_BYTES {
            self.days.clear();
        }
        for (day, revision) in revisions {
            let recent = self.days.entry(day).or_insert(RecentDay::of(revision));
            if recent.revision + 1 != revision {
                *recent = RecentDay::of(revision);
            }
            recent.revision = revision;
        }
        for ((day, account_no, user_no), user) in users {
            if let Some(recent) = self.days.get_mut(&day) {
                recent.put_user((account_no, user_no), user);
            }
        }
        for ((day, account_no, user_no, module_no), module) in modules {
            if let Some(recent) = self.days.get_mut(&day) {
                recent.put_module((account_no, user_no, module_no), module);
            }
        }
    }
}

impl RecentDay {
    /// A day of which nothing is known but its revision.
    fn of(revision: i64) -> Self {
        Self { revision, is_complete: false, bytes: size_of::<Self>(), users: HashMap::new(), modules: HashMap::new() }
    }

    fn put_user(&mut self, key: (i64, i64), user: UserDay) {
        let bytes = size_of_val(&key) + size_of_val(&user);
        self.bytes += if self.users.insert(key, user).is_none() { bytes } else { 0 };
    }

    fn put_module(&mut self, key: (i64, i64, i64), module: StoredModuleDay) {
        let bytes = size_of_val(&key) + size_of_val(&module);
        self.bytes += bytes + module.uses.len();
        self.bytes -= self.modules.insert(key, module).map_or(0, |old| bytes + old.uses.len());
    }

    fn known<'a, T>(&self, row: Option<&'a T>) -> Known<'a, T> {
        match row {
            Some(row) => Known::Stored(row),
            None if self.is_complete => Known::Absent,
            None => Known::Unread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Asked, Store};
    use model::{
        event::{Event, IdScope, Kind},
        instant::Instant,
    };

    fn event(number: i64) -> Event {
        let time = Instant::from_millis(1_795_435_200_000 + number * 61_000);
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: None,
            account_attributes: Vec::new(),
            user: format!("user {}", number % 3),
            user_name: None,
            module: format!("module {}", number % 2),
            kind: Kind::Activity { action: "View".into(), count: 1 },
            time,
            received: time,
        }
    }

    #[tokio::test]
    async fn what_another_process_writes_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let open = || async { Store::open(&url, Asked::default()).await.unwrap() };
        let (one, other) = (open().await, open().await);
        for number in 0..40 {
            let store = if number % 5 < 3 { &one } else { &other };
            store.append(&[event(number), event(number + 1)]).await.unwrap();
        }
        let written = one.dump_roll_ups().await.unwrap();
        Store::rebuild_at(&url, Asked::default()).await.unwrap();
        assert_eq!(written, one.dump_roll_ups().await.unwrap());
        assert!(written.iter().all(|(table, rows)| !rows.is_empty() && !table.is_empty()));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut recent = RecentDays::default();
        let stored = |bytes| StoredModuleDay { actions: 1, last_use: 1, uses: vec![0; bytes] };
        let mut revision = 0;
        let mut remember = |recent: &mut RecentDays, module_no, bytes| {
            revision += 1;
            recent.remember(Vec::new(), vec![((1, 1, 1, module_no), stored(bytes))], vec![(1, revision)]);
        };
        let is_known =
            |recent: &RecentDays, module_no| matches!(recent.module(&(1, 1, 1, module_no)), Known::Stored(_));
        remember(&mut recent, 1, 10);
        // Written again and again, a row takes its place once.
        for _ in 0..3 {
            remember(&mut recent, 2, REMEMBERED_BYTES / 2);
        }
        assert!(is_known(&recent, 1));
        remember(&mut recent, 3, REMEMBERED_BYTES / 2);
        remember(&mut recent, 4, 10);
        assert!(!is_known(&recent, 1) && is_known(&recent, 4));
    }

    #[test]
    fn a_day_others_have_written_to_is_known_no_more() {
        let mut recent = RecentDays::default();
        let stored = || StoredModuleDay { actions: 1, last_use: 1, uses: vec![0; 10] };
        recent.remember(Vec::new(), vec![((1, 1, 1, 1), stored())], vec![(1, 1)]);
        // Between the two somebody has raised it to 2.
        recent.remember(Vec::new(), vec![((1, 2, 2, 1), stored())], vec![(1, 3)]);
        assert!(matches!(recent.module(&(1, 1, 1, 1)), Known::Unread));
        assert!(matches!(recent.module(&(1, 2, 2, 1)), Known::Stored(_)));
    }
}
