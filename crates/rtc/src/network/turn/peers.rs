//! Which peers the server passes packets on to, and what waits until it does.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long a peer that the server refuses is left alone.
const REFUSED: Duration = Duration::from_secs(5);
/// How long a channel that the server refuses is not asked for again. Packets flow without one.
const NO_CHANNEL: Duration = Duration::from_secs(60);
/// Peers that are asked for at once, and channels. The far end names them, so it must not be able to
/// make us ask without end.
const MAX_PEERS: usize = 32;
/// Packets kept per peer until its permission is there. A connectivity check that is dropped costs
/// 250 ms, until it is repeated; older ones are worth nothing.
const MAX_HELD: usize = 2;
/// When a check that waited for a permission is repeated. The far end may still wait for its own,
/// and then its server drops the first; the connection would repeat it after 250 ms only.
const ECHOES: [Duration; 3] =
    [Duration::from_millis(30), Duration::from_millis(80), Duration::from_millis(150)];

/// A packet to a peer.
pub(super) type Packet = (SocketAddr, Vec<u8>);

/// What became of a packet without a permission.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A permission has to be asked for; the packet waits for it, once [`Peers::hold`] has it.
    Ask,
    /// It waits.
    Held,
    /// It is dropped.
    Dropped,
}

/// All peers that are no matter of course.
#[derive(Default)]
pub(super) struct Peers {
    /// Without permission.
    waiting: BTreeMap<IpAddr, Peer>,
    channels: BTreeMap<SocketAddr, Channel>,
    /// Checks to repeat.
    echoes: Vec<(Instant, Packet)>,
}

enum Peer {
    /// Its permission is asked for; what waits for it, oldest first.
    Asked(VecDeque<Packet>),
    /// Refused until then.
    Refused(Instant),
}

enum Channel {
    Asked,
    Refused(Instant),
}

impl Peers {
    /// Decides about a packet to a peer without permission.
    pub(super) fn send(&mut self, now: Instant, peer: SocketAddr, contents: &[u8]) -> Fate {
        match self.waiting.get_mut(&peer.ip()) {
            Some(Peer::Refused(until)) if now < *until => Fate::Dropped,
            Some(Peer::Asked(held)) => {
                if held.len() == MAX_HELD {
                    held.pop_front();
                }
                held.push_back((peer, contents.to_vec()));
                Fate::Held
            }
            Some(Peer::Refused(_)) => Fate::Ask,
            None => {
                if self.waiting.len() >= MAX_PEERS {
                    self.waiting
                        .retain(|_, peer| !matches!(peer, Peer::Refused(until) if *until <= now));
                }
                if self.waiting.len() < MAX_PEERS { Fate::Ask } else { Fate::Dropped }
            }
        }
    }

    /// The permission is asked for: the packet waits.
    pub(super) fn hold(&mut self, peer: SocketAddr, contents: &[u8]) {
        let held = VecDeque::from([(peer, contents.to_vec())]);
        self.waiting.insert(peer.ip(), Peer::Asked(held));
    }

    /// The permission is there: what waited can go.
    pub(super) fn allow(&mut self, now: Instant, ip: IpAddr) -> VecDeque<Packet> {
        let held = match self.waiting.remove(&ip) {
            Some(Peer::Asked(held)) => held,
            Some(Peer::Refused(_)) | None => VecDeque::new(),
        };
        if let Some(check) = held.back().filter(|(_, contents)| !is_payload(contents)) {
            self.echoes.extend(ECHOES.map(|wait| (now + wait, check.clone())));
        }
        held
    }

    pub(super) fn refuse(&mut self, now: Instant, ip: IpAddr) {
        self.waiting.insert(ip, Peer::Refused(now + REFUSED));
    }

