//! Calls: offers, answers, participants, how they end.

use serde::{Deserialize, Serialize};

use crate::{
    CallId, Candidate, ConversationId, DeviceId, DisplayName, Mid, OfferId, Proof, Sdp, Ufrag,
    UserId, limits, text,
};

/// What a call starts with. Voice calls never open a camera by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// Sound only.
    Voice,
    /// Sound and picture.
    Video,
}

/// A session description that opens, renews or restarts a peer connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// Names the offer; the answer repeats it.
    pub offer_id: OfferId,
    /// The description.
    pub sdp: Sdp,
    /// Signature over the description, once identity lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// The description that accepts an [`Offer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Answer {
    /// The offer that it answers.
    pub offer_id: OfferId,
    /// The description.
    pub sdp: Sdp,
    /// Signature over the description, once identity lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// One ICE candidate on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IceCandidate {
    /// The ICE generation it belongs to.
    pub ufrag: Ufrag,
    /// The m-line it belongs to.
    pub mid: Mid,
    /// The candidate; empty ends the generation.
    pub candidate: Candidate,
}

impl IceCandidate {
    /// Bytes of `{"ufrag":"","mid":"","candidate":""}` and the comma behind it.
    const AROUND: usize = 37;

    /// Bytes of it as JSON, with the comma behind it.
    #[must_use]
    pub fn encoded_bytes(&self) -> usize {
        let texts = [self.ufrag.as_str(), self.mid.as_str(), self.candidate.as_str()];
        Self::AROUND + texts.into_iter().map(text::encoded_bytes).sum::<usize>()
    }
}

/// Why a list of candidates was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCandidates {
    /// Nothing in it.
    #[error("no candidate")]
    Empty,
    /// More than [`limits::CANDIDATES`], or longer than [`limits::CANDIDATES_BYTES`].
    #[error("too many candidates")]
    TooMany,
}

/// Some ICE candidates in the order in which they were found: at least one, at most
/// [`limits::CANDIDATES`] and [`limits::CANDIDATES_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("minItems" = 1, "maxItems" = limits::CANDIDATES))
)]
#[serde(try_from = "Vec<IceCandidate>", into = "Vec<IceCandidate>")]
pub struct Candidates(Vec<IceCandidate>);

impl Candidates {
    /// Checks the list.
    ///
    /// # Errors
    /// [`InvalidCandidates`] says which limit it broke.
    pub fn new(candidates: Vec<IceCandidate>) -> Result<Self, InvalidCandidates> {
        if candidates.is_empty() {
            return Err(InvalidCandidates::Empty);
        }
        let bytes: usize = candidates.iter().map(IceCandidate::encoded_bytes).sum();
        if candidates.len() > limits::CANDIDATES || bytes > limits::CANDIDATES_BYTES {
            return Err(InvalidCandidates::TooMany);
        }
        Ok(Self(candidates))
    }

    /// The longest start of the list that one message carries; the rest stays. `None`: it is empty.
    pub fn take_from(candidates: &mut Vec<IceCandidate>) -> Option<Self> {
        let mut bytes = 0;
        let fits = |candidate: &&IceCandidate| {
            bytes += candidate.encoded_bytes();
            bytes <= limits::CANDIDATES_BYTES
        };
        let many = candidates.iter().take(limits::CANDIDATES).take_while(fits).count();
        let taken: Vec<IceCandidate> = candidates.drain(..many).collect();
        (!taken.is_empty()).then_some(Self(taken))
    }

    /// The candidates.
    pub fn iter(&self) -> std::slice::Iter<'_, IceCandidate> {
        self.0.iter()
    }

    /// How many; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<IceCandidate> for Candidates {
    fn from(candidate: IceCandidate) -> Self {
        Self(vec![candidate])
    }
}

impl TryFrom<Vec<IceCandidate>> for Candidates {
    type Error = InvalidCandidates;
    fn try_from(candidates: Vec<IceCandidate>) -> Result<Self, InvalidCandidates> {
        Self::new(candidates)
    }
}

impl From<Candidates> for Vec<IceCandidate> {
    fn from(candidates: Candidates) -> Self {
        candidates.0
    }
}

impl IntoIterator for Candidates {
    type Item = IceCandidate;
    type IntoIter = std::vec::IntoIter<IceCandidate>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Candidates {
    type Item = &'a IceCandidate;
    type IntoIter = std::slice::Iter<'a, IceCandidate>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A device in a call, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Participant {
    /// The account.
    pub user: UserId,
    /// The device. Media messages are addressed to it.
    pub device: DeviceId,
    /// The person's name.
    pub name: DisplayName,
}

/// What a participant sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MediaState {
    /// Sound.
    pub mic: bool,
    /// Picture of the camera.
    pub camera: bool,
    /// Picture of a screen.
    pub screen: bool,
    /// The network is too slow for pictures at present: those of the camera and the screen are held back
    /// so that the sound stays whole, and come by themselves when it is faster.
    pub narrow: bool,
}

/// Why a call ended, or ended here. The words people read are in the UI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Somebody hung up a live call.
    Ended,
    /// The caller gave up before anybody answered.
    Cancelled,
    /// A callee refused.
    Declined,
    /// A callee was in another call.
    Busy,
    /// A callee does not want to be disturbed.
    Dnd,
    /// It rang for its whole time.
    NoAnswer,
    /// Another device of this user took it.
    AnsweredElsewhere,
    /// Another device of this user refused it.
    DeclinedElsewhere,
    /// No device of any callee was connected for the whole ring time.
    Unreachable,
    /// No path and no relay for too long.
    Lost,
    /// A participant's window or program was closed, and did not come back.
    WindowClosed,
    /// The operator's limit on the length of calls.
    TimeLimit,
    /// It crossed with a call of the other side, which lives on in its place.
    Replaced,
    /// The media could not be set up.
    Failed,
    /// A reason that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Why a callee refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// The person said no.
    Declined,
    /// This device is in another call. Other devices ring on.
    Busy,
    /// The person does not want to be disturbed.
    Dnd,
}

/// A call that lives while a client connects: what a fresh session needs to ring or to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveCall {
    /// The call.
    pub call_id: CallId,
    /// Where it happens.
    pub conversation: ConversationId,
    /// What it started with.
    pub media: Media,
    /// The calling device.
    pub from: Participant,
    /// Ringing or answered.
    pub state: LiveCallState,
    /// When it was placed, ms since 1970 by the relay's clock.
    pub sent_at: u64,
}

/// Ringing or answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LiveCallState {
    /// Nobody answered yet. Callees get the offer; the caller's own device does not.
    Ringing {
        /// The caller's offer, unopened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Offer>,
        /// When it stops ringing, ms since 1970 by the relay's clock.
        expires_at: u64,
    },
    /// Answered. Sent only to devices that are participants.
    Live {
        /// Every device in the call, the asking one included.
        participants: Vec<Participant>,
        /// When it was answered, ms since 1970 by the relay's clock.
        since: u64,
    },
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallRecord {
    /// The call.
    pub call_id: CallId,
    /// Where it happened.
    pub conversation: ConversationId,
    /// What the group was called then, for whoever is not in it any more. `call_recorded` is without:
    /// whoever hears that is in the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// What it started with.
    pub media: Media,
    /// Who called.
    pub caller: UserId,
    /// Everyone who was in it; only the caller when nobody answered.
    pub participants: Vec<UserId>,
    /// When it was placed, ms since 1970.
    pub started_at: u64,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<u64>,
    /// When it ended.
    pub ended_at: u64,
    /// How it ended.
    pub reason: EndReason,
}
