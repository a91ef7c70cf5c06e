//! People in logs: the same keyed hash for the same person, never the id or the name.

use bellwire_protocol::UserId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Turns user ids into `u1_…`. The 1 names the key, so that a rotated key is seen as such.
#[derive(Clone)]
pub struct Redaction {
    key: [u8; 32],
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redaction")
    }
}

impl Redaction {
    /// With the relay's own key.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The name under which a person is logged: 80 bits of HMAC-SHA-256, in base 32.
    #[must_use]
    pub fn user(&self, user: UserId) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return "u1_".into() };
        mac.update(&user.to_bytes());
        let digest = mac.finalize().into_bytes();
        let mut name = String::from("u1_");
        for five in digest.chunks(5).take(2) {
            let bits = five.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for shift in (0..8).rev() {
                let index = usize::try_from((bits >> (shift * 5)) & 31).unwrap_or(0);
                name.extend(b"abcdefghijklmnopqrstuvwxyz234567".get(index).map(|b| char::from(*b)));
            }
        }
        name
    }
}
