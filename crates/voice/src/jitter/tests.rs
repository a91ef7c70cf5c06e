mod least;
mod properties;
mod world;

use super::*;
use crate::codec::{Decoder, Encoder, FRAME};
use world::{Content, Heard, SEQUENCE, TIMESTAMP, World, copy, packet};

/// The frames that were played, however they were had.
fn frames(world: &World) -> Vec<u32> {
    let frame = |heard: &Heard| match heard {
        Heard::Frame(index) | Heard::Mended(index) => Some(index / 960),
        Heard::MadeUp => None,
    };
    world.heard().iter().filter_map(frame).collect()
}

#[test]
fn numbers_wrap_without_a_gap() {
    let mut world = World::new();
    world.send(0..200, |_| Some(0.0));
    world.run(4_000.0);
    let figures = world.figures();
    assert_eq!(figures.concealed_samples, 0, "nothing was missing");
    assert_eq!((figures.lost, figures.late, figures.restarts), (0, 0, 0), "nor seemed to be");
    assert!(frames(&world).is_sorted(), "in order");
}

#[test]
fn an_even_network_costs_little_delay() {
    let mut world = World::new();
    world.send(0..500, |_| Some(0.0));
    world.run(10_000.0);
    assert!(world.delay_ms() <= 22.5, "the delay is {} ms", world.delay_ms());
}

#[test]
fn packets_that_overtake_each_other_are_put_in_order() {
    let mut world = World::new();
    world.send(0..500, |number| Some(if number % 2 == 0 { 29.0 } else { 0.0 }));
    world.run(2_000.0);
    let before = world.figures().concealed_samples;
    world.run(9_000.0);
    assert_eq!(world.figures().concealed_samples, before, "none was given up");
    assert!(frames(&world).is_sorted(), "in order");
    assert!(world.delay_ms() < 60.0, "the delay is {} ms", world.delay_ms());
}

#[test]
fn what_arrives_again_is_not_played_again() {
    let mut world = World::new();
    world.send(0..100, |_| Some(0.0));
    world.send(0..100, |number| Some(f64::from(number % 7) * 15.0));
    world.run(2_000.0);
    let frames = frames(&world);
    assert!(frames.windows(2).all(|pair| pair[0] < pair[1]), "each once: {frames:?}");
    assert!(world.figures().duplicate >= 90, "the others were found out");
    assert!(world.delay_ms() <= 32.5, "and do not slow anything: {} ms", world.delay_ms());
}

#[test]
fn a_lost_packet_is_mended_by_the_next() {
    let mut world = World::new();
    world.send(0..500, |number| (number % 25 != 10).then_some(0.0));
    world.run(2_000.0);
    let before = world.figures();
    world.run(9_000.0);
    let figures = world.figures();
    assert!(figures.mended - before.mended >= 12, "of 14: {figures:?}");
    assert_eq!(figures.concealed_samples, before.concealed_samples, "nothing was made up");
    assert!(world.delay_ms() <= 35.0, "a frame is waited for: {} ms", world.delay_ms());
}

#[test]
fn without_copies_nothing_is_waited_for() {
    let mut world = World::new();
    for number in (0..500).filter(|number| number % 25 != 10) {
        let content = Content { index: number * 960, samples: 960, mends: false, pause: false };
        let packet = Packet { payload: content.payload(), ..packet(number) };
        world.deliver(f64::from(number) * 20.0 + 40.0, packet);
    }
    world.run(9_000.0);
    assert!(world.delay_ms() <= 22.5, "the delay is {} ms", world.delay_ms());
    assert_eq!(world.figures().mended, 0, "there is nothing to mend with");
    assert!(world.figures().concealed_samples >= 14 * 960, "so it is made up");
}

#[test]
fn bursts_of_two_are_mended_by_redundant_copies() {
    let mut world = World::new();
    for number in (2..750_u32).filter(|number| !matches!(number % 20, 7 | 8)) {
        let at = f64::from(number) * 20.0 + 40.0;
        for packet in [copy(number - 2), copy(number - 1), packet(number)] {
            world.deliver(at, packet);
        }
    }
    world.run(4_000.0);
    let before = world.figures();
    world.run(14_000.0);
    let figures = world.figures();
    assert_eq!(figures.concealed_samples, before.concealed_samples, "nothing was made up");
    assert!(figures.copied - before.copied >= 40, "of 50: {figures:?}");
    assert!(world.delay_ms() <= 55.0, "two frames are waited for: {} ms", world.delay_ms());
}

