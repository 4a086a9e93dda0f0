//! Usage over a period and the table, as the address asks for them.

use super::answer::Answer;
use crate::{client, view::View};
use leptos::prelude::*;
use model::{
    Day,
    api::{
        Workspace,
        usage::{Table, Usage},
    },
    query::{TableQuery, UsageQuery},
};

/// The answers the Activities page shows. Sorting, filtering and paging ask for the table only.
#[derive(Clone, Copy)]
pub(crate) struct ActivitiesState {
    view: Memo<View>,
    /// Figures and charts.
    pub(crate) usage: Answer<UsageQuery, Usage>,
    /// The page of the table.
    pub(crate) table: Answer<TableQuery, Table>,
}

impl ActivitiesState {
    /// Nothing known yet.
    pub(crate) fn new(view: Memo<View>) -> Self {
        Self { view, usage: Answer::new(), table: Answer::new() }
    }

    /// Asks for what the address asks for, now and whenever it changes; and anew when the day changes, because
    /// periods end yesterday. Does nothing on the server.
    pub(crate) fn follow(self, workspace: RwSignal<Workspace>) {
        let day = Memo::new(move |_| {
            (workspace.with(|workspace| workspace.day), workspace.with(|workspace| workspace.data_since))
        });
        Effect::new(move |before: Option<(Day, Option<Day>)>| {
            let day = day.get();
            let same_day = before.is_none_or(|before| before == day);
            if let View::Activities(Ok(query)) = self.view.get() {
                if same_day {
                    self.usage.ask(query.usage.clone(), client::usage);
                    self.table.ask(query, client::table);
                } else {
                    self.usage.ask_again(query.usage.clone(), client::usage);
                    self.table.ask_again(query, client::table);
                }
            }
            day
        });
    }

    /// Asks again for what has no answer. Only for the browser.
    pub(crate) fn retry(self) {
        if let View::Activities(Ok(query)) = self.view.get_untracked() {
            self.usage.ask_again(query.usage.clone(), client::usage);
            self.table.ask_again(query, client::table);
        }
    }
}
