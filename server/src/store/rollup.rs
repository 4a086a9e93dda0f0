//! Roll-ups: what the dashboards read instead of events.
//!
//! Each is a function of the set of events and of what is tracked ([`Tracking`]). Per user and day, what is there is read
//! or remembered, merged with what is new, and written back; what that changes is then added to the figures of all
//! accounts. A batch writes each row once, however many of its events touch it.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_number,
    dimension::Numbers,
    recent::{Known, RecentDays, StoredModuleDay},
    statement::{Column, append, bulk, put, query, row_count},
    tracking::{Shown, Tracking},
};
use model::{
    instant::Instant,
    minutes::ActiveMinutes,
    uses::{DayUses, Use},
    zone::{LocalMinute, LocalMinutes},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

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
/// Day, account, user, shown module.
pub(super) type UserModuleKey = (i64, i64, i64, i64);
/// Day, and a shown module or activity.
type PartKey = (i64, i64);

/// The scope whose sums are kept: all accounts.
const ALL_ACCOUNTS: i64 = 0;

/// A row of `user_day`, without its key: what is tracked of a user's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserDay {
    pub(super) minutes: ActiveMinutes,
    pub(super) seconds: i64,
    pub(super) actions: i64,
    pub(super) last_signal: i64,
}

/// A row of `user_module_day`, without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserModuleDay {
    /// Those that are tracked; none where there were heartbeats alone.
    pub(super) actions: i64,
    /// When the last of these was; 0 where there is none.
    pub(super) last_use: i64,
    /// All that was sent, tracked or not.
    pub(super) uses: DayUses,
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
    module: Shown,
    of: Use,
    time: Instant,
}

/// What is added to a row; the row itself once that is merged with what was there.
struct Addition<K, D> {
    key: K,
    day: D,
    /// Whether there was nothing, as far as is known.
    is_new: bool,
}

/// What facts add for each user and day, each key once; merged with what was there as far as that is remembered.
pub(super) struct Additions {
    reporting: Reporting,
    tracking: Arc<Tracking>,
    users: Vec<Addition<UserKey, UserDay>>,
    modules: Vec<Addition<UserModuleKey, UserModuleDay>>,
    /// The places of those that are yet to be merged.
    unmerged_users: Vec<usize>,
    unmerged_modules: Vec<usize>,
    sums: Sums,
}

/// What is added to the sums of all accounts together, and taken from them.
#[derive(Default)]
pub(super) struct Sums {
    totals: BTreeMap<i64, TotalDay>,
    modules: BTreeMap<PartKey, PartDay>,
    activities: BTreeMap<PartKey, PartDay>,
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
    let (new_users, users) = apart(users, |user| user);
    let written = async {
        insert_users(connection, &new_users).await?;
        put_users(connection, &users).await
    };
    // Packed while the database works.
    let (written, (new_modules, modules)) = tokio::join!(written, async { apart(modules, UserModuleDay::stored) });
    written?;
    insert_modules(connection, &new_modules).await?;
    put_modules(connection, &modules).await?;
    // Last: every server waits for whoever has written these.
    let revisions = sums.write(connection).await?;
    recent.remember(new_users.into_iter().chain(users), new_modules.into_iter().chain(modules), revisions);
    Ok(())
}

/// What is stored, by its key.
type Rows<K, S> = Vec<(K, S)>;

