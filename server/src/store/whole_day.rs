//! Whole days of users: all there is of one, what it adds to the sums, and what it becomes where names are shown as
//! something else. Raw events are not read for it: they may be gone.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_from_number, kept,
    recent::StoredModuleDay,
    rollup::{self, Contribution, Sums, UserDay, UserKey, UserModuleDay, UserModuleKey},
    statement::{bulk, query},
    tracking::Tracking,
};
use model::{
    uses::{DayUses, Use},
    zone::day_start,
};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};

/// How many users' days are read at a time.
const AT_A_TIME: usize = 2_000;

/// How much of what a change makes of days is in memory before it is made.
const PREPARED_BYTES: usize = 64 * 1024 * 1024;

/// All there is of a user's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WholeDay {
    key: UserKey,
    /// Nothing where nothing is tracked.
    user: Option<UserDay>,
    /// By shown module.
    modules: BTreeMap<i64, UserModuleDay>,
}

impl WholeDay {
    /// What it adds to the sums of all accounts.
    pub(super) fn contribution(&self, tracking: &Tracking) -> Contribution {
        let modules = self.modules.iter().map(|(module_no, module)| (*module_no, module));
        Contribution::of(self.key.0, self.user.as_ref(), modules, tracking)
    }

    /// What it is where names are shown otherwise.
    fn shown_again(&self, change: &Change, reporting: Reporting) -> Self {
        let midnight = day_start(&reporting.zone, day_from_number(self.key.0)).millis();
        let tracking = &change.after;
        let mut uses: BTreeMap<i64, Vec<Use>> = BTreeMap::new();
        for (module_no, of_module) in &self.modules {
            for of in of_module.uses.iter() {
                let sent = of.heartbeat_of().or_else(|| change.module_of.get(&of.activity).copied());
                uses.entry(tracking.module(sent.unwrap_or(*module_no)).number).or_default().push(of);
            }
        }
        let mut user = match &self.user {
            // What they did elsewhere stays.
            Some(user) if !change.takes_minutes => {
                let again: i64 = self.modules.values().map(|module| module.actions).sum();
                UserDay { actions: user.actions - again, ..user.clone() }
            }
            _ => UserDay::default(),
        };
        let mut modules = BTreeMap::new();
        for (module_no, uses) in uses {
            let module = tracking.module(module_no);
            let of_module = UserModuleDay::of(uses.into_iter().collect(), module, midnight, tracking);
            user.add(&of_module, module, midnight);
            modules.insert(module_no, of_module);
        }
        user.seconds = user.minutes.time_spent(reporting.idle_gap);
        Self { key: self.key, user: (!user.minutes.is_empty()).then_some(user), modules }
    }
}

/// A change of what names are shown as, and what it touches of users' days.
pub(super) struct Change {
    before: Tracking,
    after: Tracking,
    /// The module of each activity, as they are sent.
    module_of: BTreeMap<i64, i64>,
    /// The shown modules, as they were, that hold anything which is shown otherwise now.
    modules: BTreeSet<i64>,
    /// The same, and those by which that is shown now.
    touched: BTreeSet<i64>,
    /// Whether a module is no longer tracked: which of its minutes are also others' is not known without these.
    takes_minutes: bool,
}

impl Change {
    /// That from one to the other, for modules as they are sent.
    pub(super) fn new(
        (before, after): (Tracking, Tracking),
        sent_modules: &BTreeSet<i64>,
        module_of: BTreeMap<i64, i64>,
    ) -> Self {
        let shown = |tracking: &Tracking| sent_modules.iter().map(|sent| tracking.module(*sent).number).collect();
        let modules: BTreeSet<i64> = shown(&before);
        let touched = &modules | &shown(&after);
        let is_taken = |sent: &i64| before.module(*sent).tracked && !after.module(*sent).tracked;
        let takes_minutes = sent_modules.iter().any(is_taken);
        Self { before, after, module_of, modules, touched, takes_minutes }
    }

    /// Whether both make the same of each day on which nothing is used that is new to either.
    fn does_as(&self, other: &Self) -> bool {
        self.before.shows_as(&other.before)
            && self.after.shows_as(&other.after)
            && (&self.modules, &self.touched) == (&other.modules, &other.touched)
            && self.takes_minutes == other.takes_minutes
    }
}

