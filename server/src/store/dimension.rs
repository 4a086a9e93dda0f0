//! Dense numbers for ids and names, and the newest name of accounts and users.

use super::{
    StoreError,
    connection::Connection,
    statement::{Column, bulk, row_count},
};
use foldhash::HashMap;
use model::{
    call::Naming,
    event::{Event, Kind},
};
use std::collections::{BTreeMap, BTreeSet};

/// How many numbers are remembered before all are forgotten: some 50 MB.
const REMEMBERED: usize = 300_000;

/// The numbers of ids and names that were looked up lately. A number never changes, so what is remembered is right
/// whoever else writes to the database.
#[derive(Default)]
pub(super) struct Dimensions {
    accounts: HashMap<String, i64>,
    users: Parts,
    modules: HashMap<String, i64>,
    activities: Parts,
    count: usize,
}

/// Numbers of what is unique within something else, by the number of that and the name.
type Parts = HashMap<i64, HashMap<String, i64>>;

/// The numbers an event is stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) account_no: i64,
    pub(super) user_no: i64,
    pub(super) module_no: i64,
    /// 0 for a heartbeat.
    pub(super) activity_no: i64,
}

/// What events and names without one are stored under.
#[derive(Debug, Default)]
pub(super) struct Numbered<'a> {
    /// Of each event, in order.
    pub(super) events: Vec<Numbers>,
    /// Of each name without one, in order.
    pub(super) named: Vec<Named<'a>>,
    /// The accounts that were not there before.
    pub(super) new_accounts: Vec<i64>,
    /// The users that were not there before.
    pub(super) new_users: Vec<i64>,
    /// The modules that were not there before.
    pub(super) new_modules: Vec<i64>,
    /// The activities that were not there before.
    pub(super) new_activities: Vec<i64>,
}

impl Numbered<'_> {
    /// Whether anything was not there before that an event can name.
    pub(super) fn has_new(&self) -> bool {
        !(self.new_users.is_empty() && self.new_modules.is_empty() && self.new_activities.is_empty())
    }
}

/// A name that came without an event, with the numbers of what is called so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) account_no: i64,
    /// None where it is the account.
    user_no: Option<i64>,
    dated: DatedName<'a>,
}

