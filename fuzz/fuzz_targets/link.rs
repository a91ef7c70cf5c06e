//! Links that any page can open: nothing but a plain name or a plain address comes out.
#![no_main]

use bellwire_core::api::Link;
use bellwire_protocol::Username;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match Link::read(text) {
    None => {}
    Some(Link::Call { username }) => assert!(Username::new(username).is_ok()),
    Some(Link::Relay { address }) => assert!(
        address.bytes().all(|byte| byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || b".:-".contains(&byte))
    ),
});
