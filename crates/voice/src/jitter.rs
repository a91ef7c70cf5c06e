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
//! [`delay`] says how long to wait for packets. The buffer gets there by [`stretch`]ing pauses, by
//! single periods of speech where the way is long, and with a jump where it is far too long.

mod delay;
mod numbers;
mod stretch;

#[cfg(test)]
mod tests;

use crate::codec::Decode;
use crate::packet::Packet;
use delay::Delays;
use numbers::{Belongs, Numbers, Place, low32};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use stretch::{Loudness, Need, between};

/// Samples in a pull: 10 ms.
pub const PULL: usize = 480;
const STEP: i64 = PULL as i64;

/// Longest payload in bytes: six Opus frames of the longest kind.
const LONGEST_PAYLOAD: usize = 6 * 1_275 + 16;
/// Most packets that wait to be played. 8 s of usual ones; they are far fewer unless nobody pulls.
const MOST_WAITING: usize = 400;
/// Most packets that a pull decodes. The shortest are 2.5 ms, so 4 make a pull; packets that overlap
/// must not cost more than a few in addition.
const MOST_DECODED: usize = 12;
/// Least wait for packets, in samples. Lower misses packets for the least irregularity of either
/// clock; higher delays everything.
const LEAST_WAIT: i64 = ms(12);
/// Most wait for packets, in samples.
const MOST_WAIT: i64 = ms(400);
/// What is waited beyond what packets need, in samples: rounding of clocks and timestamps.
const SPARE: i64 = ms(2);
/// What is waited at least until [`FEW`] frames have shown how the path is.
const FIRST_WAIT: i64 = ms(20);
/// How many frames are too few to know a path.
const FEW: usize = 50;
/// How much a starving buffer lets the delay grow at once, in samples.
const MOST_GROWTH: i64 = ms(100);
/// Delay beyond the wanted that is jumped rather than stretched away, in samples.
const FAR: i64 = ms(250);
/// From where on made up sound fades, and where it has faded, in samples.
const FADING: usize = 4_800;
const FADED: usize = 9_600;
/// How long a sender that pauses is believed to be there, in samples. An encoder in a pause sends
/// something every 400 ms.
const LONGEST_PAUSE: usize = 48_000;
/// What a starving buffer makes up at a time, in samples. Less would find a late packet sooner, but
/// pulls come each 10 ms.
const MORSEL: usize = 480;
/// Samples over which sound after a jump blends with what would have come: 5 ms.
const BLEND: usize = 240;
/// How many frames the least wait is taken from, before the delay is stretched.
const RECENT: usize = 16;
/// How much the wait may fall short, or exceed a whole pull too much, before the delay is stretched,
/// in samples. Less stretches for the noise in the target.
const TOO_SHORT: i64 = ms(1);
const TOO_LONG: i64 = ms(1);
/// How far the delay must be off to be stretched, in samples: in pauses, in speech, and in speech
/// that is less like itself.
const OFF_IN_PAUSES: i64 = ms(2);
const OFF_IN_SPEECH: i64 = ms(15);
const OFF_FAR: i64 = ms(60);

/// What a pull gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// What the sender said, from its packets or their copies.
    Sound,
    /// Some of it was lost and made up.
    Concealed,
    /// Some of it was silence, as there was nothing to play.
    Silence,
}

/// Where in the sender's time the speaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playout {
    /// RTP timestamp of the first sample of the pull, as on the wire.
    pub timestamp: u32,
    /// The same without wrap. It never falls, not over the restart of a stream either.
    pub extended: u64,
    /// When it was pulled.
    pub at: Instant,
}

