//! The queue in the network, read from the round trip.
//!
//! str0m's estimate needs half a second to notice that a path narrowed, and does not see a queue
//! that merely stands. The round trip shows both with the next feedback.

use std::time::{Duration, Instant};

/// How long the smallest round trip is remembered as the path's own. Longer takes a path that
/// became longer for a queue for that time; shorter forgets the path under a long queue.
const MEMORY: Duration = Duration::from_secs(10);

/// A queue that stays so long, though less is sent, is not ours: the path became longer, or somebody
/// else fills it.
const NOT_OURS: Duration = Duration::from_secs(4);
/// What such a queue is longer than.
const LONG: Duration = Duration::from_millis(50);

/// What the round trip says.
#[derive(Debug, Default)]
pub(super) struct Delay {
    /// The smallest of this span, and of the one before.
    least: Option<(Instant, Duration)>,
    former: Option<Duration>,
    now: Option<(Instant, Duration)>,
    before: Option<(Instant, Duration)>,
    long: Option<Instant>,
}

impl Delay {
    pub(super) fn observe(&mut self, at: Instant, round_trip: Duration) {
        self.before = self.now.replace((at, round_trip));
        match &mut self.least {
            Some((since, least)) if at.saturating_duration_since(*since) < MEMORY => {
                *least = round_trip.min(*least);
            }
            Some((_, least)) => {
                self.former = Some(*least);
                self.least = Some((at, round_trip));
            }
            None => self.least = Some((at, round_trip)),
        }
        if self.excess() < LONG {
            self.long = None;
        } else if at.saturating_duration_since(*self.long.get_or_insert(at)) >= NOT_OURS {
            self.least = Some((at, round_trip));
            self.former = None;
            self.long = None;
        }
    }

    /// Another path may be in use: what was learnt of the last one is void.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// There and back, as seen last.
    pub(super) fn round_trip(&self) -> Duration {
        self.now.map_or(Duration::ZERO, |(_, round_trip)| round_trip)
    }

    /// How much longer the round trip is than the path is.
    pub(super) fn excess(&self) -> Duration {
        let (Some((_, now)), Some((_, least))) = (self.now, self.least) else {
            return Duration::ZERO;
        };
        now.saturating_sub(self.former.map_or(least, |former| former.min(least)))
    }

    /// What is seen was sent after `change`: so it is an effect of it, not of what was before.
    pub(super) fn is_after(&self, change: Instant) -> bool {
        self.now.is_some_and(|(at, round_trip)| at >= change + round_trip)
    }

    /// The queue's growth between the last two observations, in seconds a second, 0 to 0.9. What
    /// comes out of the queue shows it: of what was sent, 1 − growth passes.
    pub(super) fn growth(&self) -> f32 {
        let (Some((at, now)), Some((then, before))) = (self.now, self.before) else { return 0.0 };
        let apart = at.saturating_duration_since(then).as_secs_f32();
        if apart <= 0.0 {
            return 0.0;
        }
        (now.saturating_sub(before).as_secs_f32() / apart).min(0.9)
    }

    /// How long the queue is by now: what is seen is a round trip old, and the queue went on
    /// growing.
    pub(super) fn queue(&self) -> Duration {
        let Some((_, now)) = self.now else { return Duration::ZERO };
        let growth = self.growth();
        self.excess() + now.mul_f32(growth / (1.0 - growth))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn seen(round_trips: &[u64]) -> (Delay, Instant) {
        let start = Instant::now();
        let mut delay = Delay::default();
        for (index, round_trip) in (0..).zip(round_trips) {
            delay.observe(start + ms(100) * index, ms(*round_trip));
        }
        (delay, start)
    }

    #[test]
    fn a_queue_is_what_the_round_trip_is_longer_than_the_path() {
        let (delay, start) = seen(&[60, 60, 140]);
        assert_eq!(delay.excess(), ms(80), "140 on a path of 60");
        assert!((delay.growth() - 0.8).abs() < 1e-3, "80 ms in 100 ms");
        let queue = delay.queue().as_secs_f32();
        assert!(
            (queue - 0.64).abs() < 1e-3,
            "80 ms, and 140 ms in which 4 more came a ms: {queue}"
        );
        assert!(delay.is_after(start + ms(60)), "what is seen was sent 140 ms ago");
        assert!(!delay.is_after(start + ms(61)), "and not later");
    }

    #[test]
    fn a_shrinking_queue_does_not_grow() {
        let (delay, _) = seen(&[60, 200, 150]);
        assert!(delay.growth().abs() < 1e-6, "it shrinks");
        assert_eq!(delay.queue(), ms(90), "what is seen is all");
    }

    #[test]
    fn a_path_that_became_longer_is_no_queue_for_long() {
        let (delay, _) = seen(&[&[60; 10][..], &[200; 60]].concat());
        assert_eq!(delay.excess(), Duration::ZERO, "six seconds later it is the path");
    }

    #[test]
    fn no_round_trip_is_no_queue() {
        let delay = Delay::default();
        assert_eq!((delay.excess(), delay.queue()), (ms(0), ms(0)), "nothing is known");
    }
}
