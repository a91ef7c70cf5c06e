//! Turns packets in any order into an unbroken sound.
//!
//! Sans-IO: packets go in by [`Jitter::insert`], 10 ms of sound come out by [`Jitter::pull`], and
//! both are told the time. What is played follows the timestamps of the packets, never their order
//! of arrival.
//!
//! ```text
//!            a packet has waited long enough
//!  Silent ────────────────────────────────────► Playing ◄──────────┐
//!    ▲                                            │                │ a packet
//!    │                            nothing to play ▼                │
//!    └───────────── FADED ───────────────────── Starving ──────────┘
//! ```
//!
//! While playing, the next frame is, in this order: the packet; its redundant copy (it lies where
//! the packet would); the copy in the packet after it (in-band FEC); what the decoder makes up.
//! Where sequence numbers go on but timestamps leap, the sender paused, and nothing is missing.
//!
//! While starving, time stands still: a packet that is late is played when it comes, and the delay
//! has grown. If it turns out lost, what was made up stands for it, and the delay is as before.
//!
//! `delay` says how long to wait for packets, `least` how long somebody wants it to be, `pace`
//! whether that is so, and `stretch` shortens or lengthens the sound to make it so: in pauses, by single periods of speech where the way is long,
//! and with a jump where it is far too long.

mod delay;
mod figures;
mod least;
mod numbers;
mod pace;
mod play;
mod stretch;

#[cfg(test)]
mod tests;

pub use figures::{Figures, Played, Playout};

use crate::codec::Decode;
use crate::packet::Packet;
use delay::Delays;
use least::Least;
use numbers::{Belongs, Numbers, Place, low32};
use pace::Pace;
use play::{Last, State};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use stretch::Loudness;

/// Samples in a pull: 10 ms.
pub const PULL: usize = 480;
const STEP: i64 = PULL as i64;

/// Longest payload in bytes: six Opus frames of the longest kind, and their lengths.
const LONGEST_PAYLOAD: usize = 6 * 1_277;
/// Most packets that wait to be played: 8 s of usual ones. They are far fewer unless nobody pulls.
const MOST_WAITING: usize = 400;
/// Most frames that a pull decodes. The shortest are 2.5 ms, so 4 make a pull; packets that overlap
/// must not cost more than a few in addition.
const MOST_DECODED: usize = 12;

/// The buffer of one sender's sound.
#[derive(Debug)]
pub struct Jitter<D> {
    decoder: D,
    /// When time began.
    origin: Option<Instant>,
    numbers: Numbers,
    delays: Delays,
    least: Least,
    /// By timestamp.
    waiting: BTreeMap<i64, Waiting>,
    state: State,
    /// Decoded and not pulled yet.
    sound: Vec<f32>,
    /// Timestamp of the first sample of `sound`.
    head: i64,
    /// Timestamp behind the last sample of `sound`.
    next: i64,
    last: Option<Last>,
    /// Made up since the last real sound, in samples.
    made_up: usize,
    /// Silence of the sender since the last real sound, in samples.
    paused: usize,
    /// The next sound does not go on where the last ended.
    torn: bool,
    loudness: Loudness,
    pace: Pace,
    count: Count,
    playout: Option<Playout>,
    figures: Figures,
}

/// A packet that is not played yet.
#[derive(Debug)]
struct Waiting {
    sequence: i64,
    payload: Vec<u8>,
    duration: i64,
    arrived: i64,
    redundant: bool,
}

/// What the present stream's numbers tell about losses.
#[derive(Debug, Default)]
struct Count {
    first: Option<i64>,
    received: u64,
    /// Lost of the streams before.
    lost: u64,
}

