//! Erasing a user or an account: every row that is theirs or names them, in one transaction. What they added to the sums is
//! taken off again, so that every figure is what it would be without their events.
//!
//! What never lives here: whether a call or a text names somebody (`model::erasure`), and what is remembered outside the
//! database.

use super::{
    Store, StoreError,
    audit::{self, Author, EnteredChange, States, Subject, enter},
    connection::{BUSY_TIMEOUT, Connection, Writing},
    day_from_number,
    kept::hold_roll_ups,
    reject,
    rollup::{self, Sums, UserKey},
    scope::{Hold, hold_teams, settle_scopes},
    setting,
    statement::{Column, Query, bulk, query},
    tracking::Tracking,
    whole_day,
};
use crate::task::carry_out;
use model::{
    api::{
        Account, User,
        audit::AuditParty,
        erasure::{Erased, Erasure, ErasureKind, ErasurePreview},
    },
    audit::{Action, SubjectKind},
    erasure::{Called, ErasureChoice},
    instant::Instant,
    zone::day_start,
};
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::Range,
    time::Duration,
};

/// How many rejected events are looked through at once: with the largest, some megabytes.
const REJECTS: usize = 200;

/// How many rows of the audit log are looked through at once.
const CHANGES: u32 = 100;

/// The setting that holds up to which erasure the tables were written anew.
const VACUUMED: &str = "vacuumed";

/// How many users' days are added up at once.
const DAYS: usize = 200;

/// Rows, and as what they count.
type Rows = (&'static str, fn(&mut Erased) -> &mut i64);

/// What is found by the number of an account and of a user; 0 for every user there.
const OF_USER: [Rows; 3] = [
    ("account_user WHERE account_no = $1 AND ($2 = 0 OR user_no = $2)", |erased| &mut erased.users),
    (
        "user_day WHERE day IN (SELECT day FROM day_revision) AND account_no = $1 AND ($2 = 0 OR user_no = $2)",
        |erased| &mut erased.roll_ups,
    ),
    (
        "user_module_day WHERE day IN (SELECT day FROM day_revision) AND account_no = $1 AND ($2 = 0 OR user_no = $2)",
        |erased| &mut erased.roll_ups,
    ),
];

/// Likewise, from a moment on and before another one. No index leads to raw events: all of those moments are looked at.
const EVENTS: &str = "event WHERE account_no = $1 AND ($2 = 0 OR user_no = $2) AND time >= $3 AND time < $4";

/// All moments.
const EVER: Range<i64> = i64::MIN..i64::MAX;

/// What is found by the number of an account alone.
const OF_ACCOUNT: [Rows; 4] = [
    ("account WHERE account_no = $1", |erased| &mut erased.accounts),
    ("event_id WHERE account_no = $1", |erased| &mut erased.event_ids),
    ("account_attribute WHERE account_no = $1", |erased| &mut erased.attributes),
    ("late_day WHERE account_no = $1", |erased| &mut erased.late_days),
];

/// What names an account by its id in teams.
const IN_TEAMS: &str = "team_account_id WHERE account_id = $1";

/// What people call things that stay, and what each is.
const ELSEWHERE: [(&str, &str); 6] = [
    ("API key", "SELECT name FROM api_key ORDER BY name"),
    ("team", "SELECT name FROM team ORDER BY name"),
    ("member", "SELECT name FROM member ORDER BY name"),
    ("member", "SELECT email FROM member ORDER BY email"),
    ("module rule for", "SELECT prefix FROM module_rule ORDER BY place"),
    ("module rule for", "SELECT module FROM module_rule ORDER BY place"),
];

/// What is done with rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Count,
    Delete,
}

impl Store {
    /// What an erasure would erase; `None` where nothing is known of whom it is about.
    pub async fn preview_erasure(&self, choice: &ErasureChoice) -> Result<Option<ErasurePreview>, StoreError> {
        let mut reading = self.read().await?.without_timeout().await?;
        let connection = &mut reading.connection();
        let target = Target::find(connection, choice).await?;
        let found = Found::of(connection, &target).await?;
        let mut would_erase = found.counted();
        would_erase.events = events(connection, Deed::Count, &target, &found.users, EVER).await?;
        each(connection, Deed::Count, &target, &found.users, &mut would_erase).await?;
        let elsewhere = elsewhere(connection, &target, &found.called).await?;
        let name = |name: Option<&String>, id: &str| name.cloned().unwrap_or_else(|| id.to_owned());
        let preview = ErasurePreview {
            account: Account { id: choice.account.clone(), name: name(target.account_name.as_ref(), &choice.account) },
            user: choice.user.as_ref().map(|id| User { id: id.clone(), name: name(found.names.first(), id) }),
            would_erase,
            elsewhere,
        };
        Ok((!preview.would_erase.is_nothing()).then_some(preview))
    }

