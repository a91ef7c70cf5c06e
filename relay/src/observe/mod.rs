//! What the operator sees: metrics, structured logs, people as keyed hashes.

pub mod logging;
mod metrics;
mod redaction;
mod seldom;

pub use metrics::Metrics;
pub use redaction::Redaction;
pub use seldom::{Hints, Seldom};
