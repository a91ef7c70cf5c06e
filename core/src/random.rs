//! The only randomness: a stream that follows from the seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of numbers that follows from the seed in [`crate::Start`].
#[derive(Debug, Clone)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// The random part of a UUIDv7.
    pub(crate) fn id(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// `ms` give or take `percent` of it.
    pub(crate) fn around(&mut self, ms: u64, percent: u64) -> u64 {
        let spread = ms / 100 * percent + ms % 100 * percent / 100;
        ms.saturating_sub(spread).saturating_add(self.below(spread.saturating_mul(2)))
    }

    /// Anything up to `most`, itself included.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0.next_u64() % most.saturating_add(1)
    }
}
