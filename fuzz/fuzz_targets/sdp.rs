//! The reader of session descriptions: what it lets through holds no candidates and reads the same
//! a second time.
#![no_main]

use bellwire_core::Description;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(description) = Description::read(text) else { return };
    let kept = description.sdp.as_str();
    assert!(!kept.contains("a=candidate:") && !kept.contains("a=end-of-candidates"));
    let again = Description::read(kept).expect("what was let through is let through again");
    assert_eq!(description, again);
});
