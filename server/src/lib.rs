//! The server of Usage Monitor: HTTP, ingest, store and command line.

pub mod store;
