//! What crosses the network: messages, ids, limits and versions.
//!
//! Three conversations live here:
//! - client and relay over the WebSocket: [`ClientFrame`] one way, [`RelayFrame`] the other;
//! - client and relay over HTTP: the bodies in [`http`];
//! - two clients over the data channels of a call: [`ChannelMessage`].
//!
//! Nothing here decides anything and nothing does IO. Every string that can come from outside is
//! a newtype that refuses what is too long or malformed while it is being parsed, so that the
//! code behind the door never sees it. `docs/protocol.md` explains every message and shows an example;
//! the golden files in `golden/` are those examples, read by the tests of both languages, and
//! `schema/` is a JSON Schema of all of it, made from the types with the feature `schema`.

mod call;
mod channel;
mod client;
pub mod http;
mod ids;
pub mod limits;
mod people;
mod relay;
#[cfg(feature = "schema")]
pub mod schema;
mod text;

pub use call::{
    Answer, CallRecord, Candidates, EndReason, IceCandidate, InvalidCandidates, LiveCall,
    LiveCallState, Media, MediaState, Offer, Participant, RejectReason,
};
pub use channel::{ChannelMessage, DeviceTrouble, Unavailable};
pub use client::{CallClaim, ClientFrame, ClientInfo, ClientMessage, Resume};
pub use ids::{CallId, ChatId, ConversationId, DeviceId, InvalidId, OfferId, UserId};
pub use limits::Limits;
pub use people::{
    CallableBy, Contact, ContactState, Conversation, ConversationKind, GroupInvitation, Me,
    NoticeKind, Person, Presence, PresenceStatus, SecurityNotice,
};
pub use relay::{
    ErrorCode, IceServer, ParticipantMedia, RelayFrame, RelayMessage, ResumeToken, Snapshot,
    Welcome,
};
pub use text::{
    Candidate, ChatText, DisplayName, InvalidText, Mid, Proof, Sdp, Secret, Ufrag, Username,
};

/// The WebSocket subprotocol, and the only place where the wire version is named.
pub const SUBPROTOCOL: &str = "bellwire.v1";

/// Why a frame from the network was refused.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame is longer than [`Frame::MAX_BYTES`].
    #[error("frame of {0} bytes is over the limit")]
    TooLarge(usize),
    /// Not JSON, not an object, a field missing or outside its limits.
    #[error("frame is malformed")]
    Malformed,
}

/// What travels as a text of its own, with the longest that the receiving end takes.
pub trait Frame {
    /// In bytes.
    const MAX_BYTES: usize;
}

impl Frame for ClientFrame {
    const MAX_BYTES: usize = limits::FRAME_BYTES;
}

impl Frame for RelayFrame {
    const MAX_BYTES: usize = limits::RELAY_FRAME_BYTES;
}

impl Frame for ChannelMessage {
    const MAX_BYTES: usize = limits::CHANNEL_MESSAGE_BYTES;
}

/// Reads one frame of the WebSocket or one message of a data channel. A message of an unknown type is not an error: it comes back
/// as the `Unknown` variant, because a newer far end may know more than this build.
///
/// # Errors
/// [`FrameError`] for what no version of the protocol can mean.
pub fn decode<'a, T: serde::Deserialize<'a> + Frame>(text: &'a str) -> Result<T, FrameError> {
    if text.len() > T::MAX_BYTES {
        return Err(FrameError::TooLarge(text.len()));
    }
    serde_json::from_str(text).map_err(|_| FrameError::Malformed)
}

/// Writes one frame. Every type of this crate can be written, so this cannot fail.
pub fn encode<T: serde::Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}
