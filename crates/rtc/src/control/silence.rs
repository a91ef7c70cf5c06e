//! Whether the other side still reports what arrives.
//!
//! str0m's figures stand still while no report comes: the round trip, measured to the nanosecond,
//! repeats itself exactly. Losses are no sign, as a receiver that heard nothing does not know what
//! it missed.

use std::time::{Duration, Instant};

/// How long the figures have to stand still to mean that nothing passed. Reports come every 50 to
/// 100 ms; lower takes a few lost reports for an outage and pays with a key frame, higher misses
/// short outages, after which Chromium asks for a key frame four seconds late.
const OUTAGE: Duration = Duration::from_millis(450);

#[derive(Debug, Default)]
pub(super) struct Silence {
    figures: Option<(Duration, Option<u64>)>,
    since: Option<Instant>,
}

impl Silence {
    /// What the path looks like. True when reports arrive again after an outage.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        round_trip: Option<Duration>,
        estimate: Option<u64>,
    ) -> bool {
        let Some(round_trip) = round_trip else { return false };
        let figures = Some((round_trip, estimate));
        if self.figures == figures {
            self.since.get_or_insert(now);
            return false;
        }
        self.figures = figures;
        self.since.take().is_some_and(|since| now.saturating_duration_since(since) >= OUTAGE)
    }

    /// Nothing is sent, so nothing is reported.
    pub(super) const fn forget(&mut self) {
        self.figures = None;
        self.since = None;
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    /// When reports are said to be back, in steps of 100 ms, for round trips in ms.
    fn back(round_trips: &[u64]) -> Vec<usize> {
        let start = Instant::now();
        let mut silence = Silence::default();
        let mut told = Vec::new();
        for (index, round_trip) in round_trips.iter().enumerate() {
            let now = start + Duration::from_millis(100) * u32::try_from(index).unwrap();
            if silence.observe(now, Some(Duration::from_millis(*round_trip)), Some(1)) {
                told.push(index);
            }
        }
        told
    }

    #[test]
    fn figures_that_stood_still_and_move_again_mean_an_outage_that_is_over() {
        assert_eq!(back(&[50, 52, 51, 51, 51, 51, 51, 51, 51, 54, 50]), [9], "once, at its end");
    }

    #[test]
    fn a_few_lost_reports_are_no_outage() {
        assert!(back(&[50, 52, 52, 52, 51, 51, 50, 50, 50, 49]).is_empty(), "they happen");
    }
}
