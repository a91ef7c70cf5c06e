//! What goes into a [`Controller`](super::Controller), and what comes out.

use std::time::Duration;

/// Something for the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Encode at this bitrate, in bit/s.
    Bitrate(u32),
    /// Scale to this size before encoding; the captured aspect, never more than was captured. An
    /// encoder begins anew with a key frame then.
    Size {
        /// Pixels across, even.
        width: u16,
        /// Pixels down, even.
        height: u16,
    },
    /// Encode at most this many frames a second.
    FrameRate(u8),
    /// Encode nothing, or go on. Captured frames are dropped before the encoder, never after it.
    Hold(bool),
    /// Make the next frame a key frame.
    Key,
}

/// What the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A person: motion goes last.
    Camera,
    /// A screen: sharpness goes last.
    Screen,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// The path as it is, every 100 ms.
    Path {
        /// The raw estimate of what it carries, in bit/s; not the smoothed event.
        estimate: Option<u64>,
        /// The age of the oldest packet that waits in the pacer.
        queue: Duration,
        /// The share of packets that did not arrive, over the last second.
        loss: f32,
        /// There and back.
        round_trip: Option<Duration>,
        /// What the sound on the same path takes, in bit/s.
        sound: u32,
    },
    /// The encoder made a frame.
    Frame {
        /// Its length.
        bytes: usize,
        /// It is a key frame.
        key: bool,
        /// Pixels across; 0 when unknown.
        width: u16,
        /// Pixels down; 0 when unknown.
        height: u16,
    },
    /// The other side asks for a key frame.
    KeyRequested,
    /// The path is back after a loss.
    PathBack,
    /// Media can flow from here on. What the encoder made until then went nowhere.
    Opened,
}
