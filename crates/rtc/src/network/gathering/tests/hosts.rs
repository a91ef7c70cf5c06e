use super::super::*;
use super::world::{World, address, place, setup};
use crate::network::stun::tests::reply_to;

const STUN: &str = "198.51.100.1:3478";

fn with_stun() -> World {
    let mut world = World::new(&setup(&["stun:198.51.100.1"]));
    world.stun.insert(place(STUN), "203.0.113.9".parse().unwrap());
    world
}

#[test]
fn every_address_is_a_host_candidate_and_nobody_waits_for_more() {
    let mut world = World::new(&Setup::default());
    assert_eq!(world.take_said(), ["host 192.0.2.2", "host 2001:db8::2", "gathered"]);
    assert_eq!(world.sockets.len(), 2, "a socket each");
}

#[test]
fn a_nat_shows_as_a_reflexive_candidate_of_the_socket_behind_it() {
    let mut world = with_stun();
    let expected = ["host 192.0.2.2", "host 2001:db8::2", "srflx 203.0.113.9", "gathered"];
    assert_eq!(world.take_said(), expected);
    assert_eq!(world.candidates[2].local(), world.candidates[0].addr(), "its base");
    assert_eq!(world.asked.len(), 1, "only the socket of the server's family asked");
}

#[test]
fn without_nat_there_is_nothing_more_to_say() {
    let mut world = with_stun();
    world.stun.insert(place(STUN), "192.0.2.2".parse().unwrap());
    assert_eq!(world.take_said(), ["host 192.0.2.2", "host 2001:db8::2", "gathered"]);
}

#[test]
fn a_lost_question_is_asked_again() {
    let mut world = with_stun();
    world.is_lossy = true;
    world.pass(Duration::from_millis(700));
    assert_eq!(world.asked.len(), 2, "twice by then");
    assert!(!world.take_said().contains(&"gathered".to_owned()), "still waiting");
    world.is_lossy = false;
    world.seconds(1);
    assert_eq!(world.take_said(), ["srflx 203.0.113.9", "gathered"]);
}

#[test]
fn a_silent_server_is_named_once_and_ends_the_wait() {
    let mut world = World::new(&setup(&["stun:198.51.100.1", "stun:198.51.100.2"]));
    world.stun.insert(place("198.51.100.2:3478"), "203.0.113.9".parse().unwrap());
    world.seconds(60);
    let said = world.take_said();
    assert_eq!(said[3..], ["Stun Udp: no answer", "gathered"], "the other one answered");
    let in_vain = world.asked.iter().filter(|(_, server, _)| *server == place(STUN)).count();
    assert_eq!(in_vain, 5, "asked five times");
}

#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    let mut world = with_stun();
    world.stun.clear();
    world.pump();
    world.take_said();
    let (local, server, question) = world.asked[0].clone();
    let reply = reply_to(&question, place("203.0.113.66:1"));
    let stranger = place("198.51.100.66:3478");
    let heard = world.machine.hear(world.now, (local, stranger), &reply);
    assert_eq!(heard, Some(false), "from elsewhere it is a packet like any other");
    let mut other = with_stun();
    other.pump();
    let forged = reply_to(&other.asked[0].2, place("203.0.113.66:1"));
    assert_eq!(world.machine.hear(world.now, (local, server), &forged), Some(false), "another's");
    let six = reply_to(&question, place("[2001:db8::66]:1"));
    assert_eq!(world.machine.hear(world.now, (local, server), &six), Some(true), "it is an answer");
    assert_eq!(world.take_said(), ["gathered"], "but no way to a socket of the other family");
}

#[test]
fn a_new_address_is_gathered_while_the_call_runs() {
    let mut world = with_stun();
    world.seconds(3);
    world.take_said();
    world.addresses.push(address("192.0.2.77"));
    world.seconds(1);
    let expected = ["changed", "host 192.0.2.77", "srflx 203.0.113.9"];
    assert_eq!(world.take_said(), expected, "within a second");
}

