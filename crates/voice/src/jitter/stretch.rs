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
    let Some(period) = period(sound, wanted, wanted, quiet, need) else { return 0 };
    let blend = BLEND.min(sound.len() - period);
    for i in 0..blend {
        sound[i] = between(sound[i], sound[i + period], i, blend);
    }
    sound.drain(blend..blend + period);
    period
}

/// Puts `wanted` samples into `sound` at most (a period of it in speech, which may be longer); says
/// how many.
pub(super) fn lengthen(sound: &mut Vec<f32>, wanted: usize, quiet: bool, need: Need) -> usize {
    let Some(period) = period(sound, wanted, LONGEST, quiet, need) else { return 0 };
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

/// The length of a splice at the beginning of the sound, not above `most`.
fn period(sound: &[f32], wanted: usize, most: usize, quiet: bool, need: Need) -> Option<usize> {
    let longest = LONGEST.min(most).min(sound.len().checked_sub(BLEND)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A vowel-like sound of a pitch of 200 Hz, 240 samples a period.
    fn voice(samples: usize) -> Vec<f32> {
        let phase = |i: usize| i as f32 * std::f32::consts::TAU / 240.0;
        (0..samples).map(|i| phase(i).sin() * 0.3 + (phase(i) * 3.0).sin() * 0.1).collect()
    }

    /// The largest step from one sample to the next.
    fn roughness(sound: &[f32]) -> f32 {
        sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_period_of_speech_comes_and_goes_without_a_click() {
        let whole = voice(1_200);
        let (mut longer, mut shorter) = (whole.clone(), whole.clone());
        let put_in = lengthen(&mut longer, 700, false, Need::Some);
        let taken_out = shorten(&mut shorter, 700, false, Need::Some);
        assert!(put_in > 0 && put_in.is_multiple_of(240), "whole periods: {put_in}");
        assert!(taken_out > 0 && taken_out.is_multiple_of(240), "whole periods: {taken_out}");
        assert_eq!(longer.len(), whole.len() + put_in, "as much longer as is said");
        assert_eq!(shorter.len(), whole.len() - taken_out, "as much shorter as is said");
        for sound in [longer, shorter] {
            assert!(roughness(&sound) < roughness(&whole) * 1.1, "a click");
        }
    }

    #[test]
    fn the_beginning_of_speech_is_left_alone() {
        let onset: Vec<f32> = [vec![0.0; 600], voice(600)].concat();
        for need in [Need::Slight, Need::Some] {
            let mut sound = onset.clone();
            assert_eq!(shorten(&mut sound, 700, false, need), 0, "not shortened: {need:?}");
            assert_eq!(lengthen(&mut sound, 700, false, need), 0, "not lengthened: {need:?}");
            assert_eq!(sound, onset, "it is as it was");
        }
    }

    #[test]
    fn speech_is_not_stretched_for_a_little() {
        let mut sound = voice(1_200);
        assert_eq!(shorten(&mut sound, 700, false, Need::Slight), 0, "no need");
        assert_eq!(shorten(&mut sound, 100, false, Need::Great), 0, "no period is as short");
    }

    #[test]
    fn pauses_are_stretched_by_what_is_wanted() {
        let mut sound = vec![0.0; 960];
        assert_eq!(shorten(&mut sound, 333, true, Need::Slight), 333, "shorter");
        assert_eq!(lengthen(&mut sound, 100, true, Need::Slight), 100, "longer");
        assert_eq!(sound.len(), 960 - 333 + 100, "by so much");
        assert_eq!(lengthen(&mut vec![0.0; 100], 50, true, Need::Slight), 0, "too short to blend");
    }

    #[test]
    fn pauses_are_told_from_speech() {
        let mut loudness = Loudness::default();
        assert!(!loudness.is_quiet(&voice(960)), "speech");
        assert!(loudness.is_quiet(&[0.001; 960]), "a pause with noise");
        let onset: Vec<f32> = [vec![0.0; 720], voice(240)].concat();
        assert!(!loudness.is_quiet(&onset), "a pause that ends");
    }
}
