//! What several servers on one database share, so that they show the same: its clock, and the answers given at a tick.
//! SQLite has one server, which shares with nobody.

use super::{Store, StoreError, connection::Connection, digest, statement::query};
use model::instant::Instant;
use std::time::{Duration, Instant as Moment};

/// How long an answer is kept: longer than a server may lag behind, and than the tick before is asked for.
const KEPT_MILLIS: i64 = 60_000;

/// What the database's clock showed.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseTime {
    /// What it showed.
    pub time: Instant,
    /// How long it took to ask and to be told; the clock showed it somewhere between.
    pub took: Duration,
}

impl Store {
    /// The database's clock; `None` where this process is its only server.
    pub async fn now(&self) -> Result<Option<DatabaseTime>, StoreError> {
        let Some(shared) = &self.shared else { return Ok(None) };
        let sql = "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";
        let mut acquired = shared.acquire().await?;
        let asked = Moment::now();
        let (millis,) = query(sql).fetch_one(&mut acquired.connection()).await?;
        Ok(Some(DatabaseTime { time: Instant::from_millis(millis), took: asked.elapsed() }))
    }

    /// Whether other servers may work on the same database.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// What any server answered to a question at a tick.
    pub async fn answer(&self, tick: Instant, question: &str) -> Result<Option<String>, StoreError> {
        let Some(shared) = &self.shared else { return Ok(None) };
        given(&mut shared.acquire().await?.connection(), tick, question).await
    }

    /// Gives an answer for all servers, and returns the one that stands: the first. Where there are no others, that is
    /// this one.
    pub async fn give_answer(&self, tick: Instant, question: &str, answer: String) -> Result<String, StoreError> {
        let Some(shared) = &self.shared else { return Ok(answer) };
        let mut acquired = shared.acquire().await?;
        let connection = &mut acquired.connection();
        let digest = digest(question);
        query("INSERT INTO answer (tick, question, answer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(tick.millis())
            .bind(digest.as_slice())
            .bind(&*answer)
            .execute(connection)
            .await?;
        let stands = given(connection, tick, question).await?;
        Ok(stands.unwrap_or(answer))
    }

    /// Drops every answer.
    pub(super) async fn drop_answers(&self) -> Result<(), StoreError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        query("DELETE FROM answer").execute(&mut shared.acquire().await?.connection()).await?;
        Ok(())
    }

    /// Drops the answers of ticks that are long over.
    pub async fn drop_answers_before(&self, tick: Instant) -> Result<(), StoreError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let delete = query("DELETE FROM answer WHERE tick < $1").bind(tick.plus_millis(-KEPT_MILLIS).millis());
        delete.execute(&mut shared.acquire().await?.connection()).await?;
        Ok(())
    }
}

async fn given(connection: &mut Connection<'_>, tick: Instant, question: &str) -> Result<Option<String>, StoreError> {
    let digest = digest(question);
    let query = query("SELECT answer FROM answer WHERE tick = $1 AND question = $2");
    let query = query.bind(tick.millis()).bind(digest.as_slice());
    let given: Option<(String,)> = query.fetch_optional(connection).await?;
    Ok(given.map(|(answer,)| answer))
}
