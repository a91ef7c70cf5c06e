//! The whole system without a window: real clients on the native driver, talking to a real relay
//! process over real sockets. Only the media is missing: [`Wires`] stands where WebRTC would be,
//! and carries what the data channels carry.

mod person;
mod relay;
mod wires;

pub use person::Person;
pub use relay::Relay;
pub use wires::Wires;
