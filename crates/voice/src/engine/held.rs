//! A device that is open.

use super::binding::End;
use super::flow::{Flow, Periods};
use super::streams::{self, Running};
use super::watchdog::Watchdog;
use std::time::Instant;

/// A stream that runs, and who watches it.
pub(super) struct Held {
    pub(super) running: Running,
    pub(super) opening: u64,
    watchdog: Watchdog,
    flow: Flow,
}

impl Held {
    pub(super) const fn new(now: Instant, running: Running, opening: u64) -> Self {
        Self { running, opening, watchdog: Watchdog::new(now), flow: Flow::new(now) }
    }

    /// Whether it came to an end that nobody tells. Notes which period a slow device needs.
    pub(super) fn look(&mut self, now: Instant, periods: &mut Periods) -> Option<End> {
        let pulse = &self.running.pulse;
        if self.watchdog.look(now, pulse.beats()) {
            return Some(End::Silent);
        }
        let share = self.flow.look(now, pulse.moved())?;
        let period = streams::longer(self.running.period, share)?;
        periods.insert(now, &self.running.bound.id, period);
        tracing::info!(period, "a sound device wants more at a time");
        Some(End::Slow)
    }
}
