//! Teams as administrators make them: what they see and who belongs to them. What follows from that for single accounts
//! is worked out in `scope`.

use super::{
    Store, StoreError,
    audit::{Author, States, Subject, enter},
    connection::Connection,
    member,
    scope::{self, Hold, Sight, hold_teams, settle_scopes},
    statement::{Column, bulk, query},
};
use model::{
    api::{
        Account,
        member::Member,
        team::{PREVIEWED, Team, TeamMember, TeamName, TeamPreview},
    },
    audit::{Action, SubjectKind},
    team::{Comparison, RuleOn, TeamDefinition, TeamRule},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the accounts that come to a team by name, or leave it, the audit log tells.
const TOLD_ACCOUNTS: usize = 100;

impl Store {
    /// Every team, by name.
    pub async fn teams(&self) -> Result<Vec<Team>, StoreError> {
        let mut reading = self.read.begin().await?;
        let connection = &mut reading.connection();
        let definitions = definitions(connection, None).await?;
        let sql = "SELECT t.team_no, COUNT(s.account_no) FROM team t \
                   LEFT JOIN scope_account s ON s.scope_no = t.scope_no GROUP BY t.team_no";
        let counts: Vec<(i64, i64)> = query(sql).fetch_all(connection).await?;
        let counts: BTreeMap<i64, i64> = counts.into_iter().collect();
        let sql = "SELECT t.team_no, m.email, m.name FROM team_member t JOIN member m ON m.member_no = t.member_no \
                   ORDER BY LOWER(m.name), m.email";
        let rows: Vec<(i64, String, String)> = query(sql).fetch_all(connection).await?;
        let mut members: BTreeMap<i64, Vec<TeamMember>> = BTreeMap::new();
        for (team_no, email, name) in rows {
            members.entry(team_no).or_default().push(TeamMember { email, name });
        }
        let team = |(id, TeamDefinition { name, accounts, rules })| Team {
            id,
            name,
            accounts,
            rules,
            account_count: counts.get(&id).copied().unwrap_or_default(),
            members: members.remove(&id).unwrap_or_default(),
        };
        let mut teams: Vec<Team> = definitions.into_iter().map(team).collect();
        teams.sort_by_key(|team| (team.name.to_lowercase(), team.id));
        Ok(teams)
    }

    /// The team with a number.
    pub async fn team(&self, team_no: i64) -> Result<Option<Team>, StoreError> {
        Ok(self.teams().await?.into_iter().find(|team| team.id == team_no))
    }

    /// The names of all teams, or of a member's, by name.
    pub async fn team_names(&self, of_member: Option<i64>) -> Result<Vec<TeamName>, StoreError> {
        let mut reading = self.read.begin().await?;
        let sql = "SELECT team_no, name FROM team WHERE $1 = 0 OR EXISTS (SELECT 1 FROM team_member m \
                   WHERE m.team_no = team.team_no AND m.member_no = $1) ORDER BY LOWER(name), team_no";
        let rows = query(sql).bind(of_member.unwrap_or_default()).fetch_all(&mut reading.connection()).await?;
        Ok(rows.into_iter().map(|(id, name)| TeamName { id, name }).collect())
    }

    /// How far a team sees, of any or of those a member belongs to; `None` where there is no such team.
    pub async fn sight_of_team(&self, team_no: i64, of_member: Option<i64>) -> Result<Option<Sight>, StoreError> {
        let mut reading = self.read.begin().await?;
        let sql = "SELECT scope_no FROM team WHERE team_no = $2 AND ($1 = 0 OR EXISTS (SELECT 1 FROM team_member m \
                   WHERE m.team_no = team.team_no AND m.member_no = $1))";
        let found: Option<(i64,)> = query(sql)
            .bind(of_member.unwrap_or_default())
            .bind(team_no)
            .fetch_optional(&mut reading.connection())
            .await?;
        Ok(found.map(|(scope_no,)| Sight::of_scope(scope_no)))
    }

    /// What a team would see.
    pub async fn preview_team(&self, team: &TeamDefinition) -> Result<TeamPreview, StoreError> {
        let mut reading = self.read.begin().await?;
        let accounts = scope::traits(&mut reading.connection(), None).await?;
        let mut seen: Vec<Account> = accounts
            .into_values()
            .filter(|account| team.sees(account))
            .map(|account| Account { id: account.id, name: account.name })
            .collect();
        let account_count = i64::try_from(seen.len()).unwrap_or(i64::MAX);
        seen.sort_by(|one, other| one.id.cmp(&other.id));
        seen.truncate(PREVIEWED);
        Ok(TeamPreview { account_count, accounts: seen })
    }

    /// Adds a team, and returns its number.
    pub async fn add_team(&self, team: &TeamDefinition, author: &Author) -> Result<i64, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        hold_teams(connection, Hold::Alone).await?;
        let sql = "INSERT INTO team (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING team_no";
        let added: Option<(i64,)> = query(sql).bind(&*team.name).fetch_optional(connection).await?;
        let (team_no,) = added.ok_or_else(|| StoreError::TeamNameTaken(team.name.clone()))?;
        insert_parts(connection, team_no, team).await?;
        settle_scopes(connection, Some(team_no)).await?;
        enter(connection, author, Action::CreateTeam, &subject(team_no, team), States::new(told(team, &team.accounts)))
            .await?;
        writing.commit().await?;
        Ok(team_no)
    }

    /// Changes what a team is called and sees. Whether there is such a team.
    pub async fn change_team(&self, team_no: i64, team: &TeamDefinition, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        hold_teams(connection, Hold::Alone).await?;
        let sql = "SELECT team_no FROM team WHERE name = $1 AND team_no <> $2";
        let taken: Option<(i64,)> = query(sql).bind(&*team.name).bind(team_no).fetch_optional(connection).await?;
        if taken.is_some() {
            return Err(StoreError::TeamNameTaken(team.name.clone()));
        }
        let Some(before) = definitions(connection, None).await?.remove(&team_no) else {
            return writing.roll_back(false).await;
        };
        let sql = "UPDATE team SET name = $2 WHERE team_no = $1";
        query(sql).bind(team_no).bind(&*team.name).execute(connection).await?;
        delete_parts(connection, team_no).await?;
        insert_parts(connection, team_no, team).await?;
        settle_scopes(connection, Some(team_no)).await?;
        if before != *team {
            let left = before.accounts.difference(&team.accounts).cloned().collect();
            let come = team.accounts.difference(&before.accounts).cloned().collect();
            let states = States { before: told(&before, &left), after: told(team, &come) };
            enter(connection, author, Action::ChangeTeam, &subject(team_no, &before), states).await?;
        }
        writing.commit().await?;
        Ok(true)
    }

    /// Deletes a team: its members see what their other teams see. Whether there was such a team.
    pub async fn delete_team(&self, team_no: i64, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        hold_teams(connection, Hold::Alone).await?;
        let Some(before) = definitions(connection, None).await?.remove(&team_no) else {
            return writing.roll_back(false).await;
        };
        query("DELETE FROM team WHERE team_no = $1").bind(team_no).execute(connection).await?;
        delete_parts(connection, team_no).await?;
        query("DELETE FROM team_member WHERE team_no = $1").bind(team_no).execute(connection).await?;
        settle_scopes(connection, None).await?;
        let states = States { before: told(&before, &before.accounts), after: Value::Null };
        enter(connection, author, Action::DeleteTeam, &subject(team_no, &before), states).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Makes a member belong to these teams alone. Whether there is such a member. Fails where there is no such team, and
    /// leaves them where they are.
    pub async fn set_teams(&self, member_no: i64, teams: &BTreeSet<i64>, author: &Author) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let connection = &mut writing.connection();
        hold_teams(connection, Hold::Alone).await?;
        let Some(member) = member::find_member(connection, member_no).await? else {
            return writing.roll_back(false).await;
        };
        put_teams(connection, &member, teams, author).await?;
        writing.commit().await?;
        Ok(true)
    }
}

