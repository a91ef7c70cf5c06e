//! Descriptions and candidates: from participants to connections and back.

use super::*;
use crate::call::budget::Budget;

impl Occasion {
    /// A participant offers.
    pub(in crate::call) fn receive_offer(
        &mut self,
        from: DeviceId,
        id: OfferId,
        restart: bool,
        sdp: &str,
        pass: &mut Pass<'_, '_>,
    ) {
        let Some(index) = self.index_of(from) else { return };
        let Ok(description) = Description::read(sdp) else { return };
        if self.remotes[index].needs_new_peer(id, restart) {
            self.open_peer(index, false, pass);
            self.remotes[index].link.rebuilt_by_other(pass.desk.now);
            pass.report(Event::PathDown { device: from });
        }
        let former = self.remotes[index].taken();
        let moves = self.remotes[index].receive_offer(
            pass.desk.now,
            id,
            description,
            restart,
            &mut pass.numbers.ops,
        );
        if restart && self.remotes[index].taken() != former {
            self.remotes[index].link.restarted_by_other(pass.desk.now);
        }
        self.carry_out(index, moves, pass);
    }

    /// A participant answers.
    pub(in crate::call) fn receive_answer(
        &mut self,
        from: DeviceId,
        id: OfferId,
        sdp: &str,
        pass: &mut Pass<'_, '_>,
    ) {
        let Some(index) = self.index_of(from) else { return };
        let Ok(description) = Description::read(sdp) else { return };
        let moves = self.remotes[index].receive_answer(
            pass.desk.now,
            id,
            description,
            &mut pass.numbers.ops,
        );
        self.carry_out(index, moves, pass);
    }

    /// A participant's candidate.
    pub(in crate::call) fn receive_candidate(
        &mut self,
        from: DeviceId,
        ufrag: Ufrag,
        mid: Mid,
        candidate: Candidate,
        desk: &mut Desk<'_>,
    ) {
        let Some(index) = self.index_of(from) else { return };
        if let Some((peer, command)) = self.remotes[index].receive_candidate(ufrag, mid, candidate)
        {
            desk.out.push_back(Output::Peer(peer, command));
        }
    }

    /// What a participant says it sends.
    pub(in crate::call) fn hear_sends(&mut self, from: DeviceId, n: u64, state: MediaState) {
        if let Some(index) = self.index_of(from) {
            self.remotes[index].hear_sends(n, state);
        }
    }

    /// The window or program that a participant is in the call with was closed, or is back.
    pub(in crate::call) fn hear_window(&mut self, from: DeviceId, closed: bool) {
        if let Some(index) = self.index_of(from) {
            self.remotes[index].closed = closed;
        }
    }

    pub(super) fn open_peer(&mut self, index: usize, relay_only: bool, pass: &mut Pass<'_, '_>) {
        if let Some(useless) = self.remotes[index].take_useless() {
            pass.order(useless, PeerCommand::Close);
        }
        pass.numbers.peer += 1;
        let id = PeerId(pass.numbers.peer);
        let polite =
            self.remotes[index].device().is_some_and(|device| pass.desk.is_polite_to(device));
        self.remotes[index].add_peer(id, polite);
        // What the former one carried says nothing about another path.
        self.remotes[index].budget = Budget::new(pass.desk.now);
        self.tell_narrow(pass.desk);
        let ice_servers = pass.desk.session.ice_servers.clone();
        let relay_only = relay_only || pass.desk.settings.always_relay;
        pass.order(id, PeerCommand::Open { ice_servers, relay_only });
        for order in self.local.orders(pass.desk.settings) {
            pass.order(id, order);
        }
    }

    pub(super) fn offer(&mut self, index: usize, restart: bool, pass: &mut Pass<'_, '_>) {
        let moves = self.remotes[index].offer(pass.desk.now, restart, &mut pass.numbers.ops);
        self.carry_out(index, moves, pass);
    }

    pub(super) fn carry_out(&mut self, index: usize, moves: Moves, pass: &mut Pass<'_, '_>) {
        for (peer, step) in moves {
            match step {
                Move::Offer { operation, restart } => {
                    pass.order(peer, PeerCommand::Offer { operation, restart });
                }
                Move::Answer { operation, sdp } => {
                    pass.order(peer, PeerCommand::Answer { operation, sdp: sdp.into() });
                }
                Move::Apply { operation, sdp } => {
                    pass.order(peer, PeerCommand::Apply { operation, sdp: sdp.into() });
                }
                Move::SayOffer { offer, restart } => self.say_offer(index, offer, restart, pass),
                Move::SayAnswer(answer) => self.say_answer(index, answer, pass),
                Move::SayCandidate(candidate) => self.say_candidate(index, candidate, pass),
                Move::Ready(ufrag) => {
                    for command in self.remotes[index].take_early(&ufrag) {
                        pass.order(peer, command);
                    }
                }
                Move::Broken => {
                    if matches!(self.opening, Opening::Describing { .. }) {
                        pass.report(Event::Undescribed { call: self.call.id });
                    }
                }
            }
        }
    }

