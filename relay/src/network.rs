//! A network: one idea of it for everything that is counted by where it comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: a /24 of IPv4, a /56 of IPv6. Who has one address easily has its neighbours, and a /56
/// is what one customer commonly gets (RFC 6177). A person's house is one; a cloud is many. Smaller,
/// and one customer is many who crowd out the rest; larger, and strangers share what one of them
/// uses up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// That of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8)),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 72 << 72)),
        })
    }

    /// This machine's own.
    #[must_use]
    pub const fn own() -> Self {
        Self(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn neighbours_are_one_network() {
        assert_eq!(network("203.0.113.9"), network("203.0.113.250"));
        assert_ne!(network("203.0.113.9"), network("203.0.114.9"));
        assert_eq!(network("2001:db8:0:ff00::1"), network("2001:db8:0:ffff:1::"));
        assert_ne!(network("2001:db8:0:ff00::1"), network("2001:db8:0:fe00::1"));
        let mapped = network("::ffff:203.0.113.9");
        assert!(mapped == network("203.0.113.1") && mapped != network("::ffff:198.51.100.1"));
        assert_eq!(format!("{:?}", network("203.0.113.9")), "Network", "no address in a log");
    }
}
