//! API keys. Of the secrets that open them only hashes are stored, and how they begin.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::Connection,
    scope::Sight,
    statement::query,
};
use model::{
    api::{self, team::TeamName},
    audit::{Action, SubjectKind},
    instant::Instant,
    key::{Grant, NewKey, Rotation},
};
use serde_json::{Value, json};

/// A key, as the secret that was sent opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What those who made it call it.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// From when on the secret opens it no more; `None` where it lasts.
    pub ends: Option<Instant>,
    /// The team through whose eyes it reads; `None` where it reads everything.
    pub team: Option<TeamName>,
    /// How far it sees.
    pub sight: Sight,
}

impl Key {
    /// Whether its secret opens it.
    pub fn opens(&self, now: Instant) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}

/// What is kept of a new secret.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Its hash.
    pub digest: [u8; 32],
    /// How it begins.
    pub prefix: String,
}

/// Selects keys, which `$rest` chooses and orders, as [`KeyColumns`].
macro_rules! select_keys {
    ($rest:literal) => {
        query(concat!(
            "SELECT key_no, api_key.name, granted, created_at, api_key.team_no, COALESCE(team.name, '') FROM api_key ",
            "LEFT JOIN team ON team.team_no = api_key.team_no ",
            $rest
        ))
    };
}

/// Number, name, grant, when it was made, and number and name of its team.
type KeyColumns = (i64, String, String, i64, i64, String);

/// Key number, prefix, and when it was made, ends and was last used.
type SecretColumns = (i64, String, i64, Option<i64>, Option<i64>);

