//! Who is signed in on this device, and the tokens that prove it.
//!
//! ```text
//!  Loading ──nothing kept──► SignedOut ◄── sign out, ended by the owner ── SignedIn
//!     │                          │ signed in                              ▲  │
//!     │                          └────────────────────────────────────────┤  │ refused
//!     ├──kept, over─────────► SignedOut(former) ──the same person ────────┤  │
//!     │                          ▲    ▲───────────────────────────────────│──┘
//!     ├──kept, expired──► Renewing────┘ refused                           │
//!     │                      └──renewed, or unreachable──────────────────►│
//!     └──kept, good──────────────────────────────────────────────────────►┘
//! ```
//! While there is a former sign-in, what is kept of its person stays sealed; it is erased when they
//! sign out, when the owner of the account ended the sign-in, or when somebody else signs in.

use bellwire_protocol::http::{Registration, SignedIn};
use bellwire_protocol::{Person, Secret};

use crate::api::SignInProblem;
use crate::pause::Ladder;
use crate::random::Random;
use crate::{SignIn, Time};

/// An access token is renewed when so much of its life, in percent, is over.
const RENEW_PERCENT: u64 = 80;
/// A token that lives shorter than this, in ms, is renewed before a connection is opened with it.
const USABLE_MS: u64 = 30_000;
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
    /// Who was signed in until the relay refused it. What is kept is theirs.
    pub(crate) former: Option<Box<SignIn>>,
    /// A code for a new password that the relay knows.
    pub(crate) reset: Option<Box<KnownReset>>,
}

/// A code for a new password, and whose the relay says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownReset {
    pub(crate) code: Secret,
    pub(crate) person: Person,
}

/// A sign-in and the life of its access token.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) kept: SignIn,
    /// When to renew, ms since 1970 by the relay's clock.
    renew_at: u64,
    /// When to try again, after a try without an answer. The relay may have carried that one out:
    /// it takes the same token again as long as its successor was not used.
    again_at: Option<Time>,
    failed: Ladder,
    /// The relay asked to be left alone until then.
    asked_until: Option<Time>,
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
        Self::with(kept, renew_at)
    }

    /// From the relay's answer. `username` and `name` are what it is called on this device.
    pub(crate) fn fresh(
        relay: &str,
        answer: SignedIn,
        username: String,
        name: String,
        unix: u64,
    ) -> Self {
        let life = u64::from(answer.expires_in) * 1_000;
        let kept = SignIn {
            relay: relay.to_owned(),
            refresh_token: answer.refresh_token,
            access_token: answer.access_token,
            expires_at: unix.saturating_add(life),
            user: answer.user,
            device: answer.device,
            device_cookie: answer.device_cookie,
            username,
            name,
            over: false,
        };
        Self::with(kept, unix.saturating_add(life * RENEW_PERCENT / 100))
    }

    fn with(kept: SignIn, renew_at: u64) -> Self {
        let failed = Ladder::default();
        Self {
            kept,
            renew_at,
            again_at: None,
            failed,
            asked_until: None,
            renewing: false,
            spoiled: false,
        }
    }

    /// The access token, if a connection can be opened with it.
    pub(crate) fn usable(&self, unix: u64) -> Option<&Secret> {
        let good = !self.spoiled && self.kept.expires_at > unix.saturating_add(USABLE_MS);
        good.then_some(&self.kept.access_token)
    }

    /// When the token is to be renewed; `None` while it is being renewed. `time_of` reads the
    /// relay's clock.
    pub(crate) fn renew_at(&self, time_of: impl FnOnce(u64) -> Time) -> Option<Time> {
        (!self.renewing).then(|| self.again_at.unwrap_or_else(|| time_of(self.renew_at)))
    }

    /// The relay does not accept the access token.
    pub(crate) const fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// The renewal got no answer, or none that decides anything; `asked` is how long the relay
    /// wishes to be left alone, in ms.
    pub(crate) fn renew_later(&mut self, now: Time, asked: Option<u64>, random: &mut Random) {
        self.renewing = false;
        let again_at = now.after(self.failed.climb(asked, random));
        self.again_at = Some(again_at);
        self.asked_until = asked.map(|_| again_at);
    }

    /// Whether a renewal makes sense before its time, because a connection waits for it.
    pub(crate) fn can_hurry(&self, now: Time) -> bool {
        !self.renewing && self.asked_until.is_none_or(|until| until <= now)
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
