//! Two clocks that are never quite equal: how far apart they run, and sound moved from one to the
//! other.
//!
//! Microphone and speaker have a quartz each; 100 millionths (ppm) between them move the echo by a
//! sample every 0.2 s, and double talk suffers from it. [`Drift`] watches the lead of one over the
//! other and says how to stretch; [`Stretcher`] does it. Both are pure.

mod stretcher;

#[cfg(test)]
mod tests;

pub use stretcher::Stretcher;

/// Seconds over which the lead is averaged. Bursts of 10 ms leave a sample of ripple in it; less
/// leaves more, more makes the control slow or swing.
const AVERAGE: f64 = 2.0;
/// How fast the lead is brought back, in radians a second. Faster is heard as wow, slower lets the
/// echo wander for longer.
const SPEED: f64 = 0.1;
/// Samples in a second.
const RATE: f64 = 48_000.0;
/// How much is corrected at most, as a share. Quartzes are off by ±100 ppm; USB devices that are
/// paced by software by some hundreds.
pub const MOST: f64 = 1e-3;
/// How often [`Drift::note`] is called, in a second.
const NOTES: f64 = 100.0;
/// How far from the wanted lead it is a jump and no drift, in samples.
const JUMP: f64 = 1_920.0;

/// Estimates and controls the drift of a device against the one that sets the pace.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    notes: u32,
    average: f64,
    wanted: f64,
    /// What was learned, as a share.
    learned: f64,
}

impl Drift {
    /// Takes the lead of the pace over the device, in samples, 100 times a second; says how many
    /// samples are to be made of one, 1 ± [`MOST`].
    pub fn note(&mut self, lead: f64) -> f64 {
        const SETTLED: f64 = AVERAGE * NOTES;
        if self.notes > 0 && (lead - self.wanted).abs() > JUMP {
            self.jumped();
        }
        self.notes = self.notes.saturating_add(1);
        let notes = f64::from(self.notes);
        self.average += (lead - self.average) / notes.min(SETTLED);
        if notes < SETTLED {
            // Where it begins is where it is kept: any lead will do that stays.
            self.wanted = self.average;
            return 1.0 + self.learned;
        }
        let off = self.average - self.wanted;
        self.learned = (self.learned + off * SPEED * SPEED / RATE / NOTES).clamp(-MOST, MOST);
        1.0 + (self.learned + off * 2.0 * SPEED / RATE).clamp(-MOST, MOST)
    }

    /// What was learned of the device: how much slower than the pace it is, in ppm.
    #[must_use]
    pub fn ppm(&self) -> f64 {
        self.learned * 1e6
    }

    /// The lead jumped, and is kept where it is from here on. What was learned holds.
    pub fn jumped(&mut self) {
        self.notes = 0;
        self.average = 0.0;
        self.wanted = 0.0;
    }
}
