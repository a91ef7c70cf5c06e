//! What the owner of an account does to it: a new password, its end.

use bellwire_protocol::SecurityNotice;
use bellwire_protocol::http::ProblemReason;
use bellwire_protocol::{DeviceId, ErrorCode, Me, NoticeKind, RelayMessage, Secret, UserId};

use super::network::Source;
use super::password::{Match, weakness};
use super::{Accounts, Guessed, Refused, because};
use crate::bus::Event;
use crate::store::{EndedBy, NewPassword};

/// A password that was right, by the hash that it was checked against. What is done with it is done
/// only while that is still the hash.
#[derive(Debug)]
pub struct Confirmed(String);

fn wrong() -> Refused {
    because(ErrorCode::Forbidden, ProblemReason::WrongCredentials)
}

impl Accounts {
    /// Whether this is the user's password.
    ///
    /// # Errors
    /// [`Refused`]: wrong, too often, or the store failed.
    pub async fn confirm(&self, me: &Me, password: &Secret) -> Result<Confirmed, Refused> {
        let account = self.store.account(me.user).await?;
        let stored = account.map(|account| account.password_hash);
        let guessed = Guessed::Device(me.device);
        match self.check(guessed, Source::trusted(), password, stored.as_deref()).await? {
            Match::Right | Match::Renew(_) => stored.map(Confirmed).ok_or_else(wrong),
            Match::Wrong => Err(wrong()),
        }
    }

    /// Replaces the password and ends every other sign-in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change_password(
        &self,
        me: &Me,
        Confirmed(checked): Confirmed,
        new: &Secret,
    ) -> Result<(), Refused> {
        if let Some(reason) = weakness(new) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let hash = self.passwords.hash(Source::trusted(), new).await?;
        let at = self.clock.wall().ms();
        let (asked, by) = (Some((checked, me.device)), EndedBy::Owner);
        let new = NewPassword { hash, asked, by, notice: None, at };
        let changed = self.store.replace_password(me.user, new).await?;
        let devices = changed.ok_or_else(wrong)?;
        self.notify(me.user, Some(me.device), NoticeKind::PasswordChanged, at).await;
        self.bus.publish(Event::Revoked { devices, by }).await;
        Ok(())
    }

    /// Removes an account for its owner. Everybody whom it concerns is told soon, by
    /// [`crate::departures`], which no cut connection can prevent.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn close(&self, user: UserId, Confirmed(checked): Confirmed) -> Result<(), Refused> {
        let now = self.clock.wall().ms();
        self.store.close_account(user, &checked, now).await?.ok_or_else(wrong)?;
        self.removed.notify_one();
        Ok(())
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
