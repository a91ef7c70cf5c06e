//! Allocations on TURN servers, each with its own way there.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::Candidate;
use str0m::net::Protocol;

use super::{Gathering, LinkId, Output, ServerId};
use crate::network::event::NetworkEvent;
use crate::network::setup::Wanted;
use crate::network::trouble::{Reason, ServerTrouble};
use crate::network::turn::{Allocation, Families, News};
use crate::network::url::{ServerKind, Transport};

/// Allocations of one generation.
const MAX_RELAYS: usize = 8;
/// How long an allocation that a restart does not want carries on: the call may still run over it
/// until the new candidates are connected.
const FAREWELL: Duration = Duration::from_secs(30);
/// How long a candidate over a stream waits for one over datagrams. Connections prefer what was said
/// first, and a stream makes every loss a stall; where UDP is blocked, the wait delays the call.
const DATAGRAMS_FIRST: Duration = Duration::from_millis(400);

/// One allocation and the way to it.
pub(super) struct Relay {
    link: LinkId,
    /// Of this generation, if it wants this allocation.
    server: Option<ServerId>,
    wanted: Wanted,
    families: Families,
    remote: SocketAddr,
    state: State,
    candidates: Vec<Said>,
    /// When an allocation that nobody wants is given back.
    farewell: Option<Instant>,
}

enum State {
    /// The way there is being made.
    Connecting,
    /// From this address.
    Connected { local: SocketAddr, allocation: Box<Allocation> },
}

/// A candidate and whether it was said in this generation.
struct Said {
    candidate: Candidate,
    is_said: bool,
}

impl Relay {
    pub(super) fn deadline(&self) -> Option<Instant> {
        let allocation = match &self.state {
            State::Connecting => None,
            State::Connected { allocation, .. } => allocation.deadline(),
        };
        [allocation, self.farewell].into_iter().flatten().min()
    }

    /// A candidate may still come of it.
    pub(super) fn is_busy(&self) -> bool {
        let is_asking = match &self.state {
            State::Connecting => true,
            State::Connected { allocation, .. } => !allocation.is_alive(),
        };
        self.server.is_some() && (is_asking || self.candidates.iter().any(|it| !it.is_said))
    }

    pub(super) fn delete(&mut self, now: Instant) {
        if let State::Connected { allocation, .. } = &mut self.state {
            allocation.delete(now);
        }
    }

    fn is_stream(&self) -> bool {
        self.wanted.url.transport != Transport::Udp
    }
}

impl Gathering {
    /// There is a way to a TURN server, from this address.
    pub(in crate::network) fn connected(&mut self, now: Instant, link: LinkId, local: SocketAddr) {
        let Some(index) = self.relays.iter().position(|relay| relay.link == link) else { return };
        let relay = &mut self.relays[index];
        let Some(credentials) = &relay.wanted.credentials else { return };
        let allocation = Allocation::new(
            now,
            relay.wanted.url.transport,
            (local, relay.remote),
            (credentials.username.as_str(), credentials.credential.as_str()),
            relay.families,
        );
        relay.state = State::Connected { local, allocation: Box::new(allocation) };
        self.drain_relay(now, index);
        self.settle(now);
    }

    /// There is none, or not any more.
    pub(in crate::network) fn closed(&mut self, now: Instant, link: LinkId, reason: Reason) {
        let Some(index) = self.relays.iter().position(|relay| relay.link == link) else { return };
        match &mut self.relays[index].state {
            State::Connecting => self.end_relay(now, index, reason),
            State::Connected { allocation, .. } => {
                // Whatever broke the way of a living allocation, the allocation is lost.
                allocation.close(if allocation.is_alive() { Reason::Lost } else { reason });
                self.drain_relay(now, index);
            }
        }
        self.settle(now);
    }

    /// Bytes came from a TURN server.
    pub(in crate::network) fn hear_link(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        let Some(index) = self.relays.iter().position(|relay| relay.link == link) else { return };
        if let State::Connected { allocation, .. } = &mut self.relays[index].state {
            allocation.receive(now, bytes);
            self.drain_relay(now, index);
        }
    }

