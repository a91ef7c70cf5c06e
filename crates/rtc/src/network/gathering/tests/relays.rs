use turn_client_proto::types::message::{ALLOCATE, REFRESH};

use super::super::*;
use super::world::{World, address, place, setup};

const TURN: &str = "198.51.100.1:3478";

fn relay_only(urls: &[&str]) -> Setup {
    Setup { relay_only: true, ..setup(urls) }
}

fn with_turn(setup: &Setup) -> World {
    let mut world = World::new(setup);
    world.add_turn(TURN);
    world
}

#[test]
fn relay_only_offers_nothing_else_and_asks_nobody_else() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1", "stun:198.51.100.2"]));
    assert_eq!(world.take_said(), ["relay 198.51.100.1", "gathered"]);
    assert!(world.sockets.is_empty() && world.asked.is_empty(), "no socket, no question");
    world.addresses.push(address("192.0.2.77"));
    world.seconds(5);
    assert_eq!(world.take_said(), ["changed"], "a new address is no candidate either");
}

#[test]
fn a_turn_server_over_udp_answers_stun_questions_too() {
    let mut world = with_turn(&setup(&["turn:198.51.100.1"]));
    world.stun.insert(place(TURN), "203.0.113.9".parse().unwrap());
    let mut said = world.take_said();
    said.sort();
    let expected = [
        "gathered",
        "host 192.0.2.2",
        "host 2001:db8::2",
        "relay 198.51.100.1",
        "srflx 203.0.113.9",
    ];
    assert_eq!(said, expected);
}

#[test]
fn that_a_turn_server_answers_no_stun_question_is_no_trouble() {
    let mut world = with_turn(&setup(&["turn:198.51.100.1"]));
    world.seconds(20);
    assert_eq!(world.take_said().last().map(String::as_str), Some("gathered"));
}

#[test]
fn a_name_with_both_families_is_one_allocation_of_each() {
    let mut world = World::new(&relay_only(&["turn:turn.example"]));
    world.names.insert("turn.example".to_owned(), vec![place(TURN), place("[2001:db8::5]:1")]);
    world.add_turn(TURN);
    world.add_turn("[2001:db8::5]:3478");
    assert_eq!(world.take_said(), ["relay 198.51.100.1", "relay 2001:db8::5", "gathered"]);
    world.addresses.retain(|own| own.ip.is_ipv4());
    world.seconds(1);
    assert_eq!(world.take_said(), ["gone relay 2001:db8::5", "changed"]);
}

#[test]
fn a_family_that_this_machine_lacks_is_not_tried() {
    let mut world = World::new(&relay_only(&["turn:[2001:db8::5]"]));
    world.addresses = vec![address("192.0.2.2")];
    assert_eq!(world.take_said(), ["Turn Udp: unreachable", "gathered"]);
    assert!(world.links.is_empty(), "no way was tried");
}

#[test]
fn a_name_that_is_not_found_is_said_and_looked_for_again() {
    let mut world = World::new(&relay_only(&["turn:turn.example"]));
    world.add_turn(TURN);
    assert_eq!(world.take_said(), ["Turn Udp: the name cannot be resolved", "gathered"]);
    world.names.insert("turn.example".to_owned(), vec![place(TURN)]);
    world.seconds(1);
    assert_eq!(world.take_said(), ["relay 198.51.100.1"]);
}

#[test]
fn a_server_that_may_come_back_is_tried_ever_more_rarely() {
    let mut world = World::new(&relay_only(&["turn:198.51.100.1"]));
    assert_eq!(world.take_said(), ["Turn Udp: unreachable", "gathered"]);
    world.seconds(3_600);
    assert!(world.take_said().is_empty(), "one trouble is enough");
    let attempts = world.connects;
    assert!((120..130).contains(&attempts), "{attempts} attempts in an hour, one in 30 s");
    world.add_turn(TURN);
    world.seconds(31);
    assert_eq!(world.take_said(), ["relay 198.51.100.1"]);
}

#[test]
fn refused_credentials_are_not_tried_again() {
    let mut world = World::new(&relay_only(&["turn:198.51.100.1"]));
    world.add_turn(TURN);
    world.turn.get_mut(&place(TURN)).unwrap().refusals.push_back((ALLOCATE, 401));
    assert_eq!(world.take_said(), ["Turn Udp: credentials refused", "gathered"]);
    world.seconds(120);
    assert!(world.take_said().is_empty(), "the same ones cannot become right");
}

#[test]
fn an_allocation_that_its_server_forgot_is_replaced() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1"]));
    world.take_said();
    let fake = world.turn.get_mut(&place(TURN)).unwrap();
    fake.refusals.push_back((REFRESH, 437));
    fake.relayed = vec![place("198.51.100.2:50000")];
    world.seconds(1_750);
    let expected =
        ["gone relay 198.51.100.1", "Turn Udp: the allocation is lost", "relay 198.51.100.2"];
    assert_eq!(world.take_said(), expected);
    assert_eq!(world.links.len(), 1, "the old way is closed");
}

#[test]
fn what_hung_on_a_vanished_address_is_gone_and_replaced_from_another() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1"]));
    world.addresses.push(address("192.0.2.77"));
    world.take_said();
    world.addresses.retain(|own| *own != address("192.0.2.2"));
    world.seconds(1);
    let expected = ["gone relay 198.51.100.1", "changed", "relay 198.51.100.1"];
    let mut said = world.take_said();
    said.sort_by_key(|said| expected.iter().position(|it| it == said));
    assert_eq!(said, expected);
    let (local, ..) = world.links.values().next().expect("a way");
    assert_eq!(local.ip(), address("192.0.2.77").ip);
}

