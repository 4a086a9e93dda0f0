//! What modules and activities are shown as, in the database and in memory; and changing it, with all that follows for the
//! roll-ups. How it follows from what was chosen is worked out in `model::tracking`.

use super::{
    Reading, Scope, Store, StoreError,
    audit::{self, Author, States, Subject},
    connection::Connection,
    day_from_number, day_number,
    kept::{NewSums, as_sent},
    rebuild,
    scope::Sums,
    setting,
    statement::{Column, bulk, query},
    whole_day::{self, Prepared},
};
use foldhash::HashMap;
use model::{
    Day,
    api::tracking::{UNTRACKED, Untracked},
    audit::{Action, SubjectKind},
    period::Period,
    tracking::{Choice, SentActivity, SentModule, SentName, SentNames, ShownActivity, ShownNames},
    uses::DayUses,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How long a change waits for who works on the events: as long, nobody else stores any.
const PATIENCE: Duration = Duration::from_secs(2);

/// What modules and activities are shown as, by number: what is not in here stands for itself and is tracked.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracking {
    /// Counted up with every change; none before it was read.
    revision: Option<i64>,
    modules: HashMap<i64, Shown>,
    activities: HashMap<i64, Shown>,
}

/// What a module or an activity is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The number of what stands for it.
    pub(super) number: i64,
    /// Whether that is tracked.
    pub(super) tracked: bool,
}

impl Tracking {
    /// As the database has it.
    pub(super) async fn read(connection: &mut Connection<'_>) -> Result<Self, StoreError> {
        let revision = Some(setting::standing(connection).await?.map_or(0, |standing| standing.tracking));
        let modules = "SELECT m.module_no, s.module_no, s.tracked FROM module m \
                       JOIN module s ON s.module_no = COALESCE(m.shown_no, m.module_no) \
                       WHERE m.shown_no IS NOT NULL OR m.tracked = 0";
        let activities = "SELECT activity_no, COALESCE(shown_no, activity_no), shown_tracked FROM activity \
                          WHERE shown_no IS NOT NULL OR shown_tracked = 0";
        Ok(Self {
            revision,
            modules: by_number(query(modules).fetch_all(connection).await?),
            activities: by_number(query(activities).fetch_all(connection).await?),
        })
    }

    /// As it follows from what was chosen.
    fn of(names: &SentNames) -> Self {
        let shown = names.shown();
        let is_tracked = |number: &i64| names.modules.get(number).is_none_or(|module| module.choice.tracked);
        let modules = shown.modules.iter().map(|(sent, number)| (*sent, *number, is_tracked(number).into()));
        let activities = shown.activities.iter().map(|(sent, of)| (*sent, of.number, of.tracked.into()));
        Self { revision: None, modules: by_number(modules.collect()), activities: by_number(activities.collect()) }
    }

    /// Whether both show every name as the same.
    pub(super) fn shows_as(&self, other: &Self) -> bool {
        (&self.modules, &self.activities) == (&other.modules, &other.activities)
    }

    /// What a module is shown as.
    pub(super) fn module(&self, module_no: i64) -> Shown {
        shown(&self.modules, module_no)
    }

    /// What an activity is shown as where it is tracked, as far as its module is. A heartbeat is none.
    pub(super) fn tracked_activity(&self, activity_no: i64) -> Option<i64> {
        let Shown { number, tracked } = shown(&self.activities, activity_no);
        (tracked && activity_no > 0).then_some(number)
    }

    /// How often each shown activity was done that is tracked, in a module that is: each once.
    pub(super) fn actions(&self, uses: &DayUses) -> Vec<(i64, i64)> {
        let mut actions: Vec<(i64, i64)> = Vec::new();
        for uses in uses.by_activity() {
            let Some(shown) = self.tracked_activity(uses[0].activity) else { continue };
            let count = uses.iter().map(|of| of.count).sum::<i64>();
            match actions.iter_mut().find(|(number, _)| !self.activities.is_empty() && *number == shown) {
                Some((_, sum)) => *sum += count,
                None => actions.push((shown, count)),
            }
        }
        actions
    }

