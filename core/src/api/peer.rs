//! The vocabulary of peer connections: what the core orders, what an executor reports.
//!
//! Two executors speak it: the webview's own `RTCPeerConnection` and, where that is missing,
//! `crates/rtc`. An executor decides nothing. It carries out one operation per peer at a time (the
//! core never has two in flight) and reports each with its number.
//!
//! Every connection has the same m-lines from its first offer, in this order: `audio`, `camera`,
//! `screen`, `screenAudio`, each `sendrecv`, with no track until [`PeerCommand::Send`]; and two
//! negotiated data channels: id 0 `control` (unordered, no retransmits), id 1 `chat` (reliable).

use bellwire_protocol::IceServer;
use serde::{Deserialize, Serialize};

/// Names a peer connection on this device. Never used twice in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type), specta(transparent))]
#[serde(transparent)]
pub struct PeerId(pub u32);

/// One of the fixed m-lines. The order is the order in the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Slot {
    /// The microphone.
    Audio,
    /// The camera.
    Camera,
    /// A screen or window.
    Screen,
    /// The sound of what is shared.
    ScreenAudio,
}

/// What the core orders for one peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PeerCommand {
    /// Make the connection, with slots and channels, capturing nothing. The first command.
    Open {
        /// STUN and TURN servers.
        ice_servers: Vec<IceServer>,
        /// Use TURN only.
        relay_only: bool,
    },
    /// Use these from the next restart on.
    Configure {
        /// STUN and TURN servers.
        ice_servers: Vec<IceServer>,
        /// Use TURN only.
        relay_only: bool,
    },
    /// Make an offer and set it as the local description → [`PeerEvent::Described`].
    Offer {
        /// Names the operation.
        operation: u32,
        /// Restart ICE.
        restart: bool,
    },
    /// Set a remote offer, rolling back an own one that is still open, make the answer and set it
    /// as the local description → [`PeerEvent::Described`].
    Answer {
        /// Names the operation.
        operation: u32,
        /// The remote offer, without candidates.
        sdp: String,
    },
    /// Set the remote answer → [`PeerEvent::Applied`].
    Apply {
        /// Names the operation.
        operation: u32,
        /// The remote answer, without candidates.
        sdp: String,
    },
    /// Add a remote candidate. Not an operation: comes only while a remote description with this
    /// ufrag is set; failures are ignored.
    AddCandidate {
        /// Its ICE generation.
        ufrag: String,
        /// Its m-line.
        mid: String,
        /// The candidate line; empty ends the generation.
        candidate: String,
    },
    /// Send on a slot, or stop. Starting opens the device (shared by all peers) and puts its track
    /// on the sender; stopping takes the track off and, with the last peer, closes the device.
    /// → [`PeerEvent::Slot`], also later whenever the device changes its state.
    Send {
        /// Which slot. `screen` brings `screenAudio` along where the person shares sound.
        slot: Slot,
        /// Send or not.
        on: bool,
        /// Which device; `None` is the system's choice.
        device: Option<String>,
    },
    /// Send so much and no more from here on, whatever is on the slots. A new connection sends pictures
    /// in full size.
    Spend {
        /// What becomes of `camera` and `screen`.
        pictures: Pictures,
        /// What `audio` may take, in bit/s, copies (RED) included and headers not; `None` where it may
        /// take what it takes best.
        sound: Option<u32>,
    },
    /// Send on the `control` channel; dropped unless it is open.
    Control {
        /// A JSON text.
        data: String,
    },
    /// Send on the `chat` channel; dropped unless it is open.
    Chat {
        /// A JSON text.
        data: String,
    },
    /// Close the connection and, with the last one, every device. The last command; nothing is
    /// reported after it.
    Close,
}

/// What an executor reports of one peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PeerEvent {
    /// The local description of an `offer` or `answer` is set.
    Described {
        /// The operation.
        operation: u32,
        /// The description. May hold candidates; the core takes them out.
        sdp: String,
    },
    /// An `apply` was carried out.
    Applied {
        /// The operation.
        operation: u32,
    },
    /// An operation could not be carried out. The connection is as before it.
    OperationFailed {
        /// The operation.
        operation: u32,
        /// What the stack said, for the log on this device.
        message: String,
    },
    /// A local candidate.
    Candidate {
        /// Its ICE generation; empty where the stack does not say.
        ufrag: String,
        /// Its m-line.
        mid: String,
        /// The candidate line; empty ends the generation.
        candidate: String,
    },
    /// ICE and DTLS together.
    Path {
        /// As it is from here on.
        state: PathState,
    },
    /// Both data channels are open.
    ChannelsOpen,
    /// A data channel closed.
    ChannelsClosed,
    /// A message on `control`.
    Control {
        /// As it came.
        data: String,
    },
    /// A message on `chat`.
    Chat {
        /// As it came.
        data: String,
    },
    /// What the path is believed to carry. Once a second while that is less than [`ENOUGH`], and once
    /// when it becomes more; never where a stack does not say (Firefox) or limits pictures by itself (the
    /// one in Rust).
    Measured {
        /// In bit/s, headers included.
        estimate: u32,
        /// What was sent since the report before, in bit/s.
        sent: u32,
    },
    /// What this device sends on a slot, for this peer.
    Slot {
        /// Which.
        slot: Slot,
        /// As it is from here on.
        state: SlotState,
    },
}

/// The estimate from which nothing has to give way, in bit/s. Executors say no more than this.
pub const ENOUGH: u32 = 400_000;

/// What becomes of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Pictures {
    /// Sent as they are.
    Full,
    /// Sent small: the path just became wide enough for any.
    Small,
    /// Not sent, not resent, and not encoded where that can be helped.
    Held,
}

/// ICE and DTLS together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PathState {
    /// No pair, or DTLS is not done.
    Connecting,
    /// Media can flow.
    Connected,
    /// Nothing was heard for a while; may heal by itself.
    Disconnected,
    /// Will not heal without a restart.
    Failed,
}

/// What a local slot does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SlotState {
    /// Nothing is sent, the device is closed.
    Off,
    /// The device's track is sent.
    Live {
        /// The device's name.
        label: String,
    },
    /// It should send and cannot.
    Unavailable {
        /// Why.
        problem: DeviceProblem,
    },
}

/// Why a device cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeviceProblem {
    /// The person or the system does not allow it.
    Denied,
    /// There is none.
    Missing,
    /// Another program has it.
    Busy,
    /// It was there and went away.
    Unplugged,
    /// It does not answer.
    Hung,
    /// The person closed the picker of screens.
    Dismissed,
    /// The stack gave no usable reason.
    Other,
}