#[test]
fn copies_say_nothing_about_travel_times() {
    let mut world = World::new();
    world.send(0..500, |_| Some(0.0));
    for number in 0..500 {
        world.deliver(f64::from(number) * 20.0 + 140.0, copy(number));
    }
    world.run(9_000.0);
    assert!(world.target_ms() <= 15.0, "the target is {} ms", world.target_ms());
    assert_eq!(world.figures().copied, 0, "and are not played");
}

#[test]
fn a_pause_of_the_sender_is_not_mended() {
    let mut world = World::new();
    world.send(0..50, |_| Some(0.0));
    for number in 75..150 {
        let sequence = SEQUENCE.wrapping_add(number as u16 - 25);
        world.deliver(f64::from(number) * 20.0 + 40.0, Packet { sequence, ..packet(number) });
    }
    world.run(2_900.0);
    let figures = world.figures();
    assert_eq!(figures.mended, 0, "the copy in the packet after the pause is of before it");
    assert_eq!(figures.lost, 0, "and nothing is lost");
    let index = world.jitter.decoder.index(world.out[0]);
    let due = (world.now - 10.0 - 40.0 - world.delay_ms()) * 48.0;
    assert!((index - due).abs() < 500.0, "the sound is in time again: {index} for {due}");
}

#[test]
fn an_announced_pause_is_neither_loss_nor_delay() {
    let mut world = World::new();
    let mut sequence = SEQUENCE;
    for number in 0..300_u32 {
        let speaks = number % 100 < 50;
        if !speaks && number % 20 != 10 {
            continue;
        }
        let content = Content { index: number * 960, samples: 960, mends: true, pause: !speaks };
        let packet = Packet { sequence, payload: content.payload(), ..packet(number) };
        world.deliver(f64::from(number) * 20.0 + 40.0, packet);
        sequence = sequence.wrapping_add(1);
    }
    world.run(5_900.0);
    let figures = world.figures();
    assert!(figures.concealed_samples <= 3 * 4_800, "only until the pause is known: {figures:?}");
    assert_eq!(figures.mended, 0, "nothing was lost");
    assert!(world.delay_ms() <= 42.5, "the delay is {} ms", world.delay_ms());
}

#[test]
fn the_first_pull_jumps_to_the_target() {
    let mut world = World::new();
    world.send(0..500, |_| Some(0.0));
    world.sort();
    for (at, packet) in world.under_way.drain(..100).collect::<Vec<_>>() {
        world.jitter.insert(world.instant(at), packet);
    }
    world.now = 2_020.0;
    world.run(2_030.0);
    assert!(world.delay_ms() <= 42.5, "the delay is {} ms", world.delay_ms());
    assert_eq!(world.played.last(), Some(&Played::Sound), "at once");
    assert_eq!(world.figures().removed_samples, 0, "without hurry");
}

#[test]
fn drift_of_the_senders_clock_is_stretched_away() {
    for ppm in [-300.0, 300.0] {
        let mut world = World::new();
        for number in 0..15_000_u32 {
            let at = f64::from(number) * 20.0 * (1.0 + ppm / 1e6) + 40.0;
            world.deliver(at, packet(number));
        }
        world.run(290_000.0);
        let figures = world.figures();
        assert_eq!(figures.concealed_samples, 0, "nothing was missing at {ppm} ppm");
        assert_eq!(figures.jumps, 0, "nothing was left out at {ppm} ppm");
        assert!(world.delay_ms() <= 30.0, "the delay is {} ms at {ppm} ppm", world.delay_ms());
    }
}

#[test]
fn a_new_stream_is_played_within_a_tenth_of_a_second() {
    let mut world = World::new();
    world.send(0..100, |_| Some(0.0));
    for number in 100..200_u32 {
        let timestamp = 1_500_000_000 + number * 960;
        let packet = Packet { sequence: number as u16, timestamp, ..packet(number) };
        world.deliver(f64::from(number) * 20.0 + 40.0, packet);
    }
    world.run(2_000.0);
    let before = world.jitter.playout().map(|playout| playout.extended);
    world.run(2_150.0);
    let after = world.jitter.playout();
    assert_eq!(world.figures().restarts, 1, "it is a new stream");
    assert_eq!(world.played.last(), Some(&Played::Sound), "which is heard");
    assert!(after.map(|playout| playout.extended) > before, "and time did not run back");
    let timestamp = after.map_or(0, |playout| playout.timestamp);
    let begun = (timestamp - 1_500_000_000) / 960;
    assert!((100..110).contains(&begun), "it plays frame {begun}");
}

