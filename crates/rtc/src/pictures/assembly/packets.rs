//! The packets that are not yet part of a delivered frame.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::{MAX_BYTES, MAX_PACKETS};
use crate::pictures::vp8::Descriptor;

/// One packet.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    /// `None`: padding, part of no frame.
    pub(super) descriptor: Option<Descriptor>,
    pub(super) payload: Arc<[u8]>,
    pub(super) received: Instant,
}

impl Piece {
    pub(super) fn begins(&self) -> bool {
        self.descriptor.is_some_and(|it| it.begins)
    }

    /// The first packet of a key frame.
    pub(super) fn begins_key(&self) -> bool {
        let begin = self.descriptor.filter(|it| it.begins);
        begin.and_then(|it| self.payload.get(it.length)).is_some_and(|tag| tag & 0x01 == 0)
    }
}

/// How far the packets of one frame are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// All, up to this one.
    Whole { last: u64 },
    /// This one is missing, and later ones are here.
    Hole { missing: u64 },
    /// The rest may still be on its way; the newest packet that is here came then.
    Tail { since: Instant },
}

/// A whole frame.
pub(super) struct Joined {
    pub(super) descriptor: Descriptor,
    pub(super) timestamp: u32,
    /// When the last of its packets came.
    pub(super) received: Instant,
    pub(super) data: Vec<u8>,
    /// How many packets it came in.
    pub(super) packets: u64,
}

/// Packets by their sequence number.
#[derive(Debug, Default)]
pub(super) struct Packets {
    pieces: BTreeMap<u64, Piece>,
    bytes: usize,
}

impl Packets {
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.pieces.contains_key(&sequence)
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Piece> {
        self.pieces.get(&sequence)
    }

    pub(super) fn insert(&mut self, sequence: u64, piece: Piece) {
        self.bytes += piece.payload.len();
        if let Some(before) = self.pieces.insert(sequence, piece) {
            self.bytes -= before.payload.len();
        }
    }

    /// Takes the oldest packet out when there are too many.
    pub(super) fn pop_excess(&mut self) -> Option<u64> {
        if self.pieces.len() <= MAX_PACKETS && self.bytes <= MAX_BYTES {
            return None;
        }
        let (sequence, piece) = self.pieces.pop_first()?;
        self.bytes -= piece.payload.len();
        Some(sequence)
    }

    /// Drops what lies before `sequence` and says how many packets, padding aside.
    pub(super) fn drop_before(&mut self, sequence: u64) -> u64 {
        let rest = self.pieces.split_off(&sequence);
        let mut dropped = 0;
        for piece in std::mem::replace(&mut self.pieces, rest).into_values() {
            self.bytes -= piece.payload.len();
            dropped += u64::from(piece.descriptor.is_some());
        }
        dropped
    }

    /// The first packet that is no padding.
    pub(super) fn first(&self) -> Option<(u64, &Piece)> {
        let first = self.pieces.iter().find(|(_, it)| it.descriptor.is_some());
        first.map(|(&sequence, piece)| (sequence, piece))
    }

    /// How many packets are missing from `from` on and before `to`.
    pub(super) fn missing_between(&self, from: u64, to: u64) -> u64 {
        to.saturating_sub(from) - self.pieces.range(from..to.max(from)).count() as u64
    }

    /// The first packet from `from` on that is not here.
    pub(super) fn first_missing(&self, from: u64) -> u64 {
        let mut expected = from;
        for &sequence in self.pieces.range(from..).map(|(at, _)| at) {
            if sequence != expected {
                break;
            }
            expected = sequence + 1;
        }
        expected
    }

    /// Where frames begin, from `from` on. What claims to begin one amid another does not, so that
    /// the runs of these do not overlap, and looking at all of them costs no more than looking at
    /// every packet once.
    pub(super) fn begins(&self, from: u64) -> Vec<u64> {
        let mut begins = Vec::new();
        let mut open: Option<(u64, u32)> = None;
        for (&sequence, piece) in self.pieces.range(from..) {
            let amid = open == Some((sequence, piece.timestamp));
            if piece.begins() && !amid {
                begins.push(sequence);
            }
            open = (!piece.marker).then_some((sequence + 1, piece.timestamp));
        }
        begins
    }

    /// Since when packets behind `missing` are here.
    pub(super) fn known_since(&self, missing: u64) -> Option<Instant> {
        self.pieces.range(missing..).map(|(_, it)| it.received).min()
    }

    /// How far the frame that begins with `first` is here.
    pub(super) fn run(&self, first: u64) -> Run {
        let mut expected = first;
        let mut frame: Option<(u32, Instant)> = None;
        for (&sequence, piece) in self.pieces.range(first..) {
            if sequence != expected {
                return Run::Hole { missing: expected };
            }
            expected = sequence + 1;
            if piece.descriptor.is_none() {
                continue;
            }
            let (timestamp, since) = frame.get_or_insert((piece.timestamp, piece.received));
            if *timestamp != piece.timestamp {
                // A sender that forgot the marker.
                return Run::Whole { last: sequence - 1 };
            }
            *since = piece.received.max(*since);
            if piece.marker {
                return Run::Whole { last: sequence };
            }
        }
        frame.map_or(Run::Hole { missing: first }, |(_, since)| Run::Tail { since })
    }

    /// The frame in these packets, of which the first begins it.
    pub(super) fn join(&self, first: u64, last: u64) -> Option<Joined> {
        let begin = self.pieces.get(&first)?;
        let mut joined = Joined {
            descriptor: begin.descriptor?,
            timestamp: begin.timestamp,
            received: begin.received,
            data: Vec::new(),
            packets: 0,
        };
        for piece in self.pieces.range(first..=last).map(|(_, it)| it) {
            let Some(descriptor) = piece.descriptor else { continue };
            joined.received = joined.received.max(piece.received);
            joined.data.extend_from_slice(piece.payload.get(descriptor.length..)?);
            joined.packets += 1;
        }
        Some(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::sample;

    #[test]
    fn what_claims_to_begin_a_frame_amid_another_does_not() {
        let mut packets = Packets::default();
        let payload: Arc<[u8]> = Arc::from([0x10, 0x10, 0, 0]);
        for (sequence, timestamp, marker) in
            [(5, 0, false), (6, 0, false), (7, 0, true), (8, 0, false), (9, 3, true), (11, 3, true)]
        {
            let descriptor = Descriptor::read(&payload).ok();
            let received = sample::origin();
            let payload = payload.clone();
            packets.insert(sequence, Piece { timestamp, marker, descriptor, payload, received });
        }
        let begins = [5, 8, 9, 11];
        assert_eq!(packets.begins(0), begins, "the first, and after a marker, a time or a hole");
    }
}
