//! Whose address a request has when a reverse proxy stands in between. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};

/// Where proxies write whom they speak for, each at the right end.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies in a row that are believed. What stands further left was written by anybody.
const HOPS: usize = 16;

/// Where reverse proxies are: on this machine, in a container's network, in the same house
/// (RFC 1122, RFC 1918, RFC 6598, RFC 4193, RFC 4291). From anywhere else the header is a guess of
/// somebody who tries it.
const PRIVATE: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// A CIDR block (RFC 4632): addresses that share their first bits. The operator names them with any
/// length of prefix; a [`crate::network::Network`] is what is counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    bits: u128,
    mask: u128,
}

impl Block {
    /// An address, or an address and the length of its prefix.
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
        let length = match length {
            Some(length) => length.parse().ok().filter(|length| *length <= most)?,
            None => most,
        };
        let free = most - length;
        let mask = u128::MAX.checked_shl(free).unwrap_or(0);
        Some(Self { bits: bits(address) & mask, mask })
    }

    fn holds(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.bits
    }
}

/// Every address as IPv6 writes it; IPv4 has its own corner there (RFC 4291 section 2.5.5.2).
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The proxies whose word is taken. None by default: a header is anybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Block>);

impl Proxies {
    /// Addresses and blocks of them, separated by commas.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let blocks = text.split(',').map(str::trim).filter(|block| !block.is_empty());
        let blocks: Option<Vec<Block>> = blocks.map(Block::parse).collect();
        blocks.filter(|blocks| !blocks.is_empty()).map(Self)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.holds(address))
    }

    /// A proxy whose word is not taken, so that everybody behind it has its address: where it is,
    /// as a block of addresses that is nobody's. `None`: there is none, or it is anybody's word.
    #[must_use]
    pub fn unheard(&self, peer: IpAddr, headers: &HeaderMap) -> Option<&'static str> {
        let peer = peer.to_canonical();
        if self.trust(peer) || !headers.contains_key(FORWARDED_FOR) {
            return None;
        }
        let blocks = PRIVATE.into_iter();
        let mut holding = blocks.filter(|block| Block::parse(block).is_some_and(|b| b.holds(peer)));
        holding.next()
    }

    /// Who is asking: the peer of the socket, or, as far as trusted proxies say so, the right-most
    /// address that is none of them.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for hop in hops.take(HOPS) {
            let Some(address) = address(hop.trim()) else { return client };
            client = address;
            if !self.trust(client) {
                return client;
            }
        }
        client
    }
}

/// An address, also with the port that some proxies add.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let address = text.parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies = Proxies::parse(trusted).unwrap_or_default();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        assert_eq!(client("", "127.0.0.1", &["203.0.113.9"]), "127.0.0.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", "::1", &["203.0.113.9"]), "::1");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_is_the_client() {
        let local = "127.0.0.0/8, ::1, 10.1.0.0/16";
        for (forwarded, expected) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            // Everything further left was written by the client.
            (&["127.0.0.1, 192.0.2.66, 203.0.113.9"], "203.0.113.9"),
            (&["192.0.2.66", "203.0.113.9"], "203.0.113.9"),
            (&["192.0.2.66, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["[2001:db8::9]:4711"], "2001:db8::9"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["10.1.9.9"], "10.1.9.9"),
            (&[], "127.0.0.1"),
            (&[""], "127.0.0.1"),
            (&["203.0.113.9, unknown"], "127.0.0.1"),
            (&["203.0.113.9, 10.1.2.3\u{e9}"], "127.0.0.1"),
        ] {
            assert_eq!(client(local, "127.0.0.1", forwarded), expected, "{forwarded:?}");
            assert_eq!(client(local, "::ffff:127.0.0.1", forwarded), expected, "{forwarded:?}");
        }
    }

    #[test]
    fn a_proxy_nearby_that_is_not_trusted_is_noticed_and_its_address_is_not_repeated() {
        let unheard = |trusted: &str, peer: &str, forwarded: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.extend(forwarded.map(|line| (FORWARDED_FOR, line.parse().unwrap())));
            let proxies = Proxies::parse(trusted).unwrap_or_default();
            proxies.unheard(peer.parse().unwrap(), &headers)
        };
        let forwarded = Some("203.0.113.9");
        assert_eq!(unheard("", "127.0.0.1", forwarded), Some("127.0.0.0/8"));
        assert_eq!(unheard("127.0.0.1", "172.18.0.3", forwarded), Some("172.16.0.0/12"));
        assert_eq!(unheard("127.0.0.1", "::ffff:172.18.0.3", forwarded), Some("172.16.0.0/12"));
        assert_eq!(unheard("127.0.0.1", "::1", forwarded), Some("::1"));
        assert_eq!(unheard("", "fd00::3", forwarded), Some("fc00::/7"));
        assert_eq!(unheard("127.0.0.1", "127.0.0.1", forwarded), None, "it is trusted");
        assert_eq!(unheard("", "127.0.0.1", None), None, "it says nothing");
        assert_eq!(unheard("", "198.51.100.3", forwarded), None, "that is anybody");
    }

    #[test]
    fn an_endless_header_is_read_to_its_limit() {
        let endless = vec!["10.0.0.1"; 2_000].join(",");
        assert_eq!(client("10.0.0.0/8", "10.0.0.2", &["203.0.113.9", &endless]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for wrong in ["", ",", "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "1/8"]
        {
            assert_eq!(Proxies::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(client("0.0.0.0/0", "192.0.2.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client("::/0", "192.0.2.1", &["203.0.113.9"]), "203.0.113.9");
    }
}
