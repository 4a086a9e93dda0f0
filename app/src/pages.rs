//! The pages, each put together from components.

pub(crate) mod activities;
pub(crate) mod audit;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod members;
pub(crate) mod not_found;
pub(crate) mod privacy;
pub(crate) mod profile;
pub(crate) mod quality;
pub(crate) mod sign_in;
pub(crate) mod teams;
pub(crate) mod today;
pub(crate) mod tracking;
