//! One call with its connections: carries out what negotiation and ladder ask for.

use bellwire_protocol::{
    Answer, Candidate, ChannelMessage, ClientMessage, DeviceId, Media, MediaState, Mid, Offer,
    OfferId, Participant, Ufrag,
};

use super::link::Rung;
use super::media::Local;
use super::negotiation::{LocalCandidate, Move, Operations};
use super::remote::{Moves, Remote, channel_answer, channel_offer};
use super::sdp::Description;
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
    /// What the call started with, on the caller's side.
    pub(super) media: Media,
    pub(super) caller: Participant,
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
        sent_at: u64,
        local: Local,
        now: Time,
    ) -> Self {
        Self {
            call,
            media,
            caller,
            sent_at,
            since: None,
            ended_at: None,
            answered: now,
            local,
            remotes: Vec::new(),
            opening: Opening::Done,
            beat_at: now,
            flowing_at: now,
        }
    }

    /// What is kept for a reload.
    pub(super) const fn in_progress(&self) -> CallInProgress {
        CallInProgress {
            call_id: self.call.id,
            conversation: self.call.conversation,
            media: self.media,
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
        self.remotes.push(Remote::new(Some(who), self.media, pass.desk.now));
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
            for candidate in candidates {
                desk.session.say(desk.out, ice_candidate(call_id, to, candidate.clone()));
            }
        }
        if matches!(self.opening, Opening::Answered { .. }) && desk.session.is_online() {
            self.opening = Opening::Done;
        }
    }

    /// The call is answered.
    pub(super) fn go_live(&mut self, desk: &Desk<'_>) {
        self.since = self.since.or(Some(desk.unix));
        self.answered = desk.now;
        self.ended_at = None;
        for remote in &mut self.remotes {
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

    /// Tells everybody what is sent, over both ways.
    pub(super) fn tell_media(&mut self, desk: &mut Desk<'_>) {
        if self.since.is_none() {
            return;
        }
        let (n, state) = (self.local.count(), self.local.sending());
        let message = ChannelMessage::MediaState { n, state };
        for (peer, command) in self.remotes.iter().flat_map(|remote| remote.control(&message)) {
            desk.out.push_back(Output::Peer(peer, command));
        }
        let call_id = self.call.id;
        desk.session.say(desk.out, ClientMessage::MediaState { call_id, n, state });
    }

    /// The relay is reached again.
    pub(super) fn relay_is_back(&mut self, pass: &mut Pass<'_, '_>) {
        self.said(pass.desk);
        self.tell_media(pass.desk);
        for index in 0..self.remotes.len() {
            if self.remotes[index].is_offering() {
                let moves = self.remotes[index].repeat(pass.desk.now);
                self.carry_out(index, moves, pass);
            } else if !self.remotes[index].link.is_flowing() {
                self.restart_for_hint(index, pass);
            }
        }
    }

    /// The network changed.
    pub(super) fn network_changed(&mut self, pass: &mut Pass<'_, '_>) {
        for index in 0..self.remotes.len() {
            self.restart_for_hint(index, pass);
        }
    }

    fn restart_for_hint(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        let remote = &mut self.remotes[index];
        if remote.is_settled()
            && !remote.is_offering()
            && remote.link.restart_for_hint(pass.desk.now)
        {
            self.offer(index, true, pass);
        }
    }

    /// A participant offers.
    pub(super) fn receive_offer(
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
        let moves = self.remotes[index].receive_offer(
            pass.desk.now,
            id,
            description,
            restart,
            &mut pass.numbers.ops,
        );
        self.carry_out(index, moves, pass);
    }

    /// A participant answers.
    pub(super) fn receive_answer(
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
    pub(super) fn receive_candidate(
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
    pub(super) fn hear_sends(&mut self, from: DeviceId, n: u64, state: MediaState) {
        if let Some(index) = self.index_of(from) {
            self.remotes[index].hear_sends(n, state);
        }
    }

    /// An executor reports.
    pub(super) fn handle_peer(&mut self, peer: PeerId, event: PeerEvent, pass: &mut Pass<'_, '_>) {
        let Some(index) = self.remotes.iter().position(|remote| remote.has(peer)) else { return };
        let now = pass.desk.now;
        let remote = &mut self.remotes[index];
        let ops = &mut pass.numbers.ops;
        let moves = match event {
            PeerEvent::Described { operation, sdp } => {
                let id = OfferId::from_parts(pass.desk.unix, pass.desk.random.id());
                remote.on_peer(peer, |exchange, out| {
                    exchange.described(now, operation, &sdp, id, ops, out)
                })
            }
            PeerEvent::Applied { operation } => {
                let moves = remote
                    .on_peer(peer, |exchange, out| exchange.applied(now, operation, ops, out));
                remote.settle();
                moves
            }
            PeerEvent::OperationFailed { operation, message: _ } => {
                remote.on_peer(peer, |exchange, out| exchange.failed(now, operation, ops, out))
            }
            PeerEvent::Candidate { ufrag, mid, candidate } => {
                let parsed = (Ufrag::new(ufrag), Mid::new(mid), Candidate::new(candidate));
                let (Ok(ufrag), Ok(mid), Ok(candidate)) = parsed else { return };
                let candidate = LocalCandidate { ufrag, mid, candidate };
                remote.on_peer(peer, |exchange, out| exchange.candidate(candidate, out))
            }
            PeerEvent::Path { state } => {
                self.on_path(index, peer, state, pass);
                return;
            }
            PeerEvent::ChannelsOpen => {
                remote.set_channels(peer, true);
                if remote.newest() == Some(peer) {
                    remote.link.listen(now, true);
                }
                self.beat_at = now;
                pass.reports.push(Report::ChatOpen);
                return;
            }
            PeerEvent::ChannelsClosed => {
                remote.set_channels(peer, false);
                if remote.newest() == Some(peer) {
                    remote.link.listen(now, false);
                }
                return;
            }
            PeerEvent::Control { data } => {
                self.hear(index, peer, pass);
                match bellwire_protocol::decode::<ChannelMessage>(&data) {
                    Ok(
                        ChannelMessage::Heartbeat { n, state }
                        | ChannelMessage::MediaState { n, state },
                    ) => self.remotes[index].hear_sends(n, state),
                    // Everything else belongs on the other channel.
                    Ok(
                        ChannelMessage::Chat { .. }
                        | ChannelMessage::ChatReceived { .. }
                        | ChannelMessage::SdpOffer { .. }
                        | ChannelMessage::SdpAnswer { .. }
                        | ChannelMessage::IceCandidate { .. }
                        | ChannelMessage::Leave
                        | ChannelMessage::Unknown,
                    )
                    | Err(_) => {}
                }
                return;
            }
            PeerEvent::Chat { data } => {
                self.hear(index, peer, pass);
                if let Some(who) = self.remotes[index].who.clone()
                    && let Ok(message) = bellwire_protocol::decode(&data)
                {
                    pass.reports.push(Report::Message(who, message));
                }
                return;
            }
            PeerEvent::Slot { slot, state } => {
                let before = self.local.sending();
                self.local.report(slot, state);
                if self.local.sending() != before {
                    self.tell_media(pass.desk);
                }
                return;
            }
        };
        self.carry_out(index, moves, pass);
    }

    fn on_path(&mut self, index: usize, peer: PeerId, state: PathState, pass: &mut Pass<'_, '_>) {
        let now = pass.desk.now;
        let remote = &mut self.remotes[index];
        remote.set_path(peer, state);
        if remote.newest() != Some(peer) {
            return;
        }
        match state {
            PathState::Connecting => {}
            PathState::Connected => {
                for former in remote.take_former() {
                    pass.order(former, PeerCommand::Close);
                }
                self.hear(index, peer, pass);
            }
            PathState::Disconnected => remote.link.doubt(now),
            PathState::Failed => {
                let device = remote.device();
                if remote.link.fail()
                    && let Some(device) = device
                {
                    pass.report(Event::PathDown { device });
                }
                self.climb(index, pass);
            }
        }
    }

    /// A sign of life on the newest connection.
    fn hear(&mut self, index: usize, peer: PeerId, pass: &mut Pass<'_, '_>) {
        let remote = &mut self.remotes[index];
        if remote.newest() != Some(peer) {
            return;
        }
        let is_back = remote.link.hear(pass.desk.now);
        let Some(device) = remote.device() else { return };
        if is_back {
            pass.report(Event::PathUp { device });
            if !remote.reported {
                remote.reported = true;
                let setup = pass.desk.now.since(self.answered);
                let report = ClientMessage::CallReport {
                    call_id: self.call.id,
                    setup_ms: Some(u32::try_from(setup).unwrap_or(u32::MAX)),
                    flowing: Some(device),
                };
                pass.desk.session.say(pass.desk.out, report);
                self.flowing_at = pass.desk.now.after(FLOWING_MS);
            }
            self.tell_media(pass.desk);
        }
    }

    pub(super) fn deadline(
        &self,
        desk_lost: Option<Time>,
        is_polite_to: impl Fn(DeviceId) -> bool,
    ) -> Option<Time> {
        let live = self.since.is_some() && !self.remotes.is_empty();
        let beat = live.then_some(self.beat_at);
        let flowing = live.then_some(self.flowing_at);
        self.remotes
            .iter()
            .flat_map(|remote| {
                let device = remote.device();
                let link = device
                    .filter(|_| live)
                    .and_then(|device| remote.link.deadline(is_polite_to(device)));
                let lost = desk_lost
                    .filter(|_| live)
                    .map(|lost| lost.max(remote.link.heard_at()).after(super::LOST_MS));
                [link, lost, remote.negotiation_deadline()]
            })
            .chain([beat, flowing])
            .flatten()
            .min()
    }

    /// Does what the deadlines ask for. `slept` says that this machine was asleep.
    pub(super) fn elapsed(&mut self, slept: bool, pass: &mut Pass<'_, '_>) {
        let now = pass.desk.now;
        for index in 0..self.remotes.len() {
            let moves = self.remotes[index].elapsed(now, &mut pass.numbers.ops);
            self.carry_out(index, moves, pass);
        }
        if self.since.is_none() {
            return;
        }
        for index in 0..self.remotes.len() {
            if slept {
                self.remotes[index].link.wake(now);
            }
            self.climb(index, pass);
            let remote = &self.remotes[index];
            if let Some(lost) = pass.desk.session.lost_since()
                && !remote.link.is_flowing()
                && now >= lost.max(remote.link.heard_at()).after(super::LOST_MS)
                && let Some(device) = remote.device()
            {
                pass.report(Event::GaveUp { device });
            }
        }
        if self.beat_at <= now {
            self.beat_at = now.after(BEAT_MS);
            self.beat(pass.desk);
        }
        if self.flowing_at <= now {
            self.flowing_at = now.after(FLOWING_MS);
            for device in self
                .remotes
                .iter()
                .filter(|remote| remote.link.is_flowing())
                .filter_map(Remote::device)
            {
                let call_id = self.call.id;
                let report =
                    ClientMessage::CallReport { call_id, setup_ms: None, flowing: Some(device) };
                pass.desk.session.say(pass.desk.out, report);
            }
        }
    }

    fn beat(&mut self, desk: &mut Desk<'_>) {
        let message =
            ChannelMessage::Heartbeat { n: self.local.count(), state: self.local.sending() };
        for (peer, command) in self.remotes.iter().flat_map(|remote| remote.control(&message)) {
            desk.out.push_back(Output::Peer(peer, command));
        }
    }

    /// Climbs the ladder of one participant, as far as it is time.
    fn climb(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        let Some(device) = self.remotes[index].device() else { return };
        let polite = pass.desk.is_polite_to(device);
        while let Some(rung) = self.remotes[index].link.climb(pass.desk.now, polite) {
            match rung {
                Rung::Probe => self.beat(pass.desk),
                Rung::TellDown => pass.report(Event::PathDown { device }),
                Rung::Restart => self.restart(index, false, pass),
                Rung::RelayOnly => self.restart(index, true, pass),
                Rung::Rebuild => self.rebuild(index, pass),
            }
        }
    }

    fn restart(&mut self, index: usize, relay_only: bool, pass: &mut Pass<'_, '_>) {
        let remote = &self.remotes[index];
        if !remote.is_settled() {
            // Its first exchange is still open, and is repeated by itself; or it failed.
            if !remote.is_offering() && remote.negotiation_deadline().is_none() {
                self.rebuild(index, pass);
            }
            return;
        }
        if let Some(peer) = remote.newest() {
            let relay_only = relay_only && pass.desk.has_turn() || pass.desk.settings.always_relay;
            let ice_servers = pass.desk.session.ice_servers.clone();
            pass.order(peer, PeerCommand::Configure { ice_servers, relay_only });
            self.offer(index, true, pass);
        }
    }

    fn rebuild(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        self.open_peer(index, false, pass);
        self.offer(index, false, pass);
    }

    fn open_peer(&mut self, index: usize, relay_only: bool, pass: &mut Pass<'_, '_>) {
        if let Some(useless) = self.remotes[index].take_useless() {
            pass.order(useless, PeerCommand::Close);
        }
        pass.numbers.peer += 1;
        let id = PeerId(pass.numbers.peer);
        let polite =
            self.remotes[index].device().is_some_and(|device| pass.desk.is_polite_to(device));
        self.remotes[index].add_peer(id, polite);
        let ice_servers = pass.desk.session.ice_servers.clone();
        let relay_only = relay_only || pass.desk.settings.always_relay;
        pass.order(id, PeerCommand::Open { ice_servers, relay_only });
        for order in self.local.orders(pass.desk.settings) {
            pass.order(id, order);
        }
    }

    fn offer(&mut self, index: usize, restart: bool, pass: &mut Pass<'_, '_>) {
        let moves = self.remotes[index].offer(pass.desk.now, restart, &mut pass.numbers.ops);
        self.carry_out(index, moves, pass);
    }

    fn carry_out(&mut self, index: usize, moves: Moves, pass: &mut Pass<'_, '_>) {
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

    fn say_offer(&mut self, index: usize, offer: Offer, restart: bool, pass: &mut Pass<'_, '_>) {
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
        if !pass.desk.session.say(pass.desk.out, message)
            && let Some((peer, command)) = channel
        {
            pass.order(peer, command);
        }
    }

    fn say_answer(&mut self, index: usize, answer: Answer, pass: &mut Pass<'_, '_>) {
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
        if !pass.desk.session.say(pass.desk.out, message)
            && let Some((peer, command)) = channel
        {
            pass.order(peer, command);
        }
    }

    fn say_candidate(&mut self, index: usize, candidate: LocalCandidate, pass: &mut Pass<'_, '_>) {
        let to = self.remotes[index].device();
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
        let LocalCandidate { ufrag, mid, candidate: line } = candidate.clone();
        let channel =
            self.remotes[index].chat(&ChannelMessage::IceCandidate { ufrag, mid, candidate: line });
        let message = ice_candidate(self.call.id, to, candidate);
        if !pass.desk.session.say(pass.desk.out, message)
            && let Some((peer, command)) = channel
        {
            pass.order(peer, command);
        }
    }

    fn index_of(&self, device: DeviceId) -> Option<usize> {
        self.remotes.iter().position(|remote| remote.device() == Some(device))
    }
}

fn ice_candidate(
    call_id: bellwire_protocol::CallId,
    to: Option<DeviceId>,
    candidate: LocalCandidate,
) -> ClientMessage {
    let LocalCandidate { ufrag, mid, candidate } = candidate;
    ClientMessage::IceCandidate { call_id, to, ufrag, mid, candidate }
}
