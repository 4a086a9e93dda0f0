//! Roll-ups: what the dashboards read instead of events.
//!
//! Each is a function of the set of events. Per user and day, what is there is read, merged with what is new, and
//! written back; what that changes is then added to the figures per account and to those of all accounts. A batch
//! writes each row once, however many of its events touch it.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_number,
    dimension::Numbers,
    statement::{Column, bulk},
};
use model::{
    instant::Instant,
    minutes::ActiveMinutes,
    uses::MinuteCounts,
    zone::{LocalMinute, LocalMinutes},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// A fact in its local day.
struct Signal {
    user: UserKey,
    minute: u16,
    fact: Fact,
}

/// What a batch adds for each user and day, each key once.
#[derive(Default)]
struct Batch {
    users: Vec<(UserKey, UserDay)>,
    modules: Vec<(UsePartKey, UserModuleDay)>,
    activities: Vec<(UsePartKey, UserActivityDay)>,
}

/// What a batch adds for each account and day, and for all accounts together.
#[derive(Default)]
struct Sums {
    accounts: BTreeMap<AccountKey, AccountDay>,
    modules: BTreeMap<AccountPartKey, PartDay>,
    activities: BTreeMap<AccountPartKey, PartDay>,
}

/// Brings every roll-up up to date with events that are new, whose accounts are locked.
pub(super) async fn apply(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    facts: &[Fact],
) -> Result<(), StoreError> {
    let mut batch = Batch::gather(reporting, facts);
    let mut sums = Sums::default();
    merge_users(connection, reporting, &mut batch.users, &mut sums).await?;
    merge_modules(connection, &batch.modules, &mut sums).await?;
    merge_activities(connection, &mut batch.activities, &mut sums).await?;
    let of_each_account = sums.split_off_accounts();
    // Those of all accounts last: every server waits for whoever has written them.
    for sums in [of_each_account, sums] {
        add_accounts(connection, sums.accounts).await?;
        add_parts(connection, "module_day", "module_no", sums.modules).await?;
        add_parts(connection, "activity_day", "activity_no", sums.activities).await?;
    }
    raise_revisions(connection, batch.users.iter().map(|&((day, ..), _)| day)).await
}

/// Keeps other processes from the roll-ups and names of accounts, until the transaction ends: what is stored there is
/// read before it is written. An SQLite transaction is alone anyway.
pub(super) async fn lock_accounts(connection: &mut Connection<'_>, accounts: BTreeSet<i64>) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let lock = bulk(
        "WITH wanted (account_no) AS ({rows}) \
         SELECT account_no FROM account WHERE account_no IN (SELECT account_no FROM wanted) \
         ORDER BY account_no FOR UPDATE",
        [Column::ints(accounts)],
    );
    lock.execute(connection).await
}

impl Batch {
    /// Sorts facts by what they add to, and adds up neighbours.
    fn gather(reporting: Reporting, facts: &[Fact]) -> Self {
        let mut local_minutes = LocalMinutes::of_zone(&reporting.zone);
        let mut signals: Vec<Signal> = facts
            .iter()
            .map(|&fact| {
                let LocalMinute { day, minute } = local_minutes.at(fact.time);
                let Numbers { account_no, user_no, .. } = fact.numbers;
                Signal { user: (day_number(day), account_no, user_no), minute, fact }
            })
            .collect();
        signals.sort_unstable_by_key(|signal| (signal.user, signal.fact.numbers.module_no, signal.activity_no()));
        let mut batch = Self::default();
        for of_user in signals.chunk_by(|one, next| one.user == next.user) {
            let user @ (day, account_no, user_no) = of_user[0].user;
            batch.users.push((user, UserDay::of(of_user)));
            let module_no = |signal: &Signal| signal.fact.numbers.module_no;
            for of_module in of_user.chunk_by(|one, next| module_no(one) == module_no(next)) {
                // Heartbeats come first, and are no use of the module.
                let uses = &of_module[of_module.partition_point(|signal| signal.activity_no() == 0)..];
                let Some(first) = uses.first() else { continue };
                batch.modules.push(((day, account_no, user_no, module_no(first)), UserModuleDay::of(uses)));
                for of_activity in uses.chunk_by(|one, next| one.activity_no() == next.activity_no()) {
                    let key = (day, account_no, user_no, of_activity[0].activity_no());
                    batch.activities.push((key, UserActivityDay::of(of_activity)));
                }
            }
        }
        batch
    }
}

impl Signal {
    fn activity_no(&self) -> i64 {
        self.fact.numbers.activity_no
    }
}

fn actions(signals: &[Signal]) -> i64 {
    signals.iter().map(|signal| signal.fact.count).sum()
}

