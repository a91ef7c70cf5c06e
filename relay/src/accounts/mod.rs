//! Accounts: sign-up, sign-in, tokens, devices, contacts, conversations, invitations.

pub mod attempts;
pub mod http;
pub mod keys;
pub mod password;
pub mod token;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwire_protocol::http::{DeviceInfo, ProblemReason, Registration, SignedIn};
use bellwire_protocol::{
    DeviceId, DisplayName, ErrorCode, Me, NoticeKind, Person, RelayMessage, Secret, SecurityNotice,
    UserId, Username,
};

use tokio::sync::Notify;

use crate::bus::{Bus, Event};
use crate::clock::Clock;
use crate::observe::Metrics;
use crate::store::{
    Account, Admission, CreateAccountError, NewAccount, NewDevice, RefreshLife, Rotation, Store,
    StoreError,
};
use attempts::{Attempts, Quota};
use password::{Match, Overloaded, Passwords, weakness};
use token::Tokens;

/// How long a used refresh token may come again, and how long an unused one is good.
const REFRESH: RefreshLife = RefreshLife { grace_ms: 10_000, idle_ms: 60 * 86_400_000 };

/// Why a request about accounts was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The request itself is wrong.
    #[error("refused: {0:?}")]
    Because(ErrorCode, Option<ProblemReason>),
    /// Too often.
    #[error("too often; again in {0} ms")]
    Wait(u64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Overloaded> for Refused {
    fn from(_: Overloaded) -> Self {
        Self::Wait(1_000)
    }
}

const fn because(code: ErrorCode, reason: ProblemReason) -> Refused {
    Refused::Because(code, Some(reason))
}

/// Somebody who wants an account.
#[derive(Debug)]
pub struct Applicant {
    /// The wanted name.
    pub username: String,
    /// The name that others see.
    pub display_name: String,
    /// The password.
    pub password: Secret,
}

/// Everything that deals with accounts.
pub struct Accounts {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Clock,
    metrics: Arc<Metrics>,
    tokens: Tokens,
    passwords: Passwords,
    registration: Registration,
    failures: Mutex<Attempts<Guessed>>,
    lookups: Mutex<Quota<UserId>>,
    entries: Mutex<Quota<IpAddr>>,
    refreshes: Mutex<Quota<IpAddr>>,
    removed: Arc<Notify>,
}

/// Whose password is guessed. Of a fixed size at most: a key from outside must not fill the memory.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Guessed {
    /// By somebody who wants to sign in.
    Name(Username),
    /// By somebody who is signed in.
    User(UserId),
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

/// What [`Accounts`] is made of.
#[derive(Clone)]
pub struct Parts {
    /// Where accounts are kept.
    pub store: Arc<dyn Store>,
    /// Who is told.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Sign-ups and sign-ins from one address in ten minutes. A household or an office behind one
/// address stays under it, a list of stolen passwords does not.
const ENTRIES_PER_TEN_MINUTES: u32 = 60;
/// Refreshes from one address in ten minutes. A device needs one in that time.
const REFRESHES_PER_TEN_MINUTES: u32 = 600;
/// Exact-name look-ups of one user in a minute.
const LOOKUPS_PER_MINUTE: u32 = 30;

impl Accounts {
    /// With these parts and policies.
    #[must_use]
    pub fn new(
        parts: Parts,
        tokens: Tokens,
        passwords: Passwords,
        registration: Registration,
    ) -> Self {
        let Parts { store, bus, clock, metrics } = parts;
        Self {
            store,
            bus,
            clock,
            metrics,
            tokens,
            passwords,
            registration,
            failures: Mutex::new(Attempts::default()),
            lookups: Mutex::new(Quota::new(LOOKUPS_PER_MINUTE, 60_000)),
            entries: Mutex::new(Quota::new(ENTRIES_PER_TEN_MINUTES, 600_000)),
            refreshes: Mutex::new(Quota::new(REFRESHES_PER_TEN_MINUTES, 600_000)),
            removed: Arc::default(),
        }
    }

    fn failures(&self) -> MutexGuard<'_, Attempts<Guessed>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notified of every account that is removed here.
    #[must_use]
    pub fn removed(&self) -> Arc<Notify> {
        Arc::clone(&self.removed)
    }

    /// Who may make an account.
    #[must_use]
    pub const fn registration(&self) -> Registration {
        self.registration
    }

    /// Counts one look-up of somebody by name.
    ///
    /// # Errors
    /// [`Refused::Wait`].
    pub fn look_up(&self, user: UserId) -> Result<(), Refused> {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        lookups.take(self.clock.steady().ms(), user).map_err(Refused::Wait)
    }

    /// Counts one sign-up or sign-in from an address. This machine's own are not counted: behind
    /// a proxy everybody comes from there.
    ///
    /// # Errors
    /// [`Refused::Wait`].
    pub fn enter(&self, address: IpAddr) -> Result<(), Refused> {
        self.count(&self.entries, address)
    }

    fn count(&self, quota: &Mutex<Quota<IpAddr>>, address: IpAddr) -> Result<(), Refused> {
        if address.is_loopback() {
            return Ok(());
        }
        let mut quota = quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.take(self.clock.steady().ms(), network(address)).map_err(Refused::Wait)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Refused`] with the reason that the person is told.
    pub async fn create(
        &self,
        applicant: Applicant,
        admission: Admission,
    ) -> Result<Person, Refused> {
        let username = Username::new(applicant.username)
            .map_err(|_| because(ErrorCode::Malformed, ProblemReason::UsernameInvalid))?;
        let display_name = DisplayName::new(applicant.display_name)
            .map_err(|_| because(ErrorCode::Malformed, ProblemReason::DisplayNameInvalid))?;
        if let Some(reason) = weakness(&applicant.password) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let now = self.clock.wall().ms();
        // Looked at before the costly hash; the transaction that makes the account decides.
        self.store.admits(&username, &admission, now).await.map_err(not_created)?;
        let password_hash = self.passwords.hash(&applicant.password).await?;
        let user = UserId::from_parts(now, token::random());
        let person = Person { user, username, display_name };
        let new = NewAccount { person: person.clone(), password_hash, created_at: now, admission };
        self.store.create_account(new).await.map_err(not_created)?;
        Ok(person)
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
        device: DeviceInfo,
    ) -> Result<SignedIn, Refused> {
        let wrong = || because(ErrorCode::Unauthenticated, ProblemReason::WrongCredentials);
        let Ok(name) = Username::new(username) else {
            self.metrics.auth("wrong");
            return Err(wrong());
        };
        let key = Guessed::Name(name.clone());
        if let Some(wait) = self.failures().wait(self.clock.steady().ms(), &key) {
            self.metrics.auth("limited");
            return Err(Refused::Wait(wait));
        }
        let account = self.store.account_by_name(&name).await?;
        let stored = account.as_ref().map(|account| account.password_hash.as_str());
        let outcome = self.passwords.check(password, stored).await?;
        let (account, renewed) = match (account, outcome) {
            (Some(account), Match::Right) => (account, None),
            (Some(account), Match::Renew(hash)) => (account, Some(hash)),
            (Some(_) | None, Match::Wrong) | (None, Match::Right | Match::Renew(_)) => {
                self.failures().failed(self.clock.steady().ms(), key);
                self.metrics.auth("wrong");
                return Err(wrong());
            }
        };
        self.failures().succeeded(&key);
        if let Some(hash) = renewed {
            self.store.set_password_hash(account.person.user, &hash).await?;
        }
        let signed_in = self.add_device(account.person.user, device).await?;
        self.metrics.auth("ok");
        Ok(signed_in)
    }

    /// Signs a user in without asking for the password again.
    ///
    /// # Errors
    /// [`Refused`] where the device's words are too long, or the store fails.
    pub async fn add_device(&self, user: UserId, info: DeviceInfo) -> Result<SignedIn, Refused> {
        let key_fits = info.public_key.as_ref().is_none_or(|key| key.len() <= 512);
        let name_fits = (1..=64).contains(&info.name.chars().count());
        if !name_fits || info.platform.len() > 32 || !key_fits {
            return Err(Refused::Because(ErrorCode::Malformed, None));
        }
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
        self.store.add_device(new).await?;
        self.signed_in(user, id, refresh_token)
    }

    fn signed_in(
        &self,
        user: UserId,
        device: DeviceId,
        refresh_token: Secret,
    ) -> Result<SignedIn, Refused> {
        let access_token = self
            .tokens
            .issue(user, device, self.clock.wall().ms())
            .ok_or(Refused::Because(ErrorCode::Internal, None))?;
        Ok(SignedIn { access_token, expires_in: token::ACCESS_S, refresh_token, user, device })
    }

    /// Exchanges a refresh token. One that was used before ends its sign-in, and the person is
    /// told.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn refresh(&self, address: IpAddr, presented: &Secret) -> Result<SignedIn, Refused> {
        self.count(&self.refreshes, address)?;
        let internal = || Refused::Because(ErrorCode::Internal, None);
        let successor = self.tokens.successor(presented).ok_or_else(internal)?;
        let now = self.clock.wall().ms();
        let hash = token::hash(presented);
        // There is one writer; whoever makes tokens up does not get to it.
        let rotation = if self.store.knows_refresh(hash).await? {
            self.store.rotate_refresh(hash, token::hash(&successor), now, REFRESH).await?
        } else {
            Rotation::Unknown
        };
        match rotation {
            Rotation::Rotated(user, device) | Rotation::Repeated(user, device) => {
                self.metrics.auth("refreshed");
                self.signed_in(user, device, successor)
            }
            Rotation::Reused(user, device) => {
                self.metrics.auth("reused");
                self.bus.publish(Event::Revoked { devices: vec![device] }).await;
                self.notify(user, None, NoticeKind::RefreshReused, now).await;
                Err(because(ErrorCode::Unauthenticated, ProblemReason::TokenInvalid))
            }
            Rotation::Unknown => {
                self.metrics.auth("unknown");
                Err(because(ErrorCode::Unauthenticated, ProblemReason::TokenInvalid))
            }
        }
    }

    /// Shows a notice on the devices that are connected.
    async fn notify(&self, user: UserId, except: Option<DeviceId>, kind: NoticeKind, at: u64) {
        let message = Box::new(RelayMessage::Notice(SecurityNotice { kind, at }));
        self.bus.publish(Event::Tell { users: vec![user], except, message }).await;
    }

    /// Whose access token it is, if it is good and the sign-in exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authenticate(&self, token: &Secret) -> Result<Option<Me>, StoreError> {
        let Some((user, device)) = self.tokens.verify(token.as_str(), self.clock.wall().ms())
        else {
            return Ok(None);
        };
        if !self.store.has_device(user, device).await? {
            return Ok(None);
        }
        let account = self.store.account(user).await?;
        Ok(account.map(|account| me(&account, device)))
    }

    /// Whether this is the user's password.
    ///
    /// # Errors
    /// [`Refused`]: wrong, too often, or the store failed.
    pub async fn confirm(&self, user: UserId, password: &Secret) -> Result<(), Refused> {
        let key = Guessed::User(user);
        if let Some(wait) = self.failures().wait(self.clock.steady().ms(), &key) {
            return Err(Refused::Wait(wait));
        }
        let account = self.store.account(user).await?;
        let stored = account.as_ref().map(|account| account.password_hash.as_str());
        match self.passwords.check(password, stored).await? {
            Match::Right | Match::Renew(_) => {
                self.failures().succeeded(&key);
                Ok(())
            }
            Match::Wrong => {
                self.failures().failed(self.clock.steady().ms(), key);
                Err(because(ErrorCode::Forbidden, ProblemReason::WrongCredentials))
            }
        }
    }

    /// Replaces the password and ends every other sign-in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change_password(&self, me: &Me, new: &Secret) -> Result<(), Refused> {
        if let Some(reason) = weakness(new) {
            return Err(because(ErrorCode::Malformed, reason));
        }
        let hash = self.passwords.hash(new).await?;
        self.store.set_password_hash(me.user, &hash).await?;
        let devices = self.store.remove_other_devices(me.user, me.device).await?;
        let now = self.clock.wall().ms();
        self.notify(me.user, Some(me.device), NoticeKind::PasswordChanged, now).await;
        self.bus.publish(Event::Revoked { devices }).await;
        Ok(())
    }

    /// Ends a sign-in. False: this user has no such one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_out(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        let removed = self.store.remove_device(user, device).await?;
        if removed {
            self.bus.publish(Event::Revoked { devices: vec![device] }).await;
        }
        Ok(removed)
    }

    /// Removes an account. Everybody whom it concerns is told soon, by [`crate::departures`], which
    /// no cut connection can prevent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove(&self, user: UserId) -> Result<(), StoreError> {
        self.store.remove_account(user).await?;
        self.removed.notify_one();
        Ok(())
    }
}

fn not_created(error: CreateAccountError) -> Refused {
    match error {
        CreateAccountError::Taken => because(ErrorCode::Busy, ProblemReason::UsernameTaken),
        CreateAccountError::InviteRequired => {
            because(ErrorCode::Forbidden, ProblemReason::InviteRequired)
        }
        CreateAccountError::Closed => {
            because(ErrorCode::Forbidden, ProblemReason::RegistrationClosed)
        }
        CreateAccountError::Store(error) => error.into(),
    }
}

/// One subscriber has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// The account as one of its devices sees it.
#[must_use]
pub fn me(account: &Account, device: DeviceId) -> Me {
    let Person { user, username, display_name } = account.person.clone();
    Me {
        user,
        device,
        username,
        display_name,
        callable_by: account.callable_by,
        administrator: account.administrator,
    }
}
