//! What goes into [`super::Calls`] and what comes out.

use bellwire_protocol::{
    Answer, CallId, Candidates, ConversationId, DeviceId, DisplayName, EndReason, ErrorCode, Media,
    MediaState, Offer, OfferId, Participant, Proof, RejectReason, RelayMessage, Sdp, UserId,
};

use super::{Apart, Parting, Timing};
use crate::store::NewRecord;

/// How the socket of a device ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// Without a word of going: a network, a sleep, a crash.
    Lost,
    /// Its page or program said that it is being left.
    Left,
}

/// Somebody whom a call is for.
#[derive(Debug, Clone)]
pub struct Callee {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: DisplayName,
    /// False: the call is kept from them, and the caller sees nothing but absence.
    pub rings: bool,
    /// Whether they asked not to be disturbed.
    pub dnd: bool,
    /// Their devices that are connected.
    pub devices: Vec<DeviceId>,
}

/// Devices that a claim may name.
pub const CLAIM_PARTICIPANTS: usize = 32;
/// The longest call that a claim can bring back where the operator set no limit, in ms: a day.
const OLDEST_CLAIM_MS: u64 = 86_400_000;
/// How far the clocks of two relays may be apart, in ms: the one that told the times of the claim,
/// or a client by its own reckoning, and this one.
const CLAIM_SKEW_MS: u64 = 60_000;

/// A claim whose people were found to be members of its conversation whom its caller may ring, with
/// devices that are theirs.
#[derive(Debug, Clone)]
pub struct CheckedClaim {
    /// Where the call happens.
    pub conversation: ConversationId,
    /// Between two people.
    pub direct: bool,
    /// What it started with.
    pub media: Media,
    /// The calling device.
    pub caller: Participant,
    /// Every device in it.
    pub participants: Vec<Participant>,
    /// Those of them who get nothing from each other.
    pub apart: Apart,
    /// The members whose history it goes to.
    pub audience: Vec<UserId>,
    /// When it was placed, ms since 1970.
    pub sent_at: u64,
    /// When it was answered, ms since 1970.
    pub since: u64,
}

impl CheckedClaim {
    /// Whether it names its sender and somebody else, and nobody whom the call could not be for.
    pub(super) fn is_plausible(&self, by: &Participant) -> bool {
        let named = |user| self.audience.contains(&user);
        let sender = |p: &Participant| p.device == by.device && p.user == by.user;
        let other = |p: &Participant| p.user != by.user && !self.apart.holds(p.user, by.user);
        self.participants.len() <= CLAIM_PARTICIPANTS
            && self.participants.iter().any(sender)
            && self.participants.iter().any(other)
            && self.participants.iter().chain([&self.caller]).all(|p| named(p.user))
    }
}

impl CheckedClaim {
    /// Whether its times can be those of a call that goes on: not in the future, answered while it
    /// rang, and no longer than calls may be.
    pub(super) fn is_current(&self, now: u64, timing: &Timing) -> bool {
        let longest = timing.max_call_ms.unwrap_or(OLDEST_CLAIM_MS);
        let latest_ring = self.sent_at.saturating_add(timing.ring_ms + CLAIM_SKEW_MS);
        self.since <= now.saturating_add(CLAIM_SKEW_MS)
            && now < self.since.saturating_add(longest)
            && self.sent_at <= self.since.saturating_add(CLAIM_SKEW_MS)
            && self.since <= latest_ring
    }
}

/// A description or candidate on its way between two participants.
#[derive(Debug, Clone)]
pub enum Signal {
    /// A new connection or a restart.
    Offer {
        /// Names it.
        offer_id: OfferId,
        /// An ICE restart.
        restart: bool,
        /// The description.
        sdp: Sdp,
        /// Signature.
        proof: Option<Proof>,
    },
    /// Its answer.
    Answer {
        /// What it answers.
        offer_id: OfferId,
        /// The description.
        sdp: Sdp,
        /// Signature.
        proof: Option<Proof>,
    },
}

