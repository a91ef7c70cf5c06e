//! Sequence numbers and timestamps that do not wrap, and the streams that they belong to.

use super::ms;
use crate::packet::Packet;

/// How far the travel time of two packets that follow each other may differ, in samples, for them
/// to be of one stream. Lower takes long stalls for new streams (which loses what is on its way),
/// higher leaves a real new stream silent for longer.
const SAME_STREAM: i64 = ms(2_000);
/// How many sequence numbers two packets may be apart that found a new stream together.
const CONSECUTIVE: u16 = 10;

/// Where one packet stands. Timestamps only grow from one stream to the next; the low bits of both
/// numbers are those on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: i64,
    pub(super) timestamp: i64,
}

/// What a packet turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Belongs {
    /// To the stream that is being played.
    Here(Place),
    /// To none; forget it.
    Nowhere,
    /// To no known stream, so far. It may found one.
    Unknown,
    /// Together with the one before, whose time of arrival this is, it founds a new stream.
    NewStream(Packet, i64),
}

/// The numbering of the stream that is being played.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    newest: Option<Newest>,
    stranger: Option<(Packet, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    place: Place,
    /// Arrival minus timestamp.
    transit: i64,
}

impl Numbers {
    /// The latest packet of the stream.
    pub(super) fn newest(&self) -> Option<Place> {
        self.newest.map(|newest| newest.place)
    }

    /// Finds the place of a packet that arrives at `now`.
    pub(super) fn place(&mut self, now: i64, packet: &Packet) -> Belongs {
        let Some(newest) = self.newest else {
            if packet.redundant {
                return Belongs::Nowhere;
            }
            return Belongs::Here(self.found(now, packet));
        };
        let place = newest.place.near(packet);
        let transit = now - place.timestamp;
        if packet.redundant {
            let apart = (place.timestamp - newest.place.timestamp).abs();
            return if apart < SAME_STREAM { Belongs::Here(place) } else { Belongs::Nowhere };
        }
        if (transit - newest.transit).abs() < SAME_STREAM {
            self.stranger = None;
            if place.timestamp > newest.place.timestamp {
                self.newest = Some(Newest { place, transit });
            }
            return Belongs::Here(place);
        }
        match self.stranger.take() {
            Some((stranger, at)) if follows(&stranger, at, packet, now) => {
                Belongs::NewStream(stranger, at)
            }
            Some(_) | None => {
                self.stranger = Some((packet.clone(), now));
                Belongs::Unknown
            }
        }
    }

    /// Starts a stream with this packet, above all timestamps there were, and where made up sound led.
    pub(super) fn found(&mut self, now: i64, packet: &Packet) -> Place {
        const WRAP: i64 = 1 << 32;
        let above = self.newest.map_or(0, |newest| newest.place.timestamp) & !(WRAP - 1);
        let timestamp = above + 2 * WRAP + i64::from(packet.timestamp);
        let place = Place { sequence: (1 << 16) + i64::from(packet.sequence), timestamp };
        self.newest = Some(Newest { place, transit: now - timestamp });
        self.stranger = None;
        place
    }
}

impl Place {
    /// The place of a packet less than half a wrap away.
    fn near(self, packet: &Packet) -> Self {
        let sequence = packet.sequence.wrapping_sub(low16(self.sequence)).cast_signed();
        let timestamp = packet.timestamp.wrapping_sub(low32(self.timestamp)).cast_signed();
        Self {
            sequence: self.sequence + i64::from(sequence),
            timestamp: self.timestamp + i64::from(timestamp),
        }
    }
}

/// Whether a packet goes on where the stranger began.
fn follows(stranger: &Packet, at: i64, packet: &Packet, now: i64) -> bool {
    let sequence = packet.sequence.wrapping_sub(stranger.sequence);
    let timestamp = i64::from(packet.timestamp.wrapping_sub(stranger.timestamp).cast_signed());
    let same_pace = (timestamp - (now - at)).abs() < SAME_STREAM;
    (1..=CONSECUTIVE).contains(&sequence) && timestamp > 0 && same_pace
}

/// The number as it is on the wire.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low bits")]
pub(super) const fn low32(number: i64) -> u32 {
    number as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low bits")]
const fn low16(number: i64) -> u16 {
    number as u16
}
