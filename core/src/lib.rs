//! The client's mind: everything that a Bellwire client decides, and nothing that it does.
//!
//! [`Core`] takes one [`Input`] at a time, with the time at which it happened, and gives
//! [`Output`]s until there are none. It does no IO, reads no clock and draws its randomness from
//! the seed in [`Start`], so the desktop app, the browser and the tests run the same code, the
//! last of them in virtual time.
//!
//! The law of use: call [`Core::handle`] once, drain [`Core::poll`] to `None`, call
//! [`Core::deadline`] and see to it that an [`Input::Tick`] arrives by then.

mod account;
mod allowance;
pub mod api;
mod call;
mod chat;
mod core;
mod history;
mod io;
pub mod machine;
mod page;
mod pause;
mod people;
mod random;
mod record;
mod session;
mod window;

pub use crate::call::sdp::{Description, SdpError};
pub use crate::core::{Core, relay_url};
pub use io::{
    HttpFailure, HttpMethod, HttpReply, HttpRequest, Input, LinkCommand, LinkEvent, Output, Start,
    Time,
};
pub use record::{CallInProgress, KeptChat, Record, SignIn};
