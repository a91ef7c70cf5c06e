//! Sound on its way out and in: RTP around Opus, and copies of earlier sound where packets get lost.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bellwire_voice::packet::{Frame, Packet};
use str0m::Rtc;
use str0m::media::Mid;
use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock, RtpPacket, RtpWrite};

use super::slots::Agreed;
use super::stream::{Numbers, OwnStream};

/// How many packets back the copies are that ride along. Two mend bursts of two lost packets, which
/// in-band FEC cannot; each costs a packet's bitrate again and asks the other side to wait 20 ms.
const DISTANCES: [usize; 2] = [2, 1];
/// Loss from which copies are worth their bitrate, as a share. In-band FEC alone mends what is below.
const COPIES_FROM: f32 = 0.015;
/// Loss below which a path counts as clean, as a share.
const CLEAN_BELOW: f32 = 0.005;
/// How long a path has to be clean before the copies stop. Shorter saves bitrate between two
/// bursts of a path that loses now and then, and loses the first packets of each.
const CLEAN_FOR: Duration = Duration::from_secs(20);
/// The estimate below which copies would take the place of the sound itself, in bit/s.
const ROOM_FOR_COPIES: u64 = 120_000;

/// What a packet costs beside its sound, in bytes: IP, UDP, RTP with extensions, SRTP tag.
const OVERHEAD: usize = 62;
/// Frames of 20 ms.
const FRAMES_PER_SECOND: usize = 50;

/// One outgoing sound.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    stream: OwnStream<Numbers>,
    sends: bool,
    /// Timestamp and payload of what was sent last, oldest first.
    history: VecDeque<(u32, Vec<u8>)>,
    copies: Copies,
    /// The other side knows RED, and the last packet had copies.
    wraps: bool,
    /// The first frame after a silence carries the marker (RFC 3551 section 4.1).
    talking: bool,
}

impl Outgoing {
    /// This device starts or stops to send.
    pub(super) fn switch(&mut self, on: bool) {
        self.sends = on;
        if !on {
            self.talking = false;
            self.history.clear();
        }
    }

    pub(super) const fn sends(&self) -> bool {
        self.sends
    }

    /// Sends a frame. False where the connection has no stream for it yet.
    pub(super) fn send(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        mid: Mid,
        agreed: Agreed,
        frame: &Frame,
    ) -> bool {
        let mut direct = rtc.direct_api();
        let Some((stream, numbers)) = self.stream.find(&mut direct, mid, Numbers::of_ssrc) else {
            return false;
        };
        let timestamp = numbers.timestamp(frame.timestamp);
        self.wraps = agreed.red.is_some() && self.copies.on;
        let (pt, payload) = match agreed.red {
            Some(red) if self.wraps => {
                (red, wrap(*agreed.pt, timestamp, &frame.payload, &self.history))
            }
            Some(_) | None => (agreed.pt, frame.payload.clone()),
        };
        let write = RtpWrite::new(pt, numbers.sequence(), timestamp, now, payload)
            .marker(!std::mem::replace(&mut self.talking, true));
        stream.write_rtp(write);
        self.history.push_back((timestamp, frame.payload.clone()));
        while self.history.len() > DISTANCES[0] {
            self.history.pop_front();
        }
        true
    }

    /// The share of loss that the encoder should prepare for. Copies mend what FEC would, and leave
    /// its bits to the sound.
    pub(super) fn expected(&self, loss: f32) -> f32 {
        if self.wraps || loss < CLEAN_BELOW { 0.0 } else { loss.max(LEAST_EXPECTED) }
    }

    /// What the path is like. Gives what this sound takes of it, in bit/s.
    pub(super) fn observe(&mut self, now: Instant, loss: f32, estimate: Option<u64>) -> u32 {
        if !self.sends {
            return 0;
        }
        self.copies.observe(now, loss, estimate);
        let copies = if self.wraps { DISTANCES.len() } else { 0 };
        let payload = self.history.back().map_or(0, |(_, payload)| payload.len());
        let bytes = payload * (1 + copies) + OVERHEAD;
        u32::try_from(bytes * 8 * FRAMES_PER_SECOND).unwrap_or(u32::MAX)
    }
}

/// What the encoder is told of loss where nothing else mends it, as a share. libopus makes no use of
/// in-band FEC below about 8 % at the rates of speech (measured with libopus 1.6).
const LEAST_EXPECTED: f32 = 0.1;

/// Whether copies ride along.
#[derive(Debug, Default)]
struct Copies {
    on: bool,
    clean_since: Option<Instant>,
}

