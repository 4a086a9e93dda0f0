//! Random workspaces: events where numbers go wrong most easily, and the ways to send them.

#![allow(dead_code, reason = "each test crate uses a part of it")]

pub(crate) mod bodies;
pub(crate) mod events;
pub(crate) mod places;
pub(crate) mod questions;
pub(crate) mod teams;
pub(crate) mod tracking;
