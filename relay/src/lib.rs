//! Bellwire's relay: accounts, presence, ringing and the web client, in one process.
//!
//! [`run`] is the whole of it: it opens the store, starts the one task that owns calls and
//! sessions ([`signaling::switchboard`]), serves HTTP and WebSockets, and drains when it is told
//! to. Everything that decides is pure and takes the time as an argument: [`signaling::calls`],
//! [`signaling::session`], [`signaling::rings`], [`presence`], [`origin`], [`proxies`]. What touches
//! sockets or the disk only moves messages in and out of those.

pub mod accounts;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod network;
pub mod observe;
pub mod origin;
pub mod presence;
pub mod proxies;
pub mod server;
pub mod signaling;
pub mod store;
pub mod web;

mod calendar;
mod departures;
mod readiness;
mod recorder;
mod relay;
mod run_error;
mod upkeep;

pub use relay::{Relay, Shutdown, run, run_by};
pub use run_error::RunError;
