//! Packets in any order into whole frames that can be decoded, in order.
//!
//! ```text
//!            whole key frame                     hole older than the patience, or
//! Seeking ──────────────────────► Following ──── a reference missing ────┐
//!    ▲                            │  ▲   │ next frame whole: deliver     │
//!    │                            └──┘   │ hole: wait for its mending    │
//!    └─── no room left, no reference ────┘         wants a key frame ◄───┘
//!                                                  (a mended hole or a whole key frame helps)
//! ```
//! A missing packet is asked for by `str0m` (NACK, at once and again every round trip, up to five
//! times; at least 33 ms apart), and comes back in its own sequence number, RTX undone. As long as
//! it can be expected, frames wait behind the hole. Then a key frame is wanted, but the hole stays
//! open until that key frame is here: whichever comes first mends the picture. What is delivered
//! always has its references delivered before it.
//!
//! Memory is bounded by [`MAX_PACKETS`] and [`MAX_BYTES`], whatever is sent.

mod clock;
mod hole;
mod lineage;
mod packets;
mod parts;

use std::time::{Duration, Instant};

use super::Picture;
use super::vp8::{Descriptor, FrameHeader};
use clock::Clock;
use hole::Hole;
use lineage::{Lineage, Verdict};
use packets::{Joined, Packets, Piece, Run};
pub use parts::{Frame, Packet};

/// Packets held at most: 1.1 MB at full size, three seconds of 3 Mbit/s. Fewer could not hold a
/// large key frame behind a hole; more only helps a hostile sender.
pub const MAX_PACKETS: usize = 1_024;
/// Bytes of payload held at most, for packets larger than a datagram should be (TURN over TCP).
pub const MAX_BYTES: usize = 2 * 1_024 * 1_024;

/// Sequence numbers beyond this are nonsense: no stream sends so many packets.
const SEQUENCE_MAX: u64 = 1 << 48;
/// How long packets without the start of a key frame are taken for reordered ones at the start.
const START_GRACE: Duration = Duration::from_millis(30);

/// Why a key frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The stream began without one.
    Start,
    /// A packet is missing for longer than it takes to send it again.
    Hole,
    /// A frame's reference was never sent, or the frame is no VP8.
    Broken,
}

/// What an assembly did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames delivered.
    pub frames: u64,
    /// Key frames among them.
    pub keys: u64,
    /// Packets that came twice, or after their place was given up.
    pub stale: u64,
    /// Packets that were no VP8.
    pub malformed: u64,
    /// Packets dropped without becoming part of a delivered frame.
    pub dropped: u64,
    /// Times that decoding went on somewhere behind a hole.
    pub skips: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing can be decoded before the next key frame; wanted from this time on.
    Seeking { why: Want, from: Option<Instant> },
    /// Frames are delivered; the next begins here.
    Following { next: u64 },
}

/// Packets into frames, for one incoming stream. Give it every packet with
/// [`handle`](Self::handle), drain [`poll`](Self::poll), and poll again at
/// [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Assembly {
    source: Option<u32>,
    former: Option<u32>,
    packets: Packets,
    step: Step,
    hole: Hole,
    lineage: Lineage,
    /// The last delivered timestamp, without wraps.
    clock: Clock,
    polled: Option<Instant>,
    counts: Counts,
}

impl Default for Assembly {
    fn default() -> Self {
        Self::new()
    }
}

impl Assembly {
    /// An assembly that waits for the stream's first key frame.
    #[must_use]
    pub fn new() -> Self {
        Self {
            source: None,
            former: None,
            packets: Packets::default(),
            step: Step::Seeking { why: Want::Start, from: None },
            hole: Hole::none(),
            lineage: Lineage::default(),
            clock: Clock::default(),
            polled: None,
            counts: Counts::default(),
        }
    }

