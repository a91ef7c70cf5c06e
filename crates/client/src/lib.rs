//! The client's hands: runs [`bellwire_core::Core`] on a real socket, clock and key store.
//!
//! Two drivers, one law: move outputs out, move inputs in, decide nothing.
//! - [`web`] is called by its host: timers, sockets and requests are the browser's, behind
//!   [`web::Hands`].
//! - [`native`] is a tokio task with its own socket, HTTP client and key store.
//!
//! Both read the time through [`Clock`], which goes on while the machine sleeps.

mod clock;
mod frame;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod web;

pub use clock::Clock;