    /// When to call [`Self::echo`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.echoes.iter().map(|(at, _)| *at).min()
    }

    /// A check to repeat, if its time has come.
    pub(super) fn echo(&mut self, now: Instant) -> Option<Packet> {
        let place = self.echoes.iter().position(|(at, _)| *at <= now)?;
        Some(self.echoes.swap_remove(place).1)
    }

    /// Something came from `ip`: its permission is there, nothing has to be repeated.
    pub(super) fn hear(&mut self, ip: IpAddr) {
        if !self.echoes.is_empty() {
            self.echoes.retain(|(_, (peer, _))| peer.ip() != ip);
        }
    }

    /// Whether to ask for a channel to `peer`.
    pub(super) fn wants_channel(&self, now: Instant, peer: SocketAddr, contents: &[u8]) -> bool {
        is_payload(contents)
            && match self.channels.get(&peer) {
                Some(Channel::Asked) => false,
                Some(Channel::Refused(until)) => *until <= now,
                None => self.channels.len() < MAX_PEERS,
            }
    }

    pub(super) fn ask_channel(&mut self, peer: SocketAddr) {
        self.channels.insert(peer, Channel::Asked);
    }

    pub(super) fn refuse_channel(&mut self, now: Instant, peer: SocketAddr) {
        self.channels.insert(peer, Channel::Refused(now + NO_CHANNEL));
    }
}

/// Whether a packet is more than a connectivity check (RFC 7983 section 7).
fn is_payload(contents: &[u8]) -> bool {
    contents.first().is_some_and(|first| *first > 3)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an Instant to count from")]
mod tests {
    use super::*;

    const CHECK: &[u8] = &[0, 1, 2];
    const MEDIA: &[u8] = &[0x80, 1, 2];

    fn peer(last: u8) -> SocketAddr {
        SocketAddr::new([192, 0, 2, last].into(), 5_000)
    }

    #[test]
    fn the_newest_packets_wait_for_the_permission() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        assert_eq!(peers.send(now, peer(1), &[1]), Fate::Ask);
        peers.hold(peer(1), &[1]);
        for byte in 2..=4 {
            assert_eq!(peers.send(now, peer(1), &[byte]), Fate::Held);
        }
        let held: Vec<_> = peers.allow(now, peer(1).ip()).into_iter().map(|(_, it)| it).collect();
        assert_eq!(held, [[3], [4]], "the newest two, in order");
        assert!(peers.allow(now, peer(1).ip()).is_empty(), "once");
    }

    #[test]
    fn a_check_that_waited_is_repeated_until_the_peer_is_heard() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        peers.hold(peer(1), CHECK);
        peers.allow(now, peer(1).ip());
        assert_eq!(peers.deadline(), Some(now + ECHOES[0]));
        assert_eq!(peers.echo(now), None, "not at once");
        assert_eq!(peers.echo(now + ECHOES[0]), Some((peer(1), CHECK.to_vec())));
        peers.hear(peer(1).ip());
        assert_eq!(peers.deadline(), None, "no more");
        peers.hold(peer(2), MEDIA);
        peers.allow(now, peer(2).ip());
        assert_eq!(peers.deadline(), None, "media is never repeated");
    }

    #[test]
    fn a_refused_peer_is_left_alone_for_a_while() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        peers.refuse(now, peer(1).ip());
        assert_eq!(peers.send(now, peer(1), CHECK), Fate::Dropped);
        assert_eq!(peers.send(now + REFUSED, peer(1), CHECK), Fate::Ask);
    }

    #[test]
    fn the_far_end_cannot_make_us_ask_for_peers_without_end() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        let asked = (0..=255).filter(|last| {
            let is_asked = peers.send(now, peer(*last), CHECK) == Fate::Ask;
            if is_asked {
                peers.hold(peer(*last), CHECK);
            }
            is_asked
        });
        assert_eq!(asked.count(), MAX_PEERS);
        peers.refuse(now, peer(0).ip());
        assert_eq!(peers.send(now + REFUSED, peer(200), CHECK), Fate::Ask, "a place became free");
    }

    #[test]
    fn a_channel_is_for_payload_and_asked_for_once() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        assert!(!peers.wants_channel(now, peer(1), CHECK), "not for checks");
        assert!(peers.wants_channel(now, peer(1), MEDIA), "for media");
        peers.ask_channel(peer(1));
        assert!(!peers.wants_channel(now, peer(1), MEDIA), "once");
        peers.refuse_channel(now, peer(1));
        assert!(!peers.wants_channel(now, peer(1), MEDIA), "not right after a refusal");
        assert!(peers.wants_channel(now + NO_CHANNEL, peer(1), MEDIA), "later again");
    }
}
