//! A room in which a microphone hears a speaker.

/// Samples in a second.
const RATE: usize = 48_000;

/// A generator of even numbers (PCG, 32 bits); the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// In 0..1.
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Of variance 1, nearly normal.
    pub(crate) fn noise(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

/// What becomes of what a speaker plays: distortion of a small speaker, way and reverberation.
pub(crate) struct Room {
    /// Delay of the direct sound, in samples.
    pub(crate) delay: usize,
    /// Loudness of the echo against what is played.
    pub(crate) gain: f32,
    /// Seconds until the reverberation has lost 60 dB.
    pub(crate) reverberation: f32,
    /// Standard deviation of the noise.
    pub(crate) floor: f32,
}

impl Room {
    /// What the microphone hears of it.
    pub(crate) fn hear(&self, played: &[f32], random: &mut Random) -> Vec<f32> {
        let taps = (self.reverberation * RATE as f32) as usize;
        let mut response: Vec<f32> = (0..taps)
            .map(|at| {
                let decay = 10_f32.powf(-3.0 * at as f32 / taps as f32);
                let tail = if at % 4 == 0 { random.noise() * decay * 0.05 } else { 0.0 };
                if at == 0 { 1.0 } else { tail }
            })
            .collect();
        let power: f32 = response.iter().map(|tap| tap * tap).sum();
        response.iter_mut().for_each(|tap| *tap *= self.gain / power.sqrt());
        let driven: Vec<f32> = played.iter().map(|sample| (sample * 1.5).tanh() / 1.5).collect();
        let taps: Vec<(usize, f32)> =
            response.iter().copied().enumerate().filter(|(_, tap)| *tap != 0.0).collect();
        let mut heard: Vec<f32> = played.iter().map(|_| random.noise() * self.floor).collect();
        for (at, tap) in taps {
            let shift = at + self.delay;
            for (to, from) in heard.iter_mut().skip(shift).zip(&driven) {
                *to += from * tap;
            }
        }
        heard
    }
}
