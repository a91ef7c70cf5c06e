//! Finding the ways to this machine, and keeping them: a pure machine.
//!
//! It says what to bind, look up, connect and send; a driver does it and says what came of it. One
//! life of candidates, from the start or an ICE restart on, is a generation:
//!
//! ```text
//! start / restart ──► addresses of this machine ──► a socket each ──► host candidate
//!                              │                        └──► STUN questions ──► reflexive candidate
//!                              └──► names of servers looked up
//!                                       └──► TURN: a way to the server ──► allocation ──► relayed candidate
//! every second: addresses again; new ones are gathered, what hung on vanished ones is gone
//! ```
//!
//! Every allocation has its own socket. So a restart with fresh credentials can ask the same server
//! again while the old allocation still carries the call, which the server would refuse from the
//! same address (RFC 8656 section 7.2), and a packet from a TURN server can never be mistaken for
//! one of a peer.

mod hosts;
mod relays;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use str0m::Candidate;

use self::hosts::Hosts;
use self::relays::Relay;
use super::event::NetworkEvent;
use super::interfaces::{self, Address, Loopback};
use super::setup::{Setup, Wanted, wanted};
use super::trouble::{Reason, ServerTrouble};
use super::url::{Host, ServerKind, Transport};

/// How often the machine's addresses are looked at. A call that lost its interface is mended the
/// sooner the smaller this is; a look takes some 50 µs.
const LOOK: Duration = Duration::from_secs(1);

/// How long after a failure that may pass a server is tried again; doubles with every failure, up to
/// [`LONGEST_RETRY`]. Sooner asks a server that is just starting, later leaves a call without it.
const RETRY: Duration = Duration::from_secs(1);
/// Longest time between two such attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// Names a server of the present generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServerId(u64);

/// Names a way to a TURN server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(u64);

/// Something for the driver to do or to hand on.
pub(super) enum Output {
    /// List the addresses of this machine, for [`Gathering::look`].
    Look,
    /// Bind a UDP socket to this address, for [`Gathering::bound`].
    Bind(Address),
    /// Close the socket that was bound to it.
    Unbind(SocketAddr),
    /// Look a name up, for [`Gathering::resolved`].
    Resolve { server: ServerId, name: String, port: u16 },
    /// Make a way to a TURN server, for [`Gathering::connected`] or [`Gathering::closed`].
    Connect { link: LinkId, server: SocketAddr, transport: Transport, host: Host },
    /// Close it.
    Close(LinkId),
    /// Send a datagram from a socket that was bound.
    Send { local: SocketAddr, remote: SocketAddr, contents: Vec<u8> },
    /// Send bytes on a way to a TURN server.
    Write { link: LinkId, contents: Vec<u8> },
    /// Tell the owner of the network.
    Event(NetworkEvent),
}

/// The machine.
pub(super) struct Gathering {
    relay_only: bool,
    loopback: Loopback,
    servers: Vec<Server>,
    hosts: Hosts,
    relays: Vec<Relay>,
    /// All addresses of the machine at the last look, those that no call may use among them.
    seen: Option<Vec<Address>>,
    /// Those that a call may use; nothing before the first look.
    usable: Option<Vec<Address>>,
    next_look: Instant,
    /// When this generation began.
    began: Instant,
    is_gathered: bool,
    next_id: u64,
    outputs: VecDeque<Output>,
}

/// A server of this generation.
struct Server {
    id: ServerId,
    wanted: Wanted,
    place: Place,
    /// What its owner was last told about it.
    trouble: Option<Reason>,
    /// When to try again.
    retry: Option<Instant>,
    /// How often it failed in this generation.
    failures: u32,
}

/// Where a server is.
enum Place {
    /// Its name is being looked up.
    Unknown,
    /// At these addresses; none after a lookup that failed.
    Known(Vec<SocketAddr>),
}

