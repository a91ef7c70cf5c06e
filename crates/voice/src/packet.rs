//! What crosses between the sound and whoever carries it.

/// One Opus packet as it arrived. Numbers are as on the wire and wrap.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// RTP sequence number of the packet that this sound belongs to.
    pub sequence: u16,
    /// RTP timestamp of its first sample, at 48 kHz.
    pub timestamp: u32,
    /// Opus.
    pub payload: Vec<u8>,
    /// It rode along in a later packet (RED), and says nothing about how long packets travel.
    pub redundant: bool,
}

impl std::fmt::Debug for Packet {
    /// Without the sound.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packet")
            .field("sequence", &self.sequence)
            .field("timestamp", &self.timestamp)
            .field("bytes", &self.payload.len())
            .field("redundant", &self.redundant)
            .finish()
    }
}

/// 20 ms of encoded sound, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// At 48 kHz; grows by what was captured, over gaps too. Wraps.
    pub timestamp: u32,
    /// Opus.
    pub payload: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    /// Without the sound.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("timestamp", &self.timestamp)
            .field("bytes", &self.payload.len())
            .finish()
    }
}
