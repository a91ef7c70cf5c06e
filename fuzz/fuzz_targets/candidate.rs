//! Candidates, ufrags and names at the door.
#![no_main]

use bellwire_protocol::{Candidate, DisplayName, Mid, Ufrag, Username};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(candidate) = Candidate::new(text) {
        assert!(candidate.as_str().len() <= Candidate::MAX_BYTES);
        assert_eq!(candidate.as_str().lines().count().max(1), 1, "one line");
    }
    if let Ok(ufrag) = Ufrag::new(text) {
        assert!(ufrag.as_str().is_ascii());
    }
    if let Ok(mid) = Mid::new(text) {
        assert!(mid.as_str().is_ascii());
    }
    if let Ok(name) = DisplayName::new(text) {
        assert!(!name.as_str().chars().any(char::is_control));
    }
    if let Ok(name) = Username::new(text) {
        assert_eq!(name.as_str(), name.as_str().to_lowercase());
    }
});
