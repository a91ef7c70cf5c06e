//! What a connection reads from servers and configuration: URLs, STUN replies, TURN over a stream,
//! and a hostile TURN server against a live allocation.
#![no_main]

use std::time::Instant;

use bellwire_rtc::network::{Frames, ServerUrl, read_reply, withstand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = text.parse::<ServerUrl>();
    }
    let _ = read_reply(data);
    let mut frames = Frames::default();
    for piece in data.chunks(7) {
        let broken = frames.push(piece).is_err();
        while frames.pop().is_some() {}
        if broken {
            break;
        }
    }
    withstand(Instant::now(), data);
});
