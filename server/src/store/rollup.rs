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
    statement::{Column, bulk, put},
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

#[derive(Default)]
struct UserDay {
    minutes: ActiveMinutes,
    seconds: i64,
    actions: i64,
    last_signal: i64,
    uses: DayUses,
}

struct UserModuleDay {
    actions: i64,
    last_use: i64,
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
    merge_modules(connection, &additions.modules, &mut sums).await?;
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
            uses: signals.iter().filter_map(Signal::as_use).collect(),
        }
    }
}

impl UserModuleDay {
    /// None where there are heartbeats alone, which are no use of the module.
    fn of(signals: &[Signal]) -> Option<Self> {
        let uses = signals.iter().filter(|signal| signal.as_use().is_some());
        let last_use = uses.map(|signal| signal.fact.time.millis()).max()?;
        Some(Self { actions: actions(signals), last_use })
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
    // With the place of each: it comes back with what is stored, and is less than the key.
    let mut wanted = vec![Column::ints((0..).take(users.len()))];
    wanted.extend(key_columns(users.iter().map(|(key, _)| key)));
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
         SELECT wanted.place, d.minutes, d.seconds, d.actions, d.last_signal, u.uses \
         FROM wanted CROSS JOIN user_day d \
         LEFT JOIN user_use_day u ON u.day = d.day AND u.account_no = d.account_no AND u.user_no = d.user_no \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no",
        wanted,
    );
    let rows = select.fetch_all::<(i64, Vec<u8>, i64, i64, i64, Option<Vec<u8>>)>(connection).await?;
    let stored = rows.into_iter().map(|(place, minutes, seconds, actions, last_signal, uses)| {
        let minutes = ActiveMinutes::from_bytes(&minutes);
        let uses = uses.map_or_else(DayUses::default, |uses| DayUses::from_bytes(&uses));
        (place, UserDay { minutes, seconds, actions, last_signal, uses })
    });
    let mut stored: HashMap<i64, UserDay> = stored.collect();
    for (place, ((day, ..), user)) in (0..).zip(users.iter_mut()) {
        let is_new = !stored.contains_key(&place);
        let old = stored.remove(&place).unwrap_or_default();
        for uses in user.uses.by_activity() {
            let (activity_no, actions) = (uses[0].activity, uses.iter().map(|of| of.count).sum());
            add_part(&mut sums.activities, (*day, activity_no), !old.uses.has(activity_no), actions);
        }
        let total = sums.totals.entry(*day).or_default();
        total.users += i64::from(is_new);
        total.actions += user.actions;
        user.minutes.merge(&old.minutes);
        user.actions += old.actions;
        user.last_signal = user.last_signal.max(old.last_signal);
        user.seconds = user.minutes.time_spent(reporting.idle_gap);
        total.seconds += user.seconds - old.seconds;
        user.uses.merge(old.uses);
    }
    let mut columns = Vec::from(key_columns(users.iter().map(|(key, _)| key)));
    columns.push(Column::bytes(users.iter().map(|(_, user)| user.minutes.to_bytes())));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.seconds)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.actions)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.last_signal)));
    let rest = ["minutes", "seconds", "actions", "last_signal"];
    put("user_day", &USER_KEY, &rest, columns).execute(connection).await?;
    let using = || users.iter().filter(|(_, user)| !user.uses.is_empty());
    let mut columns = Vec::from(key_columns(using().map(|(key, _)| key)));
    columns.push(Column::bytes(using().map(|(_, user)| user.uses.to_bytes())));
    put("user_use_day", &USER_KEY, &["uses"], columns).execute(connection).await
}

const USER_KEY: [&str; 3] = ["day", "account_no", "user_no"];

fn key_columns<'k>(keys: impl Iterator<Item = &'k UserKey> + Clone) -> [Column<'static>; 3] {
    [
        Column::ints(keys.clone().map(|key| key.0)),
        Column::ints(keys.clone().map(|key| key.1)),
        Column::ints(keys.map(|key| key.2)),
    ]
}

async fn merge_modules(
    connection: &mut Connection<'_>,
    modules: &[(UserModuleKey, UserModuleDay)],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let columns = [
        Column::ints(modules.iter().map(|(key, _)| key.0)),
        Column::ints(modules.iter().map(|(key, _)| key.1)),
        Column::ints(modules.iter().map(|(key, _)| key.2)),
        Column::ints(modules.iter().map(|(key, _)| key.3)),
        Column::ints(modules.iter().map(|(_, module)| module.actions)),
        Column::ints(modules.iter().map(|(_, module)| module.last_use)),
    ];
    let upsert = bulk(
        "INSERT INTO user_module_day (day, account_no, user_no, module_no, actions, last_use) {rows} \
         ON CONFLICT (day, account_no, user_no, module_no) DO UPDATE SET \
         actions = user_module_day.actions + excluded.actions, \
         last_use = CASE WHEN excluded.last_use > user_module_day.last_use THEN excluded.last_use \
         ELSE user_module_day.last_use END RETURNING day, account_no, user_no, module_no, actions",
        columns,
    );
    let written = upsert.fetch_all::<(i64, i64, i64, i64, i64)>(connection).await?;
    let written: HashMap<UserModuleKey, i64> = written.into_iter().map(|(d, a, u, m, n)| ((d, a, u, m), n)).collect();
    for (key @ (day, .., module_no), module) in modules {
        // Every use counts at least one action: a row that holds no more than was added was not there before.
        let is_new = written.get(key) == Some(&module.actions);
        add_part(&mut sums.modules, (*day, *module_no), is_new, module.actions);
    }
    Ok(())
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
