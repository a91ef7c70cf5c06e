//! People who block each other while a call rings or goes on, and sockets that are lost again while
//! they come back.

use bellwire_core::Input;
use bellwire_core::api::{Alert, CallStage};
use bellwire_protocol::{EndReason, Media, RelayFrame, RelayMessage};

use crate::world::World;

/// Longer than a call rings.
const RUNG_OUT_MS: u64 = 62_000;

#[test]
fn blocking_the_caller_stops_the_ringing_and_is_no_missed_call() {
    let mut world = World::new(1, &[1, 2, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.part(1, 0);
    world.run(300);
    for node in [1, 2] {
        assert!(world.home(node).rings.is_empty(), "device {node} is silent");
        assert!(!world.has_alert(node, |alert| matches!(alert, Alert::Missed { .. })));
        assert!(world.nodes[node].executor.pcs.is_empty());
    }
    assert!(
        matches!(world.stage(0), Some(CallStage::Dialling { ringing: true })),
        "the caller notices nothing"
    );
    world.reload(2);
    world.run(1_000);
    assert!(world.home(2).rings.is_empty(), "nor does it ring for a device that comes later");
    world.run(RUNG_OUT_MS);
    assert!(matches!(world.ended(0), Some(EndReason::NoAnswer | EndReason::Unreachable)));
}

#[test]
fn an_accept_that_crosses_with_the_block_opens_nothing() {
    for seed in 0..100 {
        let mut world = World::new(seed, &[1, 2]);
        world.place(0, Media::Video);
        world.run(300);
        world.part(1, 0);
        let wait = world.dice.roll(40);
        world.run(wait);
        world.accept(1, Media::Video);
        world.run(RUNG_OUT_MS);
        assert!(!world.is_in_call(0) && !world.is_in_call(1), "seed {seed}");
        assert_eq!(world.relay.live_calls(), 0, "seed {seed}");
    }
}

#[test]
fn a_live_call_ends_for_both_when_one_blocks_the_other() {
    for (by, other) in [(0, 1), (1, 0)] {
        let mut world = World::new(2, &[1, 2]);
        world.connect(Media::Video);
        world.part(by, other);
        world.run(300);
        for node in [0, 1] {
            assert_eq!(world.ended(node), Some(EndReason::Ended), "device {node}");
            assert!(world.nodes[node].executor.pcs.is_empty(), "device {node} lets go");
        }
    }
}

#[test]
fn a_session_survives_sockets_that_are_lost_while_they_come_back() {
    for seed in 0..100 {
        let mut world = World::new(seed, &[1, 2]);
        world.place(0, Media::Voice);
        world.run(300);
        let begun = world.relay.begun;
        world.set_link(0, false);
        world.accept(1, Media::Voice);
        for _ in 0..6 {
            world.set_link(0, true);
            let wait = world.dice.roll(200);
            world.run(wait);
            world.set_link(0, false);
            let wait = world.dice.roll(200);
            world.run(wait);
        }
        world.set_link(0, true);
        world.run(8_000);
        assert!(world.is_connected(0) && world.is_connected(1), "seed {seed}");
        assert_eq!(world.relay.begun, begun, "seed {seed}: every welcome can be lost");
    }
}

#[test]
fn a_call_whose_conversation_is_gone_keeps_its_name() {
    let mut world = World::new(3, &[1, 2]);
    world.connect(Media::Voice);
    for node in [0, 1] {
        let name = world.call(node).unwrap().name.clone();
        assert_eq!(name, format!("User {}", 2 - node));
        let conversation = world.conversation;
        let message = RelayMessage::ConversationRemoved { conversation };
        world.input(node, Input::Relay(RelayFrame { seq: 10_000, message }));
        assert!(world.home(node).conversations.iter().all(|view| view.id != conversation));
        assert_eq!(world.call(node).unwrap().name, name, "device {node}, in the call");
    }
    world.hang_up(0);
    world.run(300);
    for node in [0, 1] {
        assert!(world.ended(node).is_some());
        assert_eq!(world.call(node).unwrap().name, format!("User {}", 2 - node), "and after it");
    }
}