impl Store {
    /// Stores a key.
    pub async fn add_key(
        &self,
        new: &NewKey,
        secret: &NewSecret,
        author: &Author,
    ) -> Result<api::key::Key, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        if let Some(team_no) = new.team {
            let team: Option<(i64,)> =
                query("SELECT team_no FROM team WHERE team_no = $1").bind(team_no).fetch_optional(connection).await?;
            team.ok_or(StoreError::NoTeam)?;
        }
        let sql = "INSERT INTO api_key (name, granted, created_at, team_no) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name) DO NOTHING RETURNING key_no";
        let added: Option<(i64,)> = query(sql)
            .bind(&*new.name)
            .bind(new.grant.as_str())
            .bind(author.at.millis())
            .bind(new.team.unwrap_or_default())
            .fetch_optional(connection)
            .await?;
        let (key_no,) = added.ok_or_else(|| StoreError::NameTaken(new.name.clone()))?;
        insert_secret(connection, key_no, secret, author.at, new.expires).await?;
        let key = find_key(connection, key_no).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
        let team = key.team.as_ref().map(|team| &team.name);
        let made = json!({"grant": new.grant, "prefix": secret.prefix, "expires": new.expires, "team": team});
        enter(connection, author, Action::CreateKey, &subject(key_no, &new.name), States::new(made)).await?;
        writing.commit().await?;
        Ok(key)
    }

    /// Every key, by name.
    pub async fn keys(&self) -> Result<Vec<api::key::Key>, StoreError> {
        let mut reading = self.read.begin().await?;
        let connection = &mut reading.connection();
        let select = select_keys!("ORDER BY LOWER(api_key.name), key_no");
        let keys: Vec<KeyColumns> = select.fetch_all(connection).await?;
        let select = "SELECT key_no, prefix, created_at, ends_at, used_at FROM key_secret ORDER BY secret_no DESC";
        let secrets: Vec<SecretColumns> = query(select).fetch_all(connection).await?;
        keys.into_iter().map(|key| key_of(key, &secrets)).collect()
    }

    /// Gives a key another secret. Those from before still open it for a while, unless they end sooner; those that have
    /// ended go. `None` where there is no such key.
    pub async fn rotate_key(
        &self,
        key_no: i64,
        rotation: Rotation,
        secret: &NewSecret,
        author: &Author,
    ) -> Result<Option<api::key::Key>, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        // Held: of two that rotate it at once, the second finds what the first made.
        query("UPDATE api_key SET name = name WHERE key_no = $1").bind(key_no).execute(connection).await?;
        let Some(before) = find_key(connection, key_no).await? else { return writing.roll_back(None).await };
        let newest = before.secrets.first();
        let expires = rotation.expires.or(newest.and_then(|newest| newest.expires));
        if expires.is_some_and(|expires| expires <= author.at) {
            return Err(StoreError::KeyExpired);
        }
        let sql = "UPDATE key_secret SET ends_at = $2 WHERE key_no = $1 AND (ends_at IS NULL OR ends_at > $2)";
        let ends = rotation.ends_before(author.at);
        query(sql).bind(key_no).bind(ends.millis()).execute(connection).await?;
        let sql = "DELETE FROM key_secret WHERE key_no = $1 AND ends_at <= $2";
        query(sql).bind(key_no).bind(author.at.millis()).execute(connection).await?;
        insert_secret(connection, key_no, secret, author.at, expires).await?;
        let ends = newest.and_then(|newest| newest.expires).map_or(ends, |expires| expires.min(ends));
        let states = States {
            before: json!({"prefix": newest.map(|newest| &newest.prefix), "ends": ends}),
            after: json!({"prefix": secret.prefix, "expires": expires}),
        };
        enter(connection, author, Action::RotateKey, &subject(key_no, &before.name), states).await?;
        let key = find_key(connection, key_no).await?;
        writing.commit().await?;
        Ok(key)
    }

    /// Takes a key back: nothing opens it any more. Whether there was such a key.
    pub async fn revoke_key(&self, key_no: i64, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        let Some(key) = find_key(connection, key_no).await? else { return writing.roll_back(false).await };
        let deleted = query("DELETE FROM api_key WHERE key_no = $1").bind(key_no).execute(connection).await?;
        // Of two that revoke it at once, one did.
        if deleted == 0 {
            return writing.roll_back(false).await;
        }
        query("DELETE FROM key_secret WHERE key_no = $1").bind(key_no).execute(connection).await?;
        let prefixes: Vec<&String> = key.secrets.iter().map(|secret| &secret.prefix).collect();
        let states = States { before: json!({"grant": key.grant, "prefixes": prefixes}), after: Value::Null };
        enter(connection, author, Action::RevokeKey, &subject(key_no, &key.name), states).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Whether there is any key.
    pub async fn has_keys(&self) -> Result<bool, StoreError> {
        let mut reading = self.read.begin().await?;
        let (keys,): (i64,) = query("SELECT COUNT(*) FROM api_key").fetch_one(&mut reading.connection()).await?;
        Ok(keys > 0)
    }

    /// The key that the secret with this digest opens, or did until it ended; `None` where it opens none.
    pub async fn key(&self, digest: [u8; 32]) -> Result<Option<Key>, StoreError> {
        let mut reading = self.read.begin().await?;
        let sql = "SELECT api_key.name, granted, ends_at, api_key.team_no, COALESCE(team.name, ''), \
                   COALESCE(team.scope_no, -1) FROM key_secret \
                   JOIN api_key ON api_key.key_no = key_secret.key_no \
                   LEFT JOIN team ON team.team_no = api_key.team_no WHERE digest = $1";
        let query = query(sql).bind(digest.as_slice());
        type Columns = (String, String, Option<i64>, i64, String, i64);
        let found: Option<Columns> = query.fetch_optional(&mut reading.connection()).await?;
        let key = |(name, granted, ends, team_no, team, scope_no): Columns| {
            let team = team_of(team_no, team);
            let sight = if team.is_some() { Sight::of_scope(scope_no) } else { Sight::ALL };
            Ok(Key { name, grant: grant_of(granted)?, ends: ends.map(Instant::from_millis), team, sight })
        };
        found.map(key).transpose()
    }

    /// Notes that a secret was sent, unless that was noted less than so many milliseconds before.
    pub async fn see_secret(&self, digest: [u8; 32], seen: Instant, every: i64) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let sql = "UPDATE key_secret SET used_at = $2 WHERE digest = $1 AND (used_at IS NULL OR used_at <= $3)";
        query(sql)
            .bind(digest.as_slice())
            .bind(seen.millis())
            .bind(seen.plus_millis(-every).millis())
            .execute(&mut writing.connection_beside_days())
            .await?;
        writing.commit().await
    }
}

