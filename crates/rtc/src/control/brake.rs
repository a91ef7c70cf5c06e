//! A limit of our own, for as long as the estimate is wrong about a path that narrowed.

use std::time::{Duration, Instant};

/// What a press leaves of the rate in use, at least and at most.
const LEAVES: (f32, f32) = (0.25, 0.7);
/// What a second press leaves of what was known to be carried at least: the first one measured it.
const AGAIN: f32 = 0.7;
/// How soon a second press is one.
const SOON: Duration = Duration::from_secs(3);
/// How long the queue has to be short before the limit rises.
const CALM_FOR: Duration = Duration::from_secs(1);
/// How fast it rises then, per second.
const RISE: f32 = 0.2;

#[derive(Debug, Default)]
pub(super) struct Brake {
    cap: Option<f32>,
    pressed: Option<Instant>,
    calm: Option<Instant>,
    raised: Option<Instant>,
}

impl Brake {
    /// The limit for everything that is sent, in bit/s.
    pub(super) const fn cap(&self) -> Option<f32> {
        self.cap
    }

    /// The queue grows by `growth` seconds a second while `used` bit/s are sent: so much more is
    /// sent than passes.
    pub(super) fn press(&mut self, now: Instant, used: f32, growth: f32, carried: f32) {
        let cap = used * (1.0 - growth).clamp(LEAVES.0, LEAVES.1);
        self.cap = Some(if self.is_again(now) { cap.clamp(carried * AGAIN, carried) } else { cap });
        self.pressed = Some(now);
        self.calm = None;
    }

    /// It was pressed a short while ago.
    pub(super) fn is_again(&self, now: Instant) -> bool {
        self.pressed.is_some_and(|at| now.saturating_duration_since(at) < SOON)
    }

    /// The estimate is right again: it was a false alarm, or a probe measured the path.
    pub(super) const fn release(&mut self) {
        self.cap = None;
    }

    /// What the path is like.
    pub(super) fn observe(&mut self, now: Instant, estimate: u64, calm: bool) {
        let Some(cap) = &mut self.cap else { return };
        if (estimate as f32) <= *cap {
            // The estimate knows.
            self.cap = None;
            return;
        }
        if !calm {
            self.calm = None;
            return;
        }
        let since = *self.calm.get_or_insert(now);
        let last = self.raised.replace(now).unwrap_or(now);
        if now.saturating_duration_since(since) >= CALM_FOR {
            let passed = now.saturating_duration_since(last).as_secs_f32().min(0.5);
            *cap *= 1.0 + RISE * passed;
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_what_does_not_queue() {
        let mut brake = Brake::default();
        brake.press(Instant::now(), 1_300_000.0, 0.7, 1_500_000.0);
        assert!(brake.cap().is_some_and(|cap| (cap - 390_000.0).abs() < 1.0), "30 % of it");
    }

    #[test]
    fn a_second_press_does_not_forget_what_the_first_measured() {
        let (start, mut brake) = (Instant::now(), Brake::default());
        brake.press(start, 1_300_000.0, 0.7, 1_500_000.0);
        brake.press(start + Duration::from_millis(800), 100_000.0, 0.9, 390_000.0);
        assert!(brake.cap().is_some_and(|cap| cap >= 390_000.0 * AGAIN), "{:?}", brake.cap());
    }

    #[test]
    fn the_limit_rises_slowly_and_goes_when_the_estimate_is_below() {
        let (start, mut brake) = (Instant::now(), Brake::default());
        brake.press(start, 1_000_000.0, 0.5, 1_500_000.0);
        let mut now = start;
        for _ in 0..30 {
            now += Duration::from_millis(100);
            brake.observe(now, 1_500_000, true);
        }
        let cap = brake.cap().expect("the estimate is still higher");
        assert!((600_000.0..800_000.0).contains(&cap), "two seconds at 20 %: {cap}");
        brake.observe(now, 550_000, true);
        assert_eq!(brake.cap(), None, "the estimate knows by itself");
    }
}
