use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;
use super::world::{World, address, place, setup};

/// Something that can happen to a machine in a call.
#[derive(Debug, Clone)]
enum Happening {
    Pass(u64),
    /// An address comes or goes.
    Toggle(usize),
    /// Datagrams get lost, or not any more.
    Lossy(bool),
    /// A TURN server forgets everything, or refuses with this code from here on.
    Refuse(u16),
    Down,
    Up,
    Restart {
        relay_only: bool,
        servers: usize,
    },
    /// A packet to a peer from the newest relayed candidate.
    Send(u8),
    Noise(Vec<u8>),
}

const ADDRESSES: [&str; 4] = ["192.0.2.2", "2001:db8::2", "192.0.2.3", "127.0.0.1"];
const SERVERS: [&[&str]; 4] = [
    &[],
    &["stun:198.51.100.1", "turn:198.51.100.1"],
    &["turn:198.51.100.1?transport=tcp", "turn:turn.example"],
    &["turn:198.51.100.1", "turns:198.51.100.1", "stun:nowhere.example", "rubbish"],
];
const TURN: &str = "198.51.100.1:3478";
const TLS: &str = "198.51.100.1:5349";

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..40_000_u64).prop_map(Happening::Pass),
        (0..ADDRESSES.len()).prop_map(Happening::Toggle),
        any::<bool>().prop_map(Happening::Lossy),
        prop_oneof![Just(401), Just(403), Just(437), Just(438), Just(486)]
            .prop_map(Happening::Refuse),
        Just(Happening::Down),
        Just(Happening::Up),
        (any::<bool>(), 0..SERVERS.len())
            .prop_map(|(relay_only, servers)| Happening::Restart { relay_only, servers }),
        any::<u8>().prop_map(Happening::Send),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(Happening::Noise),
    ]
}

fn up(world: &mut World) {
    world.add_turn(TURN);
    world.add_turn(TLS);
    world.stun.insert(place(TURN), "203.0.113.9".parse().unwrap());
}

fn apply(world: &mut World, happening: Happening) {
    use turn_client_proto::types::message::{ALLOCATE, CREATE_PERMISSION, REFRESH};
    match happening {
        Happening::Pass(milliseconds) => world.pass(Duration::from_millis(milliseconds)),
        Happening::Toggle(which) => {
            let own = address(ADDRESSES[which]);
            let before = world.addresses.len();
            world.addresses.retain(|other| *other != own);
            if world.addresses.len() == before {
                world.addresses.push(own);
            }
        }
        Happening::Lossy(is_lossy) => world.is_lossy = is_lossy,
        Happening::Refuse(code) => {
            for fake in world.turn.values_mut() {
                let methods = [ALLOCATE, CREATE_PERMISSION, REFRESH];
                fake.refusals = methods.map(|method| (method, code)).into();
            }
        }
        Happening::Down => {
            world.turn.clear();
            world.stun.clear();
            let streams: Vec<_> =
                world.links.iter().filter(|link| link.1.2 != Transport::Udp).collect();
            for link in streams.into_iter().map(|(link, _)| *link).collect::<Vec<_>>() {
                world.machine.closed(world.now, link, Reason::Unreachable);
            }
        }
        Happening::Up => up(world),
        Happening::Restart { relay_only, servers } => {
            world.restart(&Setup { relay_only, ..setup(SERVERS[servers]) });
        }
        Happening::Send(byte) => {
            if let Some(candidate) = world.candidates.last() {
                let ways = (candidate.addr(), SocketAddr::new([203, 0, 113, byte].into(), 9));
                world.machine.relay(world.now, ways, &[byte; 30]);
            }
        }
        Happening::Noise(bytes) => {
            for link in world.links.keys().copied().collect::<Vec<_>>() {
                world.machine.hear_link(world.now, link, &bytes);
            }
            for socket in world.sockets.clone() {
                let _ = world.machine.hear(world.now, (socket, place(TURN)), &bytes);
            }
        }
    }
    world.pump();
}

proptest! {
    #[test]
    fn whatever_happens_the_candidates_that_are_known_are_the_ones_that_live(
        happenings in prop::collection::vec(happening(), 0..40),
    ) {
        let mut world = World::new(&setup(SERVERS[1]));
        world.names.insert("turn.example".to_owned(), vec![place(TURN)]);
        up(&mut world);
        let mut known = BTreeSet::new();
        for happening in happenings {
            let is_restart = matches!(happening, Happening::Restart { .. });
            let start = (world.now, world.ticks);
            apply(&mut world, happening);
            let passed = (world.now - start.0).as_secs_f64();
            let ticks = world.ticks - start.1;
            prop_assert!(ticks as f64 <= 40.0 + 15.0 * passed, "{ticks} ticks in {passed} s");
            if is_restart {
                known.clear();
            }
            for said in std::mem::take(&mut world.said) {
                if let Some(gone) = said.strip_prefix("gone ") {
                    known.remove(gone);
                } else if ["host", "srflx", "relay"].iter().any(|kind| said.starts_with(kind)) {
                    known.insert(said);
                }
            }
        }
        // Quiet comes back: after a while what is known is what there is.
        world.is_lossy = false;
        world.seconds(100);
        let hosts = known.iter().filter_map(|said| said.strip_prefix("host "));
        let mut hosts: Vec<_> = hosts.map(str::to_owned).collect();
        for said in std::mem::take(&mut world.said) {
            if let Some(gone) = said.strip_prefix("gone host ") {
                hosts.retain(|host| host != gone);
            } else if let Some(host) = said.strip_prefix("host ") {
                hosts.push(host.to_owned());
            }
        }
        for host in hosts {
            prop_assert!(world.addresses.contains(&address(&host)), "{host} is not ours any more");
        }
        for socket in &world.sockets {
            let is_ours = world.addresses.iter().any(|own| own.ip == socket.ip());
            prop_assert!(is_ours, "a socket of an address that vanished");
        }
        for (local, ..) in world.links.values().filter(|way| way.0.port() != 0) {
            let is_ours = world.addresses.iter().any(|own| own.ip == local.ip());
            prop_assert!(is_ours, "a way from an address that vanished");
        }
    }
}
