//! What arrives on the socket, as the core takes it.

use bellwire_core::{Input, LinkEvent};

/// Reads one text frame.
pub(crate) fn input_of(text: &str) -> Input {
    match bellwire_protocol::decode(text) {
        Ok(frame) => Input::Relay(frame),
        Err(_) => Input::Link(LinkEvent::Malformed),
    }
}
