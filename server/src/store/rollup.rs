//! Roll-ups: what the dashboards read instead of events.
//!
//! Each is a function of the set of events. Per user and day, what is there is read, merged with what is new, and
//! written back; what that changes is then added to the figures of all accounts. A batch writes each row once, however
//! many of its events touch it.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_number,
    dimension::Numbers,
    statement::{Column, bulk, put, row_count},
};
use model::{
    instant::Instant,
    minutes::ActiveMinutes,
    uses::{DayUses, Use},
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
/// Day, account, user, module.
type UserModuleKey = (i64, i64, i64, i64);
/// Day, and a module or an activity.
type PartKey = (i64, i64);

/// The scope whose sums are kept: all accounts.
const ALL_ACCOUNTS: i64 = 0;

struct UserDay {
    minutes: ActiveMinutes,
    seconds: i64,
    actions: i64,
    last_signal: i64,
}

struct UserModuleDay {
    actions: i64,
    last_use: i64,
    uses: DayUses,
}

#[derive(Default)]
struct TotalDay {
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

/// What facts add for each user and day, each key once.
#[derive(Default)]
pub(super) struct Additions {
    users: Vec<(UserKey, UserDay)>,
    modules: Vec<(UserModuleKey, UserModuleDay)>,
}

/// What they add for all accounts together.
#[derive(Default)]
struct Sums {
    totals: BTreeMap<i64, TotalDay>,
    modules: BTreeMap<PartKey, PartDay>,
    activities: BTreeMap<PartKey, PartDay>,
}

/// Brings every roll-up up to date with what events add that are new, whose accounts are locked.
pub(super) async fn apply(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    mut additions: Additions,
) -> Result<(), StoreError> {
    let mut sums = Sums::default();
    merge_users(connection, reporting, &mut additions.users, &mut sums).await?;
    merge_modules(connection, &mut additions.modules, &mut sums).await?;
    // Last: every server waits for whoever has written these.
    let days: Vec<i64> = sums.totals.keys().copied().collect();
    add_totals(connection, sums.totals).await?;
    add_parts(connection, "module_day", "module_no", sums.modules).await?;
    add_parts(connection, "activity_day", "activity_no", sums.activities).await?;
    raise_revisions(connection, days).await
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

impl Additions {
    /// Sorts facts by what they add to, and adds up neighbours.
    pub(super) fn of(reporting: Reporting, facts: &[Fact]) -> Self {
        let mut local_minutes = LocalMinutes::of_zone(&reporting.zone);
        let mut signals: Vec<Signal> = facts
            .iter()
            .map(|&fact| {
                let LocalMinute { day, minute } = local_minutes.at(fact.time);
                let Numbers { account_no, user_no, .. } = fact.numbers;
                Signal { user: (day_number(day), account_no, user_no), minute, fact }
            })
            .collect();
        signals.sort_unstable_by_key(|signal| (signal.user, signal.fact.numbers.module_no));
        let mut additions = Self::default();
        for of_user in signals.chunk_by(|one, next| one.user == next.user) {
            let user @ (day, account_no, user_no) = of_user[0].user;
            additions.users.push((user, UserDay::of(of_user)));
            let module_no = |signal: &Signal| signal.fact.numbers.module_no;
            for of_module in of_user.chunk_by(|one, next| module_no(one) == module_no(next)) {
                if let Some(module) = UserModuleDay::of(of_module) {
                    additions.modules.push(((day, account_no, user_no, module_no(&of_module[0])), module));
                }
            }
        }
        additions
    }
}

impl Signal {
    /// None for a heartbeat.
    fn as_use(&self) -> Option<Use> {
        let Fact { numbers, count, .. } = self.fact;
        (numbers.activity_no > 0).then_some(Use { activity: numbers.activity_no, minute: self.minute, count })
    }
}

fn actions(signals: &[Signal]) -> i64 {
    signals.iter().map(|signal| signal.fact.count).sum()
}

impl UserDay {
    fn of(signals: &[Signal]) -> Self {
        Self {
            minutes: signals.iter().map(|signal| signal.minute).collect(),
            seconds: 0,
            actions: actions(signals),
            last_signal: signals.iter().map(|signal| signal.fact.time.millis()).max().unwrap_or_default(),
        }
    }
}

impl UserModuleDay {
    /// None where there are heartbeats alone, which are no use of the module.
    fn of(signals: &[Signal]) -> Option<Self> {
        let used = signals.iter().filter(|signal| signal.as_use().is_some());
        let last_use = used.map(|signal| signal.fact.time.millis()).max()?;
        let uses = signals.iter().filter_map(Signal::as_use).collect();
        Some(Self { actions: actions(signals), last_use, uses })
    }
}

/// Adds a user's actions in a module or an activity, and the user where they are the first.
fn add_part(parts: &mut BTreeMap<PartKey, PartDay>, key: PartKey, is_new: bool, actions: i64) {
    let part = parts.entry(key).or_default();
    part.users += i64::from(is_new);
    part.actions += actions;
}

async fn merge_users(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    users: &mut [(UserKey, UserDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let keys = |users: &[(UserKey, UserDay)]| {
        vec![
            Column::ints(users.iter().map(|(key, _)| key.0)),
            Column::ints(users.iter().map(|(key, _)| key.1)),
            Column::ints(users.iter().map(|(key, _)| key.2)),
        ]
    };
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
         SELECT wanted.place, d.minutes, d.seconds, d.actions, d.last_signal FROM wanted CROSS JOIN user_day d \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no",
        with_places(keys(users)),
    );
    let rows = select.fetch_all::<(i64, Vec<u8>, i64, i64, i64)>(connection).await?;
    let stored = rows.into_iter().map(|(place, minutes, seconds, actions, last_signal)| {
        (place, UserDay { minutes: ActiveMinutes::from_bytes(&minutes), seconds, actions, last_signal })
    });
    let stored: HashMap<i64, UserDay> = stored.collect();
    for (place, ((day, ..), user)) in (0..).zip(users.iter_mut()) {
        let total = sums.totals.entry(*day).or_default();
        total.actions += user.actions;
        match stored.get(&place) {
            Some(old) => {
                user.minutes.merge(&old.minutes);
                user.actions += old.actions;
                user.last_signal = user.last_signal.max(old.last_signal);
                total.seconds -= old.seconds;
            }
            None => total.users += 1,
        }
        user.seconds = user.minutes.time_spent(reporting.idle_gap);
        total.seconds += user.seconds;
    }
    let mut columns = keys(users);
    columns.push(Column::bytes(users.iter().map(|(_, user)| user.minutes.to_bytes())));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.seconds)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.actions)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.last_signal)));
    let key = ["day", "account_no", "user_no"];
    put("user_day", &key, &["minutes", "seconds", "actions", "last_signal"], columns).execute(connection).await
}