impl Dimensions {
    /// The numbers of each event and of what is named without one, in order; new ids and names get theirs. What a
    /// transaction numbered that was not committed must not be asked again.
    pub(super) async fn number<'a>(
        &mut self,
        connection: &mut Connection<'_>,
        events: &[Event],
        namings: &'a [Naming],
    ) -> Result<Numbered<'a>, StoreError> {
        if self.count > REMEMBERED {
            *self = Self::default();
        }
        // Nearly always nothing is new.
        if let Some(numbers) = self.all_remembered(events, namings) {
            return Ok(numbers);
        }
        let received = events.iter().map(|event| event.received.millis()).min();
        let named = namings.iter().map(|naming| naming.account.as_str());
        let accounts = events.iter().map(|event| event.account.as_str()).chain(named);
        let columns = ("account", "account_no", "id");
        let (count, new_accounts) = number_names(connection, columns, &mut self.accounts, accounts, None).await?;
        self.count += count;
        let modules = events.iter().map(|event| event.module.as_str());
        let columns = ("module", "module_no", "name");
        let (count, new_modules) = number_names(connection, columns, &mut self.modules, modules, received).await?;
        self.count += count;

        // Just looked up: what is missing from here on was taken out of the database by somebody else.
        let number = |account: &String| self.accounts.get(account).copied().ok_or(StoreError::Erased);
        let named = namings.iter().filter_map(|naming| Some((&naming.account, naming.user.as_deref()?)));
        let users = events.iter().map(|event| (&event.account, event.user.as_str())).chain(named);
        let users: Vec<(i64, &str)> =
            users.map(|(account, user)| Ok((number(account)?, user))).collect::<Result<_, StoreError>>()?;
        let columns = ("account_user", "user_no", "account_no", "id");
        let (count, new_users) = number_parts(connection, columns, &mut self.users, users.into_iter(), None).await?;
        self.count += count;
        let activities = events.iter().filter_map(|event| match &event.kind {
            Kind::Activity { action, .. } => Some((*self.modules.get(&event.module)?, action.as_str())),
            Kind::Heartbeat => None,
        });
        let columns = ("activity", "activity_no", "module_no", "action");
        let (count, new_activities) =
            number_parts(connection, columns, &mut self.activities, activities, received).await?;
        self.count += count;

        let numbered = self.all_remembered(events, namings).ok_or(StoreError::Erased)?;
        Ok(Numbered { new_accounts, new_users, new_modules, new_activities, ..numbered })
    }

    /// Takes back what is new and turns out to have no event, because all that names it is stored already: whoever was
    /// erased is not to come again by a retry, and what an event is called that was left out was never done.
    pub(super) async fn take_back_unused(
        &mut self,
        connection: &mut Connection<'_>,
        numbered: &mut Numbered<'_>,
        is_stored: impl Fn(usize) -> bool,
    ) -> Result<(), StoreError> {
        let Numbered { events, named, new_accounts, new_users, new_modules, new_activities } = numbered;
        let stored = || events.iter().enumerate().filter(|(place, _)| is_stored(*place)).map(|(_, numbers)| numbers);
        let of_events = stored().map(|numbers| (numbers.account_no, numbers.user_no));
        let of_names = named.iter().map(|named| (named.account_no, named.user_no.unwrap_or_default()));
        let (accounts, users): (BTreeSet<i64>, BTreeSet<i64>) = of_events.chain(of_names).unzip();
        let unused = |user_no: &i64| !users.contains(user_no) && new_users.contains(user_no);
        let gone = events.iter().filter(|numbers| unused(&numbers.user_no));
        let gone: BTreeSet<(i64, i64)> = gone.map(|numbers| (numbers.account_no, numbers.user_no)).collect();
        let activities = stored().map(|numbers| numbers.activity_no).collect();
        let gone_activities = take_unused(new_activities, &activities);
        let gone_modules = take_unused(new_modules, &stored().map(|numbers| numbers.module_no).collect());
        let gone_accounts = take_unused(new_accounts, &accounts);
        if gone.is_empty() && gone_modules.is_empty() && gone_activities.is_empty() {
            return Ok(());
        }
        bulk(
            "WITH gone (account_no, user_no) AS ({rows}) DELETE FROM account_user \
             WHERE (account_no, user_no) IN (SELECT account_no, user_no FROM gone)",
            [Column::ints(gone.iter().map(|user| user.0)), Column::ints(gone.iter().map(|user| user.1))],
        )
        .execute(connection)
        .await?;
        let others = [("account", gone_accounts), ("activity", gone_activities), ("module", gone_modules)];
        for (table, gone) in others {
            let text = format!(
                "WITH gone (number) AS ({{rows}}) DELETE FROM {table} WHERE {table}_no IN (SELECT number FROM gone)"
            );
            bulk(text, [Column::ints(gone)]).execute(connection).await?;
        }
        // Seldom, and the rest is soon looked up again.
        *self = Self::default();
        Ok(())
    }

    /// The numbers of each event and of what is named without one, if all have been looked up.
    fn all_remembered<'a>(&self, events: &[Event], namings: &'a [Naming]) -> Option<Numbered<'a>> {
        Some(Numbered {
            events: events.iter().map(|event| self.remembered(event)).collect::<Option<_>>()?,
            named: namings.iter().map(|naming| self.named(naming)).collect::<Option<_>>()?,
            new_accounts: Vec::new(),
            new_users: Vec::new(),
            new_modules: Vec::new(),
            new_activities: Vec::new(),
        })
    }

    /// A name, if its account and user have been looked up.
    fn named<'a>(&self, Naming { account, user, name, at }: &'a Naming) -> Option<Named<'a>> {
        let account_no = *self.accounts.get(account)?;
        let user_no = match user {
            Some(user) => Some(*self.users.get(&account_no)?.get(user)?),
            None => None,
        };
        Some(Named { account_no, user_no, dated: (at.millis(), name) })
    }

    /// The numbers of an event, if its ids and names have all been looked up.
    fn remembered(&self, event: &Event) -> Option<Numbers> {
        let account_no = *self.accounts.get(&event.account)?;
        let module_no = *self.modules.get(&event.module)?;
        let user_no = *self.users.get(&account_no)?.get(&event.user)?;
        let activity_no = match &event.kind {
            Kind::Activity { action, .. } => *self.activities.get(&module_no)?.get(action)?,
            Kind::Heartbeat => 0,
        };
        Some(Numbers { account_no, user_no, module_no, activity_no })
    }
}

