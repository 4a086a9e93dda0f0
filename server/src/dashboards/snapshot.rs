//! Today at a tick.

use super::{Dashboards, ReadError};
use crate::store::{Cards, Reading, Scope, Sight, StoreError};
use chrono_tz::Tz;
use model::{
    Day, TICK_SECONDS,
    api::today::{ActiveAccount, ActiveUser, FrequentAction, OnlineCard, PopularModule, TimeCard, Today},
    event::FUTURE_MILLIS,
    instant::Instant,
    zone::day_of,
};
use std::{io::Write, sync::Arc};

/// Today as it stood at a tick, in every form it is asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<Forms>);

#[derive(Debug)]
struct Forms {
    today: Today,
    json: Vec<u8>,
    gzip: Vec<u8>,
    etag: String,
}

/// Why there is no snapshot.
#[derive(Clone)]
enum Missed {
    Failed(ReadError),
    /// What is tracked was changed since it was asked for.
    TrackingChanged,
}

impl From<StoreError> for Missed {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Snapshot {
    fn new(today: Today) -> Self {
        // The types of the API always serialise, and writing to memory never fails.
        let json = serde_json::to_vec(&today).unwrap_or_default();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let gzip = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
        let etag = format!("W/\"{}\"", &blake3::hash(&json).to_hex()[..32]);
        Self(Arc::new(Forms { today, json, gzip, etag }))
    }

    /// The figures.
    pub fn today(&self) -> &Today {
        &self.0.today
    }

    /// As JSON.
    pub fn json(&self) -> &[u8] {
        &self.0.json
    }

    /// As JSON, compressed with gzip.
    pub fn gzip(&self) -> &[u8] {
        &self.0.gzip
    }

    /// The entity tag: weak, because it stands for every encoding.
    pub fn etag(&self) -> &str {
        &self.0.etag
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> u32 {
        let Forms { json, gzip, .. } = &*self.0;
        // The figures take about as much as their JSON.
        u32::try_from(2 * json.len() + gzip.len()).unwrap_or(u32::MAX)
    }
}

impl Dashboards {
    /// Today at the current tick: computed by whoever asks first who sees as far, the same for everybody after. While the
    /// workspace is empty it is computed each time, so that the first event shows at once.
    pub async fn snapshot(&self, sight: Sight) -> Result<Snapshot, ReadError> {
        let now = self.clock.now();
        let scope = self.store.scope(sight).await?;
        loop {
            // What was computed before what is tracked was changed is over, though the tick may not be.
            let tracking = self.store.tracking_revision();
            match self.snapshot_under(tracking, &scope, now).await {
                Ok(snapshot) => return Ok(snapshot),
                Err(Missed::Failed(error)) => return Err(error),
                // By then the newer revision is known.
                Err(Missed::TrackingChanged) => {}
            }
        }
    }

    async fn snapshot_under(&self, tracking: i64, scope: &Scope, now: Instant) -> Result<Snapshot, Missed> {
        let key = (scope.clone(), now.tick(), tracking);
        if self.snapshots.get(&key).await.is_some_and(|kept| kept.today().data_since.is_none()) {
            self.snapshots.invalidate(&key).await;
        }
        let before = self.snapshots.get(&(scope.clone(), previous(now.tick()), tracking)).await;
        let computed = self.snapshots.try_get_with(key, async {
            self.shared_today(scope, now, tracking, before.as_ref().map(Snapshot::today)).await.map(Snapshot::new)
        });
        computed.await.map_err(|missed| (*missed).clone())
    }

    /// Today as any server first computed it at this tick, compared with what stood at the tick before.
    async fn shared_today(
        &self,
        scope: &Scope,
        now: Instant,
        tracking: i64,
        before: Option<&Today>,
    ) -> Result<Today, Missed> {
        let tick = now.tick();
        let question = format!("today {scope:?} {tracking}");
        if let Some(given) = self.given(tick, &question).await {
            return Ok(given);
        }
        let stood: Option<Today> = self.given(previous(tick), &question).await;
        let mut reading = self.store.read().await?;
        // All of it is of one revision: that of the figures it is compared with too.
        if reading.tracking_revision() > tracking {
            return Err(Missed::TrackingChanged);
        }
        let today = self.read_today(&mut reading, scope, now, stood.as_ref().or(before)).await?;
        // While the workspace is empty, the first event must show at once.
        if today.data_since.is_none() {
            return Ok(today);
        }
        Ok(self.give(tick, &question, today).await)
    }

