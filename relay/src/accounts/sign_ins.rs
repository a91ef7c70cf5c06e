//! Accounts are made, people sign in, sign-ins are kept up and end.

use std::net::IpAddr;
use std::sync::Arc;

use bellwire_protocol::http::{DeviceInfo, ProblemReason, SignedIn};
use bellwire_protocol::{DeviceId, ErrorCode, Me, NoticeKind, Person, Secret, UserId, Username};

use super::attempts::Reserved;
use super::password::{Match, weakness};
use super::source::Source;
use super::token::Bearer;
use super::{
    Accounts, Applicant, EXPIRED_INVITES_MS, Guessed, REFRESH, Refused, SIGN_INS, because, me,
    names, not_created, token,
};
use crate::bus::Event;
use crate::network::Network;
use crate::store::{Admission, EndedBy, NewAccount, NewDevice, Rotation, StoreError, TokenHash};

/// How often a password is checked for one request, where its hash changed meanwhile: once against the
/// hash that was there, once against the one at the present cost that a sign-in beside it stored. A new
/// password is found to be another one by the second.
pub(super) const CHECKS: u32 = 2;

/// What signs in, within its limits.
#[derive(Debug, Clone)]
pub struct Described(DeviceInfo);

impl Described {
    /// Checks what a client says of its device.
    ///
    /// # Errors
    /// [`Refused`] where a word is too long, or the name shows nothing.
    pub fn new(mut info: DeviceInfo) -> Result<Self, Refused> {
        let malformed = || Refused::Because(ErrorCode::Malformed, None);
        info.name = names::line(&info.name).ok_or_else(malformed)?;
        let key_fits = info.public_key.as_ref().is_none_or(|key| key.len() <= 512);
        let name_fits = (1..=64).contains(&info.name.chars().count());
        if name_fits && info.platform.len() <= 32 && key_fits {
            Ok(Self(info))
        } else {
            Err(malformed())
        }
    }
}

/// Who comes to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Entrant {
    /// From where.
    pub address: IpAddr,
    /// Which sign-in to the account this device had, as its cookie shows.
    pub former: Option<DeviceId>,
}

impl Accounts {
    /// Makes an account, and signs in with it where a device is given.
    ///
    /// # Errors
    /// [`Refused`] with the reason that the person is told.
    pub async fn create(
        &self,
        applicant: Applicant,
        admission: Admission,
        device: Option<Described>,
        by: Source,
    ) -> Result<(Person, Option<SignedIn>), Refused> {
        let username = Username::new(applicant.username)
            .map_err(|_| because(ErrorCode::Malformed, ProblemReason::UsernameInvalid))?;
        let display_name = names::shown(&applicant.display_name)
            .ok_or(because(ErrorCode::Malformed, ProblemReason::DisplayNameInvalid))?;
        if let Some(reason) = weakness(&applicant.password) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let now = self.clock.wall().ms();
        // Looked at before the costly hash; the transaction that makes the account decides.
        self.store.admits(&username, &admission, now).await.map_err(not_created)?;
        let password_hash = self.passwords.hash(by, &applicant.password).await?;
        let user = UserId::from_parts(now, token::random());
        let person = Person { user, username, display_name };
        let (device, signed_in) = match device {
            Some(described) => {
                let (device, signed_in) = self.new_device(user, described, &password_hash)?;
                (Some(device), Some(signed_in))
            }
            None => (None, None),
        };
        let person_made = person.clone();
        let new =
            NewAccount { person: person_made, password_hash, created_at: now, admission, device };
        self.store.create_account(new).await.map_err(not_created)?;
        if signed_in.is_some() {
            self.note(user, by.network);
        }
        Ok((person, signed_in))
    }

