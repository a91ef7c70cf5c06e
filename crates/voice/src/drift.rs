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

/// How fast the lead is brought back at first and at last, in radians a second. Faster is heard as
/// wow, slower lets the echo wander for longer; but at first there is nothing to be heard yet, and
/// what a device is off by has to be learned.
const FAST: f64 = 0.5;
const SLOW: f64 = 0.1;
/// For how many radians it is fast. More learns faster, and from fewer notes.
const LEARNING: f64 = 4.0;
/// Seconds over which the lead is averaged, times the speed. Callbacks that come late leave a few
/// samples of ripple in it; less leaves more, more lets the control swing.
const AVERAGE: f64 = 0.25;
/// Seconds after which it is known where the lead began.
const SETTLED: f64 = 1.0;
/// Samples in a second.
const RATE: f64 = 48_000.0;
/// How much is corrected at most, as a share. Quartzes are off by ±100 ppm; USB devices that are
/// paced by software by some hundreds.
pub const MOST: f64 = 1e-3;
/// How often [`Drift::note`] is called, in a second.
const NOTES: f64 = 100.0;
/// How far from the wanted lead it is a jump and no drift, in samples.
const JUMP: f64 = 1_920.0;
/// How far the mean lead of a second may be from that of the second before. Clocks that differ, and
/// what is done about it, move it by 100 at most; sound that a device lost or made up moves it more.
const STEP: f64 = 120.0;

/// Estimates and controls the drift of a device against the one that sets the pace.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// How often the lead was noted, and how often since it jumped.
    notes: f64,
    steady: f64,
    average: f64,
    wanted: f64,
    /// What was learned, as a share.
    learned: f64,
    /// The second that goes on.
    second: Second,
    /// The one before.
    before: Option<Second>,
}

/// A second of leads.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    notes: f64,
    sum: f64,
    /// What was learned before it.
    learned: f64,
}

impl Second {
    fn mean(&self) -> f64 {
        self.sum / self.notes
    }
}

impl Drift {
    /// Takes the lead of the pace over the device, in samples, 100 times a second; says how many
    /// samples are to be made of one, 1 ± [`MOST`].
    pub fn note(&mut self, lead: f64) -> f64 {
        if self.steady > 0.0 && (lead - self.wanted).abs() > JUMP {
            self.jumped();
        }
        self.look_for_step(lead);
        self.notes += 1.0;
        self.steady += 1.0;
        let speed = (LEARNING * NOTES / self.notes).clamp(SLOW, FAST);
        let settled = self.steady >= SETTLED * NOTES;
        let most = if settled { AVERAGE / speed * NOTES } else { f64::MAX };
        self.average += (lead - self.average) / self.steady.min(most);
        if !settled {
            // Where it begins is where it is kept: any lead will do that stays.
            self.wanted = self.average;
            return 1.0 + self.learned;
        }
        let off = self.average - self.wanted;
        self.learned = (self.learned + off * speed * speed / RATE / NOTES).clamp(-MOST, MOST);
        1.0 + (self.learned + off * 2.0 * speed / RATE).clamp(-MOST, MOST)
    }

    /// What was learned of the device: how much slower than the pace it is, in ppm.
    #[must_use]
    pub fn ppm(&self) -> f64 {
        self.learned * 1e6
    }

    /// The lead jumped, and is kept where it is from here on. What was learned holds.
    pub fn jumped(&mut self) {
        self.steady = 0.0;
        self.average = 0.0;
        self.wanted = 0.0;
        self.second = Second { learned: self.learned, ..Second::default() };
        self.before = None;
    }

    /// A step is a small jump: too small to be told from late callbacks at once, and what was
    /// learned from it until it can be told is forgotten.
    fn look_for_step(&mut self, lead: f64) {
        self.second.notes += 1.0;
        self.second.sum += lead;
        if self.second.notes < NOTES {
            return;
        }
        let next = Second { learned: self.learned, ..Second::default() };
        let second = std::mem::replace(&mut self.second, next);
        let before = self.before.replace(second);
        if let Some(before) = before
            && (second.mean() - before.mean()).abs() > STEP
        {
            self.learned = before.learned;
            self.jumped();
        }
    }
}
