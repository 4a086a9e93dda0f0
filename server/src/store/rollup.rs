//! Roll-ups: what the dashboards read instead of events.
//!
//! Each is a function of the set of events. Per user and day, what is there is read or remembered, merged with what is
//! new, and written back; what that changes is then added to the figures of all accounts. A batch writes each row once,
//! however many of its events touch it.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_number,
    dimension::Numbers,
    recent::{Known, RecentDays, StoredModuleDay},
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
pub(super) type UserKey = (i64, i64, i64);
/// Day, account, user, module.
pub(super) type UserModuleKey = (i64, i64, i64, i64);
/// Day, and a module or an activity.
type PartKey = (i64, i64);

/// The scope whose sums are kept: all accounts.
const ALL_ACCOUNTS: i64 = 0;

/// A row of `user_day`, without its key.
pub(super) struct UserDay {
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

/// What facts add for each user and day, each key once; merged with what was there as far as that is remembered.
pub(super) struct Additions {
    reporting: Reporting,
    users: Vec<(UserKey, UserDay)>,
    modules: Vec<(UserModuleKey, UserModuleDay)>,
    /// The places of those that are yet to be merged.
    unmerged_users: Vec<usize>,
    unmerged_modules: Vec<usize>,
    sums: Sums,
}

/// What they add for all accounts together.
#[derive(Default)]
pub(super) struct Sums {
    totals: BTreeMap<i64, TotalDay>,
    modules: BTreeMap<PartKey, PartDay>,
    activities: BTreeMap<PartKey, PartDay>,
}

impl Sums {
    /// Adds what a user did on a day, whole.
    pub(super) fn add_user(&mut self, day: i64, actions: i64, seconds: i64) {
        let total = self.totals.entry(day).or_default();
        total.users += 1;
        total.actions += actions;
        total.seconds += seconds;
    }

    /// Adds what they did in a module on that day.
    pub(super) fn add_module(&mut self, day: i64, module_no: i64, actions: i64, uses: &DayUses) {
        add_part(&mut self.modules, (day, module_no), true, actions);
        for uses in uses.by_activity() {
            let actions = uses.iter().map(|of| of.count).sum();
            add_part(&mut self.activities, (day, uses[0].activity), true, actions);
        }
    }

    /// As much, to be taken off.
    fn negated(mut self) -> Self {
        for TotalDay { users, actions, seconds } in self.totals.values_mut() {
            (*users, *actions, *seconds) = (-*users, -*actions, -*seconds);
        }
        for PartDay { users, actions } in self.modules.values_mut().chain(self.activities.values_mut()) {
            (*users, *actions) = (-*users, -*actions);
        }
        self
    }
}

/// Brings every roll-up up to date with what events add that are new, whose accounts are locked.
pub(super) async fn apply(
    connection: &mut Connection<'_>,
    mut additions: Additions,
    recent: &mut RecentDays,
) -> Result<(), StoreError> {
    // Of days that were not looked at before, more may be known by now.
    additions.merge_remembered(recent);
    additions.merge_unread_users(connection).await?;
    additions.merge_unread_modules(connection).await?;
    let Additions { users, modules, sums, .. } = additions;
    put_users(connection, &users).await?;
    let modules: Vec<_> = modules.into_iter().map(|(key, module)| (key, module.stored())).collect();
    put_modules(connection, &modules).await?;
    // Last: every server waits for whoever has written these.
    let revisions = add(connection, sums).await?;
    recent.remember(users, modules, revisions);
    Ok(())
}

/// Adds to the sums, and says which revision each of their days has got by that.
async fn add(connection: &mut Connection<'_>, sums: Sums) -> Result<Vec<(i64, i64)>, StoreError> {
    let days: Vec<i64> = sums.totals.keys().copied().collect();
    add_totals(connection, sums.totals).await?;
    add_parts(connection, "module_day", "module_no", sums.modules).await?;
    add_parts(connection, "activity_day", "activity_no", sums.activities).await?;
    raise_revisions(connection, days).await
}

/// Takes off the sums what users added who are gone. What nobody is left in goes, as if it had never been.
pub(super) async fn take_off(connection: &mut Connection<'_>, sums: Sums) -> Result<(), StoreError> {
    let days: Vec<i64> = sums.totals.keys().copied().collect();
    add(connection, sums.negated()).await?;
    for table in ["total_day", "module_day", "activity_day"] {
        let text = format!(
            "WITH wanted (day) AS ({{rows}}) \
             DELETE FROM {table} WHERE scope_no = 0 AND day IN (SELECT day FROM wanted) AND users = 0"
        );
        bulk(text, [Column::ints(days.iter().copied())]).execute(connection).await?;
    }
    Ok(())
}

/// Keeps other processes from the roll-ups and names of accounts, until the transaction ends: what is stored there is
/// read before it is written. An SQLite transaction is alone anyway.
pub(super) async fn lock_accounts(
    connection: &mut Connection<'_>,
    accounts: impl Iterator<Item = i64>,
) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let lock = bulk(
        "WITH wanted (account_no) AS ({rows}) \
         SELECT account_no FROM account WHERE account_no IN (SELECT account_no FROM wanted) \
         ORDER BY account_no FOR UPDATE",
        [Column::ints(accounts.collect::<BTreeSet<i64>>())],
    );
    lock.execute(connection).await
}

