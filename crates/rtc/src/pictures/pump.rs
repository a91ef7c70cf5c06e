//! What crosses between this program and whoever has its codecs: a Worker of the webview.
//!
//! Over one WebSocket: a binary message is one encoded frame, a text message is an order or a state
//! in JSON. A frame has sixteen bytes before it, little endian:
//! ```text
//!  0      1       2      3   4       8              16
//!  │ kind │ flags │ slot │ 0 │ peer  │ captured, µs │ VP8 …
//! ```
//! `kind` is 1 for what was captured here and 2 for what a peer sent; bit 0 of `flags` says key
//! frame; `slot` is 1 for the camera and 2 for the screen; `peer` is 0 for what was captured.
//! `golden/pump.json` holds examples that the TypeScript at the other end reads too.

use bellwire_core::api::{PeerId, Slot, SlotState};
use serde::{Deserialize, Serialize};

use super::Picture;
use super::vp8::FrameError;
use crate::control::Order;

/// Bytes before a frame.
pub const HEADER_BYTES: usize = 16;
/// The longest message. The largest key frame of a screen stays far below it; raising it lets a
/// broken page take more memory.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// The longest text.
pub const MAX_TEXT_BYTES: usize = 4 << 10;

const KEY: u8 = 1;

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Captured and encoded here, for every peer that the slot is sent to.
    Captured,
    /// Came from this peer, to be decoded and shown.
    Shown(PeerId),
}

/// An encoded frame and what has to be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which way it goes.
    pub way: Way,
    /// The camera or the screen.
    pub slot: Slot,
    /// The frame itself.
    pub picture: Picture,
}

/// A message is none of this format. What it was is dropped; after a frame a key frame is due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedMessage {
    /// It is shorter than its header or longer than any frame.
    #[error("a message of {0} bytes is no frame")]
    Length(usize),
    /// Its header says what no header says.
    #[error("the header of a frame makes no sense")]
    Header,
    /// What follows the header is not VP8.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The header calls a delta a key frame, or the other way round.
    #[error("the header and the frame differ about whether it is a key frame")]
    Key,
    /// A text is no message.
    #[error("a text is no message")]
    Text,
}

impl Frame {
    /// The message that carries it. Slots of sound carry no frames: theirs is never understood.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let (kind, peer) = match self.way {
            Way::Captured => (1, 0),
            Way::Shown(peer) => (2, peer.0),
        };
        let slot = match self.slot {
            Slot::Camera => 1,
            Slot::Screen => 2,
            Slot::Audio | Slot::ScreenAudio => 0,
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.picture.data.len());
        bytes.extend_from_slice(&[kind, if self.picture.key { KEY } else { 0 }, slot, 0]);
        bytes.extend_from_slice(&peer.to_le_bytes());
        bytes.extend_from_slice(&self.picture.captured_us.to_le_bytes());
        bytes.extend_from_slice(&self.picture.data);
        bytes
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`RefusedMessage`] says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, RefusedMessage> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(RefusedMessage::Length(bytes.len()));
        }
        let (header, data) =
            bytes.split_first_chunk::<HEADER_BYTES>().ok_or(RefusedMessage::Length(bytes.len()))?;
        let &[kind, flags, slot, zero, p0, p1, p2, p3, c0, c1, c2, c3, c4, c5, c6, c7] = header;
        let way = match (kind, u32::from_le_bytes([p0, p1, p2, p3])) {
            (1, 0) => Way::Captured,
            (2, peer) => Way::Shown(PeerId(peer)),
            (_, _) => return Err(RefusedMessage::Header),
        };
        let slot = match slot {
            1 => Slot::Camera,
            2 => Slot::Screen,
            _ => return Err(RefusedMessage::Header),
        };
        if zero != 0 || flags & !KEY != 0 {
            return Err(RefusedMessage::Header);
        }
        let captured_us = u64::from_le_bytes([c0, c1, c2, c3, c4, c5, c6, c7]);
        let picture = Picture::read(data.to_vec(), captured_us)?;
        if picture.key != (flags & KEY != 0) {
            return Err(RefusedMessage::Key);
        }
        Ok(Self { way, slot, picture })
    }
}

/// What the page is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToPage {
    /// Open this device, or the system's choice, and encode it.
    Capture {
        /// For which slot.
        slot: Slot,
        /// Which device.
        device: Option<String>,
    },
    /// Close the device.
    Stop {
        /// Of which slot.
        slot: Slot,
    },
    /// Encode at this bitrate.
    Bitrate {
        /// Which slot.
        slot: Slot,
        /// In bit/s.
        bitrate: u32,
    },
    /// Scale to this size before encoding.
    Size {
        /// Which slot.
        slot: Slot,
        /// Pixels across.
        width: u16,
        /// Pixels down.
        height: u16,
    },
    /// Encode at most so many frames a second.
    FrameRate {
        /// Which slot.
        slot: Slot,
        /// Frames a second.
        frame_rate: u8,
    },
    /// Encode nothing, or go on.
    Hold {
        /// Which slot.
        slot: Slot,
        /// Whether nothing is encoded.
        on: bool,
    },
    /// Make the next frame a key frame.
    Key {
        /// Which slot.
        slot: Slot,
    },
    /// Pictures may come from this peer: what shows them can be made ready.
    Open {
        /// Which.
        peer: PeerId,
    },
    /// Nothing more will come from this peer.
    Close {
        /// Which.
        peer: PeerId,
    },
}

impl ToPage {
    /// The message for an order.
    #[must_use]
    pub const fn order(slot: Slot, order: Order) -> Self {
        match order {
            Order::Bitrate(bitrate) => Self::Bitrate { slot, bitrate },
            Order::Size { width, height } => Self::Size { slot, width, height },
            Order::FrameRate(frame_rate) => Self::FrameRate { slot, frame_rate },
            Order::Hold(on) => Self::Hold { slot, on },
            Order::Key => Self::Key { slot },
        }
    }

    /// The text that carries it.
    #[must_use]
    pub fn write(&self) -> String {
        // Cannot fail: every key is a string and every value a plain one.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What the page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromPage {
    /// What the device of a slot does.
    State {
        /// Which slot.
        slot: Slot,
        /// What it does.
        state: SlotState,
    },
    /// What came from a peer could not be decoded.
    Undecodable {
        /// From whom.
        peer: PeerId,
        /// On which slot.
        slot: Slot,
    },
}

impl FromPage {
    /// Reads a text.
    ///
    /// # Errors
    /// [`RefusedMessage::Length`] and [`RefusedMessage::Text`].
    pub fn read(text: &str) -> Result<Self, RefusedMessage> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(RefusedMessage::Length(text.len()));
        }
        serde_json::from_str(text).map_err(|_| RefusedMessage::Text)
    }
}

#[cfg(test)]
mod tests;