    /// Signs in with a password.
    ///
    /// # Errors
    /// [`Refused`]; an unknown name and a wrong password are the same one, after the same time. What
    /// is no name at all gets it at once: that it is nobody's is no secret.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &Secret,
        device: Described,
        by: Entrant,
    ) -> Result<SignedIn, Refused> {
        let wrong = || {
            self.metrics.auth("wrong");
            because(ErrorCode::Unauthenticated, ProblemReason::WrongCredentials)
        };
        let Ok(name) = Username::new(username) else { return Err(wrong()) };
        for _ in 0..CHECKS {
            let tried = self.try_to_sign_in(&name, password, device.clone(), by).await?;
            if let Some(signed_in) = tried {
                return Ok(signed_in);
            }
        }
        Err(wrong())
    }

    /// `None`: the hash of the password is another one since it was checked.
    async fn try_to_sign_in(
        &self,
        name: &Username,
        password: &Secret,
        device: Described,
        by: Entrant,
    ) -> Result<Option<SignedIn>, Refused> {
        let account = self.store.account_by_name(name).await?;
        let network = Network::of(by.address);
        let user = account.as_ref().map(|account| account.person.user);
        let here = Source::of(network, user.is_some_and(|user| self.knows(user, network)));
        let own = user.zip(by.former).map(|(user, id)| Source::device(network, user, id));
        let stored = account.as_ref().map(|account| account.password_hash.as_str());
        let guessed = || Guessed::Name(name.clone());
        // What somebody who stole the cookie uses up is made good by the budget that everybody has.
        let reserved = own
            .and_then(|own| self.attempts().reserve(self.clock.steady().ms(), guessed(), own).ok());
        let reserved = match reserved {
            Some(reserved) => reserved,
            None => self.reserve(guessed(), here)?,
        };
        let outcome = self.check(reserved, password, stored).await?;
        let (account, renewed) = match (account, outcome) {
            (Some(account), Match::Right) => (account, None),
            (Some(account), Match::Renew(hash)) => (account, Some(hash)),
            (Some(_) | None, Match::Wrong) | (None, Match::Right | Match::Renew(_)) => {
                self.metrics.auth("wrong");
                return Err(because(ErrorCode::Unauthenticated, ProblemReason::WrongCredentials));
            }
        };
        let checked = &account.password_hash;
        let stays = renewed.as_ref().unwrap_or(checked);
        let (new, signed_in) = self.new_device(account.person.user, device, stays)?;
        let added = self.store.add_device(new, checked, renewed.as_deref(), SIGN_INS).await?;
        let Some(devices) = added else { return Ok(None) };
        if !devices.is_empty() {
            self.bus.publish(Event::Revoked { devices, by: EndedBy::Other }).await;
        }
        self.note(signed_in.user, network);
        self.metrics.auth("ok");
        Ok(Some(signed_in))
    }

    /// Counts a try of a password.
    pub(super) fn reserve(
        &self,
        guessed: Guessed,
        by: Source,
    ) -> Result<Reserved<Guessed>, Refused> {
        let reserved = self.attempts().reserve(self.clock.steady().ms(), guessed, by);
        reserved.map_err(|wait| {
            self.metrics.auth("limited");
            Refused::Wait(wait)
        })
    }

    /// Checks a password, whose try is counted as wrong until it is right.
    pub(super) async fn check(
        &self,
        reserved: Reserved<Guessed>,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<Match, Refused> {
        match self.passwords.check(reserved.by(), password, stored).await {
            Ok(outcome) => {
                if outcome != Match::Wrong {
                    self.attempts().right(reserved);
                }
                Ok(outcome)
            }
            Err(overloaded) => {
                self.attempts().unseen(reserved);
                Err(overloaded.into())
            }
        }
    }

    /// A sign-in to be stored, and what its client is told of it.
    pub(super) fn new_device(
        &self,
        user: UserId,
        Described(info): Described,
        password_hash: &str,
    ) -> Result<(NewDevice, SignedIn), Refused> {
        let now = self.clock.wall().ms();
        let id = DeviceId::from_parts(now, token::random());
        let refresh_token = token::opaque();
        let new = NewDevice {
            id,
            user,
            name: info.name,
            platform: info.platform,
            public_key: info.public_key,
            refresh: token::hash(&refresh_token),
            created_at: now,
        };
        Ok((new, self.signed_in(user, id, refresh_token, password_hash)?))
    }

    fn signed_in(
        &self,
        user: UserId,
        device: DeviceId,
        refresh_token: Secret,
        password_hash: &str,
    ) -> Result<SignedIn, Refused> {
        let internal = || Refused::Because(ErrorCode::Internal, None);
        let (refresh, now) = (token::hash(&refresh_token), self.clock.wall().ms());
        let bearer = Bearer { user, device, refresh };
        let access_token = self.tokens.issue(bearer, now).ok_or_else(internal)?;
        let device_cookie =
            self.cookies.make(user, device, password_hash, now).ok_or_else(internal)?;
        let expires_in = token::ACCESS_S;
        Ok(SignedIn { access_token, expires_in, refresh_token, user, device, device_cookie })
    }

    /// Exchanges a refresh token. One whose successor, or the access token that came with that, was
    /// used ends its sign-in, and the person is told.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn refresh(&self, address: IpAddr, presented: &Secret) -> Result<SignedIn, Refused> {
        self.count(&self.refreshes, address)?;
        let internal = || Refused::Because(ErrorCode::Internal, None);
        let successor = self.tokens.successor(presented).ok_or_else(internal)?;
        let now = self.clock.wall().ms();
        let (hash, next) = (token::hash(presented), token::hash(&successor));
        if self.arrivals().has(next) {
            // The note of it may be on its way to the store, or have failed.
            self.store.refresh_arrived(next).await?;
        }
        let mut rotation = self.rotate(hash, next, now).await?;
        let mut password_hash = None;
        if let Rotation::Rotated(user, device) | Rotation::Repeated(user, device) = rotation {
            password_hash = self.password_of(user, device).await?;
            if password_hash.is_none() {
                // It ended meanwhile; the store says by whom.
                rotation = self.rotate(hash, next, now).await?;
            }
        }
        let refused = |result, reason| {
            self.metrics.auth(result);
            Err(because(ErrorCode::Unauthenticated, reason))
        };
        match (rotation, password_hash) {
            (
                Rotation::Rotated(user, device) | Rotation::Repeated(user, device),
                Some(password_hash),
            ) => {
                self.note(user, Network::of(address));
                self.metrics.auth("refreshed");
                self.signed_in(user, device, successor, &password_hash)
            }
            (Rotation::Reused(user, device), _) => {
                let (devices, by) = (vec![device], EndedBy::Other);
                self.bus.publish(Event::Revoked { devices, by }).await;
                self.notify(user, None, NoticeKind::RefreshReused, now).await;
                refused("reused", ProblemReason::TokenInvalid)
            }
            (Rotation::Ended, _) => refused("ended", ProblemReason::SignInEnded),
            (Rotation::Rotated(..) | Rotation::Repeated(..), None) | (Rotation::Unknown, _) => {
                refused("unknown", ProblemReason::TokenInvalid)
            }
        }
    }

    async fn rotate(
        &self,
        presented: TokenHash,
        successor: TokenHash,
        now: u64,
    ) -> Result<Rotation, StoreError> {
        // There is one writer; whoever makes tokens up does not get to it.
        if self.store.knows_refresh(presented).await? {
            self.store.rotate_refresh(presented, successor, now, REFRESH).await
        } else {
            Ok(Rotation::Unknown)
        }
    }

    /// The hash of the password that a sign-in lives with. `None`: it ended.
    async fn password_of(
        &self,
        user: UserId,
        device: DeviceId,
    ) -> Result<Option<String>, StoreError> {
        let account = self.store.account(user).await?;
        // In this order: a new password ends others' sign-ins in the same transaction, so that none of
        // them gets a cookie of it.
        let lives = self.store.has_device(user, device).await?;
        Ok(account.filter(|_| lives).map(|account| account.password_hash))
    }

    /// Whose access token it is, if it is good and the sign-in exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authenticate(&self, token: &Secret) -> Result<Option<Me>, StoreError> {
        let Some(bearer) = self.tokens.verify(token.as_str(), self.clock.wall().ms()) else {
            return Ok(None);
        };
        let Bearer { user, device, refresh } = bearer;
        if !self.store.has_device(user, device).await? {
            return Ok(None);
        }
        self.note_arrival(refresh);
        let account = self.store.account(user).await?;
        Ok(account.map(|account| me(&account, device)))
    }

    /// The client evidently has the reply with this refresh token: its predecessor is not forgiven
    /// any more.
    fn note_arrival(&self, refresh: TokenHash) {
        if !self.arrivals().note(self.clock.steady().ms(), refresh) {
            return;
        }
        let store = Arc::clone(&self.store);
        // Reading does not wait for those who write, nor does it fail with them.
        tokio::spawn(async move {
            if let Err(error) = store.refresh_arrived(refresh).await {
                tracing::warn!(%error, "that a refreshed sign-in is in use is known until a restart");
            }
        });
    }

    /// Ends a sign-in for its owner. False: this user has no such one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_out(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        let ended = self.store.end_device(user, device, self.clock.wall().ms()).await?;
        if ended {
            let (devices, by) = (vec![device], EndedBy::Owner);
            self.bus.publish(Event::Revoked { devices, by }).await;
        }
        Ok(ended)
    }

    /// Forgets what nobody can use any more. Whoever is connected with it is closed by the look at
    /// [`removals`](crate::store::SignIns::removals).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.wall().ms();
        self.store.prune_sign_ins(now.saturating_sub(REFRESH.idle_ms)).await?;
        self.store.prune_resets(self.resets_since()).await?;
        self.store.prune_invites(now.saturating_sub(EXPIRED_INVITES_MS)).await
    }
}
