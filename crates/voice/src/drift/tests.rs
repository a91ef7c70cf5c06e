//! Two clocks in virtual time.

use super::{Drift, MOST, Stretcher};

/// A device that is `ppm` slower than the pace, and calls back in bursts and late; the lead at each
/// note.
fn leads(ppm: f64, seconds: u32) -> (Vec<f64>, Drift) {
    let mut drift = Drift::default();
    let (mut captured, mut made, mut ratio, mut noise) = (0.0, 0.0, 1.0, 1_u32);
    let mut leads = Vec::new();
    for block in 1..=seconds * 100 {
        let due = f64::from(block) * 480.0 * (1.0 - ppm * 1e-6);
        let whole = (due / 240.0).floor() * 240.0;
        made += (whole - captured) * ratio;
        captured = whole;
        // The callback was up to 2 ms late.
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let late = f64::from(noise >> 16) / 65_536.0 * 96.0;
        let lead = 960.0 + f64::from(block * 480) - made - (due - whole - late);
        ratio = drift.note(lead);
        leads.push(lead);
    }
    (leads, drift)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn the_lead_stays_where_it_began_up_to_300_ppm() {
    for ppm in [-300.0, -100.0, -20.0, 0.0, 20.0, 100.0, 300.0] {
        let (leads, drift) = leads(ppm, 180);
        let (first, last) = (mean(&leads[..200]), mean(&leads[leads.len() - 1_000..]));
        assert!((last - first).abs() < 24.0, "{ppm} ppm: {first} became {last}");
        assert!((drift.ppm() - ppm).abs() < 10.0, "{ppm} ppm are learned: {}", drift.ppm());
    }
}

#[test]
fn the_lead_never_leaves_on_the_way() {
    for ppm in [-300.0, 300.0] {
        let (leads, _) = leads(ppm, 120);
        let first = mean(&leads[..200]);
        for (second, lead) in leads.chunks(100).map(mean).enumerate() {
            assert!((lead - first).abs() < 96.0, "{ppm} ppm at {second} s: {first}, {lead}");
        }
    }
}

#[test]
fn a_device_is_known_after_seconds() {
    for ppm in [-300.0, -100.0, 0.0, 100.0, 300.0] {
        let (_, drift) = leads(ppm, 10);
        assert!((drift.ppm() - ppm).abs() < 40.0, "{ppm} ppm after 10 s: {}", drift.ppm());
    }
}

#[test]
fn a_jump_is_no_drift() {
    let mut drift = Drift::default();
    (0..1_000).for_each(|_| _ = drift.note(960.0));
    (0..1_000).for_each(|_| _ = drift.note(9_600.0));
    assert!(drift.ppm().abs() < 1.0, "nothing is learned from it: {}", drift.ppm());
    assert!((drift.note(9_600.0) - 1.0).abs() < 1e-6, "and the lead stays at its new place");
}

#[test]
fn sound_that_a_device_lost_is_no_drift() {
    for (lost, ppm) in [(480.0, 0.0), (-480.0, 0.0), (480.0, 100.0), (1_440.0, -100.0)] {
        for when in [60.0, 60.25, 60.5, 60.75] {
            let mut drift = Drift::default();
            let (mut lead, mut ratio, mut worst) = (960.0, 1.0, 0.0_f64);
            for note in 0..9_000 {
                let time = f64::from(note) / 100.0;
                lead += 480.0 * (1.0 - (1.0 - ppm * 1e-6) * ratio);
                lead += if (time - when).abs() < 1e-6 { lost } else { 0.0 };
                ratio = drift.note(lead);
                if time > when + 3.0 {
                    worst = worst.max((ratio - 1.0 - ppm * 1e-6).abs() * 1e6);
                }
            }
            assert!(worst < 30.0, "{lost} samples at {when} s, {ppm} ppm: {worst} ppm off");
        }
    }
}

#[test]
fn a_clock_that_is_broken_is_not_followed() {
    let mut drift = Drift::default();
    for block in 0..100_000 {
        let ratio = drift.note(f64::from(block % 4_000) * 5.0);
        assert!((ratio - 1.0).abs() <= MOST + 1e-9, "within bounds: {ratio}");
    }
}

#[test]
fn stretched_sound_is_the_same_sound() {
    for (hertz, limit) in [(440.0, -70.0), (4_000.0, -70.0), (12_000.0, -60.0)] {
        let tone = |time: f64| (time * hertz * std::f64::consts::TAU / 48e3).sin();
        let mut out = Vec::new();
        let ratio = 1.0 + 300e-6;
        let sound = (0..48_000).map(|at| tone(f64::from(at)) as f32);
        Stretcher::default().stretch(ratio, sound, &mut out);
        let (mut error, mut power) = (0.0, 0.0);
        for (at, sample) in out.iter().enumerate() {
            let ideal = tone(at as f64 / ratio + 15.0);
            error += (f64::from(*sample) - ideal).powi(2);
            power += ideal * ideal;
        }
        let decibels = 10.0 * f64::log10(error / power);
        assert!(decibels < limit, "{hertz} Hz: {decibels:.1} dB of error");
        assert!((out.len() as f64 - 48_000.0 * ratio).abs() < 40.0, "and so much longer");
    }
}
