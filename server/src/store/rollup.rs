//! Roll-ups: what the dashboards read instead of events.
//!
//! Each is a function of the set of events. Per user and day, what is there is read, merged with what is new, and
//! written back; what that changes is then added to the figures per account and to those of all accounts. A batch
//! writes each row once, however many of its events touch it.

use super::{Reporting, StoreError, batches, day_number, dimension::Numbers};
use model::{
    instant::Instant,
    minutes::ActiveMinutes,
    uses::MinuteCounts,
    zone::{LocalMinute, local_minute},
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

/// An event as the database knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) numbers: Numbers,
    pub(super) time: Instant,
    /// 0 for a heartbeat.
    pub(super) count: i64,
}

/// Day, account, user.
type UserKey = (i64, i64, i64);
/// Day, account, user, and a module or an activity.
type UsePartKey = (i64, i64, i64, i64);
/// Account or 0 for all, day.
type AccountKey = (i64, i64);
/// Account or 0 for all, day, and a module or an activity.
type AccountPartKey = (i64, i64, i64);

#[derive(Default)]
struct UserDay {
    minutes: ActiveMinutes,
    seconds: i64,
    actions: i64,
    last_signal: i64,
}

#[derive(Default)]
struct UserModuleDay {
    actions: i64,
    last_use: i64,
}

#[derive(Default)]
struct UserActivityDay {
    module_no: i64,
    actions: i64,
    uses: MinuteCounts,
}

#[derive(Default)]
struct AccountDay {
    users: i64,
    actions: i64,
    seconds: i64,
}

/// Distinct users and actions of a module or an activity.
#[derive(Default)]
struct PartDay {
    users: i64,
    actions: i64,
}

/// What a batch adds for each user and day.
#[derive(Default)]
struct Batch {
    users: BTreeMap<UserKey, UserDay>,
    modules: BTreeMap<UsePartKey, UserModuleDay>,
    activities: BTreeMap<UsePartKey, UserActivityDay>,
}

/// What a batch adds for each account and day, and for all accounts together.
#[derive(Default)]
struct Sums {
    accounts: BTreeMap<AccountKey, AccountDay>,
    modules: BTreeMap<AccountPartKey, PartDay>,
    activities: BTreeMap<AccountPartKey, PartDay>,
}

/// Brings every roll-up up to date with events that are new.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    reporting: Reporting,
    facts: &[Fact],
) -> Result<(), StoreError> {
    let mut batch = Batch::gather(reporting, facts);
    let mut sums = Sums::default();
    merge_users(connection, reporting, &mut batch.users, &mut sums).await?;
    merge_modules(connection, &mut batch.modules, &mut sums).await?;
    merge_activities(connection, &mut batch.activities, &mut sums).await?;
    add_accounts(connection, sums.accounts).await?;
    add_parts(connection, "module_day", "module_no", sums.modules).await?;
    add_parts(connection, "activity_day", "activity_no", sums.activities).await?;
    raise_revisions(connection, batch.users.keys().map(|&(day, ..)| day)).await
}

impl Batch {
    fn gather(reporting: Reporting, facts: &[Fact]) -> Self {
        let mut batch = Self::default();
        for fact in facts {
            let Numbers { account_no, user_no, module_no, activity_no } = fact.numbers;
            let LocalMinute { day, minute } = local_minute(&reporting.zone, fact.time);
            let day = day_number(day);
            let time = fact.time.millis();

            let user = batch.users.entry((day, account_no, user_no)).or_default();
            user.minutes.insert(minute);
            user.actions += fact.count;
            user.last_signal = user.last_signal.max(time);
            if activity_no != 0 {
                let module = batch.modules.entry((day, account_no, user_no, module_no)).or_default();
                module.actions += fact.count;
                module.last_use = module.last_use.max(time);
                let activity = batch.activities.entry((day, account_no, user_no, activity_no)).or_default();
                activity.module_no = module_no;
                activity.actions += fact.count;
                activity.uses.add(minute, fact.count);
            }
        }
        batch
    }
}

impl Sums {
    fn account(&mut self, day: i64, account_no: i64, users: i64, actions: i64, seconds: i64) {
        for account_no in [0, account_no] {
            let account = self.accounts.entry((account_no, day)).or_default();
            account.users += users;
            account.actions += actions;
            account.seconds += seconds;
        }
    }
}