    /// The relayed address belongs to an allocation that is reached over TCP or TLS.
    pub(in crate::network) fn is_over_stream(&self, relayed: SocketAddr) -> bool {
        self.relays
            .iter()
            .filter(|relay| relay.is_stream())
            .any(|relay| relay.candidates.iter().any(|said| said.candidate.addr() == relayed))
    }

    /// Sends a packet from a relayed address. Without such an allocation it is dropped.
    pub(in crate::network) fn relay(
        &mut self,
        now: Instant,
        (source, destination): (SocketAddr, SocketAddr),
        contents: &[u8],
    ) {
        let index = self
            .relays
            .iter()
            .position(|relay| relay.candidates.iter().any(|said| said.candidate.addr() == source));
        let Some(index) = index else { return };
        if let State::Connected { allocation, .. } = &mut self.relays[index].state {
            allocation.send(now, destination, contents);
            self.drain_relay(now, index);
        }
    }

    pub(super) fn connect(&mut self, server: usize, reachable: &[SocketAddr]) {
        let server = &self.servers[server];
        let (id, wanted) = (server.id, server.wanted.clone());
        if self.relays.iter().any(|relay| relay.server == Some(id)) {
            return;
        }
        for remote in reachable {
            if self.relays.iter().filter(|relay| relay.server.is_some()).count() == MAX_RELAYS {
                let url = &wanted.url;
                let (kind, transport) = (url.kind, url.transport);
                let trouble = ServerTrouble { kind, transport, reason: Reason::TooMany };
                return self.say(NetworkEvent::Trouble(trouble));
            }
            let families = match (reachable.len(), remote) {
                (1, _) => Families::Both,
                (_, SocketAddr::V4(_)) => Families::Only4,
                (_, SocketAddr::V6(_)) => Families::Only6,
            };
            let link = LinkId(self.number());
            let transport = wanted.url.transport;
            let host = wanted.url.host.clone();
            self.outputs.push_back(Output::Connect { link, server: *remote, transport, host });
            self.relays.push(Relay {
                link,
                server: Some(id),
                wanted: wanted.clone(),
                families,
                remote: *remote,
                state: State::Connecting,
                candidates: Vec::new(),
                farewell: None,
            });
        }
    }

    /// Gives the allocations that the new generation wants to its servers, and the others a farewell.
    pub(super) fn sort_relays(&mut self, now: Instant) {
        for relay in &mut self.relays {
            let server = self.servers.iter().find(|server| server.wanted == relay.wanted);
            relay.server = server.map(|server| server.id);
            relay.farewell = match relay.server {
                Some(_) => None,
                None => relay.farewell.or(Some(now + FAREWELL)),
            };
            relay.candidates.iter_mut().for_each(|said| said.is_said = false);
        }
    }

    pub(super) fn tick_relays(&mut self, now: Instant) {
        for index in (0..self.relays.len()).rev() {
            let relay = &mut self.relays[index];
            let is_leaving = relay.farewell.is_some_and(|farewell| farewell <= now);
            if is_leaving {
                relay.delete(now);
            } else if let State::Connected { allocation, .. } = &mut relay.state {
                allocation.tick(now);
            }
            self.drain_relay(now, index);
            if is_leaving {
                let relay = self.relays.remove(index);
                self.outputs.push_back(Output::Close(relay.link));
            }
        }
    }

    pub(super) fn drop_vanished_relays(&mut self, now: Instant) {
        let seen = self.seen.as_deref().unwrap_or_default();
        let has_vanished = |relay: &Relay| match &relay.state {
            State::Connecting => false,
            State::Connected { local, .. } => !seen.iter().any(|own| own.ip == local.ip()),
        };
        let vanished: Vec<_> = self.relays.extract_if(.., |relay| has_vanished(relay)).collect();
        let is_empty = vanished.is_empty();
        for relay in vanished {
            self.outputs.push_back(Output::Close(relay.link));
            for said in relay.candidates {
                self.say(NetworkEvent::Gone(said.candidate));
            }
        }
        if !is_empty && self.servers.iter().any(|server| server.wanted.credentials.is_some()) {
            self.locate_servers(now);
        }
    }

