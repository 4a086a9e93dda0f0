//! What pages are made of. Components read signals and call what they are given; they never fetch.

pub(crate) mod frame;
