//! What the owner of an account does to it: a new password, its end.

use std::net::IpAddr;

use bellwire_protocol::SecurityNotice;
use bellwire_protocol::http::ProblemReason;
use bellwire_protocol::{DeviceId, ErrorCode, Me, NoticeKind, RelayMessage, Secret, UserId};

use super::password::{Match, weakness};
use super::sign_ins::CHECKS;
use super::source::Source;
use super::{Accounts, Guessed, Refused, because};
use crate::bus::Event;
use crate::network::Network;
use crate::store::{EndedBy, NewPassword};

fn wrong() -> Refused {
    because(ErrorCode::Forbidden, ProblemReason::WrongCredentials)
}

/// Where a signed-in person asks from.
fn signed_in(me: &Me, address: IpAddr) -> Source {
    Source::device(Network::of(address), me.user, me.device)
}

impl Accounts {
    /// The hash of the user's password, if this is it. What it is asked for is done only while that is
    /// still the hash. Tries are counted by device, from wherever it asks; the
    /// place in the queue is one of its person.
    ///
    /// # Errors
    /// [`Refused`]: wrong, too often, or the store failed.
    async fn confirm(
        &self,
        me: &Me,
        password: &Secret,
        address: IpAddr,
    ) -> Result<String, Refused> {
        let account = self.store.account(me.user).await?;
        let stored = account.map(|account| account.password_hash);
        let reserved = self.reserve(Guessed::OwnBy(me.user), signed_in(me, address))?;
        match self.check(reserved, password, stored.as_deref()).await? {
            Match::Right | Match::Renew(_) => stored.ok_or_else(wrong),
            Match::Wrong => Err(wrong()),
        }
    }

    /// Replaces the password and ends every other sign-in. A new one that is too weak costs no hash.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change_password(
        &self,
        me: &Me,
        old: &Secret,
        new: &Secret,
        address: IpAddr,
    ) -> Result<(), Refused> {
        if let Some(reason) = weakness(new) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let mut confirmed = Some(self.confirm(me, old, address).await?);
        let hash = self.passwords.hash(signed_in(me, address), new).await?;
        for _ in 0..CHECKS {
            let checked = match confirmed.take() {
                Some(checked) => checked,
                None => self.confirm(me, old, address).await?,
            };
            let at = self.clock.wall().ms();
            let (asked, by) = (Some((checked, me.device)), EndedBy::Owner);
            let new = NewPassword { hash: hash.clone(), asked, by, notice: None, at };
            if let Some(devices) = self.store.replace_password(me.user, new).await? {
                self.notify(me.user, Some(me.device), NoticeKind::PasswordChanged, at).await;
                self.bus.publish(Event::Revoked { devices, by }).await;
                return Ok(());
            }
        }
        Err(wrong())
    }

    /// Removes an account for its owner. Everybody whom it concerns is told soon, by
    /// [`crate::departures`], which no cut connection can prevent.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn close(&self, me: &Me, password: &Secret, address: IpAddr) -> Result<(), Refused> {
        for _ in 0..CHECKS {
            let checked = self.confirm(me, password, address).await?;
            let now = self.clock.wall().ms();
            if self.store.close_account(me.user, &checked, now).await?.is_some() {
                self.removed.notify_one();
                return Ok(());
            }
        }
        Err(wrong())
    }

    /// Shows a notice on the devices that are connected.
    pub(super) async fn notify(
        &self,
        user: UserId,
        except: Option<DeviceId>,
        kind: NoticeKind,
        at: u64,
    ) {
        let message = Box::new(RelayMessage::Notice(SecurityNotice { kind, at }));
        self.bus.publish(Event::Tell { users: vec![user], except, message }).await;
    }

    /// Sets a password without the old one, for the operator. Every sign-in ends, and the person is
    /// told at the next one. False: there is no such account.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn reset_password(&self, user: UserId, new: &Secret) -> Result<bool, Refused> {
        if let Some(reason) = weakness(new) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let hash = self.passwords.hash(Source::trusted(), new).await?;
        let (notice, at) = (Some(NoticeKind::PasswordReset), self.clock.wall().ms());
        let new = NewPassword { hash, asked: None, by: EndedBy::Other, notice, at };
        // Sockets are closed by the look at removals: this runs beside the relay.
        Ok(self.store.replace_password(user, new).await?.is_some())
    }
}
