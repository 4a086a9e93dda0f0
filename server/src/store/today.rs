//! Today's cards and top tens.

use super::{
    Reading, Scope, StoreError,
    added::UsedActivity,
    day_number,
    scope::Sums,
    statement::{Query, Row},
};
use model::{
    Day,
    api::{Account, User, today::TOP},
    instant::Instant,
    period::Period,
};
use std::cmp::Reverse;

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

// Each takes the scope's number as $1 and the day as $2; for {seen} stands which accounts it is about.

/// From the day $2 on, the first that the online window touches.
pub(super) const ONLINE: &str = "
    SELECT COUNT(DISTINCT account_no), COUNT(DISTINCT user_no)
    FROM user_day
    WHERE day IN ($2, $2 + 1, $2 + 2) AND last_signal >= $3 AND {seen}";

pub(super) const ACTIVE: &str = "
    SELECT COUNT(*), CAST(COALESCE(SUM(users), 0) AS BIGINT), CAST(COALESCE(SUM(seconds), 0) AS BIGINT)
    FROM (
        SELECT COUNT(*) AS users, SUM(seconds) AS seconds
        FROM user_day WHERE day = $2 AND {seen}
        GROUP BY account_no
    ) active";

pub(super) const MOST_ACTIVE_ACCOUNTS: &str = "
    SELECT account.id, COALESCE(account.name, account.id) AS shown, active.users, active.actions
    FROM (
        SELECT account_no, COUNT(*) AS users, CAST(SUM(actions) AS BIGINT) AS actions
        FROM user_day WHERE day = $2 AND {seen}
        GROUP BY account_no
    ) active
    JOIN account ON account.account_no = active.account_no
    ORDER BY active.users DESC, active.actions DESC, shown, account.id
    LIMIT $3";

/// The time spent of the last user who makes it into the top, so that only those who may be in it are named and sorted.
pub(super) const LEAST_SECONDS: &str = "
    SELECT seconds FROM user_day WHERE day = $2 AND {seen}
    ORDER BY seconds DESC LIMIT 1 OFFSET $3";

pub(super) const MOST_ACTIVE_USERS: &str = "
    SELECT account.id, COALESCE(account.name, account.id) AS account_shown,
           account_user.id, COALESCE(account_user.name, account_user.id) AS shown, user_day.seconds, user_day.actions
    FROM (SELECT * FROM user_day WHERE day = $2 AND {seen} AND seconds >= $4) user_day
    JOIN account ON account.account_no = user_day.account_no
    JOIN account_user ON account_user.user_no = user_day.user_no AND account_user.account_no = user_day.account_no
    ORDER BY user_day.seconds DESC, user_day.actions DESC, shown, account_shown, account_user.id, account.id
    LIMIT $3";

pub(super) const POPULAR_MODULES: &str = "
    SELECT COALESCE(module.display_name, module.name) AS shown, module_day.users, module_day.actions
    FROM module_day JOIN module ON module.module_no = module_day.module_no
    WHERE module_day.scope_no = $1 AND module_day.day = $2
    ORDER BY module_day.users DESC, module_day.actions DESC, shown
    LIMIT $3";

pub(super) const POPULAR_MODULES_ADDED: &str = "
    SELECT COALESCE(module.display_name, module.name) AS shown, used.users, used.actions
    FROM (
        SELECT module_no, COUNT(*) AS users, CAST(SUM(actions) AS BIGINT) AS actions
        FROM user_module_day WHERE day = $2 AND actions > 0 AND {seen}
        GROUP BY module_no
    ) used
    JOIN module ON module.module_no = used.module_no
    ORDER BY used.users DESC, used.actions DESC, shown
    LIMIT $3";

pub(super) const FREQUENT_ACTIONS: &str = "
    SELECT COALESCE(module.display_name, module.name) AS module_shown,
           COALESCE(activity.shown_name, activity.action) AS shown, activity_day.users, activity_day.actions
    FROM activity_day
    JOIN activity ON activity.activity_no = activity_day.activity_no
    JOIN module ON module.module_no = COALESCE(activity.shown_module_no, activity.module_no)
    WHERE activity_day.scope_no = $1 AND activity_day.day = $2
    ORDER BY activity_day.actions DESC, activity_day.users DESC, module_shown, shown
    LIMIT $3";

