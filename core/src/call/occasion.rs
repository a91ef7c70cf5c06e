//! One call with its connections: carries out what negotiation and ladder ask for.

mod exchange;
mod repair;
mod reports;

use std::collections::BTreeSet;

use bellwire_protocol::{
    Answer, CallClaim, Candidate, Candidates, ChannelMessage, ClientMessage, DeviceId,
    IceCandidate, Media, MediaState, Mid, Offer, OfferId, Participant, Ufrag, UserId,
};

use super::addresses::Addresses;
use super::media::Local;
use super::negotiation::{LocalCandidate, Move, Operations};
use super::remote::{Moves, Remote, channel_answer, channel_offer};
use super::sdp::Description;
use super::trickle::together;
use super::{Desk, HELD_CANDIDATES};
use crate::api::{PathState, PeerCommand, PeerEvent, PeerId, Slot};
use crate::machine::{Call, Event};
use crate::{CallInProgress, Output, Time};

/// A heartbeat goes out this often, in ms.
const BEAT_MS: u64 = 500;
/// How often the relay is told that media flows, in ms; well under the seat time.
const FLOWING_MS: u64 = 15_000;

/// Numbers of connections and operations, for the whole run.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    peer: u32,
    ops: Operations,
}

/// One call with its connections.
#[derive(Debug)]
pub(super) struct Occasion {
    pub(super) call: Call,
    /// What its conversation is or was called; empty until that is known.
    pub(super) name: String,
    /// What the call started with, on the caller's side.
    pub(super) media: Media,
    pub(super) caller: Participant,
    /// The other people whom the person called or answered.
    pub(super) people: BTreeSet<UserId>,
    /// Those of them on whose devices it rings.
    ringing_at: BTreeSet<UserId>,
    /// When it was placed, ms since 1970.
    pub(super) sent_at: u64,
    /// When it was answered, ms since 1970.
    pub(super) since: Option<u64>,
    /// When it ended, ms since 1970.
    pub(super) ended_at: Option<u64>,
    /// When it was answered, for the set-up time.
    pub(super) answered: Time,
    pub(super) local: Local,
    pub(super) remotes: Vec<Remote>,
    /// The description that opens the call, until the relay was told of it.
    opening: Opening,
    /// The own addresses that were seen in this call.
    addresses: Addresses,
    beat_at: Time,
    flowing_at: Time,
}

/// The description that opens a call.
#[derive(Debug)]
enum Opening {
    /// Being made. Candidates wait for it.
    Describing { candidates: Vec<LocalCandidate> },
    /// The own offer; kept with its candidates while it rings, for a relay that forgets.
    Offered { offer: Offer, candidates: Vec<LocalCandidate>, said: bool },
    /// The own answer.
    Answered { answer: Answer, candidates: Vec<LocalCandidate>, said: bool },
    /// Done, or never needed.
    Done,
}

/// What connections report upwards.
#[derive(Debug)]
pub(super) enum Report {
    /// For the state machine.
    Event(Event),
    /// A message on the chat channel.
    Message(Participant, ChannelMessage),
    /// Somebody's device sends too much; said once.
    Flooded(Participant),
    /// Messages can be delivered.
    ChatOpen,
}

/// One pass through a call's connections: what is at hand, and what comes up.
pub(super) struct Pass<'a, 'b> {
    pub(super) desk: &'a mut Desk<'b>,
    pub(super) numbers: &'a mut Numbers,
    pub(super) reports: &'a mut Vec<Report>,
}

impl Pass<'_, '_> {
    fn order(&mut self, peer: PeerId, command: PeerCommand) {
        self.desk.out.push_back(Output::Peer(peer, command));
    }

    fn report(&mut self, event: Event) {
        self.reports.push(Report::Event(event));
    }
}

impl Occasion {
    pub(super) fn new(
        call: Call,
        media: Media,
        caller: Participant,
        people: BTreeSet<UserId>,
        sent_at: u64,
        local: Local,
        now: Time,
    ) -> Self {
        Self {
            call,
            name: String::new(),
            media,
            caller,
            people,
            ringing_at: BTreeSet::new(),
            sent_at,
            since: None,
            ended_at: None,
            answered: now,
            local,
            remotes: Vec::new(),
            opening: Opening::Done,
            addresses: Addresses::default(),
            beat_at: now,
            flowing_at: now,
        }
    }