/// The columns of keys behind one with the place of each: what is stored comes back with it, which is less than the key.
fn with_places(keys: Vec<Column<'static>>) -> Vec<Column<'static>> {
    let places = Column::ints((0..).take(row_count(&keys)));
    std::iter::once(places).chain(keys).collect()
}

async fn merge_modules(
    connection: &mut Connection<'_>,
    modules: &mut [(UserModuleKey, UserModuleDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let keys = |modules: &[(UserModuleKey, UserModuleDay)]| {
        vec![
            Column::ints(modules.iter().map(|(key, _)| key.0)),
            Column::ints(modules.iter().map(|(key, _)| key.1)),
            Column::ints(modules.iter().map(|(key, _)| key.2)),
            Column::ints(modules.iter().map(|(key, _)| key.3)),
        ]
    };
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no, module_no) AS ({rows}) \
         SELECT wanted.place, d.actions, d.last_use, d.uses FROM wanted CROSS JOIN user_module_day d \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no \
         AND d.module_no = wanted.module_no",
        with_places(keys(modules)),
    );
    let rows = select.fetch_all::<(i64, i64, i64, Vec<u8>)>(connection).await?;
    let stored = rows.into_iter().map(|(place, actions, last_use, uses)| {
        (place, UserModuleDay { actions, last_use, uses: DayUses::from_bytes(&uses) })
    });
    let mut stored: HashMap<i64, UserModuleDay> = stored.collect();
    for (place, ((day, .., module_no), module)) in (0..).zip(modules.iter_mut()) {
        let old = stored.remove(&place);
        add_part(&mut sums.modules, (*day, *module_no), old.is_none(), module.actions);
        for uses in module.uses.by_activity() {
            let (activity_no, actions) = (uses[0].activity, uses.iter().map(|of| of.count).sum());
            let is_new = old.as_ref().is_none_or(|old| !old.uses.has(activity_no));
            add_part(&mut sums.activities, (*day, activity_no), is_new, actions);
        }
        if let Some(old) = old {
            module.actions += old.actions;
            module.last_use = module.last_use.max(old.last_use);
            module.uses.merge(old.uses);
        }
    }
    let mut columns = keys(modules);
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.actions)));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.last_use)));
    columns.push(Column::bytes(modules.iter().map(|(_, module)| module.uses.to_bytes())));
    bulk(
        "INSERT INTO user_module_day (day, account_no, user_no, module_no, actions, last_use, uses) {rows} \
         ON CONFLICT (day, account_no, user_no, module_no) DO UPDATE SET \
         actions = excluded.actions, last_use = excluded.last_use, uses = excluded.uses",
        columns,
    )
    .execute(connection)
    .await
}

