//! Whether the system's clock can be believed. What is forgotten by date waits until it is, and
//! what was dated by a clock that was wrong is dated anew. What a plausible clock dated stays where
//! it is, whatever the clock is set to: a machine that stood still is set as well. Decides only.

use crate::clock::{Relation, Steady, Wall};

/// A clock that is set by less than this is a clock that is kept right, in ms. What is dated in
/// the meantime is wrong by no more.
const JUMP_MS: u64 = 60_000;
/// How far the clock may be ahead of when it was last believed, or behind it, in ms: a relay that
/// was off for a night. Raising it risks so much of the history where a clock is wrong; lowering it lets a
/// relay that is often off forget later.
const LEAD_MS: u64 = 86_400_000;
/// How long a clock has to run on without a jump before it is believed all the same, in ms.
const SETTLE_MS: u64 = 86_400_000;

/// What one look at the clock showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// It was set, by so many ms.
    pub(crate) set: Option<i64>,
    /// It was wrong before: what was dated in this time is moved.
    pub(crate) misdated: Option<Set>,
    /// What it dates from here on moves without what it dated before.
    pub(crate) begins: bool,
    /// It is not believed from here on, because it is so far ahead, in ms.
    pub(crate) doubted: Option<u64>,
    /// It is believed again from here on.
    pub(crate) settled: bool,
}

/// Dates that a wrong clock gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set {
    /// The first of them.
    pub(crate) from: Wall,
    /// The last one.
    pub(crate) to: Wall,
    /// By how much they are moved, in ms.
    pub(crate) by: i64,
}

/// What is known of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A new relay's first day: there is nothing to compare it with.
    Unknown,
    /// It is near to when a clock was last believed.
    Plausible,
    /// It is behind that.
    Behind,
    /// It is ahead of that, by so many ms.
    Ahead(u64),
}

/// Looks at the wall's time beside the steady one.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// When the clock was last believed.
    believed: Option<Wall>,
    /// Since when it runs without a jump.
    began: Steady,
    /// The last look.
    last: (Wall, Steady),
    standing: Standing,
    /// The first and the last date of the stretch that may be wrong as a whole.
    dated: (Wall, Wall),
}

impl Calendar {
    /// At the start. `believed` is when the clock was last believed, as the store says; nothing is
    /// known of a new one.
    pub(crate) fn new(believed: Option<Wall>, wall: Wall, steady: Steady) -> (Self, Look) {
        let standing = standing(believed, wall);
        let last = (wall, steady);
        let calendar = Self { believed, began: steady, last, standing, dated: (wall, wall) };
        let doubted = calendar.ahead();
        (calendar, Look { doubted, ..Look::default() })
    }

    /// Looks again.
    pub(crate) fn look(&mut self, wall: Wall, steady: Steady) -> Look {
        let expected = Relation::new(self.last.0, self.last.1).wall(steady);
        self.last = (wall, steady);
        if expected.ms().abs_diff(wall.ms()) >= JUMP_MS {
            return self.jump(expected, wall, steady);
        }
        self.extend(wall);
        let settles = steady.ms().saturating_sub(self.began.ms()) >= SETTLE_MS;
        if settles && self.standing != Standing::Plausible {
            let settled = self.ahead().is_some();
            (self.standing, self.dated) = (Standing::Plausible, (wall, wall));
            return Look { settled, begins: true, ..Look::default() };
        }
        Look::default()
    }

    fn jump(&mut self, expected: Wall, wall: Wall, steady: Steady) -> Look {
        self.extend(expected);
        self.began = steady;
        let by = i64::try_from(wall.ms()).unwrap_or(i64::MAX)
            - i64::try_from(expected.ms()).unwrap_or(i64::MAX);
        let now = standing(self.believed, wall);
        // Less than this is a machine that stood still, and says nothing of the clock.
        let far = by.unsigned_abs() > LEAD_MS;
        let was_wrong = match self.standing {
            Standing::Plausible => false,
            Standing::Unknown => far,
            Standing::Behind | Standing::Ahead(_) => far || now == Standing::Plausible,
        };
        let before = self.ahead();
        let unknown = self.standing == Standing::Unknown;
        let was_plausible = self.standing == Standing::Plausible;
        let open = unknown || !was_plausible && now != Standing::Plausible;
        let (from, to) = self.dated;
        if open {
            if was_wrong {
                self.dated = (moved(from, by), moved(to, by));
            }
            self.extend(wall);
        } else {
            self.dated = (wall, wall);
        }
        self.standing = if unknown { Standing::Unknown } else { now };
        let doubted = self.ahead();
        Look {
            set: Some(by),
            misdated: was_wrong.then_some(Set { from, to, by }),
            begins: !open,
            doubted,
            settled: before.is_some() && doubted.is_none(),
        }
    }

    fn extend(&mut self, wall: Wall) {
        self.dated = (self.dated.0.min(wall), self.dated.1.max(wall));
    }

    fn ahead(&self) -> Option<u64> {
        match self.standing {
            Standing::Ahead(ms) => Some(ms),
            Standing::Unknown | Standing::Plausible | Standing::Behind => None,
        }
    }

