//! Another participant, and the one or two connections with its device.

use std::collections::VecDeque;

use bellwire_protocol::{
    Answer, Candidate, ChannelMessage, DeviceId, IceCandidate, Media, MediaState, Mid, Offer,
    OfferId, Participant, Ufrag, Unavailable, encode,
};

use super::HELD_CANDIDATES;
use super::budget::Budget;
use super::heard::Heard;
use super::link::Link;
use super::negotiation::{Fit, Move, Negotiation, Operations, RemoteOffer, Verdict};
use super::sdp::Description;
use super::trickle::Trickle;
use crate::Time;
use crate::api::{PathState, PeerCommand, PeerId};

/// Another participant.
#[derive(Debug)]
pub(super) struct Remote {
    /// Who; `None` while the own call rings and it is not known which device will answer.
    pub(super) who: Option<Participant>,
    /// The connections, the newest last. A second one exists while one replaces the other.
    peers: Vec<Peer>,
    pub(super) link: Link,
    /// What they say they send, and its count.
    pub(super) sends: MediaState,
    heard_n: u64,
    /// What may be sent on the newest connection.
    pub(super) budget: Budget,
    /// The newest offer that was taken, and the newest that lost against an own one.
    taken: Option<OfferId>,
    lost: Option<OfferId>,
    /// The newest of those that lost for good: a copy that comes late must not be taken.
    over: Option<OfferId>,
    /// The own candidates of the present generation that were said: a relay that was away has not
    /// heard all of them.
    said: VecDeque<IceCandidate>,
    /// The own candidates that wait to be said to them.
    pub(super) trickle: Trickle,
    /// How much more they may send over the channels.
    pub(super) heard: Heard,
    /// Candidates that came before their description.
    early: VecDeque<(Ufrag, Mid, Candidate)>,
    /// The set-up time was reported.
    pub(super) reported: bool,
    /// What they want to send and cannot.
    pub(super) unavailable: Unavailable,
    /// The window or program that they were in the call with is closed.
    pub(super) closed: bool,
}

/// One connection.
#[derive(Debug)]
struct Peer {
    id: PeerId,
    negotiation: Negotiation,
    channels: bool,
    path: PathState,
}

/// What a remote asks of its call, with the connection that it is about.
pub(super) type Moves = Vec<(PeerId, Move)>;

impl Remote {
    pub(super) fn new(who: Option<Participant>, media: Media, now: Time) -> Self {
        Self {
            who,
            peers: Vec::new(),
            link: Link::new(now),
            sends: MediaState {
                mic: true,
                camera: matches!(media, Media::Video),
                screen: false,
                narrow: false,
            },
            heard_n: 0,
            budget: Budget::new(now),
            taken: None,
            lost: None,
            over: None,
            said: VecDeque::new(),
            trickle: Trickle::default(),
            heard: Heard::default(),
            early: VecDeque::new(),
            reported: false,
            unavailable: Unavailable::default(),
            closed: false,
        }
    }

    pub(super) fn device(&self) -> Option<DeviceId> {
        self.who.as_ref().map(|who| who.device)
    }

    pub(super) fn peer_ids(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.peers.iter().map(|peer| peer.id)
    }

    pub(super) fn newest(&self) -> Option<PeerId> {
        self.peers.last().map(|peer| peer.id)
    }

    pub(super) fn has(&self, id: PeerId) -> bool {
        self.peers.iter().any(|peer| peer.id == id)
    }

    /// The connection whose tracks are to be shown.
    pub(super) fn shown(&self) -> PeerId {
        self.peers
            .iter()
            .rev()
            .find(|peer| peer.path == PathState::Connected)
            .or(self.peers.last())
            .map_or(PeerId(0), |peer| peer.id)
    }

    pub(super) fn add_peer(&mut self, id: PeerId, polite: bool) {
        self.peers.push(Peer {
            id,
            negotiation: Negotiation::new(polite),
            channels: false,
            path: PathState::Connecting,
        });
    }

    /// Takes away the connections before the newest one, for closing.
    pub(super) fn take_former(&mut self) -> Vec<PeerId> {
        let newest = self.peers.len().saturating_sub(1);
        self.peers.drain(..newest).map(|peer| peer.id).collect()
    }

    /// Makes room for a new connection: of two, the one that does not carry media goes.
    pub(super) fn take_useless(&mut self) -> Option<PeerId> {
        if self.peers.len() < 2 {
            return None;
        }
        let useless = usize::from(self.peers[0].path == PathState::Connected);
        Some(self.peers.remove(useless).id)
    }

