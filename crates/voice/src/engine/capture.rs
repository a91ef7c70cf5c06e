//! What a microphone captured, in blocks of the speaker's time.

use super::BLOCK;
use super::pairing::Pairing;
use super::streams::Intake;
use crate::codec::SAMPLE_RATE;
use crate::drift::{Drift, Stretcher};
use std::time::{Duration, Instant};

/// How much may wait for partners, in samples. More is the speaker standing still: what waits is
/// old, and would stay a delay.
const MOST: usize = 5 * BLOCK;

/// Who is silent for longer does not keep sound back, but lost it.
const LONGEST_BURST: Duration = Duration::from_millis(30);

pub(super) struct Capture {
    intake: Intake,
    drift: Drift,
    stretcher: Stretcher,
    ratio: f64,
    waiting: Vec<f32>,
}

impl Capture {
    pub(super) fn new(intake: Intake) -> Self {
        Self {
            intake,
            drift: Drift::default(),
            stretcher: Stretcher::default(),
            ratio: 1.0,
            waiting: Vec::new(),
        }
    }

    /// Takes what the callbacks copied.
    pub(super) fn take_in(&mut self) {
        if let Ok(chunk) = self.intake.ring.read_chunk(self.intake.ring.slots()) {
            self.stretcher.stretch(self.ratio, chunk.into_iter(), &mut self.waiting);
        }
    }

    /// Whether [`Capture::block`] has a block.
    pub(super) const fn is_whole(&self) -> bool {
        self.waiting.len() >= BLOCK
    }

    /// The oldest block; what is missing of it is silence.
    pub(super) fn block(&mut self) -> [f32; BLOCK] {
        let mut block = [0.0; BLOCK];
        let whole = self.waiting.len().min(BLOCK);
        for (to, from) in block.iter_mut().zip(self.waiting.drain(..whole)) {
            *to = from;
        }
        block
    }

    /// Leaves out what has waited too long.
    pub(super) fn catch_up(&mut self) {
        if self.waiting.len() > MOST {
            self.waiting.drain(..self.waiting.len() - BLOCK);
            self.jumped();
        }
    }

    /// Watches the drift. Once per step.
    pub(super) fn control(&mut self, now: Instant, pairing: &Pairing) {
        let captured = self.waiting.len() + self.intake.ring.slots();
        // What the device has and did not hand out yet: else its bursts would look like drift.
        let since = self.intake.pulse.since(now).min(LONGEST_BURST).as_secs_f64();
        let lead = pairing.lead(captured) - since * f64::from(SAMPLE_RATE);
        self.ratio = self.drift.note(lead);
    }

    /// Sound was lost, or left out.
    pub(super) fn jumped(&mut self) {
        self.drift.jumped();
    }
}