fn add_part(parts: &mut BTreeMap<AccountPartKey, PartDay>, key: UsePartKey, is_new: bool, actions: i64) {
    let (day, account_no, _, part_no) = key;
    for account_no in [0, account_no] {
        let part = parts.entry((account_no, day, part_no)).or_default();
        part.users += i64::from(is_new);
        part.actions += actions;
    }
}

async fn merge_users(
    connection: &mut SqliteConnection,
    reporting: Reporting,
    users: &mut BTreeMap<UserKey, UserDay>,
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let mut rows: Vec<(&UserKey, &mut UserDay)> = users.iter_mut().collect();
    for range in batches(rows.len()) {
        let rows = &mut rows[range];
        let mut select = QueryBuilder::<Sqlite>::new("WITH wanted (day, account_no, user_no) AS (");
        select.push_values(rows.iter(), |mut row, (key, _)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2);
        });
        select.push(
            ") SELECT t.day, t.account_no, t.user_no, t.minutes, t.seconds, t.actions, t.last_signal \
             FROM wanted CROSS JOIN user_day t \
             WHERE t.day = wanted.day AND t.account_no = wanted.account_no AND t.user_no = wanted.user_no",
        );
        type Row = (i64, i64, i64, Vec<u8>, i64, i64, i64);
        let mut stored: BTreeMap<UserKey, UserDay> = BTreeMap::new();
        for row in select.build_query_as::<Row>().fetch_all(&mut *connection).await? {
            let (day, account_no, user_no, minutes, seconds, actions, last_signal) = row;
            let user = UserDay { minutes: ActiveMinutes::from_bytes(&minutes), seconds, actions, last_signal };
            stored.insert((day, account_no, user_no), user);
        }
        for (key, user) in rows.iter_mut() {
            let added_actions = user.actions;
            let old = stored.get(key);
            if let Some(old) = old {
                user.minutes.merge(&old.minutes);
                user.actions += old.actions;
                user.last_signal = user.last_signal.max(old.last_signal);
            }
            user.seconds = user.minutes.time_spent(reporting.idle_gap);
            let added_seconds = user.seconds - old.map_or(0, |old| old.seconds);
            sums.account(key.0, key.1, i64::from(old.is_none()), added_actions, added_seconds);
        }
        let mut upsert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO user_day (day, account_no, user_no, minutes, seconds, actions, last_signal) ",
        );
        upsert.push_values(rows.iter(), |mut row, (key, user)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2).push_bind(user.minutes.to_bytes());
            row.push_bind(user.seconds).push_bind(user.actions).push_bind(user.last_signal);
        });
        upsert.push(
            " ON CONFLICT (day, account_no, user_no) DO UPDATE SET minutes = excluded.minutes, \
             seconds = excluded.seconds, actions = excluded.actions, last_signal = excluded.last_signal",
        );
        upsert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn merge_modules(
    connection: &mut SqliteConnection,
    modules: &mut BTreeMap<UsePartKey, UserModuleDay>,
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let rows: Vec<(&UsePartKey, &mut UserModuleDay)> = modules.iter_mut().collect();
    for rows in batches(rows.len()).map(|range| &rows[range]) {
        let mut upsert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO user_module_day (day, account_no, user_no, module_no, actions, last_use) ",
        );
        upsert.push_values(rows, |mut row, (key, module)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2).push_bind(key.3);
            row.push_bind(module.actions).push_bind(module.last_use);
        });
        upsert.push(
            " ON CONFLICT (day, account_no, user_no, module_no) DO UPDATE SET \
             actions = user_module_day.actions + excluded.actions, \
             last_use = CASE WHEN excluded.last_use > user_module_day.last_use THEN excluded.last_use \
             ELSE user_module_day.last_use END RETURNING day, account_no, user_no, module_no, actions",
        );
        let written = upsert.build_query_as::<(i64, i64, i64, i64, i64)>().fetch_all(&mut *connection).await?;
        let written: BTreeMap<UsePartKey, i64> = written.into_iter().map(|(d, a, u, m, n)| ((d, a, u, m), n)).collect();
        for (key, module) in rows {
            // Every use counts at least one action: a row that holds no more than was added was not there before.
            let is_new = written.get(key) == Some(&module.actions);
            add_part(&mut sums.modules, **key, is_new, module.actions);
        }
    }
    Ok(())
}