#[test]
fn timestamps_that_leap_without_time_are_followed() {
    for leap in [-48_000_i32, 48_000] {
        let mut world = World::new();
        world.send(0..100, |_| Some(0.0));
        for number in 100..1_000_u32 {
            let timestamp = packet(number).timestamp.wrapping_add_signed(leap);
            let packet = Packet { timestamp, ..packet(number) };
            world.deliver(f64::from(number) * 20.0 + 40.0, packet);
        }
        world.run(3_500.0);
        assert_eq!(world.played.last(), Some(&Played::Sound), "it is heard after {leap}");
        world.run(19_000.0);
        let figures = world.figures();
        assert!(figures.silent_samples <= 48_000 * 5 / 4, "silent after {leap}: {figures:?}");
        assert!(world.delay_ms() <= 32.5, "late by {} ms after {leap}", world.delay_ms());
    }
}

#[test]
fn one_stray_packet_changes_nothing() {
    let mut world = World::new();
    world.send(0..200, |_| Some(0.0));
    for at in [500.0, 1_500.0, 2_500.0] {
        let stray = Packet { sequence: 7, timestamp: 2_000_000_000, ..packet(3) };
        world.deliver(at, stray);
    }
    world.run(3_900.0);
    assert_eq!(world.figures().restarts, 0, "no new stream");
    assert_eq!(world.figures().refused, 3, "they belong nowhere");
    assert_eq!(world.figures().concealed_samples, 0, "nothing was missing");
}

#[test]
fn a_stall_is_played_late_and_the_delay_comes_back() {
    let mut world = World::new();
    let stalled = |number: u32| (100..106).contains(&number);
    world.send(0..1_000, |number| {
        Some(if stalled(number) { f64::from(106 - number) * 20.0 } else { 0.0 })
    });
    world.run(2_180.0);
    assert!(world.delay_ms() > 60.0, "the delay has grown to {} ms", world.delay_ms());
    world.run(2_400.0);
    assert!(frames(&world).contains(&102), "what was late is played: {:?}", frames(&world));
    world.run(19_900.0);
    assert!(world.delay_ms() <= 22.5, "and is {} ms in the end", world.delay_ms());
}

#[test]
fn a_longer_path_is_got_used_to() {
    let mut world = World::new();
    world.send(0..2_000, |number| Some(if number < 500 { 0.0 } else { 800.0 }));
    world.run(12_000.0);
    let before = world.figures();
    world.run(39_000.0);
    let figures = world.figures();
    let concealed = figures.concealed_samples - before.concealed_samples;
    assert!(concealed < 48_000 / 4, "{} ms were made up", concealed / 48);
    assert!(world.delay_ms() <= 22.5, "the delay is {} ms", world.delay_ms());
}

#[test]
fn a_sender_that_stops_fades_and_comes_back() {
    let mut world = World::with_scale(1e-7);
    world.send(0..100, |_| Some(0.0));
    world.send(200..300, |_| Some(0.0));
    world.run(2_200.0);
    assert_eq!(world.played.last(), Some(&Played::Concealed), "at first it is made up");
    world.run(2_500.0);
    assert_eq!(world.played.last(), Some(&Played::Silence), "then it is silent");
    assert_eq!(world.out, [0.0; PULL], "wholly");
    assert_eq!(world.jitter.playout(), None, "and nowhere in the sender's time");
    world.run(4_200.0);
    assert_eq!(world.played.last(), Some(&Played::Sound), "sound is back");
    assert!(world.delay_ms() <= 42.5, "with a delay of {} ms", world.delay_ms());
}

#[test]
fn what_is_no_opus_is_made_up() {
    let mut world = World::new();
    world.send(0..100, |number| (number != 50).then_some(0.0));
    world.deliver(1_040.0, Packet { payload: vec![1, 2, 3], ..packet(50) });
    world.deliver(1_050.0, Packet { payload: Vec::new(), ..packet(50) });
    world.deliver(1_050.0, Packet { payload: vec![0; 100_000], ..packet(50) });
    world.run(1_900.0);
    assert_eq!(world.figures().refused, 3, "none of them was taken");
    assert!(frames(&world).last() >= Some(&90), "the others were played");
    assert_eq!(frames(&world).iter().find(|frame| **frame == 50), Some(&50), "and one mended");
}

#[test]
fn packets_that_overlap_cost_no_more_than_others() {
    let mut world = World::new();
    world.send(0..50, |_| Some(0.0));
    for i in 0..400_u32 {
        let content = Content { index: 48_000 + i, samples: 5_760, mends: false, pause: false };
        world.deliver(
            1_050.0,
            Packet {
                sequence: SEQUENCE.wrapping_add(50 + i as u16),
                timestamp: TIMESTAMP.wrapping_add(48_000 + i),
                payload: content.payload(),
                redundant: false,
            },
        );
    }
    world.run(1_050.0);
    for _ in 0..100 {
        let before = world.heard().len();
        world.run(world.now + 10.0);
        let decoded = world.heard().len() - before;
        assert!(decoded <= MOST_DECODED + 2, "{decoded} frames in a pull");
    }
}

