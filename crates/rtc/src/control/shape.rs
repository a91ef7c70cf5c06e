//! How large and how often: the size and frame rate of the moment, changed with patience.

use std::time::{Duration, Instant};

use super::Content;
use super::ladder::{Ladder, Rung, frame_rate};

/// A size is left with the hold where the bitrate is below this share of what it needs; a lesser
/// misfit waits, as a key frame delays what follows.
const MISFIT: f32 = 0.7;
/// The size after a hold is for this share of what there is, so that its key frame passes quickly.
const SMALLER: f32 = 0.6;
/// How long after a collapse the size does not grow, and after any change of size.
const REST: Duration = Duration::from_secs(4);
/// A larger size waits until the bitrate allowed it for this long.
const STEADY_FOR: Duration = Duration::from_secs(1);
/// A smaller one waits until the bitrate was too low for this long: a dip of the estimate ends
/// earlier, and a key frame makes it worse.
const LEAN_FOR: Duration = Duration::from_millis(1_500);

#[derive(Debug)]
pub(super) struct Shape {
    content: Content,
    /// The largest frame seen, taken for the captured size.
    captured: Option<(u16, u16)>,
    rung: Rung,
    frame_rate: u8,
    /// When the size changed last, or the path collapsed.
    rest: Option<Instant>,
    /// Since when a larger size would fit.
    roomy: Option<Instant>,
    /// Since when the present size is too large.
    lean: Option<Instant>,
}

impl Shape {
    pub(super) fn new(content: Content, bitrate: u32) -> Self {
        Self {
            content,
            captured: None,
            rung: 0,
            frame_rate: frame_rate(content, 0, bitrate),
            rest: None,
            roomy: None,
            lean: None,
        }
    }

    pub(super) const fn frame_rate(&self) -> u8 {
        self.frame_rate
    }

    /// Pixels across and down; nothing before a frame was seen.
    pub(super) fn size(&self) -> Option<(u16, u16)> {
        self.ladder().map(|ladder| ladder.size(self.rung))
    }

    /// Smaller than captured.
    pub(super) const fn is_smaller(&self) -> bool {
        self.rung > 0
    }

    /// A frame of this size was made. True when more is captured than was known.
    pub(super) fn learn(&mut self, size: (u16, u16)) -> bool {
        let area = |(width, height): (u16, u16)| u32::from(width) * u32::from(height);
        let more = area(size) > self.captured.map_or(0, area);
        if more {
            self.captured = Some(size);
            self.rung = 0;
        }
        more
    }

    /// The path collapsed: nothing grows for a while.
    pub(super) const fn rest(&mut self, now: Instant) {
        self.rest = Some(now);
    }

    /// What suits a bitrate in bit/s, without patience. True when the size changes.
    pub(super) fn fit_at_once(&mut self, now: Instant, bitrate: u32) -> bool {
        self.frame_rate = frame_rate(self.content, self.frame_rate, bitrate);
        let Some(ladder) = self.ladder() else { return false };
        let bitrate = bitrate as f32;
        bitrate < ladder.need(self.rung) * MISFIT
            && self.take(now, ladder.fitting(bitrate * SMALLER).max(self.rung))
    }

    /// What suits a bitrate in bit/s, when it has been so for long enough. True when the size
    /// changes.
    pub(super) fn fit(&mut self, now: Instant, bitrate: u32) -> bool {
        self.frame_rate = frame_rate(self.content, self.frame_rate, bitrate);
        let Some(ladder) = self.ladder() else { return false };
        let rung = ladder.rung(self.rung, bitrate);
        let passed = |since: Instant| now.saturating_duration_since(since);
        if rung < self.rung {
            self.lean = None;
            let steady = passed(*self.roomy.get_or_insert(now)) >= STEADY_FOR;
            let rested = self.rest.is_none_or(|at| passed(at) >= REST);
            return steady && rested && self.take(now, rung);
        }
        self.roomy = None;
        if rung == self.rung {
            self.lean = None;
            return false;
        }
        passed(*self.lean.get_or_insert(now)) >= LEAN_FOR && self.take(now, rung)
    }

    const fn take(&mut self, now: Instant, rung: Rung) -> bool {
        if rung == self.rung {
            return false;
        }
        self.rung = rung;
        self.rest = Some(now);
        self.roomy = None;
        self.lean = None;
        true
    }

    fn ladder(&self) -> Option<Ladder> {
        let (width, height) = self.captured?;
        Some(Ladder::new(self.content, width, height))
    }
}
