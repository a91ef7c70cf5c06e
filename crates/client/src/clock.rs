//! Time that includes sleep, from two clocks that each lack something.

use bellwire_core::Time;

/// The longest sleep between two looks at the clock, in ms. Timers of runtimes and browsers stand
/// still while the machine sleeps, so a deadline may be late by this much after waking. Lower wakes
/// the processor more often.
pub(crate) const NAP_MS: u64 = 5_000;

/// Makes [`Time`] of a monotonic clock, which may stand still while the machine sleeps
/// (`performance.now` in some browsers, `CLOCK_MONOTONIC`), and a wall clock, which goes on but
/// may be set back.
///
/// Between two readings the wall clock counts where it ran ahead of the monotonic one by more than
/// [`Clock::SLEPT_MS`]: then the machine slept. A wall clock set forward looks the same; timers
/// then fire early once, which costs a ping. Set back, it is ignored.
#[derive(Debug, Clone)]
pub struct Clock {
    now: f64,
    monotonic: f64,
    wall: f64,
}

impl Clock {
    /// Smaller steps between the two clocks are corrections of the wall clock (NTP slews and small
    /// jumps), in ms. Raising it hides short sleeps.
    pub const SLEPT_MS: f64 = 1_000.0;

    /// Starts at 0. Both readings in ms, from any origin.
    #[must_use]
    pub const fn new(monotonic: f64, wall: f64) -> Self {
        Self { now: 0.0, monotonic, wall }
    }

    /// The time at these readings. Never goes backwards.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "starts at 0, only grows, and f64 is exact to 2^53 ms"
    )]
    pub fn at(&mut self, monotonic: f64, wall: f64) -> Time {
        let awake = (monotonic - self.monotonic).max(0.0);
        let passed = wall - self.wall;
        self.now += if passed > awake + Self::SLEPT_MS { passed } else { awake };
        self.monotonic = monotonic;
        self.wall = wall;
        Time(self.now as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awake_time_is_the_monotonic_clock_whatever_small_corrections_the_wall_clock_gets() {
        let mut clock = Clock::new(500.0, 1_000_000.0);
        assert_eq!(clock.at(1_500.0, 1_000_990.0), Time(1_000), "slewed back 10 ms");
        assert_eq!(clock.at(2_500.0, 1_002_500.0), Time(2_000), "jumped ahead 510 ms");
    }

    #[test]
    fn sleep_counts_although_the_monotonic_clock_stood_still() {
        let mut clock = Clock::new(0.0, 0.0);
        assert_eq!(clock.at(10.0, 3_600_010.0), Time(3_600_010), "an hour with the lid closed");
    }

    #[test]
    fn a_wall_clock_set_back_is_ignored() {
        let mut clock = Clock::new(0.0, 10_000_000.0);
        assert_eq!(clock.at(100.0, 0.0), Time(100), "set back by hours");
        assert_eq!(clock.at(200.0, 100.0), Time(200), "and goes on from there");
    }

    #[test]
    fn readings_that_go_backwards_do_not_move_time_back() {
        let mut clock = Clock::new(100.0, 100.0);
        let first = clock.at(150.0, 150.0);
        assert!(clock.at(120.0, 120.0) >= first, "time is monotonic");
    }
}
