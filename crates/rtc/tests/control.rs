//! The controller drives an encoder over real connections and emulated paths, in virtual time.
//!
//! Seeds fix the network and the encoder. str0m's keys and numbers are random in every run, so that
//! two runs of one seed differ a little: what is demanded of a single run is wider than what is
//! demanded of the middle one.

#![allow(clippy::print_stderr, reason = "a failed run can be repeated with its seed")]

mod lab;

use std::fmt::Debug;
use std::time::Duration;

use lab::scenes::{self, ms, s};

/// Plays a scene with three seeds.
fn played<T: Debug>(scene: impl Fn(u64) -> T) -> Vec<T> {
    let play = |seed: u64| {
        let outcome = scene(seed);
        eprintln!("seed {seed}: {outcome:?}");
        outcome
    };
    (1..=3).map(play).collect()
}

/// The middle of three.
fn middle<T, V: PartialOrd + Copy>(outcomes: &[T], value: impl Fn(&T) -> V) -> V {
    let mut values: Vec<V> = outcomes.iter().map(value).collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("comparable"));
    values[values.len() / 2]
}

/// Never, as a time.
const NEVER: Duration = Duration::from_secs(3_600);

#[test]
fn after_a_sudden_drop_the_picture_moves_again_soon_and_a_wide_path_is_found_again() {
    let steps = played(scenes::sudden_drop);
    for step in &steps {
        assert!(step.moves_after.is_some_and(|it| it <= s(3)), "it moves again: {step:?}");
        assert!(step.frozen <= ms(2_600), "as in the trial at worst: {step:?}");
        assert!(step.found_after.is_some_and(|it| it <= s(8)), "found again: {step:?}");
        assert!(step.ordered_after.is_some_and(|it| it <= s(8)), "and used: {step:?}");
        assert!(step.queue_p95 <= ms(300), "no queue remains: {step:?}");
        assert!(step.used >= 0.6, "the narrow path is used: {step:?}");
        assert_eq!(step.resends, 0, "resends would fill the queue again: {step:?}");
    }
    let moves = middle(&steps, |it| it.moves_after.unwrap_or(NEVER));
    assert!(moves <= ms(1_500), "moves again after {moves:?}");
    let frozen = middle(&steps, |it| it.frozen);
    assert!(frozen <= ms(1_300), "half of what the trial froze: {frozen:?}");
    let used = middle(&steps, |it| it.used);
    assert!(used >= 0.7, "{used} of the narrow path");
}

fn steady(rate: u64) {
    let runs = played(|seed| scenes::steady(seed, rate, 0.0));
    for run in &runs {
        assert!(run.queue_p95 <= ms(200), "no queue stands: {run:?}");
        assert!(run.standing <= ms(1_500), "nor for long: {run:?}");
        assert!(run.frozen <= s(2), "the picture moves: {run:?}");
        assert!(run.sizes <= 6, "the size is calm: {run:?}");
    }
    let used = middle(&runs, |it| it.used);
    assert!(used >= 0.75, "{used} of {rate} bit/s is used");
    let frozen = middle(&runs, |it| it.frozen);
    assert!(frozen <= ms(500), "the picture moves: {frozen:?}");
}

#[test]
fn a_path_of_400_kbit_is_used_without_a_queue() {
    steady(400_000);
}

#[test]
fn a_path_of_1500_kbit_is_used_without_a_queue() {
    steady(1_500_000);
}

#[test]
fn a_path_of_3_mbit_is_used_up_to_the_ceiling() {
    steady(3_000_000);
}

#[test]
fn random_loss_does_not_starve_the_picture() {
    for run in played(|seed| scenes::steady(seed, 3_000_000, 0.05)) {
        assert!(run.used >= 0.7, "5 % lost packets take no bitrate: {run:?}");
        assert!(run.frozen <= s(3), "they are sent again in time: {run:?}");
        assert!(run.keys <= 12, "without a flood of key frames: {run:?}");
    }
    let runs = played(|seed| scenes::steady(seed, 3_000_000, 0.2));
    let used = middle(&runs, |it| it.used);
    assert!(used >= 0.2, "20 % halve it at most twice: {used}");
    for run in &runs {
        assert!((1..=2).contains(&run.resends), "more is sent again, for good: {run:?}");
    }
    let frozen = middle(&runs, |it| it.frozen);
    assert!(frozen <= s(12), "key frames arrive, with a few missing parts resent: {frozen:?}");
}

#[test]
fn after_a_blackout_a_key_frame_comes_unasked() {
    let runs = played(scenes::blackout);
    for run in &runs {
        assert!(run.key_after.is_some_and(|it| it <= ms(400)), "nobody asked: {run:?}");
    }
    let moves = middle(&runs, |it| it.moves_after.unwrap_or(NEVER));
    assert!(moves <= s(2), "the picture moves after {moves:?}");
}

#[test]
fn a_path_for_sound_alone_is_left_to_sound() {
    for run in played(scenes::narrow) {
        assert!(run.held >= 0.8, "the picture is held: {run:?}");
        assert!(run.heard >= 0.8, "sound goes on: {run:?}");
        assert!(run.back_after.is_some_and(|it| it <= s(8)), "and the picture is back: {run:?}");
    }
}
