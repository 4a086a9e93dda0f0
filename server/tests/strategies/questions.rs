//! What readers ask of the server.

use super::{
    events::{ACCOUNTS, ACTIONS, MODULES, Story},
    places::Place,
};
use crate::reference::{Asked, TableKind, Wanted, local_date};
use chrono::TimeDelta;
use model::{
    Day,
    query::{Order, Sort},
};
use proptest::{prelude::*, sample::select};

/// What is asked after each sending, besides what is always asked.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    /// Whose stream and usage.
    pub(crate) account: String,
    /// How many entries of the stream at a time.
    pub(crate) stream_limit: usize,
    pub(crate) ranges: Vec<Asked>,
    pub(crate) tables: Vec<Wanted>,
}

/// A story and questions about it.
pub(crate) fn story_and_questions(place: &'static Place) -> impl Strategy<Value = (Story, Questions)> {
    super::events::story(place).prop_flat_map(|story| {
        let questions = questions(local_date(story.zone, story.now));
        (Just(story), questions)
    })
}

fn questions(today: Day) -> impl Strategy<Value = Questions> {
    let account = select(ACCOUNTS).prop_map(str::to_owned);
    let stream_limit = select(vec![1, 2, 5, 50, 200]);
    let ranges = prop::collection::vec(range(today), 2);
    let tables = prop::collection::vec(wanted(today), 4);
    (account, stream_limit, ranges, tables).prop_map(|(account, stream_limit, ranges, tables)| Questions {
        account,
        stream_limit,
        ranges,
        tables,
    })
}

/// A range of days that may end today or even later.
fn range(today: Day) -> impl Strategy<Value = Asked> {
    let length = prop_oneof![3 => 0..=3i64, 2 => 0..=40i64, 1 => 0..=100i64];
    let end = prop_oneof![3 => Just(0), 3 => -5..=2i64, 1 => -100..=0i64];
    (end, length).prop_map(move |(end, length)| {
        let to = today + TimeDelta::days(end);
        Asked::Range(to - TimeDelta::days(length), to)
    })
}

/// A page of a table.
fn wanted(today: Day) -> impl Strategy<Value = Wanted> {
    let asked = prop_oneof![select(&Asked::NAMED), range(today)];
    let account = prop::option::weighted(0.3, select(ACCOUNTS).prop_map(str::to_owned));
    let columns = (select(&Sort::ALL), select(vec![Order::Ascending, Order::Descending]));
    let page = (select(vec![1, 2, 7, 1000]), prop_oneof![2 => Just(0usize), 1 => 0..12usize]);
    let kind = select(vec![TableKind::Activities, TableKind::Modules]);
    (kind, asked, account, filter(), columns, page).prop_map(
        |(kind, asked, account, filter, (sort, order), (limit, offset))| Wanted {
            kind,
            asked,
            account,
            filter,
            sort,
            order,
            limit,
            offset,
        },
    )
}

/// Nothing, or a piece of a name in any case.
fn filter() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = MODULES.iter().chain(ACTIONS).copied().collect();
    let piece = (select(names), 0..6usize, 1..6usize, 0..3u8).prop_map(|(name, skip, take, case)| {
        let piece: String = name.chars().skip(skip).take(take).collect();
        match case {
            0 => piece.to_lowercase(),
            1 => piece.to_uppercase(),
            _ => piece,
        }
    });
    prop_oneof![1 => Just(String::new()), 2 => piece.prop_map(|piece| piece.trim().to_owned())]
}
