//! A network that loses and delays.

/// Times in ms.
pub(crate) struct Network {
    /// Share of packets that are lost.
    pub(crate) loss: f64,
    /// Chance that a loss follows a loss; independent if None.
    pub(crate) stay: Option<f64>,
    /// Most that a packet is delayed beyond the least.
    pub(crate) jitter: f64,
    /// Least that a packet travels.
    pub(crate) base: f64,
}

impl Network {
    /// How long the next packet travels; None if it is lost. Bursts follow Gilbert's two states.
    pub(crate) fn carry(&self, random: &mut Random) -> Option<f64> {
        let stay = self.stay.unwrap_or(self.loss);
        let enter = self.loss * (1.0 - stay) / (1.0 - self.loss);
        let draw = random.share();
        random.losing = draw < if random.losing { stay } else { enter };
        let jitter = random.share() * self.jitter;
        (!random.losing).then_some(self.base + jitter)
    }
}

/// Numbers from a seed (splitmix64), and whether the last packet was lost.
pub(crate) struct Random {
    state: u64,
    losing: bool,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: mix(seed.wrapping_add(STEP)), losing: false }
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.state = self.state.wrapping_add(STEP);
        (mix(self.state) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