/// What the audit log tells of a team and of accounts that it names, of which there may be thousands.
fn told(team: &TeamDefinition, accounts: &BTreeSet<String>) -> Value {
    let first: Vec<&String> = accounts.iter().take(TOLD_ACCOUNTS).collect();
    json!({"name": team.name, "rules": team.rules, "accounts": first, "account_count": team.accounts.len()})
}

/// A team as a subject of the audit log.
fn subject(team_no: i64, team: &TeamDefinition) -> Subject {
    Subject { kind: SubjectKind::Team, number: team_no, name: team.name.clone() }
}

/// The names of the teams a member belongs to.
pub(super) async fn teams_of(connection: &mut Connection<'_>, member_no: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT team.name FROM team_member m JOIN team ON team.team_no = m.team_no \
               WHERE m.member_no = $1 ORDER BY team.name";
    let names: Vec<(String,)> = query(sql).bind(member_no).fetch_all(connection).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// Makes a member belong to these teams alone, of those there are, which are held alone.
pub(super) async fn put_teams(
    connection: &mut Connection<'_>,
    member: &Member,
    teams: &BTreeSet<i64>,
    author: &Author,
) -> Result<(), StoreError> {
    let member_no = member.member_no;
    let sql = "SELECT team_no FROM team_member WHERE member_no = $1";
    let had: Vec<(i64,)> = query(sql).bind(member_no).fetch_all(connection).await?;
    if had.into_iter().map(|(team_no,)| team_no).collect::<BTreeSet<_>>() == *teams {
        return Ok(());
    }
    let before = teams_of(connection, member_no).await?;
    query("DELETE FROM team_member WHERE member_no = $1").bind(member_no).execute(connection).await?;
    join_teams(connection, member_no, teams).await?;
    let after = teams_of(connection, member_no).await?;
    let states = States { before: json!({"teams": before}), after: json!({"teams": after}) };
    enter(connection, author, Action::AssignTeams, &member::subject(member), states).await
}

/// Makes a member belong to teams, which are held alone. Fails where there is no such team.
pub(super) async fn join_teams(
    connection: &mut Connection<'_>,
    member_no: i64,
    teams: &BTreeSet<i64>,
) -> Result<(), StoreError> {
    for team_no in teams {
        let sql = "INSERT INTO team_member (member_no, team_no) SELECT $1, team_no FROM team WHERE team_no = $2";
        if query(sql).bind(member_no).bind(*team_no).execute(connection).await? == 0 {
            return Err(StoreError::NoTeam);
        }
    }
    settle_scopes(connection, None).await
}

/// What every team sees, by its number; where `of_accounts` are given, of the accounts it names these alone.
pub(super) async fn definitions(
    connection: &mut Connection<'_>,
    of_accounts: Option<Vec<&str>>,
) -> Result<BTreeMap<i64, TeamDefinition>, StoreError> {
    let rows: Vec<(i64, String)> = query("SELECT team_no, name FROM team").fetch_all(connection).await?;
    let team = |(team_no, name)| (team_no, TeamDefinition { name, ..TeamDefinition::default() });
    let mut teams: BTreeMap<i64, TeamDefinition> = rows.into_iter().map(team).collect();
    let named: Vec<(i64, String)> = match of_accounts {
        Some(ids) => {
            let text = "WITH wanted (account_id) AS ({rows}) SELECT t.team_no, t.account_id FROM wanted \
                        CROSS JOIN team_account_id t WHERE t.account_id = wanted.account_id";
            bulk(text, [Column::texts(ids)]).fetch_all(connection).await?
        }
        None => query("SELECT team_no, account_id FROM team_account_id").fetch_all(connection).await?,
    };
    for (team_no, account_id) in named {
        teams.entry(team_no).or_default().accounts.insert(account_id);
    }
    let sql = "SELECT team_no, looks_at, attribute_name, comparison, value FROM team_rule ORDER BY team_no, place";
    for (team_no, on, attribute, is, value) in query(sql).fetch_all::<RuleColumns>(connection).await? {
        teams.entry(team_no).or_default().rules.push(rule(on, attribute, is, value)?);
    }
    Ok(teams)
}

/// Team, what the rule looks at, which attribute, how it compares, with what.
type RuleColumns = (i64, String, String, String, String);

fn rule(on: String, attribute: String, is: String, value: String) -> Result<TeamRule, StoreError> {
    let known = RuleOn::ALL.into_iter().find(|known| known.as_str() == on);
    let on = known.ok_or(StoreError::Setting { name: "looks_at", value: on })?;
    let known = Comparison::ALL.into_iter().find(|known| known.as_str() == is);
    let is = known.ok_or(StoreError::Setting { name: "comparison", value: is })?;
    Ok(TeamRule { on, attribute: (on == RuleOn::Attribute).then_some(attribute), is, value })
}

async fn delete_parts(connection: &mut Connection<'_>, team_no: i64) -> Result<(), StoreError> {
    query("DELETE FROM team_account_id WHERE team_no = $1").bind(team_no).execute(connection).await?;
    query("DELETE FROM team_rule WHERE team_no = $1").bind(team_no).execute(connection).await?;
    Ok(())
}

async fn insert_parts(
    connection: &mut Connection<'_>,
    team_no: i64,
    TeamDefinition { accounts, rules, .. }: &TeamDefinition,
) -> Result<(), StoreError> {
    let columns = [Column::ints(accounts.iter().map(|_| team_no)), Column::texts(accounts.iter().map(String::as_str))];
    bulk("INSERT INTO team_account_id (team_no, account_id) {rows}", columns).execute(connection).await?;
    let columns = [
        Column::ints(rules.iter().map(|_| team_no)),
        Column::ints((0..).take(rules.len())),
        Column::texts(rules.iter().map(|rule| rule.on.as_str())),
        Column::texts(rules.iter().map(|rule| rule.attribute.as_deref().unwrap_or_default())),
        Column::texts(rules.iter().map(|rule| rule.is.as_str())),
        Column::texts(rules.iter().map(|rule| rule.value.as_str())),
    ];
    bulk("INSERT INTO team_rule (team_no, place, looks_at, attribute_name, comparison, value) {rows}", columns)
        .execute(connection)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Asked, NewMember, connection::Place, scope::Scope};
    use model::{
        event::{Event, IdScope, Kind},
        instant::Instant,
        member::Role,
        period::Period,
        query::TableOf,
    };
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, migrate::Migrator};

    /// The third of March 1970.
    const DAY: i64 = 61;

    fn event(account: &str, user: &str, day: i64, attribute: Option<&str>) -> Event {
        let time = Instant::from_millis(day * 86_400_000);
        Event {
            id: None,
            id_scope: IdScope::Account,
            account: account.into(),
            account_name: Some(account.to_uppercase()),
            account_attributes: attribute.map(|plan| ("plan".to_owned(), plan.to_owned())).into_iter().collect(),
            user: user.into(),
            user_name: None,
            module: "Dashboard".into(),
            kind: Kind::Activity { action: "Export".into(), count: 1 },
            time,
            received: time,
        }
    }

    async fn store(directory: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}", directory.path().join("db").display());
        Store::open(&url, Asked::default()).await.unwrap()
    }

    fn plan(value: &str) -> TeamDefinition {
        let (on, attribute) = (RuleOn::Attribute, Some("plan".to_owned()));
        let rule = TeamRule { on, attribute, is: Comparison::Equals, value: value.to_owned() };
        TeamDefinition { name: "Team".to_owned(), accounts: ["acme".to_owned()].into(), rules: vec![rule] }
    }

    async fn scope_of(store: &Store, team_no: i64) -> Scope {
        let sight = store.sight_of_team(team_no, None).await.unwrap().unwrap();
        store.scope(sight).await.unwrap()
    }

    #[tokio::test]
    async fn viewers_go_on_seeing_every_account_after_an_upgrade() {
        for (viewers, teams) in [(0, 0), (2, 1)] {
            let directory = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}?mode=rwc", directory.path().join("db").display());
            let all = Place::of_url(&url).unwrap().migrations();
            let before = all.iter().filter(|migration| migration.version <= 10).cloned().collect::<Vec<_>>();
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            Migrator { migrations: before.into(), ..Migrator::DEFAULT }.run(&mut connection).await.unwrap();
            let people = (0..viewers).map(|n| (format!("viewer {n}"), "viewer"));
            for (email, role) in people.chain([("ada".to_owned(), "administrator")]) {
                let sql = format!(
                    "INSERT INTO member (email, name, role, configures_tracking, created_at) \
                     VALUES ('{email}', '{email}', '{role}', 0, 0)"
                );
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
            sqlx::raw_sql("INSERT INTO account (id) VALUES ('acme')").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();

            let store = store(&directory).await;
            assert_eq!(store.teams().await.unwrap().len(), teams);
            // What comes later is seen too.
            store.append(&[event("globex", "lisa", DAY, None)]).await.unwrap();
            for team in store.teams().await.unwrap() {
                assert_eq!((team.name.as_str(), team.account_count, team.members.len()), ("All accounts", 2, viewers));
            }
            for viewer in 0..viewers {
                let sight = store.member_of_email(&format!("viewer {viewer}")).await.unwrap().unwrap().sight;
                let mut reading = store.read().await.unwrap();
                assert!(!sight.has_all());
                for account in ["acme", "globex"] {
                    let seen = reading.scope(sight, Some(account)).await.unwrap();
                    assert_eq!(seen, reading.scope(Sight::ALL, Some(account)).await.unwrap());
                }
            }
        }
    }

    #[tokio::test]
    async fn sums_are_kept_until_a_day_or_an_account_changes() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        let team_no = store.add_team(&plan("pro"), &Author::anyone()).await.unwrap();
        let day = |number| super::super::day_from_number(number);
        let period = Period { from: day(DAY), to: day(DAY + 2) };
        // How many actions there are, and on how many days they had to be added up.
        let look = async || {
            let scope = scope_of(&store, team_no).await;
            let mut reading = store.read().await.unwrap();
            let unkept = reading.days_with_events(&scope, period).await.unwrap().unkept.len();
            let used = reading.used(&scope, period).await.unwrap();
            let seconds = reading.seconds(&scope, period).await.unwrap();
            let totals = reading.totals(TableOf::Modules, &used, period).await.unwrap();
            let actions: i64 = totals.iter().map(|total| total.actions).sum();
            assert_eq!(seconds.iter().map(|day| day.seconds).sum::<i64>(), actions * 60);
            drop(reading);
            if let Some(new) = used.new_sums(&seconds, day(DAY + 2)) {
                store.keep_sums(new).await.unwrap();
            }
            (actions, unkept)
        };
        let both = [event("acme", "lisa", DAY, None), event("globex", "lisa", DAY + 1, Some("free"))];
        store.append(&both).await.unwrap();
        assert_eq!(look().await, (1, 2));
        assert_eq!(look().await, (1, 0));
        // A late event is of one day, and so is a new account.
        store.append(&[event("acme", "bob", DAY + 1, None)]).await.unwrap();
        assert_eq!(look().await, (2, 1));
        store.append(&[event("initech", "lisa", DAY, Some("pro"))]).await.unwrap();
        assert_eq!(look().await, (3, 1));
        assert_eq!(look().await, (3, 0));
        // Another attribute brings an account with all it did before, but for an older one that comes late.
        store.append(&[event("globex", "lisa", DAY + 2, Some("pro"))]).await.unwrap();
        assert_eq!(look().await, (5, 3));
        store.append(&[event("globex", "bob", DAY, Some("free"))]).await.unwrap();
        // Today's sums are never kept.
        assert_eq!(look().await, (6, 2));
        // Nothing is left of a team that is gone.
        store.delete_team(team_no, &Author::anyone()).await.unwrap();
        let mut reading = store.read().await.unwrap();
        for table in ["scope", "scope_account", "scope_day", "activity_day WHERE scope_no <> 0"] {
            let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
            assert_eq!(query(sql).fetch_one::<(i64,)>(&mut reading.connection()).await.unwrap(), (0,), "{table}");
        }
    }

    #[tokio::test]
    async fn an_attribute_is_taken_back_and_the_newest_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        let team_no = store.add_team(&plan("pro"), &Author::anyone()).await.unwrap();
        let accounts = async || store.team(team_no).await.unwrap().unwrap().account_count;
        let send = async |number: i64, name: &str, value: &str| {
            let mut event = event("globex", "lisa", DAY + number, None);
            event.account_attributes = vec![(name.to_owned(), value.to_owned())];
            store.append(&[event]).await.unwrap();
        };
        send(1, "plan", "pro").await;
        assert_eq!(accounts().await, 1);
        send(3, "plan", "").await;
        assert_eq!(accounts().await, 0);
        // What is older does not bring it back.
        send(2, "plan", "pro").await;
        assert_eq!(accounts().await, 0);
        send(4, "plan", "pro").await;
        for number in 5..60 {
            assert_eq!(accounts().await, i64::from(number <= 54), "{number}");
            send(number, &format!("attribute {number}"), "x").await;
        }
        // However late it comes, an older one takes no newer one's place.
        send(0, "oldest", "x").await;
        let names = query("SELECT name, at FROM account_attribute ORDER BY at");
        let mut reading = store.read().await.unwrap();
        let names: Vec<(String, i64)> = names.fetch_all(&mut reading.connection()).await.unwrap();
        assert_eq!((names.len(), names[0].0.as_str()), (50, "attribute 10"));
    }

    #[tokio::test]
    async fn members_with_the_same_teams_share_a_scope() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory).await;
        let named = |name: &str| TeamDefinition { name: name.to_owned(), ..plan("pro") };
        let one = store.add_team(&named("One"), &Author::anyone()).await.unwrap();
        let two = store.add_team(&named("Two"), &Author::anyone()).await.unwrap();
        let taken = store.add_team(&named("One"), &Author::anyone()).await;
        assert!(matches!(taken, Err(StoreError::TeamNameTaken(_))));
        let sight = async |email: &str, teams: &[i64]| {
            let teams = teams.iter().copied().collect();
            let (email, name, role) = (email.to_owned(), "Lisa".to_owned(), Role::Viewer);
            let member = NewMember { email: email.clone(), name, role, configures_tracking: false, teams };
            let (digest, expires) = (crate::secret::digest(&email), Instant::from_millis(1));
            store.invite_member(&member, digest, expires, &Author::anyone()).await?;
            Ok::<_, StoreError>(store.member_of_email(&email).await?.unwrap().sight)
        };
        let both = sight("a", &[one, two]).await.unwrap();
        assert_eq!(sight("b", &[two, one]).await.unwrap(), both);
        assert_eq!(sight("c", &[one]).await.unwrap(), store.sight_of_team(one, None).await.unwrap().unwrap());
        assert!(matches!(sight("d", &[one, 7]).await, Err(StoreError::NoTeam)));
        // Who asks for a team there is not stays in those they have.
        let member_no = store.member_of_email("a").await.unwrap().unwrap().member.member_no;
        let moved = store.set_teams(member_no, &[7].into(), &Author::anyone()).await;
        assert!(matches!(moved, Err(StoreError::NoTeam)));
        assert_eq!(store.member_of_email("a").await.unwrap().unwrap().sight, both);
        let names = store.team_names(Some(store.member_of_email("c").await.unwrap().unwrap().member.member_no)).await;
        assert_eq!(names.unwrap(), [TeamName { id: one, name: "One".to_owned() }]);
    }
}