/// New rows, and those there were.
fn apart<K, D, S>(additions: Vec<Addition<K, D>>, stored: impl Fn(D) -> S) -> (Rows<K, S>, Rows<K, S>) {
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for Addition { key, day, is_new } in additions {
        if is_new { &mut new } else { &mut old }.push((key, stored(day)));
    }
    (new, old)
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
    pub(super) fn of(reporting: Reporting, tracking: &Arc<Tracking>, facts: &[Fact], recent: &RecentDays) -> Self {
        let mut local_minutes = LocalMinutes::of_zone(&reporting.zone);
        let mut signals: Vec<Signal> = facts
            .iter()
            .map(|fact| {
                let local = local_minutes.at(fact.time);
                let Numbers { account_no, user_no, module_no, .. } = fact.numbers;
                Signal {
                    user: (day_number(local.day), account_no, user_no),
                    module: tracking.module(module_no),
                    of: fact.as_use(local),
                    time: fact.time,
                }
            })
            .collect();
        signals.sort_unstable_by_key(|signal| (signal.user, signal.module.number));
        let (mut users, mut modules) = (Vec::new(), Vec::new());
        for of_user in signals.chunk_by(|one, next| one.user == next.user) {
            let Signal { user: user @ (day, account_no, user_no), of, time, .. } = of_user[0];
            let midnight = time.millis() - of.millis_of_day();
            let mut tracked = UserDay::default();
            for of_module in of_user.chunk_by(|one, next| one.module.number == next.module.number) {
                let module = of_module[0].module;
                let uses = of_module.iter().map(|signal| signal.of).collect();
                let of_module = UserModuleDay::of(uses, module, midnight, tracking);
                tracked.add(&of_module, module, midnight);
                modules.push(Addition {
                    key: (day, account_no, user_no, module.number),
                    day: of_module,
                    is_new: false,
                });
            }
            // Whoever did nothing that is tracked was not there.
            if !tracked.minutes.is_empty() {
                users.push(Addition { key: user, day: tracked, is_new: false });
            }
        }
        let (unmerged_users, unmerged_modules) = ((0..users.len()).collect(), (0..modules.len()).collect());
        let sums = Sums::of_days(signals.iter().map(|signal| signal.user.0));
        let tracking = Arc::clone(tracking);
        let mut additions = Self { reporting, tracking, users, modules, unmerged_users, unmerged_modules, sums };
        additions.merge_remembered(recent);
        additions
    }

    /// The days that they are of.
    pub(super) fn days(&self) -> Vec<i64> {
        self.sums.totals.keys().copied().collect()
    }

    fn merge_remembered(&mut self, recent: &RecentDays) {
        for place in std::mem::take(&mut self.unmerged_users) {
            match recent.user(&self.users[place].key) {
                Known::Stored(old) => self.merge_user(place, Some(old)),
                Known::Absent => self.merge_user(place, None),
                Known::Unread => self.unmerged_users.push(place),
            }
        }
        for place in std::mem::take(&mut self.unmerged_modules) {
            match recent.module(&self.modules[place].key) {
                Known::Stored(old) => self.merge_module(place, Some(old)),
                Known::Absent => self.merge_module(place, None),
                Known::Unread => self.unmerged_modules.push(place),
            }
        }
    }

    async fn merge_unread_users(&mut self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        let unread = std::mem::take(&mut self.unmerged_users);
        let keys = unread.iter().map(|place| &self.users[*place].key);
        let stored: HashMap<i64, UserDay> = read_users(connection, keys).await?.into_iter().collect();
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
            with_places(user_module_columns(unread.iter().map(|place| &self.modules[*place].key))),
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
        let Addition { key: (day, ..), day: user, is_new } = &mut self.users[place];
        *is_new = old.is_none();
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
        let Addition { key: (day, .., module_no), day: module, is_new } = &mut self.modules[place];
        *is_new = old.is_none();
        let old_uses = old.map(StoredModuleDay::unpacked);
        // Without an action that is tracked there is none in the sums.
        if module.actions > 0 {
            let is_first = old.is_none_or(|old| old.actions == 0);
            add_part(&mut self.sums.modules, (*day, *module_no), is_first.into(), module.actions);
            for (activity_no, actions) in self.tracking.actions(&module.uses) {
                let is_first = old_uses.as_ref().is_none_or(|old| !self.tracking.has(old, activity_no));
                add_part(&mut self.sums.activities, (*day, activity_no), is_first.into(), actions);
            }
        }
        if let Some((old, old_uses)) = old.zip(old_uses) {
            module.last_use = match (old.actions, module.actions) {
                (0, _) => module.last_use,
                (_, 0) => old.last_use,
                _ => module.last_use.max(old.last_use),
            };
            module.actions += old.actions;
            module.uses.merge(old_uses);
        }
    }
}

impl Fact {
    fn as_use(&self, LocalMinute { minute, millis, .. }: LocalMinute) -> Use {
        match self.numbers.activity_no {
            0 => Use::heartbeat(self.numbers.module_no, minute, millis),
            activity => Use { activity, minute, millis, count: self.count },
        }
    }
}