    /// Whether a shown activity was done.
    pub(super) fn has(&self, uses: &DayUses, shown: i64) -> bool {
        match self.activities.is_empty() {
            true => uses.has(shown),
            false => uses.by_activity().any(|uses| self.tracked_activity(uses[0].activity) == Some(shown)),
        }
    }

    /// Whether it is that of a revision, and what is new in this transaction stands for itself.
    pub(super) fn stands(&self, revision: i64, new_activities: &[i64]) -> bool {
        self.revision == Some(revision) && (new_activities.is_empty() || !self.merges_modules())
    }

    /// Makes it that of a revision, and works out what new activities are shown as. Must be called where nobody else
    /// changes what is tracked.
    pub(super) async fn settle(
        &mut self,
        connection: &mut Connection<'_>,
        revision: i64,
        new_activities: &[i64],
    ) -> Result<(), StoreError> {
        if self.revision != Some(revision) {
            *self = Self::read(connection).await?;
        }
        if self.stands(revision, new_activities) {
            return Ok(());
        }
        // First: of two servers that bring two activities which are one, the second waits here for the first.
        let revision = setting::hold_tracking(connection).await?;
        if self.revision != revision {
            *self = Self::read(connection).await?;
        }
        let shown = show_new(connection, self, new_activities).await?;
        // What stands for itself every server takes for that anyway.
        if !shown.is_empty() {
            self.revision = Some(setting::raise_tracking(connection).await?);
            self.activities.extend(shown);
        }
        Ok(())
    }

    /// The modules of each shown module that are shown as one with others.
    fn joined_modules(&self) -> BTreeMap<i64, BTreeSet<i64>> {
        let mut joined: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for (number, shown) in self.modules.iter().filter(|(number, shown)| shown.number != **number) {
            joined.entry(shown.number).or_default().extend([*number, shown.number]);
        }
        joined
    }

    fn merges_modules(&self) -> bool {
        self.modules.iter().any(|(number, shown)| shown.number != *number)
    }
}

fn by_number(rows: Vec<(i64, i64, i64)>) -> HashMap<i64, Shown> {
    let shown = rows.into_iter().map(|(sent, number, tracked)| (sent, Shown { number, tracked: tracked != 0 }));
    shown.filter(|(sent, shown)| shown.number != *sent || !shown.tracked).collect()
}

fn shown(others: &HashMap<i64, Shown>, number: i64) -> Shown {
    others.get(&number).copied().unwrap_or(Shown { number, tracked: true })
}

/// Every name, and what the database has of what it is shown as.
struct StoredNames {
    sent: SentNames,
    stored: StoredShown,
}

/// What the database has of what names are shown as, by number.
#[derive(Default)]
struct StoredShown {
    /// Of modules: by which they are shown, if by another; else 0.
    modules: BTreeMap<i64, i64>,
    activities: BTreeMap<i64, StoredActivity>,
}

/// The same of an activity: what stands for it, in which module, called what, and whether it is tracked. Zeros and empty
/// texts are NULL in the database.
#[derive(Clone, Default, PartialEq, Eq)]
struct StoredActivity {
    shown_no: i64,
    module_no: i64,
    name: String,
    tracked: i64,
}

impl StoredNames {
    fn add_activities(&mut self, rows: Vec<ActivityFields>) {
        for (
            number,
            module_no,
            action,
            display_name,
            tracked,
            merged_into,
            shown_no,
            shown_module_no,
            name,
            of_shown,
        ) in rows
        {
            let choice = Choice { display_name, tracked: tracked != 0, merged_into };
            let activity = SentActivity { module_no, action, choice, shown_no: (shown_no != 0).then_some(shown_no) };
            self.sent.activities.insert(number, activity);
            let stored = StoredActivity { shown_no, module_no: shown_module_no, name, tracked: of_shown };
            self.stored.activities.insert(number, stored);
        }
    }
}

/// What is read of an activity.
const ACTIVITY_COLUMNS: &str = "a.activity_no, a.module_no, a.action, a.display_name, a.tracked, a.merged_into, \
    COALESCE(a.shown_no, 0), COALESCE(a.shown_module_no, 0), COALESCE(a.shown_name, ''), a.shown_tracked";

type ActivityFields = (i64, i64, String, Option<String>, i64, Option<i64>, i64, i64, String, i64);

