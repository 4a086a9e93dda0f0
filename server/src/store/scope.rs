//! What somebody may see: the accounts of the teams they look through, worked out beforehand and kept up to date in the
//! transaction that changes a team, brings an account, or renames one. Whether a rule matches is decided in
//! `model::team`; who may look through what is for the routes.

use super::{
    Reading, Store, StoreError,
    connection::Connection,
    kept::{as_sent, hold_roll_ups},
    statement::{Column, Query, bulk, query},
    team,
};
use model::{event::ID_BYTES, team::AccountTraits};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};

/// The scope of all accounts, which has no row.
pub(super) const ALL_ACCOUNTS: i64 = 0;

/// What no scope and no account has as its number.
const NOTHING: i64 = -1;

/// How far somebody sees: all accounts, those of some teams, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight(i64);

impl Sight {
    /// All accounts.
    pub const ALL: Self = Self(ALL_ACCOUNTS);

    /// Those of the scope with this number.
    pub(super) fn of_scope(scope_no: i64) -> Self {
        Self(if scope_no > ALL_ACCOUNTS { scope_no } else { NOTHING })
    }

    /// Whether no account is out of it.
    pub fn has_all(self) -> bool {
        self == Self::ALL
    }
}

/// Which accounts a question is about, within somebody's sight. No read can be called without one, and only
/// [`Reading::scope`] and [`Store::scope`] make them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Accounts);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Accounts {
    All,
    /// Those of a scope as they are at a revision.
    OfScope {
        scope_no: i64,
        revision: i64,
    },
    One(i64),
    /// What is out of sight amounts to the same as what there is not.
    Nothing,
}

/// Where the sums of a scope come from.
pub(super) enum Sums {
    /// They are kept.
    Kept,
    /// Those of some days are, for the scope with this number at this revision.
    KeptByDay { scope_no: i64, revision: i64 },
    /// They are always added up.
    Added,
    /// There are none.
    Nothing,
}

impl Scope {
    /// Whether it is what everybody looks at who looks through the same eyes, and not a question of one reader's.
    pub fn is_everybodys(&self) -> bool {
        matches!(self.0, Accounts::All | Accounts::OfScope { .. })
    }

    pub(super) fn sums(&self) -> Sums {
        match self.0 {
            Accounts::All => Sums::Kept,
            Accounts::OfScope { scope_no, revision } => Sums::KeptByDay { scope_no, revision },
            Accounts::One(_) => Sums::Added,
            Accounts::Nothing => Sums::Nothing,
        }
    }

    /// Of the scope or the account.
    pub(super) fn number(&self) -> i64 {
        match self.0 {
            Accounts::All => ALL_ACCOUNTS,
            Accounts::OfScope { scope_no, .. } => scope_no,
            Accounts::One(account_no) => account_no,
            Accounts::Nothing => NOTHING,
        }
    }

    /// A text of SQL with the condition on `account_no` that stands for `{seen}`; its `$1` is [`Self::number`]. Three
    /// texts, not one with every case: each then finds its rows by an index.
    pub(super) fn text(&self, text: &str) -> String {
        text.replace(
            "{seen}",
            match self.0 {
                Accounts::All => "$1 = 0",
                Accounts::OfScope { .. } => "account_no IN (SELECT account_no FROM scope_account WHERE scope_no = $1)",
                Accounts::One(_) | Accounts::Nothing => "account_no = $1",
            },
        )
    }

    /// Begins a statement with that condition, and binds `$1`.
    pub(super) fn query<'a>(&self, text: &str) -> Query<'a> {
        query(AssertSqlSafe(self.text(text))).bind(self.number())
    }
}