impl Default for UserDay {
    fn default() -> Self {
        Self { minutes: ActiveMinutes::default(), seconds: 0, actions: 0, last_signal: i64::MIN }
    }
}

impl UserDay {
    /// Adds what was done in a module, where that is tracked. Midnight is in milliseconds since the epoch.
    pub(super) fn add(&mut self, module_day: &UserModuleDay, module: Shown, midnight: i64) {
        if !module.tracked {
            return;
        }
        for of in module_day.uses.iter() {
            self.minutes.insert(of.minute);
            self.last_signal = self.last_signal.max(midnight + of.millis_of_day());
        }
        self.actions += module_day.actions;
    }
}

impl UserModuleDay {
    /// What uses amount to, in a module that may not be tracked. Midnight is in milliseconds since the epoch.
    pub(super) fn of(uses: DayUses, module: Shown, midnight: i64, tracking: &Tracking) -> Self {
        let (mut actions, mut last_use) = (0, None);
        let tracked = |uses: &&[Use]| module.tracked && tracking.tracked_activity(uses[0].activity).is_some();
        for uses in uses.by_activity().filter(tracked) {
            actions += uses.iter().map(|of| of.count).sum::<i64>();
            last_use = last_use.max(uses.last().map(|of| midnight + of.millis_of_day()));
        }
        Self { actions, last_use: last_use.unwrap_or_default(), uses }
    }

    pub(super) fn stored(self) -> StoredModuleDay {
        let Self { actions, last_use, uses } = self;
        StoredModuleDay { actions, last_use, uses: uses.to_bytes() }
    }
}

impl Sums {
    /// Nothing yet, of days that hold events.
    fn of_days(days: impl Iterator<Item = i64>) -> Self {
        Self { totals: days.map(|day| (day, TotalDay::default())).collect(), ..Self::default() }
    }

    /// Several as one.
    pub(super) fn of_all(all: impl Iterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for Self { totals, modules, activities } in all {
            for (day, TotalDay { users, actions, seconds }) in totals {
                let total = sum.totals.entry(day).or_default();
                total.users += users;
                total.actions += actions;
                total.seconds += seconds;
            }
            modules.into_iter().for_each(|(key, part)| add_part(&mut sum.modules, key, part.users, part.actions));
            activities.into_iter().for_each(|(key, part)| add_part(&mut sum.activities, key, part.users, part.actions));
        }
        sum
    }

    /// Adds what a user's day adds to them.
    pub(super) fn add(&mut self, contribution: &Contribution) {
        self.count(contribution, 1);
    }

    /// Takes it from them.
    pub(super) fn take(&mut self, contribution: &Contribution) {
        self.count(contribution, -1);
    }

    fn count(&mut self, Contribution { day, user, modules, activities }: &Contribution, sign: i64) {
        let total = self.totals.entry(*day).or_default();
        if let Some((actions, seconds)) = user {
            total.users += sign;
            total.actions += sign * actions;
            total.seconds += sign * seconds;
        }
        for (module_no, actions) in modules {
            add_part(&mut self.modules, (*day, *module_no), sign, sign * actions);
        }
        for (activity_no, actions) in activities {
            add_part(&mut self.activities, (*day, *activity_no), sign, sign * actions);
        }
    }

    /// Adds them to what is stored, and marks their days as changed: returns which revision each has got by that. Every
    /// server waits for whoever has done so.
    pub(super) async fn write(self, connection: &mut Connection<'_>) -> Result<Vec<(i64, i64)>, StoreError> {
        let Self { totals, modules, activities } = self;
        let days: Vec<i64> = totals.keys().copied().collect();
        add_totals(connection, totals).await?;
        add_parts(connection, "module_day", "module_no", &modules).await?;
        add_parts(connection, "activity_day", "activity_no", &activities).await?;
        raise_revisions(connection, days).await
    }