    pub(super) fn take_all(&mut self) -> Vec<PeerId> {
        self.peers.drain(..).map(|peer| peer.id).collect()
    }

    /// It is known which device answered.
    pub(super) fn bind(&mut self, who: Participant, media: Media, polite: bool) {
        self.who = Some(who);
        self.sends.camera = media == Media::Video;
        for peer in &mut self.peers {
            peer.negotiation.be_polite(polite);
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.peers.last().is_some_and(|peer| peer.negotiation.is_settled())
    }

    pub(super) fn is_offering(&self) -> bool {
        self.peers.last().is_some_and(|peer| peer.negotiation.is_offering())
    }

    /// The executor is carrying out an operation on the newest connection.
    pub(super) fn is_busy(&self) -> bool {
        self.peers.last().is_some_and(|peer| peer.negotiation.is_busy())
    }

    /// Notes an own candidate that is being said.
    pub(super) fn note_said(&mut self, candidate: IceCandidate) {
        if self.said.len() == HELD_CANDIDATES {
            self.said.pop_front();
        }
        self.said.push_back(candidate);
    }

    /// The own candidates of the present generation, as far as they were said.
    pub(super) fn said(&mut self) -> Vec<IceCandidate> {
        let negotiation = self.peers.last().map(|peer| &peer.negotiation);
        self.said.retain(|candidate| {
            negotiation.is_some_and(|negotiation| negotiation.is_present(&candidate.ufrag))
        });
        self.said.iter().cloned().collect()
    }

    pub(super) fn negotiation_deadline(&self) -> Option<Time> {
        // A connection that is being replaced negotiates no more.
        self.peers.last().and_then(|peer| peer.negotiation.deadline())
    }

    /// What they cannot send. The relay says nothing of it, so a state that it was faster with counts too.
    pub(super) fn hear_unavailable(&mut self, n: u64, unavailable: Unavailable) {
        if n >= self.heard_n {
            self.unavailable = unavailable;
        }
    }

    /// The newest count wins.
    pub(super) fn hear_sends(&mut self, n: u64, state: MediaState) {
        if n > self.heard_n {
            self.heard_n = n;
            self.sends = state;
        }
    }

    pub(super) fn offer(&mut self, now: Time, restart: bool, ops: &mut Operations) -> Moves {
        self.on_newest(|negotiation, out| negotiation.offer(now, restart, ops, out))
    }

    pub(super) fn repeat(&mut self, now: Time) -> Moves {
        self.on_newest(|negotiation, out| negotiation.repeat(now, out))
    }

    /// Whether this offer needs a new connection before it is received.
    pub(super) fn needs_new_peer(&self, id: OfferId, restart: bool) -> bool {
        !restart && (self.peers.is_empty() || self.is_settled() && !self.is_known(id))
    }

    fn is_known(&self, id: OfferId) -> bool {
        self.taken.is_some_and(|taken| taken >= id) || self.lost.is_some_and(|lost| lost >= id)
    }

    pub(super) fn receive_offer(
        &mut self,
        now: Time,
        id: OfferId,
        description: Description,
        restart: bool,
        ops: &mut Operations,
    ) -> Moves {
        let mut verdict = Verdict::Ignored;
        // It is for a connection that this side does not have, and the own fresh offer stands; or it
        // was given up by who made it.
        if restart && !self.is_settled() || self.over.is_some_and(|over| over >= id) {
            return Vec::new();
        }
        let moves = self.on_newest(|negotiation, out| {
            verdict = negotiation.receive_offer(now, RemoteOffer { id, description }, ops, out);
        });
        match verdict {
            Verdict::Taken => self.taken = self.taken.max(Some(id)),
            // Only the own offer's success makes the loss final.
            Verdict::Ignored if self.is_offering() => self.lost = self.lost.max(Some(id)),
            Verdict::Ignored => {}
        }
        moves
    }

    /// The newest offer that was taken.
    pub(super) const fn taken(&self) -> Option<OfferId> {
        self.taken
    }

    pub(super) fn receive_answer(
        &mut self,
        now: Time,
        id: OfferId,
        description: Description,
        ops: &mut Operations,
    ) -> Moves {
        self.on_newest(|negotiation, out| {
            negotiation.receive_answer(now, id, description, ops, out);
        })
    }

    /// Passes an executor's report to the connection that it is about.
    pub(super) fn on_peer(
        &mut self,
        id: PeerId,
        act: impl FnOnce(&mut Negotiation, &mut Vec<Move>),
    ) -> Moves {
        let mut out = Vec::new();
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == id) {
            act(&mut peer.negotiation, &mut out);
        }
        out.into_iter().map(|step| (id, step)).collect()
    }

