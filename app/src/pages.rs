//! The pages, each put together from components.

pub(crate) mod activities;
pub(crate) mod not_found;
pub(crate) mod quality;
pub(crate) mod today;