async fn sent_names(connection: &mut Connection<'_>) -> Result<StoredNames, StoreError> {
    let mut names = StoredNames { sent: SentNames::default(), stored: StoredShown::default() };
    let sql = "SELECT module_no, name, display_name, tracked, merged_into, COALESCE(shown_no, 0) FROM module";
    type ModuleFields = (i64, String, Option<String>, i64, Option<i64>, i64);
    for (number, name, display_name, tracked, merged_into, shown_no) in
        query(sql).fetch_all::<ModuleFields>(connection).await?
    {
        let choice = Choice { display_name, tracked: tracked != 0, merged_into };
        names.sent.modules.insert(number, SentModule { name, choice });
        names.stored.modules.insert(number, shown_no);
    }
    let activities = query(AssertSqlSafe(format!("SELECT {ACTIVITY_COLUMNS} FROM activity a")));
    names.add_activities(activities.fetch_all(connection).await?);
    Ok(names)
}

/// New activities of modules that are shown as one with others, and all that has a say in what these are shown as.
async fn names_beside(
    connection: &mut Connection<'_>,
    tracking: &Tracking,
    new: &[i64],
) -> Result<StoredNames, StoreError> {
    let joined = tracking.joined_modules();
    let mut names = StoredNames { sent: SentNames::default(), stored: StoredShown::default() };
    names.add_activities(activities_by_number(connection, new.iter().copied()).await?);
    names.sent.activities.retain(|_, activity| joined.contains_key(&tracking.module(activity.module_no).number));
    let mut same: BTreeSet<(i64, String)> = BTreeSet::new();
    for SentActivity { module_no, action, .. } in names.sent.activities.values() {
        let shown_no = tracking.module(*module_no).number;
        for &module_no in &joined[&shown_no] {
            same.insert((module_no, action.clone()));
            let merged_into = (module_no != shown_no).then_some(shown_no);
            // What else there is to a module has no say.
            let module = SentModule { name: String::new(), choice: Choice { merged_into, ..Choice::default() } };
            names.sent.modules.insert(module_no, module);
        }
    }
    let text = format!(
        "WITH wanted (module_no, action) AS ({{rows}}) SELECT {ACTIVITY_COLUMNS} FROM wanted CROSS JOIN activity a \
         WHERE a.module_no = wanted.module_no AND a.action = wanted.action"
    );
    let columns =
        [Column::ints(same.iter().map(|of| of.0)), Column::texts(same.iter().map(|(_, action)| action.as_str()))];
    names.add_activities(bulk(text, columns).fetch_all(connection).await?);
    let merged: BTreeSet<i64> =
        names.sent.activities.values().filter_map(|activity| activity.choice.merged_into).collect();
    names.add_activities(activities_by_number(connection, merged.into_iter()).await?);
    Ok(names)
}

async fn activities_by_number(
    connection: &mut Connection<'_>,
    numbers: impl Iterator<Item = i64>,
) -> Result<Vec<ActivityFields>, StoreError> {
    let text = format!(
        "WITH wanted (activity_no) AS ({{rows}}) SELECT {ACTIVITY_COLUMNS} FROM wanted CROSS JOIN activity a \
         WHERE a.activity_no = wanted.activity_no"
    );
    bulk(text, [Column::ints(numbers)]).fetch_all(connection).await
}

/// Works out what new activities are shown as, writes it, and returns those that don't stand for themselves. A new name
/// changes nothing of what the others are shown as.
async fn show_new(
    connection: &mut Connection<'_>,
    tracking: &Tracking,
    new: &[i64],
) -> Result<Vec<(i64, Shown)>, StoreError> {
    let StoredNames { sent, stored } = names_beside(connection, tracking, new).await?;
    let mut shown = sent.shown();
    let new: BTreeSet<i64> = new.iter().copied().collect();
    shown.activities.retain(|number, _| new.contains(number));
    put_shown_activities(connection, &sent, &shown, &stored.activities).await?;
    let as_others = shown.activities.iter().map(|(sent, of)| (*sent, Shown { number: of.number, tracked: of.tracked }));
    Ok(as_others.filter(|(sent, shown)| shown.number != *sent || !shown.tracked).collect())
}

