//! How sound gets to the processing: as in a file, or as from devices.

use super::room::Random;
use bellwire_voice::drift::Stretcher;
use bellwire_voice::processing::{Alternation, BLOCK, Processing};
use std::time::Duration;

/// One block of each in turn, and no clocks: as good as it gets.
pub(crate) fn offline(
    played: &[f32],
    captured: &[f32],
    processing: &mut dyn Processing,
) -> Vec<f32> {
    let mut out = Vec::new();
    let (played, captured) = (played.as_chunks::<BLOCK>().0, captured.as_chunks::<BLOCK>().0);
    for (played, captured) in played.iter().zip(captured) {
        let mut block = *captured;
        processing.render(played);
        processing.capture(&mut block);
        out.extend(block);
    }
    out
}

/// What a microphone records whose clock is so much too fast.
pub(crate) fn by_clock(captured: &[f32], ppm: f64) -> Vec<f32> {
    let mut recorded = Vec::new();
    Stretcher::default().stretch(1.0 + ppm * 1e-6, captured.iter().copied(), &mut recorded);
    recorded
}

/// As from devices: the speaker takes one to three blocks at a time, the microphone has a clock of
/// its own and hands out one to four periods of 5 ms, late. The output is in the speaker's time.
pub(crate) fn live(
    played: &[f32],
    captured: &[f32],
    ppm: f64,
    random: &mut Random,
    processing: &mut dyn Processing,
) -> Vec<f32> {
    const PERIOD: usize = 240;
    let slow = by_clock(captured, ppm);
    let mut alternation = Alternation::default();
    alternation.set_microphone(true);
    let mut out = vec![0.0; played.len()];
    let (mut rendered, mut handed, mut handed_at, mut next) = (0, 0, 0, PERIOD);
    let (mut hungry, blocks) = (0, played.as_chunks::<BLOCK>().0);
    // In steps of 1 ms.
    for now in (0..played.len()).step_by(48) {
        let there = ((now as f64) * (1.0 + ppm * 1e-6)) as usize;
        if there >= next {
            let end = (there / PERIOD * PERIOD).min(slow.len());
            alternation.captured(slow[handed..end.max(handed)].iter().copied());
            handed = end.max(handed);
            handed_at = now;
            next = handed + PERIOD * (1 + (random.next() * 4.0) as usize);
        }
        if now >= hungry {
            let steps = 1 + (random.next() * 3.0) as usize;
            for _ in 0..steps {
                let Some(block) = blocks.get(rendered) else { break };
                alternation.rendered((rendered * BLOCK) as u32, block);
                rendered += 1;
                let since = (now - handed_at) as u64 * 1_000_000 / 48_000;
                alternation.watch(Duration::from_micros(since));
            }
            hungry += steps * BLOCK;
        }
        while let Some((timestamp, block)) = alternation.pull(processing) {
            let to = out.iter_mut().skip(timestamp as usize);
            to.zip(block).for_each(|(to, sample)| *to = sample);
        }
    }
    out
}
