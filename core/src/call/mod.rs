//! Calls: the state machine of [`crate::machine`] with its payload, deadlines and connections.

mod link;
mod media;
mod negotiation;
mod occasion;
mod remote;
pub(crate) mod sdp;

use std::collections::{BTreeMap, VecDeque};

use bellwire_protocol::limits::RING_MS;
use bellwire_protocol::{
    Answer, CallClaim, CallId, ChannelMessage, ClientMessage, ConversationId, DeviceId, EndReason,
    ErrorCode, LiveCall, LiveCallState, Media, Offer, Participant, RelayMessage,
};

use self::media::Local;
use self::occasion::{Numbers, Occasion, Pass, Report};
use self::remote::Remote;
use crate::api::{CallStage, CallView, PeerEvent, PeerId, RemoteView, Settings, Slot};
use crate::machine::{Call, Effect, Event, Machine, Path, Progress, Remark, Say, Stage, Timer};
use crate::random::Random;
use crate::session::{Refused, Session};
use crate::{CallInProgress, Output, Record, Time};

/// Candidates that are held for a description that is still to come.
const HELD_CANDIDATES: usize = bellwire_protocol::limits::HELD_CANDIDATES;
/// How long a call lives without path and without relay, in ms.
const LOST_MS: u64 = 45_000;
/// A tick that comes so much later than asked for, in ms, means that this machine slept.
const SLEPT_MS: u64 = 1_500;
/// Calls that may ring at a time; what comes above is refused as busy.
const RINGS: usize = 8;

/// What is at hand while calls are handled.
pub(crate) struct Desk<'a> {
    pub(crate) now: Time,
    /// Milliseconds since 1970 by the relay's clock.
    pub(crate) unix: u64,
    pub(crate) random: &'a mut Random,
    pub(crate) out: &'a mut VecDeque<Output>,
    pub(crate) session: &'a mut Session,
    pub(crate) settings: &'a Settings,
    /// This device, once it is known.
    pub(crate) me: Option<&'a Participant>,
    /// This person does not want to be disturbed.
    pub(crate) dnd: bool,
}

impl Desk<'_> {
    /// Of two devices the smaller one gives way when offers cross.
    fn is_polite_to(&self, device: DeviceId) -> bool {
        self.me.is_some_and(|me| me.device < device)
    }

    fn has_turn(&self) -> bool {
        self.session.ice_servers.iter().any(|server| {
            server.urls.iter().any(|url| url.starts_with("turn:") || url.starts_with("turns:"))
        })
    }
}

/// What calls ask of the rest of the core.
#[derive(Debug)]
pub(crate) enum CallNews {
    /// Tell the person.
    Tell(Remark),
    /// A call rings.
    Ring(CallId),
    /// It does not ring any more.
    RingStopped { call: CallId, missed: Option<Rung> },
    /// A message on the chat channel.
    Message(Participant, ConversationId, ChannelMessage),
    /// Messages of this conversation can be delivered.
    ChatOpen(ConversationId),
}

/// A call that rings here, or did: what the machine need not know.
#[derive(Debug, Clone)]
pub(crate) struct Rung {
    pub(crate) conversation: ConversationId,
    pub(crate) from: Participant,
    pub(crate) media: Media,
    sent_at: u64,
    offer: Offer,
}

