//! Moving pictures: VP8 frames into packets and back, when to show them, and films on disk.
//!
//! Everything here is pure: time is an argument, nothing blocks. What was sent arrives as packets
//! ([`assembly`]), becomes whole frames and waits for its time ([`playout`]); [`keys`] asks for key
//! frames; [`incoming`] is these three as one. [`vp8`] knows what a packet and a frame look like,
//! [`ivf`] reads and writes films, and [`pump`] is how whole frames cross to a page that has codecs.

pub mod assembly;
pub mod incoming;
pub mod ivf;
pub mod keys;
pub mod playout;
pub mod pump;
pub mod vp8;

use std::fmt;

use vp8::{FrameError, FrameHeader};

/// One encoded VP8 frame, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The frame as the encoder gave it and a decoder takes it.
    pub data: Vec<u8>,
    /// It can be decoded without any other.
    pub key: bool,
    /// When it was captured, in µs on its source's own clock: only differences mean anything.
    pub captured_us: u64,
    /// Pixels across; 0 when the frame does not say, as no delta does.
    pub width: u16,
    /// Pixels down; 0 when the frame does not say.
    pub height: u16,
}

impl Picture {
    /// Reads from the frame whether it is a key frame, and how large.
    ///
    /// # Errors
    ///
    /// When `data` is not the start of any VP8 frame: a decoder would refuse it, so drop it and
    /// ask for a key frame.
    pub fn read(data: Vec<u8>, captured_us: u64) -> Result<Self, FrameError> {
        let FrameHeader { key, width, height, .. } = FrameHeader::read(&data)?;
        Ok(Self { data, key, captured_us, width, height })
    }
}

/// Shows the length of the data, never the data: it is somebody's face.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("bytes", &self.data.len())
            .field("key", &self.key)
            .field("captured_us", &self.captured_us)
            .field("width", &self.width)
            .field("height", &self.height)
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! Frames that look like VP8 to everything but a decoder, and the origin of virtual time.

    use std::time::Instant;

    /// Some instant: tests only add to it.
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time, read once a test")]
    pub(crate) fn origin() -> Instant {
        Instant::now()
    }

    /// A key frame of `bytes` bytes (at least 10), filled with something that tells frames apart.
    pub(crate) fn key(width: u16, height: u16, bytes: usize, seed: u8) -> Vec<u8> {
        let mut data = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a];
        data.extend_from_slice(&width.to_le_bytes());
        data.extend_from_slice(&height.to_le_bytes());
        fill(data, bytes, seed)
    }

    /// A delta of `bytes` bytes (at least 3).
    pub(crate) fn delta(bytes: usize, seed: u8) -> Vec<u8> {
        fill(vec![0x11, 0, 0], bytes, seed)
    }

    fn fill(mut data: Vec<u8>, bytes: usize, seed: u8) -> Vec<u8> {
        while data.len() < bytes {
            data.push(seed.wrapping_mul(31).wrapping_add(data.len().to_le_bytes()[0]));
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_how_large_it_is_and_never_what_it_shows() {
        let key = Picture::read(sample::key(640, 480, 50, 7), 5).expect("a key frame");
        assert!(key.key, "its first bit says so");
        assert_eq!((key.width, key.height), (640, 480), "a key frame says its size");
        let delta = Picture::read(sample::delta(50, 7), 5).expect("a delta");
        assert_eq!((delta.key, delta.width, delta.height), (false, 0, 0), "a delta says none");
        let shown = format!("{key:?}");
        assert!(shown.contains("bytes: 50"), "the length is shown: {shown}");
        assert!(!shown.contains("157"), "no byte of the data is: {shown}");
    }
}
