//! VP8 in RTP (RFC 7741), and what a frame says about itself (RFC 6386 section 9.1).
//!
//! [`Packetizer`] cuts a frame into payloads of about equal size, each headed by a descriptor with
//! a 15-bit picture number. [`Descriptor`] reads such a head, from anybody: every optional field is
//! understood, what is cut short is refused. `str0m`'s own descriptor tells neither where a frame
//! begins nor where the head ends, hence this one.

use thiserror::Error;

/// Bytes of payload per packet unless the path asks for less: fits into 1,200-byte datagrams with
/// RTP header, extensions, SRTP tag and RTX number, which every path of the internet carries. More
/// saves 3 % of headers and risks fragments; less costs headers.
pub const PAYLOAD_BYTES: usize = 1_150;

/// What the packetizer puts before every fragment: flags, extension flags, picture number.
const HEAD_BYTES: usize = 4;

/// Largest picture number, 15 bits.
const PICTURE_ID_MAX: u16 = 0x7fff;

/// Why a payload is not VP8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DescriptorError {
    /// The payload ends inside its descriptor, or with it.
    #[error("vp8 payload ends within its descriptor")]
    Short,
}

/// Why bytes are not the start of a VP8 frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Too few bytes for a frame header: 3, or 10 for a key frame.
    #[error("vp8 frame ends within its header")]
    Short,
    /// A key frame without the start code `9d 01 2a`.
    #[error("vp8 key frame without its start code")]
    StartCode,
    /// A key frame with no pixels.
    #[error("vp8 key frame without size")]
    NoSize,
}

/// A picture number as it was sent, in 7 or 15 bits. A sender may change its mind (RFC 7741
/// section 4.2), so numbers are compared in the bits that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureId {
    /// 7 bits.
    Short(u8),
    /// 15 bits.
    Long(u16),
}

impl PictureId {
    /// This is the number after `earlier`.
    #[must_use]
    pub fn follows(self, earlier: Self) -> bool {
        let mask = self.mask() & earlier.mask();
        self.number() & mask == earlier.number().wrapping_add(1) & mask
    }

    /// How many numbers there are in the bits that both have.
    #[must_use]
    pub fn span(self, other: Self) -> u16 {
        (self.mask() & other.mask()) + 1
    }

    const fn number(self) -> u16 {
        match self {
            Self::Short(number) => number as u16,
            Self::Long(number) => number,
        }
    }

    const fn mask(self) -> u16 {
        match self {
            Self::Short(_) => 0x7f,
            Self::Long(_) => PICTURE_ID_MAX,
        }
    }
}

/// The head of one VP8 payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// A frame begins with this payload (S set, partition 0).
    pub begins: bool,
    /// No other frame refers to this one (N).
    pub discardable: bool,
    /// The picture's number.
    pub picture_id: Option<PictureId>,
    /// The running number of the base layer's pictures (TL0PICIDX).
    pub base: Option<u8>,
    /// The temporal layer (TID); 0 is the base.
    pub layer: Option<u8>,
    /// The frame refers to the base layer only (Y).
    pub sync: bool,
    /// Bytes of the descriptor: the frame's bytes start here, and there is at least one.
    pub length: usize,
}

impl Descriptor {
    /// Reads the head of a payload (RFC 7741 section 4.2).
    ///
    /// # Errors
    ///
    /// When the payload is too short to hold what its flags promise and one byte more. Drop it:
    /// no retransmission makes it better.
    pub fn read(payload: &[u8]) -> Result<Self, DescriptorError> {
        let mut bytes = Bytes { payload, at: 0 };
        let flags = bytes.next()?;
        let mut descriptor = Self {
            begins: flags & 0x10 != 0 && flags & 0x07 == 0,
            discardable: flags & 0x20 != 0,
            picture_id: None,
            base: None,
            layer: None,
            sync: false,
            length: 0,
        };
        if flags & 0x80 != 0 {
            let has = bytes.next()?;
            if has & 0x80 != 0 {
                let first = bytes.next()?;
                descriptor.picture_id = Some(if first & 0x80 == 0 {
                    PictureId::Short(first)
                } else {
                    PictureId::Long(u16::from_be_bytes([first & 0x7f, bytes.next()?]))
                });
            }
            if has & 0x40 != 0 {
                descriptor.base = Some(bytes.next()?);
            }
            if has & 0x30 != 0 {
                let layers = bytes.next()?;
                if has & 0x20 != 0 {
                    descriptor.layer = Some(layers >> 6);
                    descriptor.sync = layers & 0x20 != 0;
                }
            }
        }
        descriptor.length = bytes.at;
        if descriptor.length < payload.len() { Ok(descriptor) } else { Err(DescriptorError::Short) }
    }
}

