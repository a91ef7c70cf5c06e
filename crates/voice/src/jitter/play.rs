//! What comes next in the sound.

use super::figures::Played;
use super::pace::Order;
use super::stretch::{self, between};
use super::{Jitter, PULL, duration_of, length, ms, whole_pulls};
use crate::codec::Decode;

/// Least wait for packets, in samples. Lower misses packets for the least irregularity of either
/// clock; higher delays everything.
const LEAST_WAIT: i64 = ms(10);
/// Most wait for packets, in samples.
const MOST_WAIT: i64 = ms(400);
/// What is waited beyond what packets need, in samples: rounding of clocks and timestamps.
const SPARE: i64 = ms(2);
/// What is waited at least until [`FEW`] frames have shown how the path is. Higher mends more of the
/// first losses (35 ms in place of 20 gain 0.02 PESQ at 3 % loss), lower delays the first words less.
const FIRST_WAIT: i64 = ms(35);
/// How many frames are too few to know a path.
const FEW: usize = 50;
/// How much a starving buffer lets the delay grow at once, in samples.
const MOST_GROWTH: i64 = ms(100);
/// Delay beyond the target that is jumped rather than stretched away, in samples.
const FAR: i64 = ms(250);
/// From where on made up sound fades, and where it has faded, in samples.
const FADING: usize = 4_800;
const FADED: usize = 9_600;
/// How long a sender that pauses is believed to be there, in samples. An encoder in a pause sends
/// something every 400 ms.
const LONGEST_PAUSE: usize = 48_000;
/// What is made up at a time, in samples: until the next pull looks for packets.
const MORSEL: usize = PULL;
/// Samples over which sound after a jump blends with what would have come: 5 ms.
const BLEND: usize = 240;

/// Whether sound goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was played yet, or nothing for long.
    Silent,
    /// Sound goes on.
    Playing,
    /// Nothing was there when it should have been played; since then so many samples were made up.
    Starving {
        /// These samples.
        owed: i64,
    },
}

/// The last frame that was played, for what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    sequence: i64,
    /// The sender pauses after it.
    pause: bool,
}

impl<D: Decode> Jitter<D> {
    /// Appends something to `sound`, or at least gets on.
    pub(super) fn produce(&mut self, now: i64) -> Played {
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
        let step = gap.min(length(MORSEL));
        if self.last.is_some_and(|last| first.sequence <= last.sequence + 1) {
            return self.pause(step);
        }
        let mends = length(self.decoder.mends(&first.payload));
        if gap <= mends { self.mend(timestamp) } else { self.conceal(step) }
    }

    /// Makes up a little, without going on.
    pub(super) fn starve(&mut self) -> Played {
        if self.last.is_some_and(|last| last.pause) && self.paused < LONGEST_PAUSE {
            return self.pause(length(MORSEL));
        }
        if self.made_up >= FADED || self.paused >= LONGEST_PAUSE {
            self.state = State::Silent;
            return self.be_silent();
        }
        let owed = match self.state {
            State::Starving { owed } => owed,
            State::Silent | State::Playing => 0,
        };
        self.state = State::Starving { owed: owed + length(MORSEL) };
        self.make_up(MORSEL);
        Played::Concealed
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
        self.state = State::Playing;
        self.be_torn();
        true
    }

    /// Leaves sound out if the delay is far too long and there is something to leave out.
    fn jump(&mut self, now: i64) {
        let due = self.due(now);
        let Some((&newest, _)) = self.waiting.last_key_value() else { return };
        if due - self.next < FAR || newest - self.next < FAR / 2 {
            return;
        }
        self.next += whole_pulls(due.min(newest) - self.next);
        self.figures.jumps += 1;
        self.be_torn();
    }

    /// The next sound does not go on where the last ended.
    pub(super) fn be_torn(&mut self) {
        self.torn = true;
        self.last = None;
        self.pace.clear();
    }

    /// The timestamp that should be decoded at `now`.
    fn due(&mut self, now: i64) -> i64 {
        now - self.delays.least() - self.target(now)
    }

