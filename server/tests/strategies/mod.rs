//! Random workspaces: events where numbers go wrong most easily, and the ways to send them.

pub(crate) mod bodies;
pub(crate) mod events;
pub(crate) mod places;
pub(crate) mod questions;