/// Takes those out of new numbers that are not used.
fn take_unused(new: &mut Vec<i64>, used: &BTreeSet<i64>) -> Vec<i64> {
    new.extract_if(.., |number| !used.contains(number)).collect()
}

/// Numbers names that stand alone, and says how many were not known, and which are new. `(table, number, name)` are the table and its
/// columns; where it has one for it, `received` is when the events came.
async fn number_names<'a>(
    connection: &mut Connection<'_>,
    (table, number, name): (&str, &str, &str),
    known: &mut HashMap<String, i64>,
    wanted: impl Iterator<Item = &'a str>,
    received: Option<i64>,
) -> Result<(usize, Vec<i64>), StoreError> {
    let unknown: BTreeSet<&str> = wanted.filter(|name| !known.contains_key(*name)).collect();
    let names = || vec![Column::texts(unknown.iter().copied())];
    let new = insert(connection, format!("{table} ({name}"), names(), number, received).await?;
    let text = format!(
        "WITH wanted ({name}) AS ({{rows}}) \
         SELECT t.{name}, t.{number} FROM wanted CROSS JOIN {table} t WHERE t.{name} = wanted.{name}"
    );
    known.extend(bulk(text, names()).fetch_all::<(String, i64)>(connection).await?);
    Ok((unknown.len(), new))
}

/// Numbers names that are unique within something else, and says how many were not known, and which are new. `(table,
/// number, of, name)` are the table and its columns; where it has one for it, `received` is when the events came.
async fn number_parts<'a>(
    connection: &mut Connection<'_>,
    (table, number, of, name): (&str, &str, &str, &str),
    known: &mut Parts,
    wanted: impl Iterator<Item = (i64, &'a str)>,
    received: Option<i64>,
) -> Result<(usize, Vec<i64>), StoreError> {
    let is_known = |of: i64, name: &str| known.get(&of).is_some_and(|names| names.contains_key(name));
    let unknown: BTreeSet<(i64, &str)> = wanted.filter(|&(of, name)| !is_known(of, name)).collect();
    let parts =
        || vec![Column::ints(unknown.iter().map(|part| part.0)), Column::texts(unknown.iter().map(|part| part.1))];
    let new = insert(connection, format!("{table} ({of}, {name}"), parts(), number, received).await?;
    let text = format!(
        "WITH wanted ({of}, {name}) AS ({{rows}}) \
         SELECT t.{of}, t.{name}, t.{number} FROM wanted CROSS JOIN {table} t \
         WHERE t.{of} = wanted.{of} AND t.{name} = wanted.{name}"
    );
    for (of, name, number) in bulk(text, parts()).fetch_all::<(i64, String, i64)>(connection).await? {
        known.entry(of).or_default().insert(name, number);
    }
    Ok((unknown.len(), new))
}

/// Enters rows that are not there, into a table and its columns, `table (a, b`; with `received`, also the moment they
/// were first received. Returns what they got as their `number`.
async fn insert(
    connection: &mut Connection<'_>,
    mut into: String,
    mut columns: Vec<Column<'_>>,
    number: &str,
    received: Option<i64>,
) -> Result<Vec<i64>, StoreError> {
    if let Some(received) = received {
        into.push_str(", first_received");
        columns.push(Column::ints(std::iter::repeat_n(received, row_count(&columns))));
    }
    let text = format!("INSERT INTO {into}) {{rows}} ON CONFLICT DO NOTHING RETURNING {number}");
    let numbers: Vec<(i64,)> = bulk(text, columns).fetch_all(connection).await?;
    Ok(numbers.into_iter().map(|(number,)| number).collect())
}