fn newest(signals: &[Signal]) -> i64 {
    signals.iter().map(|signal| signal.fact.time.millis()).max().unwrap_or_default()
}

impl UserDay {
    fn of(signals: &[Signal]) -> Self {
        let minutes = signals.iter().map(|signal| signal.minute).collect();
        Self { minutes, seconds: 0, actions: actions(signals), last_signal: newest(signals) }
    }
}

impl UserModuleDay {
    fn of(signals: &[Signal]) -> Self {
        Self { actions: actions(signals), last_use: newest(signals) }
    }
}

impl UserActivityDay {
    fn of(signals: &[Signal]) -> Self {
        let mut uses = MinuteCounts::default();
        signals.iter().for_each(|signal| uses.add(signal.minute, signal.fact.count));
        Self { actions: actions(signals), uses }
    }
}

impl Sums {
    /// Takes out what belongs to a single account.
    fn split_off_accounts(&mut self) -> Self {
        Self {
            accounts: self.accounts.split_off(&(1, i64::MIN)),
            modules: self.modules.split_off(&(1, i64::MIN, i64::MIN)),
            activities: self.activities.split_off(&(1, i64::MIN, i64::MIN)),
        }
    }

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

/// The columns of keys of four parts.
fn key_columns<T>(rows: &[(UsePartKey, T)]) -> [Column<'static>; 4] {
    [
        Column::ints(rows.iter().map(|(key, _)| key.0)),
        Column::ints(rows.iter().map(|(key, _)| key.1)),
        Column::ints(rows.iter().map(|(key, _)| key.2)),
        Column::ints(rows.iter().map(|(key, _)| key.3)),
    ]
}

/// The columns of keys behind one with the place of each: what is stored comes back with it, which is less than the key.
fn with_places<const KEY: usize>(keys: [Column<'static>; KEY]) -> Vec<Column<'static>> {
    let rows = keys.first().map_or(0, Column::len);
    let places = Column::ints((0..).take(rows));
    std::iter::once(places).chain(keys).collect()
}

async fn merge_users(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    users: &mut [(UserKey, UserDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let keys = |users: &[(UserKey, UserDay)]| {
        [
            Column::ints(users.iter().map(|(key, _)| key.0)),
            Column::ints(users.iter().map(|(key, _)| key.1)),
            Column::ints(users.iter().map(|(key, _)| key.2)),
        ]
    };
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
         SELECT wanted.place, t.minutes, t.seconds, t.actions, t.last_signal FROM wanted CROSS JOIN user_day t \
         WHERE t.day = wanted.day AND t.account_no = wanted.account_no AND t.user_no = wanted.user_no",
        with_places(keys(users)),
    );
    let rows = select.fetch_all::<(i64, Vec<u8>, i64, i64, i64)>(connection).await?;
    let stored = rows.into_iter().map(|(place, minutes, seconds, actions, last_signal)| {
        (place, UserDay { minutes: ActiveMinutes::from_bytes(&minutes), seconds, actions, last_signal })
    });
    let stored: HashMap<i64, UserDay> = stored.collect();
    for (place, (key, user)) in (0..).zip(users.iter_mut()) {
        let added_actions = user.actions;
        let old = stored.get(&place);
        if let Some(old) = old {
            user.minutes.merge(&old.minutes);
            user.actions += old.actions;
            user.last_signal = user.last_signal.max(old.last_signal);
        }
        user.seconds = user.minutes.time_spent(reporting.idle_gap);
        let added_seconds = user.seconds - old.map_or(0, |old| old.seconds);
        sums.account(key.0, key.1, i64::from(old.is_none()), added_actions, added_seconds);
    }
    let mut columns = Vec::from(keys(users));
    columns.push(Column::bytes(users.iter().map(|(_, user)| user.minutes.to_bytes())));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.seconds)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.actions)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.last_signal)));
    bulk(
        "INSERT INTO user_day (day, account_no, user_no, minutes, seconds, actions, last_signal) {rows} \
         ON CONFLICT (day, account_no, user_no) DO UPDATE SET minutes = excluded.minutes, \
         seconds = excluded.seconds, actions = excluded.actions, last_signal = excluded.last_signal",
        columns,
    )
    .execute(connection)
    .await
}

