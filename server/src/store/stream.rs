//! The activity stream of a day.

use super::{
    Reading, Scope, StoreError, day_number,
    statement::{Column, bulk},
    tracking::Tracking,
};
use model::{
    Day,
    api::{Account, User},
    instant::Instant,
    uses::{DayUses, Use},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Where a page of the stream ends: the place of its last entry in the order of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The entry's last use, in milliseconds since the epoch.
    pub last_use: i64,
    /// The account's id.
    pub account: String,
    /// The user's id.
    pub user: String,
    /// The module.
    pub module: String,
    /// Its number: two modules may be called the same.
    pub module_no: i64,
}

/// A page of the stream.
#[derive(Clone, Debug)]
pub struct StreamPage {
    /// Newest use first.
    pub entries: Vec<EntryRow>,
    /// Whether there are entries behind the last one.
    pub more: bool,
}

/// What a user did in a module on a day.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// The user's account.
    pub account: Account,
    /// The user.
    pub user: User,
    /// The module.
    pub module: String,
    /// The module's number.
    pub module_no: i64,
    /// All actions.
    pub actions: i64,
    /// When it was last used.
    pub last_use: Instant,
    /// The user's newest signal.
    pub last_signal: Instant,
    /// The activities.
    pub uses: Vec<UseRow>,
}

/// An activity of a user on a day.
#[derive(Clone, Debug)]
pub struct UseRow {
    /// The action.
    pub action: String,
    /// How often.
    pub actions: i64,
    /// How often in each minute, counted from local midnight; the newest first.
    pub minutes: Vec<(u16, i64)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    account_no: i64,
    user_no: i64,
    module_no: i64,
    account_id: String,
    account_name: String,
    user_id: String,
    user_name: String,
    module: String,
    actions: i64,
    last_use: i64,
}

/// The last use of the last entry that may be on a page, so that only those that may are named and sorted: `$1` is the
/// scope's number, `$2` the day, `$3` the use the page begins behind, `$4` the limit.
pub(super) const LEAST_USE: &str = "
    SELECT last_use FROM user_module_day WHERE day = $2 AND last_use < $3 AND actions > 0 AND {seen}
    ORDER BY last_use DESC LIMIT 1 OFFSET $4";

/// The page: `$1` is the scope's number, `$2` the day, `$3` to `$7` the position behind which it begins, `$8` the limit,
/// `$9` the last use of its last entry.
pub(super) const ENTRIES: &str = "
    SELECT d.account_no, d.user_no, d.module_no, d.actions, d.last_use,
           account.id AS account_id, COALESCE(account.name, account.id) AS account_name,
           account_user.id AS user_id, COALESCE(account_user.name, account_user.id) AS user_name,
           COALESCE(module.display_name, module.name) AS module
    FROM (SELECT * FROM user_module_day WHERE day = $2 AND last_use BETWEEN $9 AND $3 AND actions > 0 AND {seen}) d
    JOIN account ON account.account_no = d.account_no
    JOIN account_user ON account_user.user_no = d.user_no AND account_user.account_no = d.account_no
    JOIN module ON module.module_no = d.module_no
    WHERE d.last_use < $3
       OR (account.id, account_user.id, COALESCE(module.display_name, module.name), d.module_no) > ($4, $5, $6, $7)
    ORDER BY d.last_use DESC, account.id, account_user.id, COALESCE(module.display_name, module.name), d.module_no
    LIMIT $8";

impl Reading {
    /// A page of a day's stream: newest use first, then by the ids and the module, so that entries used at the same
    /// moment have a place of their own.
    pub async fn stream(
        &mut self,
        scope: &Scope,
        day: Day,
        after: Option<&StreamPosition>,
        limit: u32,
    ) -> Result<StreamPage, StoreError> {
        let (last_use, account, user, module, module_no) = match after {
            Some(StreamPosition { last_use, account, user, module, module_no }) => {
                (*last_use, &**account, &**user, &**module, *module_no)
            }
            None => (i64::MAX, "", "", "", 0),
        };
        let least = scope.query(LEAST_USE).bind(day_number(day)).bind(last_use).bind(i64::from(limit));
        let least: Option<(i64,)> = least.fetch_optional(&mut self.connection()).await?;
        let page = scope.query(ENTRIES).bind(day_number(day)).bind(last_use).bind(account).bind(user).bind(module);
        let page = page.bind(module_no).bind(i64::from(limit) + 1).bind(least.map_or(i64::MIN, |(least,)| least));
        let mut rows: Vec<Row> = page.fetch_all(&mut self.connection()).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if rows.is_empty() {
            return Ok(StreamPage { entries: Vec::new(), more });
        }
        let mut uses = self.uses(day, &rows).await?;
        let signals = self.last_signals(day, &rows).await?;
        let entries = rows.into_iter().map(|row| entry(row, &mut uses, &signals)).collect();
        Ok(StreamPage { entries, more })
    }

