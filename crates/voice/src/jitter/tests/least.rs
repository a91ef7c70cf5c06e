//! A least delay that somebody asks for.

use super::super::*;
use super::world::World;

const LEAST: Duration = Duration::from_millis(200);

/// An even network, a least delay asked for at 4 s and taken back at 10 s; the delay at every 10 ms.
fn come_and_go(least: Duration, scale: f32) -> (World, Vec<f64>) {
    let mut world = World::with_scale(scale);
    world.send(0..1_000, |_| Some(0.0));
    let mut delays = Vec::new();
    for pull in 0..1_800 {
        match pull {
            400 => world.jitter.set_least(least),
            1_000 => world.jitter.set_least(Duration::ZERO),
            _ => {}
        }
        world.run(f64::from(pull + 1) * 10.0);
        delays.push(world.delay_ms());
    }
    (world, delays)
}

#[test]
fn a_least_delay_is_reached_and_left_by_stretching() {
    for scale in [1e-12, 1e-7] {
        let (world, delays) = come_and_go(LEAST, scale);
        assert!(delays[399] <= 36.0, "nobody asked yet: {} ms", delays[399]);
        // In speech, 15 ms are not worth a splice.
        assert!((180.0..=225.0).contains(&delays[999]), "as was asked: {} ms", delays[999]);
        assert!(delays[1_799] <= 36.0, "and back: {} ms", delays[1_799]);
        let figures = world.figures();
        assert_eq!((figures.jumps, figures.concealed_samples), (0, 0), "nothing is left out");
        assert!(figures.inserted_samples >= 140 * 48, "it was put in: {figures:?}");
    }
}

#[test]
fn a_least_delay_comes_and_goes_by_a_tenth_of_the_time() {
    let (_, delays) = come_and_go(Duration::from_millis(400), 1e-12);
    for second in delays[100..].windows(100) {
        let change = (second[99] - second[0]).abs();
        // A splice more or less lies at either end.
        assert!(change <= 100.0 + 30.0, "{change} ms in a second");
    }
}

#[test]
fn more_than_400_ms_are_not_waited_for() {
    let (_, delays) = come_and_go(Duration::MAX, 1e-12);
    assert!((395.0..=425.0).contains(&delays[999]), "as much as there is: {} ms", delays[999]);
}

#[test]
fn less_than_packets_need_changes_nothing() {
    let (_, delays) = come_and_go(Duration::from_millis(8), 1e-12);
    let (_, without) = come_and_go(Duration::ZERO, 1e-12);
    assert_eq!(delays, without, "packets need more");
}

#[test]
fn sound_that_begins_has_the_least_delay_at_once() {
    let mut world = World::new();
    world.jitter.set_least(LEAST);
    world.send(0..100, |_| Some(0.0));
    world.run(500.0);
    let delay = world.delay_ms();
    assert!((195.0..=215.0).contains(&delay), "it begins with it: {delay} ms");
    assert_eq!(world.figures().inserted_samples, 0, "without stretching");
}

#[test]
fn what_was_asked_for_is_told_from_what_packets_need() {
    let mut world = World::new();
    world.send(0..500, |number| Some(f64::from(number * 7 % 30)));
    world.run(5_000.0);
    let before = world.jitter.playout().expect("it plays");
    assert_eq!(before.asked, Duration::ZERO, "nobody asked");
    world.jitter.set_least(LEAST);
    world.run(9_000.0);
    let playout = world.jitter.playout().expect("it plays");
    let needed = playout.waited.saturating_sub(playout.asked);
    let apart = needed.abs_diff(before.waited);
    assert!(apart <= Duration::from_millis(20), "the rest is as before: {needed:?} {before:?}");
    assert!(playout.asked >= Duration::from_millis(140), "and was asked for: {playout:?}");
}