async fn add_totals(connection: &mut Connection<'_>, totals: BTreeMap<i64, TotalDay>) -> Result<(), StoreError> {
    let columns = [
        Column::ints(totals.keys().map(|_| ALL_ACCOUNTS)),
        Column::ints(totals.keys().copied()),
        Column::ints(totals.values().map(|total| total.users)),
        Column::ints(totals.values().map(|total| total.actions)),
        Column::ints(totals.values().map(|total| total.seconds)),
    ];
    bulk(
        "INSERT INTO total_day (scope_no, day, users, actions, seconds) {rows} \
         ON CONFLICT (scope_no, day) DO UPDATE SET users = total_day.users + excluded.users, \
         actions = total_day.actions + excluded.actions, seconds = total_day.seconds + excluded.seconds",
        columns,
    )
    .execute(connection)
    .await
}

async fn add_parts(
    connection: &mut Connection<'_>,
    table: &str,
    part: &str,
    parts: BTreeMap<PartKey, PartDay>,
) -> Result<(), StoreError> {
    let columns = [
        Column::ints(parts.keys().map(|_| ALL_ACCOUNTS)),
        Column::ints(parts.keys().map(|key| key.0)),
        Column::ints(parts.keys().map(|key| key.1)),
        Column::ints(parts.values().map(|sums| sums.users)),
        Column::ints(parts.values().map(|sums| sums.actions)),
    ];
    let text = format!(
        "INSERT INTO {table} (scope_no, day, {part}, users, actions) {{rows}} \
         ON CONFLICT (scope_no, day, {part}) DO UPDATE SET \
         users = {table}.users + excluded.users, actions = {table}.actions + excluded.actions"
    );
    bulk(text, columns).execute(connection).await
}

/// Marks days as changed.
async fn raise_revisions(connection: &mut Connection<'_>, days: Vec<i64>) -> Result<(), StoreError> {
    let columns = [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| 1))];
    bulk(
        "INSERT INTO day_revision (day, revision) {rows} \
         ON CONFLICT (day) DO UPDATE SET revision = day_revision.revision + 1",
        columns,
    )
    .execute(connection)
    .await
}
