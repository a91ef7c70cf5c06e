//! Tokens: access tokens that name a sign-in for ten minutes, opaque tokens that only their hash
//! can check.
//!
//! An access token is a JWT (RFC 7519) signed with EdDSA (RFC 8037). There is one algorithm and
//! one header: a token whose first part is not that very text is refused unread, so nothing in a
//! token can choose how it is checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwire_protocol::{DeviceId, Secret, UserId};
use ed25519_dalek::{Signature, Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::TokenHash;

/// Life of an access token in seconds. A longer one is only good for less traffic: every use asks
/// the store whether the sign-in still exists.
pub const ACCESS_S: u32 = 600;

const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const ISSUER: &str = "bellwire-relay";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    dev: String,
    rfr: String,
    iat: u64,
    exp: u64,
}

/// Who comes with an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// Whose sign-in it is.
    pub user: UserId,
    /// The sign-in.
    pub device: DeviceId,
    /// Hash of the refresh token that came with it. It opens nothing.
    pub refresh: TokenHash,
}

/// Signs and checks access tokens, and makes refresh tokens.
#[derive(Clone)]
pub struct Tokens {
    signing: SigningKey,
    succession: [u8; 32],
    header: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// With keys of their own, drawn from the relay's key.
    #[must_use]
    pub fn new(signing: [u8; 32], succession: [u8; 32]) -> Self {
        let header = URL_SAFE_NO_PAD.encode(HEADER);
        Self { signing: SigningKey::from_bytes(&signing), succession, header }
    }

    /// An access token for this bearer.
    #[must_use]
    pub fn issue(&self, bearer: Bearer, now_ms: u64) -> Option<Secret> {
        let iat = now_ms / 1_000;
        let claims = Claims {
            iss: ISSUER.into(),
            sub: bearer.user.to_string(),
            dev: bearer.device.to_string(),
            rfr: URL_SAFE_NO_PAD.encode(bearer.refresh),
            iat,
            exp: iat + u64::from(ACCESS_S),
        };
        let claims = URL_SAFE_NO_PAD.encode(bellwire_protocol::encode(&claims));
        let signed = format!("{}.{claims}", self.header);
        let signature = URL_SAFE_NO_PAD.encode(self.signing.sign(signed.as_bytes()).to_bytes());
        Secret::new(format!("{signed}.{signature}")).ok()
    }

    /// Whose token it is, if it is good.
    #[must_use]
    pub fn verify(&self, token: &str, now_ms: u64) -> Option<Bearer> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if header != self.header {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&signature).ok()?;
        self.signing.verifying_key().verify_strict(signed.as_bytes(), &signature).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let now = now_ms / 1_000;
        // A minute of grace for a clock that was set back between two starts.
        if claims.iss != ISSUER || claims.exp <= now || claims.iat > now + 60 {
            return None;
        }
        Some(Bearer {
            user: claims.sub.parse().ok()?,
            device: claims.dev.parse().ok()?,
            refresh: URL_SAFE_NO_PAD.decode(claims.rfr).ok()?.try_into().ok()?,
        })
    }

    /// The one token that may follow this refresh token. It is computed, not drawn: a client that
    /// lost the reply gets the very same token again, and nobody without the relay's key can
    /// compute it from a stolen one.
    #[must_use]
    pub fn successor(&self, refresh: &Secret) -> Option<Secret> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.succession).ok()?;
        mac.update(refresh.as_str().as_bytes());
        Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).ok()
    }
}

/// 256 random bits.
///
/// # Panics
/// Never in practice: an operating system without randomness cannot run a relay.
#[must_use]
pub fn opaque() -> Secret {
    let text = URL_SAFE_NO_PAD.encode(random::<32>());
    // 43 characters are within every limit of a secret.
    Secret::new(text).unwrap_or_else(|_| std::process::abort())
}

/// Random bytes of the operating system.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        // Going on with a guessable token would be worse than stopping.
        std::process::abort();
    }
    bytes
}

/// What is stored of a token.
#[must_use]
pub fn hash(token: &Secret) -> TokenHash {
    Sha256::digest(token.as_str().as_bytes()).into()
}

#[cfg(test)]
mod tests;
