//! Random people on random networks. A seed makes the whole run; a failing one is printed and can be
//! run alone with `BELLWIRE_SEED=<seed>`, with more of them by `BELLWIRE_RUNS=<number>`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bellwire_core::api::{Command, Slot};
use bellwire_core::{Input, LinkEvent};
use bellwire_protocol::{EndReason, Media};

use crate::world::{Dice, World};

/// How many runs, unless `BELLWIRE_RUNS` says otherwise.
const RUNS: u64 = 10_000;

fn act(world: &mut World, trouble: bool) {
    let node = usize::try_from(world.dice.roll(world.nodes.len() as u64)).unwrap();
    let media = if world.dice.percent(50) { Media::Voice } else { Media::Video };
    match world.dice.roll(if trouble { 20 } else { 11 }) {
        0..=2 => world.place(node, media),
        3..=5 => {
            world.accept(node, media);
        }
        6 => world.decline(node),
        7 => world.hang_up(node),
        8 => {
            let slot = if world.dice.percent(50) { Slot::Audio } else { Slot::Camera };
            let on = world.dice.percent(50);
            world.command(node, Command::SetSlot { slot, on });
        }
        9 => {
            let conversation = world.conversation;
            world.command(node, Command::SendChat { conversation, text: "hello".into() });
        }
        10 => {
            if let Some(call) = world.call(node).map(|call| call.id) {
                world.command(node, Command::DismissCall { call });
            }
        }
        11 | 12 => world.set_link(node, false),
        13 | 14 => world.set_link(node, true),
        15 => world.reload(node),
        16 => world.break_paths(),
        17 => world.input(node, Input::Link(LinkEvent::NetworkChanged)),
        18 => {
            let ms = world.dice.roll(10_000);
            world.sleep(node, ms);
        }
        _ => world.restart_relay(300),
    }
}

/// One life of two people with two or three devices. What must hold after every single input is
/// checked by the world: no connection and no open microphone outside Accept to hang-up.
fn run(seed: u64) {
    let mut dice = Dice(seed ^ 0xBE11);
    let trouble = dice.percent(50);
    let users: &[u8] = if dice.percent(50) { &[1, 2] } else { &[1, 2, 2] };
    let mut world = World::new(seed, users);
    world.delay = 1 + dice.roll(150);
    world.loss = dice.roll(20);
    world.relay.duplicate = dice.percent(25);
    world.place(0, Media::Video);
    for _ in 0..3 + dice.roll(12) {
        let longest = if dice.percent(70) { 300 } else { 4_000 };
        let pause = dice.roll(longest);
        world.run(pause);
        act(&mut world, trouble);
    }
    for node in 0..world.nodes.len() {
        world.set_link(node, true);
    }
    world.loss = 0;
    // At most as long as every backoff, ladder, ring and seat takes.
    for _ in 0..20 {
        world.run(5_000);
        if is_settled(&world) {
            break;
        }
    }
    agree(&world, trouble);
    for node in 0..world.nodes.len() {
        if world.is_in_call(node) {
            world.hang_up(node);
            world.run(2_000);
        }
    }
    world.run(2_000);
    for node in 0..world.nodes.len() {
        assert!(!world.is_in_call(node), "device {node} is in a call that everybody left");
        assert!(world.nodes[node].executor.pcs.is_empty(), "device {node} keeps a connection");
        assert!(!world.nodes[node].executor.mic(), "device {node} keeps its microphone open");
        assert!(world.home(node).rings.is_empty(), "device {node} rings for nothing");
    }
    assert_eq!(world.relay.live_calls(), 0, "the relay keeps a call that everybody left");
}

/// Nobody waits for anything.
fn is_settled(world: &World) -> bool {
    let inside = (0..world.nodes.len()).filter(|node| world.is_in_call(*node)).count();
    let is_quiet = |node| {
        world.is_awake(node)
            && world.home(node).rings.is_empty()
            && (!world.is_in_call(node) || world.is_connected(node))
    };
    (inside == 0 || inside == 2) && (0..world.nodes.len()).all(is_quiet)
}

/// Both sides have the same outcome.
fn agree(world: &World, trouble: bool) {
    let inside: Vec<usize> =
        (0..world.nodes.len()).filter(|node| world.is_in_call(*node)).collect();
    assert!(inside.is_empty() || inside.len() == 2, "{inside:?} are in a call");
    if let [one, other] = inside[..] {
        assert!(
            world.is_connected(one) && world.is_connected(other),
            "{:?} {:?}",
            world.stage(one),
            world.stage(other)
        );
        assert_eq!(
            world.call(one).unwrap().id,
            world.call(other).unwrap().id,
            "it is the same call"
        );
        assert_ne!(world.nodes[one].user, world.nodes[other].user, "of two people");
    }
    if trouble {
        return;
    }
    for node in 0..world.nodes.len() {
        for other in 0..node {
            let (Some(reason), Some(their_reason)) = (world.ended(node), world.ended(other)) else {
                continue;
            };
            let (call, their_call) = (world.call(node).unwrap(), world.call(other).unwrap());
            let same_user = world.nodes[node].user == world.nodes[other].user;
            // One device took it and hung up at once, while another refused it.
            let reasons = [reason, their_reason];
            let forked = world.nodes.len() > 2
                && reasons.contains(&EndReason::Ended)
                && reasons.contains(&EndReason::Declined);
            if forked {
                continue;
            }
            if call.id == their_call.id && !same_user && !is_own(reason) && !is_own(their_reason) {
                assert_eq!(reason, their_reason, "the two sides agree how it ended");
            }
        }
    }
}

/// Reasons that one side gives alone: it gave up, or was too late.
fn is_own(reason: EndReason) -> bool {
    matches!(
        reason,
        EndReason::Cancelled | EndReason::AnsweredElsewhere | EndReason::DeclinedElsewhere
    )
}

#[test]
fn random_interleavings_leave_both_sides_with_the_same_outcome() {
    if let Some(seed) = std::env::var("BELLWIRE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        run(seed);
        return;
    }
    let runs =
        std::env::var("BELLWIRE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let workers = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    (0..runs)
                        .filter(|seed| seed % workers == worker)
                        .find(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed))).is_err())
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok().flatten()).collect()
    });
    assert!(
        failed.is_empty(),
        "run again with BELLWIRE_SEED={}",
        failed.first().copied().unwrap_or_default()
    );
}