    /// The newest signals of the users of a page, on the days around.
    async fn last_signals(&mut self, day: Day, rows: &[Row]) -> Result<HashMap<i64, i64>, StoreError> {
        let days = day_number(day) - 2..=day_number(day) + 2;
        let wanted: Vec<(i64, &Row)> = days.flat_map(|day| rows.iter().map(move |row| (day, row))).collect();
        let columns = [
            Column::ints(wanted.iter().map(|(day, _)| *day)),
            Column::ints(wanted.iter().map(|(_, row)| row.account_no)),
            Column::ints(wanted.iter().map(|(_, row)| row.user_no)),
        ];
        let signals = bulk(
            "WITH wanted (day, account_no, user_no) AS ({rows}) \
             SELECT d.user_no, MAX(d.last_signal) FROM wanted CROSS JOIN user_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no \
             GROUP BY d.user_no",
            columns,
        );
        let rows: Vec<(i64, i64)> = signals.at_once().fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().collect())
    }

    /// The activities of the users and modules of a page that are tracked, as they are shown: the most actions first, then
    /// by name.
    async fn uses(&mut self, day: Day, rows: &[Row]) -> Result<HashMap<(i64, i64, i64), Vec<UseRow>>, StoreError> {
        let columns = [
            Column::ints(rows.iter().map(|_| day_number(day))),
            Column::ints(rows.iter().map(|row| row.account_no)),
            Column::ints(rows.iter().map(|row| row.user_no)),
            Column::ints(rows.iter().map(|row| row.module_no)),
        ];
        let uses = bulk(
            "WITH wanted (day, account_no, user_no, module_no) AS ({rows}) \
             SELECT d.account_no, d.user_no, d.module_no, d.uses FROM wanted CROSS JOIN user_module_day d \
             WHERE d.day = wanted.day AND d.account_no = wanted.account_no AND d.user_no = wanted.user_no \
             AND d.module_no = wanted.module_no",
            columns,
        );
        let stored: Vec<(i64, i64, i64, Vec<u8>)> = uses.at_once().fetch_all(&mut self.connection()).await?;
        let tracking = Tracking::read(&mut self.connection()).await?;
        let shown = |of: Use| Some(Use { activity: tracking.tracked_activity(of.activity)?, ..of });
        let uses = stored.into_iter().map(|(account_no, user_no, module_no, uses)| {
            let uses = DayUses::from_bytes(&uses).iter().filter_map(shown).collect();
            ((account_no, user_no, module_no), uses)
        });
        let uses: Vec<((i64, i64, i64), DayUses)> = uses.collect();
        let actions =
            self.actions(uses.iter().flat_map(|(_, uses)| uses.iter()).map(|of| of.activity).collect()).await?;
        let rows = uses.into_iter().map(|(entry, uses)| {
            let of_activity = |uses: &[Use]| UseRow {
                action: actions.get(&uses[0].activity).cloned().unwrap_or_default(),
                actions: uses.iter().map(|of| of.count).sum(),
                minutes: uses.iter().rev().map(|of| (of.minute, of.count)).collect(),
            };
            let mut rows: Vec<UseRow> = uses.by_activity().map(of_activity).collect();
            rows.sort_by(|a, b| b.actions.cmp(&a.actions).then_with(|| a.action.cmp(&b.action)));
            (entry, rows)
        });
        Ok(rows.collect())
    }

    /// What shown activities are called, by number.
    async fn actions(&mut self, numbers: BTreeSet<i64>) -> Result<HashMap<i64, String>, StoreError> {
        let actions = bulk(
            "WITH wanted (activity_no) AS ({rows}) \
             SELECT activity.activity_no, COALESCE(activity.shown_name, activity.action) FROM wanted CROSS JOIN activity \
             WHERE activity.activity_no = wanted.activity_no",
            [Column::ints(numbers)],
        );
        let rows: Vec<(i64, String)> = actions.fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().collect())
    }
}

fn entry(row: Row, uses: &mut HashMap<(i64, i64, i64), Vec<UseRow>>, signals: &HashMap<i64, i64>) -> EntryRow {
    EntryRow {
        account: Account { id: row.account_id, name: row.account_name },
        user: User { id: row.user_id, name: row.user_name },
        module: row.module,
        module_no: row.module_no,
        actions: row.actions,
        last_use: Instant::from_millis(row.last_use),
        last_signal: Instant::from_millis(signals.get(&row.user_no).copied().unwrap_or(row.last_use)),
        uses: uses.remove(&(row.account_no, row.user_no, row.module_no)).unwrap_or_default(),
    }
}
