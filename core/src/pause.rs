//! How long to wait before the relay is tried again: the same ladder for sockets and for tokens.

use crate::random::Random;

/// Pauses before the tries after a failure, in ms; the last one repeats without end.
const STEPS_MS: [u64; 7] = [0, 150, 400, 1_000, 2_000, 4_000, 8_000];
/// The first pause is any time up to this, in ms: everybody lost a restarted relay at the same
/// moment. Half of it is what a reconnection costs on average; of a thousand clients, two come per
/// ms.
const FIRST_MS: u64 = 500;
/// How far the other pauses vary, in percent. Lower lets clients come in bunches, one a step.
const SPREAD_PERCENT: u64 = 50;
/// Longest pause that a relay can ask for, in ms. Higher lets a broken or hostile one park its
/// clients; lower makes them come back to one that is overloaded.
pub(crate) const LONGEST_MS: u64 = 60_000;

/// Tries in a row that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ladder(usize);

impl Ladder {
    /// The pause after one more failure, in ms; `asked` is the least that the relay wishes.
    pub(crate) fn climb(&mut self, asked: Option<u64>, random: &mut Random) -> u64 {
        let step = STEPS_MS[self.0.min(STEPS_MS.len() - 1)];
        self.0 = self.0.saturating_add(1);
        match (asked.map(bounded), step) {
            (Some(0), _) | (None, 0) => random.below(FIRST_MS),
            (Some(asked), _) => asked + random.below(asked * SPREAD_PERCENT / 100),
            (None, step) => random.around(step, SPREAD_PERCENT),
        }
    }
}

/// What a relay asks to wait, in ms, as far as it is heeded.
pub(crate) const fn bounded(asked: u64) -> u64 {
    if asked < LONGEST_MS { asked } else { LONGEST_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_a_success_starts_them_anew() {
        let mut random = Random::new([1; 32]);
        let mut ladder = Ladder::default();
        for expected in [0, 150, 400, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
            let pause = ladder.climb(None, &mut random);
            let most = if expected == 0 { FIRST_MS } else { expected * 3 / 2 };
            assert!((expected / 2..=most).contains(&pause), "{pause} for {expected}");
        }
    }

    #[test]
    fn clients_that_lost_the_relay_together_do_not_come_back_together() {
        let mut firsts: Vec<u64> = (0..100)
            .map(|client| Ladder::default().climb(None, &mut Random::new([client; 32])))
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert!(firsts.len() > 75, "{} different pauses of 100", firsts.len());
    }

    #[test]
    fn no_relay_parks_its_clients() {
        let mut random = Random::new([1; 32]);
        for asked in [60_000, 3_600_000, u64::MAX] {
            let pause = Ladder::default().climb(Some(asked), &mut random);
            assert!(pause <= LONGEST_MS * 3 / 2, "{pause} for {asked}");
        }
    }
}