impl Reading {
    /// The cards of a day. Users count as online whose newest signal is at `online.1` or later, on the day `online.0` or
    /// later.
    pub async fn cards(&mut self, scope: &Scope, day: Day, online: (Day, Instant)) -> Result<Cards, StoreError> {
        let of_day = |sql, day| scope.query(sql).bind(day_number(day));
        let (online_from, online_since) = online;
        let connection = &mut self.connection();
        let online = of_day(ONLINE, online_from).bind(online_since.millis());
        let (accounts_online, users_online) = online.fetch_one(connection).await?;
        let (accounts_active, users_active, seconds) = of_day(ACTIVE, day).fetch_one(connection).await?;
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
        let of_day = |sql| scope.query(sql).bind(day_number(day));
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
        let sql = match scope.sums() {
            Sums::Kept => POPULAR_MODULES,
            Sums::KeptByDay { .. } | Sums::Added | Sums::Nothing => POPULAR_MODULES_ADDED,
        };
        let rows: Vec<(String, i64, i64)> = self.of_day(sql, scope, day).await?;
        Ok(rows.into_iter().map(|(module, users, actions)| ModuleRow { module, users, actions }).collect())
    }

    /// The activities with the most actions on a day.
    pub async fn frequent_actions(&mut self, scope: &Scope, day: Day) -> Result<Vec<ActionRow>, StoreError> {
        if let Sums::Kept = scope.sums() {
            let rows: Vec<(String, String, i64, i64)> = self.of_day(FREQUENT_ACTIONS, scope, day).await?;
            let row = |(module, action, users, actions)| ActionRow { module, action, users, actions };
            return Ok(rows.into_iter().map(row).collect());
        }
        let used = self.added_up(scope, Period { from: day, to: day }).await?;
        let row = |of: UsedActivity| {
            let (users, actions) = of.days.iter().fold((0, 0), |sum, of| (sum.0 + of.users, sum.1 + of.actions));
            ActionRow { module: of.module, action: of.action, users, actions }
        };
        let mut rows: Vec<ActionRow> = used.into_iter().map(row).collect();
        // They come by name: among equals, a stable sort leaves them so.
        rows.sort_by_key(|row| Reverse((row.actions, row.users)));
        rows.truncate(TOP);
        Ok(rows)
    }

    /// Runs a top ten: `$1` is the scope's number, `$2` the day, `$3` the limit.
    async fn of_day<R: Row>(&mut self, sql: &'static str, scope: &Scope, day: Day) -> Result<Vec<R>, StoreError> {
        let query: Query<'_> = scope.query(sql).bind(day_number(day)).bind(LIMIT);
        query.fetch_all(&mut self.connection()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Asked, Sight, Store};
    use model::event::{Event, IdScope, Kind};

    fn event(user: u32, module: &str, action: &str, minute: i64) -> Event {
        let time = Instant::from_millis(1_795_435_200_000 + minute * 60_000);
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: None,
            account_attributes: Vec::new(),
            user: format!("user {user}"),
            user_name: None,
            module: module.into(),
            kind: Kind::Activity { action: action.into(), count: i64::from(user % 3 + 1) },
            time,
            received: time,
        }
    }

    /// What is added up for an account, and the sums kept of all accounts, are two ways to the same figures.
    #[tokio::test]
    async fn all_accounts_are_the_only_account_there_is() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let modules = ["Dashboard", "Reports", "Settings"];
        let events: Vec<Event> = (0..400u32)
            .map(|n| event(n * 7 % 23, modules[n as usize % 3], ["View", "Export"][n as usize / 5 % 2], i64::from(n)))
            .collect();
        for events in events.chunks(90) {
            store.append(events).await.unwrap();
        }
        let day = model::zone::day_of(&chrono_tz::UTC, events[0].time);
        let mut reading = store.read().await.unwrap();
        let all = reading.scope(Sight::ALL, None).await.unwrap();
        let account = reading.scope(Sight::ALL, Some("acme")).await.unwrap();
        let mut figures = Vec::new();
        for scope in [all, account] {
            figures.push((
                reading.cards(&scope, day, (day, events[300].time)).await.unwrap(),
                format!("{:?}", reading.most_active_accounts(&scope, day).await.unwrap()),
                format!("{:?}", reading.most_active_users(&scope, day).await.unwrap()),
                format!("{:?}", reading.popular_modules(&scope, day).await.unwrap()),
                format!("{:?}", reading.frequent_actions(&scope, day).await.unwrap()),
            ));
        }
        assert_eq!(figures[0], figures[1]);
        assert_eq!(figures[0].0.users_active, 23);
        let nothing = reading.scope(Sight::ALL, Some("globex")).await.unwrap();
        assert_eq!(reading.popular_modules(&nothing, day).await.unwrap().len(), 0);
        assert_eq!(reading.frequent_actions(&nothing, day).await.unwrap().len(), 0);
    }
}
