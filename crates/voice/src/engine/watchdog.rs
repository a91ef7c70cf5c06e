//! Notices that a stream stands still. Pure.

use std::time::{Duration, Instant};

/// How long nothing may come. Less takes a busy machine for a dead stream; more is heard as a hole.
const PATIENCE: Duration = Duration::from_millis(300);
/// The same for a stream that began just now, and for how long that holds: idle devices wake up
/// slowly (PulseAudio's null sink and Bluetooth need up to 2 s).
const PATIENCE_AT_FIRST: Duration = Duration::from_millis(2_500);
const AT_FIRST: Duration = Duration::from_secs(3);
/// Who does not look for so long slept, and knows nothing.
const ASLEEP: Duration = Duration::from_secs(1);

/// Watches a counter.
#[derive(Debug)]
pub(super) struct Watchdog {
    began: Instant,
    count: u64,
    moved: Instant,
    looked: Instant,
}

impl Watchdog {
    pub(super) const fn new(now: Instant) -> Self {
        Self { began: now, count: 0, moved: now, looked: now }
    }

    /// Looks at the counter; true if it stands still for too long.
    pub(super) fn look(&mut self, now: Instant, count: u64) -> bool {
        let slept = now.saturating_duration_since(self.looked) >= ASLEEP;
        self.looked = now;
        if count != self.count || slept {
            self.count = count;
            self.moved = now;
        }
        let new = now.saturating_duration_since(self.began) < AT_FIRST;
        let patience = if new { PATIENCE_AT_FIRST } else { PATIENCE };
        now.saturating_duration_since(self.moved) >= patience
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "where virtual time starts")]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_stands_still_is_noticed_after_a_while_and_not_after_sleep() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watchdog = Watchdog::new(start);
        for ms in (0..4_000).step_by(100) {
            assert!(!watchdog.look(at(ms), ms + 1), "it moves");
        }
        assert!(!watchdog.look(at(4_199), 3_901), "299 ms are no death");
        assert!(watchdog.look(at(4_200), 3_901), "300 ms are");
        assert!(!watchdog.look(at(9_000), 3_901), "but not those of sleep");
        assert!(watchdog.look(at(9_300), 3_901), "which are over");
    }

    #[test]
    fn a_stream_may_take_its_time_at_first() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(start);
        for ms in (0..2_500).step_by(100) {
            assert!(!watchdog.look(start + Duration::from_millis(ms), 2), "it wakes up: {ms} ms");
        }
        assert!(watchdog.look(start + Duration::from_millis(2_600), 2), "it does not");
    }
}
