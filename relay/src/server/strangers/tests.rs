#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{STRANGERS, STRANGERS_OF_ONE, Strangers};

/// The first address of the n-th network.
fn somewhere(n: usize) -> IpAddr {
    Ipv4Addr::from_bits(0x0b00_0000 + (u32::try_from(n).unwrap() << 8)).into()
}

#[test]
fn one_network_has_so_much_room_and_gets_it_back() {
    let strangers = Strangers::default();
    for last in [0_u128, 1 << 63] {
        let at = |n: usize| {
            // As many /64 as one customer has.
            let v6 = (0x2001_0db8_u128 << 96) | ((n as u128) << 64) | last;
            IpAddr::V6(Ipv6Addr::from_bits(v6))
        };
        let v4 = |n: usize| IpAddr::from([203, 0, 113, u8::try_from(n).unwrap()]);
        for from in [&at as &dyn Fn(usize) -> IpAddr, &v4] {
            let mut inside: Vec<_> =
                (0..STRANGERS_OF_ONE).map(|n| strangers.admit(from(n)).unwrap()).collect();
            assert!(strangers.admit(from(STRANGERS_OF_ONE)).is_none(), "each has its own address");
            assert!(strangers.admit(somewhere(0)).is_some(), "others are not kept out");
            inside.pop();
            assert!(strangers.admit(from(STRANGERS_OF_ONE)).is_some(), "one said who it is");
        }
    }
    assert!(strangers.lock().by_network.is_empty(), "nothing is left of those who went");
}

#[test]
fn there_is_so_much_room_in_all() {
    let strangers = Strangers::default();
    let mut inside: Vec<_> =
        (0..STRANGERS).map(|n| strangers.admit(somewhere(n)).unwrap()).collect();
    for address in [somewhere(STRANGERS), IpAddr::from([127, 0, 0, 1])] {
        assert!(strangers.admit(address).is_none(), "{address}");
    }
    inside.pop();
    assert!(strangers.admit(IpAddr::from([127, 0, 0, 1])).is_some());
}