impl Gathering {
    /// Begins the first generation.
    pub(super) fn new(now: Instant, setup: &Setup) -> Self {
        let mut this = Self {
            relay_only: setup.relay_only,
            loopback: setup.loopback,
            servers: Vec::new(),
            hosts: Hosts::default(),
            relays: Vec::new(),
            seen: None,
            usable: None,
            next_look: now + LOOK,
            began: now,
            is_gathered: false,
            next_id: 0,
            outputs: VecDeque::new(),
        };
        this.restart(now, setup);
        this
    }

    /// Begins the next generation. Sockets stay, and allocations that fit the new setup; other
    /// allocations carry on for a while. Every candidate is said again.
    pub(super) fn restart(&mut self, now: Instant, setup: &Setup) {
        let (wanted, troubles) = wanted(setup);
        for trouble in troubles {
            self.say(NetworkEvent::Trouble(trouble));
        }
        self.relay_only = setup.relay_only;
        self.loopback = setup.loopback;
        self.began = now;
        self.is_gathered = false;
        self.servers.clear();
        for wanted in wanted {
            let id = ServerId(self.number());
            self.servers.push(Server {
                id,
                wanted,
                place: Place::Unknown,
                trouble: None,
                retry: None,
                failures: 0,
            });
        }
        self.hosts.forget_questions();
        self.say_hosts_again();
        self.sort_relays(now);
        self.seen = None;
        self.outputs.push_back(Output::Look);
    }

    /// The next thing to do.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::tick`], if nothing happens sooner.
    pub(super) fn deadline(&self) -> Instant {
        let hosts = self.hosts.deadline();
        let relays = self.relays.iter().filter_map(Relay::deadline).min();
        let retries = self.servers.iter().filter_map(|server| server.retry).min();
        let held = self.release_at();
        [hosts, relays, retries, held].into_iter().flatten().fold(self.next_look, Instant::min)
    }

