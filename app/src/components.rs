//! What pages are made of. Components read signals and call what they are given; they never fetch.
//!
//! They end in `into_any`, and so do the closures in them: a view's type names every element in it, and each type of its
//! own costs kilobytes in the download. For the same reason a closure stands in a view as `{move || rows()}`, not as
//! `{rows}`: `view!` makes one type of the closures it sees, and cannot see that a name is one.

pub(crate) mod card;
pub(crate) mod change;
pub(crate) mod chart;
pub(crate) mod copyable;
pub(crate) mod empty;
pub(crate) mod field;
pub(crate) mod frame;
pub(crate) mod help;
pub(crate) mod name_tables;
pub(crate) mod notice;
pub(crate) mod period_picker;
pub(crate) mod reader;
pub(crate) mod rejects;
pub(crate) mod shortcuts;
pub(crate) mod stream;
pub(crate) mod team_picker;
pub(crate) mod top_five;
pub(crate) mod top_ten;
pub(crate) mod usage_table;
