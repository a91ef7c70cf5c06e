//! Codes with which people set a new password.

use async_trait::async_trait;
use bellwire_protocol::{DeviceId, NoticeKind, Person, UserId};

use super::{NewDevice, StoreError, TokenHash};

/// A code that is used.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// Hash of the code.
    pub code: TokenHash,
    /// A code that was made before is over; ms since 1970.
    pub made_since: u64,
    /// The new password: Argon2id, PHC string.
    pub password_hash: String,
    /// What signs in. Its user is the one whose password the code sets.
    pub device: NewDevice,
    /// What the person is told at the next sign-in.
    pub notice: NoticeKind,
}

/// Codes for new passwords, one for each person at most. Whatever changes a password removes its code.
#[async_trait]
pub trait Resets: Send + Sync {
    /// Stores the hash of a code in place of the person's former one. False: there is no such user.
    async fn put_reset(&self, user: UserId, code: TokenHash, now: u64) -> Result<bool, StoreError>;
    /// Whose password this code sets, if it was made since then.
    async fn reset_of(
        &self,
        code: TokenHash,
        made_since: u64,
    ) -> Result<Option<Person>, StoreError>;
    /// Sets the password, spends the code, ends every sign-in and adds the new one, in one
    /// transaction. Says which ended. `None`: the code is not good, or not the device's user's.
    /// Nothing was written.
    async fn redeem_reset(
        &self,
        redemption: Redemption,
    ) -> Result<Option<Vec<DeviceId>>, StoreError>;
    /// Forgets codes that were made before this time.
    async fn prune_resets(&self, made_before: u64) -> Result<(), StoreError>;
}