impl<D: Decode> Jitter<D> {
    /// A buffer that has heard nothing yet.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            origin: None,
            numbers: Numbers::default(),
            delays: Delays::default(),
            least: Least::default(),
            waiting: BTreeMap::new(),
            state: State::Silent,
            sound: Vec::new(),
            head: 0,
            next: 0,
            last: None,
            made_up: 0,
            paused: 0,
            torn: false,
            loudness: Loudness::default(),
            pace: Pace::default(),
            count: Count::default(),
            playout: None,
            figures: Figures::default(),
        }
    }

    /// Takes a packet that arrived at `now`. Whatever it holds does no harm.
    pub fn insert(&mut self, now: Instant, packet: Packet) {
        let now = self.samples_at(now);
        self.insert_at(now, packet);
    }

    /// Sound is to be heard no sooner than so long after the fastest packets could be, 400 ms at
    /// most, whatever packets need. Sound that goes on is stretched until that is so: by 10 % at most,
    /// and by one period of speech for each frame, however long that is.
    pub fn set_least(&mut self, least: Duration) {
        self.least.want(least);
    }

    /// Gives the next 10 ms. Pulls should come each 10 ms, on average; what their times waver is
    /// waited for like the wavering of packets.
    pub fn pull(&mut self, now: Instant, out: &mut [f32; PULL]) -> Played {
        let at = self.samples_at(now);
        let mut played = Played::Sound;
        let mut left = MOST_DECODED;
        while self.sound.len() < PULL {
            played = played.and(if left == 0 { self.starve() } else { self.produce(at) });
            left = left.saturating_sub(1);
        }
        for (out, sample) in out.iter_mut().zip(&self.sound) {
            *out = *sample;
        }
        if self.state != State::Silent {
            self.note_playout(at, now);
        }
        // Stretched sound passes faster or slower; its end is always where it should be.
        self.head += (self.next - self.head) * STEP / length(self.sound.len());
        self.sound.drain(..PULL);
        played
    }

    /// What happened so far.
    #[must_use]
    pub const fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Which sound the last pull began with. None while there is only silence.
    #[must_use]
    pub const fn playout(&self) -> Option<Playout> {
        self.playout
    }

    fn insert_at(&mut self, now: i64, packet: Packet) {
        let duration = match self.decoder.duration(&packet.payload) {
            Ok(duration) if packet.payload.len() <= LONGEST_PAYLOAD => length(duration),
            Ok(_) | Err(_) => {
                self.figures.refused += 1;
                return;
            }
        };
        match self.numbers.place(now, &packet) {
            Belongs::Here(place) => self.keep(now, place, packet, duration),
            Belongs::Nowhere | Belongs::Unknown => self.figures.refused += 1,
            Belongs::NewStream(first, at) => {
                self.restart();
                self.numbers.found(at, &first);
                self.insert_at(at, first);
                self.insert_at(now, packet);
            }
        }
    }

    /// Puts a packet where it will be found, unless it is of no use any more.
    fn keep(&mut self, now: i64, place: Place, packet: Packet, duration: i64) {
        if packet.redundant {
            self.delays.mended(now, place);
        } else {
            let mends = length(self.decoder.mends(&packet.payload));
            if !self.delays.arrived(now, place, mends) {
                self.figures.duplicate += 1;
                return;
            }
            self.count_in(place);
        }
        if place.timestamp + duration <= self.next {
            self.figures.late += u64::from(!packet.redundant);
            return;
        }
        let there = self.waiting.get(&place.timestamp);
        if there.is_some_and(|there| packet.redundant || !there.redundant) {
            return;
        }
        let waiting = Waiting {
            sequence: place.sequence,
            payload: packet.payload,
            duration,
            arrived: now,
            redundant: packet.redundant,
        };
        self.waiting.insert(place.timestamp, waiting);
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
        }
    }

    /// Counts a packet that arrived itself.
    fn count_in(&mut self, place: Place) {
        let first = *self.count.first.get_or_insert(place.sequence);
        let newest = self.numbers.newest().map_or(place.sequence, |newest| newest.sequence);
        let sent = u64::try_from(newest - first + 1).unwrap_or(0);
        self.count.received += 1;
        self.figures.received += 1;
        self.figures.lost = self.count.lost + sent.saturating_sub(self.count.received);
    }

    /// The sender began anew: nothing that is known of the old stream holds.
    fn restart(&mut self) {
        self.waiting.clear();
        self.delays = Delays::default();
        self.count = Count { first: None, received: 0, lost: self.figures.lost };
        self.state = State::Silent;
        self.figures.restarts += 1;
        self.be_torn();
    }

    fn note_playout(&mut self, at: i64, now: Instant) {
        let delay = (at - self.delays.least() - self.head).max(0);
        self.figures.delay = duration_of(delay);
        self.playout = Some(Playout {
            timestamp: low32(self.head),
            extended: self.head.unsigned_abs(),
            at: now,
            waited: duration_of(delay),
            asked: self.least.of(delay),
        });
    }

    /// The time in samples since the first call.
    fn samples_at(&mut self, now: Instant) -> i64 {
        /// Seven centuries; numbers of this size can be added and multiplied safely.
        const END: i64 = 1 << 50;
        let origin = *self.origin.get_or_insert(now);
        let nanoseconds = now.saturating_duration_since(origin).as_nanos();
        i64::try_from(nanoseconds * 48 / 1_000_000).unwrap_or(END).min(END)
    }
}

/// Milliseconds in samples.
const fn ms(milliseconds: i64) -> i64 {
    milliseconds * 48
}

/// Samples in the whole pulls that fit; downwards below zero too.
const fn whole_pulls(samples: i64) -> i64 {
    samples.div_euclid(STEP) * STEP
}

fn length(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX / 4)
}

const fn duration_of(samples: i64) -> Duration {
    Duration::from_nanos(samples.unsigned_abs().saturating_mul(1_000_000) / 48)
}
