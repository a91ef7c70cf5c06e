//! How much bandwidth str0m shall look for.
//!
//! Its probes start where the demand is raised above the estimate, and where the sender uses less
//! than 65 % of the estimate. An encoder between the two finds nothing: so the demand steps down and
//! up again from time to time.

use std::time::{Duration, Instant};

/// The most that is demanded over the ceiling: room for key frames, headers and what is sent again.
const ROOM: f32 = 1.25;
/// The most that is demanded over the estimate. str0m probes with up to twice the demand for 15 ms:
/// more fills the queue of a narrow path with one probe, less needs more steps to find a wide one.
const REACH: f32 = 2.2;
/// How often the demand is raised while there is less than wanted. More often finds a path that
/// widened earlier, and fills a narrow one's queue with probes.
const EVERY: Duration = Duration::from_secs(3);
/// The same after a raise that found something.
const AFTER_SUCCESS: Duration = Duration::from_millis(500);
/// The same where packets get lost without a queue: the estimate falls with every burst of losses,
/// and only a probe that arrives whole lifts it.
const LOSSY: Duration = Duration::from_secs(1);
/// The growth of the estimate that counts as found.
const FOUND: f32 = 1.25;
/// How long the demand rests below before it is raised: str0m has to see it.
const REST: Duration = Duration::from_millis(90);
/// How long it stays low after the path narrowed. Earlier probes join the queue that has to go.
const LOW_FOR: Duration = Duration::from_millis(1_000);
/// The least demand, in bit/s.
const LEAST: f32 = 150_000.0;
/// The share of the whole demand that is enough.
const ENOUGH: f32 = 0.97;

#[derive(Debug)]
pub(super) struct Demand {
    ceiling: u32,
    sound: u32,
    /// What is demanded, in bit/s.
    level: f32,
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Raised at this time, when the estimate was so much.
    Raised { at: Instant, estimate: f32 },
    /// Low until the time has come and the path is calm.
    Low { until: Instant },
}

impl Demand {
    pub(super) fn new(now: Instant, ceiling: u32) -> Self {
        let level = ceiling as f32 * ROOM;
        Self { ceiling, sound: 0, level, phase: Phase::Raised { at: now, estimate: level } }
    }

    /// In bit/s.
    pub(super) const fn desired(&self) -> u64 {
        self.level as u64
    }

    /// What the path is like now.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        estimate: u64,
        calm: bool,
        lossy: bool,
        sound: u32,
    ) {
        self.sound = sound;
        let estimate = estimate as f32;
        let full = self.ceiling as f32 * ROOM + self.sound as f32;
        match self.phase {
            Phase::Low { until } if until <= now && calm => {
                self.level = (estimate * REACH).clamp(LEAST, full);
                self.phase = Phase::Raised { at: now, estimate };
            }
            Phase::Low { .. } => {}
            Phase::Raised { at, estimate: before } => {
                let every = match (estimate > before * FOUND, lossy) {
                    (true, _) => AFTER_SUCCESS,
                    (false, true) => LOSSY,
                    (false, false) => EVERY,
                };
                let due = now.saturating_duration_since(at) >= every;
                if due && calm && estimate < full * ENOUGH {
                    self.level = estimate.clamp(LEAST / REACH, full * ENOUGH);
                    self.phase = Phase::Low { until: now + REST };
                }
            }
        }
    }

    /// When the demand was raised last: probes follow.
    pub(super) const fn raised(&self) -> Option<Instant> {
        match self.phase {
            Phase::Raised { at, .. } => Some(at),
            Phase::Low { .. } => None,
        }
    }

    /// The path just narrowed to so much: it is left alone for a while.
    pub(super) fn back_off(&mut self, now: Instant, carried: f32) {
        self.level = self.level.min(carried.max(LEAST / REACH));
        self.phase = Phase::Low { until: now + LOW_FOR };
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    /// When the demand was raised above the estimate within ten seconds, in steps of 100 ms.
    fn raises(estimate: impl Fn(usize) -> u64, calm: bool, lossy: bool) -> Vec<usize> {
        let start = Instant::now();
        let mut demand = Demand::new(start, 1_700_000);
        let mut raises = Vec::new();
        for step in 0..100 {
            let before = demand.desired();
            let now = start + Duration::from_millis(100) * u32::try_from(step).unwrap();
            demand.observe(now, estimate(step), calm, lossy, 50_000);
            if demand.desired() > before.max(estimate(step)) {
                raises.push(step);
            }
        }
        raises
    }

    #[test]
    fn more_is_looked_for_every_three_seconds_while_there_is_too_little() {
        assert_eq!(raises(|_| 500_000, true, false).len(), 3, "in ten seconds");
        assert!(raises(|_| 5_000_000, true, false).is_empty(), "enough is enough");
        assert!(raises(|_| 500_000, false, false).is_empty(), "a queue is not added to");
    }

    #[test]
    fn losses_without_a_queue_are_probed_past() {
        assert!(raises(|_| 500_000, true, true).len() >= 8, "every second");
    }

    #[test]
    fn a_find_is_followed_up_at_once() {
        let found = raises(|step| if step < 35 { 400_000 } else { 900_000 }, true, false);
        assert!(found.len() >= 3, "{found:?}");
        assert!(found[1] - found[0] <= 10, "half a second after it: {found:?}");
    }

    #[test]
    fn one_probe_cannot_fill_a_narrow_path() {
        let start = Instant::now();
        let mut demand = Demand::new(start, 1_700_000);
        demand.back_off(start, 400_000.0);
        assert!(demand.desired() <= 400_000, "left alone");
        demand.observe(start + LOW_FOR, 400_000, true, false, 50_000);
        assert!((400_001..1_000_000).contains(&demand.desired()), "then a step at a time");
    }
}
