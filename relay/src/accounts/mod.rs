//! Accounts: sign-up, sign-in, tokens, devices, contacts, conversations, invitations.

mod arrivals;
pub mod attempts;
pub mod device_cookie;
pub mod http;
pub mod keys;
pub mod names;
mod owner;
pub mod password;
mod queue;
pub mod resets;
mod sign_ins;
pub mod source;
pub mod telling;
pub mod token;

pub use sign_ins::{Described, Entrant};

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwire_protocol::http::{ProblemReason, Registration};
use bellwire_protocol::{DeviceId, ErrorCode, Me, Person, Secret, UserId, Username};

use tokio::sync::Notify;

use crate::bus::Bus;
use crate::clock::Clock;
use crate::network::Network;
use crate::observe::Metrics;
use crate::store::{Account, Admission, CreateAccountError, RefreshLife, Store, StoreError};
use arrivals::Arrivals;
use attempts::{Attempts, Quota};
use device_cookie::DeviceCookies;
use password::{Overloaded, Passwords};
use source::KnownNetworks;
use token::Tokens;

/// How long a refresh token is good, and how many used ones of a sign-in are kept. A stolen token
/// that is older than those opens nothing either; that it was stolen is only not noticed. Each more
/// costs a row of 150 bytes for every sign-in.
const REFRESH: RefreshLife = RefreshLife { idle_ms: 60 * 86_400_000, used: 32 };

/// Sign-ins of one account. Whoever signs in once more signs out the device that was not used for
/// longest. Fewer would bother people with many browsers; each costs its rows and a line in the
/// list of devices.
const SIGN_INS: u32 = 32;

/// How long an invitation is listed after it expired, in ms.
const EXPIRED_INVITES_MS: u64 = 30 * 86_400_000;

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
    cookies: DeviceCookies,
    passwords: Passwords,
    registration: Registration,
    setup: Option<Secret>,
    attempts: Mutex<Attempts<Guessed>>,
    known: Mutex<KnownNetworks>,
    arrivals: Mutex<Arrivals>,
    entries: Mutex<Quota<Network>>,
    returns: Mutex<Quota<DeviceId>>,
    refreshes: Mutex<Quota<Network>>,
    removed: Arc<Notify>,
}

/// Whose password is guessed. Of a fixed size at most: a key from outside must not fill the memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Guessed {
    /// By somebody who wants to sign in.
    Name(Username),
    /// By somebody who is signed in as this user.
    OwnBy(UserId),
    /// Nobody's: a code with which somebody sets a new one.
    ResetCode,
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

/// Sign-ups and sign-ins from one network in ten minutes. A household or an office behind one
/// address stays under it, a list of stolen passwords does not.
const ENTRIES_PER_TEN_MINUTES: u32 = 60;
/// Refreshes from one network in ten minutes. A device needs one in that time.
const REFRESHES_PER_TEN_MINUTES: u32 = 600;

