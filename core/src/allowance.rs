//! How often something may happen: so many times at once, then so many a second or a minute.

use crate::Time;

/// One turn, in the unit in which they are counted.
const TURN: u64 = 1_000_000;

/// A bucket of turns that fills by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    burst: u64,
    /// What it fills by, in millionths of turns a millisecond.
    rate: u64,
    /// Millionths of turns at that time.
    left: u64,
    at: Time,
}

impl Allowance {
    /// Full; fills by so many turns a second.
    pub(crate) const fn new(burst: u64, per_second: u64) -> Self {
        Self { burst, rate: per_second * TURN / 1_000, left: burst * TURN, at: Time(0) }
    }

    /// Full; fills by so many turns a minute.
    pub(crate) const fn per_minute(burst: u64, turns: u64) -> Self {
        Self { burst, rate: turns * TURN / 60_000, left: burst * TURN, at: Time(0) }
    }

    /// Takes a turn, if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        let filled = now.since(self.at).saturating_mul(self.rate);
        self.left = self.left.saturating_add(filled).min(self.burst * TURN);
        self.at = self.at.max(now);
        let has = self.left >= TURN;
        if has {
            self.left -= TURN;
        }
        has
    }

    /// When there is a turn after [`Self::take`] found none.
    pub(crate) const fn next(&self) -> Time {
        let missing = TURN.saturating_sub(self.left);
        self.at.after(missing.div_ceil(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_at_once_and_the_rest_as_it_fills() {
        let mut allowance = Allowance::new(5, 10);
        let taken = (0..100).filter(|_| allowance.take(Time(1_000))).count();
        assert_eq!(taken, 5);
        assert!(allowance.next() > Time(1_000) && allowance.next() <= Time(1_100));
        let taken = (1_000..11_000).filter(|now| allowance.take(Time(*now))).count();
        assert!((99..=100).contains(&taken), "ten a second: {taken}");
    }

    #[test]
    fn turns_by_the_minute_come_one_after_the_other() {
        let mut allowance = Allowance::per_minute(4, 12);
        let taken = (0..600_000).filter(|now| allowance.take(Time(*now))).count();
        assert!((122..=124).contains(&taken), "four, then twelve a minute for ten: {taken}");
    }

    #[test]
    fn a_pause_saves_no_more_than_a_burst() {
        let mut allowance = Allowance::new(5, 10);
        assert_eq!((0..100).filter(|_| allowance.take(Time(u64::MAX))).count(), 5);
    }

    #[test]
    fn the_next_turn_is_there_when_it_was_said() {
        let mut allowance = Allowance::new(1, 3);
        for _ in 0..100 {
            let now = allowance.next();
            assert!(allowance.take(now) || allowance.take(allowance.next()));
        }
    }
}