    /// Does what the time has come for.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.next_look <= now {
            self.next_look = now + LOOK;
            self.outputs.push_back(Output::Look);
        }
        self.tick_hosts(now);
        self.tick_relays(now);
        for index in 0..self.servers.len() {
            if self.servers[index].retry.is_some_and(|retry| retry <= now) {
                self.servers[index].retry = None;
                self.locate(now, index);
            }
        }
        self.settle(now);
    }

    /// These are the addresses of the machine; nothing when they cannot be listed.
    pub(super) fn look(&mut self, now: Instant, seen: Option<Vec<Address>>) {
        let is_first = self.seen.is_none();
        let Some(seen) = seen.or_else(|| is_first.then(Vec::new)) else { return };
        let usable = interfaces::usable(&seen, self.loopback);
        let has_changed = self.usable.as_ref().is_some_and(|before| !same(&usable, before));
        self.seen = Some(seen);
        self.usable = Some(usable);
        self.drop_vanished_hosts();
        self.bind_usable();
        self.drop_vanished_relays(now);
        if is_first || has_changed {
            self.locate_servers(now);
        }
        if has_changed {
            self.say(NetworkEvent::Changed);
        }
        self.settle(now);
    }

    /// The name of `server` was looked up; no address means that it was not found.
    pub(super) fn resolved(&mut self, now: Instant, server: ServerId, found: Vec<SocketAddr>) {
        let Some(index) = self.servers.iter().position(|known| known.id == server) else { return };
        if found.is_empty() {
            self.servers[index].place = Place::Known(Vec::new());
            self.fail(now, index, Reason::Unresolved);
        } else {
            self.located(now, index, found);
        }
        self.settle(now);
    }

    /// Gives every allocation back. What is left to do is only to send.
    pub(super) fn shut(&mut self, now: Instant) {
        for relay in &mut self.relays {
            relay.delete(now);
        }
        for index in 0..self.relays.len() {
            self.drain_relay(now, index);
        }
    }

    fn locate_servers(&mut self, now: Instant) {
        for index in 0..self.servers.len() {
            self.locate(now, index);
        }
    }

    /// Finds out where a server is, and asks what it is not being asked yet.
    fn locate(&mut self, now: Instant, index: usize) {
        let Server { id, wanted, place, .. } = &mut self.servers[index];
        match (&wanted.url.host, &*place) {
            (_, Place::Known(found)) if !found.is_empty() => {
                let found = found.clone();
                self.located(now, index, found);
            }
            (Host::Ip(ip), _) => {
                let found = vec![SocketAddr::new(*ip, wanted.url.port)];
                self.located(now, index, found);
            }
            (Host::Name(name), _) => {
                let name = name.clone();
                let resolve = Output::Resolve { server: *id, name, port: wanted.url.port };
                *place = Place::Unknown;
                self.outputs.push_back(resolve);
            }
        }
    }

    fn located(&mut self, now: Instant, index: usize, found: Vec<SocketAddr>) {
        let found = one_of_each_family(&found);
        let reachable: Vec<_> =
            found.iter().copied().filter(|address| self.is_reachable(address.ip())).collect();
        self.servers[index].place = Place::Known(found);
        if reachable.is_empty() {
            return self.fail(now, index, Reason::Unreachable);
        }
        let Wanted { url, .. } = &self.servers[index].wanted;
        let (kind, transport) = (url.kind, url.transport);
        // A TURN server answers STUN questions as well.
        if !self.relay_only && transport == Transport::Udp {
            self.ask(now, &reachable);
        }
        if kind == ServerKind::Turn {
            self.connect(index, &reachable);
        }
    }

    /// Whether this machine has any address of the family of `ip`.
    fn is_reachable(&self, ip: IpAddr) -> bool {
        ip.is_loopback()
            || self.seen.iter().flatten().any(|own| {
                let is_global = match own.ip {
                    IpAddr::V4(own) => !own.is_loopback() && !own.is_link_local(),
                    IpAddr::V6(own) => !own.is_loopback() && !own.is_unicast_link_local(),
                };
                is_global && own.ip.is_ipv4() == ip.is_ipv4()
            })
    }

    /// Says what became known, and whether that was all.
    fn settle(&mut self, now: Instant) {
        self.release(now);
        let is_busy = self.seen.is_none()
            || self.hosts.is_busy()
            || self.servers.iter().any(|server| matches!(server.place, Place::Unknown))
            || self.relays.iter().any(Relay::is_busy);
        if !is_busy && !self.is_gathered {
            self.is_gathered = true;
            self.say(NetworkEvent::Gathered);
        }
    }

    /// A server could not be used at this time. What may pass is tried again later.
    fn fail(&mut self, now: Instant, index: usize, reason: Reason) {
        self.trouble(index, reason);
        let may_pass = match reason {
            Reason::Unresolved | Reason::Unreachable | Reason::Timeout | Reason::Lost => true,
            Reason::BadUrl
            | Reason::TooMany
            | Reason::NoCredentials
            | Reason::Tls
            | Reason::CredentialsRefused
            | Reason::Quota
            | Reason::Forbidden
            | Reason::Refused(_)
            | Reason::Protocol => false,
        };
        if may_pass {
            let server = &mut self.servers[index];
            let wait = RETRY.saturating_mul(1 << server.failures.min(8)).min(LONGEST_RETRY);
            server.failures += 1;
            server.retry = Some(now + wait);
        }
    }

    fn trouble(&mut self, index: usize, reason: Reason) {
        let server = &mut self.servers[index];
        if server.trouble.replace(reason) != Some(reason) {
            let url = &server.wanted.url;
            let trouble = ServerTrouble { kind: url.kind, transport: url.transport, reason };
            self.say(NetworkEvent::Trouble(trouble));
        }
    }

    fn say(&mut self, event: NetworkEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn say_candidate(&mut self, candidate: &Candidate) {
        self.say(NetworkEvent::Candidate(candidate.clone()));
    }

    const fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

fn same(one: &[Address], other: &[Address]) -> bool {
    one.len() == other.len() && one.iter().all(|address| other.contains(address))
}

/// The first address of each family: a name with many addresses is one server.
fn one_of_each_family(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let first = |four: bool| found.iter().copied().find(|address| address.is_ipv4() == four);
    first(true).into_iter().chain(first(false)).collect()
}
