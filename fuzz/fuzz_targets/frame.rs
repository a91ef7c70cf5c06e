//! WebSocket frame → message, all three conversations, and back.
#![no_main]

use bellwire_protocol::{ChannelMessage, ClientFrame, RelayFrame, decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(frame) = decode::<ClientFrame>(text) {
        let again = decode(&encode(&frame)).expect("what was read can be read again");
        assert_eq!(frame, again);
    }
    if let Ok(frame) = decode::<RelayFrame>(text) {
        let again = decode(&encode(&frame)).expect("what was read can be read again");
        assert_eq!(frame, again);
    }
    if let Ok(message) = decode::<ChannelMessage>(text) {
        let again = decode(&encode(&message)).expect("what was read can be read again");
        assert_eq!(message, again);
    }
});
