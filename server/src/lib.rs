//! The server of Usage Monitor: HTTP, ingest, store and command line.

pub mod clock;
pub mod dashboards;
pub mod demo;
pub mod ingest;
pub mod store;
