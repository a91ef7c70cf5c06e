//! Names of STUN and TURN servers, as RFC 7064 and RFC 7065 write them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Port of `stun:` and `turn:` URLs that name none.
const PLAIN_PORT: u16 = 3478;
/// Port of `turns:` URLs that name none.
const TLS_PORT: u16 = 5349;
/// Longest host name that DNS knows.
const MAX_HOST: usize = 253;

/// How the way to a server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A plain stream, for networks that drop UDP.
    Tcp,
    /// A stream inside TLS, for networks that let nothing else out.
    Tls,
}

/// What a server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerKind {
    /// How the world sees an address of this machine.
    Stun,
    /// An address on the server whose packets it passes on.
    Turn,
}

/// The machine that a server runs on. `Debug` and logs never show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// To be looked up.
    Name(String),
    /// Given as such.
    Ip(IpAddr),
}

/// One server, parsed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl {
    /// What it is asked for.
    pub kind: ServerKind,
    /// Where it runs.
    pub host: Host,
    /// 1 to 65535.
    pub port: u16,
    /// How it is reached.
    pub transport: Transport,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Name({} bytes)", name.len()),
            Self::Ip(IpAddr::V4(_)) => f.write_str("Ip(4)"),
            Self::Ip(IpAddr::V6(_)) => f.write_str("Ip(6)"),
        }
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({:?}, {:?})", self.kind, self.transport)
    }
}

/// A URL that names no server which this crate can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Neither `stun:`, `turn:` nor `turns:`. TLS to a STUN server would only hide an address that
    /// the server sees anyway, so `stuns:` is not among them.
    #[error("the scheme is none that can be used")]
    Scheme,
    /// A transport other than `udp` and `tcp`, one where none may stand, or DTLS.
    #[error("the transport is none that can be used")]
    Transport,
    /// No host name, one with characters that no host has, or a malformed IPv6 address.
    #[error("the host is malformed")]
    Host,
    /// Not a number from 1 to 65535.
    #[error("the port is malformed")]
    Port,
}

impl std::str::FromStr for ServerUrl {
    type Err = InvalidUrl;

    /// Reads one URL. Everything that RFC 7064 and RFC 7065 do not write is refused: user names,
    /// paths, slashes after the scheme.
    fn from_str(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once(':').ok_or(InvalidUrl::Scheme)?;
        let (kind, secure) = match scheme.to_ascii_lowercase().as_str() {
            "stun" => (ServerKind::Stun, false),
            "turn" => (ServerKind::Turn, false),
            "turns" => (ServerKind::Turn, true),
            _ => return Err(InvalidUrl::Scheme),
        };
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let transport = match (kind, secure, query) {
            (ServerKind::Stun, _, None) | (ServerKind::Turn, false, None) => Transport::Udp,
            (ServerKind::Turn, true, None) => Transport::Tls,
            (ServerKind::Turn, secure, Some(query)) => {
                let (key, value) = query.split_once('=').ok_or(InvalidUrl::Transport)?;
                if !key.eq_ignore_ascii_case("transport") {
                    return Err(InvalidUrl::Transport);
                }
                match (value.to_ascii_lowercase().as_str(), secure) {
                    ("udp", false) => Transport::Udp,
                    ("tcp", false) => Transport::Tcp,
                    ("tcp", true) => Transport::Tls,
                    _ => return Err(InvalidUrl::Transport),
                }
            }
            (ServerKind::Stun, _, Some(_)) => return Err(InvalidUrl::Transport),
        };
        let (host, port) = split_port(place)?;
        let port = match port {
            None if secure => TLS_PORT,
            None => PLAIN_PORT,
            Some(digits) => parse_port(digits)?,
        };
        Ok(Self { kind, host: parse_host(host)?, port, transport })
    }
}

fn split_port(place: &str) -> Result<(&str, Option<&str>), InvalidUrl> {
    if let Some(bracketed) = place.strip_prefix('[') {
        let (_, after) = bracketed.split_once(']').ok_or(InvalidUrl::Host)?;
        let host = &place[..place.len() - after.len()];
        return match after {
            "" => Ok((host, None)),
            after => Ok((host, Some(after.strip_prefix(':').ok_or(InvalidUrl::Host)?))),
        };
    }
    Ok(match place.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    })
}

