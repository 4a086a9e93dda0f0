//! The server of Usage Monitor: HTTP, ingest, store and command line.

pub mod clock;
pub mod dashboards;
pub mod ingest;
pub mod store;
