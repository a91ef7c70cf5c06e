//! Brings what is played and what is captured into step. Pure.
//!
//! Echo cancellation must see both in strict turns, and the same delay between them throughout,
//! while devices call back in bursts. So what is played waits here until what was captured at that
//! time has come, and the two are processed as a pair. The speaker does not wait, and neither does
//! the microphone: a block is processed as soon as it is whole.
//!
//! The pairs also tell the time: a block that was captured has the timestamp of what was played
//! beside it. Where the microphone lost sound, what was played goes by without a partner, and the
//! timestamps show the gap.

use super::BLOCK;
use std::collections::VecDeque;

/// How many blocks wait at most. Fewer take a burst for a gap; more keep a gap of the microphone as
/// delay.
const MOST: usize = 8;
/// How many are left waiting when the microphone lost sound, and when it begins.
const LEFT: usize = 1;

/// A block that was played.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) timestamp: u32,
    pub(super) sound: [f32; BLOCK],
}

#[derive(Debug, Default)]
pub(super) struct Pairing {
    waiting: VecDeque<Rendered>,
    skipped: bool,
}

impl Pairing {
    /// A block was played.
    pub(super) fn push(&mut self, rendered: Rendered) {
        self.waiting.push_back(rendered);
    }

    /// What was played beside the block that was captured. None: nothing yet, the captured block
    /// must wait.
    pub(super) fn partner(&mut self) -> Option<Rendered> {
        self.waiting.pop_front()
    }

    /// What was played and will not find a partner. Drain it before [`Pairing::partner`].
    /// `captures` says whether a microphone is open.
    pub(super) fn single(&mut self, captures: bool) -> Option<Rendered> {
        let most = if captures && !self.skipped { MOST } else { LEFT };
        self.skipped = self.waiting.len() > most;
        if self.skipped { self.waiting.pop_front() } else { None }
    }

    /// How many samples what was played is ahead of what was captured, if so many samples of a
    /// block are captured.
    pub(super) fn lead(&self, captured: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let lead = (self.waiting.len() * BLOCK) as f64 - captured as f64;
        lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(number: u32) -> Rendered {
        Rendered { timestamp: number * 480, sound: [0.0; BLOCK] }
    }

    fn singles(pairing: &mut Pairing, captures: bool) -> Vec<u32> {
        std::iter::from_fn(|| pairing.single(captures)).map(|it| it.timestamp / 480).collect()
    }

    #[test]
    fn bursts_find_their_partners_in_order() {
        let mut pairing = Pairing::default();
        let mut partners = Vec::new();
        for number in 0..40 {
            pairing.push(rendered(number));
            assert_eq!(singles(&mut pairing, true), [], "a burst is no gap");
            if number % 4 == 3 {
                partners.extend((0..4).filter_map(|_| pairing.partner()));
            }
        }
        let numbers: Vec<u32> = partners.iter().map(|it| it.timestamp / 480).collect();
        assert_eq!(numbers, (0..40).collect::<Vec<_>>(), "each block once, in turn");
        assert!(pairing.partner().is_none(), "the microphone may not run ahead");
    }

    #[test]
    fn a_gap_of_the_microphone_shows_in_the_timestamps() {
        let mut pairing = Pairing::default();
        (0..12).for_each(|number| pairing.push(rendered(number)));
        assert_eq!(singles(&mut pairing, true), (0..11).collect::<Vec<_>>(), "they are singles");
        assert_eq!(pairing.partner().map(|it| it.timestamp), Some(11 * 480), "time went on");
    }

    #[test]
    fn without_a_microphone_nothing_piles_up() {
        let mut pairing = Pairing::default();
        for number in 0..5 {
            pairing.push(rendered(number));
            assert!(singles(&mut pairing, false).len() <= 1, "one comes, one goes");
        }
        assert_eq!(pairing.waiting.len(), LEFT, "a partner for the first block");
    }
}
