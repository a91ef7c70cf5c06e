//! The transit that every frame is given, and how fast it may change.

use std::time::{Duration, Instant};

use super::us_between;

/// The share of real time by which the line moves, as a divisor: 5 %. Faster shows; slower lets
/// sound and picture stay apart longer.
const SLEW: i64 = 20;
/// How long after the start the line may fall at once: the first frame is large and comes late,
/// and nobody has seen an even picture yet.
const SETTLING: Duration = Duration::from_secs(1);
/// Frames that came after their time for this long show that the path has become longer. Shorter
/// would take a queue that empties again for that, and keep its delay.
const LATE_FOR: Duration = Duration::from_secs(2);
/// The longest time that one step moves the line for. A stream that paused longer starts evenly
/// enough from wherever it is.
const STEP_MAX: Duration = Duration::from_secs(10);

/// The playout line, in µs of transit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    transit_us: i64,
    started: Instant,
    moved: Instant,
    late: Option<Late>,
}

/// Every frame since then was late, by at least so much.
#[derive(Debug, Clone, Copy)]
struct Late {
    since: Instant,
    least_us: i64,
}

impl Line {
    /// Starts with the first frame, which is shown at once.
    pub(super) const fn new(now: Instant, transit_us: i64) -> Self {
        Self { transit_us, started: now, moved: now, late: None }
    }

    pub(super) const fn transit_us(self) -> i64 {
        self.transit_us
    }

    /// When the last frame was taken.
    pub(super) const fn moved(self) -> Instant {
        self.moved
    }

    /// The stream began just now.
    pub(super) fn is_settling(self, now: Instant) -> bool {
        now.saturating_duration_since(self.started) < SETTLING
    }

    /// A frame came with this transit. After [`LATE_FOR`] of late ones the line is raised to the
    /// least of them: all were shown at their arrival, so that changes nothing that is seen.
    pub(super) fn observe(&mut self, now: Instant, transit_us: i64) {
        let late_us = transit_us.saturating_sub(self.transit_us);
        if late_us <= 0 {
            self.late = None;
            return;
        }
        let late = self.late.get_or_insert(Late { since: now, least_us: late_us });
        late.least_us = late.least_us.min(late_us);
        if now.saturating_duration_since(late.since) >= LATE_FOR {
            self.transit_us = self.transit_us.saturating_add(late.least_us);
            self.late = None;
        }
    }

    /// Moves towards `aim_us`, as far as the time since the last move allows.
    pub(super) fn aim(&mut self, now: Instant, aim_us: i64) {
        let time_us = us_between(self.moved, now).clamp(0, super::us(STEP_MAX));
        let way_us = aim_us.saturating_sub(self.transit_us);
        let settling = self.is_settling(now);
        let moved_us = if settling && way_us < 0 {
            way_us
        } else {
            way_us.clamp(-time_us / SLEW, time_us / SLEW)
        };
        self.transit_us = self.transit_us.saturating_add(moved_us);
        self.moved = self.moved.max(now);
    }
}