impl Accounts {
    /// With these parts and policies.
    #[must_use]
    pub fn new(
        parts: Parts,
        (tokens, cookies): (Tokens, DeviceCookies),
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
            cookies,
            passwords,
            registration,
            setup: None,
            attempts: Mutex::default(),
            known: Mutex::default(),
            arrivals: Mutex::default(),
            entries: Mutex::new(Quota::new(ENTRIES_PER_TEN_MINUTES, 600_000)),
            returns: Mutex::new(Quota::new(ENTRIES_PER_TEN_MINUTES, 600_000)),
            refreshes: Mutex::new(Quota::new(REFRESHES_PER_TEN_MINUTES, 600_000)),
            removed: Arc::default(),
        }
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts<Guessed>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the account was signed in to from there.
    fn knows(&self, user: UserId, network: Network) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.has(self.clock.steady().ms(), user, network)
    }

    /// The account was signed in to from there.
    fn note(&self, user: UserId, network: Network) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.note(self.clock.steady().ms(), user, network);
    }

    /// Notified of every account that is removed here.
    #[must_use]
    pub fn removed(&self) -> Arc<Notify> {
        Arc::clone(&self.removed)
    }

    /// Lets only whoever has this code make the first account.
    #[must_use]
    pub fn with_setup_code(self, setup: Option<Secret>) -> Self {
        Self { setup, ..self }
    }

    /// What the operator has to hand to whoever makes the first account, while there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn setup_code(&self) -> Result<Option<&Secret>, StoreError> {
        match &self.setup {
            Some(code) if !self.store.has_accounts().await? => Ok(Some(code)),
            Some(_) | None => Ok(None),
        }
    }

    /// Who may make an account: before the first one, where it needs a code, whoever has that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn registration(&self) -> Result<Registration, StoreError> {
        let waits = self.setup_code().await?.is_some();
        Ok(if waits { Registration::Invite } else { self.registration })
    }

    /// What lets somebody in who registers with this code, if with any.
    #[must_use]
    pub fn admission(&self, code: Option<&Secret>) -> Admission {
        let invite = code.map(token::hash);
        let setup = self.setup.as_ref().map(token::hash);
        // Hashes are compared, so that the time tells nothing of the code.
        let may_be_first = setup.is_none() || setup == invite;
        Admission::Registering { policy: self.registration, may_be_first, invite }
    }

    /// Counts one sign-up or sign-in from a network. This machine's own are not counted: behind
    /// a proxy everybody comes from there.
    ///
    /// # Errors
    /// [`Refused::Wait`].
    pub fn enter(&self, address: IpAddr) -> Result<(), Refused> {
        self.count(&self.entries, address)
    }

    /// Counts one sign-in from an address, which is one of a device's own where it shows with its
    /// cookie that it was signed in to this account. Gives that device.
    ///
    /// # Errors
    /// [`Refused::Wait`]; [`Refused::Store`].
    pub async fn enter_again(
        &self,
        username: &str,
        cookie: Option<&Secret>,
        address: IpAddr,
    ) -> Result<Option<DeviceId>, Refused> {
        let Some(device) = self.device_of(username, cookie).await? else {
            return self.enter(address).map(|()| None);
        };
        let now = self.clock.steady().ms();
        let mut returns = self.returns.lock().unwrap_or_else(PoisonError::into_inner);
        if address.is_loopback() || returns.take(now, device).is_ok() {
            return Ok(Some(device));
        }
        drop(returns);
        self.enter(address).map(|()| None)
    }

    /// The device that this cookie is of, where it is of this account. The store is asked only about
    /// what this relay signed.
    async fn device_of(
        &self,
        username: &str,
        cookie: Option<&Secret>,
    ) -> Result<Option<DeviceId>, StoreError> {
        let now = self.clock.wall().ms();
        let Some(cookie) = cookie.and_then(|cookie| self.cookies.read(cookie, now)) else {
            return Ok(None);
        };
        let Ok(name) = Username::new(username) else { return Ok(None) };
        let account = self.store.account_by_name(&name).await?;
        let good = account.is_some_and(|account| self.cookies.is_of(&cookie, &account));
        Ok(good.then_some(cookie.device))
    }

    fn count(&self, quota: &Mutex<Quota<Network>>, address: IpAddr) -> Result<(), Refused> {
        if address.is_loopback() {
            return Ok(());
        }
        let mut quota = quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.take(self.clock.steady().ms(), Network::of(address)).map_err(Refused::Wait)
    }
}

fn not_created(error: CreateAccountError) -> Refused {
    match error {
        CreateAccountError::Taken => because(ErrorCode::Busy, ProblemReason::UsernameTaken),
        CreateAccountError::Similar => because(ErrorCode::Busy, ProblemReason::UsernameSimilar),
        CreateAccountError::InviteRequired => {
            because(ErrorCode::Forbidden, ProblemReason::InviteRequired)
        }
        CreateAccountError::SetupCodeRequired => {
            because(ErrorCode::Forbidden, ProblemReason::SetupCodeRequired)
        }
        CreateAccountError::Closed => {
            because(ErrorCode::Forbidden, ProblemReason::RegistrationClosed)
        }
        CreateAccountError::Store(error) => error.into(),
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