impl Reading {
    /// The accounts in somebody's sight, or one of them by its id. One that is out of sight is no other than one that is
    /// not known, or could not be.
    pub async fn scope(&mut self, sight: Sight, account: Option<&str>) -> Result<Scope, StoreError> {
        let connection = &mut self.connection();
        let accounts = match account {
            None if sight.has_all() => Some(Accounts::All),
            None => {
                let sql = "SELECT revision FROM scope WHERE scope_no = $1";
                let found: Option<(i64,)> = query(sql).bind(sight.0).fetch_optional(connection).await?;
                found.map(|(revision,)| Accounts::OfScope { scope_no: sight.0, revision })
            }
            Some(id) if id.len() > ID_BYTES || id.contains('\0') => None,
            Some(id) => {
                let sql = "SELECT account_no FROM account WHERE id = $2 AND ($1 = 0 OR EXISTS (\
                           SELECT 1 FROM scope_account s WHERE s.scope_no = $1 AND s.account_no = account.account_no))";
                let found: Option<(i64,)> = query(sql).bind(sight.0).bind(id).fetch_optional(connection).await?;
                found.map(|(account_no,)| Accounts::One(account_no))
            }
        };
        Ok(Scope(accounts.unwrap_or(Accounts::Nothing)))
    }
}

impl Store {
    /// The accounts in somebody's sight, where nothing else is read with the same eyes at the same moment.
    pub async fn scope(&self, sight: Sight) -> Result<Scope, StoreError> {
        match sight.has_all() {
            true => Ok(Scope(Accounts::All)),
            false => self.read.begin().await?.scope(sight, None).await,
        }
    }
}

/// How teams are held on to until the transaction ends. An SQLite transaction is alone anyway.
pub(super) enum Hold {
    /// So that none of them changes, by whoever works out what an account belongs to.
    Unchanged,
    /// So that nobody else works that out, by whoever changes teams. Whoever has this waits for no account: so nobody waits
    /// for each other.
    Alone,
}

/// Holds on to the teams. Without it a new account and a change of rules, on two servers, could miss each other.
pub(super) async fn hold_teams(connection: &mut Connection<'_>, hold: Hold) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let sql = match hold {
        Hold::Unchanged => "LOCK TABLE team IN SHARE MODE",
        Hold::Alone => {
            // First, as whoever stores events has them first: with a scope its sums are dropped.
            hold_roll_ups(connection).await?;
            "LOCK TABLE team IN EXCLUSIVE MODE"
        }
    };
    query(sql).execute(connection).await.map(|_| ())
}

/// Which accounts are worked out again.
pub(super) enum Outdated {
    /// All of them.
    All,
    /// Some that were there before, and some that this transaction brings.
    Some { changed: BTreeSet<i64>, new: BTreeSet<i64> },
}

impl Outdated {
    fn is_new(&self, account_no: i64) -> bool {
        matches!(self, Self::Some { new, .. } if new.contains(&account_no))
    }

    /// Their numbers; none where it is all of them.
    fn numbers(&self) -> Option<BTreeSet<i64>> {
        match self {
            Self::All => None,
            Self::Some { changed, new } => Some(changed | new),
        }
    }
}

/// Works out again to which scopes accounts belong that are new or changed.
pub(super) async fn place_accounts(connection: &mut Connection<'_>, outdated: Outdated) -> Result<(), StoreError> {
    if outdated.numbers().is_some_and(|accounts| accounts.is_empty()) {
        return Ok(());
    }
    hold_teams(connection, Hold::Unchanged).await?;
    let scopes = scopes(connection).await?;
    work_out(connection, &scopes, &outdated).await
}

/// Every scope, with the numbers of its teams.
async fn scopes(connection: &mut Connection<'_>) -> Result<BTreeMap<i64, Vec<i64>>, StoreError> {
    let rows: Vec<(i64, String)> = query("SELECT scope_no, teams FROM scope").fetch_all(connection).await?;
    let numbers = |teams: &str| teams.split(',').filter_map(|number| number.parse().ok()).collect();
    Ok(rows.into_iter().map(|(scope_no, teams)| (scope_no, numbers(&teams))).collect())
}

