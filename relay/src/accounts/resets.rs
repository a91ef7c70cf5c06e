//! New passwords for those who forgot theirs, by a code that an administrator or the operator makes.
//!
//! ```text
//!  none ──made──► good ──used · another password · replaced · account gone · 24 h──► none
//! ```
//! Whoever makes a code never sees a password, and whoever has one needs nothing else: it is handed
//! over as a link whose code stands behind the `#`, which browsers send to nobody.

use std::net::IpAddr;

use bellwire_protocol::http::{ProblemReason, Reset, SignedIn};
use bellwire_protocol::{ErrorCode, NoticeKind, Person, Secret};

use super::password::weakness;
use super::source::Source;
use super::{Accounts, Described, Guessed, Refused, because, token};
use crate::bus::Event;
use crate::network::Network;
use crate::store::{EndedBy, Redemption, Store, StoreError};

/// How long a code is good, in ms. It is as good as the password until then, in whatever carries it
/// to the person: longer is longer for whoever reads along, shorter is over before mail is read.
pub const RESET_MS: u64 = 24 * 3_600_000;

/// Makes a code for a person. The former one is good no more. `None`: there is no such account.
///
/// # Errors
/// [`StoreError`].
pub async fn make_reset(
    store: &dyn Store,
    now: u64,
    person: Person,
) -> Result<Option<Reset>, StoreError> {
    let code = token::opaque();
    let put = store.put_reset(person.user, token::hash(&code), now).await?;
    Ok(put.then(|| Reset { code, person, expires_at: now + RESET_MS }))
}

/// What the person opens.
#[must_use]
pub fn reset_link(address: &str, reset: &Reset) -> String {
    format!("{}/#reset={}", address.trim_end_matches('/'), reset.code.as_str())
}

impl Accounts {
    /// Whose password this code sets. Tries are counted by network; a right one is given back.
    ///
    /// # Errors
    /// [`Refused`]; a wrong, a used and an expired code are the same one, after the same time: one
    /// look by the code's hash.
    pub async fn check_reset(&self, code: &Secret, address: IpAddr) -> Result<Person, Refused> {
        // A budget of all strangers together would let them keep everybody from a new password,
        // and no number of networks guesses 256 bits.
        let by = Source::of(Network::of(address), true);
        let reserved = self.reserve(Guessed::ResetCode, by)?;
        let found = self.store.reset_of(token::hash(code), self.resets_since()).await;
        match found {
            Ok(Some(person)) => {
                // This one only: whoever has a good code has no more guesses by it.
                self.attempts().unseen(reserved);
                Ok(person)
            }
            Ok(None) => {
                drop(reserved);
                Err(self.no_such_reset())
            }
            Err(error) => {
                self.attempts().unseen(reserved);
                Err(error.into())
            }
        }
    }

    /// Sets a new password by a code, ends every sign-in and signs in. A password that is too weak
    /// costs neither a look nor a hash, and leaves the code good.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn redeem_reset(
        &self,
        code: &Secret,
        new: &Secret,
        device: Described,
        address: IpAddr,
    ) -> Result<SignedIn, Refused> {
        if let Some(reason) = weakness(new) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let user = self.check_reset(code, address).await?.user;
        let network = Network::of(address);
        let by = Source::of(network, self.knows(user, network));
        let password_hash = self.passwords.hash(by, new).await?;
        let (device, signed_in) = self.new_device(user, device, &password_hash)?;
        let (kind, at) = (NoticeKind::PasswordReset, device.created_at);
        let redemption = Redemption {
            code: token::hash(code),
            made_since: self.resets_since(),
            password_hash,
            device,
            notice: kind,
        };
        let Some(devices) = self.store.redeem_reset(redemption).await? else {
            return Err(self.no_such_reset());
        };
        self.notify(user, Some(signed_in.device), kind, at).await;
        self.bus.publish(Event::Revoked { devices, by: EndedBy::Other }).await;
        self.note(user, network);
        self.metrics.auth("reset");
        Ok(signed_in)
    }

    fn no_such_reset(&self) -> Refused {
        self.metrics.auth("reset_refused");
        because(ErrorCode::Forbidden, ProblemReason::ResetCodeInvalid)
    }

    /// A code that was made before is over.
    pub(super) fn resets_since(&self) -> u64 {
        // One that is exactly so old is over.
        (self.clock.wall().ms() + 1).saturating_sub(RESET_MS)
    }
}
