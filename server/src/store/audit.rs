//! The audit log: each change is entered in the transaction that makes it. Nothing here changes or deletes a row; the
//! database refuses it too, but for blanking what names people.

use super::{Reading, StoreError, connection::Connection, statement::query};
use model::{
    audit::{Action, AuthorKind, SubjectKind},
    instant::Instant,
};
use serde_json::Value;

/// Who changes something, from where, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Of which kind they are.
    pub kind: AuthorKind,
    /// The number of the member; 0 of who is none.
    pub number: i64,
    /// By what they are known: of a member the e-mail address.
    pub name: String,
    /// From where, as far as known.
    pub place: String,
    /// Now.
    pub at: Instant,
}

#[cfg(test)]
impl Author {
    /// Who changes something where it does not matter who.
    pub(crate) fn anyone() -> Self {
        let (name, place) = (String::new(), String::new());
        Self { kind: AuthorKind::Anyone, number: 0, name, place, at: Instant::from_millis(0) }
    }
}

/// What is changed.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) kind: SubjectKind,
    pub(super) number: i64,
    pub(super) name: String,
}

impl Subject {
    /// What belongs to all.
    pub(super) fn workspace() -> Self {
        Self { kind: SubjectKind::Workspace, number: 0, name: String::new() }
    }
}

/// How something was and is; null where there was or is nothing. Never a secret.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    pub(super) before: Value,
    pub(super) after: Value,
}

impl States {
    /// Of what was not there before.
    pub(super) fn new(after: Value) -> Self {
        Self { before: Value::Null, after }
    }
}

/// Enters a change.
pub(super) async fn enter(
    connection: &mut Connection<'_>,
    author: &Author,
    action: Action,
    subject: &Subject,
    States { before, after }: States,
) -> Result<(), StoreError> {
    let [before, after] = [before, after].map(|state| if state.is_null() { String::new() } else { state.to_string() });
    let sql = "INSERT INTO audit (at, author_kind, author_no, author, place, action, subject_kind, subject_no, subject, \
               state_before, state_after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    query(sql)
        .bind(author.at.millis())
        .bind(author.kind.as_str())
        .bind(author.number)
        .bind(&*author.name)
        .bind(&*author.place)
        .bind(action.as_str())
        .bind(subject.kind.as_str())
        .bind(subject.number)
        .bind(&*subject.name)
        .bind(&*before)
        .bind(&*after)
        .execute(connection)
        .await?;
    Ok(())
}

/// A change that was entered. Its words may be those of another version: they are texts here.
#[derive(Clone, Debug)]
pub struct EnteredChange {
    /// Higher than that of any entered before.
    pub number: i64,
    /// When.
    pub at: Instant,
    /// Kind, number and name of who made it.
    pub author: (String, i64, String),
    /// From where.
    pub place: String,
    /// What was done.
    pub action: String,
    /// Kind, number and name of what was changed.
    pub subject: (String, i64, String),
    /// How it was, as JSON; empty where there was nothing.
    pub before: String,
    /// How it was after that, likewise.
    pub after: String,
}

type Fields = (i64, i64, String, i64, String, String, String, String, i64, String, String, String);

impl From<Fields> for EnteredChange {
    fn from(fields: Fields) -> Self {
        let (number, at, author_kind, author_no, author, place, action, kind, subject_no, subject, before, after) =
            fields;
        let (author, subject) = ((author_kind, author_no, author), (kind, subject_no, subject));
        Self { number, at: Instant::from_millis(at), author, place, action, subject, before, after }
    }
}

impl Reading {
    /// The newest changes, from below the number `before` on.
    pub async fn changes(&mut self, before: Option<i64>, limit: u32) -> Result<Vec<EnteredChange>, StoreError> {
        let sql = "SELECT audit_no, at, author_kind, author_no, author, place, action, subject_kind, subject_no, subject, \
                   state_before, state_after FROM audit WHERE audit_no < $1 ORDER BY audit_no DESC LIMIT $2";
        let query = query(sql).bind(before.unwrap_or(i64::MAX)).bind(i64::from(limit));
        let rows: Vec<Fields> = query.fetch_all(&mut self.connection()).await?;
        Ok(rows.into_iter().map(EnteredChange::from).collect())
    }
}
