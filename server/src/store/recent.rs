//! What users did on days that were written lately: as long as nobody else writes to the database, none of it need be
//! read again before it is written again.

use super::{
    StoreError,
    connection::Connection,
    rollup::{UserDay, UserKey, UserModuleKey},
    statement::query,
};
use foldhash::HashMap;
use model::uses::DayUses;

/// How many bytes are remembered, about, before all are forgotten.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;

/// Rows of `user_day` and `user_module_day` as they are stored.
#[derive(Default)]
pub(super) struct RecentDays {
    users: HashMap<UserKey, UserDay>,
    modules: HashMap<UserModuleKey, StoredModuleDay>,
    bytes: usize,
    /// What SQLite says of the file's content; 0 where it was not asked.
    data_version: i64,
}

/// A row of `user_module_day`, without its key.
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
    /// Forgets all where another connection has written to the SQLite file since the last time, and on Postgres, where
    /// other servers may, always. To be asked within a transaction that writes, beside which SQLite has no other. See
    /// <https://sqlite.org/pragma.html#pragma_data_version>.
    pub(super) async fn forget_what_others_changed(
        &mut self,
        connection: &mut Connection<'_>,
    ) -> Result<(), StoreError> {
        if let Connection::Postgres(_) = connection {
            *self = Self::default();
            return Ok(());
        }
        let sql = "SELECT data_version FROM pragma_data_version";
        let (data_version,): (i64,) = query(sql).fetch_one(connection).await?;
        if data_version != self.data_version {
            *self = Self { data_version, ..Self::default() };
        }
        Ok(())
    }

    /// What a user did on a day.
    pub(super) fn user(&self, key: &UserKey) -> Option<&UserDay> {
        self.users.get(key)
    }

    /// What they did in a module.
    pub(super) fn module(&self, key: &UserModuleKey) -> Option<&StoredModuleDay> {
        self.modules.get(key)
    }

    /// Remembers rows that were written.
    pub(super) fn remember(&mut self, users: Vec<(UserKey, UserDay)>, modules: Vec<(UserModuleKey, StoredModuleDay)>) {
        if self.bytes > REMEMBERED_BYTES {
            *self = Self { data_version: self.data_version, ..Self::default() };
        }
        let (user_bytes, module_bytes) =
            (size_of::<(UserKey, UserDay)>(), size_of::<(UserModuleKey, StoredModuleDay)>());
        for (key, user) in users {
            self.bytes += if self.users.insert(key, user).is_none() { user_bytes } else { 0 };
        }
        for (key, module) in modules {
            self.bytes += module_bytes + module.uses.len();
            self.bytes -= self.modules.insert(key, module).map_or(0, |old| module_bytes + old.uses.len());
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
        recent.remember(Vec::new(), vec![((1, 1, 1, 1), stored(10))]);
        // Written again and again, a row takes its place once.
        for _ in 0..3 {
            recent.remember(Vec::new(), vec![((1, 1, 1, 2), stored(REMEMBERED_BYTES / 2))]);
        }
        assert!(recent.module(&(1, 1, 1, 1)).is_some());
        recent.remember(Vec::new(), vec![((1, 1, 1, 3), stored(REMEMBERED_BYTES / 2))]);
        recent.remember(Vec::new(), vec![((1, 1, 1, 4), stored(10))]);
        assert!(recent.module(&(1, 1, 1, 1)).is_none() && recent.module(&(1, 1, 1, 4)).is_some());
    }
}
