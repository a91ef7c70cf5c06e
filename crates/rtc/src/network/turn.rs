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

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use stun_proto::types::TransportType;
use stun_proto::types::attribute::{AttributeStaticType as _, ErrorCode, MessageIntegrity};
use stun_proto::types::message::{Message, MessageClass, Method, TransactionId};
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::prelude::{DelayedTransmitBuild as _, TurnClientApi as _};
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use turn_client_proto::types::{AddressFamily, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

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
/// How long a peer that the server refuses is left alone.
const REFUSED: Duration = Duration::from_secs(5);
/// How long a channel that the server refuses is not asked for again. Packets flow without one.
const NO_CHANNEL: Duration = Duration::from_secs(60);
/// Addresses of peers that are asked for at once. The far end names them, so it must not be able to
/// make us ask without end.
const MAX_PEERS: usize = 32;
/// Packets kept per peer until its permission is there. A connectivity check that is dropped costs
/// its repetition, some 100 ms of the set-up; older ones are worth nothing.
const MAX_HELD: usize = 2;
/// Requests whose answers are waited for.
const MAX_OPEN: usize = 64;
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
    /// The client counts nanoseconds since then.
    epoch: Instant,
    wake: Instant,
    open: VecDeque<Asked>,
    /// Code of the last refusal that did not end it.
    code: Option<u16>,
    relayed: Vec<SocketAddr>,
    /// Peers without permission.
    peers: BTreeMap<IpAddr, Peer>,
    channels: BTreeMap<SocketAddr, Channel>,
    out: VecDeque<Vec<u8>>,
    news: VecDeque<News>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asking,
    Alive,
    Over,
}

/// A request on its way.
struct Asked {
    id: TransactionId,
    method: Method,
    /// It proved who asks.
    signed: bool,
}

enum Peer {
    /// Its permission is asked for; what waits for it, oldest first.
    Asked(VecDeque<(SocketAddr, Vec<u8>)>),
    /// Refused until then.
    Refused(Instant),
}