/// Works out what names are shown as, and writes what differs from what is there.
async fn put_shown(connection: &mut Connection<'_>, names: &SentNames, stored: StoredShown) -> Result<(), StoreError> {
    let shown = names.shown();
    let shown_by = |(number, shown): (&i64, &i64)| (*number, if shown == number { 0 } else { *shown });
    let changed = |(number, shown): &(i64, i64)| stored.modules.get(number) != Some(shown);
    let modules: Vec<(i64, i64)> = shown.modules.iter().map(shown_by).filter(changed).collect();
    bulk(
        "WITH shown (module_no, shown_no) AS ({rows}) UPDATE module SET shown_no = NULLIF(shown.shown_no, 0) \
         FROM shown WHERE module.module_no = shown.module_no",
        [Column::ints(modules.iter().map(|row| row.0)), Column::ints(modules.iter().map(|row| row.1))],
    )
    .execute(connection)
    .await?;
    put_shown_activities(connection, names, &shown, &stored.activities).await
}

/// The same of activities alone.
async fn put_shown_activities(
    connection: &mut Connection<'_>,
    names: &SentNames,
    ShownNames { modules, activities }: &ShownNames,
    stored: &BTreeMap<i64, StoredActivity>,
) -> Result<(), StoreError> {
    let mut joined: BTreeMap<i64, usize> = BTreeMap::new();
    modules.values().for_each(|shown| *joined.entry(*shown).or_default() += 1);
    let activity = |(number, shown): (&i64, &ShownActivity)| {
        // Where modules are joined, others may come that are the same.
        let stands_for_others = shown.number != *number || joined.get(&shown.module_no).is_some_and(|count| *count > 1);
        let is_elsewhere = names.activities.get(number).is_some_and(|sent| sent.module_no != shown.module_no);
        let activity = StoredActivity {
            shown_no: if stands_for_others { shown.number } else { 0 },
            module_no: if is_elsewhere { shown.module_no } else { 0 },
            name: shown.display_name.clone().unwrap_or_default(),
            tracked: shown.tracked.into(),
        };
        (*number, activity)
    };
    let activities: Vec<(i64, StoredActivity)> =
        activities.iter().map(activity).filter(|(number, shown)| stored.get(number) != Some(shown)).collect();
    bulk(
        "WITH shown (activity_no, shown_no, module_no, name, tracked) AS ({rows}) UPDATE activity SET \
         shown_no = NULLIF(shown.shown_no, 0), shown_module_no = NULLIF(shown.module_no, 0), \
         shown_name = NULLIF(shown.name, ''), shown_tracked = shown.tracked \
         FROM shown WHERE activity.activity_no = shown.activity_no",
        [
            Column::ints(activities.iter().map(|row| row.0)),
            Column::ints(activities.iter().map(|row| row.1.shown_no)),
            Column::ints(activities.iter().map(|row| row.1.module_no)),
            Column::texts(activities.iter().map(|row| row.1.name.as_str())),
            Column::ints(activities.iter().map(|row| row.1.tracked)),
        ],
    )
    .execute(connection)
    .await
}

