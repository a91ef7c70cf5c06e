//! The WebSocket side: sockets, sessions, calls.

pub mod allowance;
pub mod calls;
mod claims;
mod dates;
mod hello;
pub mod link;
pub mod mail;
pub mod partings;
mod parts;
pub mod rings;
pub mod session;
pub mod socket;
pub mod switchboard;
