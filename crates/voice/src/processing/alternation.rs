//! Feeds the processing in strict turns, whatever the bursts of the devices and their clocks.

use super::pairing::{Pairing, Rendered};
use super::{BLOCK, Processing};
use crate::drift::{Drift, Stretcher};
use std::time::Duration;

/// How much may wait for partners, in samples. More is the speaker standing still: what waits is
/// old, and would stay a delay.
const MOST: usize = 5 * BLOCK;
/// Who hands nothing out for longer does not keep sound back, but lost it.
const LONGEST_BURST: Duration = Duration::from_millis(30);
/// Samples in a second.
const RATE: f64 = 48_000.0;

/// What is played and what is captured, in pairs and in one time: the speaker's.
///
/// Each block that is played goes to [`Alternation::rendered`], followed by one call of
/// [`Alternation::watch`]; what the microphone hands out goes to [`Alternation::captured`] as it
/// comes. Then [`Alternation::pull`] gives what is processed, until it gives nothing.
#[derive(Debug, Default)]
pub struct Alternation {
    pairing: Pairing,
    microphone: Option<Microphone>,
}

/// What is known while there is one.
#[derive(Debug)]
struct Microphone {
    drift: Drift,
    stretcher: Stretcher,
    ratio: f64,
    waiting: Vec<f32>,
}

impl Alternation {
    /// A microphone came, or went. Without one, what is played finds no partners.
    pub fn set_microphone(&mut self, there: bool) {
        self.microphone = there.then(|| Microphone {
            drift: Drift::default(),
            stretcher: Stretcher::default(),
            ratio: 1.0,
            waiting: Vec::new(),
        });
    }

    /// This is played. `timestamp` is of its first sample, in the speaker's time.
    pub fn rendered(&mut self, timestamp: u32, sound: &[f32; BLOCK]) {
        self.pairing.push(Rendered { timestamp, sound: *sound });
    }

    /// This was captured.
    pub fn captured(&mut self, sound: impl Iterator<Item = f32>) {
        if let Some(microphone) = &mut self.microphone {
            microphone.stretcher.stretch(microphone.ratio, sound, &mut microphone.waiting);
        }
    }

    /// How many samples are missing for the next whole block of the microphone.
    #[must_use]
    pub fn missing(&self) -> usize {
        let waiting = self.microphone.as_ref().map_or(0, |microphone| microphone.waiting.len());
        BLOCK - waiting % BLOCK
    }

    /// Watches the drift. `since` is how long ago the microphone handed something out: what it
    /// keeps back would look like drift.
    pub fn watch(&mut self, since: Duration) {
        let Some(microphone) = &mut self.microphone else { return };
        let kept = since.min(LONGEST_BURST).as_secs_f64() * RATE;
        let lead = self.pairing.lead(microphone.waiting.len()) - kept;
        microphone.ratio = microphone.drift.note(lead);
    }

    /// The next block that was captured, processed, and the time it was captured at. None: it is not
    /// whole yet, or what was played meanwhile is not.
    pub fn pull(&mut self, processing: &mut dyn Processing) -> Option<(u32, [f32; BLOCK])> {
        while let Some(single) = self.pairing.single(self.microphone.is_some()) {
            if let Some(microphone) = &mut self.microphone {
                microphone.drift.jumped();
                processing.render(&single.sound);
            }
        }
        let microphone = self.microphone.as_mut()?;
        let whole = microphone.waiting.first_chunk::<BLOCK>().copied();
        let Some((mut block, rendered)) = whole.and_then(|it| Some((it, self.pairing.partner()?)))
        else {
            microphone.catch_up();
            return None;
        };
        microphone.waiting.drain(..BLOCK);
        processing.render(&rendered.sound);
        processing.capture(&mut block);
        Some((rendered.timestamp, block))
    }
}

impl Microphone {
    /// Leaves out what has waited too long.
    fn catch_up(&mut self) {
        if self.waiting.len() > MOST {
            self.waiting.drain(..self.waiting.len() - BLOCK);
            self.drift.jumped();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::PassThrough;

    /// Writes down the turns.
    #[derive(Default)]
    struct Turns(String);

    impl Processing for Turns {
        fn render(&mut self, _: &[f32; BLOCK]) {
            self.0.push('r');
        }

        fn capture(&mut self, _: &mut [f32; BLOCK]) {
            self.0.push('c');
        }
    }

    #[test]
    fn bursts_of_both_sides_become_strict_turns() {
        let mut alternation = Alternation::default();
        alternation.set_microphone(true);
        let mut turns = Turns::default();
        let mut timestamps = Vec::new();
        let mut timestamp = 0;
        for round in 0..100 {
            // Two steps at once each 20 ms; 0 to 3 periods of 5 ms at once.
            if round % 4 == 0 {
                for _ in 0..2 {
                    alternation.rendered(timestamp, &[0.1; BLOCK]);
                    timestamp += 480;
                }
            }
            if round % 3 == 2 {
                alternation.captured(std::iter::repeat_n(0.1, 720));
            }
            while let Some((at, _)) = alternation.pull(&mut turns) {
                timestamps.push(at);
            }
        }
        assert!(turns.0.len() > 90, "they were fed: {}", turns.0);
        assert_eq!(turns.0.replace("rc", ""), "", "one after the other");
        assert!(timestamps.windows(2).all(|pair| pair[1] == pair[0] + 480), "without gaps");
    }

    #[test]
    fn a_block_is_whole_with_what_was_missing_and_not_before() {
        let mut alternation = Alternation::default();
        alternation.set_microphone(true);
        alternation.rendered(0, &[0.0; BLOCK]);
        alternation.captured(std::iter::repeat_n(0.1, 700));
        assert!(alternation.pull(&mut PassThrough).is_some(), "the first is whole");
        for block in 1..50 {
            alternation.rendered(block * 480, &[0.0; BLOCK]);
            let missing = alternation.missing();
            alternation.captured(std::iter::repeat_n(0.1, missing - 1));
            assert!(alternation.pull(&mut PassThrough).is_none(), "one is missing");
            alternation.captured(std::iter::once(0.1));
            assert!(alternation.pull(&mut PassThrough).is_some(), "it is whole");
        }
    }

    #[test]
    fn what_the_microphone_lost_is_a_gap_in_time_and_not_a_delay() {
        let mut alternation = Alternation::default();
        alternation.set_microphone(true);
        let mut timestamps = Vec::new();
        for block in 0..200_u32 {
            alternation.rendered(block * 480, &[0.0; BLOCK]);
            if !(50..74).contains(&block) {
                alternation.captured(std::iter::repeat_n(0.1, 480));
            }
            while let Some((at, _)) = alternation.pull(&mut PassThrough) {
                timestamps.push(at / 480);
            }
        }
        let gaps: Vec<u32> =
            timestamps.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 1).collect();
        assert_eq!(gaps.len(), 1, "one gap: {gaps:?}");
        assert!((20..=26).contains(&gaps[0]), "of 240 ms: {gaps:?}");
        assert!(timestamps.last() > Some(&196), "and no delay after it: {timestamps:?}");
    }

    #[test]
    fn a_speaker_that_stands_still_does_not_let_old_sound_pile_up() {
        let mut alternation = Alternation::default();
        alternation.set_microphone(true);
        for _ in 0..1_000 {
            alternation.captured(std::iter::repeat_n(0.1, 480));
            alternation.pull(&mut PassThrough);
        }
        let waiting = alternation.microphone.map_or(0, |microphone| microphone.waiting.len());
        assert!(waiting <= MOST, "what is old is left out: {waiting}");
    }
}