fn parse_port(digits: &str) -> Result<u16, InvalidUrl> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidUrl::Port);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(InvalidUrl::Port)
}

fn parse_host(host: &str) -> Result<Host, InvalidUrl> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| InvalidUrl::Host)?;
        return Ok(Host::Ip(address.into()));
    }
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return Ok(Host::Ip(address.into()));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(is_name) {
        return Err(InvalidUrl::Host);
    }
    Ok(Host::Name(host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<ServerUrl, InvalidUrl> {
        url.parse()
    }

    #[test]
    fn every_form_of_the_two_rfcs_is_read() {
        let name = |name: &str| Host::Name(name.to_owned());
        let six = Host::Ip("2001:db8::7".parse().unwrap());
        let four = Host::Ip("192.0.2.1".parse().unwrap());
        let cases = [
            ("stun:a.example", ServerKind::Stun, name("a.example"), 3478, Transport::Udp),
            ("STUN:A.Example:9", ServerKind::Stun, name("a.example"), 9, Transport::Udp),
            ("stun:[2001:db8::7]", ServerKind::Stun, six.clone(), 3478, Transport::Udp),
            ("turn:192.0.2.1", ServerKind::Turn, four, 3478, Transport::Udp),
            ("turn:a?transport=udp", ServerKind::Turn, name("a"), 3478, Transport::Udp),
            ("turn:a:80?transport=TCP", ServerKind::Turn, name("a"), 80, Transport::Tcp),
            ("turns:a", ServerKind::Turn, name("a"), 5349, Transport::Tls),
            ("turns:[2001:db8::7]:443?transport=tcp", ServerKind::Turn, six, 443, Transport::Tls),
        ];
        for (url, kind, host, port, transport) in cases {
            let expected = ServerUrl { kind, host, port, transport };
            assert!(parse(url) == Ok(expected), "{url} is read");
        }
    }

    #[test]
    fn what_names_no_usable_server_is_refused_with_the_reason() {
        let cases = [
            ("", InvalidUrl::Scheme),
            ("stun", InvalidUrl::Scheme),
            ("stuns:a", InvalidUrl::Scheme),
            ("http://a", InvalidUrl::Scheme),
            ("stun:", InvalidUrl::Host),
            ("stun://a", InvalidUrl::Host),
            ("turn:user@a", InvalidUrl::Host),
            ("turn:a/b", InvalidUrl::Host),
            ("stun:[::1", InvalidUrl::Host),
            ("stun:[::1]x", InvalidUrl::Host),
            ("stun:[192.0.2.1]", InvalidUrl::Host),
            ("stun:a:0", InvalidUrl::Port),
            ("stun:a:65536", InvalidUrl::Port),
            ("stun:a:+1", InvalidUrl::Port),
            ("stun:a:", InvalidUrl::Port),
            ("stun:a?transport=udp", InvalidUrl::Transport),
            ("turns:a?transport=udp", InvalidUrl::Transport),
            ("turn:a?transport=sctp", InvalidUrl::Transport),
            ("turn:a?x=udp", InvalidUrl::Transport),
        ];
        for (url, reason) in cases {
            assert!(parse(url) == Err(reason), "{url} is refused for {reason}");
        }
        assert!(parse(&format!("stun:{}", "a".repeat(254))).is_err(), "too long for DNS");
    }

    #[test]
    fn debug_shows_neither_name_nor_address() {
        let shown = format!("{:?} {:?}", parse("turn:secret.example"), parse("stun:192.0.2.1"));
        assert!(!shown.contains("secret") && !shown.contains("192"), "hidden in {shown}");
        let hosts = [Host::Name("secret".to_owned()), Host::Ip([192, 0, 2, 1].into())];
        let shown = format!("{hosts:?}");
        assert!(!shown.contains("secret") && !shown.contains("192"), "hidden in {shown}");
    }
}
