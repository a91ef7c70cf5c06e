//! TURN messages in a stream.
//!
//! Over TCP and TLS, STUN messages and channel data follow each other without a length in front:
//! both begin with their own (RFC 8656 section 12.4, RFC 8489 section 5). Channel data is padded to
//! a multiple of four bytes in a stream, and the padding is not counted in its length.

use std::collections::VecDeque;

/// Bytes of a STUN header.
const STUN_HEADER: usize = 20;
/// Bytes of a channel data header.
const CHANNEL_HEADER: usize = 4;
/// In every STUN message from its fifth byte on (RFC 8489 section 5).
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// Cuts a stream into messages. Holds at most one unfinished message, so 64 KiB and what came with
/// it.
#[derive(Default)]
pub struct Frames {
    held: Vec<u8>,
    whole: VecDeque<Vec<u8>>,
    broken: bool,
}

/// The stream holds what no TURN server sends; where the next message begins cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is no sequence of turn messages")]
pub struct Broken;

impl Frames {
    /// Takes the next bytes of the stream, cut anywhere.
    ///
    /// # Errors
    /// [`Broken`], then and ever after.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if self.broken {
            return Err(Broken);
        }
        self.held.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            match measure(&self.held[start..]) {
                Ok(Some((length, padded))) if self.held.len() - start >= padded => {
                    self.whole.push_back(self.held[start..start + length].to_vec());
                    start += padded;
                }
                Ok(_) => break,
                Err(Broken) => {
                    self.broken = true;
                    self.held = Vec::new();
                    return Err(Broken);
                }
            }
        }
        self.held.drain(..start);
        Ok(())
    }

    /// The next whole message, without its padding.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        self.whole.pop_front()
    }
}

/// Length of the message that `bytes` begin with, without and with its padding; nothing when too
/// little of it is there to tell.
fn measure(bytes: &[u8]) -> Result<Option<(usize, usize)>, Broken> {
    let [first, _, high, low, ..] = *bytes else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match first >> 6 {
        0 => {
            if !length.is_multiple_of(4) {
                return Err(Broken);
            }
            let begun = &bytes[4..bytes.len().min(8)];
            if !COOKIE.starts_with(begun) {
                return Err(Broken);
            }
            Ok(Some((STUN_HEADER + length, STUN_HEADER + length)))
        }
        // 0x4000 to 0x4FFF; the rest is reserved (RFC 8656 section 12).
        1 if first >> 4 == 4 => {
            let length = CHANNEL_HEADER + length;
            Ok(Some((length, length.next_multiple_of(4))))
        }
        _ => Err(Broken),
    }
}

/// Makes `message` fit for a stream.
pub(super) fn pad(message: &mut Vec<u8>) {
    message.resize(message.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stun(body: usize) -> Vec<u8> {
        let mut message = vec![0x01, 0x01, 0, 0];
        message[2..4].copy_from_slice(&u16::try_from(body).unwrap().to_be_bytes());
        message.extend(COOKIE);
        message.resize(STUN_HEADER + body, 7);
        message
    }

    fn channel(body: usize) -> Vec<u8> {
        let mut message = vec![0x40, 0x01, 0, 0];
        message[2..4].copy_from_slice(&u16::try_from(body).unwrap().to_be_bytes());
        message.resize(CHANNEL_HEADER + body, 9);
        message
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![(0..50_usize).prop_map(|n| stun(n * 4)), (0..200_usize).prop_map(channel)]
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_stream_is_cut(
            messages in prop::collection::vec(message(), 0..12),
            cuts in prop::collection::vec(1..60_usize, 1..40),
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                let mut message = message.clone();
                pad(&mut message);
                stream.extend(message);
            }
            let (mut frames, mut found, mut cuts) = (Frames::default(), Vec::new(), cuts.iter().cycle());
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let cut = cuts.next().map_or(1, |cut| *cut).min(rest.len());
                frames.push(&rest[..cut]).expect("the stream is sound");
                rest = &rest[cut..];
                while let Some(message) = frames.pop() {
                    found.push(message);
                }
            }
            prop_assert_eq!(found, messages);
            prop_assert!(frames.held.is_empty(), "nothing is left over");
        }

        #[test]
        fn no_stream_is_held_beyond_one_message(chunks in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..3000), 0..60,
        )) {
            let mut frames = Frames::default();
            for chunk in chunks {
                let _ = frames.push(&chunk);
                while frames.pop().is_some() {}
                prop_assert!(frames.held.len() <= 65_556, "{} bytes held", frames.held.len());
            }
        }
    }

    #[test]
    fn a_stream_that_is_no_turn_breaks_for_good() {
        let http = &b"RTSP/1.0"[..];
        for start in [http, &[0, 1, 0, 0, 1, 2, 3, 4], &[0, 1, 0, 3], &[0x80, 0, 0, 0]] {
            let mut frames = Frames::default();
            assert_eq!(frames.push(start), Err(Broken), "{start:?} is no message");
            assert_eq!(frames.push(&stun(0)), Err(Broken), "nothing after it can be trusted");
        }
    }
}