fn subject(key_no: i64, name: &str) -> Subject {
    Subject { kind: SubjectKind::Key, number: key_no, name: name.to_owned() }
}

fn team_of(id: i64, name: String) -> Option<TeamName> {
    (id != 0).then_some(TeamName { id, name })
}

fn grant_of(word: String) -> Result<Grant, StoreError> {
    Grant::parse(&word).ok_or(StoreError::Setting { name: "granted", value: word })
}

/// A key with those of the secrets that are its own.
fn key_of(
    (id, name, granted, created, team_no, team): KeyColumns,
    secrets: &[SecretColumns],
) -> Result<api::key::Key, StoreError> {
    let own = secrets.iter().filter(|(key_no, ..)| *key_no == id);
    let secrets = own.map(|(_, prefix, created, ends, used)| api::key::KeySecret {
        prefix: prefix.clone(),
        created: Instant::from_millis(*created),
        last_used: used.map(Instant::from_millis),
        expires: ends.map(Instant::from_millis),
    });
    let (created, secrets) = (Instant::from_millis(created), secrets.collect());
    Ok(api::key::Key { id, name, grant: grant_of(granted)?, team: team_of(team_no, team), created, secrets })
}

async fn find_key(connection: &mut Connection<'_>, key_no: i64) -> Result<Option<api::key::Key>, StoreError> {
    let select = select_keys!("WHERE key_no = $1").bind(key_no);
    let Some(key): Option<KeyColumns> = select.fetch_optional(connection).await? else { return Ok(None) };
    let select = "SELECT key_no, prefix, created_at, ends_at, used_at FROM key_secret WHERE key_no = $1 \
                  ORDER BY secret_no DESC";
    let secrets: Vec<SecretColumns> = query(select).bind(key_no).fetch_all(connection).await?;
    key_of(key, &secrets).map(Some)
}

async fn insert_secret(
    connection: &mut Connection<'_>,
    key_no: i64,
    NewSecret { digest, prefix }: &NewSecret,
    created: Instant,
    expires: Option<Instant>,
) -> Result<(), StoreError> {
    // No secret ends with the epoch.
    let sql =
        "INSERT INTO key_secret (digest, key_no, prefix, created_at, ends_at) VALUES ($1, $2, $3, $4, NULLIF($5, 0))";
    query(sql)
        .bind(digest.as_slice())
        .bind(key_no)
        .bind(&**prefix)
        .bind(created.millis())
        .bind(expires.map_or(0, Instant::millis))
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Asked;
    use model::erasure::ErasureChoice;

    #[tokio::test]
    async fn what_is_not_there_costs_the_writer_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let store = Store::open(&url, Asked::default()).await.unwrap();
        let author = Author::anyone();
        let secret = NewSecret { digest: [0; 32], prefix: String::new() };
        let rotation = Rotation { overlap_seconds: 0, expires: None };
        assert!(store.rotate_key(7, rotation, &secret, &author).await.unwrap().is_none());
        assert!(store.writer.lock().await.idle().is_some());
        assert!(!store.revoke_key(7, &author).await.unwrap());
        assert!(store.writer.lock().await.idle().is_some());
        let nobody = ErasureChoice { account: "nobody".to_owned(), user: None, preview: false };
        assert!(store.erase(&nobody, &author).await.unwrap().is_none());
        assert!(store.writer.lock().await.idle().is_some());
        store.read().await.unwrap();
        assert_eq!(store.erasures_seen(), 0);
    }
}
