//! A machine, its interfaces, and servers around it, in virtual time.

use std::collections::BTreeMap;

use bellwire_protocol::{IceServer, Secret};

use super::super::*;
use crate::network::stun::tests::reply_to;
use crate::network::turn::fake::{Fake, USER};

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) machine: Gathering,
    pub(super) addresses: Vec<Address>,
    pub(super) said: Vec<String>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) sockets: Vec<SocketAddr>,
    /// STUN servers, and how they see everybody: the port stays.
    pub(super) stun: BTreeMap<SocketAddr, IpAddr>,
    /// Every question: who asked whom.
    pub(super) asked: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    pub(super) turn: BTreeMap<SocketAddr, Fake>,
    /// Ways to TURN servers that are open.
    pub(super) links: BTreeMap<LinkId, (SocketAddr, SocketAddr, Transport)>,
    pub(super) names: BTreeMap<String, Vec<SocketAddr>>,
    /// Ways to TURN servers that were asked for.
    pub(super) connects: usize,
    /// Answers in datagrams are lost.
    pub(super) is_lossy: bool,
    /// Streams that were asked for and wait for [`World::connect`].
    pub(super) slow: Option<Vec<LinkId>>,
    pub(super) ticks: usize,
    next_port: u16,
}

pub(super) fn address(ip: &str) -> Address {
    Address { ip: ip.parse().unwrap(), scope: 0 }
}

pub(super) fn place(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub(super) fn setup(urls: &[&str]) -> Setup {
    let secret = |text| Some(Secret::new(text).unwrap());
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    let servers = vec![IceServer { urls, username: secret(USER.0), credential: secret(USER.1) }];
    Setup { servers, ..Setup::default() }
}

impl World {
    /// A machine with an address of each family.
    pub(super) fn new(setup: &Setup) -> Self {
        let now = Instant::now();
        Self {
            now,
            machine: Gathering::new(now, setup),
            addresses: ["127.0.0.1", "::1", "192.0.2.2", "2001:db8::2"].map(address).to_vec(),
            said: Vec::new(),
            candidates: Vec::new(),
            sockets: Vec::new(),
            stun: BTreeMap::new(),
            asked: Vec::new(),
            turn: BTreeMap::new(),
            links: BTreeMap::new(),
            names: BTreeMap::new(),
            connects: 0,
            is_lossy: false,
            slow: None,
            ticks: 0,
            next_port: 4_000,
        }
    }

    /// A server behind `address` that answers STUN and TURN, and allocates on its own address.
    pub(super) fn add_turn(&mut self, address: &str) {
        let address = place(address);
        let mut fake = Fake::new();
        fake.relayed = vec![SocketAddr::new(address.ip(), 50_000)];
        self.turn.insert(address, fake);
    }

    pub(super) fn restart(&mut self, setup: &Setup) {
        self.machine.restart(self.now, setup);
        self.pump();
    }

    /// Does what the machine wants until it wants nothing.
    pub(super) fn pump(&mut self) {
        while let Some(output) = self.machine.poll() {
            let now = self.now;
            match output {
                Output::Look => self.machine.look(now, Some(self.addresses.clone())),
                Output::Bind(address) => {
                    let local = SocketAddr::new(address.ip, self.port());
                    let is_there = self.addresses.contains(&address);
                    self.sockets.extend(is_there.then_some(local));
                    self.machine.bound(now, address, is_there.then_some(local));
                }
                Output::Unbind(local) => self.sockets.retain(|socket| *socket != local),
                Output::Resolve { server, name, port } => {
                    let mut found = self.names.get(&name).cloned().unwrap_or_default();
                    found.iter_mut().for_each(|address| address.set_port(port));
                    self.machine.resolved(now, server, found);
                }
                Output::Connect { link, server, transport, .. } => {
                    self.connects += 1;
                    self.links.insert(link, (place("0.0.0.0:0"), server, transport));
                    match &mut self.slow {
                        Some(slow) if transport != Transport::Udp => slow.push(link),
                        Some(_) | None => self.connect(link),
                    }
                }
                Output::Close(link) => drop(self.links.remove(&link)),
                Output::Send { local, remote, contents } => {
                    assert!(self.sockets.contains(&local), "sent from a socket that is bound");
                    self.asked.push((local, remote, contents.clone()));
                    let seen = self.stun.get(&remote).filter(|_| !self.is_lossy);
                    if let Some(seen) = seen {
                        let mapped = SocketAddr::new(*seen, local.port());
                        let reply = reply_to(&contents, mapped);
                        // To a question that was forgotten it is no answer.
                        let _ = self.machine.hear(now, (local, remote), &reply);
                    }
                }
                Output::Write { link, contents } => self.write(link, &contents),
                Output::Event(event) => self.hear(event),
            }
        }
    }

    /// The way to a TURN server is there, if anybody is.
    pub(super) fn connect(&mut self, link: LinkId) {
        let port = self.port();
        let Some((local, server, _)) = self.links.get_mut(&link) else { return };
        let is_same =
            |own: &&Address| own.ip.is_ipv4() == server.is_ipv4() && !own.ip.is_loopback();
        match self.addresses.iter().find(is_same).filter(|_| self.turn.contains_key(server)) {
            Some(own) => {
                *local = SocketAddr::new(own.ip, port);
                let local = *local;
                self.machine.connected(self.now, link, local);
            }
            None => self.machine.closed(self.now, link, Reason::Unreachable),
        }
        self.pump();
    }

    fn write(&mut self, link: LinkId, contents: &[u8]) {
        let Some((local, server, transport)) = self.links.get(&link).copied() else { return };
        let Some(fake) = self.turn.get_mut(&server) else { return };
        // Streams lose nothing.
        let is_lost = self.is_lossy && transport == Transport::Udp;
        if let Some(answer) = fake.hear(contents, local).filter(|_| !is_lost) {
            self.machine.hear_link(self.now, link, &answer);
        }
    }

    fn hear(&mut self, event: NetworkEvent) {
        self.said.push(match event {
            NetworkEvent::Candidate(candidate) => {
                let said = format!("{} {}", candidate.kind(), candidate.addr().ip());
                self.candidates.push(candidate);
                said
            }
            NetworkEvent::Gone(candidate) => {
                format!("gone {} {}", candidate.kind(), candidate.addr().ip())
            }
            NetworkEvent::Gathered => "gathered".to_owned(),
            NetworkEvent::Changed => "changed".to_owned(),
            NetworkEvent::Trouble(trouble) => {
                format!("{:?} {:?}: {}", trouble.kind, trouble.transport, trouble.reason)
            }
            NetworkEvent::Datagram { contents, .. } => format!("datagram {contents:?}"),
        });
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, time: Duration) {
        self.pump();
        let end = self.now + time;
        while self.machine.deadline() <= end {
            self.now = self.now.max(self.machine.deadline());
            self.machine.tick(self.now);
            self.ticks += 1;
            self.pump();
        }
        self.now = end;
    }

    pub(super) fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    pub(super) fn take_said(&mut self) -> Vec<String> {
        self.pump();
        std::mem::take(&mut self.said)
    }

    const fn port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }
}
