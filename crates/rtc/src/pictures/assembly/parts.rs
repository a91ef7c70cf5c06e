//! What goes into an [`Assembly`](super::Assembly), and what comes out.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::pictures::Picture;

/// One packet as it arrived, RTX undone.
#[derive(Clone)]
pub struct Packet {
    /// The SSRC. Another one starts the stream anew.
    pub source: u32,
    /// The sequence number without wraps.
    pub sequence: u64,
    /// The RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// The RTP marker: the last packet of its frame.
    pub marker: bool,
    /// The payload, descriptor first; empty for padding.
    pub payload: Arc<[u8]>,
    /// When it arrived.
    pub received: Instant,
}

/// Shows the length of the payload, never the payload.
impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("sequence", &self.sequence)
            .field("timestamp", &self.timestamp)
            .field("marker", &self.marker)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A whole frame that can be decoded after the ones before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The frame. [`Picture::captured_us`] is `timestamp` in µs.
    pub picture: Picture,
    /// The RTP timestamp, 90 kHz, without wraps: its lower 32 bits are what was sent.
    pub timestamp: u64,
    /// When the last of its packets arrived.
    pub received: Instant,
}