impl Store {
    /// Chooses something for a module or an activity, for all there was and all that comes, and returns what is chosen now;
    /// `None` where there is no such one. Whoever stores events waits meanwhile; where others work on the events for long,
    /// it fails. Must not be cancelled half-way: run it in a task of its own.
    pub async fn choose(&self, name: SentName, choice: Choice, author: &Author) -> Result<Option<Choice>, StoreError> {
        // One at a time: the next is prepared from what this one leaves.
        let _alone = self.choosing.lock().await;
        let prepared = self.prepare(name, choice.clone()).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a change of what is tracked was not prepared, and takes longer");
            None
        });
        self.choose_prepared(name, choice, prepared, author).await
    }

    /// Computes what a choice makes of what users did, beside whoever stores events. Nothing where it makes nothing of it,
    /// or can't be chosen.
    async fn prepare(&self, name: SentName, choice: Choice) -> Result<Option<Prepared>, StoreError> {
        let mut reading = self.read().await?.without_timeout().await?;
        let mut sent = reading.sent_names().await?;
        let before = Tracking::of(&sent);
        if sent.choose(name, choice).is_err() {
            return Ok(None);
        }
        let after = Tracking::of(&sent);
        let Some(change) = of_days(&sent, before, after) else { return Ok(None) };
        Prepared::compute(&mut reading.connection(), self.reporting, change).await.map(Some)
    }

    /// Chooses it, with what was prepared for that as far as it still holds.
    async fn choose_prepared(
        &self,
        name: SentName,
        choice: Choice,
        prepared: Option<Prepared>,
        author: &Author,
    ) -> Result<Option<Choice>, StoreError> {
        let mut writing = self.write().await?;
        let change = match self.find_change(&mut writing.connection_beside_days(), name, choice).await {
            Ok(Wanted::Change(change)) => change,
            Ok(Wanted::Nothing(chosen)) => return writing.roll_back(chosen).await,
            Err(error @ (StoreError::Choice(_) | StoreError::Occupied)) => {
                return writing.roll_back(Err(error)).await?;
            }
            Err(error) => return Err(error),
        };
        let chosen = chosen(&change.sent, name).cloned();
        let revision = self.change(&mut writing.connection(), name, *change, prepared, author).await?;
        writing.commit().await?;
        self.saw_tracking(revision);
        Ok(chosen)
    }

    /// What a choice would change, where nobody else changes what is tracked or stores events.
    async fn find_change(
        &self,
        connection: &mut Connection<'_>,
        name: SentName,
        choice: Choice,
    ) -> Result<Wanted, StoreError> {
        rebuild::hold_events(connection, Some(PATIENCE)).await?;
        self.refuse_other_reporting(connection).await?;
        let StoredNames { mut sent, stored } = sent_names(connection).await?;
        let Some(subject) = subject(&sent, name) else { return Ok(Wanted::Nothing(None)) };
        let before = state(&sent, name);
        sent.choose(name, choice).map_err(StoreError::Choice)?;
        let states = States { before, after: state(&sent, name) };
        if states.before == states.after {
            return Ok(Wanted::Nothing(chosen(&sent, name).cloned()));
        }
        Ok(Wanted::Change(Box::new(Change { sent, stored, subject, states })))
    }

    /// Makes a change, and returns the revision that what is tracked has got by it.
    async fn change(
        &self,
        connection: &mut Connection<'_>,
        name: SentName,
        Change { sent, stored, subject, states }: Change,
        prepared: Option<Prepared>,
        author: &Author,
    ) -> Result<i64, StoreError> {
        let before = Tracking::read(connection).await?;
        put_choice(connection, &sent, name).await?;
        put_shown(connection, &sent, stored).await?;
        let after = Tracking::read(connection).await?;
        if let Some(change) = of_days(&sent, before, after) {
            whole_day::show_again(connection, self.reporting, &change, prepared).await?;
        }
        let revision = setting::raise_tracking(connection).await?;
        audit::enter(connection, author, Action::ChangeTracking, &subject, states).await?;
        Ok(revision)
    }
}

/// What somebody wants who chooses something.
enum Wanted {
    Change(Box<Change>),
    /// It is so already; or there is no such module or activity, and so nothing chosen.
    Nothing(Option<Choice>),
}

/// What is to change.
struct Change {
    /// As they are to be.
    sent: SentNames,
    /// As it is yet.
    stored: StoredShown,
    subject: Subject,
    states: States,
}

/// What a change makes of what users did: nothing where everything is shown as before.
fn of_days(names: &SentNames, before: Tracking, after: Tracking) -> Option<whole_day::Change> {
    let modules = concerned(names, &before, &after);
    let module_of = names.activities.iter().map(|(number, activity)| (*number, activity.module_no)).collect();
    (!modules.is_empty()).then(|| whole_day::Change::new((before, after), &modules, module_of))
}

/// The modules, as they are sent, that hold anything which is shown otherwise now.
fn concerned(names: &SentNames, before: &Tracking, after: &Tracking) -> BTreeSet<i64> {
    let modules = names.modules.keys().filter(|number| before.module(**number) != after.module(**number)).copied();
    let differs = |number: i64| shown(&before.activities, number) != shown(&after.activities, number);
    let activities = names.activities.iter().filter(|(number, _)| differs(**number));
    modules.chain(activities.map(|(_, activity)| activity.module_no)).collect()
}