    /// Whether something may be forgotten by its date.
    pub(crate) fn is_believed(&self) -> bool {
        self.ahead().is_none()
    }

    /// Believes the clock, and says what to remember of that. A clock that is behind was wrong
    /// before or is wrong at present: which of the two is not known before it has run for a while.
    pub(crate) fn believe(&mut self, wall: Wall, steady: Steady) -> Option<Wall> {
        let behind = standing(self.believed, wall) == Standing::Behind;
        let ran_ms = steady.ms().saturating_sub(self.began.ms());
        if !self.is_believed() || behind && ran_ms < SETTLE_MS {
            return None;
        }
        self.believed = Some(wall);
        Some(wall)
    }
}

fn standing(believed: Option<Wall>, wall: Wall) -> Standing {
    let Some(believed) = believed else { return Standing::Unknown };
    let ahead = wall.ms().saturating_sub(believed.ms());
    if ahead > LEAD_MS {
        Standing::Ahead(ahead)
    } else if wall.ms().saturating_add(LEAD_MS) < believed.ms() {
        Standing::Behind
    } else {
        Standing::Plausible
    }
}

fn moved(wall: Wall, by: i64) -> Wall {
    Wall::from_ms(wall.ms().saturating_add_signed(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 86_400_000;
    const DAYS: i64 = 86_400_000;
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
        let by = -40 * DAYS;
        let misdated = Some(Set { from: wall(ahead), to: wall(ahead + 5_000), by });
        let right = Look { set: Some(by), misdated, begins: true, doubted: None, settled: true };
        assert_eq!(look, right);
        assert!(calendar.is_believed());
    }

    #[test]
    fn a_clock_without_a_battery_is_not_remembered_and_is_believed_when_it_is_right() {
        let (mut calendar, look) = Calendar::new(Some(wall(NOW)), wall(0), START);
        assert_eq!(look, Look::default(), "nothing is older than that");
        assert_eq!(calendar.believe(wall(0), START), None);
        let look = calendar.look(wall(NOW + 90_000), after(30_000));
        let by = i64::try_from(NOW + 60_000).unwrap_or(0);
        assert_eq!(look.misdated, Some(Set { from: wall(0), to: wall(30_000), by }));
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
        assert_eq!(look.misdated, None, "what was dated before was right");
    }

    #[test]
    fn a_clock_that_is_right_then_wrong_then_right_moves_only_what_the_wrong_one_dated() {
        for wrong in [40 * DAYS, -40 * DAYS] {
            let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(NOW), START);
            calendar.look(wall(NOW + 2 * HOUR), after(2 * HOUR));
            let from = moved(wall(NOW + 2 * HOUR), wrong);
            assert_eq!(calendar.look(from, after(2 * HOUR)).misdated, None);
            let back = calendar.look(wall(NOW + 3 * HOUR), after(3 * HOUR));
            let to = moved(wall(NOW + 3 * HOUR), wrong);
            assert_eq!(back.misdated, Some(Set { from, to, by: -wrong }));
            assert!(back.begins && calendar.is_believed());
            let night = calendar.look(wall(NOW + 11 * HOUR), after(3 * HOUR));
            assert_eq!((night.misdated, night.doubted), (None, None), "it stood still");
        }
    }

    #[test]
    fn a_pause_moves_nothing_after_a_week_off_either() {
        let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(NOW + 7 * DAY), START);
        let look = calendar.look(wall(NOW + 7 * DAY + 8 * HOUR), after(0));
        assert!(look.misdated.is_none() && look.doubted.is_some());
    }

    #[test]
    fn what_a_wrong_clock_dated_follows_through_another_wrong_one() {
        let (mut calendar, _) = Calendar::new(Some(wall(NOW)), wall(NOW + 40 * DAY), START);
        let look = calendar.look(wall(NOW + 30 * DAY), after(0));
        assert!(!look.begins && look.misdated.is_some_and(|it| it.by == -10 * DAYS));
        let look = calendar.look(wall(NOW + HOUR), after(HOUR));
        let (from, to) = (wall(NOW + 30 * DAY), wall(NOW + 30 * DAY + HOUR));
        assert_eq!(look.misdated, Some(Set { from, to, by: -30 * DAYS }));
    }

    #[test]
    fn what_a_new_relay_dates_in_its_first_day_follows_wherever_its_clock_is_set() {
        let (mut calendar, _) = Calendar::new(None, wall(NOW), START);
        let there = calendar.look(wall(NOW + 40 * DAY + HOUR), after(HOUR));
        assert!(!there.begins && there.misdated.is_some_and(|it| it.by == 40 * DAYS));
        let back = calendar.look(wall(NOW + 2 * HOUR), after(2 * HOUR));
        let from = wall(NOW + 40 * DAY);
        let to = wall(NOW + 40 * DAY + 2 * HOUR);
        assert_eq!(back.misdated, Some(Set { from, to, by: -40 * DAYS }), "all of it, and back");
        let night = calendar.look(wall(NOW + 10 * HOUR), after(2 * HOUR));
        assert_eq!(night.misdated, None, "it stood still");
    }
}
