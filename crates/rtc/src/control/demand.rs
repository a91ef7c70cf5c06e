//! How much bandwidth str0m shall look for.
//!
//! Its probes start where the demand is raised above the estimate, and where the sender uses less
//! than 65 % of the estimate. An encoder between the two finds nothing: so the demand steps down and
//! up again from time to time.

use std::time::{Duration, Instant};

/// The demand over the ceiling: room for key frames, headers and what is sent again.
const ROOM: f32 = 1.25;
/// How often the demand is raised while there is less than wanted. More often finds a path that
/// widened earlier, and fills a narrow one's queue with probes.
const EVERY: Duration = Duration::from_secs(3);
/// How long the demand rests below before it is raised: str0m has to see it.
const REST: Duration = Duration::from_millis(90);
/// The share that it rests at.
const RESTING: f32 = 0.97;
/// The loss above which the path is not probed further.
const LOSS: f32 = 0.3;

#[derive(Debug)]
pub(super) struct Demand {
    ceiling: u32,
    last: Instant,
    resting: Option<Instant>,
    sound: u32,
}

impl Demand {
    pub(super) const fn new(now: Instant, ceiling: u32) -> Self {
        Self { ceiling, last: now, resting: None, sound: 0 }
    }

    /// In bit/s.
    pub(super) fn desired(&self) -> u64 {
        let full = self.full();
        let now = if self.resting.is_some() { full * RESTING } else { full };
        now as u64
    }

    /// What the path is like now.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        estimate: Option<u64>,
        loss: f32,
        calm: bool,
        sound: u32,
    ) {
        self.sound = sound;
        if let Some(since) = self.resting {
            if now.saturating_duration_since(since) >= REST {
                self.resting = None;
                self.last = now;
            }
            return;
        }
        let Some(estimate) = estimate else { return };
        let wanting = (estimate as f32) < self.full() * RESTING;
        let due = now.saturating_duration_since(self.last) >= EVERY;
        if wanting && due && calm && loss < LOSS {
            self.resting = Some(now);
        }
    }

    /// The path just narrowed: it is left alone for a while.
    pub(super) const fn back_off(&mut self, now: Instant) {
        self.last = now;
        self.resting = None;
    }

    fn full(&self) -> f32 {
        self.ceiling as f32 * ROOM + self.sound as f32
    }
}
