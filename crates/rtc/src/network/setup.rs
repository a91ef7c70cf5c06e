//! What a network is to be made of.

use std::fmt;

use bellwire_protocol::{IceServer, Secret};
use rustls::pki_types::CertificateDer;

use super::interfaces::Loopback;
use super::trouble::{Reason, ServerTrouble};
use super::url::{ServerKind, ServerUrl, Transport};

/// URLs that are used of all that are named, for each kind. Every one of them costs a few packets
/// per interface, or an allocation.
const MAX_URLS: usize = 6;

/// Longest user name in bytes that a STUN message can carry (RFC 8489 section 14.3).
const MAX_USERNAME: usize = 508;

/// What a network is to be made of. `Debug` shows neither servers nor credentials.
#[derive(Clone, Default)]
pub struct Setup {
    /// The servers that the relay named.
    pub servers: Vec<IceServer>,
    /// Nothing leaves this machine but what goes through a TURN server, and no far end learns an
    /// address of it.
    pub relay_only: bool,
    /// Whether loopback addresses are offered.
    pub loopback: Loopback,
    /// Certificates trusted beside those of the operating system; for tests and for servers of a
    /// closed network.
    pub roots: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("servers", &self.servers.len())
            .field("relay_only", &self.relay_only)
            .field("loopback", &self.loopback)
            .field("roots", &self.roots.len())
            .finish()
    }
}

/// What a TURN server wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) username: Secret,
    pub(super) credential: Secret,
}

impl Credentials {
    fn fit(&self) -> bool {
        self.username.as_str().len() <= MAX_USERNAME
    }
}

/// One server that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) url: ServerUrl,
    /// TURN only, and always there.
    pub(super) credentials: Option<Credentials>,
}

/// The servers of a setup that can be used, and what is wrong with the others. STUN servers are left
/// out when only relays may be used.
pub(super) fn wanted(setup: &Setup) -> (Vec<Wanted>, Vec<ServerTrouble>) {
    let (mut wanted, mut troubles) = (Vec::<Wanted>::new(), Vec::new());
    for server in &setup.servers {
        let credentials = server
            .username
            .clone()
            .zip(server.credential.clone())
            .map(|(username, credential)| Credentials { username, credential });
        for url in &server.urls {
            let Ok(url) = url.parse::<ServerUrl>() else {
                troubles.push(unreadable(url));
                continue;
            };
            let trouble =
                |reason| ServerTrouble { kind: url.kind, transport: url.transport, reason };
            let of_kind = wanted.iter().filter(|other| other.url.kind == url.kind).count();
            let credentials = match url.kind {
                ServerKind::Stun if setup.relay_only => continue,
                ServerKind::Stun => None,
                ServerKind::Turn if !credentials.as_ref().is_some_and(Credentials::fit) => {
                    troubles.push(trouble(Reason::NoCredentials));
                    continue;
                }
                ServerKind::Turn => credentials.clone(),
            };
            if of_kind == MAX_URLS {
                troubles.push(trouble(Reason::TooMany));
                continue;
            }
            let server = Wanted { url, credentials };
            if !wanted.contains(&server) {
                wanted.push(server);
            }
        }
    }
    (wanted, troubles)
}

fn unreadable(url: &str) -> ServerTrouble {
    let is_turn = url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("turn"));
    let kind = if is_turn { ServerKind::Turn } else { ServerKind::Stun };
    ServerTrouble { kind, transport: Transport::Udp, reason: Reason::BadUrl }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(urls: &[&str], credentials: bool) -> IceServer {
        let secret = || credentials.then(|| Secret::new("hidden").unwrap());
        IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: secret(),
            credential: secret(),
        }
    }

    fn reasons(setup: &Setup) -> Vec<Reason> {
        wanted(setup).1.iter().map(|trouble| trouble.reason).collect()
    }

    #[test]
    fn what_cannot_be_used_is_said_and_the_rest_is_used() {
        let servers = vec![
            server(&["stun:a", "stuns:b", "turn:c"], false),
            server(&["turn:d", "turn:d", "TURN:x y"], true),
        ];
        let setup = Setup { servers, ..Setup::default() };
        assert_eq!(wanted(&setup).0.len(), 2, "stun:a and turn:d, once");
        let expected = [Reason::BadUrl, Reason::NoCredentials, Reason::BadUrl];
        assert_eq!(reasons(&setup), expected);
        assert_eq!(wanted(&setup).1[2].kind, ServerKind::Turn, "a broken turn url is turn");
    }

    #[test]
    fn relay_only_asks_no_stun_server() {
        let servers = vec![server(&["stun:a", "turn:b"], true)];
        let setup = Setup { servers, relay_only: true, ..Setup::default() };
        let kinds: Vec<_> = wanted(&setup).0.iter().map(|server| server.url.kind).collect();
        assert_eq!(kinds, [ServerKind::Turn]);
        assert!(reasons(&setup).is_empty(), "which is no trouble");
    }

    #[test]
    fn a_long_list_is_cut_for_each_kind() {
        let urls: Vec<String> = (0..9).map(|n| format!("stun:s{n}")).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let servers = vec![server(&urls, false), server(&["turn:t"], true)];
        let setup = Setup { servers, ..Setup::default() };
        assert_eq!(wanted(&setup).0.len(), MAX_URLS + 1);
        assert_eq!(reasons(&setup), [Reason::TooMany; 3]);
    }

    #[test]
    fn a_user_name_that_no_message_can_carry_is_none() {
        let mut server = server(&["turn:a"], true);
        server.username = Some(Secret::new("u".repeat(509)).unwrap());
        let setup = Setup { servers: vec![server], ..Setup::default() };
        assert_eq!(reasons(&setup), [Reason::NoCredentials]);
    }

    #[test]
    fn debug_shows_no_server_and_no_credential() {
        let servers = vec![server(&["turn:hiddenhost"], true)];
        let setup = Setup { servers, ..Setup::default() };
        let shown = format!("{setup:?} {:?}", wanted(&setup));
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
