//! Today's cards and top tens.

use super::{
    Reading, Scope, StoreError, day_number,
    statement::{Row, query},
};
use model::{
    Day,
    api::{Account, User, today::TOP},
    instant::Instant,
};

/// What the three cards are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cards {
    /// Accounts with a user online.
    pub accounts_online: i64,
    /// Users online.
    pub users_online: i64,
    /// Accounts active on the day.
    pub accounts_active: i64,
    /// Users active on the day.
    pub users_active: i64,
    /// Time spent on the day by all users.
    pub seconds: i64,
}

/// An account active on a day.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// Distinct users.
    pub users: i64,
    /// Actions.
    pub actions: i64,
}

/// A user active on a day.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// The user's account.
    pub account: Account,
    /// The user.
    pub user: User,
    /// Time spent.
    pub seconds: i64,
    /// Actions.
    pub actions: i64,
}

/// A module used on a day.
#[derive(Clone, Debug)]
pub struct ModuleRow {
    /// Its name.
    pub module: String,
    /// Distinct users with an activity there.
    pub users: i64,
    /// Actions.
    pub actions: i64,
}

/// An activity of a day.
#[derive(Clone, Debug)]
pub struct ActionRow {
    /// The module.
    pub module: String,
    /// The action.
    pub action: String,
    /// Distinct users.
    pub users: i64,
    /// Actions.
    pub actions: i64,
}

/// `TOP` as SQL takes it.
const LIMIT: i64 = TOP as i64;

// Each takes the scope's number as $1 and the day as $2.

/// A signal within the online window, or up to 10 minutes ahead, may belong to the day before or after; where a zone
/// skipped a day, as Apia once did, that is two numbers away.
pub(super) const ONLINE: &str = "
    SELECT COUNT(DISTINCT account_no), COUNT(DISTINCT user_no)
    FROM user_day
    WHERE day IN ($2 - 2, $2 - 1, $2, $2 + 1, $2 + 2) AND last_signal >= $3 AND ($1 = 0 OR account_no = $1)";

pub(super) const ACCOUNTS_ACTIVE: &str = "
    SELECT COUNT(*) FROM account_day WHERE day = $2 AND account_no > 0 AND ($1 = 0 OR account_no = $1)";

pub(super) const USERS_ACTIVE: &str = "SELECT users, seconds FROM account_day WHERE account_no = $1 AND day = $2";

pub(super) const MOST_ACTIVE_ACCOUNTS: &str = "
    SELECT account.id, COALESCE(account.name, account.id) AS shown, account_day.users, account_day.actions
    FROM account_day JOIN account ON account.account_no = account_day.account_no
    WHERE account_day.day = $2 AND account_day.account_no > 0 AND ($1 = 0 OR account_day.account_no = $1)
    ORDER BY account_day.users DESC, account_day.actions DESC, shown, account.id
    LIMIT $3";

/// The time spent of the last user who makes it into the top, so that only those who may be in it are named and sorted.
pub(super) const LEAST_SECONDS: &str = "
    SELECT seconds FROM user_day WHERE day = $2 AND ($1 = 0 OR account_no = $1)
    ORDER BY seconds DESC LIMIT 1 OFFSET $3";

pub(super) const MOST_ACTIVE_USERS: &str = "
    SELECT account.id, COALESCE(account.name, account.id) AS account_shown,
           account_user.id, COALESCE(account_user.name, account_user.id) AS shown, user_day.seconds, user_day.actions
    FROM user_day
    JOIN account ON account.account_no = user_day.account_no
    JOIN account_user ON account_user.user_no = user_day.user_no AND account_user.account_no = user_day.account_no
    WHERE user_day.day = $2 AND ($1 = 0 OR user_day.account_no = $1) AND user_day.seconds >= $4
    ORDER BY user_day.seconds DESC, user_day.actions DESC, shown, account_shown, account_user.id, account.id
    LIMIT $3";

