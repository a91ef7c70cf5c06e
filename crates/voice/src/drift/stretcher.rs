//! Sound from one clock to another, by a windowed sinc that is read between its taps.

use std::f64::consts::PI;

/// Taps of the filter. Fewer dull the treble, more cost more and delay by half a tap each.
const TAPS: usize = 32;
/// Positions between two samples that are tabulated; what lies between them is interpolated.
const PHASES: usize = 256;
/// Shape of the window (Kaiser): side lobes below -80 dB.
const BETA: f64 = 8.0;

/// Stretches sound by a little: for ratios near 1.
#[derive(Debug, Clone)]
pub struct Stretcher {
    /// `PHASES + 1` filters, one after the other.
    filters: Vec<f32>,
    input: Vec<f32>,
    /// Where the next sample is read, in samples behind the first of `input`.
    position: f64,
}

impl Default for Stretcher {
    fn default() -> Self {
        Self { filters: filters(), input: Vec::new(), position: 0.0 }
    }
}

impl Stretcher {
    /// Takes sound, and appends `ratio` times as many samples to `out`, sooner or later.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a position in a few hundred samples"
    )]
    pub fn stretch(&mut self, ratio: f64, sound: impl Iterator<Item = f32>, out: &mut Vec<f32>) {
        self.input.extend(sound);
        let step = 1.0 / ratio.clamp(0.5, 2.0);
        while self.position as usize + TAPS <= self.input.len() {
            let whole = self.position as usize;
            let between = (self.position - whole as f64) * PHASES as f64;
            let phase = (between as usize).min(PHASES - 1);
            let share = (between - phase as f64) as f32;
            let filters = self.filters.get(phase * TAPS..(phase + 2) * TAPS).unwrap_or_default();
            let (here, next) = filters.split_at(filters.len() / 2);
            let sounds = self.input.get(whole..whole + TAPS).unwrap_or_default();
            let mut sample = 0.0;
            for ((sound, a), b) in sounds.iter().zip(here).zip(next) {
                sample += sound * (a + (b - a) * share);
            }
            out.push(sample);
            self.position += step;
        }
        let done = (self.position as usize).min(self.input.len());
        self.input.drain(..done);
        self.position -= done as f64;
    }

    /// Forgets what it was given.
    pub fn clear(&mut self) {
        self.input.clear();
        self.position = 0.0;
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a small table")]
fn filters() -> Vec<f32> {
    let half = TAPS as f64 / 2.0;
    let mut filters = Vec::with_capacity((PHASES + 1) * TAPS);
    for phase in 0..=PHASES {
        let shift = phase as f64 / PHASES as f64;
        let taps: Vec<f64> = (0..TAPS)
            .map(|tap| {
                let x = tap as f64 - (half - 1.0) - shift;
                let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) };
                let edge = (1.0 - (x / half).powi(2)).max(0.0);
                sinc * bessel(BETA * edge.sqrt()) / bessel(BETA)
            })
            .collect();
        let sum: f64 = taps.iter().sum();
        filters.extend(taps.iter().map(|tap| (tap / sum) as f32));
    }
    filters
}

/// The modified Bessel function of the first kind, of order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..30 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}
