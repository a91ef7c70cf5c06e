//! The least delay that somebody asked for, though packets need less.

use super::{duration_of, ms};
use std::time::Duration;

/// Most delay that can be asked for, in samples. Above 400 ms people begin to talk at the same time
/// (ITU-T G.114), which is worse than a picture that is late.
const MOST: i64 = ms(400);
/// The share of time by which it comes and goes, as a divisor: 10 %. Faster is heard as another way
/// of speaking, slower leaves sound and picture apart for longer.
const GLIDE: i64 = 10;

/// A least delay that glides to what was asked for.
#[derive(Debug, Default)]
pub(super) struct Least {
    wanted: i64,
    present: i64,
    moved: i64,
    /// What packets needed when it was asked last.
    needed: i64,
}

impl Least {
    /// From here on this is to be the least delay.
    pub(super) fn want(&mut self, least: Duration) {
        let samples = i64::try_from(least.as_micros() * 48 / 1_000).unwrap_or(MOST);
        self.wanted = samples.min(MOST);
    }

    /// Nothing is heard: it may be there at once.
    pub(super) const fn settle(&mut self, now: i64) {
        self.present = self.wanted;
        self.moved = now;
    }

    /// How long to wait at `now` where packets need so much.
    pub(super) fn target(&mut self, now: i64, needed: i64) -> i64 {
        self.needed = needed;
        if self.present <= needed {
            // What is below it is neither heard nor a way to go.
            self.present = self.wanted.min(needed);
        }
        let step = (now - self.moved) / GLIDE;
        if step > 0 {
            let way = self.wanted - self.present;
            self.present += way.clamp(-step, step);
            self.moved += step * GLIDE;
        }
        self.present.max(needed)
    }

    /// How much of a delay is there only because it was asked for.
    pub(super) fn of(&self, delay: i64) -> Duration {
        duration_of((delay.min(self.present) - self.needed).max(0))
    }
}