    /// Erases a user or an account. It is durable when this returns, but for the files of the database, which
    /// [`Store::clean`] takes care of. `None` where nothing is known of them. Must not be cancelled half-way: run it in a
    /// task of its own.
    pub async fn erase(&self, choice: &ErasureChoice, author: &Author) -> Result<Option<Erasure>, StoreError> {
        let writer = self.writer_apart().await?;
        let mut writing = Writing::begin(writer.lock().await).await?;
        let erased = self.erase_with(&mut writing.connection(), choice, author).await?;
        if erased.is_none() {
            return writing.roll_back(None).await;
        }
        writing.commit().await?;
        let forgotten = async {
            // From here on no answer that was begun before is given again.
            self.read().await.map(drop)?;
            self.drop_answers().await
        };
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "answers given before the erasure stay for a minute");
        }
        Ok(erased)
    }

    /// In the order in which whoever stores events takes the same: rejected events, identities, accounts, teams, sums.
    async fn erase_with(
        &self,
        connection: &mut Connection<'_>,
        choice: &ErasureChoice,
        author: &Author,
    ) -> Result<Option<Erasure>, StoreError> {
        hold_roll_ups(connection).await?;
        self.refuse_other_reporting(connection).await?;
        wait_for_other_erasures(connection).await?;
        let target = Target::find(connection, choice).await?;
        let users = target.users(connection).await?;
        // Takes longest, and nobody waits for it yet. Who stores some meanwhile raises the revisions of their days, which are
        // therefore read first.
        let before = revisions(connection).await?;
        let tracking = Tracking::read(connection).await?;
        let mut deleted = events(connection, Deed::Delete, &target, &users, EVER).await?;
        let mut sums = BTreeMap::new();
        for (day, _) in &before {
            sums.insert(*day, sums_of(connection, &target, &users, *day, &tracking).await?);
        }
        // Only now, because others wait for what goes, and found again, because they went on.
        let target = target.find_again(connection, choice).await?;
        let mut found = Found::of(connection, &target).await?;
        reject::drop_all(connection, &found.rejects).await?;
        drop_identities(connection, &target).await?;
        rollup::lock_accounts(connection, target.account_no.into_iter()).await?;
        found.users = target.users(connection).await?;
        let tracking = Tracking::read(connection).await?;
        for (day, _) in revisions(connection).await?.difference(&before) {
            let start = |day| day_start(&self.reporting.zone, day_from_number(day)).millis();
            let of_day = start(*day)..start(day + 1);
            deleted += events(connection, Deed::Delete, &target, &found.users, of_day).await?;
            sums.remove(day);
        }
        // Who is one of them only since then has a past that was not looked at.
        let is_late = |(number, ..): &&UserColumns| !users.iter().any(|(known, ..)| known == number);
        let late: Vec<UserColumns> = found.users.iter().filter(is_late).cloned().collect();
        if !target.is_account() && !late.is_empty() {
            deleted += events(connection, Deed::Delete, &target, &late, EVER).await?;
            sums.clear();
        }
        for (day, _) in revisions(connection).await? {
            if let Entry::Vacant(sums) = sums.entry(day) {
                sums.insert(sums_of(connection, &target, &found.users, day, &tracking).await?);
            }
        }
        if target.is_account() {
            // Nobody who works out what an account belongs to waits for this one from here on.
            hold_teams(connection, Hold::Alone).await?;
        }
        found.rules = rules_of(connection, &target).await?;
        let mut erased = Erased { events: deleted, ..found.counted() };
        each(connection, Deed::Delete, &target, &found.users, &mut erased).await?;
        if erased.is_nothing() {
            return Ok(None);
        }
        blank(connection, &found.texts).await?;
        drop_rules(connection, &found.rules).await?;
        let erasure = insert_receipt(connection, choice.kind(), erased, author).await?;
        // Last: all servers write to the same few rows of the sums.
        Sums::of_all(sums.into_values()).write_and_prune(connection).await?;
        Ok(Some(erasure))
    }

    /// Every receipt, newest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = "SELECT erasure_no, at, kind, author_kind, author_no, author, erased, cleaned_at FROM erasure \
                   ORDER BY erasure_no DESC";
        let rows: Vec<Fields> = query(sql).fetch_all(&mut self.read.begin().await?.connection()).await?;
        rows.into_iter().map(erasure_of).collect()
    }

    /// Takes what was erased out of the files of the database too, where that is yet to be done, and says whether it was.
    /// Events wait meanwhile on SQLite, whose file is written anew. That is done once for an erasure: with
    /// [`StoreError::StillRead`] only the log of writes is left, for which nobody waits.
    pub async fn clean(&self, now: Instant) -> Result<bool, StoreError> {
        self.clean_with(None, now).await
    }

    /// The same beside a server that may be running on the same file: where it would have to wait for longer than it does,
    /// nothing is done, and it fails with [`StoreError::Slow`].
    pub async fn clean_briefly(&self, now: Instant) -> Result<bool, StoreError> {
        // What was copied is written back, which can't be given up, and takes no longer than to copy it.
        self.clean_with(Some(BUSY_TIMEOUT / 3), now).await
    }

    async fn clean_with(&self, patience: Option<Duration>, now: Instant) -> Result<bool, StoreError> {
        let sql = "SELECT COALESCE(MAX(erasure_no), 0) FROM erasure WHERE cleaned_at = 0";
        let mut reading = self.read.begin().await?;
        let (newest,): (i64,) = query(sql).fetch_one(&mut reading.connection()).await?;
        let vacuumed = setting::get(&mut reading.connection(), VACUUMED).await?;
        drop(reading);
        if newest == 0 {
            return Ok(false);
        }
        let is_vacuumed = vacuumed.and_then(|number| number.parse::<i64>().ok()).is_some_and(|number| number >= newest);
        let store = self.clone();
        carry_out(async move {
            let writer = store.writer_apart().await?;
            if !is_vacuumed {
                // Whoever writes to SQLite waits for the writer, and does not run out of patience with a locked file.
                let writer = writer.lock().await;
                store.place.vacuum(patience).await?;
                let mut writing = Writing::begin(writer).await?;
                setting::put(&mut writing.connection_beside_days(), VACUUMED, &newest.to_string()).await?;
                writing.commit().await?;
            }
            store.place.move_log().await?;
            // Little is left of it: it is held up for a moment.
            let writer = writer.lock().await;
            if !store.place.empty_log().await? {
                return Err(StoreError::StillRead);
            }
            let mut writing = Writing::begin(writer).await?;
            let sql = "UPDATE erasure SET cleaned_at = $2 WHERE erasure_no <= $1 AND cleaned_at = 0";
            query(sql).bind(newest).bind(now.millis()).execute(&mut writing.connection_beside_days()).await?;
            writing.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// Whom an erasure is about, by what the database knows of them.
struct Target {
    /// The account's id.
    account: String,
    /// `None` where no account has it.
    account_no: Option<i64>,
    account_name: Option<String>,
    /// The ids by which its users are known that go; of an account those alone of whom calls told something.
    user_ids: BTreeSet<String>,
    /// The user's own; none where it is the account.
    user: Option<String>,
}

impl Target {
    async fn find(connection: &mut Connection<'_>, choice: &ErasureChoice) -> Result<Self, StoreError> {
        let ErasureChoice { account, user, .. } = choice.clone();
        let sql = "SELECT account_no, name FROM account WHERE id = $1";
        let known: Option<(i64, Option<String>)> = query(sql).bind(&*account).fetch_optional(connection).await?;
        let (account_no, account_name) = known.map_or((None, None), |(number, name)| (Some(number), name));
        let mut user_ids: BTreeSet<String> = match &user {
            Some(user) => [user.clone()].into(),
            None => {
                let sql = "SELECT user_id FROM identity WHERE kind = 'account' AND value = $1 \
                           UNION SELECT id FROM account_user WHERE account_no = $2";
                let of_account = query(sql).bind(&*account).bind(account_no.unwrap_or_default());
                of_account.fetch_all::<(String,)>(connection).await?.into_iter().map(|(id,)| id).collect()
            }
        };
        // Who says of themselves that they are one of these users.
        let text = "WITH wanted (user_id) AS ({rows}) SELECT i.user_id FROM identity i \
                    WHERE i.kind = 'alias' AND i.value IN (SELECT user_id FROM wanted)";
        let others = bulk(text, [Column::texts(user_ids.iter().map(String::as_str))]);
        let others: Vec<(String,)> = others.fetch_all(connection).await?;
        user_ids.extend(others.into_iter().map(|(id,)| id));
        // Who belongs to another account by now is another person to this one.
        let text = "WITH wanted (user_id, account) AS ({rows}) SELECT wanted.user_id FROM wanted CROSS JOIN identity i \
                    WHERE i.user_id = wanted.user_id AND i.kind = 'account' AND i.value <> wanted.account";
        let elsewhere = [
            Column::texts(user_ids.iter().map(String::as_str)),
            Column::texts(user_ids.iter().map(|_| account.as_str())),
        ];
        for (id,) in bulk(text, elsewhere).fetch_all::<(String,)>(connection).await? {
            user_ids.remove(&id);
        }
        Ok(Self { account, account_no, account_name, user_ids, user })
    }

    /// The same, and who is known as the user since then; whoever was stays one of them.
    async fn find_again(self, connection: &mut Connection<'_>, choice: &ErasureChoice) -> Result<Self, StoreError> {
        let mut again = Self::find(connection, choice).await?;
        if !self.is_account() {
            again.user_ids.extend(self.user_ids);
        }
        Ok(again)
    }

    fn is_account(&self) -> bool {
        self.user.is_none()
    }

    /// Whether this is the account's id or, in any case, its name.
    fn is_named_by(&self, value: &str) -> bool {
        let name = self.account_name.as_ref().map(|name| name.to_lowercase());
        value == self.account || name.is_some_and(|name| name == value.to_lowercase())
    }

    /// The users that go; of an account all.
    async fn users(&self, connection: &mut Connection<'_>) -> Result<Vec<UserColumns>, StoreError> {
        let sql = "SELECT user_no, id, name FROM account_user WHERE account_no = $1";
        let of_account = query(sql).bind(self.account_no.unwrap_or_default());
        let mut users: Vec<UserColumns> = of_account.fetch_all(connection).await?;
        if !self.is_account() {
            users.retain(|(_, id, _)| self.user_ids.contains(id) || self.user.as_ref() == Some(id));
        }
        Ok(users)
    }

    /// The numbers by which their rows are found; 0 for all of the account.
    fn numbers(&self, users: &[UserColumns]) -> Vec<i64> {
        if self.is_account() { vec![0] } else { users.iter().map(|(user_no, ..)| *user_no).collect() }
    }
}

/// Number, id and name of a user.
type UserColumns = (i64, String, Option<String>);

/// What names whom an erasure is about, or is theirs.
struct Found {
    /// The users that go.
    users: Vec<UserColumns>,
    /// What the users are called, the newest name of who was asked for first.
    names: Vec<String>,
    identities: i64,
    /// By their numbers.
    rejects: Vec<i64>,
    /// Row of the audit log, and which of its texts are blanked.
    texts: Vec<(i64, [bool; 3])>,
    /// Team and place of each.
    rules: Vec<(i64, i64)>,
    called: Called,
}

impl Found {
    async fn of(connection: &mut Connection<'_>, target: &Target) -> Result<Self, StoreError> {
        let users = target.users(connection).await?;
        let told = told(connection, target).await?;
        let own = users.iter().filter(|(_, id, _)| target.user.as_ref() == Some(id));
        let others = users.iter().filter(|(_, id, _)| target.user.as_ref() != Some(id));
        let names = own.chain(others).filter_map(|(.., name)| name.clone());
        let told_names = told.iter().filter(|(_, kind, _)| kind == "name").map(|(.., name)| name.clone());
        let names: Vec<String> = names.chain(told_names).collect();
        let of_account = target.account_name.iter().chain([&target.account]).filter(|_| target.is_account());
        let ids = users.iter().map(|(_, id, _)| id).chain(&target.user_ids).chain(&target.user);
        let called = Called::new(&target.account, of_account.cloned(), ids.chain(&names).cloned());
        let rejects = rejects_of(connection, &called).await?;
        let texts = texts_of(connection, &called).await?;
        let identities = i64::try_from(told.len()).unwrap_or(i64::MAX);
        let rules = rules_of(connection, target).await?;
        Ok(Self { users, names, identities, rejects, texts, rules, called })
    }

    /// How many of each there are of what was found by what it says.
    fn counted(&self) -> Erased {
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let texts = self.texts.iter().map(|(_, texts)| texts.iter().filter(|blanked| **blanked).count()).sum();
        Erased {
            identities: self.identities,
            rejects: length(self.rejects.len()),
            audit_texts: length(texts),
            team_entries: length(self.rules.len()),
            ..Erased::default()
        }
    }
}

/// Does something with all rows that are found by numbers or by the account's id, and counts them.
async fn each(
    connection: &mut Connection<'_>,
    deed: Deed,
    target: &Target,
    users: &[UserColumns],
    erased: &mut Erased,
) -> Result<(), StoreError> {
    if let Some(account_no) = target.account_no {
        for user_no in target.numbers(users) {
            for (rows, counted) in OF_USER {
                let done = with(deed, rows, |query| query.bind(account_no).bind(user_no));
                *counted(erased) += done.run(connection).await?;
            }
        }
    }
    if !target.is_account() {
        return Ok(());
    }
    if let Some(account_no) = target.account_no {
        for (rows, counted) in OF_ACCOUNT {
            *counted(erased) += with(deed, rows, |query| query.bind(account_no)).run(connection).await?;
        }
        if deed == Deed::Delete {
            // What it belongs to was worked out, and is nothing of its own.
            query("DELETE FROM scope_account WHERE account_no = $1").bind(account_no).execute(connection).await?;
        }
    }
    erased.team_entries += with(deed, IN_TEAMS, |query| query.bind(&*target.account)).run(connection).await?;
    Ok(())
}

/// The rules of teams that hold the id or the name of an account that goes, and nothing else.
async fn rules_of(connection: &mut Connection<'_>, target: &Target) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "SELECT team_no, place, value FROM team_rule WHERE looks_at IN ('id', 'name') ORDER BY team_no, place";
    let rules: Vec<(i64, i64, String)> = query(sql).fetch_all(connection).await?;
    let rules = rules.into_iter().filter(|(.., value)| target.is_account() && target.is_named_by(value));
    Ok(rules.map(|(team_no, place, _)| (team_no, place)).collect())
}

/// Drops rules, and works out what their teams see without. The teams are held alone.
async fn drop_rules(connection: &mut Connection<'_>, rules: &[(i64, i64)]) -> Result<(), StoreError> {
    for (team_no, place) in rules {
        let sql = "DELETE FROM team_rule WHERE team_no = $1 AND place = $2";
        query(sql).bind(*team_no).bind(*place).execute(connection).await?;
    }
    for team_no in rules.iter().map(|(team_no, _)| *team_no).collect::<BTreeSet<i64>>() {
        settle_scopes(connection, Some(team_no)).await?;
    }
    Ok(())
}

/// What else names them, and stays: only those who called it so can say what else to call it.
async fn elsewhere(
    connection: &mut Connection<'_>,
    target: &Target,
    called: &Called,
) -> Result<Vec<String>, StoreError> {
    let mut elsewhere = Vec::new();
    for (what, sql) in ELSEWHERE {
        let names: Vec<(String,)> = query(sql).fetch_all(connection).await?;
        let naming = names.into_iter().filter(|(name,)| called.is_in_text(name));
        elsewhere.extend(naming.map(|(name,)| format!("{what} {name}")));
    }
    let sql = "SELECT looks_at, value FROM team_rule ORDER BY team_no, place";
    let rules: Vec<(String, String)> = query(sql).fetch_all(connection).await?;
    let goes = |on: &str, value: &str| target.is_account() && on != "attribute" && target.is_named_by(value);
    let naming = rules.into_iter().filter(|(on, value)| called.is_in_text(value) && !goes(on, value));
    elsewhere.extend(naming.map(|(_, value)| format!("rule of a team for {value}")));
    Ok(elsewhere)
}

/// Counts or deletes raw events, and says how many there are, or were.
async fn events(
    connection: &mut Connection<'_>,
    deed: Deed,
    target: &Target,
    users: &[UserColumns],
    moments: Range<i64>,
) -> Result<i64, StoreError> {
    let mut events = 0;
    let Some(account_no) = target.account_no else { return Ok(events) };
    for user_no in target.numbers(users) {
        let of_user =
            with(deed, EVENTS, |query| query.bind(account_no).bind(user_no).bind(moments.start).bind(moments.end));
        events += of_user.run(connection).await?;
    }
    Ok(events)
}

/// Every day that has events, with its revision.
async fn revisions(connection: &mut Connection<'_>) -> Result<BTreeSet<(i64, i64)>, StoreError> {
    let days: Vec<(i64, i64)> = query("SELECT day, revision FROM day_revision").fetch_all(connection).await?;
    Ok(days.into_iter().collect())
}

/// A statement that counts or deletes rows.
struct OfRows<'a>(Deed, Query<'a>);

fn with<'a>(deed: Deed, rows: &str, bind: impl FnOnce(Query<'a>) -> Query<'a>) -> OfRows<'a> {
    let does = match deed {
        Deed::Count => "SELECT COUNT(*)",
        Deed::Delete => "DELETE",
    };
    OfRows(deed, bind(query(AssertSqlSafe(format!("{does} FROM {rows}")))))
}

impl OfRows<'_> {
    /// Runs it, and says how many rows there are, or were.
    async fn run(self, connection: &mut Connection<'_>) -> Result<i64, StoreError> {
        match self {
            Self(Deed::Count, query) => Ok(query.fetch_one::<(i64,)>(connection).await?.0),
            Self(Deed::Delete, query) => Ok(i64::try_from(query.execute(connection).await?).unwrap_or(i64::MAX)),
        }
    }
}