enum Channel {
    Asked,
    Refused(Instant),
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
            epoch: now,
            wake: now,
            open: VecDeque::new(),
            code: None,
            relayed: Vec::new(),
            peers: BTreeMap::new(),
            channels: BTreeMap::new(),
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
        (self.state != State::Over).then_some(self.wake)
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.advance(now);
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
            let time = self.time(now);
            let _ = quietly(|| self.client.delete(time));
            // The client keeps a distance between its requests; nobody waits for this one.
            let later = self.time(now + Duration::from_secs(1));
            while let Some(transmit) = quietly(|| self.client.poll_transmit(later)) {
                self.out.push_back(transmit.data.to_vec());
            }
        }
    }

    /// Sends a packet to `peer`. Without a permission for it the newest packets wait until the
    /// server gives one.
    pub(super) fn send(&mut self, now: Instant, peer: SocketAddr, contents: &[u8]) {
        if self.state != State::Alive || self.relayed_for(peer).is_none() {
            return;
        }
        let ip = peer.ip();
        if quietly(|| self.client.have_permission(TransportType::Udp, ip)) {
            if is_payload(contents) {
                self.bind(now, peer);
            }
            self.pass(now, peer, contents);
            return;
        }
        match self.peers.get_mut(&ip) {
            Some(Peer::Refused(until)) if now < *until => {}
            Some(Peer::Asked(held)) => hold(held, peer, contents),
            Some(Peer::Refused(_)) | None => {
                if self.peers.len() >= MAX_PEERS {
                    self.peers
                        .retain(|_, peer| !matches!(peer, Peer::Refused(until) if *until <= now));
                }
                let time = self.time(now);
                let asked = || self.client.create_permission(TransportType::Udp, ip, time);
                if self.peers.len() < MAX_PEERS && quietly(asked).is_ok() {
                    let held = VecDeque::from([(peer, contents.to_vec())]);
                    self.peers.insert(ip, Peer::Asked(held));
                    self.advance(now);
                }
            }
        }
    }

    fn pass(&mut self, now: Instant, peer: SocketAddr, contents: &[u8]) {
        let time = self.time(now);
        let built = quietly(|| {
            let sent = self.client.send_to(TransportType::Udp, peer, contents, time);
            sent.ok().flatten().map(|transmit| transmit.data.build())
        });
        if let Some(message) = built {
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
        match self.channels.get(&peer) {
            Some(Channel::Asked) => return,
            Some(Channel::Refused(until)) if now < *until => return,
            Some(Channel::Refused(_)) => {}
            None if self.channels.len() >= MAX_PEERS => return,
            None => {}
        }
        let time = self.time(now);
        let asked = quietly(|| self.client.bind_channel(TransportType::Udp, peer, time)).is_ok();
        let channel = if asked { Channel::Asked } else { Channel::Refused(now + NO_CHANNEL) };
        self.channels.insert(peer, channel);
        self.advance(now);
    }

    fn receive_message(&mut self, now: Instant, message: &[u8]) {
        if self.state == State::Over {
            return;
        }
        if let Some(reason) = self.hear_refusal(message) {
            return self.end(reason);
        }
        let time = self.time(now);
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
        if let Some(relayed) = self.relayed_for(peer) {
            self.news.push_back(News::Packet { peer, relayed, contents });
        }
    }

    fn relayed_for(&self, peer: SocketAddr) -> Option<SocketAddr> {
        self.relayed.iter().copied().find(|relayed| relayed.is_ipv4() == peer.is_ipv4())
    }

    /// Lets the client do what its time has come for.
    fn advance(&mut self, now: Instant) {
        let time = self.time(now);
        for _ in 0..MAX_OPEN {
            if self.state == State::Over {
                return;
            }
            let mut moved = false;
            while let Some(event) = quietly(|| self.client.poll_event()) {
                self.hear_event(now, &event);
                moved = true;
            }
            while let Some(transmit) = quietly(|| self.client.poll_transmit(time)) {
                let message = transmit.data.to_vec();
                self.note(&message);
                self.transmit(message);
                moved = true;
            }
            self.compare();
            match quietly(|| self.client.poll(time)) {
                TurnPollRet::WaitUntil(wake) if wake > time || !moved => {
                    self.wake = self.instant(wake).max(now + LEAST_WAIT);
                    return;
                }
                TurnPollRet::WaitUntil(_)
                | TurnPollRet::AllocateTcpSocket { .. }
                | TurnPollRet::TcpClose { .. } => {}
                TurnPollRet::Closed => {
                    let reason = match (self.state, self.code) {
                        (State::Asking, Some(code)) => reason_of(code),
                        (State::Asking, None) => Reason::Timeout,
                        (State::Alive | State::Over, _) => Reason::Lost,
                    };
                    return self.end(reason);
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
                if let Some(Peer::Asked(held)) = self.peers.remove(&ip) {
                    for (peer, contents) in held {
                        self.pass(now, peer, &contents);
                    }
                }
            }
            TurnEvent::PermissionCreateFailed(_, ip) => {
                self.peers.insert(ip, Peer::Refused(now + REFUSED));
            }
            TurnEvent::ChannelCreateFailed(_, peer) => {
                self.channels.insert(peer, Channel::Refused(now + NO_CHANNEL));
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

    /// Remembers a request, so that a refusal of it can be told from anybody's noise.
    fn note(&mut self, message: &[u8]) {
        let asked = quietly(|| {
            let message = Message::from_bytes(message).ok()?;
            message.has_class(MessageClass::Request).then(|| Asked {
                id: message.transaction_id(),
                method: message.method(),
                signed: message.has_attribute(MessageIntegrity::TYPE),
            })
        });
        if let Some(asked) = asked.filter(|asked| self.open.iter().all(|open| open.id != asked.id))
        {
            if self.open.len() == MAX_OPEN {
                self.open.pop_front();
            }
            self.open.push_back(asked);
        }
    }

    /// Whether `message` ends the allocation, and why.
    fn hear_refusal(&mut self, message: &[u8]) -> Option<Reason> {
        if *message.first()? > 3 {
            return None;
        }
        let (id, code) = quietly(|| {
            let message = Message::from_bytes(message).ok()?;
            if !message.is_response() {
                return None;
            }
            let code = message.has_class(MessageClass::Error).then(|| {
                message.attribute::<ErrorCode>().map_or(ErrorCode::SERVER_ERROR, |code| code.code())
            });
            Some((message.transaction_id(), code))
        })?;
        let place = self.open.iter().position(|open| open.id == id)?;
        let asked = self.open.remove(place)?;
        let code = code?;
        // A stale nonce only means to ask again with the new one.
        if code == ErrorCode::STALE_NONCE {
            return None;
        }
        match asked.method {
            ALLOCATE if code == ErrorCode::UNAUTHORIZED && !asked.signed => None,
            // The client asks once more for IPv6 alone, or closes.
            ALLOCATE if code == ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED => {
                self.code = Some(code);
                None
            }
            ALLOCATE | REFRESH => Some(reason_of(code)),
            CREATE_PERMISSION | CHANNEL_BIND if code == ErrorCode::ALLOCATION_MISMATCH => {
                Some(Reason::Lost)
            }
            CREATE_PERMISSION | CHANNEL_BIND => {
                self.news.push_back(News::PeerRefused(reason_of(code)));
                None
            }
            _ => None,
        }
    }

    fn time(&self, now: Instant) -> stun_proto::Instant {
        let nanos = now.saturating_duration_since(self.epoch).as_nanos();
        // 292 years.
        stun_proto::Instant::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX / 2))
    }

    fn instant(&self, time: stun_proto::Instant) -> Instant {
        self.epoch + Duration::from_nanos(u64::try_from(time.as_nanos()).unwrap_or(0))
    }
}

fn hold(held: &mut VecDeque<(SocketAddr, Vec<u8>)>, peer: SocketAddr, contents: &[u8]) {
    if held.len() == MAX_HELD {
        held.pop_front();
    }
    held.push_back((peer, contents.to_vec()));
}

/// Whether a packet is more than a connectivity check (RFC 7983 section 7).
fn is_payload(contents: &[u8]) -> bool {
    contents.first().is_some_and(|first| *first > 3)
}

/// Codes of RFC 8656 section 19 and RFC 8489 section 14.8.
const fn reason_of(code: u16) -> Reason {
    match code {
        ErrorCode::UNAUTHORIZED | ErrorCode::WRONG_CREDENTIALS => Reason::CredentialsRefused,
        ErrorCode::FORBIDDEN => Reason::Forbidden,
        ErrorCode::ALLOCATION_MISMATCH => Reason::Lost,
        ErrorCode::ALLOCATION_QUOTA_REACHED => Reason::Quota,
        code => Reason::Refused(code),
    }
}