async fn put_choice(connection: &mut Connection<'_>, names: &SentNames, name: SentName) -> Result<(), StoreError> {
    let (sql, number) = match name {
        SentName::Module(number) => (
            "UPDATE module SET display_name = NULLIF($2, ''), tracked = $3, merged_into = NULLIF($4, 0) \
             WHERE module_no = $1",
            number,
        ),
        SentName::Activity(number) => (
            "UPDATE activity SET display_name = NULLIF($2, ''), tracked = $3, merged_into = NULLIF($4, 0) \
             WHERE activity_no = $1",
            number,
        ),
    };
    let Some(Choice { display_name, tracked, merged_into }) = chosen(names, name) else { return Ok(()) };
    let update = query(sql).bind(number).bind(display_name.as_deref().unwrap_or_default());
    update.bind(i64::from(*tracked)).bind(merged_into.unwrap_or_default()).execute(connection).await.map(|_| ())
}

/// What was chosen for one.
fn chosen(names: &SentNames, name: SentName) -> Option<&Choice> {
    match name {
        SentName::Module(number) => names.modules.get(&number).map(|module| &module.choice),
        SentName::Activity(number) => names.activities.get(&number).map(|activity| &activity.choice),
    }
}

/// One of them as a subject of the audit log.
fn subject(names: &SentNames, name: SentName) -> Option<Subject> {
    let (kind, number) = match name {
        SentName::Module(number) => (SubjectKind::Module, number),
        SentName::Activity(number) => (SubjectKind::Activity, number),
    };
    Some(Subject { kind, number, name: called(names, name)? })
}

/// What one is called as it is sent.
fn called(names: &SentNames, name: SentName) -> Option<String> {
    match name {
        SentName::Module(number) => Some(names.modules.get(&number)?.name.clone()),
        SentName::Activity(number) => {
            let SentActivity { module_no, action, .. } = names.activities.get(&number)?;
            Some(format!("{} · {action}", names.modules.get(module_no)?.name))
        }
    }
}

/// What the audit log tells of what was chosen.
fn state(names: &SentNames, name: SentName) -> Value {
    let into: fn(i64) -> SentName = match name {
        SentName::Module(_) => SentName::Module,
        SentName::Activity(_) => SentName::Activity,
    };
    let Some(Choice { display_name, tracked, merged_into }) = chosen(names, name) else { return Value::Null };
    let merged_into = merged_into.and_then(|number| called(names, into(number)));
    json!({"display_name": display_name, "tracked": tracked, "merged_into": merged_into})
}

/// What was done under a name as it was sent, tracked or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameFigures {
    /// The last local day it was used.
    pub last_day: Option<Day>,
    /// Actions, ever.
    pub actions: i64,
    /// Actions in the period that was asked about.
    pub period_actions: i64,
}

impl NameFigures {
    /// Adds what was done on a day.
    fn add(&mut self, day: i64, actions: i64, is_in_period: bool) {
        self.last_day = self.last_day.max(Some(day_from_number(day)));
        self.actions += actions;
        self.period_actions += if is_in_period { actions } else { 0 };
    }
}

impl Reading {
    /// Every module and activity there is.
    pub async fn sent_names(&mut self) -> Result<SentNames, StoreError> {
        Ok(sent_names(&mut self.connection()).await?.sent)
    }

    /// The first of what is not tracked, by name.
    pub async fn untracked(&mut self) -> Result<Vec<Untracked>, StoreError> {
        let sql = "SELECT COALESCE(display_name, name), NULL, module_no, NULL FROM module \
                   WHERE tracked = 0 AND shown_no IS NULL \
                   UNION ALL \
                   SELECT COALESCE(m.display_name, m.name), COALESCE(a.shown_name, a.action), a.module_no, a.activity_no \
                   FROM activity a JOIN module m ON m.module_no = COALESCE(a.shown_module_no, a.module_no) \
                   WHERE a.shown_tracked = 0 AND COALESCE(a.shown_no, a.activity_no) = a.activity_no AND m.tracked = 1";
        let rows: Vec<(String, Option<String>, i64, Option<i64>)> =
            query(sql).fetch_all(&mut self.connection()).await?;
        let untracked = |(module, action, module_id, activity_id)| Untracked { module, action, module_id, activity_id };
        let mut untracked: Vec<Untracked> = rows.into_iter().map(untracked).collect();
        untracked.sort();
        untracked.truncate(UNTRACKED);
        Ok(untracked)
    }