async fn merge_modules(
    connection: &mut Connection<'_>,
    modules: &[(UsePartKey, UserModuleDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let mut columns = Vec::from(key_columns(modules));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.actions)));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.last_use)));
    let upsert = bulk(
        "INSERT INTO user_module_day (day, account_no, user_no, module_no, actions, last_use) {rows} \
         ON CONFLICT (day, account_no, user_no, module_no) DO UPDATE SET \
         actions = user_module_day.actions + excluded.actions, \
         last_use = CASE WHEN excluded.last_use > user_module_day.last_use THEN excluded.last_use \
         ELSE user_module_day.last_use END RETURNING day, account_no, user_no, module_no, actions",
        columns,
    );
    let written = upsert.fetch_all::<(i64, i64, i64, i64, i64)>(connection).await?;
    let written: HashMap<UsePartKey, i64> = written.into_iter().map(|(d, a, u, m, n)| ((d, a, u, m), n)).collect();
    for (key, module) in modules {
        // Every use counts at least one action: a row that holds no more than was added was not there before.
        let is_new = written.get(key) == Some(&module.actions);
        add_part(&mut sums.modules, *key, is_new, module.actions);
    }
    Ok(())
}

async fn merge_activities(
    connection: &mut Connection<'_>,
    activities: &mut [(UsePartKey, UserActivityDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no, activity_no) AS ({rows}) \
         SELECT wanted.place, t.actions, t.uses FROM wanted CROSS JOIN user_activity_day t \
         WHERE t.day = wanted.day AND t.account_no = wanted.account_no AND t.user_no = wanted.user_no \
         AND t.activity_no = wanted.activity_no",
        with_places(key_columns(activities)),
    );
    let rows = select.fetch_all::<(i64, i64, Vec<u8>)>(connection).await?;
    let stored = rows.into_iter().map(|(place, actions, uses)| (place, (actions, MinuteCounts::from_bytes(&uses))));
    let stored: HashMap<i64, (i64, MinuteCounts)> = stored.collect();
    for (place, (key, activity)) in (0..).zip(activities.iter_mut()) {
        let old = stored.get(&place);
        add_part(&mut sums.activities, *key, old.is_none(), activity.actions);
        if let Some((actions, uses)) = old {
            activity.actions += actions;
            activity.uses.merge(uses);
        }
    }
    let mut columns = Vec::from(key_columns(activities));
    columns.push(Column::ints(activities.iter().map(|(_, activity)| activity.actions)));
    columns.push(Column::bytes(activities.iter().map(|(_, activity)| activity.uses.to_bytes())));
    bulk(
        "INSERT INTO user_activity_day (day, account_no, user_no, activity_no, actions, uses) {rows} \
         ON CONFLICT (day, account_no, user_no, activity_no) DO UPDATE SET \
         actions = excluded.actions, uses = excluded.uses",
        columns,
    )
    .execute(connection)
    .await
}

async fn add_accounts(
    connection: &mut Connection<'_>,
    accounts: BTreeMap<AccountKey, AccountDay>,
) -> Result<(), StoreError> {
    let columns = [
        Column::ints(accounts.keys().map(|key| key.0)),
        Column::ints(accounts.keys().map(|key| key.1)),
        Column::ints(accounts.values().map(|account| account.users)),
        Column::ints(accounts.values().map(|account| account.actions)),
        Column::ints(accounts.values().map(|account| account.seconds)),
    ];
    bulk(
        "INSERT INTO account_day (account_no, day, users, actions, seconds) {rows} \
         ON CONFLICT (account_no, day) DO UPDATE SET users = account_day.users + excluded.users, \
         actions = account_day.actions + excluded.actions, seconds = account_day.seconds + excluded.seconds",
        columns,
    )
    .execute(connection)
    .await
}

async fn add_parts(
    connection: &mut Connection<'_>,
    table: &str,
    part: &str,
    parts: BTreeMap<AccountPartKey, PartDay>,
) -> Result<(), StoreError> {
    let columns = [
        Column::ints(parts.keys().map(|key| key.0)),
        Column::ints(parts.keys().map(|key| key.1)),
        Column::ints(parts.keys().map(|key| key.2)),
        Column::ints(parts.values().map(|sums| sums.users)),
        Column::ints(parts.values().map(|sums| sums.actions)),
    ];
    let text = format!(
        "INSERT INTO {table} (account_no, day, {part}, users, actions) {{rows}} \
         ON CONFLICT (account_no, day, {part}) DO UPDATE SET \
         users = {table}.users + excluded.users, actions = {table}.actions + excluded.actions"
    );
    bulk(text, columns).execute(connection).await
}

/// Marks days as changed.
async fn raise_revisions(connection: &mut Connection<'_>, days: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let mut days: Vec<i64> = days.collect();
    days.dedup();
    let columns = [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| 1))];
    bulk(
        "INSERT INTO day_revision (day, revision) {rows} \
         ON CONFLICT (day) DO UPDATE SET revision = day_revision.revision + 1",
        columns,
    )
    .execute(connection)
    .await
}
