//! How loud it is.

/// The least loudness that is told, in dB of full scale.
const LEAST: f32 = -100.0;
/// What is left of a peak after a block: about 46 dB fewer a second. More shows peaks for longer.
const FALL: f32 = 0.9;

/// Loudness that rises at once and falls slowly enough to be seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Meter {
    power: f32,
}

impl Meter {
    /// Hears a block.
    pub(super) fn hear(&mut self, block: &[f32]) {
        let power = block.iter().map(|sample| sample * sample).sum::<f32>();
        #[expect(clippy::cast_precision_loss, reason = "blocks are short")]
        let power = power / block.len().max(1) as f32;
        self.power = power.max(self.power * FALL);
    }

    /// In dB of full scale: a sine as loud as possible has -3.
    pub(super) fn level(self) -> f32 {
        if self.power > 0.0 { (10.0 * self.power.log10()).max(LEAST) } else { LEAST }
    }
}
