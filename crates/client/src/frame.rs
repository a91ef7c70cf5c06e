//! What arrives on the socket, as the core takes it.

use bellwire_core::{Input, LinkEvent};
use bellwire_protocol::limits::RELAY_FRAME_BYTES;

/// Reads one text frame. What cannot be taken is told as such, and the socket goes on.
pub(crate) fn input_of(text: &str) -> Input {
    if text.len() > RELAY_FRAME_BYTES {
        return Input::Link(LinkEvent::Malformed);
    }
    match bellwire_protocol::decode(text) {
        Ok(frame) => Input::Relay(frame),
        Err(_) => Input::Link(LinkEvent::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use bellwire_protocol::{RelayFrame, RelayMessage, encode};

    use super::*;

    fn pong(padding: usize) -> String {
        let frame = RelayFrame { seq: 1, message: RelayMessage::Pong { t: 1, server_time: 2 } };
        let frame = encode(&frame);
        format!("{frame}{}", " ".repeat(padding - frame.len()))
    }

    #[test]
    fn a_frame_as_long_as_a_relay_may_send_is_taken_and_a_longer_one_is_not() {
        assert!(matches!(input_of(&pong(RELAY_FRAME_BYTES)), Input::Relay(_)));
        let longer = input_of(&pong(RELAY_FRAME_BYTES + 1));
        assert!(matches!(longer, Input::Link(LinkEvent::Malformed)));
    }
}
