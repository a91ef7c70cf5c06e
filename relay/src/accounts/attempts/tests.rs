#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::{DeviceId, UserId};

use super::super::source::Source;
use super::{Attempts, KEYS, Quota};
use crate::network::Network;

const MINUTE: u64 = 60_000;

fn from(n: u32, known: bool) -> Source {
    Source::of(network(n), known)
}

fn network(n: u32) -> Network {
    Network::of(std::net::IpAddr::from((n << 8).to_be_bytes()))
}

/// A device that was signed in, in this network.
fn device(n: u8, at: u32) -> Source {
    Source::device(network(at), UserId::from_bytes([1; 16]), DeviceId::from_bytes([n; 16]))
}

/// How many of these tries are looked at.
fn looked_at(attempts: &mut Attempts<&'static str>, now: u64, by: Source, tries: u32) -> u32 {
    (0..tries).map(|_| u32::from(attempts.reserve(now, "ada", by).is_ok())).sum()
}

#[test]
fn tries_at_one_moment_are_counted_before_they_are_looked_at() {
    let mut attempts = Attempts::default();
    let by = from(1, false);
    assert_eq!(looked_at(&mut attempts, 0, by, 60), 5);
    assert_eq!(attempts.reserve(0, "ada", by).unwrap_err(), 2 * MINUTE, "one at a time after them");
    assert_eq!(looked_at(&mut attempts, 2 * MINUTE, by, 60), 1);
    assert_eq!(looked_at(&mut attempts, 12 * MINUTE, by, 60), 5, "what was left alone comes back");
    assert!(attempts.reserve(12 * MINUTE, "grace", by).is_ok(), "another account");
}

#[test]
fn what_is_tried_from_elsewhere_shuts_nobody_out() {
    let mut attempts = Attempts::default();
    // A day of guessing as often as it goes from one network.
    for now in (0..1_440).map(|minute| minute * MINUTE) {
        looked_at(&mut attempts, now, from(1, false), 10);
        for (network, known) in [(2, true), (3, false)] {
            let owner = attempts.reserve(now, "ada", from(network, known)).unwrap();
            attempts.right(owner);
        }
    }
}

#[test]
fn many_networks_together_have_one_budget_which_leaves_known_ones_alone() {
    let mut attempts = Attempts::default();
    let tries = (0..1_000).map(|n| looked_at(&mut attempts, 0, from(n, false), 5));
    assert_eq!(tries.sum::<u32>(), 50);
    let wait = attempts.reserve(0, "ada", from(2_000, false)).unwrap_err();
    assert_eq!(wait, MINUTE);
    for _ in 0..100 {
        let owner = attempts.reserve(0, "ada", from(2_000, true)).unwrap();
        attempts.right(owner);
    }
    assert_eq!(
        looked_at(&mut attempts, MINUTE, from(2_000, false), 5),
        1,
        "a new one every minute"
    );
    assert_eq!(
        attempts.reserve(MINUTE, "ada", from(2_001, false)).unwrap_err(),
        MINUTE,
        "a refusal of all takes nothing from one network, nor from all"
    );
}

#[test]
fn a_device_that_was_signed_in_has_a_budget_of_its_own_wherever_it_is() {
    let mut attempts = Attempts::default();
    for n in 0..1_000 {
        looked_at(&mut attempts, 0, from(n, false), 5);
    }
    for at in 0..1_000 {
        let owner = attempts.reserve(0, "ada", device(1, at)).unwrap();
        attempts.right(owner);
    }
    let thief = (0..1_000).map(|at| looked_at(&mut attempts, 0, device(2, at), 5));
    assert_eq!(thief.sum::<u32>(), 5, "one budget on all networks");
    assert_eq!(attempts.reserve(0, "ada", device(2, 9)).unwrap_err(), 2 * MINUTE);
    assert!(attempts.reserve(0, "ada", device(1, 9)).is_ok(), "another device's is another");
    assert!(attempts.reserve(0, "ada", from(2_000, true)).is_ok());
    assert_eq!(attempts.reserve(0, "ada", from(2_000, false)).unwrap_err(), MINUTE);
}

#[test]
fn what_was_right_or_never_looked_at_costs_nothing() {
    let mut attempts = Attempts::default();
    let by = from(1, false);
    for _ in 0..200 {
        let reserved = attempts.reserve(0, "ada", by).unwrap();
        attempts.unseen(reserved);
    }
    assert_eq!(looked_at(&mut attempts, 0, by, 4), 4);
    let reserved = attempts.reserve(0, "ada", by).unwrap();
    attempts.right(reserved);
    assert_eq!(looked_at(&mut attempts, 0, by, 9), 5, "the mistypes before it are forgotten");
}

#[test]
fn a_quota_is_for_a_window() {
    let mut quota = Quota::new(2, 1_000);
    assert_eq!(quota.take(0, 1), Ok(()));
    assert_eq!(quota.take(400, 1), Ok(()));
    assert_eq!(quota.take(400, 1), Err(600));
    assert_eq!(quota.take(400, 2), Ok(()));
    assert_eq!(quota.take(1_000, 1), Ok(()));
}

#[test]
fn a_flood_of_keys_pushes_out_the_oldest_and_fills_no_memory() {
    let (mut attempts, mut quota) = (Attempts::default(), Quota::new(1, 1_000_000));
    for now in 0..3 * KEYS as u64 {
        assert!(attempts.reserve(now, now, from(1, false)).is_ok());
        assert_eq!(quota.take(now, now), Ok(()));
        assert!(attempts.from_one.len() <= KEYS && attempts.from_strangers.len() <= KEYS);
        assert!(quota.used.len() <= KEYS);
    }
    let last = 3 * KEYS as u64 - 1;
    assert!(attempts.from_strangers.contains_key(&last));
    assert!(!attempts.from_strangers.contains_key(&0));
    assert!(quota.take(last, last).is_err(), "the newest are still counted");
    // All at one moment: there is no older half.
    for key in 0..3 * KEYS as u64 {
        assert!(attempts.reserve(last, key, from(2, false)).is_ok());
        assert!(attempts.from_one.len() <= KEYS && attempts.from_strangers.len() <= KEYS);
    }
}