    /// What a scope did under each name as it was sent, by the number of the activity; of heartbeats by that of the module,
    /// below 0. What is kept of it is added up by the database; of other days, all there is is read, one at a time, and what
    /// comes of those before today may be kept.
    pub async fn name_figures(
        &mut self,
        scope: &Scope,
        period: Period,
        today: Day,
    ) -> Result<(BTreeMap<i64, NameFigures>, Option<NewSums>), StoreError> {
        let of_scope = match scope.sums() {
            Sums::Nothing => return Ok((BTreeMap::new(), None)),
            Sums::Kept | Sums::Added => (scope.number(), 0),
            Sums::KeptByDay { scope_no, revision } => (scope_no, revision),
        };
        let kept = (as_sent(of_scope.0), of_scope.1);
        let period = (day_number(period.from), day_number(period.to));
        let days = self.days_kept(kept, (i64::MIN, i64::MAX)).await?;
        let mut figures = match days.kept.is_empty() {
            true => BTreeMap::new(),
            false => self.kept_figures(kept, period).await?,
        };
        let mut new = Vec::new();
        for (day, revision) in days.unkept {
            let actions = self.sent_actions(scope, day).await?;
            for (number, actions) in &actions {
                figures.entry(*number).or_default().add(day, *actions, (period.0..=period.1).contains(&day));
            }
            // Today goes on.
            if day < day_number(today) {
                new.push(((day, revision), actions));
            }
        }
        let new = scope.is_everybodys().then(|| NewSums::as_sent(of_scope, new.into_iter())).flatten();
        Ok((figures, new))
    }

    /// What is kept of it and still stands.
    async fn kept_figures(
        &mut self,
        (kept_no, revision): (i64, i64),
        (from, to): (i64, i64),
    ) -> Result<BTreeMap<i64, NameFigures>, StoreError> {
        let sql = "SELECT d.activity_no, MAX(d.day), CAST(SUM(d.actions) AS BIGINT), \
                   CAST(SUM(CASE WHEN d.day BETWEEN $3 AND $4 THEN d.actions ELSE 0 END) AS BIGINT) \
                   FROM scope_day k JOIN day_revision r ON r.day = k.day AND r.revision = k.day_revision \
                   JOIN activity_day d ON d.scope_no = k.scope_no AND d.day = k.day \
                   WHERE k.scope_no = $1 AND k.scope_revision = $2 GROUP BY d.activity_no";
        let rows = query(sql).bind(kept_no).bind(revision).bind(from).bind(to);
        let rows: Vec<(i64, i64, i64, i64)> = rows.fetch_all(&mut self.connection()).await?;
        let figures = |(number, day, actions, period_actions)| {
            (number, NameFigures { last_day: Some(day_from_number(day)), actions, period_actions })
        };
        Ok(rows.into_iter().map(figures).collect())
    }

    /// The actions under each name on a day.
    async fn sent_actions(&mut self, scope: &Scope, day: i64) -> Result<BTreeMap<i64, i64>, StoreError> {
        let uses = scope.query("SELECT uses FROM user_module_day WHERE day = $2 AND {seen}").bind(day);
        let uses: Vec<(Vec<u8>,)> = uses.fetch_all(&mut self.connection()).await?;
        let mut actions: BTreeMap<i64, i64> = BTreeMap::new();
        for (uses,) in uses {
            for uses in DayUses::from_bytes(&uses).by_activity() {
                *actions.entry(uses[0].activity).or_default() += uses.iter().map(|of| of.count).sum::<i64>();
            }
        }
        Ok(actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Asked, Sight};
    use model::{
        event::{Event, IdScope, Kind},
        instant::Instant,
    };

    async fn store(directory: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}", directory.path().join("db").display());
        Store::open(&url, Asked::default()).await.unwrap()
    }

