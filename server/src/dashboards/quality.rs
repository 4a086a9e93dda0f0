//! Data quality: rejected events, new names, names that look alike, late events.

use super::{Dashboards, ReadError};
use crate::{
    refusal::{Refusal, Refusals, Refused},
    store::{KeptReject, LateRow, Reading, Scope, Sight},
};
use chrono::Days;
use model::{
    Day,
    api::{
        problem::FieldError,
        quality::{
            FirstSeen, LateEvents, QUALITY_DAYS, Quality, RefusedBodies, RefusedBody, RejectEntry, Rejects,
            SimilarNames,
        },
    },
    instant::Instant,
    quality::{first_seen, similar_names},
    query::{RejectsQuery, TableOf},
    zone::day_start,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What of data quality is computed once per tick.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Names {
    new_modules: Vec<FirstSeen>,
    new_activities: Vec<FirstSeen>,
    similar: Vec<SimilarNames>,
    late_events: Vec<LateEvents>,
}

impl Dashboards {
    /// What may be wrong with the events that are sent. Rejected events are counted as they are now: whoever replays
    /// or dismisses some sees it at once. The rest is computed once per tick. What was refused is passed in. All of it is
    /// of the whole workspace, but for late events, which name accounts: those are of accounts in sight.
    pub(crate) async fn quality(&self, sight: Sight, refusals: &Refusals) -> Result<Quality, ReadError> {
        let now = self.clock.now();
        let mut reading = self.store.read().await?;
        let refused = refusals.get(reading.erasures());
        let rejects = reading.reject_counts().await?;
        let scope = reading.scope(sight, None).await?;
        let key = (now.tick(), reading.data_since().await?, scope.clone(), reading.tracking_revision());
        let question = format!("names {key:?}");
        let names = self.names.try_get_with(key, async {
            let read = self.read_names(&mut reading, &scope, now);
            self.at_tick(now.tick(), &question, read).await.map(Arc::new)
        });
        let names = names.await.map_err(|error| (*error).clone())?;
        let Names { new_modules, new_activities, similar, late_events } = names.as_ref().clone();
        Ok(Quality {
            as_of: now,
            rejects,
            refused_bodies: self.refused_bodies(refused),
            new_modules,
            new_activities,
            similar_names: similar,
            late_events,
        })
    }

    /// A page of the rejected events that are kept, as they are now.
    pub async fn rejects(&self, query: &RejectsQuery) -> Result<Rejects, ReadError> {
        let before = query.before.as_deref().map(cursor).transpose()?;
        let mut reading = self.store.read().await?;
        let kept = reading.reject_counts().await?.kept;
        let (matching, newest) = reading.matching_rejects(&query.filter).await?;
        // One more than is shown tells whether there are more.
        let mut rows = reading.rejects(&query.filter, before, query.limit.saturating_add(1)).await?;
        let shown = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(|last| last.number.to_string());
        let rejects = rows.into_iter().map(|row| self.entry(row)).collect();
        Ok(Rejects { as_of: self.clock.now(), kept, matching, newest, rejects, next })
    }

    fn refused_bodies(&self, Refused { bodies, newest }: Refused) -> RefusedBodies {
        let newest = newest.map(|Refusal { origin, received, detail }| RefusedBody {
            received,
            day: self.day_of(received),
            protocol: origin.protocol,
            key: origin.key,
            detail,
        });
        RefusedBodies { bodies, newest }
    }

    fn entry(&self, row: KeptReject) -> RejectEntry {
        let received = row.receipt.received;
        RejectEntry {
            id: row.number,
            received,
            sent_at: row.receipt.sent_at.unwrap_or(received),
            day: self.day_of(received),
            protocol: row.protocol,
            key: row.key,
            code: row.code,
            detail: row.detail,
            pointer: row.pointer,
            body: row.body,
        }
    }

    async fn read_names(&self, reading: &mut Reading, scope: &Scope, now: Instant) -> Result<Names, ReadError> {
        let since = first_day(self.day_of(now));
        let modules = reading.names(TableOf::Modules).await?;
        let activities = reading.names(TableOf::Activities).await?;
        let late = reading.late_events(scope, since).await?;
        let received_since = day_start(&self.store.reporting().zone, since);
        let new_modules = first_seen(&modules, received_since, |at| self.day_of(at));
        let new_activities = first_seen(&activities, received_since, |at| self.day_of(at));
        Ok(Names {
            new_modules,
            new_activities,
            similar: similar_names(&[modules, activities].concat()),
            late_events: late.into_iter().map(|row| self.late_events(row)).collect(),
        })
    }

    fn late_events(&self, row: LateRow) -> LateEvents {
        LateEvents {
            day: row.received,
            account: row.account,
            events: row.events,
            first_day: self.day_of(row.oldest),
            last_day: self.day_of(row.newest),
        }
    }
}

/// The first of the days quality looks back over, up to `today`.
fn first_day(today: Day) -> Day {
    today.checked_sub_days(Days::new(u64::from(QUALITY_DAYS) - 1)).unwrap_or(today)
}

/// The number that `before` stands for.
pub(super) fn cursor(before: &str) -> Result<i64, ReadError> {
    let wrong = |_| FieldError::of_parameter("before", "is not a cursor this server gave out as “next”");
    before.parse().map_err(|error| ReadError::Parameter(wrong(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_end_today() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(first_day(day("2026-11-30")), day("2026-11-01"));
    }
}
