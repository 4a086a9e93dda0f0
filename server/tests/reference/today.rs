//! Today's cards, top tens and activity stream.

use super::{Reference, Signal, Who, actions, count, first_instant, only, users};
use model::{
    api::today::{
        ActionCount, ActiveAccount, ActiveUser, FrequentAction, OnlineCard, PopularModule, StreamEntry, TimeCard,
        Today, Use,
    },
    instant::Instant,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

impl Reference {
    /// `GET /today` at a tick, given the answer at the tick before. Read at the tick itself.
    pub(crate) fn today(&self, tick: Instant, previous: Option<&Today>) -> Today {
        let day = self.day_of(tick);
        let signals = self.signals_of(&[day], None);
        let active = users(&signals);
        let all: Vec<&Signal> = self.signals.iter().collect();
        let online: BTreeSet<Who> = users(&all).into_iter().filter(|who| self.is_online(who, tick)).collect();

        let accounts_online = count(accounts(&online).len());
        let users_online = count(online.len());
        // Whole seconds: the fraction of a second is cut.
        let seconds = (!active.is_empty()).then(|| self.time_spent(&signals) / count(active.len()));
        let previous_seconds = previous.and_then(|previous| previous.time_per_user.seconds);
        Today {
            as_of: tick,
            tick,
            time_zone: self.zone.name().to_owned(),
            day,
            refresh_seconds: 10,
            data_since: self.data_since(),
            accounts_online: OnlineCard {
                value: accounts_online,
                of: count(accounts(&active).len()),
                change: previous.map(|previous| accounts_online - previous.accounts_online.value),
            },
            users_online: OnlineCard {
                value: users_online,
                of: count(active.len()),
                change: previous.map(|previous| users_online - previous.users_online.value),
            },
            time_per_user: TimeCard {
                seconds,
                change_seconds: seconds.zip(previous_seconds).map(|(seconds, previous)| seconds - previous),
            },
            most_active_accounts: self.most_active_accounts(&signals),
            most_active_users: self.most_active_users(&signals),
            popular_modules: popular_modules(&signals),
            frequent_actions: frequent_actions(&signals),
        }
    }

    fn most_active_accounts(&self, signals: &[&Signal]) -> Vec<ActiveAccount> {
        let mut rows = Vec::new();
        for id in accounts(&users(signals)) {
            let of_account = only(signals, |signal| signal.event.account == id);
            rows.push(ActiveAccount {
                account: self.account(&id),
                active_users: count(users(&of_account).len()),
                actions: actions(&of_account),
            });
        }
        rows.sort_by_key(|row| {
            (Reverse(row.active_users), Reverse(row.actions), row.account.name.clone(), row.account.id.clone())
        });
        rows.truncate(10);
        rows
    }

    fn most_active_users(&self, signals: &[&Signal]) -> Vec<ActiveUser> {
        let mut rows = Vec::new();
        for who in users(signals) {
            let of_user = only(signals, |signal| signal.who() == who);
            rows.push(ActiveUser {
                account: self.account(&who.account),
                user: self.user(&who),
                seconds: self.time_spent(&of_user),
                actions: actions(&of_user),
            });
        }
        rows.sort_by_key(|row| {
            let names = (row.user.name.clone(), row.account.name.clone());
            let ids = (row.user.id.clone(), row.account.id.clone());
            (Reverse(row.seconds), Reverse(row.actions), names, ids)
        });
        rows.truncate(10);
        rows
    }

    /// Every entry of `GET /today/stream`, of one account or of all.
    pub(crate) fn stream(&self, as_of: Instant, account: Option<&str>) -> Vec<StreamEntry> {
        let today = self.signals_of(&[self.day_of(as_of)], account);
        let activities = only(&today, |signal| signal.action().is_some());
        let keys: BTreeSet<(Who, &str)> =
            activities.iter().map(|signal| (signal.who(), signal.event.module.as_str())).collect();
        let mut entries = Vec::new();
        for (who, module) in keys {
            let of_entry = only(&activities, |signal| signal.who() == who && signal.event.module == module);
            entries.push(StreamEntry {
                account: self.account(&who.account),
                user: self.user(&who),
                module: module.to_owned(),
                count: actions(&of_entry),
                actions: counts_by_action(&of_entry),
                uses: self.uses(&of_entry),
                last_at: of_entry.iter().map(|signal| signal.event.time).max().expect("an entry has a use"),
                online: self.is_online(&who, as_of.tick()),
            });
        }
        entries.sort_by_key(|entry| {
            (Reverse(entry.last_at), entry.account.id.clone(), entry.user.id.clone(), entry.module.clone())
        });
        entries
    }

    /// How often each action happened in each minute: the newest 20.
    fn uses(&self, activities: &[&Signal]) -> Vec<Use> {
        let mut counts: BTreeMap<(Reverse<i64>, &str), (Instant, i64)> = BTreeMap::new();
        for signal in activities {
            let (action, actions) = signal.action().expect("no heartbeat is among them");
            let at = first_instant(self.zone, signal.day).plus_millis(signal.minute * 60_000);
            counts.entry((Reverse(signal.minute), action)).or_insert((at, 0)).1 += actions;
        }
        let uses = counts.into_iter().map(|((_, action), (at, count))| Use { action: action.to_owned(), at, count });
        uses.take(20).collect()
    }
}

fn accounts(users: &BTreeSet<Who>) -> BTreeSet<String> {
    users.iter().map(|who| who.account.clone()).collect()
}

fn popular_modules(signals: &[&Signal]) -> Vec<PopularModule> {
    let activities = only(signals, |signal| signal.action().is_some());
    let modules: BTreeSet<&str> = activities.iter().map(|signal| signal.event.module.as_str()).collect();
    let mut rows = Vec::new();
    for module in modules {
        let there = only(&activities, |signal| signal.event.module == module);
        rows.push(PopularModule {
            module: module.to_owned(),
            users: count(users(&there).len()),
            actions: actions(&there),
        });
    }
    rows.sort_by_key(|row| (Reverse(row.users), Reverse(row.actions), row.module.clone()));
    rows.truncate(10);
    rows
}

fn frequent_actions(signals: &[&Signal]) -> Vec<FrequentAction> {
    let keys: BTreeSet<(&str, &str)> = signals
        .iter()
        .filter_map(|signal| signal.action().map(|(action, _)| (signal.event.module.as_str(), action)))
        .collect();
    let mut rows = Vec::new();
    for (module, action) in keys {
        let happened = only(signals, |signal| {
            signal.event.module == module && signal.action().is_some_and(|(other, _)| other == action)
        });
        rows.push(FrequentAction {
            module: module.to_owned(),
            action: action.to_owned(),
            actions: actions(&happened),
            users: count(users(&happened).len()),
        });
    }
    rows.sort_by_key(|row| (Reverse(row.actions), Reverse(row.users), row.module.clone(), row.action.clone()));
    rows.truncate(10);
    rows
}

fn counts_by_action(activities: &[&Signal]) -> Vec<ActionCount> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for (action, count) in activities.iter().filter_map(|signal| signal.action()) {
        *counts.entry(action).or_default() += count;
    }
    let mut rows: Vec<ActionCount> =
        counts.into_iter().map(|(action, count)| ActionCount { action: action.to_owned(), count }).collect();
    rows.sort_by_key(|row| (Reverse(row.count), row.action.clone()));
    rows
}
