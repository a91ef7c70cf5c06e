#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwire_protocol::{DeviceId, Secret, UserId};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

use super::{ACCESS_S, Bearer, Tokens, hash, opaque};

const NOW: u64 = 1_700_000_000_000;

fn tokens() -> Tokens {
    Tokens::new([1; 32], [2; 32])
}

fn bearer() -> Bearer {
    let (user, device) = (UserId::from_bytes([3; 16]), DeviceId::from_bytes([4; 16]));
    Bearer { user, device, refresh: [5; 32] }
}

fn issued() -> String {
    tokens().issue(bearer(), NOW).unwrap().as_str().to_owned()
}

#[test]
fn a_token_is_good_for_ten_minutes() {
    let token = issued();
    let life = u64::from(ACCESS_S) * 1_000;
    assert_eq!(tokens().verify(&token, NOW), Some(bearer()));
    assert_eq!(tokens().verify(&token, NOW + life - 1_000), Some(bearer()));
    assert_eq!(tokens().verify(&token, NOW + life), None, "expired");
    assert_eq!(tokens().verify(&token, NOW - 120_000), None, "from the future");
    assert_eq!(Tokens::new([9; 32], [2; 32]).verify(&token, NOW), None, "another relay's");
}

#[test]
fn no_other_algorithm_is_believed() {
    let token = issued();
    let claims = token.split('.').nth(1).unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"EdDSA"}"#] {
        let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(tokens().verify(&format!("{signed}."), NOW), None, "{header}, unsigned");
        let mut mac = Hmac::<Sha256>::new_from_slice(public.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let mac = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        let forged = format!("{signed}.{mac}");
        assert_eq!(tokens().verify(&forged, NOW), None, "{header}, keyed with the public key");
    }
}

#[test]
fn the_successor_is_the_same_every_time_and_nobody_elses() {
    let refresh = opaque();
    let next = tokens().successor(&refresh).unwrap();
    assert_eq!(tokens().successor(&refresh).unwrap(), next);
    assert_ne!(Tokens::new([1; 32], [8; 32]).successor(&refresh).unwrap(), next);
    assert_ne!(hash(&refresh), hash(&next));
    assert_eq!(next.as_str().len(), 43, "256 bits");
    assert_ne!(opaque(), opaque());
}

proptest! {
    #[test]
    fn one_changed_character_is_a_forgery(at in 0_usize..400, to in "[A-Za-z0-9_.-]") {
        let token = issued();
        let at = at % token.len();
        let mut forged = token.clone();
        forged.replace_range(at..=at, &to);
        // The last character of base64 has bits that say nothing.
        if forged != token && at + 1 < token.len() {
            prop_assert_eq!(tokens().verify(&forged, NOW), None);
        }
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,300}") {
        prop_assert_eq!(tokens().verify(&text, NOW), None);
        let _ = Secret::new(text).map(|secret| tokens().successor(&secret));
    }
}