    /// The relay says whether it rings at somebody. Gives whether it rings at anybody.
    pub(super) fn hear_ringing(&mut self, user: UserId, rings: bool) -> bool {
        if rings {
            self.ringing_at.insert(user);
        } else {
            self.ringing_at.remove(&user);
        }
        !self.ringing_at.is_empty()
    }

    /// What a relay that forgot the call is told of it.
    pub(super) fn claim(&self, me: Option<&Participant>) -> Option<CallClaim> {
        let others = self.remotes.iter().filter_map(|remote| remote.who.clone());
        Some(CallClaim {
            conversation: self.call.conversation,
            media: self.media,
            caller: self.caller.clone(),
            participants: me.cloned().into_iter().chain(others).collect(),
            sent_at: self.sent_at,
            since: self.since?,
        })
    }

    /// What is kept for a reload.
    pub(super) fn in_progress(&self, desk: &Desk<'_>) -> CallInProgress {
        CallInProgress {
            at: desk.system_unix,
            claim: self.claim(desk.me),
            call_id: self.call.id,
            conversation: self.call.conversation,
            media: self.media,
            people: self.people.clone(),
            sending: self.local.wanted(),
        }
    }

    /// Makes the offer of a placed call.
    pub(super) fn dial(&mut self, pass: &mut Pass<'_, '_>) {
        self.opening = Opening::Describing { candidates: Vec::new() };
        self.remotes.push(Remote::new(None, self.media, pass.desk.now));
        self.open_peer(0, false, pass);
        self.offer(0, false, pass);
    }

    /// Answers the offer that came with a ring.
    pub(super) fn answer(&mut self, offer: Offer, pass: &mut Pass<'_, '_>) {
        self.opening = Opening::Describing { candidates: Vec::new() };
        let caller = self.caller.clone();
        self.remotes.push(Remote::new(Some(caller), self.media, pass.desk.now));
        let Ok(description) = Description::read(offer.sdp.as_str()) else {
            pass.report(Event::Undescribed { call: self.call.id });
            return;
        };
        self.open_peer(0, false, pass);
        let moves = self.remotes[0].receive_offer(
            pass.desk.now,
            offer.offer_id,
            description,
            false,
            &mut pass.numbers.ops,
        );
        self.carry_out(0, moves, pass);
    }

    /// Makes a connection with a participant that has none with this device.
    pub(super) fn meet(&mut self, who: Participant, pass: &mut Pass<'_, '_>) {
        self.opening = Opening::Done;
        let mut remote = Remote::new(Some(who), self.media, pass.desk.now);
        // Coming back takes as long as a page takes to load: no set-up time.
        remote.reported = true;
        self.remotes.push(remote);
        let index = self.remotes.len() - 1;
        self.open_peer(index, false, pass);
        self.offer(index, false, pass);
    }

    /// It is known who answered the own offer.
    pub(super) fn bind(
        &mut self,
        who: Participant,
        media: Media,
        answer: &Answer,
        pass: &mut Pass<'_, '_>,
    ) {
        let polite = pass.desk.is_polite_to(who.device);
        let Some(remote) = self.remotes.first_mut().filter(|remote| remote.who.is_none()) else {
            return;
        };
        remote.bind(who, media, polite);
        self.opening = Opening::Done;
        if let Ok(description) = Description::read(answer.sdp.as_str()) {
            let moves = self.remotes[0].receive_answer(
                pass.desk.now,
                answer.offer_id,
                description,
                &mut pass.numbers.ops,
            );
            self.carry_out(0, moves, pass);
        }
    }

    /// The own offer, for the relay; its candidates follow with [`Self::said`].
    pub(super) fn own_offer(&self) -> Option<Offer> {
        match &self.opening {
            Opening::Offered { offer, .. } => Some(offer.clone()),
            Opening::Describing { .. } | Opening::Answered { .. } | Opening::Done => None,
        }
    }

    /// The own answer, for the relay; its candidates follow with [`Self::said`].
    pub(super) fn own_answer(&self) -> Option<Answer> {
        match &self.opening {
            Opening::Answered { answer, .. } => Some(answer.clone()),
            Opening::Describing { .. } | Opening::Offered { .. } | Opening::Done => None,
        }
    }