/// What can happen to calls.
#[derive(Debug, Clone)]
pub enum Input {
    /// A device has a session again or for the first time.
    Connected {
        /// It.
        device: Participant,
        /// It starts from a snapshot, which shows it what rings.
        fresh: bool,
    },
    /// A device's socket is gone; it may come back.
    Disconnected {
        /// It.
        device: Participant,
        /// When it was last heard.
        heard_at: u64,
        /// How.
        going: Going,
    },
    /// Somebody wants nothing more of somebody else.
    Parted {
        /// Who.
        by: UserId,
        /// Of whom.
        other: UserId,
        /// How far.
        parting: Parting,
    },
    /// A device will not come back.
    SignedOut {
        /// It.
        device: Participant,
    },
    /// A person's account was removed.
    Departed {
        /// Who.
        user: UserId,
    },
    /// A person is not in a group any more.
    LeftGroup {
        /// Who.
        user: UserId,
        /// Which.
        conversation: ConversationId,
    },
    /// Places a call.
    Initiate {
        /// The calling device.
        by: Participant,
        /// Names the call.
        call_id: CallId,
        /// Where.
        conversation: ConversationId,
        /// Between two people.
        direct: bool,
        /// What it starts with.
        media: Media,
        /// Handed on unread.
        offer: Box<Offer>,
        /// The other members.
        callees: Vec<Callee>,
    },
    /// Accepts.
    Answer {
        /// The answering device.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// What it starts with.
        media: Media,
        /// Handed on unread.
        answer: Box<Answer>,
    },
    /// Refuses.
    Reject {
        /// The refusing device.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// Why.
        reason: RejectReason,
    },
    /// The caller gives up.
    Cancel {
        /// The calling device.
        by: Participant,
        /// Which call.
        call_id: CallId,
    },
    /// Leaves.
    Leave {
        /// The leaving device.
        by: Participant,
        /// Which call.
        call_id: CallId,
    },
    /// A description for a participant.
    Signal {
        /// The sender.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// The receiver.
        to: DeviceId,
        /// What.
        signal: Box<Signal>,
    },
    /// Candidates for a participant, or for whoever will answer.
    Trickle {
        /// The sender.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// The receiver.
        to: Option<DeviceId>,
        /// What.
        candidates: Candidates,
    },
    /// What a participant sends from here on.
    MediaState {
        /// The sender.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// The greatest wins.
        n: u64,
        /// What is sent.
        state: MediaState,
    },
    /// Asks how the call stands, or brings it back.
    Sync {
        /// Who asks.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// What the participant knows.
        claim: Option<Box<CheckedClaim>>,
    },
    /// Asks who is in.
    PeerList {
        /// Who asks.
        by: Participant,
        /// Which call.
        call_id: CallId,
    },
    /// Tells how the media goes.
    Report {
        /// Who tells.
        by: Participant,
        /// Which call.
        call_id: CallId,
        /// Answer to connected in ms.
        setup_ms: Option<u32>,
        /// Media flows with this participant.
        flowing: Option<DeviceId>,
    },
    /// A deadline passed.
    Tick,
}

/// What calls ask for.
#[derive(Debug, Clone)]
pub enum Output {
    /// A message for a device.
    Send {
        /// It.
        to: DeviceId,
        /// What.
        message: RelayMessage,
    },
    /// A call ended and belongs into the history.
    Record(NewRecord),
    /// A number for the operator.
    Measured(Measure),
}

/// What the operator's metrics learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A call was answered after ringing this long, in ms.
    Rang {
        /// Who called.
        caller: UserId,
        /// Who answered.
        callee: UserId,
        /// For how long.
        ms: u64,
    },
    /// Media flowed this long after the answer, in ms.
    SetUp {
        /// How long it took.
        ms: u32,
    },
    /// A call ended.
    Ended {
        /// How.
        reason: EndReason,
    },
}

/// Why a message was refused. Nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such call, or not the sender's.
    #[error("no such call")]
    NotFound,
    /// Too late.
    #[error("too late")]
    Stale,
    /// The device is in another call.
    #[error("this device is in a call")]
    Busy,
    /// More candidates than are held.
    #[error("too many candidates before the answer")]
    TooMany,
    /// More calls claimed than relays restart.
    #[error("too many calls claimed")]
    TooOften {
        /// When the next one may be.
        retry_after_ms: u64,
    },
}

impl Refusal {
    /// The wire's word for it.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::Stale => ErrorCode::Stale,
            Self::Busy => ErrorCode::Busy,
            Self::TooMany => ErrorCode::TooLarge,
            Self::TooOften { .. } => ErrorCode::RateLimited,
        }
    }

    /// When to try again, in ms, where that would help.
    #[must_use]
    pub const fn retry_after_ms(self) -> Option<u64> {
        match self {
            Self::TooOften { retry_after_ms } => Some(retry_after_ms),
            Self::NotFound | Self::Stale | Self::Busy | Self::TooMany => None,
        }
    }
}

/// How a call stands, for the operator and for its participants.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Which.
    pub call_id: CallId,
    /// Answered.
    pub live: bool,
    /// Devices in it, the caller's included.
    pub devices: usize,
    /// Candidates passed on so far.
    pub candidates: u32,
    /// ms since 1970.
    pub created_at: u64,
    /// ms since 1970.
    pub updated_at: u64,
}
