//! Makes sound shorter or longer without changing its pitch.
//!
//! Waveform similarity overlap-add (Verhelst and Roelands, "An overlap-add technique based on
//! waveform similarity", 1993), one splice at a time: in voiced speech a pitch period is taken out
//! or repeated where the sound is most like itself; where it is quiet, any length will do.

use super::ms;

/// Shortest and longest splice in samples: 2.5 to 15 ms, pitches of 67 to 400 Hz.
const SHORTEST: usize = 120;
const LONGEST: usize = 720;
/// Over how many samples the two sides of a splice blend: 5 ms. Fewer click, more smear.
const BLEND: usize = 240;
/// Samples that are compared to find the period, at most: 10 ms.
const COMPARED: usize = 480;
/// How much alike the two sides of a splice must be, from -1 to 1, to be spliced in speech without
/// need, and in need.
const ALIKE: f32 = 0.85;
const ALIKE_IN_NEED: f32 = 0.5;
/// Below this share of the loudness of the speech a stretch of sound is quiet: -28 dB.
const QUIET: f32 = 0.04;
/// Quiet in any company: -66 dB.
const SILENT: f32 = 0.000_5;
/// What is left of the loudness of the speech after 20 ms of less: half of it in 14 s.
const FADING: f32 = 0.999;
/// A block in which loudness is measured: 5 ms.
const BLOCK: usize = 240;

/// How loud the speech is, to tell its pauses.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    speech: f32,
}

/// What may be done to get the sound to the wanted length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Only where nobody hears it: in pauses.
    Slight,
    /// Also where speech is very much like itself.
    Some,
    /// Wherever it is somewhat like itself.
    Great,
}

impl Loudness {
    /// Takes a stretch of decoded sound in; says whether all of it is quiet.
    pub(super) fn is_quiet(&mut self, sound: &[f32]) -> bool {
        let loudest = sound.chunks(BLOCK).map(root_mean_square).fold(0.0, f32::max);
        self.speech = loudest.max(self.speech * FADING);
        loudest < SILENT.max(self.speech * QUIET)
    }
}

/// Takes up to `wanted` samples out of `sound` (one period of it, in speech); says how many.
pub(super) fn shorten(sound: &mut Vec<f32>, wanted: usize, quiet: bool, need: Need) -> usize {
    let Some(period) = period(sound, wanted, quiet, need) else { return 0 };
    if period > wanted {
        return 0;
    }
    let blend = BLEND.min(sound.len() - period);
    for i in 0..blend {
        sound[i] = between(sound[i], sound[i + period], i, blend);
    }
    sound.drain(blend..blend + period);
    period
}

/// Puts up to `wanted` samples into `sound` (one period of it, in speech); says how many.
pub(super) fn lengthen(sound: &mut Vec<f32>, wanted: usize, quiet: bool, need: Need) -> usize {
    let Some(period) = period(sound, wanted, quiet, need) else { return 0 };
    let blend = BLEND.min(sound.len() - period);
    let again: Vec<f32> = (0..period)
        .map(|i| match sound.get(period + i) {
            Some(onward) if i < blend => between(*onward, sound[i], i, blend),
            Some(_) | None => sound[i],
        })
        .collect();
    sound.splice(period..period, again);
    period
}

/// The length of a splice at the beginning of the sound.
fn period(sound: &[f32], wanted: usize, quiet: bool, need: Need) -> Option<usize> {
    let longest = LONGEST.min(sound.len().checked_sub(BLEND)?);
    if quiet {
        let period = wanted.min(longest);
        return (period > 0).then_some(period);
    }
    let least = match need {
        Need::Slight => return None,
        Need::Some => ALIKE,
        Need::Great => ALIKE_IN_NEED,
    };
    let likeness = |period: usize, step: usize| {
        let compared = COMPARED.min(sound.len() - period);
        alike(&sound[..compared], &sound[period..period + compared], step)
    };
    let best = |periods: &mut dyn Iterator<Item = usize>, step: usize| {
        periods
            .map(|period| (period, likeness(period, step)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
    };
    let (coarse, _) = best(&mut (SHORTEST..=longest).step_by(4), 4)?;
    let near = coarse.saturating_sub(3).max(SHORTEST)..=(coarse + 3).min(longest);
    let (period, likeness) = best(&mut near.into_iter(), 1)?;
    (likeness >= least).then_some(period)
}

/// How much alike two stretches are in shape and loudness, from -1 to 1.
fn alike(one: &[f32], other: &[f32], step: usize) -> f32 {
    let pairs = one.iter().zip(other).step_by(step);
    let (product, power) = pairs.fold((0.0, 1e-9), |(product, power), (a, b)| {
        (product + a * b, power + (a * a + b * b) / 2.0)
    });
    product / power
}

/// From `one` at the first step to `other` at the last.
#[expect(clippy::cast_precision_loss, reason = "steps are few")]
pub(super) fn between(one: f32, other: f32, step: usize, steps: usize) -> f32 {
    let share = (step as f32 + 0.5) / steps as f32;
    one + (other - one) * share
}

#[expect(clippy::cast_precision_loss, reason = "blocks are short")]
fn root_mean_square(sound: &[f32]) -> f32 {
    (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len().max(1) as f32).sqrt()
}

const _: () = assert!(LONGEST as i64 == ms(15) && SHORTEST < LONGEST, "in samples");