    /// The relay was told of the opening description, or is told again: its candidates follow.
    pub(super) fn said(&mut self, desk: &mut Desk<'_>) {
        let to = match &mut self.opening {
            Opening::Offered { said, .. } => {
                *said = true;
                None
            }
            Opening::Answered { said, .. } => {
                *said = true;
                Some(self.caller.device)
            }
            Opening::Describing { .. } | Opening::Done => return,
        };
        let call_id = self.call.id;
        if let Opening::Offered { candidates, .. } | Opening::Answered { candidates, .. } =
            &self.opening
        {
            let all = candidates.iter().cloned().map(IceCandidate::from).collect();
            for candidates in together(all) {
                let message = ClientMessage::IceCandidates { call_id, to, candidates };
                desk.session.say(desk.out, message);
            }
        }
    }

    /// The relay took the own answer.
    pub(super) fn confirmed(&mut self, put_off: bool, desk: &mut Desk<'_>) {
        if matches!(self.opening, Opening::Answered { .. }) {
            if put_off {
                self.said(desk);
            }
            self.opening = Opening::Done;
        }
    }

    /// The call is answered.
    pub(super) fn go_live(&mut self, desk: &Desk<'_>) {
        self.since = self.since.or(Some(desk.unix));
        // The answering side counts from Accept.
        if self.call.outgoing {
            self.answered = desk.now;
        }
        self.ended_at = None;
        for remote in self.remotes.iter_mut().filter(|remote| !remote.link.is_flowing()) {
            remote.link = super::link::Link::new(desk.now);
        }
    }

    /// Tells everybody over the media path that this device leaves.
    pub(super) fn say_leave(&self, desk: &mut Desk<'_>) {
        for (peer, leave) in
            self.remotes.iter().filter_map(|remote| remote.chat(&ChannelMessage::Leave))
        {
            desk.out.push_back(Output::Peer(peer, leave));
        }
    }

    /// Closes every connection. What the view shows of an ended call stays.
    pub(super) fn close(&mut self, desk: &mut Desk<'_>) {
        for remote in &mut self.remotes {
            for peer in remote.take_all() {
                desk.out.push_back(Output::Peer(peer, PeerCommand::Close));
            }
        }
        self.remotes.clear();
        self.local.close();
        self.opening = Opening::Done;
        self.ended_at = Some(desk.unix);
    }

    /// Closes the connections with one participant.
    pub(super) fn part(&mut self, device: DeviceId, desk: &mut Desk<'_>) {
        self.remotes.retain_mut(|remote| {
            let stays = remote.device() != Some(device);
            if !stays {
                for peer in remote.take_all() {
                    desk.out.push_back(Output::Peer(peer, PeerCommand::Close));
                }
            }
            stays
        });
    }

    /// The person switches a slot.
    pub(super) fn switch(&mut self, slot: Slot, on: bool, desk: &mut Desk<'_>) {
        if self.local.switch(slot, on) {
            self.order_slot(slot, desk);
            self.tell_media(desk);
        }
    }

    /// Orders a slot again, because what is wanted of it or its device changed.
    pub(super) fn order_slot(&self, slot: Slot, desk: &mut Desk<'_>) {
        let order = self.local.order(slot, desk.settings);
        for peer in self.remotes.iter().flat_map(Remote::peer_ids) {
            desk.out.push_back(Output::Peer(peer, order.clone()));
        }
    }

    /// Tells everybody whether pictures are held, where that changed. Of several participants the one
    /// with the narrowest path decides what is said.
    fn tell_narrow(&mut self, desk: &mut Desk<'_>) {
        if self.local.set_narrow(self.remotes.iter().any(|remote| remote.budget.is_narrow())) {
            self.tell_media(desk);
        }
    }

    /// Tells everybody what is sent, over both ways.
    pub(super) fn tell_media(&mut self, desk: &mut Desk<'_>) {
        if self.since.is_none() {
            return;
        }
        let (n, state) = (self.local.count(), self.local.sending());
        let unavailable = self.local.unavailable();
        let message = ChannelMessage::MediaState { n, state, unavailable };
        for (peer, command) in self.remotes.iter().flat_map(|remote| remote.control(&message)) {
            desk.out.push_back(Output::Peer(peer, command));
        }
        let call_id = self.call.id;
        desk.session.say(desk.out, ClientMessage::MediaState { call_id, n, state });
    }
}