    /// How long to wait for packets, against the fastest, in samples.
    fn target(&mut self, now: i64) -> i64 {
        let least = if self.delays.known() < FEW { FIRST_WAIT } else { LEAST_WAIT };
        let needed = (self.delays.wait(now) + SPARE).clamp(least, MOST_WAIT);
        if self.state == State::Silent {
            self.least.settle(now);
        }
        let target = self.least.target(now, needed);
        self.figures.target = duration_of(target);
        target
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

    /// The starving is over: what was made up stands for what is missing; the rest is growth.
    fn settle(&mut self, owed: i64, timestamp: i64) {
        let missing = (timestamp - self.next).max(0);
        let growth = (owed - missing).clamp(0, MOST_GROWTH);
        self.next += owed - growth;
        self.state = State::Playing;
        self.pace.grow(growth);
    }

    fn decode(&mut self, now: i64, timestamp: i64) -> Played {
        let Some(packet) = self.waiting.remove(&timestamp) else { return self.starve() };
        let start = self.sound.len();
        let onward = self.tear();
        let pause = self.decoder.is_pause(&packet.payload);
        self.last = Some(Last { sequence: packet.sequence, pause });
        if self.decoder.decode(&packet.payload, &mut self.sound).is_err() {
            self.sound.truncate(start);
            return self.conceal(timestamp + packet.duration - self.next);
        }
        let skipped = usize::try_from(self.next - timestamp).unwrap_or(0);
        self.sound.drain(start..(start + skipped).min(self.sound.len()));
        self.pace.note(now - self.delays.least() - self.next, now - packet.arrived);
        self.next = timestamp + packet.duration;
        self.figures.copied += u64::from(packet.redundant);
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
                self.next = timestamp;
                self.figures.mended += 1;
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
        self.next += samples;
        let samples = usize::try_from(samples).unwrap_or(0);
        self.decoder.conceal(samples, &mut self.sound);
        self.paused += samples;
        self.figures.played_samples += samples as u64;
        Played::Sound
    }

    fn make_up(&mut self, samples: usize) {
        let start = self.sound.len();
        self.decoder.conceal(samples, &mut self.sound);
        fade(&mut self.sound[start..], self.made_up);
        self.figures.concealments += u64::from(self.made_up == 0);
        self.figures.concealed_samples += samples as u64;
        self.figures.played_samples += samples as u64;
        self.made_up += samples;
    }

    fn be_silent(&mut self) -> Played {
        if self.figures.played_samples > 0 {
            self.figures.silent_samples += PULL.saturating_sub(self.sound.len()) as u64;
        }
        self.playout = None;
        self.sound.resize(PULL.max(self.sound.len()), 0.0);
        Played::Silence
    }

    /// What would have come, where the sound is torn.
    fn tear(&mut self) -> Vec<f32> {
        let mut onward = Vec::new();
        if std::mem::take(&mut self.torn) {
            self.decoder.conceal(BLEND, &mut onward);
            fade(&mut onward, self.made_up);
        }
        onward
    }

    /// Real sound was appended, from `start` on.
    fn finish(&mut self, start: usize, onward: &[f32]) {
        self.made_up = 0;
        self.paused = 0;
        let sound = &mut self.sound[start..];
        self.figures.played_samples += sound.len() as u64;
        for (i, (sample, before)) in sound.iter_mut().zip(onward).enumerate() {
            *sample = between(*before, *sample, i, BLEND);
        }
    }

    /// Brings the delay nearer to the target, if the frame that begins at `start` is a good place.
    fn stretch(&mut self, now: i64, start: usize) {
        let quiet = self.loudness.is_quiet(&self.sound[start..]);
        let target = self.target(now);
        let by = match self.pace.order(target, start, quiet) {
            Some(Order::Lengthen(samples, need)) => {
                let by = stretch::lengthen(&mut self.sound, samples, quiet, need);
                self.figures.inserted_samples += by as u64;
                length(by)
            }
            Some(Order::Shorten(samples, need)) => {
                let by = stretch::shorten(&mut self.sound, samples, quiet, need);
                self.figures.removed_samples += by as u64;
                -length(by)
            }
            None => return,
        };
        self.pace.stretched(start, by);
    }
}

/// Fades sound that follows so many samples that were made up.
#[expect(clippy::cast_precision_loss, reason = "a share of two small numbers")]
fn fade(sound: &mut [f32], made_up: usize) {
    for (i, sample) in sound.iter_mut().enumerate() {
        let left = FADED.saturating_sub((made_up + i).max(FADING));
        *sample *= left as f32 / (FADED - FADING) as f32;
    }
}