    /// The same where something may be taken from them: what nobody used then has no row left, nor has a day without any
    /// event, as if they never had one.
    pub(super) async fn write_and_prune(mut self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        let changes = |_: &PartKey, part: &mut PartDay| part.users != 0 || part.actions != 0;
        self.modules.retain(changes);
        self.activities.retain(changes);
        let keys = |parts: &BTreeMap<PartKey, PartDay>| parts.keys().copied().collect::<Vec<PartKey>>();
        let (modules, activities) = (keys(&self.modules), keys(&self.activities));
        let days: Vec<i64> = self.totals.keys().copied().collect();
        self.write(connection).await?;
        prune_totals(connection, days).await?;
        prune_parts(connection, "module_day", "module_no", &modules).await?;
        prune_parts(connection, "activity_day", "activity_no", &activities).await
    }
}

/// What a user's day adds to the sums of all accounts: to each at most once.
pub(super) struct Contribution {
    day: i64,
    /// Actions and time spent; nothing where nothing is tracked.
    user: Option<(i64, i64)>,
    /// Shown modules with their actions.
    modules: Vec<PartKey>,
    /// Shown activities with theirs.
    activities: Vec<PartKey>,
}

impl Contribution {
    /// That of all that a user did on a day, by shown module.
    pub(super) fn of<'a>(
        day: i64,
        user: Option<&UserDay>,
        modules: impl Iterator<Item = (i64, &'a UserModuleDay)>,
        tracking: &Tracking,
    ) -> Self {
        let user = user.map(|user| (user.actions, user.seconds));
        let mut contribution = Self { day, user, modules: Vec::new(), activities: Vec::new() };
        for (module_no, module) in modules.filter(|(_, module)| module.actions > 0) {
            contribution.modules.push((module_no, module.actions));
            contribution.activities.extend(tracking.actions(&module.uses));
        }
        contribution
    }
}

/// Counts users and actions of a module or an activity.
fn add_part(parts: &mut BTreeMap<PartKey, PartDay>, key: PartKey, users: i64, actions: i64) {
    let part = parts.entry(key).or_default();
    part.users += users;
    part.actions += actions;
}

/// The columns of keys.
pub(super) fn user_columns<'a>(keys: impl Iterator<Item = &'a UserKey> + Clone) -> Vec<Column<'static>> {
    vec![
        Column::ints(keys.clone().map(|key| key.0)),
        Column::ints(keys.clone().map(|key| key.1)),
        Column::ints(keys.map(|key| key.2)),
    ]
}

/// The columns of keys.
pub(super) fn user_module_columns<'a>(keys: impl Iterator<Item = &'a UserModuleKey> + Clone) -> Vec<Column<'static>> {
    vec![
        Column::ints(keys.clone().map(|key| key.0)),
        Column::ints(keys.clone().map(|key| key.1)),
        Column::ints(keys.clone().map(|key| key.2)),
        Column::ints(keys.map(|key| key.3)),
    ]
}

/// The columns of keys behind one with the place of each: what is stored comes back with it, which is less than the key.
pub(super) fn with_places(keys: Vec<Column<'static>>) -> Vec<Column<'static>> {
    let places = Column::ints((0..).take(row_count(&keys)));
    std::iter::once(places).chain(keys).collect()
}

const USER_KEY: [&str; 3] = ["day", "account_no", "user_no"];
const USER_REST: [&str; 4] = ["minutes", "seconds", "actions", "last_signal"];
const USER_MODULE_KEY: [&str; 4] = ["day", "account_no", "user_no", "module_no"];
const USER_MODULE_REST: [&str; 3] = ["actions", "last_use", "uses"];

/// Reads rows of `user_day`, each with the place of its key among these.
pub(super) async fn read_users<'a>(
    connection: &mut Connection<'_>,
    keys: impl Iterator<Item = &'a UserKey> + Clone,
) -> Result<Vec<(i64, UserDay)>, StoreError> {
    let select = bulk(
        "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
         SELECT wanted.place, d.minutes, d.seconds, d.actions, d.last_signal FROM wanted CROSS JOIN user_day d \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no",
        with_places(user_columns(keys)),
    );
    let rows = select.fetch_all::<(i64, Vec<u8>, i64, i64, i64)>(connection).await?;
    let user = |(place, minutes, seconds, actions, last_signal): (i64, Vec<u8>, i64, i64, i64)| {
        (place, UserDay { minutes: ActiveMinutes::from_bytes(&minutes), seconds, actions, last_signal })
    };
    Ok(rows.into_iter().map(user).collect())
}