impl Copies {
    fn observe(&mut self, now: Instant, loss: f32, estimate: Option<u64>) {
        if estimate.is_some_and(|estimate| estimate < ROOM_FOR_COPIES) {
            self.on = false;
            return;
        }
        if loss >= COPIES_FROM {
            self.on = true;
        }
        if loss >= CLEAN_BELOW {
            self.clean_since = None;
        } else if now.duration_since(*self.clean_since.get_or_insert(now)) >= CLEAN_FOR {
            self.on = false;
        }
    }
}

fn wrap(pt: u8, timestamp: u32, payload: &[u8], history: &VecDeque<(u32, Vec<u8>)>) -> Vec<u8> {
    let copies: Vec<RedundantBlock> = DISTANCES
        .iter()
        .filter_map(|back| history.len().checked_sub(*back).and_then(|at| history.get(at)))
        .map(|(then, payload)| RedundantBlock {
            pt,
            timestamp_offset: timestamp.wrapping_sub(*then),
            payload: payload.clone(),
        })
        .filter(RedundantBlock::fits)
        .collect();
    RedEncoder::encode(pt, payload, &copies)
}

/// The packets inside one that arrived: copies first. Nothing where it is neither what was agreed
/// on nor whole.
pub(super) fn unwrap(packet: &RtpPacket, agreed: Agreed) -> Vec<Packet> {
    let header = &packet.header;
    if header.payload_type == agreed.pt {
        return vec![Packet {
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            payload: packet.payload.to_vec(),
            redundant: false,
        }];
    }
    if agreed.red != Some(header.payload_type) {
        return Vec::new();
    }
    unwrap_red(*agreed.pt, header.sequence_number, header.timestamp, &packet.payload)
}

/// The packets inside a RED payload (RFC 2198): copies first, each named by the packet that it
/// copies. Blocks of another payload type and broken payloads give nothing.
#[must_use]
pub fn unwrap_red(pt: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<Packet> {
    let Ok(blocks) = RedDecoder::decode(payload) else { return Vec::new() };
    let known = blocks.iter().filter(|block| block.pt == pt).count();
    let mut back = u16::try_from(known).unwrap_or(u16::MAX);
    blocks
        .into_iter()
        .filter(|block| block.pt == pt)
        .map(|block| {
            back = back.saturating_sub(1);
            Packet {
                sequence: sequence.wrapping_sub(if block.is_primary { 0 } else { back }),
                timestamp: timestamp.wrapping_sub(block.timestamp_offset),
                payload: block.payload.to_vec(),
                redundant: !block.is_primary,
            }
        })
        .filter(|packet| !packet.payload.is_empty())
        .collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    #[test]
    fn copies_come_back_with_the_numbers_of_what_they_copy() {
        let history = VecDeque::from([(1_000_u32, vec![1; 80]), (1_960, vec![2; 80])]);
        let payload = wrap(111, 2_920, &[3; 80], &history);
        let packets = unwrap_red(111, 7, 2_920, &payload);
        let told: Vec<_> =
            packets.iter().map(|p| (p.sequence, p.timestamp, p.payload[0], p.redundant)).collect();
        assert_eq!(
            told,
            [(5, 1_000, 1, true), (6, 1_960, 2, true), (7, 2_920, 3, false)],
            "each block is the packet that it was"
        );
    }

    #[test]
    fn the_first_packet_after_a_silence_has_nothing_to_copy() {
        let payload = wrap(111, 960, &[9; 40], &VecDeque::new());
        assert_eq!(unwrap_red(111, 0, 960, &payload).len(), 1, "only itself");
    }

    #[test]
    fn broken_payloads_give_nothing() {
        for payload in [&[][..], &[0x80], &[0xef, 0, 0, 200, 111, 1], &[0xff; 64]] {
            assert!(unwrap_red(111, 1, 1, payload).is_empty(), "{payload:?} holds no sound");
        }
    }

    #[test]
    fn copies_start_with_loss_and_outlast_it() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut copies = Copies::default();
        copies.observe(at(0), 0.01, Some(500_000));
        assert!(!copies.on, "in-band FEC mends that");
        copies.observe(at(1), 0.03, Some(500_000));
        assert!(copies.on, "now they are worth it");
        copies.observe(at(2), 0.0, Some(500_000));
        copies.observe(at(21), 0.0, Some(500_000));
        assert!(copies.on, "the next burst may come");
        copies.observe(at(22), 0.0, Some(500_000));
        assert!(!copies.on, "clean for long enough");
        copies.observe(at(23), 0.2, Some(80_000));
        assert!(!copies.on, "a narrow path has no room for them");
    }
}