pub(super) const POPULAR_MODULES: &str = "
    SELECT module.name, module_day.users, module_day.actions
    FROM module_day JOIN module ON module.module_no = module_day.module_no
    WHERE module_day.account_no = $1 AND module_day.day = $2
    ORDER BY module_day.users DESC, module_day.actions DESC, module.name
    LIMIT $3";

pub(super) const FREQUENT_ACTIONS: &str = "
    SELECT module.name, activity.action, activity_day.users, activity_day.actions
    FROM activity_day
    JOIN activity ON activity.activity_no = activity_day.activity_no
    JOIN module ON module.module_no = activity.module_no
    WHERE activity_day.account_no = $1 AND activity_day.day = $2
    ORDER BY activity_day.actions DESC, activity_day.users DESC, module.name, activity.action
    LIMIT $3";

impl Reading {
    /// The cards of a day. Users count as online whose newest signal is at `online_since` or later.
    pub async fn cards(&mut self, scope: &Scope, day: Day, online_since: Instant) -> Result<Cards, StoreError> {
        let of_day = |sql| query(sql).bind(scope.account_no()).bind(day_number(day));
        let connection = &mut self.connection();
        let (accounts_online, users_online) = of_day(ONLINE).bind(online_since.millis()).fetch_one(connection).await?;
        let (accounts_active,) = of_day(ACCOUNTS_ACTIVE).fetch_one(connection).await?;
        let users: Option<(i64, i64)> = of_day(USERS_ACTIVE).fetch_optional(connection).await?;
        let (users_active, seconds) = users.unwrap_or_default();
        Ok(Cards { accounts_online, users_online, accounts_active, users_active, seconds })
    }

    /// The accounts with the most active users on a day.
    pub async fn most_active_accounts(&mut self, scope: &Scope, day: Day) -> Result<Vec<AccountRow>, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = self.of_day(MOST_ACTIVE_ACCOUNTS, scope, day).await?;
        Ok(rows
            .into_iter()
            .map(|(id, name, users, actions)| AccountRow { account: Account { id, name }, users, actions })
            .collect())
    }

    /// The users with the most time spent on a day.
    pub async fn most_active_users(&mut self, scope: &Scope, day: Day) -> Result<Vec<UserRow>, StoreError> {
        type UserFields = (String, String, String, String, i64, i64);
        let of_day = |sql| query(sql).bind(scope.account_no()).bind(day_number(day));
        let connection = &mut self.connection();
        let least: Option<(i64,)> = of_day(LEAST_SECONDS).bind(LIMIT - 1).fetch_optional(connection).await?;
        let least = least.map_or(0, |(seconds,)| seconds);
        let rows: Vec<UserFields> = of_day(MOST_ACTIVE_USERS).bind(LIMIT).bind(least).fetch_all(connection).await?;
        Ok(rows
            .into_iter()
            .map(|(account_id, account_name, id, name, seconds, actions)| UserRow {
                account: Account { id: account_id, name: account_name },
                user: User { id, name },
                seconds,
                actions,
            })
            .collect())
    }

    /// The modules with the most users on a day.
    pub async fn popular_modules(&mut self, scope: &Scope, day: Day) -> Result<Vec<ModuleRow>, StoreError> {
        let rows: Vec<(String, i64, i64)> = self.of_day(POPULAR_MODULES, scope, day).await?;
        Ok(rows.into_iter().map(|(module, users, actions)| ModuleRow { module, users, actions }).collect())
    }

    /// The activities with the most actions on a day.
    pub async fn frequent_actions(&mut self, scope: &Scope, day: Day) -> Result<Vec<ActionRow>, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = self.of_day(FREQUENT_ACTIONS, scope, day).await?;
        Ok(rows
            .into_iter()
            .map(|(module, action, users, actions)| ActionRow { module, action, users, actions })
            .collect())
    }

    /// Runs a top ten: `$1` is the scope's number, `$2` the day, `$3` the limit.
    async fn of_day<R: Row>(&mut self, sql: &'static str, scope: &Scope, day: Day) -> Result<Vec<R>, StoreError> {
        let query = query(sql).bind(scope.account_no()).bind(day_number(day)).bind(LIMIT);
        query.fetch_all(&mut self.connection()).await
    }
}