    pub(super) fn say_offer(
        &mut self,
        index: usize,
        offer: Offer,
        restart: bool,
        pass: &mut Pass<'_, '_>,
    ) {
        if let Opening::Describing { candidates } = &mut self.opening {
            let candidates = std::mem::take(candidates);
            self.opening = Opening::Offered { offer, candidates, said: false };
            pass.report(Event::Described { call: self.call.id });
            return;
        }
        let Some(to) = self.remotes[index].device() else { return };
        let call_id = self.call.id;
        let channel = self.remotes[index].chat(&channel_offer(&offer, restart));
        let Offer { offer_id, sdp, proof } = offer;
        let message = ClientMessage::SdpOffer { call_id, to, offer_id, restart, sdp, proof };
        // Both ways: a socket that is dead does not say so, and neither does a path.
        pass.desk.session.say(pass.desk.out, message);
        if let Some((peer, command)) = channel {
            pass.order(peer, command);
        }
    }

    pub(super) fn say_answer(&mut self, index: usize, answer: Answer, pass: &mut Pass<'_, '_>) {
        if let Opening::Describing { candidates } = &mut self.opening {
            let candidates = std::mem::take(candidates);
            self.opening = Opening::Answered { answer, candidates, said: false };
            pass.report(Event::Described { call: self.call.id });
            return;
        }
        let Some(to) = self.remotes[index].device() else { return };
        let call_id = self.call.id;
        let channel = self.remotes[index].chat(&channel_answer(&answer));
        let Answer { offer_id, sdp, proof } = answer;
        let message = ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof };
        // Both ways: a socket that is dead does not say so, and neither does a path.
        pass.desk.session.say(pass.desk.out, message);
        if let Some((peer, command)) = channel {
            pass.order(peer, command);
        }
    }

    pub(super) fn say_candidate(
        &mut self,
        index: usize,
        candidate: LocalCandidate,
        pass: &mut Pass<'_, '_>,
    ) {
        match &mut self.opening {
            Opening::Done => {}
            Opening::Describing { candidates }
            | Opening::Offered { candidates, .. }
            | Opening::Answered { candidates, .. } => {
                if candidates.len() < HELD_CANDIDATES {
                    candidates.push(candidate.clone());
                }
            }
        }
        match &self.opening {
            Opening::Describing { .. }
            | Opening::Offered { said: false, .. }
            | Opening::Answered { said: false, .. } => return,
            Opening::Done | Opening::Offered { .. } | Opening::Answered { .. } => {}
        }
        let LocalCandidate { ufrag, mid, candidate } = candidate;
        let candidate = IceCandidate { ufrag, mid, candidate };
        self.remotes[index].note_said(candidate.clone());
        if let Some(candidates) = self.remotes[index].trickle.put(pass.desk.now, candidate) {
            self.say_candidates(index, candidates, pass);
        }
    }

    /// Says candidates over the relay, and over a connection that is there already.
    pub(super) fn say_candidates(
        &mut self,
        index: usize,
        candidates: Candidates,
        pass: &mut Pass<'_, '_>,
    ) {
        for IceCandidate { ufrag, mid, candidate } in candidates.iter().cloned() {
            let message = ChannelMessage::IceCandidate { ufrag, mid, candidate };
            if let Some((peer, command)) = self.remotes[index].chat(&message) {
                pass.order(peer, command);
            }
        }
        self.say_candidates_to_relay(index, candidates, pass);
    }

    fn say_candidates_to_relay(
        &mut self,
        index: usize,
        candidates: Candidates,
        pass: &mut Pass<'_, '_>,
    ) {
        let (call_id, to) = (self.call.id, self.remotes[index].device());
        let message = ClientMessage::IceCandidates { call_id, to, candidates };
        pass.desk.session.say(pass.desk.out, message);
    }

    /// Tells the relay, which was away, of the candidates that it may not have heard.
    pub(super) fn repeat_candidates(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        for candidates in together(self.remotes[index].said()) {
            self.say_candidates_to_relay(index, candidates, pass);
        }
    }

    pub(super) fn index_of(&self, device: DeviceId) -> Option<usize> {
        self.remotes.iter().position(|remote| remote.device() == Some(device))
    }
}
