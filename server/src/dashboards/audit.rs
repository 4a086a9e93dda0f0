//! The audit log, as it is now.

use super::{Dashboards, ReadError, quality::cursor};
use crate::store::EnteredChange;
use model::{
    api::audit::{AuditChange, AuditLog, AuditParty},
    query::AuditQuery,
};

impl Dashboards {
    /// A page of the audit log, newest first.
    pub(crate) async fn audit_log(&self, query: &AuditQuery) -> Result<AuditLog, ReadError> {
        let before = query.before.as_deref().map(cursor).transpose()?;
        let (rows, more) = self.store.read().await?.changes(before, query.limit).await?;
        let next = rows.last().filter(|_| more).map(|last| last.number.to_string());
        let changes = rows.into_iter().map(|row| self.change(row)).collect();
        Ok(AuditLog { as_of: self.clock.now(), changes, next })
    }

    fn change(&self, row: EnteredChange) -> AuditChange {
        let party = |(kind, id, name)| AuditParty { kind, id, name };
        // Empty where there was nothing, and where it was erased.
        let state = |text: String| serde_json::from_str(&text).ok();
        AuditChange {
            id: row.number,
            at: row.at,
            day: self.day_of(row.at),
            author: party(row.author),
            place: row.place,
            action: row.action,
            subject: party(row.subject),
            before: state(row.before),
            after: state(row.after),
        }
    }
}
