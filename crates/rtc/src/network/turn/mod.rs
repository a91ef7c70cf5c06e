//! One allocation on a TURN server, from the first request to its end.
//!
//! ```text
//! Asking ──allocated──► Alive ──refused, expired, stream closed──► Over
//!    └──refused, no answer──────────────────────────────────────────►┘
//! ```
//!
//! The protocol is `turn-client-proto`'s. What that leaves out is here: why a server refused, framing
//! and padding in streams, refusals of a refresh (it would wait for the expiry), and which peers get
//! a permission and a channel. A peer gets a permission (RFC 8656 section 9) with the first packet
//! to it, and a channel (section 12), which saves 36 bytes a packet, once it is sent more than
//! connectivity checks.

#[cfg(test)]
pub(super) mod fake;
mod ledger;
mod pace;
mod peers;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun_proto::types::TransportType;
use stun_proto::types::message::{BINDING, Message, MessageWrite as _, MessageWriteVec};
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::prelude::{DelayedTransmitBuild as _, TurnClientApi as _};
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{AddressFamily, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use self::ledger::{Ledger, Refusal};
use self::pace::Pace;
use self::peers::{Fate, Peers};
use super::frames::{Frames, pad};
use super::quiet::quietly;
use super::trouble::Reason;
use super::url::Transport;

/// How long the first answer may take before a request is repeated; doubles up to
/// [`LONGEST_WAIT`]. RFC 8489 section 6.2.1 asks for 500 ms where nothing is known of the path; a
/// relayed call waits for three answers in a row, so one lost packet should not cost more.
const FIRST_WAIT: Duration = Duration::from_millis(300);
/// Longest gap between two repetitions, and how long the last may take.
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);
/// How often a request is sent. With the gaps above it fails after about 5 s: lower gives up on
/// slow networks, higher keeps a call waiting for a dead server.
const TIMES: u32 = 5;
/// After how much silence of ours the server gets a packet without meaning. A NAT in between would
/// else forget the way to a relay that is only kept for bad times; more often only costs packets.
const SILENCE: Duration = Duration::from_secs(20);
/// Looks at the client after one input. It needs two or three.
const MAX_LOOKS: usize = 64;
/// Longest packet that is passed on: no path has room for it.
const LONGEST: usize = 9_000;
/// Least time between two looks at the client, so that a mistake in it cannot spin.
const LEAST_WAIT: Duration = Duration::from_millis(10);

/// What an allocation has to say.
pub(super) enum News {
    /// It has an address; one word for each family.
    Allocated(SocketAddr),
    /// This address is not ours any more.
    Gone(SocketAddr),
    /// It could not be made, or is over.
    Over(Reason),
    /// It lives, but the server refuses a peer.
    PeerRefused(Reason),
    /// A packet from a peer to one of the addresses.
    Packet { peer: SocketAddr, relayed: SocketAddr, contents: Vec<u8> },
}

/// One allocation.
pub(super) struct Allocation {
    client: TurnClient,
    /// Streams only.
    frames: Option<Frames>,
    state: State,
    pace: Pace,
    wake: Instant,
    /// When to say something without meaning.
    murmur: Instant,
    ledger: Ledger,
    /// The last refusal that did not end it.
    refused: Option<Reason>,
    relayed: Vec<SocketAddr>,
    peers: Peers,
    out: VecDeque<Vec<u8>>,
    news: VecDeque<News>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asking,
    Alive,
    Over,
}

/// Which families of addresses to ask the server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Families {
    /// IPv4, and IPv6 if the server has it.
    Both,
    /// One of them.
    Only4,
    /// One of them.
    Only6,
}

impl Allocation {
    /// Begins to ask `server` from `local`. The first request is in [`Self::poll_transmit`].
    pub(super) fn new(
        now: Instant,
        transport: Transport,
        (local, server): (SocketAddr, SocketAddr),
        (username, credential): (&str, &str),
        families: Families,
    ) -> Self {
        let mut config = TurnConfig::new(TurnCredentials::new(username, credential));
        config.set_request_retransmits(FIRST_WAIT, LONGEST_WAIT, TIMES, LONGEST_WAIT);
        match families {
            Families::Both => config.add_address_family(AddressFamily::IPV6),
            Families::Only4 => {}
            Families::Only6 => config.set_address_family(AddressFamily::IPV6),
        }
        let (client, frames) = quietly(|| match transport {
            Transport::Udp => (TurnClientUdp::allocate(local, server, config).into(), None),
            Transport::Tcp | Transport::Tls => {
                let client = TurnClientTcp::allocate(local, server, config).into();
                (client, Some(Frames::default()))
            }
        });
        let mut this = Self {
            client,
            frames,
            state: State::Asking,
            pace: Pace::new(now),
            wake: now,
            murmur: now + SILENCE,
            ledger: Ledger::default(),
            refused: None,
            relayed: Vec::new(),
            peers: Peers::default(),
            out: VecDeque::new(),
            news: VecDeque::new(),
        };
        this.advance(now);
        this
    }

