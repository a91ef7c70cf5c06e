//! The real processing, in a room that only delays.

use super::{BLOCK, Extras, Processing, Sonora};

/// Something between noise and speech: noise that comes in syllables.
fn syllables(seed: u32, seconds: usize) -> Vec<f32> {
    let (mut state, mut low) = (seed, 0.0);
    (0..seconds * 48_000)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
            low += 0.2 * (noise - low);
            let syllable = (at as f32 / 48e3 * 4.0 * std::f32::consts::PI).sin().max(0.0);
            low * syllable * 0.5
        })
        .collect()
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

fn process(played: &[f32], captured: &[f32], extras: Extras) -> Vec<f32> {
    let mut sonora = Sonora::new(extras);
    let mut out = Vec::new();
    for (played, captured) in played.as_chunks::<BLOCK>().0.iter().zip(captured.as_chunks().0) {
        let mut block = *captured;
        sonora.render(played);
        sonora.capture(&mut block);
        out.extend(block);
    }
    out
}

#[test]
fn an_echo_is_taken_out() {
    let played = syllables(1, 8);
    let delay = std::iter::repeat_n(0.0, 3_840);
    let echo: Vec<f32> =
        delay.chain(played.iter().map(|sample| sample * 0.5)).take(played.len()).collect();
    let left = process(&played, &echo, Extras { noise: false, gain: false });
    let (before, after) = (power(&echo[5 * 48_000..]), power(&left[5 * 48_000..]));
    let decibels = 10.0 * (before / after.max(1e-12)).log10();
    assert!(decibels > 25.0, "of the echo little is left: {decibels:.1} dB less");
}

#[test]
fn who_speaks_alone_is_not_taken_out() {
    let spoken = syllables(2, 6);
    let silence = vec![0.0; spoken.len()];
    let out = process(&silence, &spoken, Extras { noise: false, gain: false });
    let change = 10.0 * (power(&out[96_000..]) / power(&spoken[96_000..])).log10();
    assert!(change.abs() < 3.0, "as loud as before: {change:.1} dB");
}

#[test]
fn who_speaks_softly_is_made_louder() {
    let spoken: Vec<f32> = syllables(3, 8).iter().map(|sample| sample * 0.3).collect();
    let silence = vec![0.0; spoken.len()];
    let plain = process(&silence, &spoken, Extras { noise: false, gain: false });
    let even = process(&silence, &spoken, Extras { noise: false, gain: true });
    let (plain, even) = (power(&plain[240_000..]), power(&even[240_000..]));
    assert!(even > plain * 2.0, "by 3 dB at least: {plain} and {even}");
}
