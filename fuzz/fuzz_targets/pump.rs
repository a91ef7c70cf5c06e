//! Messages of a page, from anybody who got through the door: a frame or a state comes out, or
//! nothing.
#![no_main]

use bellwire_rtc::pictures::pump::{Frame, FromPage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(frame) = Frame::read(data) {
        assert_eq!(frame.write(), data, "what was understood is what was said");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        // Whatever comes of it: it comes without a panic.
        let _ = FromPage::read(text);
    }
});