/// Reads users' days: one for each key, in their order.
pub(super) async fn read(connection: &mut Connection<'_>, keys: &[UserKey]) -> Result<Vec<WholeDay>, StoreError> {
    read_modules(connection, keys, None).await
}

/// The same, with some of the modules, if not all.
async fn read_modules(
    connection: &mut Connection<'_>,
    keys: &[UserKey],
    some: Option<&BTreeSet<i64>>,
) -> Result<Vec<WholeDay>, StoreError> {
    let mut users: BTreeMap<i64, UserDay> = rollup::read_users(connection, keys.iter()).await?.into_iter().collect();
    let some = some.map(|some| format!(" AND d.module_no IN ({})", listed(some))).unwrap_or_default();
    let text = format!(
        "WITH wanted (place, day, account_no, user_no) AS ({{rows}}) \
         SELECT wanted.place, d.module_no, d.actions, d.last_use, d.uses FROM wanted CROSS JOIN user_module_day d \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no{some}"
    );
    let of_modules = bulk(text, rollup::with_places(rollup::user_columns(keys.iter())));
    let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> = of_modules.fetch_all(connection).await?;
    let mut modules: BTreeMap<i64, BTreeMap<i64, UserModuleDay>> = BTreeMap::new();
    for (place, module_no, actions, last_use, uses) in rows {
        let uses = DayUses::from_bytes(&uses);
        modules.entry(place).or_default().insert(module_no, UserModuleDay { actions, last_use, uses });
    }
    let days = (0..).zip(keys).map(|(place, &key)| WholeDay {
        key,
        user: users.remove(&place),
        modules: modules.remove(&place).unwrap_or_default(),
    });
    Ok(days.collect())
}

/// Numbers as a list in SQL.
fn listed(numbers: &BTreeSet<i64>) -> String {
    numbers.iter().map(i64::to_string).collect::<Vec<String>>().join(", ")
}

/// Computes again from what was sent what a change touches of users' days, and brings all sums up to date with what that
/// changes; days that were prepared for it and have not changed since are written as they were prepared. Whoever stores
/// events is kept out.
pub(super) async fn show_again(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    change: &Change,
    prepared: Option<Prepared>,
) -> Result<(), StoreError> {
    let prepared = prepared.filter(|prepared| prepared.change.does_as(change));
    let mut prepared = prepared.map(|prepared| prepared.days).unwrap_or_default();
    for (day, revision) in days(connection).await? {
        let mut sums = Vec::new();
        match prepared.remove(&(day, revision)) {
            Some(parts) => {
                for Part { changed, sums: of_part } in parts {
                    changed.write(connection).await?;
                    sums.push(of_part);
                }
            }
            None => {
                for keys in concerned(connection, change, day).await?.chunks(AT_A_TIME) {
                    let Part { changed, sums: of_part } = Part::compute(connection, reporting, change, keys).await?;
                    changed.write(connection).await?;
                    sums.push(of_part);
                }
            }
        }
        if !sums.is_empty() {
            Sums::of_all(sums.into_iter()).write_and_prune(connection).await?;
            kept::keep_on_as_sent(connection, day).await?;
        }
    }
    Ok(())
}

/// The days with events, with the revision of each: as long as that stays, nobody has written to what users did on it.
async fn days(connection: &mut Connection<'_>) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "SELECT t.day, r.revision FROM total_day t JOIN day_revision r ON r.day = t.day \
               WHERE t.scope_no = 0 ORDER BY t.day";
    query(sql).fetch_all(connection).await
}

/// Users' days as a change makes them, by the day and its revision then; none of those that it does not touch.
pub(super) struct Prepared {
    change: Change,
    days: BTreeMap<(i64, i64), Vec<Part>>,
}

impl Prepared {
    /// Computes them, as many days as there is room for in memory. Whoever stores events goes on meanwhile.
    pub(super) async fn compute(
        connection: &mut Connection<'_>,
        reporting: Reporting,
        change: Change,
    ) -> Result<Self, StoreError> {
        let (mut prepared, mut bytes) = (BTreeMap::new(), 0);
        for (day, revision) in days(connection).await? {
            let mut parts = Vec::new();
            for keys in concerned(connection, &change, day).await?.chunks(AT_A_TIME) {
                let part = Part::compute(connection, reporting, &change, keys).await?;
                bytes += part.changed.bytes();
                if bytes > PREPARED_BYTES {
                    return Ok(Self { change, days: prepared });
                }
                parts.push(part);
            }
            prepared.insert((day, revision), parts);
        }
        Ok(Self { change, days: prepared })
    }