/// What happened so far. Counts are of packets where nothing else is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How long the sound at the last pull had been here, measured from when the fastest packet of
    /// the last seconds would have brought it.
    pub delay: Duration,
    /// What that delay should be, without the rest of a frame that is still being played.
    pub target: Duration,
    /// Arrived themselves, once.
    pub received: u64,
    /// Sent and not arrived, as far as the numbers tell; falls when one arrives late.
    pub lost: u64,
    /// Arrived too late to be played.
    pub late: u64,
    /// Arrived again.
    pub duplicate: u64,
    /// Were no Opus, or belonged nowhere.
    pub refused: u64,
    /// Played from a redundant copy.
    pub copied: u64,
    /// Frames played from the copy in the packet after them (in-band FEC).
    pub mended: u64,
    /// Samples decoded, mended or made up, before stretching.
    pub played_samples: u64,
    /// Samples of these that were made up for what was lost or late.
    pub concealed_samples: u64,
    /// Times that making up began.
    pub concealments: u64,
    /// Samples of silence while there was nothing to play, after the first sound.
    pub silent_samples: u64,
    /// Samples put in to make the delay longer.
    pub inserted_samples: u64,
    /// Samples taken out to make the delay shorter.
    pub removed_samples: u64,
    /// Times that sound was left out to get to the target.
    pub jumps: u64,
    /// Times that the sender began anew.
    pub restarts: u64,
}

/// The buffer of one sender's sound.
#[derive(Debug)]
pub struct Jitter<D> {
    decoder: D,
    origin: Option<Instant>,
    numbers: Numbers,
    delays: Delays,
    /// By timestamp.
    waiting: BTreeMap<i64, Waiting>,
    state: State,
    /// Decoded and not pulled yet.
    sound: Vec<f32>,
    /// Timestamp of the first sample of `sound`.
    head: i64,
    /// Timestamp behind the last sample of `sound`.
    next: i64,
    /// The last frame that was decoded, for what follows it.
    last: Option<Last>,
    /// Made up since the last real sound, in samples.
    made_up: usize,
    /// Silence of the sender since then, in samples.
    paused: usize,
    /// The next sound does not go on where the last ended.
    torn: bool,
    loudness: Loudness,
    quiet_frames: usize,
    /// Of the last frames: how much later than at the fastest they could have been here, and how
    /// long they were here.
    recent: VecDeque<(i64, i64)>,
    first_sequence: Option<i64>,
    playout: Option<Playout>,
    figures: Figures,
}

#[derive(Debug)]
struct Waiting {
    sequence: i64,
    payload: Vec<u8>,
    duration: i64,
    arrived: i64,
    redundant: bool,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    sequence: i64,
    pause: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was played yet, or nothing for long.
    Silent,
    /// Sound goes on.
    Playing,
    /// Nothing was there when it should have been played; since then so many samples were made up.
    Starving { owed: i64 },
}

