//! Whole days of users: all there is of one, what it adds to the sums, and what it becomes where names are shown as
//! something else. Raw events are not read for it: they may be gone.

use super::{
    Reporting, StoreError,
    connection::Connection,
    day_from_number,
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

/// How many users' days are in memory at a time.
const AT_A_TIME: usize = 2_000;

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

    /// What it is where names are shown as this. `module_of` tells the module of an activity as it is sent.
    fn shown_as(&self, tracking: &Tracking, module_of: &BTreeMap<i64, i64>, reporting: Reporting) -> Self {
        let midnight = day_start(&reporting.zone, day_from_number(self.key.0)).millis();
        let mut uses: BTreeMap<i64, Vec<Use>> = BTreeMap::new();
        for (module_no, of_module) in &self.modules {
            for of in of_module.uses.iter() {
                let sent = of.heartbeat_of().or_else(|| module_of.get(&of.activity).copied()).unwrap_or(*module_no);
                uses.entry(tracking.module(sent).number).or_default().push(of);
            }
        }
        let mut user = UserDay::default();
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

/// Reads users' days: one for each key, in their order.
pub(super) async fn read(connection: &mut Connection<'_>, keys: &[UserKey]) -> Result<Vec<WholeDay>, StoreError> {
    let mut users: BTreeMap<i64, UserDay> = rollup::read_users(connection, keys.iter()).await?.into_iter().collect();
    let of_modules = bulk(
        "WITH wanted (place, day, account_no, user_no) AS ({rows}) \
         SELECT wanted.place, d.module_no, d.actions, d.last_use, d.uses FROM wanted CROSS JOIN user_module_day d \
         WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no",
        rollup::with_places(rollup::user_columns(keys.iter())),
    );
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

/// Computes again every user's day that has one of these shown modules, from what was sent, and brings all sums up to date
/// with what that changes. Whoever stores events is kept out.
pub(super) async fn show_again(
    connection: &mut Connection<'_>,
    reporting: Reporting,
    modules: &BTreeSet<i64>,
    (before, after): (&Tracking, &Tracking),
    module_of: &BTreeMap<i64, i64>,
) -> Result<(), StoreError> {
    let numbers: Vec<String> = modules.iter().map(i64::to_string).collect();
    let concerned = format!(
        "SELECT DISTINCT account_no, user_no FROM user_module_day WHERE day = $1 AND module_no IN ({})",
        numbers.join(", ")
    );
    let days: Vec<(i64,)> =
        query("SELECT day FROM total_day WHERE scope_no = 0 ORDER BY day").fetch_all(connection).await?;
    for (day,) in days {
        let users = query(AssertSqlSafe(concerned.clone())).bind(day);
        let users: Vec<(i64, i64)> = users.fetch_all(connection).await?;
        let keys: Vec<UserKey> = users.into_iter().map(|(account_no, user_no)| (day, account_no, user_no)).collect();
        let mut sums = Sums::default();
        for keys in keys.chunks(AT_A_TIME) {
            let were = read(connection, keys).await?;
            let are: Vec<WholeDay> = were.iter().map(|day| day.shown_as(after, module_of, reporting)).collect();
            for (was, is) in were.iter().zip(&are) {
                sums.take(&was.contribution(before));
                sums.add(&is.contribution(after));
            }
            replace(connection, keys, are).await?;
        }
        if !keys.is_empty() {
            sums.write_and_prune(connection).await?;
        }
    }
    Ok(())
}

/// Puts days in the place of those there were, of the same users.
async fn replace(connection: &mut Connection<'_>, keys: &[UserKey], days: Vec<WholeDay>) -> Result<(), StoreError> {
    for table in ["user_day", "user_module_day"] {
        let text = format!(
            "WITH gone (day, account_no, user_no) AS ({{rows}}) DELETE FROM {table} \
             WHERE (day, account_no, user_no) IN (SELECT day, account_no, user_no FROM gone)"
        );
        bulk(text, rollup::user_columns(keys.iter())).execute(connection).await?;
    }
    let mut users: Vec<(UserKey, UserDay)> = Vec::new();
    let mut modules: Vec<(UserModuleKey, StoredModuleDay)> = Vec::new();
    for WholeDay { key: key @ (day, account_no, user_no), user, modules: of_modules } in days {
        users.extend(user.map(|user| (key, user)));
        let stored = of_modules.into_iter().map(|(no, module)| ((day, account_no, user_no, no), module.stored()));
        modules.extend(stored);
    }
    rollup::insert_users(connection, &users).await?;
    rollup::insert_modules(connection, &modules).await
}