/// Makes the scopes that are looked through, drops those that no longer are, and works out those that are new or hold the
/// `changed` team. The teams are held alone.
pub(super) async fn settle_scopes(connection: &mut Connection<'_>, changed: Option<i64>) -> Result<(), StoreError> {
    let teams: Vec<(i64, i64)> = query("SELECT team_no, scope_no FROM team").fetch_all(connection).await?;
    let sql = "SELECT m.member_no, m.scope_no, t.team_no FROM member m \
               LEFT JOIN team_member t ON t.member_no = m.member_no ORDER BY m.member_no, t.team_no";
    let rows: Vec<(i64, i64, Option<i64>)> = query(sql).fetch_all(connection).await?;
    let members = rows.chunk_by(|one, next| one.0 == next.0).map(|of_member| {
        let teams: Vec<i64> = of_member.iter().filter_map(|row| row.2).collect();
        (of_member[0].0, of_member[0].1, teams)
    });
    let members: Vec<(i64, i64, Vec<i64>)> = members.collect();
    let combined = members.iter().map(|(.., teams)| teams.clone()).filter(|teams| !teams.is_empty());
    let wanted: BTreeSet<Vec<i64>> = teams.iter().map(|(team_no, _)| vec![*team_no]).chain(combined).collect();

    let mut outdated = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    for (scope_no, teams) in scopes(connection).await? {
        if !wanted.contains(&teams) {
            drop_scope(connection, scope_no).await?;
            continue;
        }
        if changed.is_some_and(|changed| teams.contains(&changed)) {
            outdated.insert(scope_no, teams.clone());
        }
        numbers.insert(teams, scope_no);
    }
    let missing: Vec<&Vec<i64>> = wanted.iter().filter(|teams| !numbers.contains_key(*teams)).collect();
    for teams in missing {
        let text: Vec<String> = teams.iter().map(i64::to_string).collect();
        let sql = "INSERT INTO scope (teams) VALUES ($1) RETURNING scope_no";
        let (scope_no,): (i64,) = query(sql).bind(&*text.join(",")).fetch_one(connection).await?;
        outdated.insert(scope_no, teams.clone());
        numbers.insert(teams.clone(), scope_no);
    }
    let number = |teams: &[i64]| numbers.get(teams).copied().unwrap_or(NOTHING);
    for (team_no, before) in teams {
        let scope_no = number(&[team_no]);
        if scope_no != before {
            let sql = "UPDATE team SET scope_no = $2 WHERE team_no = $1";
            query(sql).bind(team_no).bind(scope_no).execute(connection).await?;
        }
    }
    for (member_no, before, teams) in members {
        let scope_no = number(&teams);
        if scope_no != before {
            let sql = "UPDATE member SET scope_no = $2 WHERE member_no = $1";
            query(sql).bind(member_no).bind(scope_no).execute(connection).await?;
        }
    }
    work_out(connection, &outdated, &Outdated::All).await
}

/// Forgets a scope that nobody looks through any more. Its number is never given out again.
async fn drop_scope(connection: &mut Connection<'_>, scope_no: i64) -> Result<(), StoreError> {
    for sql in [
        // First: whoever keeps sums of it holds this row.
        "DELETE FROM scope WHERE scope_no = $1",
        "DELETE FROM scope_account WHERE scope_no = $1",
    ] {
        query(sql).bind(scope_no).execute(connection).await?;
    }
    for kept_no in [scope_no, as_sent(scope_no)] {
        for sql in ["DELETE FROM scope_day WHERE scope_no = $1", "DELETE FROM activity_day WHERE scope_no = $1"] {
            query(sql).bind(kept_no).execute(connection).await?;
        }
    }
    Ok(())
}

/// Works out the accounts of scopes, and writes what differs from what is there.
async fn work_out(
    connection: &mut Connection<'_>,
    scopes: &BTreeMap<i64, Vec<i64>>,
    outdated: &Outdated,
) -> Result<(), StoreError> {
    if scopes.is_empty() {
        return Ok(());
    }
    let accounts = outdated.numbers();
    let accounts_with_traits = traits(connection, accounts.as_ref()).await?;
    let of_accounts = accounts.is_some().then(|| accounts_with_traits.values().map(|account| &*account.id).collect());
    let teams = team::definitions(connection, of_accounts).await?;
    let mut belong: BTreeSet<(i64, i64)> = BTreeSet::new();
    for (account_no, account) in accounts_with_traits {
        let seeing: BTreeSet<i64> =
            teams.iter().filter(|(_, team)| team.sees(&account)).map(|(team_no, _)| *team_no).collect();
        let scopes = scopes.iter().filter(|(_, teams)| teams.iter().any(|team_no| seeing.contains(team_no)));
        belong.extend(scopes.map(|(scope_no, _)| (*scope_no, account_no)));
    }
    let stored = stored(connection, scopes, accounts.as_ref()).await?;
    let columns = |pairs: &[(i64, i64)]| {
        [Column::ints(pairs.iter().map(|pair| pair.0)), Column::ints(pairs.iter().map(|pair| pair.1))]
    };
    let left: Vec<(i64, i64)> = stored.difference(&belong).copied().collect();
    let come: Vec<(i64, i64)> = belong.difference(&stored).copied().collect();
    bulk(
        "WITH gone (scope_no, account_no) AS ({rows}) DELETE FROM scope_account \
         WHERE (scope_no, account_no) IN (SELECT scope_no, account_no FROM gone)",
        columns(&left),
    )
    .execute(connection)
    .await?;
    bulk("INSERT INTO scope_account (scope_no, account_no) {rows}", columns(&come)).execute(connection).await?;
    // An account that had no events until now takes none of the sums there are with it.
    let changed = left.iter().chain(&come).filter(|(_, account_no)| !outdated.is_new(*account_no));
    // In the order of their numbers, so that two servers never wait for each other.
    for scope_no in changed.map(|(scope_no, _)| *scope_no).collect::<BTreeSet<i64>>() {
        let sql = "UPDATE scope SET revision = revision + 1 WHERE scope_no = $1";
        query(sql).bind(scope_no).execute(connection).await?;
    }
    Ok(())
}