    /// How many days were computed.
    #[cfg(test)]
    pub(super) fn day_count(&self) -> usize {
        self.days.len()
    }
}

/// The users' days on which anything was done that is shown otherwise.
async fn concerned(connection: &mut Connection<'_>, change: &Change, day: i64) -> Result<Vec<UserKey>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT account_no, user_no FROM user_module_day WHERE day = $1 AND module_no IN ({})",
        listed(&change.modules)
    );
    let users: Vec<(i64, i64)> = query(AssertSqlSafe(sql)).bind(day).fetch_all(connection).await?;
    Ok(users.into_iter().map(|(account_no, user_no)| (day, account_no, user_no)).collect())
}

/// What a change makes of some users' days, and of the sums by that.
struct Part {
    changed: Changed,
    sums: Sums,
}

impl Part {
    async fn compute(
        connection: &mut Connection<'_>,
        reporting: Reporting,
        change: &Change,
        keys: &[UserKey],
    ) -> Result<Self, StoreError> {
        let touched = (!change.takes_minutes).then_some(&change.touched);
        let (mut changed, mut sums) = (Changed::default(), Sums::default());
        for mut was in read_modules(connection, keys, touched).await? {
            let mut is = was.shown_again(change, reporting);
            // What is as it was changes no sum, and is not written again.
            let as_before = |(module_no, module): &(&i64, &UserModuleDay)| {
                !change.touched.contains(*module_no) && is.modules.get(*module_no) == Some(*module)
            };
            let same: Vec<i64> = was.modules.iter().filter(as_before).map(|(module_no, _)| *module_no).collect();
            for module_no in same {
                was.modules.remove(&module_no);
                is.modules.remove(&module_no);
            }
            sums.take(&was.contribution(&change.before));
            sums.add(&is.contribution(&change.after));
            changed.add(was, is);
        }
        Ok(Self { changed, sums })
    }
}

/// Rows of users' days that are others by now, and keys of those that are gone.
#[derive(Default)]
struct Changed {
    users: Vec<(UserKey, UserDay)>,
    modules: Vec<(UserModuleKey, StoredModuleDay)>,
    gone_users: Vec<UserKey>,
    gone_modules: Vec<UserModuleKey>,
}

impl Changed {
    /// How much it takes, about.
    fn bytes(&self) -> usize {
        let Self { users, modules, gone_users, gone_modules } = self;
        let uses: usize = modules.iter().map(|(_, module)| module.uses.len()).sum();
        uses + size_of_val(users.as_slice())
            + size_of_val(modules.as_slice())
            + size_of_val(gone_users.as_slice())
            + size_of_val(gone_modules.as_slice())
    }

    fn add(&mut self, was: WholeDay, is: WholeDay) {
        let key @ (day, account_no, user_no) = was.key;
        match is.user {
            Some(user) if was.user.as_ref() == Some(&user) => {}
            Some(user) => self.users.push((key, user)),
            None => self.gone_users.extend(was.user.map(|_| key)),
        }
        let gone = was.modules.keys().filter(|module_no| !is.modules.contains_key(module_no));
        self.gone_modules.extend(gone.map(|module_no| (day, account_no, user_no, *module_no)));
        for (module_no, module) in is.modules {
            if was.modules.get(&module_no) != Some(&module) {
                self.modules.push(((day, account_no, user_no, module_no), module.stored()));
            }
        }
    }

    async fn write(self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        rollup::put_users(connection, &self.users).await?;
        rollup::put_modules(connection, &self.modules).await?;
        bulk(
            "WITH gone (day, account_no, user_no) AS ({rows}) DELETE FROM user_day \
             WHERE (day, account_no, user_no) IN (SELECT day, account_no, user_no FROM gone)",
            rollup::user_columns(self.gone_users.iter()),
        )
        .execute(connection)
        .await?;
        bulk(
            "WITH gone (day, account_no, user_no, module_no) AS ({rows}) DELETE FROM user_module_day \
             WHERE (day, account_no, user_no, module_no) IN (SELECT day, account_no, user_no, module_no FROM gone)",
            rollup::user_module_columns(self.gone_modules.iter()),
        )
        .execute(connection)
        .await
    }
}