/// What is left of the sums without what users added to them on a day, as a change of these.
async fn sums_of(
    connection: &mut Connection<'_>,
    target: &Target,
    users: &[UserColumns],
    day: i64,
    tracking: &Tracking,
) -> Result<Sums, StoreError> {
    let mut sums = Sums::default();
    let Some(account_no) = target.account_no else { return Ok(sums) };
    for user_no in target.numbers(users) {
        let sql = "SELECT DISTINCT d.day, d.account_no, d.user_no FROM user_module_day d \
                   WHERE d.day = $1 AND d.account_no = $2 AND ($3 = 0 OR d.user_no = $3)";
        let keys: Vec<UserKey> = query(sql).bind(day).bind(account_no).bind(user_no).fetch_all(connection).await?;
        for keys in keys.chunks(DAYS) {
            for day in whole_day::read(connection, keys).await? {
                sums.take(&day.contribution(tracking));
            }
        }
    }
    Ok(sums)
}

/// What calls told of whom an erasure is about: of whom, of which kind, and what.
async fn told(connection: &mut Connection<'_>, target: &Target) -> Result<Vec<(String, String, String)>, StoreError> {
    let text = "WITH wanted (user_id) AS ({rows}) SELECT i.user_id, i.kind, i.value FROM identity i \
                WHERE i.user_id IN (SELECT user_id FROM wanted) \
                OR i.kind = 'alias' AND i.value IN (SELECT user_id FROM wanted)";
    let ids = Column::texts(target.user_ids.iter().map(String::as_str));
    let told: Vec<(String, String, String)> = bulk(text, [ids]).fetch_all(connection).await?;
    // Several statements find a row several times.
    Ok(told.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
}

/// Drops what was told, in the order in which it is written, so that two transactions never wait for each other.
async fn drop_identities(connection: &mut Connection<'_>, target: &Target) -> Result<(), StoreError> {
    for (user_id, kind, _) in told(connection, target).await? {
        let sql = "DELETE FROM identity WHERE user_id = $1 AND kind = $2";
        query(sql).bind(&*user_id).bind(&*kind).execute(connection).await?;
    }
    Ok(())
}

/// Of two erasures at once, the second waits here, however long the first takes.
async fn wait_for_other_erasures(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    let is_shared = matches!(connection, Connection::Postgres(_));
    if is_shared {
        query("SET LOCAL lock_timeout = 0").execute(connection).await?;
    }
    setting::count_erasure(connection).await?;
    if is_shared {
        query("SET LOCAL lock_timeout TO DEFAULT").execute(connection).await?;
    }
    Ok(())
}

/// The rejected events that name somebody.
async fn rejects_of(connection: &mut Connection<'_>, called: &Called) -> Result<Vec<i64>, StoreError> {
    let (mut rejects, mut after) = (Vec::new(), 0);
    loop {
        let page = reject::page(connection, after, REJECTS).await?;
        let Some(last) = page.last() else { return Ok(rejects) };
        after = last.number;
        let named = page.iter().filter(|reject| called.is_in_call(&reject.body) || called.is_in_text(&reject.detail));
        rejects.extend(named.map(|reject| reject.number));
    }
}

/// The texts of the audit log that name somebody. Whoever changed something is a member, who is no user.
async fn texts_of(connection: &mut Connection<'_>, called: &Called) -> Result<Vec<(i64, [bool; 3])>, StoreError> {
    let (mut texts, mut before) = (Vec::new(), None);
    loop {
        let (page, _) = audit::page(connection, before, CHANGES).await?;
        let Some(last) = page.last() else { return Ok(texts) };
        before = Some(last.number);
        for EnteredChange { number, subject: (kind, _, name), before, after, .. } in page {
            let is_member = kind == SubjectKind::Member.as_str();
            let named = [!is_member && called.is_in_text(&name), called.is_in_text(&before), called.is_in_text(&after)];
            if named.contains(&true) {
                texts.push((number, named));
            }
        }
    }
}

/// Blanks texts of the audit log.
async fn blank(connection: &mut Connection<'_>, texts: &[(i64, [bool; 3])]) -> Result<(), StoreError> {
    for (number, named) in texts {
        for (column, _) in ["subject", "state_before", "state_after"].iter().zip(named).filter(|(_, named)| **named) {
            let sql = AssertSqlSafe(format!("UPDATE audit SET {column} = '' WHERE audit_no = $1"));
            query(sql).bind(*number).execute(connection).await?;
        }
    }
    Ok(())
}

/// Number, when, kind, kind, number and name of who did it, what, and when it was gone from the files.
type Fields = (i64, i64, String, String, i64, String, String, i64);

fn erasure_of(fields: Fields) -> Result<Erasure, StoreError> {
    let (id, at, kind, author_kind, author_no, name, erased, cleaned_at) = fields;
    let known = [ErasureKind::Account, ErasureKind::User].into_iter().find(|known| known.as_str() == kind);
    Ok(Erasure {
        id,
        at: Instant::from_millis(at),
        kind: known.ok_or(StoreError::Setting { name: "kind", value: kind })?,
        author: AuditParty { kind: author_kind, id: author_no, name },
        erased: serde_json::from_str(&erased).map_err(|_| StoreError::Setting { name: "erased", value: erased })?,
        cleaned: Some(cleaned_at).filter(|at| *at > 0).map(Instant::from_millis),
    })
}

/// Makes a receipt, and enters it in the audit log. Neither says who was erased, not even as a hash, which would tell who
/// knows whom to try.
async fn insert_receipt(
    connection: &mut Connection<'_>,
    kind: ErasureKind,
    erased: Erased,
    author: &Author,
) -> Result<Erasure, StoreError> {
    let counts = json!(erased).to_string();
    let sql = "INSERT INTO erasure (at, kind, author_kind, author_no, author, erased) VALUES ($1, $2, $3, $4, $5, $6) \
               RETURNING erasure_no";
    let (id,): (i64,) = query(sql)
        .bind(author.at.millis())
        .bind(kind.as_str())
        .bind(author.kind.as_str())
        .bind(author.number)
        .bind(&*author.name)
        .bind(&*counts)
        .fetch_one(connection)
        .await?;
    let states = States::new(json!({"receipt": id, "kind": kind, "erased": erased}));
    enter(connection, author, Action::Erase, &Subject::workspace(), states).await?;
    let by = AuditParty { kind: author.kind.as_str().to_owned(), id: author.number, name: author.name.clone() };
    Ok(Erasure { id, at: author.at, kind, author: by, erased, cleaned: None })
}
