//! When to play faster or slower, and by how much.
//!
//! Frames are decoded in pulls of 10 ms, so the wait for packets comes in steps of whole pulls, and
//! sound is delayed by that wait and by what is left of the frame before when a frame is decoded.
//! The cheapest delay is the least number of pulls that packets need, with no rest. Packets, pulls
//! and clocks are irregular, so the wait that counts is the least of the last frames.

use super::stretch::Need;
use super::{STEP, length, ms, whole_pulls};
use std::collections::VecDeque;

/// How many frames the least wait is taken from.
const RECENT: usize = 16;
/// How much the wait may miss the target, or exceed it by more than a pull, before the delay is
/// stretched, in samples. Less stretches for the noise in the target.
const TOLERANCE: i64 = ms(1);
/// How far the delay must be off to be stretched, in samples: in pauses, in speech, and in speech
/// that is less like itself.
const OFF_IN_PAUSES: i64 = ms(2);
const OFF_IN_SPEECH: i64 = ms(15);
const OFF_FAR: i64 = ms(60);
/// How many quiet frames make a pause between sentences. A pause between words that is shortened is
/// heard (and costs 0.03 PESQ each).
const LONG_PAUSE: usize = 6;
/// How long packets must have been here on average when they are played, for playing faster to gain
/// anything, in samples.
const AHEAD: i64 = ms(10);

/// How the last frames came through.
#[derive(Debug, Default)]
pub(super) struct Pace {
    recent: VecDeque<Frame>,
    /// Quiet frames in a row.
    quiet: usize,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    /// How much later than the fastest packet it could have come.
    wait: i64,
    /// How long it was here.
    here: i64,
}

/// What should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Put in up to so many samples.
    Lengthen(usize, Need),
    /// Take out up to so many samples.
    Shorten(usize, Need),
}

impl Pace {
    /// The delay has nothing to do with what it was.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    /// Notes a frame that is decoded.
    pub(super) fn note(&mut self, wait: i64, here: i64) {
        self.recent.push_back(Frame { wait, here });
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// The delay has grown by so many samples.
    pub(super) fn grow(&mut self, by: i64) {
        for frame in &mut self.recent {
            frame.wait += by;
            frame.here += by;
        }
    }

    /// What to do about the delay after a frame, with so much left of the one before it.
    pub(super) fn order(&mut self, target: i64, rest: usize, quiet: bool) -> Option<Order> {
        self.quiet = if quiet { self.quiet + 1 } else { 0 };
        let wait = self.recent.iter().map(|frame| frame.wait).min()?;
        let off = length(rest)
            + match wait - target {
                short if short < -TOLERANCE => whole_pulls(short),
                long if long > STEP + TOLERANCE => whole_pulls(long - TOLERANCE),
                _ => 0,
            };
        let need = match off.abs() {
            far if far > OFF_FAR => Need::Great,
            some if some > OFF_IN_SPEECH => Need::Some,
            _ => Need::Slight,
        };
        if off.abs() < OFF_IN_PAUSES || (!quiet && need == Need::Slight) {
            return None;
        }
        let samples = usize::try_from(off.abs()).ok()?;
        if off < 0 {
            return Some(Order::Lengthen(samples, need));
        }
        let waits = need == Need::Slight && self.quiet < LONG_PAUSE;
        let known = self.recent.len() == RECENT && self.is_ahead();
        (known && !waits).then_some(Order::Shorten(samples, need))
    }

    /// The sound was made longer by so many samples, with so much left of the frame before.
    pub(super) fn stretched(&mut self, rest: usize, by: i64) {
        self.grow(whole_pulls(length(rest) + by));
    }

    fn is_ahead(&self) -> bool {
        let here: i64 = self.recent.iter().map(|frame| frame.here).sum();
        here > length(self.recent.len()) * AHEAD
    }
}