    async fn read_today(
        &self,
        reading: &mut Reading,
        scope: &Scope,
        now: Instant,
        before: Option<&Today>,
    ) -> Result<Today, StoreError> {
        let zone = self.store.reporting().zone;
        let tick = now.tick();
        let day = day_of(&zone, tick);
        let online_since = self.online_since(now);
        let data_since = reading.data_since().await?;
        let cards = reading.cards(scope, day, (first_day(zone, online_since, now), online_since)).await?;
        let most_active_accounts = reading.most_active_accounts(scope, day).await?;
        let most_active_users = reading.most_active_users(scope, day).await?;
        let popular_modules = reading.popular_modules(scope, day).await?;
        let frequent_actions = reading.frequent_actions(scope, day).await?;
        let previous = before.filter(|today| today.tick == previous(tick));
        let (accounts_online, users_online, time_per_user) = compared(cards, previous);
        Ok(Today {
            as_of: now,
            tick,
            time_zone: zone.name().to_owned(),
            day,
            refresh_seconds: TICK_SECONDS,
            data_since,
            accounts_online,
            users_online,
            time_per_user,
            most_active_accounts: most_active_accounts
                .into_iter()
                .map(|row| ActiveAccount { account: row.account, active_users: row.users, actions: row.actions })
                .collect(),
            most_active_users: most_active_users
                .into_iter()
                .map(|row| ActiveUser {
                    account: row.account,
                    user: row.user,
                    seconds: row.seconds,
                    actions: row.actions,
                })
                .collect(),
            popular_modules: popular_modules
                .into_iter()
                .map(|row| PopularModule { module: row.module, users: row.users, actions: row.actions })
                .collect(),
            frequent_actions: frequent_actions
                .into_iter()
                .map(|row| FrequentAction {
                    module: row.module,
                    action: row.action,
                    actions: row.actions,
                    users: row.users,
                })
                .collect(),
        })
    }
}

/// The tick before.
fn previous(tick: Instant) -> Instant {
    tick.plus_millis(-i64::from(TICK_SECONDS) * 1000)
}

/// The first local day with a signal since a moment, which may lie ahead of now as far as events may. A clock that is put
/// back at midnight, as in St John's once, leads from a day into the one before.
fn first_day(zone: Tz, since: Instant, now: Instant) -> Day {
    let moments = [since, now, now.plus_millis(FUTURE_MILLIS)];
    moments.map(|moment| day_of(&zone, moment)).into_iter().min().unwrap_or_default()
}

/// The cards, each with its change since the previous tick where there was one.
fn compared(cards: Cards, previous: Option<&Today>) -> (OnlineCard, OnlineCard, TimeCard) {
    let seconds = (cards.users_active > 0).then(|| cards.seconds / cards.users_active);
    let accounts = OnlineCard {
        value: cards.accounts_online,
        of: cards.accounts_active,
        change: previous.map(|today| cards.accounts_online - today.accounts_online.value),
    };
    let users = OnlineCard {
        value: cards.users_online,
        of: cards.users_active,
        change: previous.map(|today| cards.users_online - today.users_online.value),
    };
    let before = previous.and_then(|today| today.time_per_user.seconds);
    let time = TimeCard { seconds, change_seconds: seconds.zip(before).map(|(now, before)| now - before) };
    (accounts, users, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_found_where_the_clock_is_put_back_to_the_day_before() {
        let first = |since, now| {
            let (since, now) = (Instant::parse(since).unwrap(), Instant::parse(now).unwrap());
            first_day(Tz::America__St_Johns, since, now).to_string()
        };
        // At one minute past midnight, 02:31 in UTC, it was one minute past eleven again.
        assert_eq!(first("2010-11-07T02:24:00Z", "2010-11-07T02:29:00Z"), "2010-11-06");
        assert_eq!(first("2010-11-07T02:30:00Z", "2010-11-07T02:30:30Z"), "2010-11-06");
        assert_eq!(first("2010-11-07T02:30:20Z", "2010-11-07T02:35:20Z"), "2010-11-06");
        assert_eq!(first("2010-11-07T03:31:00Z", "2010-11-07T03:36:00Z"), "2010-11-07");
        assert_eq!(first("2010-11-07T03:29:00Z", "2010-11-07T03:34:00Z"), "2010-11-06");
    }

    #[test]
    fn time_per_user_has_no_value_while_nobody_is_active() {
        let (.., time) = compared(Cards::default(), None);
        assert_eq!(time, TimeCard { seconds: None, change_seconds: None });
        let (.., time) = compared(Cards { users_active: 3, seconds: 100, ..Cards::default() }, None);
        assert_eq!(time.seconds, Some(33));
    }
}
