//! STUN and TURN servers: URIs as RFC 7064 and RFC 7065 have them, and no others. What is accepted
//! here is accepted by every browser's `RTCPeerConnection`; what is not would be refused there when
//! somebody calls, with nothing to see but a button that does nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use bellwire_protocol::{IceServer, Secret};
use url::Host;

use super::{ConfigError, Given};

/// Addresses in one list. Each is tried for every call and stands in every welcome, which is at most
/// 40 kB with the longest names and words; browsers warn beyond five.
const MOST: usize = 16;
/// Bytes of a TURN user name: RFC 8489 section 14.3 wants fewer than 509, and browsers drop the
/// server beyond it without a word.
const LONGEST_USERNAME: usize = 508;

/// Why a text is no address of a STUN or TURN server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IceUrlError {
    #[error("stun: or stuns: addresses, separated by commas, such as stun:stun.example.org:3478")]
    NotStun,
    #[error("turn: or turns: addresses, separated by commas, such as turn:turn.example.org:3478")]
    NotTurn,
    #[error("the host right behind the colon, without //, such as stun:stun.example.org")]
    Slashes,
    #[error("nobody's name before the host: user name and credential have settings of their own")]
    User,
    #[error("a host name, an IPv4 address, or an IPv6 address in brackets, and nothing behind it")]
    Host,
    #[error("a port from 1 to 65535 behind the host, or none")]
    Port,
    #[error("a stun: or stuns: address without ?: only TURN has a transport")]
    StunQuery,
    #[error("nothing behind ? but transport=udp or transport=tcp (turns: for TLS)")]
    Transport,
    #[error("at most 16 addresses")]
    TooMany,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Stun,
    Stuns,
    Turn,
    Turns,
}

/// One address, in one form whatever was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IceUrl {
    scheme: Scheme,
    host: Host,
    port: Option<u16>,
    /// `udp` or `tcp`, only for TURN.
    transport: Option<&'static str>,
}

impl IceUrl {
    /// RFC 7064: `scheme ":" host [ ":" port ]`; RFC 7065: the same and
    /// `[ "?transport=" transport ]`. Schemes and names are the same in capitals (RFC 3986).
    fn parse(text: &str, wanted: [Scheme; 2], otherwise: IceUrlError) -> Result<Self, IceUrlError> {
        let (name, rest) = text.split_once(':').ok_or(otherwise)?;
        let scheme = wanted.into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name));
        let scheme = scheme.ok_or(otherwise)?;
        if rest.starts_with('/') {
            return Err(IceUrlError::Slashes);
        }
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        if place.contains('@') {
            return Err(IceUrlError::User);
        }
        let transport = match (query, scheme) {
            (None, _) => None,
            (Some(_), Scheme::Stun | Scheme::Stuns) => return Err(IceUrlError::StunQuery),
            (Some(query), Scheme::Turn | Scheme::Turns) => Some(transport(query)?),
        };
        let (host, port) = split_port(place)?;
        Ok(Self { scheme, host: parse_host(host)?, port: parse_port(port)?, transport })
    }
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Stuns => "stuns",
            Self::Turn => "turn",
            Self::Turns => "turns",
        }
    }
}

impl fmt::Display for IceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme.name(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = self.transport {
            write!(f, "?transport={transport}")?;
        }
        Ok(())
    }
}

fn transport(query: &str) -> Result<&'static str, IceUrlError> {
    let (key, value) = query.split_once('=').ok_or(IceUrlError::Transport)?;
    let known = ["udp", "tcp"].into_iter().find(|known| known.eq_ignore_ascii_case(value));
    known.filter(|_| key.eq_ignore_ascii_case("transport")).ok_or(IceUrlError::Transport)
}

/// The host, in its brackets if it has them, and what stands behind its colon.
fn split_port(place: &str) -> Result<(&str, Option<&str>), IceUrlError> {
    let end = match place.strip_prefix('[') {
        Some(_) => place.find(']').ok_or(IceUrlError::Host)? + 1,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, rest) = place.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(IceUrlError::Host),
    }
}

fn parse_host(text: &str) -> Result<Host, IceUrlError> {
    let host = Host::parse(text).map_err(|_| IceUrlError::Host)?;
    let good = match &host {
        // Web pages know other ways to write an address (`127.1`); RFC 3986 does not.
        Host::Ipv4(_) => text.parse::<Ipv4Addr>().is_ok(),
        Host::Ipv6(_) => true,
        Host::Domain(name) => is_host_name(name),
    };
    if good { Ok(host) } else { Err(IceUrlError::Host) }
}

/// Names that can be looked up (RFC 1123 section 2.1, and the underscore that some have).
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// RFC 3986 lets a port be empty, which is none.
fn parse_port(text: Option<&str>) -> Result<Option<u16>, IceUrlError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.map(Some).ok_or(IceUrlError::Port)
}

fn urls(
    it: &Given,
    wanted: [Scheme; 2],
    otherwise: IceUrlError,
) -> Result<Vec<String>, ConfigError> {
    let texts = it.value.split(',').map(str::trim).filter(|text| !text.is_empty());
    let urls = texts.map(|text| {
        let url = IceUrl::parse(text, wanted, otherwise);
        url.map(|url| url.to_string()).map_err(|error| it.wrong_part(text, error))
    });
    let urls = urls.collect::<Result<Vec<_>, _>>()?;
    match urls.len() {
        0 => Err(it.wrong(otherwise)),
        1..=MOST => Ok(urls),
        _ => Err(it.wrong(IceUrlError::TooMany)),
    }
}

/// What every client is given. A TURN server has both words, as browsers insist.
pub(super) fn servers(given: &BTreeMap<String, Given>) -> Result<Vec<IceServer>, ConfigError> {
    let mut servers = Vec::new();
    if let Some(it) = given.get("stun_servers") {
        let urls = urls(it, [Scheme::Stun, Scheme::Stuns], IceUrlError::NotStun)?;
        servers.push(IceServer { urls, username: None, credential: None });
    }
    let credentials = (given.get("turn_username"), given.get("turn_credential"));
    let Some(it) = given.get("turn_server") else {
        let alone = credentials.0.or(credentials.1);
        return match alone {
            Some(it) => Err(it.wrong("only together with turn_server (TURN_SERVER)")),
            None => Ok(servers),
        };
    };
    let urls = urls(it, [Scheme::Turn, Scheme::Turns], IceUrlError::NotTurn)?;
    let (Some(username), Some(credential)) = credentials else {
        let both = "a TURN server only together with turn_username and turn_credential \
                    (TURN_USERNAME, TURN_CREDENTIAL)";
        return Err(it.wrong(both));
    };
    let secret = |it: &Given, most: usize, allowed: &'static str| {
        let fits = (1..=most).contains(&it.value.len());
        let secret = fits.then(|| Secret::new(it.value.clone()).ok()).flatten();
        secret.ok_or_else(|| it.wrong(allowed))
    };
    let username = secret(username, LONGEST_USERNAME, "1 to 508 bytes (RFC 8489)")?;
    let credential = secret(credential, 4_096, "1 to 4096 bytes")?;
    servers.push(IceServer { urls, username: Some(username), credential: Some(credential) });
    Ok(servers)
}

#[cfg(test)]
mod tests;
