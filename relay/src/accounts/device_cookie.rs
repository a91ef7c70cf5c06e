//! Device cookies: what a device shows at a sign-in to be told from somebody who guesses.
//!
//! Each sign-in gives one (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It opens
//! nothing: tries of a password that come with it have a budget of their own, on whatever network and
//! however many others guess. It is signed and not stored, so that it is good after a restart, after a
//! sign-in was pruned or removed, and in a relay that was restored from an older backup. It is good
//! with the password that it was made with: who had one of an earlier password has no more guesses by
//! what they collected meanwhile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwire_protocol::{DeviceId, Secret, UserId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::store::Account;

/// How long a cookie is good after it was made, in ms. It is renewed with each refresh, and a sign-in
/// that was not used for sixty days asks for the password: shorter would leave out devices that lay in
/// a drawer, longer lets whoever knows a password collect budgets for longer before they are noticed.
const LIFE_MS: u64 = 365 * 86_400_000;

/// Bytes of the mark of a password. It is told apart by equality only, inside of what is signed.
const MARK: usize = 16;
const BODY: usize = 16 + 16 + 8 + MARK;

type HmacSha256 = Hmac<Sha256>;

/// Makes and reads device cookies.
#[derive(Clone)]
pub struct DeviceCookies([u8; 32]);

impl std::fmt::Debug for DeviceCookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceCookies")
    }
}

/// What a good cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceCookie {
    /// Whose sign-in it was.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
    mark: [u8; MARK],
}

impl DeviceCookies {
    /// With a key of its own, drawn from the relay's key.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A cookie for a device that signs in to an account with this hash of its password.
    #[must_use]
    pub fn make(
        &self,
        user: UserId,
        device: DeviceId,
        password_hash: &str,
        now_ms: u64,
    ) -> Option<Secret> {
        let mut cookie = Vec::with_capacity(BODY + 32);
        cookie.extend(user.to_bytes());
        cookie.extend(device.to_bytes());
        cookie.extend(now_ms.to_be_bytes());
        cookie.extend(self.mark(password_hash)?);
        cookie.extend(self.signature(&cookie)?.finalize().into_bytes());
        Secret::new(URL_SAFE_NO_PAD.encode(cookie)).ok()
    }

    /// What a cookie says, if this relay made it and it is not too old. The time this takes tells
    /// nothing of the signature (`Mac::verify_slice`). One of the future is good: the clock was wrong.
    #[must_use]
    pub fn read(&self, cookie: &Secret, now_ms: u64) -> Option<DeviceCookie> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie.as_str()).ok()?;
        let (body, signature) = bytes.split_at_checked(BODY)?;
        self.signature(body)?.verify_slice(signature).ok()?;
        let (user, rest) = body.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (made_at, mark) = rest.split_first_chunk()?;
        let good = now_ms.saturating_sub(u64::from_be_bytes(*made_at)) <= LIFE_MS;
        good.then_some(DeviceCookie {
            user: UserId::from_bytes(*user),
            device: DeviceId::from_bytes(*device),
            mark: mark.try_into().ok()?,
        })
    }

    /// Whether it is of this account, with its present password.
    #[must_use]
    pub fn is_of(&self, cookie: &DeviceCookie, account: &Account) -> bool {
        cookie.user == account.person.user && self.mark(&account.password_hash) == Some(cookie.mark)
    }

    /// Names a hash of a password without giving it away.
    fn mark(&self, password_hash: &str) -> Option<[u8; MARK]> {
        let mut mac = HmacSha256::new_from_slice(&self.0).ok()?;
        mac.update(b"password ");
        mac.update(password_hash.as_bytes());
        mac.finalize().into_bytes().first_chunk().copied()
    }

    fn signature(&self, body: &[u8]) -> Option<HmacSha256> {
        let mut mac = HmacSha256::new_from_slice(&self.0).ok()?;
        mac.update(b"cookie ");
        mac.update(body);
        Some(mac)
    }
}

#[cfg(test)]
mod tests;
