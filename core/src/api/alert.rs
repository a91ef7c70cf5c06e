//! What a person should notice although they do not look at the window.

use bellwire_protocol::{CallId, ConversationId, Media};
use serde::{Deserialize, Serialize};

/// Something for a system notification. What rings and sounds inside the window follows from the
/// view; this is only for windows that nobody sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Alert {
    /// Somebody calls: show it until [`Alert::RingStopped`].
    Ring {
        /// Which call.
        call: CallId,
        /// Who calls.
        name: String,
        /// Voice or video.
        media: Media,
    },
    /// It no longer rings here, for whatever reason.
    RingStopped {
        /// Which call.
        call: CallId,
    },
    /// A call was missed.
    Missed {
        /// Where to call back.
        conversation: ConversationId,
        /// Who called.
        name: String,
        /// Voice or video.
        media: Media,
    },
    /// A chat message came.
    Message {
        /// Where.
        conversation: ConversationId,
        /// Who wrote.
        name: String,
        /// What.
        text: String,
    },
}
