//! Who is signed in on this device, and the tokens that prove it.
//!
//! ```text
//!  Loading ──nothing kept──► SignedOut ◄── sign out, revoked ──┐
//!     │                          │ signed in                   │
//!     ├──kept, expired──► Renewing ──renewed, or unreachable──► SignedIn
//!     └──kept, good────────────────────────────────────────────►
//! ```

use bellwire_protocol::Secret;
use bellwire_protocol::http::{Registration, SignedIn};

use crate::SignIn;
use crate::api::SignInProblem;

/// An access token is renewed when so much of its life, in percent, is over.
const RENEW_PERCENT: u64 = 80;
/// A token that lives shorter than this, in ms, is renewed before a connection is opened with it.
const USABLE_MS: u64 = 30_000;
/// Pause between two tries to renew while the relay cannot be reached, in ms.
const RENEW_AGAIN_MS: u64 = 10_000;
/// Pause between two looks at a relay that was reached, in ms.
pub(crate) const LOOK_MS: u64 = 60_000;
/// Pause between two looks at a relay that was not, in ms.
pub(crate) const LOOK_AGAIN_MS: u64 = 5_000;

/// Who is signed in.
#[derive(Debug)]
pub(crate) enum Account {
    /// What was kept is not read yet.
    Loading,
    /// Nobody.
    SignedOut(SignedOut),
    /// A kept sign-in whose token is over.
    Renewing(Tokens),
    /// Somebody.
    SignedIn(Tokens),
}

/// What is known while nobody is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SignedOut {
    /// A request is on its way.
    pub(crate) busy: bool,
    pub(crate) problem: Option<SignInProblem>,
    pub(crate) registration: Option<Registration>,
    pub(crate) version: Option<String>,
}

/// A sign-in and the life of its access token.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) kept: SignIn,
    /// When to renew, ms since 1970 by the relay's clock.
    renew_at: u64,
    /// A renewal is on its way.
    pub(crate) renewing: bool,
    /// The relay does not accept the access token, whatever its age.
    spoiled: bool,
}

impl Tokens {
    /// From what was kept. How long the token lived is not known, so it is renewed soon.
    pub(crate) fn kept(kept: SignIn, unix: u64) -> Self {
        let left = kept.expires_at.saturating_sub(unix);
        let renew_at = unix + left / 2;
        Self { kept, renew_at, renewing: false, spoiled: false }
    }

    /// From the relay's answer.
    pub(crate) fn fresh(relay: &str, answer: SignedIn, unix: u64) -> Self {
        let life = u64::from(answer.expires_in) * 1_000;
        Self {
            kept: SignIn {
                relay: relay.to_owned(),
                refresh_token: answer.refresh_token,
                access_token: answer.access_token,
                expires_at: unix.saturating_add(life),
                user: answer.user,
                device: answer.device,
            },
            renew_at: unix.saturating_add(life * RENEW_PERCENT / 100),
            renewing: false,
            spoiled: false,
        }
    }

    /// The access token, if a connection can be opened with it.
    pub(crate) fn usable(&self, unix: u64) -> Option<&Secret> {
        let good = !self.spoiled && self.kept.expires_at > unix.saturating_add(USABLE_MS);
        good.then_some(&self.kept.access_token)
    }

    /// When the token is to be renewed, ms since 1970; `None` while it is being renewed.
    pub(crate) const fn renew_at(&self) -> Option<u64> {
        if self.renewing { None } else { Some(self.renew_at) }
    }

    /// The relay does not accept the access token.
    pub(crate) const fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// The renewal did not reach the relay.
    pub(crate) const fn renew_later(&mut self, unix: u64) {
        self.renewing = false;
        self.renew_at = unix.saturating_add(RENEW_AGAIN_MS);
    }
}

impl Account {
    /// Who is signed in, or about to be.
    pub(crate) const fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Loading | Self::SignedOut(_) => None,
            Self::Renewing(tokens) | Self::SignedIn(tokens) => Some(tokens),
        }
    }

    pub(crate) const fn tokens_mut(&mut self) -> Option<&mut Tokens> {
        match self {
            Self::Loading | Self::SignedOut(_) => None,
            Self::Renewing(tokens) | Self::SignedIn(tokens) => Some(tokens),
        }
    }

    pub(crate) const fn signed_out_mut(&mut self) -> Option<&mut SignedOut> {
        match self {
            Self::SignedOut(out) => Some(out),
            Self::Loading | Self::Renewing(_) | Self::SignedIn(_) => None,
        }
    }
}