    /// Lisa exports, so many days after the first.
    fn event(days: i64) -> Event {
        let time = Instant::from_millis(days * 86_400_000);
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: "acme".into(),
            account_name: None,
            account_attributes: Vec::new(),
            user: "lisa".into(),
            user_name: None,
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "Export".into(), count: 1 },
            time,
            received: time,
        }
    }

    #[tokio::test]
    async fn figures_of_names_are_kept_whatever_is_chosen_until_a_day_changes() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        let today = day_from_number(9);
        let period = Period { from: day_from_number(2), to: day_from_number(8) };
        // Actions ever and in the period, and whether there is anything new to be kept.
        let look = async || {
            let mut reading = store.read().await.unwrap();
            let scope = reading.scope(Sight::ALL, None).await.unwrap();
            let (figures, new) = reading.name_figures(&scope, period, today).await.unwrap();
            let is_new = new.is_some();
            if let Some(new) = new {
                store.keep_sums(new).await.unwrap();
            }
            let NameFigures { last_day, actions, period_actions } = figures[&1];
            (last_day.map(day_number), actions, period_actions, is_new)
        };
        store.append(&[event(0), event(3), event(9)]).await.unwrap();
        assert_eq!(look().await, (Some(9), 3, 1, true));
        assert_eq!(look().await, (Some(9), 3, 1, false));
        let off = Choice { tracked: false, ..Choice::default() };
        for choice in [off, Choice::default()] {
            store.choose(SentName::Activity(1), choice, &Author::anyone()).await.unwrap().unwrap();
            assert_eq!(look().await, (Some(9), 3, 1, false));
        }
        store.append(&[event(3), event(9)]).await.unwrap();
        assert_eq!(look().await, (Some(9), 5, 2, true));
        assert_eq!(look().await, (Some(9), 5, 2, false));
    }

    #[tokio::test]
    async fn what_changes_after_a_choice_was_prepared_is_computed_again() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let of_module = |days, module: &str| Event { module: module.into(), ..event(days) };
        store.append(&[event(0), event(3), of_module(3, "Reports"), of_module(5, "Reports")]).await.unwrap();
        let off = Choice { tracked: false, ..Choice::default() };
        let author = Author::anyone();
        // Days that are as they were, that have changed and that are new.
        let (module, other) = (SentName::Module(1), SentName::Module(2));
        let prepared = store.prepare(module, off.clone()).await.unwrap();
        assert_eq!(prepared.as_ref().map(Prepared::day_count), Some(3));
        store.append(&[event(3), event(5), event(7)]).await.unwrap();
        store.choose_prepared(module, off.clone(), prepared, &author).await.unwrap().unwrap();
        let chosen = store.dump_roll_ups().await.unwrap();
        Store::rebuild_at(&url, Asked::default()).await.unwrap();
        assert_eq!(chosen, store.dump_roll_ups().await.unwrap());
        // Prepared for another choice, or before another was made.
        for (name, choice, is_before) in [(module, Choice::default(), false), (other, off.clone(), true)] {
            let prepared = store.prepare(name, choice).await.unwrap();
            assert!(prepared.is_some());
            if is_before {
                store.choose(module, Choice::default(), &author).await.unwrap().unwrap();
            }
            store.choose_prepared(other, off.clone(), prepared, &author).await.unwrap().unwrap();
            let chosen = store.dump_roll_ups().await.unwrap();
            Store::rebuild_at(&url, Asked::default()).await.unwrap();
            assert_eq!(chosen, store.dump_roll_ups().await.unwrap());
            store.choose(other, Choice::default(), &author).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_choice_that_changes_nothing_keeps_the_connection_and_what_is_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        store.append(&[event(0)]).await.unwrap();
        let itself = Choice { merged_into: Some(1), ..Choice::default() };
        for (name, choice) in [
            (SentName::Module(1), Choice::default()),
            (SentName::Module(1), itself),
            (SentName::Module(2), Choice::default()),
        ] {
            let _ = store.choose(name, choice, &Author::anyone()).await;
            // With another connection, all that is remembered would be gone.
            let mut writing = store.write().await.unwrap();
            assert!(writing.parts().1.erasures.is_some(), "{name:?}");
            writing.roll_back(()).await.unwrap();
        }
    }
}
