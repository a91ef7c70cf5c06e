//! The sockets of this machine's own addresses, and how the world sees them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::Candidate;
use str0m::net::Protocol;

use super::{Gathering, Output};
use crate::network::event::NetworkEvent;
use crate::network::interfaces::Address;
use crate::network::stun::{Binding, Step, read_reply};
use crate::network::trouble::Reason;
use crate::network::url::ServerKind;

/// Addresses of STUN servers that one socket asks. Two show whether one is down; more only cost
/// packets, since they all say the same.
const MAX_ASKED: usize = 3;

/// How often a server that answered is asked again. A NAT forgets a socket that is silent for 30 s or
/// more (RFC 4787 section 4.3 asks for 2 min, many keep less), and a call may ring for a minute
/// before its candidates are used. More often only costs packets.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// All sockets, and the questions that they asked.
#[derive(Default)]
pub(super) struct Hosts {
    hosts: Vec<HostSocket>,
    questions: Vec<Binding>,
    /// Who answered in this generation.
    answered: Vec<SocketAddr>,
    /// Every question of this generation.
    asked: Vec<(SocketAddr, SocketAddr)>,
}

/// One address that is or becomes a socket.
struct HostSocket {
    address: Address,
    /// Nothing while it is being bound.
    local: Option<SocketAddr>,
    /// Its candidate was said at any time: packets to it are handed on.
    is_said: bool,
    /// How the world sees it.
    mapped: Vec<SocketAddr>,
    /// Whom to ask again, and when.
    again: Option<(SocketAddr, Instant)>,
}

impl Hosts {
    pub(super) fn deadline(&self) -> Option<Instant> {
        let again = self.hosts.iter().filter_map(|host| host.again.map(|(_, at)| at));
        self.questions.iter().map(Binding::deadline).chain(again).min()
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.questions.is_empty() || self.hosts.iter().any(|host| host.local.is_none())
    }

    pub(super) fn forget_questions(&mut self) {
        self.questions.clear();
        self.answered.clear();
        self.asked.clear();
        self.hosts.iter_mut().for_each(|host| host.again = None);
    }
}

impl Gathering {
    /// A socket was bound to `address`, or could not be.
    pub(in crate::network) fn bound(
        &mut self,
        now: Instant,
        address: Address,
        local: Option<SocketAddr>,
    ) {
        let Some(index) = self.hosts.hosts.iter().position(|host| host.address == address) else {
            return self.outputs.extend(local.map(Output::Unbind));
        };
        match local {
            Some(local) => {
                self.hosts.hosts[index].local = Some(local);
                if !self.relay_only {
                    self.say_host(index);
                    self.ask_everybody(now, local);
                }
            }
            // The next look tries again: an IPv6 address that is being checked for duplicates
            // cannot be bound yet.
            None => drop(self.hosts.hosts.remove(index)),
        }
        self.settle(now);
    }

    /// A datagram came to a socket. True when it was an answer to a question, so not for anybody
    /// else; false when it is for the connection; nothing when it is for nobody.
    pub(in crate::network) fn hear(
        &mut self,
        now: Instant,
        (local, source): (SocketAddr, SocketAddr),
        contents: &[u8],
    ) -> Option<bool> {
        if !self.hosts.questions.is_empty()
            && let Some(reply) = read_reply(contents)
        {
            let questions = &self.hosts.questions;
            let answered = questions.iter().position(|it| it.is_answered_by(local, source, &reply));
            if let Some(index) = answered {
                self.hosts.questions.swap_remove(index);
                self.hosts.answered.push(source);
                if let Some(mapped) = reply.mapped {
                    self.say_mapped(local, mapped);
                    self.ask_again(now, local, source);
                }
                self.settle(now);
                return Some(true);
            }
        }
        let host = self.hosts.hosts.iter().find(|host| host.local == Some(local))?;
        host.is_said.then_some(false)
    }

    pub(super) fn bind_usable(&mut self) {
        if self.relay_only {
            return;
        }
        for address in self.usable.clone().unwrap_or_default() {
            if self.hosts.hosts.iter().all(|host| host.address != address) {
                let host = HostSocket {
                    address,
                    local: None,
                    is_said: false,
                    mapped: Vec::new(),
                    again: None,
                };
                self.hosts.hosts.push(host);
                self.outputs.push_back(Output::Bind(address));
            }
        }
    }

    pub(super) fn drop_vanished_hosts(&mut self) {
        let seen = self.seen.as_deref().unwrap_or_default();
        let vanished = self.hosts.hosts.extract_if(.., |host| !seen.contains(&host.address));
        let vanished: Vec<_> = vanished.collect();
        for host in vanished {
            let Some(local) = host.local else { continue };
            self.hosts.questions.retain(|question| question.local != local);
            self.hosts.asked.retain(|(asking, _)| *asking != local);
            if host.is_said {
                let reflexive = host.mapped.iter().filter_map(|mapped| reflexive(*mapped, local));
                let candidates: Vec<_> = reflexive.chain(own(local)).collect();
                candidates.into_iter().for_each(|gone| self.say(NetworkEvent::Gone(gone)));
            }
            self.outputs.push_back(Output::Unbind(local));
        }
    }

