//! Holds the server's every figure against a naive reference that recomputes it from raw events.

mod reference;
mod strategies;
