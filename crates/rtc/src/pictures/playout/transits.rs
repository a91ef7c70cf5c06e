//! What frames needed lately, from capture until they could be decoded.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{JITTER_MAX, us};

/// How long a transit counts. Longer forgets a bad time more slowly and follows clocks that drift
/// apart (300 ppm: 3 ms in this time) less closely; shorter is surprised more often.
const WINDOW: Duration = Duration::from_secs(10);
/// Transits kept at most: the window at 60 frames a second.
const TRANSITS_MAX: usize = 600;
/// The share of frames that should not be late, in percent. The rest is shown late by what it
/// needs more; key frames, which are larger, are often among it.
const IN_TIME_PERCENT: usize = 95;
/// Frames closer than this after the one before them came in its wake. What held them all up counts
/// once: else one standstill of a second would be a tenth of all jitter.
const WAKE: Duration = Duration::from_millis(10);

/// The transit of one frame.
#[derive(Debug, Clone, Copy)]
struct Transit {
    at: Instant,
    us: i64,
    /// It came in the wake of the frame before it.
    wake: bool,
}

/// Transits of the last seconds, in µs.
#[derive(Debug, Default)]
pub(super) struct Transits {
    recent: VecDeque<Transit>,
    least_us: i64,
    jitter_us: i64,
}

impl Transits {
    /// A frame came. While `settling`, a frame that came faster than all before it shows that those
    /// were the start's, not the path's: they are forgotten.
    pub(super) fn add(&mut self, now: Instant, transit_us: i64, settling: bool) {
        if settling && transit_us < self.least_us {
            self.recent.clear();
        }
        let old = |at: Instant| now.saturating_duration_since(at) > WINDOW;
        while self.recent.front().is_some_and(|it| old(it.at)) {
            self.recent.pop_front();
        }
        if self.recent.len() >= TRANSITS_MAX {
            self.recent.pop_front();
        }
        let wake = self
            .recent
            .back()
            .is_some_and(|it| now.saturating_duration_since(it.at) < WAKE && transit_us <= it.us);
        self.recent.push_back(Transit { at: now, us: transit_us, wake });
        self.least_us = self.recent.iter().map(|it| it.us).min().unwrap_or(transit_us);
        let mut counted: Vec<i64> =
            self.recent.iter().filter(|it| !it.wake).map(|it| it.us).collect();
        let at = (counted.len() * IN_TIME_PERCENT).div_ceil(100).saturating_sub(1);
        let in_time_us =
            if at < counted.len() { *counted.select_nth_unstable(at).1 } else { transit_us };
        self.jitter_us = in_time_us.saturating_sub(self.least_us).clamp(0, us(JITTER_MAX));
    }

    /// The least: what the path takes at best.
    pub(super) const fn least(&self) -> i64 {
        self.least_us
    }

    /// What the frames that should be in time need beyond the least, at most [`JITTER_MAX`].
    pub(super) const fn jitter(&self) -> i64 {
        self.jitter_us
    }
}
