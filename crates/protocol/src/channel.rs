//! What two participants tell each other over their data channels, without the relay.

use serde::{Deserialize, Serialize};

use crate::{Candidate, ChatId, ChatText, MediaState, Mid, OfferId, Sdp, Ufrag};

/// What a participant wants to send and cannot: nobody muted it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Unavailable {
    /// Why there is no sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microphone: Option<DeviceTrouble>,
    /// Why there is no picture of the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<DeviceTrouble>,
}

impl Unavailable {
    /// Everything that is wanted is sent.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.microphone.is_none() && self.camera.is_none()
    }
}

/// What is the matter with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeviceTrouble {
    /// The person or the system does not allow it.
    NotAllowed,
    /// There is none, or it was taken away.
    Missing,
    /// Another program has it.
    Busy,
    /// It is there and does not work.
    Failed,
    /// Something that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// One message on a data channel. On `control` (id 0: unordered, not retransmitted) travel
/// `heartbeat` and `media_state`; everything else travels on `chat` (id 1: reliable, ordered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChannelMessage {
    /// Sent every 500 ms so that a silent path is noticed while everybody is muted. It repeats the
    /// newest media state, so a lost `media_state` heals by itself.
    Heartbeat {
        /// Counts up; a smaller one than the last is old.
        n: u64,
        /// What the sender sends.
        state: MediaState,
        /// What it cannot send though its person wants it.
        #[serde(flatten)]
        unavailable: Unavailable,
    },
    /// The sender muted, unmuted, or switched camera or screen. The greatest `n` wins, over this
    /// channel and the relay alike.
    MediaState {
        /// Counts up with the heartbeats.
        n: u64,
        /// What the sender sends.
        state: MediaState,
        /// What it cannot send though its person wants it.
        #[serde(flatten)]
        unavailable: Unavailable,
    },
    /// A chat message. Repeated after a reconnection until it is received; handled once by its id.
    Chat {
        /// Names the message.
        id: ChatId,
        /// What was written.
        text: ChatText,
        /// When, ms since 1970 by the sender's clock.
        sent_at: u64,
    },
    /// The other side has stored that chat message.
    ChatReceived {
        /// Which.
        id: ChatId,
    },
    /// As the relay's `sdp_offer`, for when the relay is away.
    SdpOffer {
        /// Names the offer.
        offer_id: OfferId,
        /// An ICE restart of this connection; else a new connection.
        restart: bool,
        /// The description.
        sdp: Sdp,
    },
    /// As the relay's `sdp_answer`.
    SdpAnswer {
        /// The offer that it answers.
        offer_id: OfferId,
        /// The description.
        sdp: Sdp,
    },
    /// As the relay's `ice_candidates`, for one candidate.
    IceCandidate {
        /// The ICE generation it belongs to.
        ufrag: Ufrag,
        /// The m-line it belongs to.
        mid: Mid,
        /// The candidate; empty ends the generation.
        candidate: Candidate,
    },
    /// The sender hangs up.
    Leave,
    /// A message that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}