async fn merge_activities(
    connection: &mut SqliteConnection,
    activities: &mut BTreeMap<UsePartKey, UserActivityDay>,
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let mut rows: Vec<(&UsePartKey, &mut UserActivityDay)> = activities.iter_mut().collect();
    for range in batches(rows.len()) {
        let rows = &mut rows[range];
        let mut select = QueryBuilder::<Sqlite>::new("WITH wanted (day, account_no, user_no, activity_no) AS (");
        select.push_values(rows.iter(), |mut row, (key, _)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2).push_bind(key.3);
        });
        select.push(
            ") SELECT t.day, t.account_no, t.user_no, t.activity_no, t.actions, t.uses \
             FROM wanted CROSS JOIN user_activity_day t WHERE t.day = wanted.day \
             AND t.account_no = wanted.account_no AND t.user_no = wanted.user_no \
             AND t.activity_no = wanted.activity_no",
        );
        let stored = select.build_query_as::<(i64, i64, i64, i64, i64, Vec<u8>)>().fetch_all(&mut *connection).await?;
        let stored: BTreeMap<UsePartKey, (i64, MinuteCounts)> = stored
            .into_iter()
            .map(|(d, a, u, activity_no, actions, uses)| {
                ((d, a, u, activity_no), (actions, MinuteCounts::from_bytes(&uses)))
            })
            .collect();
        for (key, activity) in rows.iter_mut() {
            let old = stored.get(key);
            add_part(&mut sums.activities, **key, old.is_none(), activity.actions);
            if let Some((actions, uses)) = old {
                activity.actions += actions;
                activity.uses.merge(uses);
            }
        }
        let mut upsert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO user_activity_day (day, account_no, user_no, activity_no, actions, uses) ",
        );
        upsert.push_values(rows.iter(), |mut row, (key, activity)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2).push_bind(key.3);
            row.push_bind(activity.actions).push_bind(activity.uses.to_bytes());
        });
        upsert.push(
            " ON CONFLICT (day, account_no, user_no, activity_no) DO UPDATE SET \
             actions = excluded.actions, uses = excluded.uses",
        );
        upsert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_accounts(
    connection: &mut SqliteConnection,
    accounts: BTreeMap<AccountKey, AccountDay>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = accounts.into_iter().collect();
    for rows in batches(rows.len()).map(|range| &rows[range]) {
        let mut upsert =
            QueryBuilder::<Sqlite>::new("INSERT INTO account_day (account_no, day, users, actions, seconds) ");
        upsert.push_values(rows, |mut row, (key, account)| {
            row.push_bind(key.0).push_bind(key.1);
            row.push_bind(account.users).push_bind(account.actions).push_bind(account.seconds);
        });
        upsert.push(
            " ON CONFLICT (account_no, day) DO UPDATE SET users = account_day.users + excluded.users, \
             actions = account_day.actions + excluded.actions, seconds = account_day.seconds + excluded.seconds",
        );
        upsert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_parts(
    connection: &mut SqliteConnection,
    table: &str,
    part: &str,
    parts: BTreeMap<AccountPartKey, PartDay>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = parts.into_iter().collect();
    for rows in batches(rows.len()).map(|range| &rows[range]) {
        let mut upsert =
            QueryBuilder::<Sqlite>::new(format!("INSERT INTO {table} (account_no, day, {part}, users, actions) "));
        upsert.push_values(rows, |mut row, (key, sums)| {
            row.push_bind(key.0).push_bind(key.1).push_bind(key.2).push_bind(sums.users).push_bind(sums.actions);
        });
        upsert.push(format!(
            " ON CONFLICT (account_no, day, {part}) DO UPDATE SET \
             users = {table}.users + excluded.users, actions = {table}.actions + excluded.actions"
        ));
        upsert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Marks days as changed.
async fn raise_revisions(connection: &mut SqliteConnection, days: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let mut days: Vec<i64> = days.collect();
    days.dedup();
    for days in batches(days.len()).map(|range| &days[range]) {
        let mut upsert = QueryBuilder::<Sqlite>::new("INSERT INTO day_revision (day, revision) ");
        upsert.push_values(days, |mut row, day| {
            row.push_bind(day).push_bind(1_i64);
        });
        upsert.push(" ON CONFLICT (day) DO UPDATE SET revision = day_revision.revision + 1");
        upsert.build().execute(&mut *connection).await?;
    }
    Ok(())
}
