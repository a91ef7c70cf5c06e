//! What the encoder really makes of a bitrate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long output is counted before it is judged. Shorter takes the encoder's own rhythm for an
/// error, longer keeps an error.
const WINDOW: Duration = Duration::from_secs(1);
/// Frames that a judgement needs.
const FRAMES: u32 = 8;
/// How much one window may change the correction, as a factor.
const STEP: f32 = 1.15;
/// An encoder that makes less than this share has nothing to show: a still picture, a covered
/// camera. Asking for more then would flood the path once it moves.
const IDLE: f32 = 0.5;
/// The correction's limits: beyond them something else is wrong.
const LIMITS: (f32, f32) = (0.6, 1.5);

/// The factor between what is ordered and what is wanted.
#[derive(Debug)]
pub(super) struct Correction {
    factor: f32,
    since: Option<Instant>,
    bytes: usize,
    frames: u32,
    /// The bitrate wanted throughout the window, in bit/s.
    target: u32,
}

impl Correction {
    pub(super) const fn new() -> Self {
        Self { factor: 1.0, since: None, bytes: 0, frames: 0, target: 0 }
    }

    pub(super) const fn factor(&self) -> f32 {
        self.factor
    }

    /// The encoder made a frame while `target` bit/s were wanted.
    pub(super) fn handle_frame(&mut self, now: Instant, bytes: usize, key: bool, target: u32) {
        let Some(since) = self.since else {
            self.begin(now, target);
            return;
        };
        // A key frame, and a target that moved, say nothing about the steady state.
        if key || target.abs_diff(self.target) > self.target / 10 {
            self.begin(now, target);
            return;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.frames += 1;
        let elapsed = now.saturating_duration_since(since);
        if elapsed < WINDOW {
            return;
        }
        if self.frames >= FRAMES {
            let made = self.bytes as f32 * 8.0 / elapsed.as_secs_f32();
            self.judge(made / target.max(1) as f32);
        }
        self.begin(now, target);
    }

    /// Whatever was learnt about undershoot does not hold in an emergency.
    pub(super) const fn be_careful(&mut self) {
        self.factor = self.factor.min(1.0);
        self.since = None;
    }

    fn judge(&mut self, share: f32) {
        if share < IDLE {
            self.factor = self.factor.min(1.0);
            return;
        }
        let factor = self.factor * (1.0 / share).clamp(1.0 / STEP, STEP);
        self.factor = factor.clamp(LIMITS.0, LIMITS.1);
    }

    const fn begin(&mut self, now: Instant, target: u32) {
        self.since = Some(now);
        self.bytes = 0;
        self.frames = 0;
        self.target = target;
    }
}

/// How much the encoder makes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    frames: VecDeque<(Instant, usize)>,
}

/// What the meter looks at.
const METER: Duration = Duration::from_millis(500);
/// The least that it averages over.
const METER_LEAST: Duration = Duration::from_millis(200);
/// Frames that it remembers at most.
const METER_FRAMES: usize = 128;

impl Meter {
    pub(super) fn handle_frame(&mut self, now: Instant, bytes: usize) {
        self.frames.push_back((now, bytes));
        while self.frames.len() > METER_FRAMES
            || self.frames.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > METER)
        {
            self.frames.pop_front();
        }
    }

    /// In bit/s; `since` is when the encoder went on last, if it was held.
    pub(super) fn rate(&self, now: Instant, since: Option<Instant>) -> f32 {
        let span = since.map_or(METER, |since| now.saturating_duration_since(since).min(METER));
        let within = |at: Instant| now.saturating_duration_since(at) <= span;
        let bytes: usize = self.frames.iter().filter(|it| within(it.0)).map(|it| it.1).sum();
        bytes as f32 * 8.0 / span.max(METER_LEAST).as_secs_f32()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    /// The factor after ten seconds of an encoder that makes `share` of what it is told.
    fn learnt(share: f32) -> f32 {
        let start = Instant::now();
        let mut correction = Correction::new();
        for frame in 0..300_u32 {
            let told = 500_000.0 * correction.factor();
            let bytes = (told * share / 8.0 / 30.0) as usize;
            let at = start + Duration::from_millis(u64::from(frame) * 33);
            correction.handle_frame(at, bytes, false, 500_000);
        }
        correction.factor()
    }

    #[test]
    fn an_encoder_that_makes_too_little_is_asked_for_more() {
        let factor = learnt(0.8);
        assert!((1.2..1.3).contains(&factor), "80 % need 1.25, got {factor}");
    }

    #[test]
    fn an_encoder_that_makes_too_much_is_asked_for_less() {
        let factor = learnt(1.4);
        assert!((0.68..0.75).contains(&factor), "140 % need 0.71, got {factor}");
        assert!((learnt(9.0) - 0.6).abs() < 1e-3, "within limits");
    }

    #[test]
    fn a_still_picture_asks_for_nothing() {
        assert!(learnt(0.1) <= 1.0, "it would flood the path once it moves");
    }
}
