//! The data of Today and of Activities over 90 days through the eyes of a team that sees 500 of 10,000 accounts, beside all
//! of them: what it takes to compute, with nothing in memory from before.

use crate::{
    reads::{DAYS, Filled, took},
    table::{self, Comparison},
    workload::{DAY, NOW, author},
};
use model::{
    event::{Event, IdScope, Kind},
    team::{Comparison as Compares, RuleOn, TeamDefinition, TeamRule},
};
use server::store::Sight;
use std::{cell::Cell, time::Duration};
use tokio::runtime::Runtime;

const ACCOUNTS: usize = 10_000;
/// Five in each account.
const USERS: usize = 50_000;
/// How many of them work on a day, each in one module.
const USERS_A_DAY: usize = 2_500;

/// How long sums are written for those who ask next.
const KEEPING: Duration = Duration::from_secs(3);

/// Prints how long answers take for the team and for all accounts.
pub(crate) fn measure(runtime: &Runtime, rounds: usize, many: usize) {
    let filled = runtime.block_on(Filled::with(many, event));
    let (team_no, sight) = runtime.block_on(async {
        let team_no = filled.store.add_team(&team(false), &author()).await.unwrap();
        assert_eq!(filled.store.team(team_no).await.unwrap().unwrap().account_count, 500);
        (team_no, filled.store.sight_of_team(team_no, None).await.unwrap().unwrap())
    });
    table::head("(e) an answer for 500 of 10,000 accounts", "a team, ms", "all, ms");
    let compare = |name, of_team: &dyn Fn() -> f64, of_all: &dyn Fn() -> f64| {
        Comparison::measure(rounds, of_team, of_all).print(name, 1);
    };
    let today = |sight| took(runtime, filled.today(sight));
    compare("Today", &|| today(sight), &|| today(Sight::ALL));
    let activities = |sight| took(runtime, filled.activities(sight));
    let other = Cell::new(false);
    let first_look = || {
        // An account that comes or goes: nothing that was kept stands.
        other.set(!other.get());
        runtime.block_on(filled.store.change_team(team_no, &team(other.get()), &author())).unwrap();
        let took = activities(sight);
        std::thread::sleep(KEEPING);
        took
    };
    compare("Activities, 90 days, the first look ever", &first_look, &|| activities(Sight::ALL));
    compare("Activities, 90 days, right after a start", &|| activities(sight), &|| activities(Sight::ALL));
}

/// Sees 500 accounts, and perhaps one more.
fn team(with_another: bool) -> TeamDefinition {
    let rule = TeamRule { on: RuleOn::Id, attribute: None, is: Compares::StartsWith, value: "key ".to_owned() };
    let accounts = with_another.then(|| "account 1".to_owned()).into_iter().collect();
    TeamDefinition { name: "Key accounts".to_owned(), accounts, rules: vec![rule] }
}

/// Every twentieth account is one of the team's. What spreads users over days shares no factor with their number.
fn event(number: usize, count: usize) -> Event {
    let day = number * DAYS / count;
    let in_day = number - (day * count).div_ceil(DAYS);
    let user = (day * 7_919 + in_day % USERS_A_DAY * 9_973) % USERS;
    let account = user % ACCOUNTS;
    let action = in_day / USERS_A_DAY % 4;
    let elapsed = i64::try_from(in_day * DAYS).unwrap() * (DAY / 24 * 20) / i64::try_from(count).unwrap();
    Event {
        id: None,
        id_scope: IdScope::Account,
        account: format!("{} {account}", if account.is_multiple_of(20) { "key" } else { "account" }),
        account_name: None,
        account_attributes: Vec::new(),
        user: format!("user {user}"),
        user_name: None,
        module: format!("module {}", user / 20 % 12),
        kind: Kind::Activity { action: format!("action {action}"), count: 1 },
        time: NOW.plus_millis(elapsed - i64::try_from(DAYS - day).unwrap() * DAY),
        received: NOW,
    }
}
