//! Access tokens: nothing but what the relay signed is anybody's.
#![no_main]

use bellwire_protocol::{DeviceId, UserId};
use bellwire_relay::accounts::token::Tokens;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let tokens = Tokens::new([7; 32], [8; 32]);
    let (user, device) = (UserId::from_parts(1, [1; 10]), DeviceId::from_parts(1, [2; 10]));
    let good = tokens.issue(user, device, 1_000).expect("ids fit into a token");
    assert_eq!(tokens.verify(good.as_str(), 2_000), Some((user, device)));
    if text != good.as_str() {
        assert_eq!(tokens.verify(text, 2_000), None);
    }
});
