//! Calls: the state machine of [`crate::machine`] with its payload, deadlines and connections.

mod addresses;
mod budget;
mod effects;
mod heard;
mod inbox;
mod kept;
mod link;
mod media;
mod negotiation;
mod occasion;
mod remote;
pub(crate) mod sdp;
mod shown;
mod trickle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::limits::RING_MS;
use bellwire_protocol::{
    Answer, CallId, ChannelMessage, ClientMessage, ConversationId, DeviceId, EndReason, ErrorCode,
    IceCandidate, LiveCall, LiveCallState, Media, Offer, Participant, RelayMessage, UserId,
};

use self::media::Local;
use self::occasion::{Numbers, Occasion, Pass, Report};
use self::remote::Remote;
use crate::api::{CallStage, CallView, PeerEvent, PeerId, RemoteView, Settings, Slot};
use crate::machine::{Call, Effect, Event, Machine, Path, Progress, Remark, Say, Stage, Timer};
use crate::people::People;
use crate::random::Random;
use crate::session::{Refused, Session};
use crate::{CallInProgress, Output, Record, Time};

/// Candidates that are held for a description that is still to come.
const HELD_CANDIDATES: usize = bellwire_protocol::limits::CANDIDATES;
/// How long a call lives without path and without relay, in ms.
const LOST_MS: u64 = 45_000;
/// A tick that comes so much later than asked for, in ms, means that this machine slept.
const SLEPT_MS: u64 = 1_500;
/// Calls that may ring at a time; what comes above is passed over and rings out.
const RINGS: usize = 8;

/// What is at hand while calls are handled.
pub(crate) struct Desk<'a> {
    pub(crate) now: Time,
    /// Milliseconds since 1970 by the relay's clock.
    pub(crate) unix: u64,
    /// The same by this device's own clock.
    pub(crate) system_unix: u64,
    pub(crate) random: &'a mut Random,
    pub(crate) out: &'a mut VecDeque<Output>,
    pub(crate) session: &'a mut Session,
    pub(crate) settings: &'a Settings,
    /// This device, once it is known.
    pub(crate) me: Option<&'a Participant>,
    pub(crate) people: &'a People,
    /// This person does not want to be disturbed.
    pub(crate) dnd: bool,
}

impl Desk<'_> {
    /// Everybody else of a conversation.
    fn others_of(&self, conversation: ConversationId) -> BTreeSet<UserId> {
        let own = self.me.map(|me| me.user);
        self.people.members(conversation).filter(|user| Some(*user) != own).collect()
    }

    /// Of two devices the smaller one gives way when offers cross.
    fn is_polite_to(&self, device: DeviceId) -> bool {
        self.me.is_some_and(|me| me.device < device)
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
    /// Somebody's device sends too much.
    Flooded { name: String },
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
    /// The relay does not know this call, and did not take it up again.
    forgotten: Option<CallId>,
    /// What this device sent before a reload.
    kept: Option<CallInProgress>,
    /// When the running call is kept again.
    keep_at: Option<Time>,
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
            forgotten: None,
            kept: None,
            keep_at: None,
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
            self.kept = Some(occasion.in_progress(desk));
        }
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

    /// Where the call on this device happens.
    pub(crate) fn open_conversation(&self) -> Option<ConversationId> {
        self.machine.open_call().map(|call| call.conversation)
    }

    /// Somebody can be reached with a chat message.
    pub(crate) fn can_send_chat(&self, conversation: ConversationId) -> bool {
        self.occasion.as_ref().is_some_and(|occasion| {
            occasion.call.conversation == conversation
                && occasion.remotes.iter().any(Remote::has_channel)
        })
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
        let keep = self.keep_at.filter(|_| self.is_busy());
        self.timers.values().copied().chain(occasion).chain(keep).min()
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
        if self.keep_at.is_some_and(|at| at <= desk.now) {
            self.keep(desk);
        }
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
                Report::Event(event) => {
                    let down = matches!(event, Event::PathDown { .. });
                    self.feed(event, desk, news);
                    // The path was all that was left of it, and nobody passes a restart on.
                    if down && let Some(call) = self.forgotten {
                        self.feed(Event::Forgotten { call }, desk, news);
                    }
                }
                Report::Message(who, message) => self.on_message(who, message, desk, news),
                Report::Flooded(who) => {
                    news.push(CallNews::Flooded { name: who.name.as_str().to_owned() });
                }
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
}