    fn on_newest(&mut self, act: impl FnOnce(&mut Negotiation, &mut Vec<Move>)) -> Moves {
        match self.newest() {
            Some(id) => self.on_peer(id, act),
            None => Vec::new(),
        }
    }

    pub(super) fn elapsed(&mut self, now: Time, ops: &mut Operations) -> Moves {
        self.on_newest(|negotiation, out| negotiation.elapsed(now, ops, out))
    }

    /// A candidate of the other side: added where its generation is set, else kept, else dropped.
    pub(super) fn receive_candidate(
        &mut self,
        ufrag: Ufrag,
        mid: Mid,
        candidate: Candidate,
    ) -> Option<(PeerId, PeerCommand)> {
        let mut past = false;
        for peer in self.peers.iter().rev() {
            match peer.negotiation.fit(&ufrag) {
                Fit::Now => return Some((peer.id, add_candidate(&ufrag, &mid, &candidate))),
                Fit::Past => past = true,
                Fit::Later => {}
            }
        }
        if !past {
            if self.early.len() == HELD_CANDIDATES {
                self.early.pop_front();
            }
            self.early.push_back((ufrag, mid, candidate));
        }
        None
    }

    /// The candidates that waited for this generation's description.
    pub(super) fn take_early(&mut self, ready: &Ufrag) -> Vec<PeerCommand> {
        let mut orders = Vec::new();
        self.early.retain(|(ufrag, mid, candidate)| {
            let fits = ufrag == ready || ufrag.as_str().is_empty();
            if fits {
                orders.push(add_candidate(ufrag, mid, candidate));
            }
            !fits
        });
        orders
    }

    /// The own offer succeeded, so what lost against it is over.
    pub(super) fn settle(&mut self) {
        self.over = self.over.max(self.lost.take());
        self.taken = self.taken.max(self.over);
    }

    pub(super) fn set_path(&mut self, id: PeerId, path: PathState) {
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == id) {
            peer.path = path;
        }
    }

    pub(super) fn set_channels(&mut self, id: PeerId, open: bool) {
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == id) {
            peer.channels = open;
        }
    }

    /// A message can be sent to them at once, as far as anybody knows.
    pub(super) fn is_open(&self) -> bool {
        self.link.is_flowing() && self.channel().is_some()
    }

    /// A message reaches them, or will: a channel is open.
    pub(super) fn has_channel(&self) -> bool {
        self.channel().is_some()
    }

    /// The newest connection with open channels.
    fn channel(&self) -> Option<PeerId> {
        self.peers.iter().rev().find(|peer| peer.channels).map(|peer| peer.id)
    }

    /// A message for `chat`, if a channel is open.
    pub(super) fn chat(&self, message: &ChannelMessage) -> Option<(PeerId, PeerCommand)> {
        self.channel().map(|id| (id, PeerCommand::Chat { data: encode(message) }))
    }

    /// A message for `control`, on every connection whose channels are open.
    pub(super) fn control(&self, message: &ChannelMessage) -> Vec<(PeerId, PeerCommand)> {
        self.peers
            .iter()
            .filter(|peer| peer.channels)
            .map(|peer| (peer.id, PeerCommand::Control { data: encode(message) }))
            .collect()
    }
}

fn add_candidate(ufrag: &Ufrag, mid: &Mid, candidate: &Candidate) -> PeerCommand {
    PeerCommand::AddCandidate {
        ufrag: ufrag.as_str().to_owned(),
        mid: mid.as_str().to_owned(),
        candidate: candidate.as_str().to_owned(),
    }
}

/// The same words for both ways: what the relay passes on also fits the `chat` channel.
pub(super) fn channel_offer(offer: &Offer, restart: bool) -> ChannelMessage {
    ChannelMessage::SdpOffer { offer_id: offer.offer_id, restart, sdp: offer.sdp.clone() }
}

/// As [`channel_offer`], for answers.
pub(super) fn channel_answer(answer: &Answer) -> ChannelMessage {
    ChannelMessage::SdpAnswer { offer_id: answer.offer_id, sdp: answer.sdp.clone() }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
