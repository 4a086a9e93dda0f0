//! Names as they are sent, with their use.

use super::{Reading, StoreError, day_from_number, statement::query};
use model::{instant::Instant, quality::Name, query::TableOf};

impl Reading {
    /// Every module or every activity that is tracked and not merged into another one, as it is sent, with what all accounts
    /// did there and in those merged into it.
    pub async fn names(&mut self, of: TableOf) -> Result<Vec<Name>, StoreError> {
        let sql = match of {
            TableOf::Activities => {
                "SELECT module.name, activity.action, activity.first_received,
                    used.first_day, used.last_day, COALESCE(used.actions, 0), COALESCE(used.users, 0)
                FROM activity
                JOIN module ON module.module_no = activity.module_no
                JOIN module shown ON shown.module_no = COALESCE(activity.shown_module_no, activity.module_no)
                LEFT JOIN (
                    SELECT activity_no, MIN(day) AS first_day, MAX(day) AS last_day,
                        CAST(SUM(actions) AS BIGINT) AS actions, MAX(users) AS users
                    FROM activity_day WHERE scope_no = 0 GROUP BY activity_no
                ) used ON used.activity_no = activity.activity_no
                WHERE COALESCE(activity.shown_no, activity.activity_no) = activity.activity_no
                    AND activity.shown_tracked = 1 AND shown.tracked = 1"
            }
            TableOf::Modules => {
                "SELECT module.name, NULL, module.first_received,
                    used.first_day, used.last_day, COALESCE(used.actions, 0), COALESCE(used.users, 0)
                FROM module
                LEFT JOIN (
                    SELECT module_no, MIN(day) AS first_day, MAX(day) AS last_day,
                        CAST(SUM(actions) AS BIGINT) AS actions, MAX(users) AS users
                    FROM module_day WHERE scope_no = 0 GROUP BY module_no
                ) used ON used.module_no = module.module_no
                WHERE module.shown_no IS NULL AND module.tracked = 1"
            }
        };
        type Fields = (String, Option<String>, i64, Option<i64>, Option<i64>, i64, i64);
        let rows: Vec<Fields> = query(sql).fetch_all(&mut self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(module, action, first_received, first_day, last_day, actions, most_users)| Name {
                module,
                action,
                first_received: Instant::from_millis(first_received),
                days: first_day.map(day_from_number).zip(last_day.map(day_from_number)),
                actions,
                most_users,
            })
            .collect())
    }
}