    /// Hands on what one allocation has to say.
    pub(super) fn drain_relay(&mut self, now: Instant, index: usize) {
        loop {
            let relay = &mut self.relays[index];
            let State::Connected { local, allocation } = &mut relay.state else { return };
            let (link, local) = (relay.link, *local);
            while let Some(contents) = allocation.poll_transmit() {
                self.outputs.push_back(Output::Write { link, contents });
            }
            let Some(news) = allocation.poll() else { return };
            match news {
                News::Allocated(relayed) => {
                    if let Ok(candidate) = Candidate::relayed(relayed, local, Protocol::Udp) {
                        relay.candidates.push(Said { candidate, is_said: false });
                    }
                    self.settle(now);
                }
                News::Gone(relayed) => {
                    let is_gone = |said: &mut Said| said.candidate.addr() == relayed;
                    let gone: Vec<_> = relay.candidates.extract_if(.., is_gone).collect();
                    for said in gone {
                        self.say(NetworkEvent::Gone(said.candidate));
                    }
                }
                News::Over(reason) => {
                    self.end_relay(now, index, reason);
                    return self.settle(now);
                }
                News::PeerRefused(reason) => {
                    if let Some(server) = self.server_of(index) {
                        self.trouble(server, reason);
                    }
                }
                News::Packet { peer, relayed, contents } => {
                    self.say(NetworkEvent::Datagram {
                        received: now,
                        protocol: Protocol::Udp,
                        source: peer,
                        destination: relayed,
                        contents,
                    });
                }
            }
        }
    }

    /// Forgets an allocation. Its server is in trouble when it was the last one there.
    fn end_relay(&mut self, now: Instant, index: usize, reason: Reason) {
        let server = self.server_of(index);
        let relay = self.relays.remove(index);
        self.outputs.push_back(Output::Close(relay.link));
        let Some(server) = server else { return };
        let has_others = self.relays.iter().any(|other| other.server == relay.server);
        if !has_others {
            self.fail(now, server, reason);
        }
    }

    fn server_of(&self, index: usize) -> Option<usize> {
        let id = self.relays[index].server?;
        self.servers.iter().position(|server| server.id == id)
    }

    /// Until when candidates over streams wait.
    pub(super) fn release_at(&self) -> Option<Instant> {
        let waits = |relay: &Relay| {
            relay.server.is_some() && relay.candidates.iter().any(|said| !said.is_said)
        };
        self.relays.iter().any(waits).then_some(self.began + DATAGRAMS_FIRST)
    }

    /// Says the candidates whose turn it is: those over datagrams at once, those over streams after
    /// them.
    pub(super) fn release(&mut self, now: Instant) {
        let is_hopeful = now < self.began + DATAGRAMS_FIRST && self.expects_datagrams();
        let mut ready = Vec::new();
        for relay in &mut self.relays {
            let may = relay.server.is_some() && !(relay.is_stream() && is_hopeful);
            for said in relay.candidates.iter_mut().filter(|said| may && !said.is_said) {
                said.is_said = true;
                ready.push((relay.wanted.url.transport, said.candidate.clone()));
            }
        }
        ready.sort_by_key(|(transport, _)| *transport);
        for (_, candidate) in ready {
            self.say_candidate(&candidate);
        }
    }

    /// Whether an allocation over datagrams may still come.
    fn expects_datagrams(&self) -> bool {
        let is_sought = self.servers.iter().any(|server| {
            let url = &server.wanted.url;
            url.kind == ServerKind::Turn
                && url.transport == Transport::Udp
                && matches!(server.place, super::Place::Unknown)
        });
        let is_asking = |relay: &Relay| {
            let State::Connected { allocation, .. } = &relay.state else { return true };
            !allocation.is_alive()
        };
        let mut datagrams = self.relays.iter().filter(|it| it.server.is_some() && !it.is_stream());
        is_sought || datagrams.any(is_asking)
    }
}
