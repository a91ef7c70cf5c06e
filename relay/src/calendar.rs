//! Whether the system's clock can be believed. What is forgotten by date waits until it is, and
//! what was dated by a clock that was wrong is dated anew. Decides only.

use crate::clock::{Relation, Steady, Wall};

/// A clock that is set by less than this is a clock that is kept right, in ms. What is dated in
/// the meantime is wrong by no more.
const JUMP_MS: u64 = 60_000;
/// How far the clock may be ahead of when it was last believed, in ms: a relay that was off for
/// a night. Raising it risks so much of the history where a clock is wrong; lowering it lets a
/// relay that is often off forget later.
const LEAD_MS: u64 = 86_400_000;
/// How long a clock has to run on without a jump before it is believed all the same, in ms.
const SETTLE_MS: u64 = 86_400_000;

/// What one look at the clock showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// It was set: what was dated in this time is moved.
    pub(crate) set: Option<Set>,
    /// It is not believed from here on, because it is so far ahead, in ms.
    pub(crate) doubted: Option<u64>,
    /// It is believed again from here on.
    pub(crate) settled: bool,
}

/// The clock was set while the relay ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set {
    /// The first date that the old clock gave.
    pub(crate) from: Wall,
    /// The last one.
    pub(crate) to: Wall,
    /// By how much they are moved, in ms.
    pub(crate) by: i64,
}

/// Looks at the wall's time beside the steady one.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// When the clock was last believed.
    believed: Option<Wall>,
    /// Since when it runs without a jump.
    began: (Wall, Steady),
    /// The last look.
    last: (Wall, Steady),
    /// It is ahead of what is plausible.
    doubted: bool,
}

impl Calendar {
    /// At the start. `believed` is when the clock was last believed, as the store says; nothing is
    /// known of a new one.
    pub(crate) fn new(believed: Option<Wall>, wall: Wall, steady: Steady) -> (Self, Look) {
        let now = (wall, steady);
        let mut calendar = Self { believed, began: now, last: now, doubted: false };
        let look = calendar.judge(wall);
        (calendar, look)
    }

    /// Looks again.
    pub(crate) fn look(&mut self, wall: Wall, steady: Steady) -> Look {
        let expected = Relation::new(self.last.0, self.last.1).wall(steady);
        self.last = (wall, steady);
        if expected.ms().abs_diff(wall.ms()) >= JUMP_MS {
            let (from, _) = std::mem::replace(&mut self.began, (wall, steady));
            let by = i64::try_from(wall.ms()).unwrap_or(i64::MAX)
                - i64::try_from(expected.ms()).unwrap_or(i64::MAX);
            let look = self.judge(wall);
            return Look { set: Some(Set { from, to: expected, by }), ..look };
        }
        if self.doubted && steady.ms().saturating_sub(self.began.1.ms()) >= SETTLE_MS {
            self.doubted = false;
            return Look { settled: true, ..Look::default() };
        }
        Look::default()
    }

    fn judge(&mut self, wall: Wall) -> Look {
        let ahead = self.believed.map_or(0, |believed| wall.ms().saturating_sub(believed.ms()));
        let before = std::mem::replace(&mut self.doubted, ahead > LEAD_MS);
        match (before, self.doubted) {
            (_, true) => Look { doubted: Some(ahead), ..Look::default() },
            (true, false) => Look { settled: true, ..Look::default() },
            (false, false) => Look::default(),
        }
    }

    /// Whether something may be forgotten by its date.
    pub(crate) fn is_believed(&self) -> bool {
        !self.doubted
    }

    /// Believes the clock, and says what to remember of that. A clock that is behind was wrong
    /// before or is wrong at present: which of the two is not known before it has run for a while.
    pub(crate) fn believe(&mut self, wall: Wall, steady: Steady) -> Option<Wall> {
        let behind = self.believed.is_some_and(|believed| wall.ms() + LEAD_MS < believed.ms());
        let ran_ms = steady.ms().saturating_sub(self.began.1.ms());
        if self.doubted || behind && ran_ms < SETTLE_MS {
            return None;
        }
        self.believed = Some(wall);
        Some(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;
    /// Some day.
    const NOW: u64 = 20_000 * DAY;
    const START: Steady = Steady::from_ms(1_000);

    fn wall(ms: u64) -> Wall {
        Wall::from_ms(ms)
    }

    fn after(ms: u64) -> Steady {
        Steady::from_ms(START.ms() + ms)
    }

    #[test]
    fn a_start_far_ahead_waits_for_a_day_without_a_jump() {
        let ahead = NOW + 40 * DAY;
        let (mut calendar, look) = Calendar::new(Some(wall(NOW)), wall(ahead), START);
        assert_eq!(look, Look { doubted: Some(40 * DAY), ..Look::default() }, "and is said");
        assert!(!calendar.is_believed());
        assert_eq!(calendar.believe(wall(ahead), START), None, "not even by the next start");
        assert_eq!(calendar.look(wall(ahead + DAY - 1), after(DAY - 1)), Look::default());
        assert!(!calendar.is_believed());
        assert!(calendar.look(wall(ahead + DAY), after(DAY)).settled && calendar.is_believed());
        assert_eq!(calendar.believe(wall(ahead + DAY), after(DAY)), Some(wall(ahead + DAY)));
    }

    #[test]
    fn a_new_relay_and_one_that_was_off_for_a_night_wait_for_nothing() {
        for believed in [None, Some(wall(NOW - DAY / 2)), Some(wall(NOW))] {
            let (mut calendar, look) = Calendar::new(believed, wall(NOW), START);
            assert!(look == Look::default() && calendar.is_believed());
            assert_eq!(calendar.believe(wall(NOW), START), Some(wall(NOW)));
        }
    }

    #[test]
    fn a_clock_that_is_put_right_is_believed_at_once_and_its_dates_are_moved() {
        let ahead = NOW + 40 * DAY;
        let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(ahead), START);
        let look = calendar.look(wall(NOW + 5_000), after(5_000));
        let by = -40 * i64::try_from(DAY).unwrap_or(0);
        let set = Set { from: wall(ahead), to: wall(ahead + 5_000), by };
        assert_eq!(look, Look { set: Some(set), doubted: None, settled: true });
        assert!(calendar.is_believed());
    }

    #[test]
    fn a_clock_without_a_battery_is_not_remembered_and_is_believed_when_it_is_right() {
        let (mut calendar, look) = Calendar::new(Some(wall(NOW)), wall(0), START);
        assert_eq!(look, Look::default(), "nothing is older than that");
        assert_eq!(calendar.believe(wall(0), START), None);
        let look = calendar.look(wall(NOW + 90_000), after(30_000));
        let by = i64::try_from(NOW + 60_000).unwrap_or(0);
        assert_eq!(look.set, Some(Set { from: wall(0), to: wall(30_000), by }));
        assert!(look.doubted.is_none() && calendar.is_believed());
    }

    #[test]
    fn a_clock_that_is_kept_right_is_not_set() {
        let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(NOW), START);
        for n in 1..100 {
            let drifted = wall(NOW + n * (9_000 + JUMP_MS - 1));
            assert_eq!(calendar.look(drifted, after(n * 9_000)), Look::default(), "look {n}");
        }
    }

    #[test]
    fn a_jump_far_ahead_while_it_runs_waits_as_well() {
        let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(NOW), START);
        let look = calendar.look(wall(NOW + 40 * DAY), after(1_000));
        assert!(look.doubted.is_some() && look.set.is_some() && !calendar.is_believed());
    }
}
