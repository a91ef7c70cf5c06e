//! A device moves to another network: its socket to the relay is dead and says nothing, and so is its
//! path to the other device until ICE restarts.

use std::collections::BTreeSet;

use bellwire_core::api::PeerEvent;
use bellwire_core::{Input, LinkEvent};
use bellwire_protocol::{ClientMessage, Media, OfferId};

use crate::hostile::Prey;
use crate::world::World;

/// Both the old path and the old socket are gone at the same moment.
fn moved(seed: u64) -> World {
    let mut world = World::new(seed, &[1, 2]);
    world.connect(Media::Voice);
    world.run(6_000);
    world.strand(0);
    world.break_paths();
    world
}

/// Runs for `ms` and asserts that nobody is shown as reconnecting in between.
fn run_unshown(world: &mut World, ms: u64, what: &str) {
    for _ in 0..ms / 100 {
        world.run(100);
        assert!(world.is_connected(0) && world.is_connected(1), "{what} at {} ms", world.now);
    }
}

#[test]
fn whoever_moves_with_a_hint_is_back_before_anybody_is_told() {
    for seed in 0..50 {
        let mut world = moved(seed);
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        run_unshown(&mut world, 30_000, &format!("seed {seed}"));
        assert_eq!(world.nodes[0].executor.pcs.len(), 1, "on the same connection, seed {seed}");
    }
}

#[test]
fn whoever_moves_without_a_hint_is_back_two_and_a_half_seconds_later() {
    for seed in 0..50 {
        let mut world = moved(seed);
        world.run(2_500);
        run_unshown(&mut world, 30_000, &format!("seed {seed}"));
        assert_eq!(world.nodes[0].executor.pcs.len(), 1, "on the same connection, seed {seed}");
    }
}

#[test]
fn a_socket_that_dies_alone_is_replaced_as_soon_as_there_is_a_hint() {
    for seed in 0..50 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Voice);
        world.strand(0);
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        world.run(1_000);
        world.hang_up(1);
        world.run(1_000);
        assert!(!world.is_in_call(0), "it hears of the end, seed {seed}");
        assert!(world.races >= 1, "over the second socket, seed {seed}");
    }
}

#[test]
fn where_both_sockets_fail_the_ladder_goes_on_and_the_call_comes_back() {
    for seed in 0..50 {
        let mut world = moved(seed);
        world.dark = true;
        world.refuse_sockets(0, true);
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        world.run(10_000);
        assert!(world.is_in_call(0) && world.is_in_call(1), "nobody gives up, seed {seed}");
        world.dark = false;
        world.refuse_sockets(0, false);
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        world.run(3_000);
        run_unshown(&mut world, 20_000, &format!("seed {seed}"));
    }
}

#[test]
fn hints_without_end_open_few_sockets_and_replace_none_that_lives() {
    for seed in 0..10 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Voice);
        let opened = world.opened(0);
        for _ in 0..600 {
            world.input(0, Input::Link(LinkEvent::NetworkChanged));
            world.run(100);
            assert!(world.is_connected(0) && world.is_connected(1), "nothing breaks, seed {seed}");
        }
        assert!(world.races <= 16, "{} in a minute, seed {seed}", world.races);
        assert_eq!(world.opened(0), opened, "the first socket answers, and stays, seed {seed}");
    }
}

#[test]
fn a_relay_that_never_answers_a_ping_does_not_make_a_client_loop() {
    let mut prey = Prey::new(1, None);
    prey.serve();
    for _ in 0..6_000 {
        prey.input(Input::Link(LinkEvent::NetworkChanged));
        prey.now += 100;
        prey.input(Input::Tick);
        // Time may pass meanwhile.
        prey.serve();
    }
    let opened = u64::try_from(prey.connects + prey.races).unwrap();
    let minutes = prey.now.div_ceil(60_000);
    assert!(opened <= minutes * 24 + 8, "{opened} sockets in {minutes} minutes");
}

/// The offers among what was sent, each once.
fn offered(sent: &[ClientMessage]) -> BTreeSet<OfferId> {
    let offer = |message: &ClientMessage| {
        if let ClientMessage::SdpOffer { offer_id, .. } = message { Some(*offer_id) } else { None }
    };
    sent.iter().filter_map(offer).collect()
}

#[test]
fn neither_end_restarts_again_while_a_browser_waits_for_the_other_network_to_settle() {
    for seed in 0..50 {
        let mut world = moved(seed);
        let before = [world.nodes[0].sent.len(), world.nodes[1].sent.len()];
        world.dark = true;
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        world.run(3_900);
        world.dark = false;
        world.run(1_000);
        assert!(world.is_connected(0) && world.is_connected(1), "seed {seed}");
        let offers = [0, 1].map(|node| offered(&world.nodes[node].sent[before[node]..]).len());
        assert_eq!(offers, [1, 0], "seed {seed}");
    }
}

#[test]
fn one_move_is_one_restart_which_is_said_again_where_a_dead_socket_swallowed_it() {
    for seed in 0..50 {
        let mut world = moved(seed);
        // Longer until the fresh socket is welcomed than two restarts for hints stay apart.
        world.delay = 200;
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        let before = world.nodes[0].sent.len();
        world.run(2_500);
        let offers = offered(&world.nodes[0].sent[before..]);
        assert!(world.races >= 1, "seed {seed}");
        assert_eq!(offers.len(), 1, "seed {seed}");
    }
}

#[test]
fn an_own_address_that_is_new_is_a_hint() {
    for seed in 0..50 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Voice);
        world.input(0, Input::Link(LinkEvent::NetworkChanged));
        world.run(6_000);
        let (opened, races) = (world.opened(0), world.races);
        let found = |address: &str| PeerEvent::Candidate {
            ufrag: String::new(),
            mid: "0".into(),
            candidate: format!("candidate:1 1 udp 1 {address} 5000 typ host"),
        };
        let peer = world.nodes[0].executor.pcs.keys().next().copied().expect("a connection");
        world.input(0, Input::Peer(peer, found("192.0.2.7")));
        world.run(1_000);
        assert_eq!(world.opened(0), opened, "a socket that lives stays, seed {seed}");
        assert_eq!(world.races, races + 1, "it was asked, seed {seed}");
        world.input(0, Input::Peer(peer, found("192.0.2.7")));
        assert_eq!(world.races, races + 1, "once for each address, seed {seed}");
        world.strand(0);
        world.input(0, Input::Peer(peer, found("192.0.2.8")));
        world.run(1_000);
        assert_eq!(world.opened(0), opened + 1, "one that is dead is replaced, seed {seed}");
    }
}