#[test]
fn a_buffer_that_nobody_pulls_stays_small() {
    let mut world = World::new();
    for number in 0..5_000 {
        world.jitter.insert(world.instant(f64::from(number) * 20.0), packet(number));
    }
    assert!(world.jitter.waiting.len() <= MOST_WAITING, "{} wait", world.jitter.waiting.len());
}

#[test]
fn the_playout_is_the_sound_that_is_pulled() {
    let mut world = World::new();
    world.send(0..500, |number| Some(f64::from(number * 7 % 30)));
    for _ in 0..900 {
        world.run(world.now + 10.0);
        let Some(playout) = world.jitter.playout() else { continue };
        let said = playout.timestamp.wrapping_sub(TIMESTAMP);
        let index = world.jitter.decoder.index(world.out[0]);
        if index > 1_000.0 {
            let apart = (index - f64::from(said)).abs();
            assert!(apart < 720.0, "{apart} samples apart at {} ms", world.now);
        }
        assert_eq!(playout.at, world.instant(world.now - 10.0), "at the time of the pull");
    }
}

#[test]
fn pulls_in_pairs_are_served_as_well() {
    let mut world = World::new();
    world.send(0..500, |_| Some(0.0));
    for pair in 0..450 {
        world.now = f64::from(pair) * 20.0 + 3.0;
        world.run(world.now + 10.0);
        world.now -= 10.0;
        world.run(world.now + 10.0);
    }
    assert_eq!(world.figures().concealed_samples, 0, "nothing was missing");
    assert!(world.delay_ms() <= 45.0, "the delay is {} ms", world.delay_ms());
}

/// Something like a vowel, said again and again, at a second.
fn vowel(at: f32) -> f32 {
    let pitch = 0.8 * (at * 17.0).sin() + std::f32::consts::TAU * 120.0 * at;
    let harmonic = |number: u8| (pitch * f32::from(number)).sin() / (1.0 + f32::from(number));
    let loudness = 0.11 + 0.09 * (at * 25.0).sin();
    (1..20).map(harmonic).sum::<f32>() * loudness
}

/// A vowel through the real codec, with the given packets lost.
fn speak(lost: impl Fn(u32) -> bool) -> (Figures, Vec<f32>) {
    let mut encoder = Encoder::new().unwrap();
    let mut jitter = Jitter::new(Decoder::new().unwrap());
    let world = World::new();
    let mut heard = Vec::new();
    for pull in 0..400_u32 {
        let now = world.instant(f64::from(pull) * 10.0);
        let number = pull / 2;
        if pull % 2 == 0 {
            let start = number as usize * FRAME;
            let sound: Vec<f32> = (start..start + FRAME).map(|i| vowel(i as f32 / 48e3)).collect();
            let payload = encoder.encode(&sound.try_into().unwrap()).unwrap();
            if !lost(number) {
                jitter.insert(now, Packet { payload, ..packet(number) });
            }
        }
        let mut out = [0.0; PULL];
        jitter.pull(now, &mut out);
        heard.extend(out);
    }
    (*jitter.figures(), heard)
}

#[test]
fn sound_comes_through_the_codec() {
    let (figures, heard) = speak(|_| false);
    assert_eq!(figures.concealed_samples, 0, "nothing was missing");
    let second = &heard[48_000..96_000];
    let power = second.iter().map(|sample| sample * sample).sum::<f32>() / second.len() as f32;
    let said = (48_000..96_000).map(|i| vowel(i as f32 / 48e3).powi(2)).sum::<f32>() / 48e3;
    let ratio = (power / said).sqrt();
    assert!((0.8..1.2).contains(&ratio), "as loud as it was, times {ratio}");
}

#[test]
fn losses_leave_no_holes_in_the_sound() {
    let (figures, heard) = speak(|number| number % 10 == 5 || number % 50 == 6);
    assert!(figures.mended >= 12, "the codec's copies were used: {figures:?}");
    assert!(figures.concealed_samples > 0, "what has no copy is made up: {figures:?}");
    for (i, piece) in heard[9_600..].chunks(PULL).enumerate() {
        let loudest = piece.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!(loudest > 0.008, "a hole at {} ms", 200 + i * 10);
    }
}