#[test]
fn candidates_over_streams_come_after_those_over_datagrams() {
    let urls = ["turn:198.51.100.1?transport=tcp", "turn:198.51.100.9"];
    let mut world = with_turn(&relay_only(&urls));
    world.add_turn("198.51.100.9:3478");
    world.is_lossy = true;
    assert!(world.take_said().is_empty(), "the stream could be said");
    world.is_lossy = false;
    world.pass(Duration::from_millis(310));
    let expected = ["relay 198.51.100.9", "relay 198.51.100.1", "gathered"];
    assert_eq!(world.take_said(), expected, "after one repetition");
}

#[test]
fn a_stream_does_not_wait_long_for_datagrams_that_are_blocked() {
    let urls = ["turn:198.51.100.9", "turn:198.51.100.1?transport=tcp"];
    let mut world = with_turn(&relay_only(&urls));
    world.add_turn("198.51.100.9:3478");
    world.slow = Some(Vec::new());
    world.is_lossy = true;
    world.pump();
    world.pass(Duration::from_millis(100));
    let stream = world.slow.as_mut().and_then(Vec::pop).expect("the stream");
    world.connect(stream);
    world.pass(Duration::from_millis(290));
    assert!(world.take_said().is_empty(), "not before 400 ms");
    world.pass(Duration::from_millis(20));
    assert_eq!(world.take_said(), ["relay 198.51.100.1"]);
    world.seconds(6);
    assert_eq!(world.take_said(), ["Turn Udp: no answer", "gathered"], "in the end");
}

#[test]
fn a_stream_without_datagrams_to_wait_for_is_said_at_once() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1?transport=tcp"]));
    assert_eq!(world.take_said(), ["relay 198.51.100.1", "gathered"]);
}

#[test]
fn a_restart_keeps_the_allocation_that_fits() {
    let setup = relay_only(&["turn:198.51.100.1"]);
    let mut world = with_turn(&setup);
    world.take_said();
    world.restart(&setup);
    assert_eq!(world.take_said(), ["relay 198.51.100.1", "gathered"]);
    assert_eq!(world.turn[&place(TURN)].count(ALLOCATE), 1, "it is the same one");
}

#[test]
fn another_server_gets_a_new_allocation_beside_the_old_one() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1"]));
    world.take_said();
    let (before, old) = (*world.links.keys().next().unwrap(), world.candidates[0].addr());
    world.turn.get_mut(&place(TURN)).unwrap().relayed = vec![place("198.51.100.2:50000")];
    // By another name, so that it counts as another one.
    world.names.insert("turn.example".to_owned(), vec![place(TURN)]);
    world.restart(&relay_only(&["turn:turn.example"]));
    assert_eq!(world.take_said(), ["relay 198.51.100.2", "gathered"]);
    world.seconds(29);
    world.machine.relay(world.now, (old, place("203.0.113.1:9")), &[0, 1]);
    world.pump();
    assert_eq!(world.turn[&place(TURN)].passed.len(), 1, "the old one carries on");
    world.seconds(2);
    assert!(!world.links.contains_key(&before), "for half a minute");
    assert_eq!(world.turn[&place(TURN)].count(REFRESH), 1, "then it is given back");
    assert!(world.take_said().is_empty(), "nobody knows its candidate any more");
}

#[test]
fn a_restart_without_relay_only_offers_this_machine_too() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1"]));
    world.take_said();
    world.restart(&setup(&["turn:198.51.100.1"]));
    let said = world.take_said();
    for candidate in ["relay 198.51.100.1", "host 192.0.2.2", "host 2001:db8::2"] {
        assert!(said.contains(&candidate.to_owned()), "{candidate} in {said:?}");
    }
    world.restart(&relay_only(&["turn:198.51.100.1"]));
    assert_eq!(world.take_said(), ["relay 198.51.100.1", "gathered"], "and back");
}

#[test]
fn packets_go_both_ways_through_the_allocation_of_their_address() {
    let mut world = with_turn(&relay_only(&["turn:198.51.100.1?transport=tcp"]));
    world.take_said();
    let (relayed, peer) = (world.candidates[0].addr(), place("203.0.113.1:9"));
    world.machine.relay(world.now, (relayed, peer), &[0, 7]);
    world.machine.relay(world.now, (place("192.0.2.2:1"), peer), &[0, 8]);
    world.pump();
    let fake = &world.turn[&place(TURN)];
    assert_eq!(fake.passed, [(peer, vec![0, 7])], "and not from an address that is not ours");
    let packet = fake.pass(peer, &[1, 2, 3, 4]);
    let link = *world.links.keys().next().unwrap();
    world.machine.hear_link(world.now, link, &packet);
    assert_eq!(world.take_said(), ["datagram [1, 2, 3, 4]"]);
}

#[test]
fn everything_is_given_back_in_the_end() {
    let urls = ["turn:198.51.100.1", "turn:198.51.100.1?transport=tcp"];
    let mut world = with_turn(&relay_only(&urls));
    world.pump();
    world.machine.shut(world.now);
    world.pump();
    assert_eq!(world.turn[&place(TURN)].count(REFRESH), 2);
}