impl<D: Decode> Jitter<D> {
    /// A buffer that has heard nothing yet.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            origin: None,
            numbers: Numbers::default(),
            delays: Delays::default(),
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
            quiet_frames: 0,
            recent: VecDeque::new(),
            first_sequence: None,
            playout: None,
            figures: Figures::default(),
        }
    }

    /// Takes a packet that arrived at `now`.
    pub fn insert(&mut self, now: Instant, packet: Packet) {
        let now = self.samples_at(now);
        self.insert_at(now, packet);
    }

    /// Gives the next 10 ms.
    pub fn pull(&mut self, now: Instant, out: &mut [f32; PULL]) -> Played {
        let at = self.samples_at(now);
        let mut played = Played::Sound;
        let mut left = MOST_DECODED;
        while self.sound.len() < PULL {
            let made = if left == 0 { self.starve() } else { self.produce(at) };
            left = left.saturating_sub(1);
            played = worse(played, made);
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

    /// Which sound the last pull began with. None while there was only silence.
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
                let place = self.numbers.found(at, &first);
                if let Ok(duration) = self.decoder.duration(&first.payload) {
                    self.keep(at, place, first, length(duration));
                }
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
            self.count(place);
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
    fn count(&mut self, place: Place) {
        let first = *self.first_sequence.get_or_insert(place.sequence);
        let newest = self.numbers.newest().map_or(place.sequence, |newest| newest.sequence);
        self.figures.received += 1;
        let sent = u64::try_from(newest - first + 1).unwrap_or(0);
        self.figures.lost = sent.saturating_sub(self.figures.received);
    }

    /// The sender began anew: nothing that is known of the old stream holds.
    fn restart(&mut self) {
        self.figures.restarts += 1;
        self.waiting.clear();
        self.delays.clear();
        self.recent.clear();
        self.first_sequence = None;
        self.last = None;
        self.torn = true;
        self.state = State::Silent;
    }

    /// Appends something to `sound`, or at least tries to.
    fn produce(&mut self, now: i64) -> Played {
        if self.state == State::Silent && !self.begin(now) {
            return self.be_silent();
        }
        self.discard();
        if let State::Starving { owed } = self.state
            && let Some((&timestamp, _)) = self.waiting.first_key_value()
        {
            self.settle(owed, timestamp);
        }
        self.jump(now);
        self.discard();
        let Some((&timestamp, first)) = self.waiting.first_key_value() else {
            return self.starve();
        };
        let gap = timestamp - self.next;
        if gap <= 0 {
            return self.decode(now, timestamp);
        }
        let step = gap.min(first.duration);
        if self.last.is_some_and(|last| first.sequence <= last.sequence + 1) {
            return self.pause(step);
        }
        let mends = length(self.decoder.mends(&first.payload));
        if gap <= mends { self.mend(timestamp) } else { self.conceal(step) }
    }

    /// Starts to play, if something has waited for long enough.
    fn begin(&mut self, now: i64) -> bool {
        let Some((&newest, _)) = self.waiting.last_key_value() else { return false };
        let Some((&oldest, _)) = self.waiting.first_key_value() else { return false };
        let due = self.due(now);
        let oldest = oldest.max(self.next);
        if oldest > due {
            return false;
        }
        self.next = oldest + whole_pulls(due.min(newest) - oldest).max(0);
        self.head = self.next;
        self.sound.clear();
        self.recent.clear();
        self.last = None;
        self.torn = true;
        self.state = State::Playing;
        true
    }

    /// The timestamp that should be decoded at `now`.
    fn due(&mut self, now: i64) -> i64 {
        now - self.delays.least().unwrap_or(0) - self.target(now)
    }

    /// How long to wait for packets, against the fastest, in samples.
    fn target(&mut self, now: i64) -> i64 {
        let first = if self.delays.known() < FEW { FIRST_WAIT } else { 0 };
        let target = (self.delays.wait(now) + SPARE).clamp(LEAST_WAIT.max(first), MOST_WAIT);
        self.figures.target = duration_of(target);
        target
    }

    /// Leaves sound out if the delay is far too long.
    fn jump(&mut self, now: i64) {
        let due = self.due(now);
        if due - self.next < FAR {
            return;
        }
        let Some((&newest, _)) = self.waiting.last_key_value() else { return };
        if newest - self.next < FAR / 2 {
            return;
        }
        self.next += whole_pulls(due.min(newest) - self.next);
        self.state = State::Playing;
        self.last = None;
        self.torn = true;
        self.recent.clear();
        self.figures.jumps += 1;
    }

    /// Drops what ends before the sound goes on.
    fn discard(&mut self) {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key() + entry.get().duration > self.next {
                return;
            }
            let dropped = entry.remove();
            self.figures.late += u64::from(!dropped.redundant);
        }
    }

    /// The wait is over: what was made up stands for what is missing; the rest is growth.
    fn settle(&mut self, owed: i64, timestamp: i64) {
        let missing = (timestamp - self.next).max(0);
        let growth = (owed - missing).clamp(0, MOST_GROWTH);
        self.next += owed - growth;
        self.state = State::Playing;
        self.recent.iter_mut().for_each(|(waited, _)| *waited += growth);
    }

    fn decode(&mut self, now: i64, timestamp: i64) -> Played {
        let Some(packet) = self.waiting.remove(&timestamp) else { return self.starve() };
        self.last =
            Some(Last { sequence: packet.sequence, pause: self.decoder.is_pause(&packet.payload) });
        let start = self.sound.len();
        let onward = self.tear();
        if self.decoder.decode(&packet.payload, &mut self.sound).is_err() {
            let rest = timestamp + packet.duration - self.next;
            return self.conceal(rest);
        }
        self.figures.copied += u64::from(packet.redundant);
        let skipped = usize::try_from(self.next - timestamp).unwrap_or(0);
        self.sound.drain(start..(start + skipped).min(self.sound.len()));
        self.note_wait(now, packet.arrived);
        self.next = timestamp + packet.duration;
        self.finish(start, &onward);
        self.stretch(now, start);
        Played::Sound
    }

    /// Plays what is missing from the copy in the packet at `timestamp`, directly behind it.
    fn mend(&mut self, timestamp: i64) -> Played {
        let Some(packet) = self.waiting.get(&timestamp) else { return self.starve() };
        let gap = usize::try_from(timestamp - self.next).unwrap_or(0);
        let start = self.sound.len();
        match self.decoder.mend(&packet.payload, &mut self.sound) {
            Ok(made) if made >= gap => {
                self.last = Some(Last { sequence: packet.sequence - 1, pause: false });
                self.sound.drain(start..start + (made - gap));
                self.figures.mended += 1;
                self.next = timestamp;
                self.finish(start, &[]);
                Played::Sound
            }
            Ok(_) | Err(_) => {
                self.sound.truncate(start);
                self.conceal(length(gap))
            }
        }
    }

    /// Makes up what is missing, and goes on behind it.
    fn conceal(&mut self, samples: i64) -> Played {
        self.next += samples;
        self.make_up(usize::try_from(samples).unwrap_or(0));
        Played::Concealed
    }

    /// Plays the sender's silence, and goes on behind it.
    fn pause(&mut self, samples: i64) -> Played {
        let samples = usize::try_from(samples).unwrap_or(0);
        self.decoder.conceal(samples, &mut self.sound);
        self.figures.played_samples += samples as u64;
        self.next += length(samples);
        self.paused += samples;
        Played::Sound
    }

    /// Makes up a little, without going on.
    fn starve(&mut self) -> Played {
        if self.last.is_some_and(|last| last.pause) && self.paused < LONGEST_PAUSE {
            return self.pause(length(MORSEL));
        }
        if self.made_up >= FADED || self.paused >= LONGEST_PAUSE {
            self.state = State::Silent;
            return self.be_silent();
        }
        self.state = match self.state {
            State::Starving { owed } => State::Starving { owed: owed + length(MORSEL) },
            State::Silent | State::Playing => State::Starving { owed: length(MORSEL) },
        };
        self.make_up(MORSEL);
        Played::Concealed
    }

    fn make_up(&mut self, samples: usize) {
        let start = self.sound.len();
        self.decoder.conceal(samples, &mut self.sound);
        self.figures.played_samples += samples as u64;
        for (i, sample) in self.sound[start..].iter_mut().enumerate() {
            *sample *= fade(self.made_up + i);
        }
        self.figures.concealments += u64::from(self.made_up == 0);
        self.figures.concealed_samples += samples as u64;
        self.made_up += samples;
    }

    fn be_silent(&mut self) -> Played {
        if self.playout.is_some() {
            self.figures.silent_samples += (PULL - self.sound.len()) as u64;
        }
        self.playout = None;
        self.sound.resize(PULL, 0.0);
        Played::Silence
    }

    /// What would have come, where the sound is torn.
    fn tear(&mut self) -> Vec<f32> {
        let mut onward = Vec::new();
        if std::mem::take(&mut self.torn) {
            self.decoder.conceal(BLEND, &mut onward);
            onward.iter_mut().enumerate().for_each(|(i, sample)| *sample *= fade(self.made_up + i));
        }
        onward
    }

    /// Real sound was appended.
    fn finish(&mut self, start: usize, onward: &[f32]) {
        self.made_up = 0;
        self.paused = 0;
        let sound = &mut self.sound[start..];
        self.figures.played_samples += sound.len() as u64;
        for (i, (sample, before)) in sound.iter_mut().zip(onward).enumerate() {
            *sample = between(*before, *sample, i, BLEND);
        }
    }

    /// Notes how long there was time for the frame that is decoded.
    fn note_wait(&mut self, now: i64, arrived: i64) {
        let waited = now - self.delays.least().unwrap_or(0) - self.next;
        self.recent.push_back((waited, now - arrived));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// Brings the delay nearer to the target, if this is a good place. `start` is where in `sound`
    /// the frame lies that was decoded last.
    ///
    /// Frames are decoded in pulls, so the wait for packets comes in steps of whole pulls, and the
    /// sound is delayed by that and by what is left of the frame before. That rest is best zero.
    fn stretch(&mut self, now: i64, start: usize) {
        let quiet = self.loudness.is_quiet(&self.sound[start..]);
        self.quiet_frames = if quiet { self.quiet_frames + 1 } else { 0 };
        let target = self.target(now);
        let Some(waited) = self.recent.iter().map(|(waited, _)| *waited).min() else { return };
        let rest = length(start);
        let off = rest
            + match waited - target {
                short if short < -TOO_SHORT => whole_pulls(short),
                long if long > STEP + TOO_LONG => whole_pulls(long - TOO_LONG),
                _ => 0,
            };
        let need = match off.abs() {
            far if far > OFF_FAR => Need::Great,
            some if some > OFF_IN_SPEECH => Need::Some,
            _ => Need::Slight,
        };
        if off.abs() < OFF_IN_PAUSES || (!quiet && need == Need::Slight) {
            return;
        }
        let wanted = usize::try_from(off.abs()).unwrap_or(0);
        let by = if off < 0 {
            let by = stretch::lengthen(&mut self.sound, wanted, quiet, need);
            self.figures.inserted_samples += by as u64;
            length(by)
        } else {
            if self.recent.len() < RECENT || !self.is_ahead() || (need == Need::Slight && self.quiet_frames < 6) {
                return;
            }
            let by = stretch::shorten(&mut self.sound, wanted, quiet, need);
            self.figures.removed_samples += by as u64;
            -length(by)
        };
        let longer = whole_pulls(rest + by);
        for (waited, here) in &mut self.recent {
            *waited += longer;
            *here += longer;
        }
    }

    /// Whether packets are here well before they are played, so that playing faster gains something.
    fn is_ahead(&self) -> bool {
        let here: i64 = self.recent.iter().map(|(_, here)| here).sum();
        here > length(self.recent.len()) * ms(10)
    }

    fn note_playout(&mut self, at: i64, now: Instant) {
        let delay = at - self.delays.least().unwrap_or(0) - self.head;
        self.figures.delay = duration_of(delay.max(0));
        self.playout = Some(Playout {
            timestamp: low32(self.head),
            extended: self.head.unsigned_abs(),
            at: now,
        });
    }

    /// The time in samples since the first call.
    fn samples_at(&mut self, now: Instant) -> i64 {
        let origin = *self.origin.get_or_insert(now);
        let nanos = now.saturating_duration_since(origin).as_nanos();
        i64::try_from(nanos * 48 / 1_000_000).unwrap_or(i64::MAX / 4)
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

fn duration_of(samples: i64) -> Duration {
    Duration::from_nanos(samples.unsigned_abs().saturating_mul(1_000_000) / 48)
}

const fn worse(one: Played, other: Played) -> Played {
    match (one, other) {
        (Played::Silence, _) | (_, Played::Silence) => Played::Silence,
        (Played::Concealed, _) | (_, Played::Concealed) => Played::Concealed,
        (Played::Sound, Played::Sound) => Played::Sound,
    }
}

/// How loud made up sound is after so many samples of it.
#[expect(clippy::cast_precision_loss, reason = "a share of two small numbers")]
fn fade(made_up: usize) -> f32 {
    let left = FADED.saturating_sub(made_up.max(FADING));
    left as f32 / (FADED - FADING) as f32
}