/// A name with the time of the event that brought it. The newest wins; of two at the same time the greater, so that
/// the order of arrival never decides.
type DatedName<'a> = (i64, &'a str);

/// Stores the names that come with events and without, where they are newer than what is there, and says which accounts
/// are called otherwise now.
pub(super) async fn rename(
    connection: &mut Connection<'_>,
    events: impl Iterator<Item = (&Event, Numbers)>,
    named: &[Named<'_>],
) -> Result<BTreeSet<i64>, StoreError> {
    let mut accounts: BTreeMap<i64, DatedName<'_>> = BTreeMap::new();
    let mut users: BTreeMap<(i64, i64), DatedName<'_>> = BTreeMap::new();
    for (event, numbers) in events {
        let at = event.time.millis();
        if let Some(name) = &event.account_name {
            keep_newest(&mut accounts, numbers.account_no, (at, name));
        }
        if let Some(name) = &event.user_name {
            keep_newest(&mut users, (numbers.account_no, numbers.user_no), (at, name));
        }
    }
    for &Named { account_no, user_no, dated } in named {
        match user_no {
            Some(user_no) => keep_newest(&mut users, (account_no, user_no), dated),
            None => keep_newest(&mut accounts, account_no, dated),
        }
    }
    let renamed = rename_accounts(connection, &accounts).await?;
    rename_users(connection, &users).await?;
    Ok(renamed)
}

/// Keeps the newest for each.
pub(super) fn keep_newest<'a, K: Ord>(names: &mut BTreeMap<K, DatedName<'a>>, of: K, dated: DatedName<'a>) {
    let newest = names.entry(of).or_insert(dated);
    *newest = (*newest).max(dated);
}

async fn rename_accounts(
    connection: &mut Connection<'_>,
    names: &BTreeMap<i64, DatedName<'_>>,
) -> Result<BTreeSet<i64>, StoreError> {
    let columns = || {
        [
            Column::ints(names.keys().copied()),
            Column::ints(names.values().map(|(at, _)| *at)),
            Column::texts(names.values().map(|(_, name)| *name)),
        ]
    };
    let renamed = bulk(
        "WITH newest (account_no, name_at, name) AS ({rows}) \
         SELECT account.account_no FROM newest CROSS JOIN account \
         WHERE account.account_no = newest.account_no AND (account.name IS NULL OR account.name <> newest.name \
         AND (newest.name_at, newest.name) > (account.name_at, account.name))",
        columns(),
    );
    let renamed: Vec<(i64,)> = renamed.fetch_all(connection).await?;
    bulk(
        "WITH newest (account_no, name_at, name) AS ({rows}) \
         UPDATE account SET name = newest.name, name_at = newest.name_at FROM newest \
         WHERE account.account_no = newest.account_no AND (account.name IS NULL \
         OR (newest.name_at, newest.name) > (account.name_at, account.name))",
        columns(),
    )
    .execute(connection)
    .await?;
    Ok(renamed.into_iter().map(|(account_no,)| account_no).collect())
}

async fn rename_users(
    connection: &mut Connection<'_>,
    names: &BTreeMap<(i64, i64), DatedName<'_>>,
) -> Result<(), StoreError> {
    let columns = [
        Column::ints(names.keys().map(|key| key.0)),
        Column::ints(names.keys().map(|key| key.1)),
        Column::ints(names.values().map(|(at, _)| *at)),
        Column::texts(names.values().map(|(_, name)| *name)),
    ];
    bulk(
        "WITH newest (account_no, user_no, name_at, name) AS ({rows}) \
         UPDATE account_user SET name = newest.name, name_at = newest.name_at FROM newest \
         WHERE account_user.user_no = newest.user_no AND account_user.account_no = newest.account_no AND (account_user.name IS NULL \
         OR (newest.name_at, newest.name) > (account_user.name_at, account_user.name))",
        columns,
    )
    .execute(connection)
    .await
}