/// What is there of scopes, of some accounts or of all.
async fn stored(
    connection: &mut Connection<'_>,
    scopes: &BTreeMap<i64, Vec<i64>>,
    accounts: Option<&BTreeSet<i64>>,
) -> Result<BTreeSet<(i64, i64)>, StoreError> {
    let select = match accounts {
        Some(accounts) => bulk(
            "WITH wanted (account_no) AS ({rows}) SELECT s.scope_no, s.account_no FROM wanted \
             CROSS JOIN scope_account s WHERE s.account_no = wanted.account_no",
            [Column::ints(accounts.iter().copied())],
        ),
        None => bulk(
            "WITH wanted (scope_no) AS ({rows}) SELECT s.scope_no, s.account_no FROM wanted \
             CROSS JOIN scope_account s WHERE s.scope_no = wanted.scope_no",
            [Column::ints(scopes.keys().copied())],
        ),
    };
    let rows: Vec<(i64, i64)> = select.fetch_all(connection).await?;
    Ok(rows.into_iter().filter(|(scope_no, _)| scopes.contains_key(scope_no)).collect())
}

/// What rules can look at, of some accounts or of all.
pub(super) async fn traits(
    connection: &mut Connection<'_>,
    accounts: Option<&BTreeSet<i64>>,
) -> Result<BTreeMap<i64, AccountTraits>, StoreError> {
    const ACCOUNTS: &str = "SELECT account.account_no, account.id, COALESCE(account.name, account.id) FROM ";
    const ATTRIBUTES: &str = "SELECT a.account_no, a.name, a.value FROM ";
    let rows: Vec<(i64, String, String)>;
    let attributes: Vec<(i64, String, String)>;
    match accounts {
        Some(accounts) => {
            let wanted = |select: &str, rest: &str| {
                let text = format!("WITH wanted (account_no) AS ({{rows}}) {select}wanted CROSS JOIN {rest}");
                bulk(text, [Column::ints(accounts.iter().copied())])
            };
            let select = wanted(ACCOUNTS, "account WHERE account.account_no = wanted.account_no");
            rows = select.fetch_all(connection).await?;
            let select =
                wanted(ATTRIBUTES, "account_attribute a WHERE a.account_no = wanted.account_no AND a.value <> ''");
            attributes = select.fetch_all(connection).await?;
        }
        None => {
            rows = query(AssertSqlSafe(format!("{ACCOUNTS}account"))).fetch_all(connection).await?;
            let select = query(AssertSqlSafe(format!("{ATTRIBUTES}account_attribute a WHERE a.value <> ''")));
            attributes = select.fetch_all(connection).await?;
        }
    }
    let account = |(account_no, id, name)| (account_no, AccountTraits { id, name, attributes: BTreeMap::new() });
    let mut traits: BTreeMap<i64, AccountTraits> = rows.into_iter().map(account).collect();
    for (account_no, name, value) in attributes {
        if let Some(account) = traits.get_mut(&account_no) {
            account.attributes.insert(name, value);
        }
    }
    Ok(traits)
}