    pub(super) fn say_hosts_again(&mut self) {
        if self.relay_only {
            return;
        }
        for index in 0..self.hosts.hosts.len() {
            self.say_host(index);
        }
    }

    pub(super) fn tick_hosts(&mut self, now: Instant) {
        let mut given_up = Vec::new();
        let Self { hosts, outputs, .. } = self;
        for host in &mut hosts.hosts {
            if let (Some(local), Some((server, at))) = (host.local, host.again)
                && at <= now
            {
                host.again = Some((server, now + ASK_AGAIN));
                hosts.questions.push(Binding::new(now, local, server));
            }
        }
        hosts.questions.retain_mut(|question| match question.step(now) {
            Step::Ask(contents) => {
                let (local, remote) = (question.local, question.server);
                outputs.push_back(Output::Send { local, remote, contents });
                true
            }
            Step::Wait => true,
            Step::GiveUp => {
                given_up.push(question.server);
                false
            }
        });
        for server in given_up {
            self.doubt(server);
        }
    }

    /// Asks these addresses of one server how they see every socket of their family.
    pub(super) fn ask(&mut self, now: Instant, servers: &[SocketAddr]) {
        let locals: Vec<_> = self.hosts.hosts.iter().filter_map(|host| host.local).collect();
        for server in servers {
            for local in &locals {
                self.ask_one(now, *local, *server);
            }
        }
        self.tick_hosts(now);
    }

    fn ask_everybody(&mut self, now: Instant, local: SocketAddr) {
        let servers: Vec<_> =
            self.servers.iter().filter_map(super::Server::udp_places).flatten().copied().collect();
        for server in servers {
            self.ask_one(now, local, server);
        }
        self.tick_hosts(now);
    }

    fn ask_one(&mut self, now: Instant, local: SocketAddr, server: SocketAddr) {
        let fits = local.is_ipv4() == server.is_ipv4()
            && local.ip().is_loopback() == server.ip().is_loopback();
        let asked = &mut self.hosts.asked;
        let before = asked.iter().filter(|(asking, _)| *asking == local).count();
        if fits && before < MAX_ASKED && !asked.contains(&(local, server)) {
            asked.push((local, server));
            self.hosts.questions.push(Binding::new(now, local, server));
        }
    }

    /// Keeps the way through a NAT open: the first server that answered is asked now and then.
    fn ask_again(&mut self, now: Instant, local: SocketAddr, server: SocketAddr) {
        let host = self.hosts.hosts.iter_mut().find(|host| host.local == Some(local));
        if let Some(host) = host.filter(|host| host.again.is_none()) {
            host.again = Some((server, now + ASK_AGAIN));
        }
    }

    /// Nobody answers at this address. If nobody answers anywhere else either, the server is no use.
    fn doubt(&mut self, address: SocketAddr) {
        for index in 0..self.servers.len() {
            let server = &self.servers[index];
            let Some(places) = server.udp_places() else { continue };
            let is_over = self.hosts.answered.iter().all(|answered| !places.contains(answered))
                && self.hosts.questions.iter().all(|question| !places.contains(&question.server));
            if server.wanted.url.kind == ServerKind::Stun && places.contains(&address) && is_over {
                self.trouble(index, Reason::Timeout);
            }
        }
    }

    fn say_host(&mut self, index: usize) {
        let host = &mut self.hosts.hosts[index];
        let Some(local) = host.local else { return };
        host.is_said = true;
        let reflexive = host.mapped.iter().filter_map(|mapped| reflexive(*mapped, local));
        let candidates: Vec<_> = own(local).into_iter().chain(reflexive).collect();
        candidates.iter().for_each(|candidate| self.say_candidate(candidate));
    }

    fn say_mapped(&mut self, local: SocketAddr, mapped: SocketAddr) {
        let host = self.hosts.hosts.iter_mut().find(|host| host.local == Some(local));
        let Some(host) = host.filter(|host| !host.mapped.contains(&mapped)) else { return };
        // Without a NAT in between it is the host candidate.
        if mapped != local
            && let Some(candidate) = reflexive(mapped, local)
        {
            host.mapped.push(mapped);
            self.say_candidate(&candidate);
        }
    }
}

impl super::Server {
    /// Where it answers STUN questions, as far as is known.
    fn udp_places(&self) -> Option<&[SocketAddr]> {
        match &self.place {
            super::Place::Known(found)
                if self.wanted.url.transport == crate::network::url::Transport::Udp =>
            {
                Some(found)
            }
            super::Place::Known(_) | super::Place::Unknown => None,
        }
    }
}

fn own(local: SocketAddr) -> Option<Candidate> {
    Candidate::host(local, Protocol::Udp).ok()
}

fn reflexive(mapped: SocketAddr, local: SocketAddr) -> Option<Candidate> {
    Candidate::server_reflexive(mapped, local, Protocol::Udp).ok()
}
