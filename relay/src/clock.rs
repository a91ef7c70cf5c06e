//! The relay's two times. [`Wall`] is what the calendar says: it follows the system's clock and
//! jumps with it. [`Steady`] is how much time has passed, suspend included, and never jumps.
//!
//! What is kept, sent or signed is stamped with the wall's time; what waits, expires in memory or
//! is counted per minute goes by the steady one, so that a corrected system clock ends no call.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment of the calendar: ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(u64);

impl Wall {
    /// From ms since 1970.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// ms since 1970.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }
}

/// A moment of the time that passes: ms since one that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Steady(u64);

impl Steady {
    /// From its number.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Its number.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }
}

/// What [`Steady`] says when the system's counter is at zero. Far from zero, so that what began
/// before the machine did has a number as well.
const ORIGIN: Duration = Duration::from_secs(1_000_000_000);

/// Where both times come from.
pub trait TimeSource: std::fmt::Debug + Send + Sync {
    /// Since 1970, as the system's clock says.
    fn wall(&self) -> Duration;
    /// Since some moment, suspend included.
    fn steady(&self) -> Duration;
}

/// The system's clocks.
#[derive(Debug)]
struct System {
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    started: std::time::Instant,
}

impl TimeSource for System {
    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn steady(&self) -> Duration {
        // `Instant` stands still while the machine sleeps.
        #[cfg(target_os = "linux")]
        let id = rustix::time::ClockId::Boottime;
        #[cfg(target_os = "macos")]
        let id = rustix::time::ClockId::Monotonic;
        rustix::time::clock_gettime(id).try_into().unwrap_or_default()
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn steady(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Reads both times.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Arc<dyn TimeSource>,
    /// By how many ms the wall's time was ahead of the steady one in the last [`Relation`].
    ahead: Arc<AtomicI64>,
}

/// The two times are read one after the other and cut to whole ms, so the distance between them
/// seems to change by so many ms though nobody set the clock. A greater change is one.
const READING_MS: u64 = 2;

impl Clock {
    /// The system's.
    #[must_use]
    pub fn start() -> Self {
        Self::from(Arc::new(System {
            #[cfg(not(any(target_os = "linux", target_os = "macos")))]
            started: std::time::Instant::now(),
        }))
    }

    /// One that reads another source.
    #[must_use]
    pub fn from(source: Arc<dyn TimeSource>) -> Self {
        Self { source, ahead: Arc::new(AtomicI64::new(i64::MAX)) }
    }

    /// The moment of the calendar.
    #[must_use]
    pub fn wall(&self) -> Wall {
        Wall(ms(self.source.wall()))
    }

    /// The moment of the time that passes.
    #[must_use]
    pub fn steady(&self) -> Steady {
        Steady(ms(ORIGIN + self.source.steady()))
    }

    /// How the two stand to each other. The same until the system's clock is set, so that a date
    /// that is translated there and back is what it was.
    #[must_use]
    pub fn relation(&self) -> Relation {
        let (wall, steady) = (self.wall(), self.steady());
        let ahead = wall.0.cast_signed().saturating_sub(steady.0.cast_signed());
        let last = self.ahead.load(Ordering::Relaxed);
        if last.abs_diff(ahead) <= READING_MS {
            return Relation { wall: Wall(steady.0.saturating_add_signed(last)), steady };
        }
        self.ahead.store(ahead, Ordering::Relaxed);
        Relation { wall, steady }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The same moment in both times: translates one into the other. It holds until the system's clock
/// is set, so it is made anew for every use.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    wall: Wall,
    steady: Steady,
}

impl Relation {
    /// With one moment in both times.
    #[must_use]
    pub const fn new(wall: Wall, steady: Steady) -> Self {
        Self { wall, steady }
    }

    /// What the calendar says, by the present clock, of a moment.
    #[must_use]
    pub const fn wall(&self, moment: Steady) -> Wall {
        Wall(moved(moment.0, self.steady.0, self.wall.0))
    }

    /// Which moment a date of the present calendar is.
    #[must_use]
    pub const fn steady(&self, date: Wall) -> Steady {
        Steady(moved(date.0, self.wall.0, self.steady.0))
    }
}

const fn moved(number: u64, from: u64, to: u64) -> u64 {
    if number >= from { to.saturating_add(number - from) } else { to.saturating_sub(from - number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both times in µs, which pass by 300 with each look.
    #[derive(Debug)]
    struct Passing {
        wall: AtomicI64,
        steady: AtomicI64,
    }

    impl Passing {
        fn look(time: &AtomicI64) -> Duration {
            Duration::from_micros(time.fetch_add(300, Ordering::Relaxed).cast_unsigned())
        }
    }

    impl TimeSource for Passing {
        fn wall(&self) -> Duration {
            Self::look(&self.wall)
        }

        fn steady(&self) -> Duration {
            Self::look(&self.steady)
        }
    }

    #[test]
    fn a_date_is_the_same_there_and_back_until_the_clock_is_set() {
        let passing = Arc::new(Passing { wall: 9_000_500.into(), steady: 1_000_100.into() });
        let clock = Clock::from(Arc::clone(&passing) as Arc<dyn TimeSource>);
        let date = Wall(8_765);
        for _ in 0..50 {
            let moment = clock.relation().steady(date);
            assert_eq!(clock.relation().wall(moment), date);
        }
        let moment = clock.relation().steady(date);
        passing.wall.fetch_add(5_000_000, Ordering::Relaxed);
        let set = clock.relation().wall(moment).0.abs_diff(date.0 + 5_000);
        assert!(set <= 1, "{set} ms beside what it was set to");
    }

    #[test]
    fn a_moment_is_found_in_the_calendar_and_back() {
        let relation = Relation::new(Wall(1_000_000), Steady(5_000));
        for (steady, wall) in [(5_000, 1_000_000), (6_000, 1_001_000), (4_000, 999_000)] {
            assert_eq!(relation.wall(Steady(steady)), Wall(wall));
            assert_eq!(relation.steady(Wall(wall)), Steady(steady));
        }
        assert_eq!(relation.steady(Wall(1)), Steady(0), "what is before every number is at zero");
    }

    #[test]
    fn what_began_before_the_machine_has_a_moment() {
        let relation = Clock::start().relation();
        let year_ago = Wall(relation.wall.0 - 365 * 86_400_000);
        assert_eq!(relation.wall(relation.steady(year_ago)), year_ago);
    }
}
