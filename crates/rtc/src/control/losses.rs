//! Losses that are over.
//!
//! What was lost is not asked for by everybody (Chromium waits four seconds), so a key frame follows
//! when the path carries again.

use std::time::{Duration, Instant};

/// Loss above this, fallen below [`CLEAN`] again, means an outage or a collapse that is over.
const LOSSY: f32 = 0.1;
/// Loss below which the path is clean again.
const CLEAN: f32 = 0.02;
/// Loss that means an outage: for a while nothing arrived.
const OUTAGE: f32 = 0.4;
/// The share of an outage's loss below which new packets arrive again.
const OVER: f32 = 0.85;

/// How long after a return the first key frame has been seen to arrive or not: everything that was
/// lost in the outage is asked for at the same time, and may leave it no room.
const SETTLED: Duration = Duration::from_millis(1_200);
/// Loss that is none.
const NOTHING: f32 = 0.005;

#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The highest loss since the path was clean, where it was high.
    peak: Option<f32>,
    /// When the path came back after an outage, and the highest loss since.
    back: Option<(Instant, f32)>,
}

impl Losses {
    /// Much is being lost.
    pub(super) const fn is_high(&self) -> bool {
        self.peak.is_some()
    }

    /// The path came back after an outage.
    pub(super) const fn handle_back(&mut self, now: Instant) {
        self.back = Some((now, 0.0));
    }

    /// The share that was lost lately. True when that is over.
    pub(super) fn observe(&mut self, now: Instant, loss: f32) -> bool {
        if let Some((since, most)) = &mut self.back {
            *most = most.max(loss);
            if now.saturating_duration_since(*since) >= SETTLED {
                let lost = *most > NOTHING;
                self.back = None;
                return lost;
            }
        }
        match &mut self.peak {
            None if loss > LOSSY => self.peak = Some(loss),
            None => {}
            Some(peak) if *peak > OUTAGE && loss < *peak * OVER => {
                // More of what was lost may come in the next reports: the peak starts anew.
                *peak = LOSSY;
                return true;
            }
            Some(_) if loss < CLEAN => {
                self.peak = None;
                return true;
            }
            Some(peak) => *peak = peak.max(loss),
        }
        false
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    /// When losses are said to be over, in steps of 100 ms.
    fn over(losses: &mut Losses, start: Instant, shares: &[f32]) -> Vec<u32> {
        (0..)
            .zip(shares)
            .filter(|(step, loss)| {
                losses.observe(start + Duration::from_millis(100) * *step, **loss)
            })
            .map(|(step, _)| step)
            .collect()
    }

    #[test]
    fn losses_are_over_once_when_the_path_is_clean() {
        let shares = [0.0, 0.2, 0.15, 0.3, 0.05, 0.01, 0.0];
        assert_eq!(over(&mut Losses::default(), Instant::now(), &shares), [5], "when it is clean");
    }

    #[test]
    fn an_outage_is_over_when_its_share_of_the_last_second_shrinks() {
        let shares = [0.9, 0.95, 0.7, 0.6, 0.0];
        let told = over(&mut Losses::default(), Instant::now(), &shares);
        assert_eq!(told, [2, 4], "with the first new packets, and when all is clean");
    }

    #[test]
    fn a_little_loss_is_nothing_that_ends() {
        let shares = [0.05, 0.0, 0.09, 0.0];
        assert!(over(&mut Losses::default(), Instant::now(), &shares).is_empty(), "resent");
    }

    #[test]
    fn a_key_frame_that_lost_something_after_a_return_is_followed_by_another() {
        let start = Instant::now();
        let mut losses = Losses::default();
        losses.handle_back(start);
        let told = over(&mut losses, start, &[&[0.0, 0.03][..], &[0.0; 18]].concat());
        assert_eq!(told, [12], "once, when it must have arrived");
        losses.handle_back(start);
        assert!(over(&mut losses, start, &[0.0; 20]).is_empty(), "not if it arrived");
    }
}