/// The calls of this device.
#[derive(Debug)]
pub(crate) struct Calls {
    machine: Machine,
    timers: BTreeMap<Timer, Time>,
    rings: BTreeMap<CallId, Rung>,
    /// The call on the screen.
    occasion: Option<Occasion>,
    /// The own call that gives way to the one being answered.
    former: Option<Occasion>,
    numbers: Numbers,
    /// What this device sent before a reload.
    kept: Option<CallInProgress>,
    /// Another window of this device took over, and may have placed or accepted a call.
    displaced: bool,
    /// Participants by device, as far as messages named them.
    known: BTreeMap<DeviceId, Participant>,
    /// The answer that `Effect::Bind` belongs to.
    answer: Option<(Media, Answer)>,
    next_tick: Option<Time>,
    /// Events that came up while another was being carried out.
    queue: VecDeque<Event>,
    feeding: bool,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            machine: Machine::default(),
            timers: BTreeMap::new(),
            rings: BTreeMap::new(),
            occasion: None,
            former: None,
            numbers: Numbers::default(),
            kept: None,
            displaced: false,
            known: BTreeMap::new(),
            answer: None,
            next_tick: None,
            queue: VecDeque::new(),
            feeding: false,
        }
    }

    /// A call was in progress when this device's last run ended.
    pub(crate) fn restore(&mut self, kept: Option<CallInProgress>) {
        self.kept = kept;
    }

    pub(crate) const fn rings(&self) -> &BTreeMap<CallId, Rung> {
        &self.rings
    }

    /// Rings that the person hears of, oldest first.
    pub(crate) fn heard_rings(&self) -> impl Iterator<Item = (CallId, &Rung)> {
        self.rings.iter().filter_map(|(call, rung)| {
            self.machine.rings().get(call).filter(|ring| !ring.held).map(|_| (*call, rung))
        })
    }

    /// This device is in a call, or placing or accepting one.
    pub(crate) const fn is_busy(&self) -> bool {
        self.machine.open_call().is_some()
    }

    /// The call that this device is in, or places or accepts.
    pub(crate) fn open_call(&self) -> Option<CallId> {
        self.machine.open_call().map(|call| call.id)
    }

    /// For the next person to sign in. Connections are numbered on.
    pub(crate) fn into_successor(self) -> Self {
        Self { numbers: self.numbers, ..Self::new() }
    }

    /// The person wants something of calls.
    pub(crate) fn handle(&mut self, event: Event, desk: &mut Desk<'_>) -> Vec<CallNews> {
        let mut news = Vec::new();
        self.feed(event, desk, &mut news);
        news
    }

    /// Another window of this device took over.
    pub(crate) fn be_displaced(&mut self, desk: &mut Desk<'_>) -> Vec<CallNews> {
        if let Some(occasion) = self.occasion.as_ref().filter(|_| self.is_busy()) {
            self.kept = Some(occasion.in_progress());
        }
        self.displaced = true;
        self.handle(Event::TakenOver, desk)
    }

    /// Places a call.
    pub(crate) fn place(
        &mut self,
        conversation: ConversationId,
        media: Media,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let call = CallId::from_parts(desk.unix, desk.random.id());
        let ring_ms = u64::from(desk.session.limits.ring_ms).min(RING_MS);
        self.handle(Event::Place { call, conversation, media, ring_ms }, desk)
    }

    /// The person switches a slot of the running call.
    pub(crate) fn switch(&mut self, slot: Slot, on: bool, desk: &mut Desk<'_>) {
        if self.is_busy()
            && let Some(occasion) = &mut self.occasion
        {
            occasion.switch(slot, on, desk);
            self.keep(desk);
        }
    }

    /// Chosen devices changed.
    pub(crate) fn order_again(&mut self, slot: Slot, desk: &mut Desk<'_>) {
        if self.is_busy()
            && let Some(occasion) = &mut self.occasion
        {
            let wanted = occasion.local.wanted();
            let on = match slot {
                Slot::Audio => wanted.mic,
                Slot::Camera => wanted.camera,
                Slot::Screen | Slot::ScreenAudio => false,
            };
            if on {
                occasion.order_slot(slot, desk);
            }
        }
    }

    /// A message of the relay about a call.
    pub(crate) fn handle_relay(
        &mut self,
        message: RelayMessage,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        match message {
            RelayMessage::CallIncoming {
                call_id,
                conversation,
                from,
                media,
                offer,
                sent_at,
                expires_at,
            } => {
                let rung = Rung { conversation, from, media, sent_at, offer };
                self.on_incoming(call_id, rung, expires_at, desk, &mut news);
            }
            RelayMessage::CallRinging { call_id, user: _, devices: _ } => {
                self.feed(Event::RingingThere { call: call_id }, desk, &mut news);
            }
            RelayMessage::CallAccepted { call_id, by, media, answer } => {
                let device = by.device;
                self.known.insert(device, by);
                self.answer = Some((media, answer));
                self.feed(Event::Accepted { call: call_id, by: device }, desk, &mut news);
                self.answer = None;
            }
            // In a direct call `call_ended` follows, with the words.
            RelayMessage::CallRejected { call_id: _, by: _, reason: _ } => {}
            RelayMessage::CallEnded { call_id, reason } => {
                self.feed(Event::Ended { call: call_id, reason }, desk, &mut news);
            }
            RelayMessage::PeerLeft { call_id, participant, reason } => {
                let event = Event::Left { call: call_id, device: participant.device, reason };
                self.feed(event, desk, &mut news);
            }
            RelayMessage::SdpOffer { call_id, from, offer_id, restart, sdp, proof: _ } => {
                self.feed(Event::Addressed { call: call_id }, desk, &mut news);
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    occasion.receive_offer(from, offer_id, restart, sdp.as_str(), pass);
                });
            }
            RelayMessage::SdpAnswer { call_id, from, offer_id, sdp, proof: _ } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    occasion.receive_answer(from, offer_id, sdp.as_str(), pass);
                });
            }
            RelayMessage::IceCandidate { call_id, from, ufrag, mid, candidate } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    occasion.receive_candidate(from, ufrag, mid, candidate, pass.desk);
                });
            }
            RelayMessage::MediaState { call_id, from, n, state } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    occasion.hear_sends(from, n, state);
                });
            }
            RelayMessage::CallState { call_id, participants, since, media_state } => {
                if let Some(call) = self.machine.open_call()
                    && call.id == call_id
                    && since.is_some()
                {
                    self.on_standing(call, participants, since, true, desk, &mut news);
                }
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    for media in media_state {
                        occasion.hear_sends(media.device, media.n, media.state);
                    }
                });
            }
            RelayMessage::Peers { call_id, participants } => {
                if let Some(call) = self.machine.open_call()
                    && call.id == call_id
                {
                    self.on_standing(call, participants, None, true, desk, &mut news);
                }
            }
            RelayMessage::Welcome(_)
            | RelayMessage::Snapshot(_)
            | RelayMessage::Ok { .. }
            | RelayMessage::Error { .. }
            | RelayMessage::Pong { .. }
            | RelayMessage::GoingAway { .. }
            | RelayMessage::IceServers { .. }
            | RelayMessage::Presence(_)
            | RelayMessage::ContactChanged { .. }
            | RelayMessage::ContactRemoved { .. }
            | RelayMessage::ConversationChanged { .. }
            | RelayMessage::ConversationRemoved { .. }
            | RelayMessage::MeChanged { .. }
            | RelayMessage::Notice(_)
            | RelayMessage::CallRecorded { .. }
            | RelayMessage::Unknown => {}
        }
        news
    }

    fn on_incoming(
        &mut self,
        call: CallId,
        rung: Rung,
        expires_at: u64,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let age = desk.unix.saturating_sub(rung.sent_at);
        let left = expires_at.saturating_sub(desk.unix).min(RING_MS.saturating_sub(age));
        if left == 0
            || self.rings.len() >= RINGS
            || desk.me.is_some_and(|me| me.device == rung.from.device)
        {
            return;
        }
        let event = Event::Incoming {
            call,
            conversation: rung.conversation,
            from: rung.from.device,
            ring_ms: left,
            dnd: desk.dnd,
        };
        self.known.insert(rung.from.device, rung.from.clone());
        self.rings.entry(call).or_insert(rung);
        self.feed(event, desk, news);
    }

    fn on_standing(
        &mut self,
        call: Call,
        participants: Vec<Participant>,
        since: Option<u64>,
        known: bool,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let own = desk.me.map(|me| me.device);
        let mut others = Vec::new();
        for participant in participants {
            if Some(participant.device) != own {
                others.push(participant.device);
                self.known.insert(participant.device, participant);
            }
        }
        self.feed(Event::Standing { call, others, known }, desk, news);
        if let Some(occasion) = &mut self.occasion
            && occasion.call.id == call.id
            && since.is_some()
        {
            occasion.since = since;
        }
    }

    /// The session is on again. Of a fresh one, [`Self::handle_snapshot`] follows.
    pub(crate) fn relay_is_back(&mut self, desk: &mut Desk<'_>) -> Vec<CallNews> {
        let mut news = Vec::new();
        if let Some(call) = self.machine.open_call() {
            if matches!(self.machine.stage(), Stage::Live { .. }) {
                let message = ClientMessage::CallSync { call_id: call.id, claim: self.claim(desk) };
                desk.session.retract(|asked| matches!(asked, ClientMessage::CallSync { .. }));
                desk.session.ask(desk.out, message);
            }
            self.on_occasion(Some(call.id), desk, &mut news, |occasion, pass| {
                occasion.relay_is_back(pass);
            });
        }
        news
    }

    fn claim(&self, desk: &Desk<'_>) -> Option<CallClaim> {
        let occasion = self.occasion.as_ref()?;
        let others = occasion.remotes.iter().filter_map(|remote| remote.who.clone());
        Some(CallClaim {
            conversation: occasion.call.conversation,
            media: occasion.media,
            caller: occasion.caller.clone(),
            participants: desk.me.cloned().into_iter().chain(others).collect(),
            sent_at: occasion.sent_at,
            since: occasion.since?,
        })
    }

    /// The calls that a fresh session knows of; `ended` are newly recorded ones.
    pub(crate) fn handle_snapshot(
        &mut self,
        calls: Vec<LiveCall>,
        ended: &BTreeMap<CallId, EndReason>,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        let present: Vec<CallId> = calls.iter().map(|call| call.call_id).collect();
        let own = desk.me.map(|me| me.device);
        let gone = self
            .machine
            .rings()
            .keys()
            .copied()
            .chain(self.machine.open_call().map(|call| call.id));
        for call in gone.filter(|call| !present.contains(call)).collect::<Vec<_>>() {
            let is_live =
                matches!(self.machine.stage(), Stage::Live { call: live, .. } if live.id == call);
            let event = match ended.get(&call) {
                Some(reason) => Event::Ended { call, reason: *reason },
                // The answer to `call_sync` decides: the relay may take it up again.
                None if is_live => continue,
                None => Event::Forgotten { call },
            };
            self.feed(event, desk, &mut news);
        }
        for live in calls {
            match live.state {
                LiveCallState::Ringing { .. } if Some(live.from.device) == own => {
                    self.feed(Event::StillRinging { call: live.call_id }, desk, &mut news);
                }
                LiveCallState::Ringing { offer: Some(offer), expires_at } => {
                    let rung = Rung {
                        conversation: live.conversation,
                        from: live.from,
                        media: live.media,
                        sent_at: live.sent_at,
                        offer,
                    };
                    self.on_incoming(live.call_id, rung, expires_at, desk, &mut news);
                }
                LiveCallState::Ringing { offer: None, .. } => {}
                LiveCallState::Live { participants, since } => {
                    let call = Call {
                        id: live.call_id,
                        conversation: live.conversation,
                        media: live.media,
                        outgoing: Some(live.from.device) == own,
                    };
                    let known = self.resume(call, live.from, live.sent_at, since, desk);
                    self.on_standing(call, participants, Some(since), known, desk, &mut news);
                }
            }
        }
        self.displaced = false;
        if self.kept.take().is_some() && !self.is_busy() {
            desk.out.push_back(Output::Store(Record::Call(None)));
        }
        news
    }

    /// Makes room for a call that the person placed or accepted on this device: before a reload, or
    /// in another window. False if it is not such a call.
    fn resume(
        &mut self,
        call: Call,
        caller: Participant,
        sent_at: u64,
        since: u64,
        desk: &Desk<'_>,
    ) -> bool {
        let kept = self.kept.as_ref().filter(|kept| kept.call_id == call.id);
        if self.machine.open_call().is_some_and(|open| open.id == call.id) {
            return true;
        }
        if self.is_busy() || self.machine.is_over(call.id) || kept.is_none() && !self.displaced {
            return false;
        }
        let local = match kept {
            Some(kept) => Local::resuming(kept.sending, desk.unix),
            None => Local::starting(call.media, desk.unix),
        };
        let mut occasion = Occasion::new(call, call.media, caller, sent_at, local, desk.now);
        occasion.since = Some(since);
        self.occasion = Some(occasion);
        true
    }

    /// The relay answered a request about a call.
    pub(crate) fn handle_answer(
        &mut self,
        asked: &ClientMessage,
        refused: Option<Refused>,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let event = match (asked, refused) {
            (ClientMessage::CallInitiate { call_id, .. }, Some(_)) => {
                Event::PlaceRefused { call: *call_id }
            }
            (ClientMessage::CallAnswer { call_id, .. }, None) => {
                Event::Confirmed { call: *call_id }
            }
            (ClientMessage::CallAnswer { call_id, .. }, Some(_)) => {
                Event::TooLate { call: *call_id }
            }
            (
                ClientMessage::CallSync { call_id, .. },
                Some(Refused { code: ErrorCode::NotFound | ErrorCode::Stale, .. }),
            ) => Event::Forgotten { call: *call_id },
            (_, Some(_) | None) => return Vec::new(),
        };
        self.handle(event, desk)
    }

    /// An executor reports.
    pub(crate) fn handle_peer(
        &mut self,
        peer: PeerId,
        event: PeerEvent,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        self.on_occasion(None, desk, &mut news, |occasion, pass| {
            occasion.handle_peer(peer, event, pass)
        });
        news
    }

    /// The network changed.
    pub(crate) fn network_changed(&mut self, desk: &mut Desk<'_>) -> Vec<CallNews> {
        let mut news = Vec::new();
        self.on_occasion(None, desk, &mut news, Occasion::network_changed);
        news
    }

    /// Sends a chat message to everybody who can be reached. False if that is nobody.
    pub(crate) fn send_chat(
        &self,
        conversation: ConversationId,
        message: &ChannelMessage,
        out: &mut VecDeque<Output>,
    ) -> bool {
        let Some(occasion) =
            self.occasion.as_ref().filter(|occasion| occasion.call.conversation == conversation)
        else {
            return false;
        };
        let orders: Vec<_> =
            occasion.remotes.iter().filter_map(|remote| remote.chat(message)).collect();
        let sent = !orders.is_empty();
        out.extend(orders.into_iter().map(|(peer, command)| Output::Peer(peer, command)));
        sent
    }

    pub(crate) fn deadline(&self, session: &Session, me: Option<&Participant>) -> Option<Time> {
        let occasion = self.occasion.as_ref().and_then(|occasion| {
            occasion
                .deadline(session.lost_since(), |device| me.is_some_and(|me| me.device < device))
        });
        self.timers.values().copied().chain(occasion).min()
    }

    /// Does what the deadlines ask for.
    pub(crate) fn elapsed(&mut self, desk: &mut Desk<'_>) -> Vec<CallNews> {
        let mut news = Vec::new();
        let due = |at: &Time| *at <= desk.now;
        let slept = self.next_tick.is_some_and(|at| desk.now.since(at) > SLEPT_MS);
        let timers: Vec<Timer> =
            self.timers.iter().filter(|(_, at)| due(at)).map(|(timer, _)| *timer).collect();
        for timer in timers {
            self.timers.remove(&timer);
            self.feed(Event::Elapsed(timer), desk, &mut news);
        }
        self.on_occasion(None, desk, &mut news, |occasion, pass| occasion.elapsed(slept, pass));
        self.next_tick = self.deadline(desk.session, desk.me);
        news
    }

    /// Runs something on the call of this device and hands on what comes up.
    fn on_occasion(
        &mut self,
        call: Option<CallId>,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
        act: impl FnOnce(&mut Occasion, &mut Pass<'_, '_>),
    ) {
        let mut reports = Vec::new();
        let open = self.machine.open_call().map(|call| call.id);
        if open.is_none() || call.is_some() && call != open {
            return;
        }
        if let Some(occasion) = &mut self.occasion {
            let numbers = &mut self.numbers;
            act(occasion, &mut Pass { desk, numbers, reports: &mut reports });
        }
        self.digest(reports, desk, news);
    }

    fn digest(&mut self, reports: Vec<Report>, desk: &mut Desk<'_>, news: &mut Vec<CallNews>) {
        for report in reports {
            match report {
                Report::Event(event) => self.feed(event, desk, news),
                Report::Message(who, message) => self.on_message(who, message, desk, news),
                Report::ChatOpen => {
                    if let Some(call) = self.machine.open_call() {
                        news.push(CallNews::ChatOpen(call.conversation));
                    }
                }
            }
        }
    }

    fn on_message(
        &mut self,
        who: Participant,
        message: ChannelMessage,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let Some(call) = self.machine.open_call() else { return };
        let from = who.device;
        match message {
            ChannelMessage::Leave => self.feed(Event::SaidLeave { device: from }, desk, news),
            ChannelMessage::SdpOffer { offer_id, restart, sdp } => {
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.receive_offer(from, offer_id, restart, sdp.as_str(), pass);
                });
            }
            ChannelMessage::SdpAnswer { offer_id, sdp } => {
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.receive_answer(from, offer_id, sdp.as_str(), pass);
                });
            }
            ChannelMessage::IceCandidate { ufrag, mid, candidate } => {
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.receive_candidate(from, ufrag, mid, candidate, pass.desk);
                });
            }
            ChannelMessage::Chat { .. } | ChannelMessage::ChatReceived { .. } => {
                news.push(CallNews::Message(who, call.conversation, message));
            }
            // These belong on the other channel.
            ChannelMessage::Heartbeat { .. }
            | ChannelMessage::MediaState { .. }
            | ChannelMessage::Unknown => {}
        }
    }

    /// Gives the machine an event and carries out what follows.
    fn feed(&mut self, event: Event, desk: &mut Desk<'_>, news: &mut Vec<CallNews>) {
        self.queue.push_back(event);
        if self.feeding {
            return;
        }
        self.feeding = true;
        while let Some(event) = self.queue.pop_front() {
            for effect in self.machine.handle(event) {
                self.carry_out(effect, desk, news);
            }
        }
        self.feeding = false;
        let machine = &self.machine;
        self.rings.retain(|call, _| machine.rings().contains_key(call));
    }

    fn carry_out(&mut self, effect: Effect, desk: &mut Desk<'_>, news: &mut Vec<CallNews>) {
        match effect {
            Effect::Dial(call) => {
                let Some(me) = desk.me.cloned() else { return };
                let local = Local::starting(call.media, desk.unix);
                let occasion = Occasion::new(call, call.media, me, desk.unix, local, desk.now);
                self.occasion = Some(occasion);
                self.on_occasion(None, desk, news, Occasion::dial);
            }
            Effect::Answer(call) => {
                let Some(rung) = self.rings.get(&call.id).cloned() else { return };
                let local = Local::starting(call.media, desk.unix);
                let occasion =
                    Occasion::new(call, rung.media, rung.from, rung.sent_at, local, desk.now);
                self.former = self.occasion.replace(occasion);
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.answer(rung.offer, pass)
                });
            }
            Effect::Bind(device) => {
                let (Some(who), Some((media, answer))) =
                    (self.known.get(&device).cloned(), self.answer.take())
                else {
                    return;
                };
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.bind(who, media, &answer, pass)
                });
            }
            Effect::Meet(_, device) => {
                let Some(who) = self.known.get(&device).cloned() else { return };
                self.on_occasion(None, desk, news, |occasion, pass| occasion.meet(who, pass));
            }
            Effect::Part(device) => {
                if let Some(occasion) = &mut self.occasion {
                    occasion.part(device, desk);
                }
            }
            Effect::Close(call) => {
                for occasion in [self.former.as_mut(), self.occasion.as_mut()].into_iter().flatten()
                {
                    if occasion.call.id == call {
                        occasion.close(desk);
                    }
                }
                self.former.take_if(|former| former.call.id == call);
            }
            Effect::Say(say) => self.say(say, desk),
            Effect::Ring(call) => news.push(CallNews::Ring(call)),
            Effect::RingStopped { call, missed } => {
                let missed = self.rings.get(&call).filter(|_| missed).cloned();
                news.push(CallNews::RingStopped { call, missed });
            }
            Effect::Live(_) => {
                if let Some(occasion) = &mut self.occasion {
                    occasion.go_live(desk);
                }
            }
            Effect::Keep(Some(_)) => self.keep(desk),
            Effect::Keep(None) => desk.out.push_back(Output::Store(Record::Call(None))),
            Effect::Arm(timer, ms) => {
                self.timers.insert(timer, desk.now.after(ms));
            }
            Effect::Disarm(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Tell(remark) => news.push(CallNews::Tell(remark)),
        }
    }

    fn say(&mut self, say: Say, desk: &mut Desk<'_>) {
        match say {
            Say::Initiate(call_id) => {
                if let Some(occasion) = &mut self.occasion
                    && let Some(offer) = occasion.own_offer()
                {
                    let Call { conversation, media, .. } = occasion.call;
                    retract(call_id, desk);
                    let message =
                        ClientMessage::CallInitiate { call_id, conversation, media, offer };
                    desk.session.ask(desk.out, message);
                    occasion.said(desk);
                }
            }
            Say::Answer(call_id) => {
                if let Some(occasion) = &mut self.occasion
                    && let Some(answer) = occasion.own_answer()
                {
                    let media = occasion.call.media;
                    desk.session
                        .ask(desk.out, ClientMessage::CallAnswer { call_id, media, answer });
                    occasion.said(desk);
                }
            }
            Say::Reject(call_id, refusal) => {
                desk.session
                    .ask(desk.out, ClientMessage::CallReject { call_id, reason: refusal.into() });
            }
            Say::Cancel(call_id) => {
                retract(call_id, desk);
                desk.session.ask(desk.out, ClientMessage::CallCancel { call_id });
            }
            Say::Leave(call_id) => {
                if let Some(occasion) = &self.occasion
                    && occasion.call.id == call_id
                {
                    occasion.say_leave(desk);
                }
                retract(call_id, desk);
                desk.session.ask(desk.out, ClientMessage::CallLeave { call_id });
            }
        }
    }

    /// Keeps the running call for a reload.
    fn keep(&self, desk: &mut Desk<'_>) {
        if let Some(occasion) = self.occasion.as_ref().filter(|_| self.is_busy()) {
            desk.out.push_back(Output::Store(Record::Call(Some(occasion.in_progress()))));
        }
    }

    /// The call on the screen. `name` names its conversation.
    pub(crate) fn view(&self, name: impl FnOnce(ConversationId) -> String) -> Option<CallView> {
        let call = self.machine.stage().shown_call()?;
        let occasion = self.occasion.as_ref().filter(|occasion| occasion.call.id == call.id)?;
        let since = occasion.since.unwrap_or_default();
        let stage = match self.machine.stage() {
            Stage::Idle => return None,
            Stage::Dialling { progress, .. } => {
                CallStage::Dialling { ringing: *progress == Progress::Ringing }
            }
            Stage::Crossed { .. } => CallStage::Dialling { ringing: false },
            Stage::Answering { .. } => CallStage::Connecting,
            Stage::Live { others, .. } => {
                if others.values().any(|path| *path == Path::Connected) {
                    CallStage::Connected { since }
                } else if others.values().any(|path| *path == Path::Reconnecting) {
                    CallStage::Reconnecting { since }
                } else {
                    CallStage::Connecting
                }
            }
            Stage::Ended { reason, .. } => {
                let length = occasion
                    .since
                    .zip(occasion.ended_at)
                    .map(|(since, end)| end.saturating_sub(since));
                let length_s = length.map(|ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX));
                CallStage::Ended { reason: *reason, length_s }
            }
        };
        Some(CallView {
            id: call.id,
            conversation: call.conversation,
            name: name(call.conversation),
            media: occasion.media,
            outgoing: call.outgoing,
            stage,
            local: occasion.local.view(),
            remotes: occasion.remotes.iter().filter_map(remote_view).collect(),
            chat_open: occasion.remotes.iter().any(Remote::is_open),
        })
    }
}

/// Requests about a call that is over before they were answered.
fn retract(call: CallId, desk: &mut Desk<'_>) {
    let online = desk.session.is_online();
    desk.session.retract(|asked| {
        !online
            && matches!(asked,
                ClientMessage::CallInitiate { call_id, .. }
                | ClientMessage::CallAnswer { call_id, .. }
                | ClientMessage::CallSync { call_id, .. } if *call_id == call)
    });
}

fn remote_view(remote: &Remote) -> Option<RemoteView> {
    let who = remote.who.as_ref()?;
    Some(RemoteView {
        peer: remote.shown(),
        user: who.user,
        device: who.device,
        name: who.name.as_str().to_owned(),
        sends: remote.sends,
        connected: remote.link.is_flowing(),
    })
}