impl Additions {
    /// Sorts facts by what they add to, adds up neighbours, and merges them with what is remembered.
    pub(super) fn of(reporting: Reporting, facts: &[Fact], recent: &RecentDays) -> Self {
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
        let (mut users, mut modules) = (Vec::new(), Vec::new());
        for of_user in signals.chunk_by(|one, next| one.user == next.user) {
            let user @ (day, account_no, user_no) = of_user[0].user;
            users.push((user, UserDay::of(of_user)));
            let module_no = |signal: &Signal| signal.fact.numbers.module_no;
            for of_module in of_user.chunk_by(|one, next| module_no(one) == module_no(next)) {
                if let Some(module) = UserModuleDay::of(of_module) {
                    modules.push(((day, account_no, user_no, module_no(&of_module[0])), module));
                }
            }
        }
        let (unmerged_users, unmerged_modules) = ((0..users.len()).collect(), (0..modules.len()).collect());
        let mut additions = Self { reporting, users, modules, unmerged_users, unmerged_modules, sums: Sums::default() };
        additions.merge_remembered(recent);
        additions
    }

    /// The days that they are of.
    pub(super) fn days(&self) -> Vec<i64> {
        let mut days: Vec<i64> = self.users.iter().map(|((day, ..), _)| *day).collect();
        days.dedup();
        days
    }

    fn merge_remembered(&mut self, recent: &RecentDays) {
        for place in std::mem::take(&mut self.unmerged_users) {
            match recent.user(&self.users[place].0) {
                Known::Stored(old) => self.merge_user(place, Some(old)),
                Known::Absent => self.merge_user(place, None),
                Known::Unread => self.unmerged_users.push(place),
            }
        }
        for place in std::mem::take(&mut self.unmerged_modules) {
            match recent.module(&self.modules[place].0) {
                Known::Stored(old) => self.merge_module(place, Some(old)),
                Known::Absent => self.merge_module(place, None),
                Known::Unread => self.unmerged_modules.push(place),
            }
        }
    }

    async fn merge_unread_users(&mut self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        let unread = std::mem::take(&mut self.unmerged_users);
        let select = bulk(
            "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
             SELECT wanted.place, d.minutes, d.seconds, d.actions, d.last_signal FROM wanted CROSS JOIN user_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no",
            with_places(user_columns(unread.iter().map(|place| &self.users[*place].0))),
        );
        let rows = select.fetch_all::<(i64, Vec<u8>, i64, i64, i64)>(connection).await?;
        let stored = rows.into_iter().map(|(number, minutes, seconds, actions, last_signal)| {
            (number, UserDay { minutes: ActiveMinutes::from_bytes(&minutes), seconds, actions, last_signal })
        });
        let stored: HashMap<i64, UserDay> = stored.collect();
        for (number, place) in (0..).zip(unread) {
            self.merge_user(place, stored.get(&number));
        }
        Ok(())
    }

    async fn merge_unread_modules(&mut self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        let unread = std::mem::take(&mut self.unmerged_modules);
        let select = bulk(
            "WITH wanted (place, day, account_no, user_no, module_no) AS ({rows}) \
             SELECT wanted.place, d.actions, d.last_use, d.uses FROM wanted CROSS JOIN user_module_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no \
             AND d.module_no = wanted.module_no",
            with_places(user_module_columns(unread.iter().map(|place| &self.modules[*place].0))),
        );
        let rows = select.fetch_all::<(i64, i64, i64, Vec<u8>)>(connection).await?;
        let stored = rows
            .into_iter()
            .map(|(number, actions, last_use, uses)| (number, StoredModuleDay { actions, last_use, uses }));
        let stored: HashMap<i64, StoredModuleDay> = stored.collect();
        for (number, place) in (0..).zip(unread) {
            self.merge_module(place, stored.get(&number));
        }
        Ok(())
    }