#[test]
fn what_hung_on_a_vanished_address_is_gone() {
    let mut world = with_stun();
    world.seconds(3);
    world.take_said();
    let gone = world.sockets[0];
    world.addresses.retain(|own| *own != address("192.0.2.2"));
    world.seconds(1);
    let expected =
        ["gone srflx 203.0.113.9", "gone host 192.0.2.2", "Stun Udp: unreachable", "changed"];
    assert_eq!(world.take_said(), expected, "and so is the way to the server of its family");
    assert!(!world.sockets.contains(&gone), "its socket is closed");
    world.addresses.push(address("192.0.2.2"));
    world.seconds(1);
    let expected = ["changed", "host 192.0.2.2", "srflx 203.0.113.9"];
    assert_eq!(world.take_said(), expected, "and back");
}

#[test]
fn an_address_that_cannot_be_bound_yet_is_tried_again() {
    let mut world = World::new(&Setup::default());
    let early = address("192.0.2.99");
    world.machine.look(world.now, Some(vec![early]));
    world.addresses.clear();
    world.pump();
    assert!(world.sockets.is_empty(), "it could not be bound");
    world.addresses = vec![early];
    world.seconds(1);
    assert!(world.take_said().contains(&"host 192.0.2.99".to_owned()));
}

#[test]
fn a_machine_that_finds_a_network_keeps_its_call_to_itself() {
    let mut world = World::new(&Setup::default());
    world.addresses = vec![address("127.0.0.1")];
    assert_eq!(world.take_said(), ["host 127.0.0.1", "gathered"]);
    world.addresses.push(address("192.0.2.2"));
    world.seconds(1);
    assert_eq!(world.take_said(), ["changed", "host 192.0.2.2"], "loopback is not gone");
}

#[test]
fn a_restart_says_everything_again_and_asks_again() {
    let mut world = with_stun();
    world.seconds(3);
    let (before, sockets) = (world.take_said(), world.sockets.clone());
    world.restart(&setup(&["stun:198.51.100.1"]));
    let mut again = world.take_said();
    again.sort();
    let mut before = before;
    before.sort();
    assert_eq!(again, before);
    assert_eq!(world.sockets, sockets, "from the same sockets");
    assert_eq!(world.asked.len(), 2, "the mapping may have changed");
}

#[test]
fn packets_are_handed_on_only_for_addresses_that_were_offered() {
    let mut world = World::new(&Setup { relay_only: true, ..Setup::default() });
    world.pump();
    assert!(world.sockets.is_empty(), "nothing is bound");
    let (local, peer) = (place("192.0.2.2:4001"), place("203.0.113.1:9"));
    assert_eq!(world.machine.hear(world.now, (local, peer), &[0x80]), None);
    world.restart(&Setup::default());
    let local = world.sockets[0];
    assert_eq!(world.machine.hear(world.now, (local, peer), &[0x80]), Some(false));
    world.restart(&Setup { relay_only: true, ..Setup::default() });
    let heard = world.machine.hear(world.now, (local, peer), &[0x80]);
    assert_eq!(heard, Some(false), "the call may still run there");
}

#[test]
fn at_rest_there_is_one_tick_a_second_and_a_packet_in_fifteen() {
    let mut world = with_stun();
    world.seconds(600);
    assert!(world.ticks <= 601, "{} ticks", world.ticks);
    assert_eq!(world.asked.len(), 41, "the NAT is kept awake");
    assert_eq!(world.take_said().len(), 4, "and nothing is said twice");
}

#[test]
fn a_nat_that_changed_its_mind_shows_as_another_candidate() {
    let mut world = with_stun();
    world.take_said();
    world.stun.insert(place(STUN), "203.0.113.10".parse().unwrap());
    world.seconds(15);
    assert_eq!(world.take_said(), ["srflx 203.0.113.10"]);
    world.stun.clear();
    world.seconds(60);
    assert!(world.take_said().is_empty(), "a server that falls silent later is no trouble");
}

#[test]
fn relay_only_stops_asking() {
    let mut world = with_stun();
    world.pump();
    world.restart(&Setup { relay_only: true, ..setup(&["stun:198.51.100.1"]) });
    let before = world.asked.len();
    world.seconds(60);
    assert_eq!(world.asked.len(), before, "no STUN server hears of us");
}
