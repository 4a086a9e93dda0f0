//! Computing every roll-up again from the events.

use super::{Reporting, Store, StoreError, dimension::Numbers, rollup, rollup::Fact};
use model::instant::Instant;
use sqlx::SqliteConnection;

/// How many events are rolled up at a time.
const BATCH: i64 = 50_000;

const ROLL_UPS: [&str; 6] =
    ["user_day", "user_module_day", "user_activity_day", "account_day", "module_day", "activity_day"];

impl Store {
    /// Computes every roll-up again from the events, in one transaction: readers see the old ones until the new are
    /// complete. Returns the number of events.
    pub async fn rebuild(&self) -> Result<u64, StoreError> {
        let mut writer = self.writer.lock().await;
        let (mut transaction, _) = writer.begin().await?;
        self.refuse_other_reporting(&mut transaction).await?;
        let events = roll_up_again(&mut transaction, self.reporting).await?;
        transaction.commit().await?;
        Ok(events)
    }

    /// Every row of every roll-up, as text in the order of their keys: for comparing.
    pub async fn dump_roll_ups(&self) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
        let mut dump = Vec::new();
        for (table, columns) in [
            ("user_day", "day, account_no, user_no, hex(minutes), seconds, actions, last_signal"),
            ("user_module_day", "day, account_no, user_no, module_no, actions, last_use"),
            ("user_activity_day", "day, account_no, user_no, activity_no, actions, hex(uses)"),
            ("account_day", "account_no, day, users, actions, seconds"),
            ("module_day", "account_no, day, module_no, users, actions"),
            ("activity_day", "account_no, day, activity_no, users, actions"),
        ] {
            let text = columns.replace(", ", " || ' ' || ");
            let sql = format!("SELECT {text} FROM {table} ORDER BY 1");
            dump.push((table, sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&self.read).await?));
        }
        Ok(dump)
    }
}

/// Empties the roll-ups and fills them from the events.
pub(super) async fn roll_up_again(connection: &mut SqliteConnection, reporting: Reporting) -> Result<u64, StoreError> {
    for table in ROLL_UPS {
        sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *connection).await?;
    }
    sqlx::query("UPDATE day_revision SET revision = revision + 1").execute(&mut *connection).await?;
    let mut last = 0;
    let mut events = 0;
    loop {
        type Row = (i64, i64, i64, i64, i64, i64, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT seq, time, account_no, user_no, module_no, activity_no, count FROM event \
             WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(last)
        .bind(BATCH)
        .fetch_all(&mut *connection)
        .await?;
        let Some(newest) = rows.last() else { break };
        last = newest.0;
        events += rows.len() as u64;
        let facts: Vec<Fact> = rows
            .into_iter()
            .map(|(_, time, account_no, user_no, module_no, activity_no, count)| Fact {
                numbers: Numbers { account_no, user_no, module_no, activity_no },
                time: Instant::from_millis(time),
                count,
            })
            .collect();
        rollup::apply(connection, reporting, &facts).await?;
    }
    Ok(events)
}