    /// The round trip as measured last: how long a packet needs to be sent again.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.hole.set_round_trip(round_trip);
    }

    /// What happened so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes of payload held, at most [`MAX_BYTES`].
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.packets.bytes()
    }

    /// Packets held, at most [`MAX_PACKETS`].
    #[must_use]
    pub fn held_packets(&self) -> usize {
        self.packets.len()
    }

    /// Takes a packet. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, packet: Packet) {
        let Packet { source, sequence, timestamp, marker, payload, received } = packet;
        if self.source != Some(source) {
            if self.former == Some(source) {
                self.counts.stale += 1;
                return;
            }
            self.start_over(source);
        }
        if self.place_is_taken(sequence) {
            self.counts.stale += 1;
            return;
        }
        let descriptor = if payload.is_empty() {
            None
        } else if let Ok(descriptor) = Descriptor::read(&payload) {
            Some(descriptor)
        } else {
            self.counts.malformed += 1;
            return;
        };
        if let Step::Seeking { why: Want::Start, from: from @ None } = &mut self.step {
            *from = received.checked_add(START_GRACE);
        }
        self.packets.insert(sequence, Piece { timestamp, marker, descriptor, payload, received });
        self.make_room(received);
    }

    /// The next frame that can be decoded. `None`: nothing before [`deadline`](Self::deadline), if
    /// no packet arrives.
    pub fn poll(&mut self, now: Instant) -> Option<Frame> {
        self.polled = Some(now);
        loop {
            self.hole.set(None);
            let next = match self.step {
                Step::Seeking { .. } => return self.seek(),
                Step::Following { next } => next,
            };
            // Padding that lies before the first fragment is part of nothing.
            let (first, piece) = self.packets.first()?;
            let gap = self.packets.missing_between(next, first);
            // Only padding was lost if the picture numbers go on.
            let goes_on = piece.descriptor.is_some_and(|it| self.lineage.goes_on(&it, gap));
            if gap > 0 && !(piece.begins() && goes_on) {
                let missing = self.packets.first_missing(next);
                return self.wait(now, missing);
            }
            if !piece.begins() {
                self.break_off(Want::Broken, piece.received, first + 1);
                continue;
            }
            match self.packets.run(first) {
                Run::Whole { last } => match self.take(first, last, gap) {
                    Taken::Frame(frame) => return Some(frame),
                    Taken::Skipped => {}
                    Taken::Broken(at) => self.break_off(Want::Broken, at, last + 1),
                },
                Run::Hole { missing } => return self.wait(now, missing),
                Run::Tail { .. } => return None,
            }
        }
    }

    /// Why a key frame is wanted, if one is: ask the sender until it stops being so.
    #[must_use]
    pub fn wants_key(&self, now: Instant) -> Option<Want> {
        self.want().filter(|(_, from)| *from <= now).map(|(why, _)| why)
    }

    /// When [`poll`](Self::poll) and [`wants_key`](Self::wants_key) may say something else though
    /// no packet arrived.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let (_, from) = self.want()?;
        Some(from).filter(|from| self.polled.is_none_or(|polled| *from > polled))
    }

    fn want(&self) -> Option<(Want, Instant)> {
        let overdue = self.hole.overdue();
        match (self.step, overdue) {
            (Step::Seeking { why, .. }, Some(from)) => Some((why, from)),
            (Step::Seeking { why, from }, None) => from.map(|from| (why, from)),
            (Step::Following { .. }, overdue) => overdue.map(|from| (Want::Hole, from)),
        }
    }

    /// The place of this packet was filled or given up.
    fn place_is_taken(&self, sequence: u64) -> bool {
        let passed = match self.step {
            Step::Seeking { .. } => false,
            Step::Following { next } => sequence < next,
        };
        passed || sequence > SEQUENCE_MAX || self.packets.contains(sequence)
    }

    fn start_over(&mut self, source: u32) {
        self.counts.dropped += self.packets.drop_before(u64::MAX);
        self.former = self.source.replace(source);
        self.step = Step::Seeking { why: Want::Start, from: None };
        self.hole.set(None);
        self.lineage = Lineage::default();
        self.clock.start_over();
    }

    /// Drops the oldest packets when there are too many; what they belonged to is then lost.
    fn make_room(&mut self, now: Instant) {
        while let Some(sequence) = self.packets.pop_excess() {
            self.counts.dropped += 1;
            if matches!(self.step, Step::Following { .. }) {
                self.break_off(Want::Hole, now, sequence + 1);
            }
        }
    }

    /// The stream cannot be decoded before the next key frame, which is at `from` or later.
    fn break_off(&mut self, why: Want, at: Instant, from: u64) {
        self.counts.dropped += self.packets.drop_before(from);
        self.hole.set(None);
        self.lineage.forget();
        self.step = Step::Seeking { why, from: Some(at) };
    }

    /// The first whole key frame, whatever lies before it.
    fn seek(&mut self) -> Option<Frame> {
        for first in self.packets.begins(0) {
            if !self.packets.get(first).is_some_and(Piece::begins_key) {
                continue;
            }
            match self.packets.run(first) {
                Run::Whole { last } => match self.take(first, last, u64::MAX) {
                    Taken::Frame(frame) => return Some(frame),
                    Taken::Skipped => {}
                    Taken::Broken(at) => self.break_off(Want::Broken, at, last + 1),
                },
                Run::Hole { missing } => self.note_hole(missing),
                Run::Tail { since } => self.hole.set(Some(since)),
            }
        }
        None
    }

    /// Waits for the packet `missing`. When that has been long enough, goes on behind it with what
    /// can be decoded without it.
    fn wait(&mut self, now: Instant, missing: u64) -> Option<Frame> {
        self.note_hole(missing);
        if self.hole.overdue().is_none_or(|at| now < at) {
            return None;
        }
        for first in self.packets.begins(missing) {
            let Some(piece) = self.packets.get(first) else { continue };
            let (key, Some(descriptor)) = (piece.begins_key(), piece.descriptor) else { continue };
            let last = match self.packets.run(first) {
                Run::Whole { last } => last,
                // The key frame that helps is on its way: no need to ask for another.
                Run::Hole { missing } if key => {
                    self.note_hole(missing);
                    continue;
                }
                Run::Tail { since } if key => {
                    self.hole.set(Some(since));
                    continue;
                }
                Run::Hole { .. } | Run::Tail { .. } => continue,
            };
            let gap = first - missing;
            if self.lineage.judge(&descriptor, key, gap) != Verdict::Decodable {
                continue;
            }
            match self.take(first, last, gap) {
                Taken::Frame(frame) => {
                    self.counts.skips += 1;
                    return Some(frame);
                }
                Taken::Skipped => {}
                Taken::Broken(at) => {
                    self.break_off(Want::Broken, at, last + 1);
                    return self.seek();
                }
            }
        }
        None
    }

    /// Remembers since when later packets than the missing one are here.
    fn note_hole(&mut self, missing: u64) {
        self.hole.set(self.packets.known_since(missing));
    }

    /// Takes the frame of these packets out and drops what lies before it, if it can be decoded.
    /// `gap` is the number of packets missing before it.
    fn take(&mut self, first: u64, last: u64, gap: u64) -> Taken {
        let Some(joined) = self.packets.join(first, last) else { return Taken::Skipped };
        let Joined { descriptor, timestamp, received, data, packets } = joined;
        let Ok(header) = FrameHeader::read(&data) else { return Taken::Broken(received) };
        match self.lineage.judge(&descriptor, header.key, gap) {
            Verdict::Decodable => {}
            Verdict::Droppable => {
                self.lineage.pass_over(&descriptor);
                self.counts.dropped += self.packets.drop_before(last + 1);
                self.step = Step::Following { next: last + 1 };
                return Taken::Skipped;
            }
            Verdict::Broken => {
                self.lineage.strike();
                return Taken::Broken(received);
            }
        }
        self.counts.dropped += self.packets.drop_before(last + 1) - packets;
        self.counts.frames += 1;
        self.counts.keys += u64::from(header.key);
        self.lineage.accept(&descriptor, header.key);
        self.step = Step::Following { next: last + 1 };
        self.hole.set(None);
        let timestamp = self.clock.extend(timestamp);
        let captured_us = captured_us(timestamp);
        let FrameHeader { key, width, height, .. } = header;
        let picture = Picture { data, key, captured_us, width, height };
        Taken::Frame(Frame { picture, timestamp, received })
    }
}

enum Taken {
    Frame(Frame),
    /// Dropped, and nothing that follows needs it.
    Skipped,
    /// Not decodable, known since then.
    Broken(Instant),
}

/// 90 kHz ticks in µs.
const fn captured_us(timestamp: u64) -> u64 {
    (timestamp as u128 * 100 / 9) as u64
}

#[cfg(test)]
mod tests;