struct Bytes<'a> {
    payload: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn next(&mut self) -> Result<u8, DescriptorError> {
        let byte = *self.payload.get(self.at).ok_or(DescriptorError::Short)?;
        self.at += 1;
        Ok(byte)
    }
}

/// What the first bytes of a frame say (RFC 6386 section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// It can be decoded without any other.
    pub key: bool,
    /// It is meant to be shown; the others only serve as references.
    pub shown: bool,
    /// Pixels across; 0 for a delta, which has the size of its key frame.
    pub width: u16,
    /// Pixels down; 0 for a delta.
    pub height: u16,
}

impl FrameHeader {
    /// Reads the header of a frame; the first 10 bytes are enough.
    ///
    /// # Errors
    ///
    /// See [`FrameError`]: a decoder would refuse the frame.
    pub fn read(frame: &[u8]) -> Result<Self, FrameError> {
        let [tag, _, _, rest @ ..] = frame else { return Err(FrameError::Short) };
        let shown = tag & 0x10 != 0;
        if tag & 0x01 != 0 {
            return Ok(Self { key: false, shown, width: 0, height: 0 });
        }
        let [a, b, c, w0, w1, h0, h1, ..] = *rest else { return Err(FrameError::Short) };
        if [a, b, c] != [0x9d, 0x01, 0x2a] {
            return Err(FrameError::StartCode);
        }
        // The upper two bits say how to scale for display, which nobody does.
        let width = u16::from_le_bytes([w0, w1]) & 0x3fff;
        let height = u16::from_le_bytes([h0, h1]) & 0x3fff;
        if width == 0 || height == 0 {
            return Err(FrameError::NoSize);
        }
        Ok(Self { key: true, shown, width, height })
    }
}

/// One payload to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// Descriptor and fragment.
    pub bytes: Vec<u8>,
    /// The RTP marker: the frame ends with it.
    pub marker: bool,
}

/// Shows the length, never the picture.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload")
            .field("bytes", &self.bytes.len())
            .field("marker", &self.marker)
            .finish()
    }
}

/// Cuts frames into payloads. One per outgoing stream: it counts the pictures.
#[derive(Debug, Clone)]
pub struct Packetizer {
    picture_id: u16,
}

impl Packetizer {
    /// `first` is the number of the first picture, best a random one (RFC 7741 section 4.2); only
    /// its lower 15 bits count.
    #[must_use]
    pub const fn new(first: u16) -> Self {
        Self { picture_id: first & PICTURE_ID_MAX }
    }

    /// The payloads of one frame, each of at most `max_bytes` bytes (at least 5 are used), cut
    /// evenly: a small last packet costs as much to send, protect and lose as a full one. Every
    /// frame that goes in must be sent, as the receiver takes a missing number for a missing
    /// reference. An empty frame has no payloads and no number.
    #[must_use]
    pub fn packetize(&mut self, frame: &[u8], max_bytes: usize) -> Vec<Payload> {
        if frame.is_empty() {
            return Vec::new();
        }
        let room = max_bytes.saturating_sub(HEAD_BYTES).max(1);
        let count = frame.len().div_ceil(room);
        let (least, longer) = (frame.len() / count, frame.len() % count);
        let [high, low] = self.picture_id.to_be_bytes();
        let mut payloads = Vec::with_capacity(count);
        let mut rest = frame;
        for index in 0..count {
            let (fragment, after) = rest.split_at(least + usize::from(index < longer));
            rest = after;
            let mut bytes = Vec::with_capacity(HEAD_BYTES + fragment.len());
            bytes.extend_from_slice(&[if index == 0 { 0x90 } else { 0x80 }, 0x80]);
            bytes.extend_from_slice(&[0x80 | high, low]);
            bytes.extend_from_slice(fragment);
            payloads.push(Payload { bytes, marker: index + 1 == count });
        }
        self.picture_id = self.picture_id.wrapping_add(1) & PICTURE_ID_MAX;
        payloads
    }
}

#[cfg(test)]
mod tests;