/// Writes rows of `user_day` whose keys none has.
async fn insert_users(connection: &mut Connection<'_>, users: &[(UserKey, UserDay)]) -> Result<(), StoreError> {
    append(connection, "user_day", &[&USER_KEY[..], &USER_REST].concat(), user_rows(users)).await
}

/// Writes rows of `user_day` over those with their keys.
pub(super) async fn put_users(connection: &mut Connection<'_>, users: &[(UserKey, UserDay)]) -> Result<(), StoreError> {
    put("user_day", &USER_KEY, &USER_REST, user_rows(users)).execute(connection).await
}

fn user_rows(users: &[(UserKey, UserDay)]) -> Vec<Column<'_>> {
    let mut columns = user_columns(users.iter().map(|(key, _)| key));
    columns.push(Column::bytes(users.iter().map(|(_, user)| user.minutes.to_bytes())));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.seconds)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.actions)));
    columns.push(Column::ints(users.iter().map(|(_, user)| user.last_signal)));
    columns
}

/// Writes rows of `user_module_day` whose keys none has.
async fn insert_modules(
    connection: &mut Connection<'_>,
    modules: &[(UserModuleKey, StoredModuleDay)],
) -> Result<(), StoreError> {
    let names = [&USER_MODULE_KEY[..], &USER_MODULE_REST].concat();
    append(connection, "user_module_day", &names, module_rows(modules)).await
}

/// Writes rows of `user_module_day` over those with their keys.
pub(super) async fn put_modules(
    connection: &mut Connection<'_>,
    modules: &[(UserModuleKey, StoredModuleDay)],
) -> Result<(), StoreError> {
    put("user_module_day", &USER_MODULE_KEY, &USER_MODULE_REST, module_rows(modules)).execute(connection).await
}

fn module_rows(modules: &[(UserModuleKey, StoredModuleDay)]) -> Vec<Column<'_>> {
    let mut columns = user_module_columns(modules.iter().map(|(key, _)| key));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.actions)));
    columns.push(Column::ints(modules.iter().map(|(_, module)| module.last_use)));
    columns.push(Column::bytes(modules.iter().map(|(_, module)| module.uses.as_slice())));
    columns
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
    parts: &BTreeMap<PartKey, PartDay>,
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

/// Drops the sums of days, among these, that hold no event any more, tracked or not.
async fn prune_totals(connection: &mut Connection<'_>, days: Vec<i64>) -> Result<(), StoreError> {
    let text = format!(
        "WITH changed (day) AS ({{rows}}) SELECT day FROM total_day WHERE scope_no = {ALL_ACCOUNTS} AND users = 0 \
         AND day IN (SELECT day FROM changed)"
    );
    let unused: Vec<(i64,)> = bulk(text, [Column::ints(days)]).fetch_all(connection).await?;
    let mut empty = Vec::new();
    // One by one, and each by a statement that every shard can answer.
    for (day,) in unused {
        let any = query("SELECT day FROM user_module_day WHERE day = $1 LIMIT 1").bind(day);
        if any.fetch_optional::<(i64,)>(connection).await?.is_none() {
            empty.push(day);
        }
    }
    let text = format!(
        "WITH empty (day) AS ({{rows}}) DELETE FROM total_day WHERE scope_no = {ALL_ACCOUNTS} \
         AND day IN (SELECT day FROM empty)"
    );
    bulk(text, [Column::ints(empty)]).execute(connection).await
}

/// Drops the sums of what nobody used, among these.
async fn prune_parts(
    connection: &mut Connection<'_>,
    table: &str,
    part: &str,
    keys: &[PartKey],
) -> Result<(), StoreError> {
    let text = format!(
        "WITH changed (day, {part}) AS ({{rows}}) DELETE FROM {table} WHERE scope_no = {ALL_ACCOUNTS} AND users = 0 \
         AND (day, {part}) IN (SELECT day, {part} FROM changed)"
    );
    bulk(text, [Column::ints(keys.iter().map(|key| key.0)), Column::ints(keys.iter().map(|key| key.1))])
        .execute(connection)
        .await
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
