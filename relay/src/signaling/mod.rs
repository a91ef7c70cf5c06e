//! The WebSocket side: sockets, sessions, calls.

pub mod calls;
pub mod link;
pub mod rings;
pub mod session;
pub mod socket;
pub mod switchboard;
