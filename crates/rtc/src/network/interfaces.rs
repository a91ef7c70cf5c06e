//! Which addresses of this machine a call may use.

use std::net::{IpAddr, Ipv6Addr};

/// More addresses than this are not used: a machine full of containers would else offer hundreds of
/// useless candidates, and every pair of them costs checks.
const MAX_ADDRESSES: usize = 16;

/// One address of one interface that is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// The address.
    pub(super) ip: IpAddr,
    /// The interface's number, which link-local IPv6 addresses are bound with. 0 for all others.
    pub(super) scope: u32,
}

/// Whether a machine may be called over its own loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loopback {
    /// Only when there is no other address: a machine without network can still call itself, and
    /// nobody else is offered addresses that lead them to themselves.
    #[default]
    WhenAlone,
    /// Always; for two ends on one machine.
    Always,
    /// Nothing but loopback; for tests that must not depend on the machine's network.
    Only,
}

/// Chooses from all addresses of all interfaces, in their order. Loopback as `loopback` says,
/// link-local IPv6 only when there is nothing else, because a far end on another link cannot use
/// it; link-local IPv4, multicast and unspecified addresses never.
pub(super) fn usable(seen: &[Address], loopback: Loopback) -> Vec<Address> {
    let mut global = Vec::new();
    let mut link = Vec::new();
    let mut own = Vec::new();
    for address in seen {
        let room = match address.ip {
            ip if ip.is_unspecified() || ip.is_multicast() => continue,
            ip if ip.is_loopback() => &mut own,
            IpAddr::V4(ip) if ip.is_link_local() || ip.is_broadcast() => continue,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => &mut link,
            IpAddr::V6(ip) if is_mapped(ip) => continue,
            IpAddr::V4(_) | IpAddr::V6(_) => &mut global,
        };
        if !room.contains(address) {
            room.push(*address);
        }
    }
    let others = if global.is_empty() { link } else { global };
    let mut chosen = match loopback {
        Loopback::WhenAlone if others.is_empty() => own,
        Loopback::WhenAlone => others,
        Loopback::Always => others.into_iter().chain(own).collect(),
        Loopback::Only => own,
    };
    chosen.truncate(MAX_ADDRESSES);
    chosen
}

fn is_mapped(ip: Ipv6Addr) -> bool {
    ip.to_ipv4_mapped().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(addresses: &[&str]) -> Vec<Address> {
        addresses.iter().map(|ip| Address { ip: ip.parse().unwrap(), scope: 0 }).collect()
    }

    fn chosen(addresses: &[&str], loopback: Loopback) -> Vec<String> {
        usable(&seen(addresses), loopback).iter().map(|address| address.ip.to_string()).collect()
    }

    #[test]
    fn both_families_are_used_and_loopback_is_not() {
        let all = ["127.0.0.1", "::1", "192.0.2.2", "2001:db8::2", "fe80::1", "169.254.1.1"];
        assert_eq!(chosen(&all, Loopback::WhenAlone), ["192.0.2.2", "2001:db8::2"]);
        assert_eq!(
            chosen(&all, Loopback::Always),
            ["192.0.2.2", "2001:db8::2", "127.0.0.1", "::1"],
            "loopback comes last"
        );
        assert_eq!(chosen(&all, Loopback::Only), ["127.0.0.1", "::1"]);
    }

    #[test]
    fn link_local_ipv6_is_better_than_nothing() {
        assert_eq!(chosen(&["127.0.0.1", "fe80::1"], Loopback::WhenAlone), ["fe80::1"]);
    }

    #[test]
    fn a_machine_without_network_can_call_itself() {
        assert_eq!(chosen(&["127.0.0.1", "::1"], Loopback::WhenAlone), ["127.0.0.1", "::1"]);
        assert!(chosen(&[], Loopback::WhenAlone).is_empty(), "not even loopback is not a crash");
    }

    #[test]
    fn nonsense_and_repetition_are_left_out_and_the_number_is_bounded() {
        let odd = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:192.0.2.1"];
        assert!(chosen(&odd, Loopback::Always).is_empty(), "nothing can be used");
        assert_eq!(chosen(&["192.0.2.2", "192.0.2.2"], Loopback::Always), ["192.0.2.2"]);
        let many: Vec<String> = (1..=99).map(|host| format!("192.0.2.{host}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(chosen(&many, Loopback::Always).len(), MAX_ADDRESSES, "bounded");
    }
}
