//! The calls that the UI draws: those that ring, and the one on the screen.

use bellwire_protocol::{
    CallId, ConversationId, DeviceId, EndReason, Media, MediaState, Unavailable, UserId,
};
use serde::{Deserialize, Serialize};

use super::{DeviceProblem, PeerId, SlotState};

/// A call that rings here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RingView {
    /// Which.
    pub call: CallId,
    /// Where.
    pub conversation: ConversationId,
    /// Who calls.
    pub name: String,
    /// Who calls.
    pub user: UserId,
    /// Voice or video.
    pub media: Media,
    /// Ring with sound: the settings say so and no call goes on here.
    pub audible: bool,
}

/// The call of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CallView {
    /// Which.
    pub id: CallId,
    /// Where.
    pub conversation: ConversationId,
    /// Name of the conversation.
    pub name: String,
    /// What it started with.
    pub media: Media,
    /// Whether this device placed it.
    pub outgoing: bool,
    /// How far it is.
    pub stage: CallStage,
    /// What this device sends.
    pub local: LocalView,
    /// The others, in the order in which they came.
    pub remotes: Vec<RemoteView>,
    /// A message can be delivered at once.
    pub chat_open: bool,
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallStage {
    /// Placed; nobody answered.
    Dialling {
        /// It rings at the other side.
        ringing: bool,
    },
    /// Answered; media is being set up.
    Connecting,
    /// Media flows.
    Connected {
        /// When it was answered.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        since: u64,
    },
    /// Media does not flow at present.
    Reconnecting {
        /// When it was answered.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        since: u64,
    },
    /// Over. Stays until `dismiss_call` or the next call.
    Ended {
        /// Why.
        reason: EndReason,
        /// Length in seconds, where it was answered.
        length_s: Option<u32>,
    },
}

/// What this device sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LocalView {
    /// The microphone; off is muted.
    pub audio: LocalSlot,
    /// The camera.
    pub camera: LocalSlot,
    /// A screen.
    pub screen: LocalSlot,
    /// The network is too slow for pictures at present: they are held back for the sake of sound.
    pub narrow: bool,
}

/// One local slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LocalSlot {
    /// What the person wants.
    pub on: bool,
    /// What the device does.
    pub state: SlotState,
}

impl LocalSlot {
    /// What keeps a wanted slot from sending.
    #[must_use]
    pub const fn problem(&self) -> Option<DeviceProblem> {
        match self.state {
            SlotState::Unavailable { problem } if self.on => Some(problem),
            SlotState::Unavailable { .. } | SlotState::Off | SlotState::Live { .. } => None,
        }
    }
}

/// Another participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RemoteView {
    /// Where the executor has their tracks.
    pub peer: PeerId,
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// Their name.
    pub name: String,
    /// What they say they send.
    pub sends: MediaState,
    /// What they want to send and cannot: it is not muted.
    pub unavailable: Unavailable,
    /// Media can flow.
    pub connected: bool,
    /// The window or program that they are in the call with was closed. A reload brings it back;
    /// otherwise the call ends soon.
    pub closed: bool,
}