    pub(super) fn is_alive(&self) -> bool {
        self.state == State::Alive
    }

    /// When to call [`Self::tick`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        let echo = self.peers.deadline();
        let wake = self.wake.min(self.murmur);
        (self.state != State::Over).then(|| echo.map_or(wake, |echo| echo.min(wake)))
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.state == State::Over {
            return;
        }
        while let Some((peer, contents)) = self.peers.echo(now) {
            self.pass(now, peer, &contents);
        }
        if self.wake <= now {
            self.advance(now);
        }
        if self.murmur <= now {
            self.murmur = now + SILENCE;
            let indication = || Message::builder_indication(BINDING, MessageWriteVec::new());
            self.out.push_back(quietly(|| indication().finish()));
        }
    }

    /// Bytes for the server, a datagram or a piece of the stream.
    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    pub(super) fn poll(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Takes what the server sent: a datagram, or any piece of the stream.
    pub(super) fn receive(&mut self, now: Instant, bytes: &[u8]) {
        let Some(frames) = &mut self.frames else { return self.receive_message(now, bytes) };
        let pushed = frames.push(bytes);
        while let Some(message) = self.frames.as_mut().and_then(Frames::pop) {
            self.receive_message(now, &message);
        }
        if pushed.is_err() {
            self.end(Reason::Protocol);
        }
    }

    /// Nothing more can come from the server, for this reason.
    pub(super) fn close(&mut self, reason: Reason) {
        self.end(reason);
    }

    /// Gives the allocation back to the server.
    pub(super) fn delete(&mut self, now: Instant) {
        if self.state == State::Alive {
            self.state = State::Over;
            let time = self.pace.time(now);
            let _ = quietly(|| self.client.delete(time));
            // The client keeps a distance between its requests; nobody waits for this one.
            let later = self.pace.time(now + Duration::from_secs(1));
            while let Some(transmit) = quietly(|| self.client.poll_transmit(later)) {
                self.out.push_back(transmit.data.to_vec());
            }
        }
    }

    /// Sends a packet to `peer`. Without a permission for it the newest packets wait until the
    /// server gives one.
    pub(super) fn send(&mut self, now: Instant, peer: SocketAddr, contents: &[u8]) {
        let is_possible = self.state == State::Alive && contents.len() <= LONGEST;
        if !is_possible || self.relayed_for(peer).is_none() {
            return;
        }
        let (ip, time) = (peer.ip(), self.pace.time(now));
        if quietly(|| self.client.have_permission(TransportType::Udp, ip)) {
            if self.peers.wants_channel(now, peer, contents) {
                self.bind(now, peer);
            }
            return self.pass(now, peer, contents);
        }
        let ask = || self.client.create_permission(TransportType::Udp, ip, time);
        if self.peers.send(now, peer, contents) == Fate::Ask && quietly(ask).is_ok() {
            self.peers.hold(peer, contents);
            self.advance(now);
        }
    }

    fn pass(&mut self, now: Instant, peer: SocketAddr, contents: &[u8]) {
        let time = self.pace.time(now);
        let built = quietly(|| {
            let sent = self.client.send_to(TransportType::Udp, peer, contents, time);
            sent.ok().flatten().map(|transmit| transmit.data.build())
        });
        if let Some(message) = built {
            self.murmur = now + SILENCE;
            self.transmit(message);
        }
    }

    fn transmit(&mut self, mut message: Vec<u8>) {
        if self.frames.is_some() {
            pad(&mut message);
        }
        self.out.push_back(message);
    }

    fn bind(&mut self, now: Instant, peer: SocketAddr) {
        let time = self.pace.time(now);
        match quietly(|| self.client.bind_channel(TransportType::Udp, peer, time)) {
            Ok(()) => self.peers.ask_channel(peer),
            Err(_) => self.peers.refuse_channel(now, peer),
        }
        self.advance(now);
    }

    fn receive_message(&mut self, now: Instant, message: &[u8]) {
        if self.state == State::Over {
            return;
        }
        match self.ledger.hear(message) {
            Refusal::None => {}
            Refusal::Family(reason) => self.refused = Some(reason),
            Refusal::Peer(reason) => self.news.push_back(News::PeerRefused(reason)),
            Refusal::Allocation(reason) => return self.end(reason),
        }
        let time = self.pace.time(now);
        let (local, server) = (self.client.local_addr(), self.client.remote_addr());
        let transmit = Transmit::new(message, self.client.transport(), server, local);
        let heard = quietly(|| match self.client.recv(transmit, time) {
            TurnRecvRet::PeerData(packet) => Some((packet.peer, packet.data().to_vec())),
            TurnRecvRet::Handled | TurnRecvRet::Ignored(_) | TurnRecvRet::PeerIcmp { .. } => None,
        });
        match heard {
            Some((peer, contents)) => self.hear(peer, contents),
            None => self.advance(now),
        }
    }

    fn hear(&mut self, peer: SocketAddr, contents: Vec<u8>) {
        self.peers.hear(peer.ip());
        if let Some(relayed) = self.relayed_for(peer) {
            self.news.push_back(News::Packet { peer, relayed, contents });
        }
    }

    fn relayed_for(&self, peer: SocketAddr) -> Option<SocketAddr> {
        self.relayed.iter().copied().find(|relayed| relayed.is_ipv4() == peer.is_ipv4())
    }

    /// Lets the client do what its time has come for.
    fn advance(&mut self, now: Instant) {
        let time = self.pace.time(now);
        for _ in 0..MAX_LOOKS {
            if self.state == State::Over {
                return;
            }
            let mut moved = false;
            while let Some(event) = quietly(|| self.client.poll_event()) {
                self.hear_event(now, &event);
                moved = true;
            }
            while let Some(message) = self.poll_client(now) {
                self.ledger.note(&message);
                self.transmit(message);
                moved = true;
            }
            self.compare();
            match quietly(|| self.client.poll(time)) {
                TurnPollRet::WaitUntil(wake) if wake > time || !moved => {
                    self.wake = self.pace.instant(wake).max(now + LEAST_WAIT);
                    return;
                }
                TurnPollRet::WaitUntil(_)
                | TurnPollRet::AllocateTcpSocket { .. }
                | TurnPollRet::TcpClose { .. } => {}
                TurnPollRet::Closed => {
                    return self.end(match self.state {
                        State::Asking => self.refused.unwrap_or(Reason::Timeout),
                        State::Alive | State::Over => Reason::Lost,
                    });
                }
            }
        }
        self.wake = now + LEAST_WAIT;
    }

    fn hear_event(&mut self, now: Instant, event: &TurnEvent) {
        match *event {
            TurnEvent::AllocationCreated(_, relayed) => {
                self.state = State::Alive;
                self.relayed.push(relayed);
                self.news.push_back(News::Allocated(relayed));
            }
            TurnEvent::PermissionCreated(_, ip) => {
                for (peer, contents) in self.peers.allow(now, ip) {
                    self.pass(now, peer, &contents);
                }
            }
            TurnEvent::PermissionCreateFailed(_, ip) => {
                self.peers.refuse(now, ip);
            }
            TurnEvent::ChannelCreateFailed(_, peer) => {
                self.peers.refuse_channel(now, peer);
            }
            // The family that a server does not have is no trouble: the other one is used. Without
            // any, the client closes.
            TurnEvent::AllocationCreateFailed(_)
            | TurnEvent::ChannelCreated(..)
            | TurnEvent::TcpConnected(_)
            | TurnEvent::TcpConnectFailed(_) => {}
        }
    }

    /// Says which addresses the client lost without a word.
    fn compare(&mut self) {
        let client = &self.client;
        let news = &mut self.news;
        self.relayed.retain(|relayed| {
            let alive = client.relayed_addresses().any(|(_, address)| address == *relayed);
            if !alive {
                news.push_back(News::Gone(*relayed));
            }
            alive
        });
    }

    fn end(&mut self, reason: Reason) {
        if self.state == State::Over {
            return;
        }
        self.state = State::Over;
        let gone = self.relayed.drain(..).map(News::Gone);
        self.news.extend(gone);
        self.news.push_back(News::Over(reason));
    }

    /// The next message of the client, whose clock runs ahead by the distance that it would keep.
    fn poll_client(&mut self, now: Instant) -> Option<Vec<u8>> {
        let ahead = self.pace.ahead(now);
        let time = self.pace.time(ahead);
        let message = quietly(|| self.client.poll_transmit(time))?.data.to_vec();
        self.pace.on_sent(ahead);
        Some(message)
    }
}
