//! How much somebody may send: so many at once, then so many a second.

use crate::Time;

/// A bucket of turns that fills by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    burst: u64,
    per_second: u64,
    /// Thousandths of turns at that time.
    left: u64,
    at: Time,
}

impl Allowance {
    /// Full.
    pub(crate) const fn new(burst: u64, per_second: u64) -> Self {
        Self { burst, per_second, left: burst * 1_000, at: Time(0) }
    }

    /// Takes a turn, if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        // One turn a second is a thousandth a millisecond.
        let filled = now.since(self.at).saturating_mul(self.per_second);
        self.left = self.left.saturating_add(filled).min(self.burst * 1_000);
        self.at = self.at.max(now);
        let has = self.left >= 1_000;
        if has {
            self.left -= 1_000;
        }
        has
    }

    /// When there is a turn after [`Self::take`] found none.
    pub(crate) const fn next(&self) -> Time {
        let missing = 1_000_u64.saturating_sub(self.left);
        self.at.after(missing.div_ceil(self.per_second))
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