    /// Merges what is new of a user with what was there, and adds to the sums what that changes.
    fn merge_user(&mut self, place: usize, old: Option<&UserDay>) {
        let ((day, ..), user) = &mut self.users[place];
        let total = self.sums.totals.entry(*day).or_default();
        total.actions += user.actions;
        match old {
            Some(old) => {
                user.minutes.merge(&old.minutes);
                user.actions += old.actions;
                user.last_signal = user.last_signal.max(old.last_signal);
                total.seconds -= old.seconds;
            }
            None => total.users += 1,
        }
        user.seconds = user.minutes.time_spent(self.reporting.idle_gap);
        total.seconds += user.seconds;
    }

    /// The same for what they did in a module.
    fn merge_module(&mut self, place: usize, old: Option<&StoredModuleDay>) {
        let ((day, .., module_no), module) = &mut self.modules[place];
        let old_uses = old.map(StoredModuleDay::unpacked);
        add_part(&mut self.sums.modules, (*day, *module_no), old.is_none(), module.actions);
        for uses in module.uses.by_activity() {
            let (activity_no, actions) = (uses[0].activity, uses.iter().map(|of| of.count).sum());
            let is_new = old_uses.as_ref().is_none_or(|old| !old.has(activity_no));
            add_part(&mut self.sums.activities, (*day, activity_no), is_new, actions);
        }
        if let Some((old, old_uses)) = old.zip(old_uses) {
            module.actions += old.actions;
            module.last_use = module.last_use.max(old.last_use);
            module.uses.merge(old_uses);
        }
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

    fn stored(self) -> StoredModuleDay {
        let Self { actions, last_use, uses } = self;
        StoredModuleDay { actions, last_use, uses: uses.to_bytes() }
    }
}

/// Adds a user's actions in a module or an activity, and the user where they are the first.
fn add_part(parts: &mut BTreeMap<PartKey, PartDay>, key: PartKey, is_new: bool, actions: i64) {
    let part = parts.entry(key).or_default();
    part.users += i64::from(is_new);
    part.actions += actions;
}

fn user_columns<'a>(keys: impl Iterator<Item = &'a UserKey> + Clone) -> Vec<Column<'static>> {
    vec![
        Column::ints(keys.clone().map(|key| key.0)),
        Column::ints(keys.clone().map(|key| key.1)),
        Column::ints(keys.map(|key| key.2)),
    ]
}

fn user_module_columns<'a>(keys: impl Iterator<Item = &'a UserModuleKey> + Clone) -> Vec<Column<'static>> {
    vec![
        Column::ints(keys.clone().map(|key| key.0)),
        Column::ints(keys.clone().map(|key| key.1)),
        Column::ints(keys.clone().map(|key| key.2)),
        Column::ints(keys.map(|key| key.3)),
    ]
}

/// The columns of keys behind one with the place of each: what is stored comes back with it, which is less than the key.
fn with_places(keys: Vec<Column<'static>>) -> Vec<Column<'static>> {
    let places = Column::ints((0..).take(row_count(&keys)));
    std::iter::once(places).chain(keys).collect()
}

async fn put_users(connection: &mut Connection<'_>, users: &[(UserKey, UserDay)]) -> Result<(), StoreError> {
    let mut columns = user_columns(users.iter().map(|(key, _)| key));
    columns.push(Column::bytes(users.iter().map(|(_, user)| user.minutes.to_bytes())));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.seconds)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.actions)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.last_signal)));
    let key = ["day", "account_no", "user_no"];
    put("user_day", &key, &["minutes", "seconds", "actions", "last_signal"], columns).execute(connection).await
}

async fn put_modules(
    connection: &mut Connection<'_>,
    modules: &[(UserModuleKey, StoredModuleDay)],
) -> Result<(), StoreError> {
    let mut columns = user_module_columns(modules.iter().map(|(key, _)| key));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.actions)));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.last_use)));
    columns.push(Column::bytes(modules.iter().map(|(_, module)| module.uses.as_slice())));
    let key = ["day", "account_no", "user_no", "module_no"];
    put("user_module_day", &key, &["actions", "last_use", "uses"], columns).execute(connection).await
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

/// Marks days as changed, and says which revision each has got by that.
async fn raise_revisions(connection: &mut Connection<'_>, days: Vec<i64>) -> Result<Vec<(i64, i64)>, StoreError> {
    let columns = [Column::ints(days.iter().copied()), Column::ints(days.iter().map(|_| 1))];
    bulk(
        "INSERT INTO day_revision (day, revision) {rows} \
         ON CONFLICT (day) DO UPDATE SET revision = day_revision.revision + 1 RETURNING day, revision",
        columns,
    )
    .fetch_all(connection)
    .await
}
