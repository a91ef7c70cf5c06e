//! The calls of one device, and nothing but their state: no names, no descriptions, no time.
//!
//! [`Machine`] takes one [`Event`] and answers with [`Effect`]s. It is small, comparable and
//! hashable on purpose, so that the model check in `tests/model/main.rs` explores the very code that
//! ships. Everything a state needs besides itself (offers, names, connections, deadlines) is kept
//! by [`crate::Core`], which carries the effects out.
//!
//! ```text
//!          Place                 Accepted                       first path
//!  Idle ──────────► Dialling ────────────────────► Live(Connecting) ────► Live(Connected)
//!   ▲ │               │  │ Ended(replaced)           ▲    ▲                    │ ▲
//!   │ │               │  └──► Crossed ──Incoming──┐  │    │ Confirmed    path  ▼ │ path
//!   │ │ Accept        │           │               ▼  │    │           Live(Reconnecting)
//!   │ └───────────────│───────────│──────────► Answering ─┘                │
//!   │                 ▼           ▼               ▼                        ▼
//!   └── Dismiss ──────────────────────── Ended(reason) ◄─── leave, left, lost, time limit
//! ```
//! Beside the stage, any number of calls ring. A call that was over once is never again anything
//! else on this device ([`Machine::is_over`]).

mod person;
mod relay;
mod vocabulary;

use std::collections::{BTreeMap, VecDeque};

pub use self::vocabulary::{Effect, Event, Refusal, Remark, Say};

use bellwire_protocol::{CallId, ConversationId, DeviceId, EndReason, Media};

/// How many finished calls are remembered, so that a late or repeated message cannot revive one.
/// The relay forgets a call three minutes after its end, and nobody is in that many in the time.
const REMEMBERED: usize = 64;

/// The calls of one device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Machine {
    stage: Stage,
    rings: BTreeMap<CallId, Ring>,
    over: VecDeque<CallId>,
}

/// The call that this device takes part in, or did last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stage {
    /// None.
    Idle,
    /// The person placed a call; nobody answered. Ends by [`Timer::Dial`].
    Dialling {
        /// Which.
        call: Call,
        /// How far it came.
        progress: Progress,
    },
    /// The placed call gave way to one that the other side placed at the same moment and that
    /// was not heard of yet. Ends by [`Timer::Successor`].
    Crossed {
        /// The call that gave way.
        call: Call,
    },
    /// The person accepted; the relay has not confirmed that this device was the first. Ends by
    /// [`Timer::Answer`].
    Answering {
        /// Which.
        call: Call,
        /// The calling device.
        from: DeviceId,
        /// The answer was given to the relay.
        said: bool,
    },
    /// Answered. Never without others; until the first path it ends by [`Timer::Connect`].
    Live {
        /// Which.
        call: Call,
        /// The other devices in it.
        others: BTreeMap<DeviceId, Path>,
    },
    /// Over, and still on the screen.
    Ended {
        /// Which.
        call: Call,
        /// Why.
        reason: EndReason,
    },
}

/// What stays the same through a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// The call.
    pub id: CallId,
    /// Where it happens.
    pub conversation: ConversationId,
    /// What this side starts with.
    pub media: Media,
    /// This device placed it.
    pub outgoing: bool,
}

/// How far a placed call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The own offer is being made; the relay knows nothing.
    Describing,
    /// The relay was asked, and it rings nowhere.
    Placed,
    /// It rings at the other side.
    Ringing,
}

/// The media path to one other device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// There was none yet.
    Connecting,
    /// Media can flow.
    Connected,
    /// There was one and it is silent.
    Reconnecting,
}

/// A call that rings here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ring {
    /// Where.
    pub conversation: ConversationId,
    /// The calling device.
    pub from: DeviceId,
    /// It crossed with the call that this device places in the same conversation, so nobody hears
    /// it: one of the two will give way.
    pub held: bool,
}

/// Every deadline of a [`Machine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The ring time and [`DIAL_GRACE_MS`] after placing: nobody answered, even without a network.
    Dial,
    /// The rest of its ring time after a call arrived: it stops ringing, even without a network.
    Ring(CallId),
    /// [`SUCCESSOR_MS`] after the own call was replaced: the living one never came.
    Successor,
    /// [`ANSWER_MS`] after accepting: the relay never confirmed.
    Answer,
    /// [`CONNECT_MS`] after a call went live: no path ever came.
    Connect,
}

/// How much longer than the ring time the caller waits for the relay to say that nobody answered.
pub const DIAL_GRACE_MS: u64 = 5_000;
/// How long the winner of two crossing calls may take to arrive. Raising it keeps people longer on
/// a call that is already gone.
pub const SUCCESSOR_MS: u64 = 5_000;
/// How long the relay may take to confirm an answer; long enough for one reconnection.
pub const ANSWER_MS: u64 = 20_000;
/// How long a live call may be without any path before it has failed.
pub const CONNECT_MS: u64 = 30_000;

impl Default for Machine {
    fn default() -> Self {
        Self { stage: Stage::Idle, rings: BTreeMap::new(), over: VecDeque::new() }
    }
}

impl Machine {
    /// The call that this device takes part in, or did last.
    #[must_use]
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The calls that ring here.
    #[must_use]
    pub const fn rings(&self) -> &BTreeMap<CallId, Ring> {
        &self.rings
    }

    /// Whether the call is finished on this device, for good.
    #[must_use]
    pub fn is_over(&self, call: CallId) -> bool {
        self.over.contains(&call)
    }

    /// The call for which connections and devices may be open: the person placed or accepted it.
    #[must_use]
    pub const fn open_call(&self) -> Option<Call> {
        self.stage.open_call()
    }

    /// Applies one event. What does not fit the state changes nothing.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.apply(event, &mut effects);
        effects
    }

    fn apply(&mut self, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Place { call, conversation, media, ring_ms } => {
                self.on_place(Call { id: call, conversation, media, outgoing: true }, ring_ms, out);
            }
            Event::Accept { call, media } => self.on_accept(call, media, out),
            Event::Decline { call } => self.on_decline(call, out),
            Event::HangUp { call } => self.on_hang_up(call, out),
            Event::Dismiss { call } => {
                if matches!(&self.stage, Stage::Ended { call: ended, .. } if ended.id == call) {
                    self.stage = Stage::Idle;
                }
            }
            Event::Described { call } => self.on_described(call, out),
            Event::Undescribed { call } => self.on_undescribed(call, out),
            Event::Incoming { call, conversation, from, ring_ms, dnd } => {
                self.on_incoming(call, Ring { conversation, from, held: false }, ring_ms, dnd, out);
            }
            Event::RingingThere { call, rings } => self.on_ringing_there(call, rings),
            Event::Accepted { call, by } => self.on_accepted(call, by, out),
            Event::Ended { call, reason } => self.on_ended(call, reason, out),
            Event::Left { call, device, reason } => self.on_left(call, device, reason, out),
            Event::PlaceRefused { call } => {
                if matches!(&self.stage, Stage::Dialling { call: own, .. } if own.id == call) {
                    self.end(EndReason::Failed, out);
                }
            }
            Event::Confirmed { call } => self.on_confirmed(call, out),
            Event::TooLate { call } => self.on_too_late(call, out),
            Event::Standing { call, others, known } => self.on_standing(call, others, known, out),
            Event::StillRinging { call } => self.on_still_ringing(call, out),
            Event::Forgotten { call } => self.on_forgotten(call, out),
            Event::Addressed { call } => self.on_addressed(call, out),
            Event::PathUp { device } => self.on_path(device, Path::Connected, out),
            Event::PathDown { device } => self.on_path(device, Path::Reconnecting, out),
            Event::GaveUp { device } => self.on_given_up(device, EndReason::Lost, out),
            Event::SaidLeave { device } => self.on_given_up(device, EndReason::Ended, out),
            Event::TakenOver => self.on_taken_over(out),
            Event::Elapsed(timer) => self.on_elapsed(timer, out),
        }
    }

    fn on_elapsed(&mut self, timer: Timer, out: &mut Vec<Effect>) {
        match timer {
            Timer::Dial => {
                if let Stage::Dialling { call, progress } = &self.stage {
                    if !matches!(progress, Progress::Describing) {
                        out.push(Effect::Say(Say::Cancel(call.id)));
                    }
                    self.end(EndReason::NoAnswer, out);
                }
            }
            Timer::Ring(call) => self.stop_ring(call, true, out),
            Timer::Successor => {
                if matches!(self.stage, Stage::Crossed { .. }) {
                    self.end(EndReason::Failed, out);
                }
            }
            Timer::Answer => {
                if let Stage::Answering { call, said, .. } = &self.stage {
                    out.push(Effect::Say(Self::withdrawal(call.id, *said)));
                    self.end(EndReason::Failed, out);
                }
            }
            Timer::Connect => {
                if let Stage::Live { call, others } = &self.stage
                    && others.values().all(|path| matches!(path, Path::Connecting))
                {
                    out.push(Effect::Say(Say::Leave(call.id)));
                    self.end(EndReason::Failed, out);
                }
            }
        }
    }

    fn on_path(&mut self, device: DeviceId, path: Path, out: &mut Vec<Effect>) {
        // Media flows, so the relay has passed the answer on: its confirmation is only late.
        if let Stage::Answering { call, from, said: true } = &self.stage
            && *from == device
            && path == Path::Connected
        {
            self.on_confirmed(call.id, out);
        }
        if let Stage::Live { others, .. } = &mut self.stage
            && let Some(present) = others.get_mut(&device)
        {
            match (*present, path) {
                (Path::Connecting, Path::Reconnecting) => {}
                (_, Path::Connected) => {
                    *present = path;
                    out.push(Effect::Disarm(Timer::Connect));
                }
                (Path::Connecting | Path::Connected | Path::Reconnecting, _) => *present = path,
            }
        }
    }

    fn on_given_up(&mut self, device: DeviceId, reason: EndReason, out: &mut Vec<Effect>) {
        if let Stage::Live { call, others } = &self.stage
            && others.contains_key(&device)
        {
            let call = call.id;
            if others.len() == 1 {
                out.push(Effect::Say(Say::Leave(call)));
            }
            self.on_left(call, device, reason, out);
        }
    }

    fn on_taken_over(&mut self, out: &mut Vec<Effect>) {
        for call in std::mem::take(&mut self.rings).into_keys() {
            out.push(Effect::Disarm(Timer::Ring(call)));
            out.push(Effect::RingStopped { call, missed: false });
        }
        if let Some(call) = self.stage.open_call() {
            self.disarm(out);
            out.push(Effect::Close(call.id));
        }
        self.stage = Stage::Idle;
    }

    /// The call of this device is over.
    fn end(&mut self, reason: EndReason, out: &mut Vec<Effect>) {
        let Some(call) = self.stage.open_call() else { return };
        self.disarm(out);
        self.remember(call.id);
        self.stage = Stage::Ended { call, reason };
        out.push(Effect::Close(call.id));
        out.push(Effect::Keep(None));
        self.release_held(out);
    }

    /// The own call is gone, so what crossed with it may ring.
    fn release_held(&mut self, out: &mut Vec<Effect>) {
        for (call, ring) in &mut self.rings {
            if ring.held {
                ring.held = false;
                out.push(Effect::Ring(*call));
            }
        }
    }

    fn go_live(&mut self, call: Call, others: BTreeMap<DeviceId, Path>, out: &mut Vec<Effect>) {
        self.disarm(out);
        self.stage = Stage::Live { call, others };
        out.push(Effect::Arm(Timer::Connect, CONNECT_MS));
        out.push(Effect::Live(call.id));
        out.push(Effect::Keep(Some(call.id)));
        let crossed: Vec<CallId> =
            self.rings.iter().filter(|(_, ring)| ring.held).map(|(call, _)| *call).collect();
        for call in crossed {
            out.push(Effect::Say(Say::Reject(call, Refusal::Busy)));
            self.stop_ring(call, false, out);
        }
    }

    fn stop_ring(&mut self, call: CallId, missed: bool, out: &mut Vec<Effect>) {
        if self.rings.remove(&call).is_some() {
            self.remember(call);
            out.push(Effect::Disarm(Timer::Ring(call)));
            out.push(Effect::RingStopped { call, missed });
        }
    }

    fn disarm(&self, out: &mut Vec<Effect>) {
        match self.stage {
            Stage::Idle | Stage::Ended { .. } => {}
            Stage::Dialling { .. } => out.push(Effect::Disarm(Timer::Dial)),
            Stage::Crossed { .. } => out.push(Effect::Disarm(Timer::Successor)),
            Stage::Answering { .. } => out.push(Effect::Disarm(Timer::Answer)),
            Stage::Live { .. } => out.push(Effect::Disarm(Timer::Connect)),
        }
    }

    fn remember(&mut self, call: CallId) {
        if !self.over.contains(&call) {
            self.over.push_back(call);
            if self.over.len() > REMEMBERED {
                self.over.pop_front();
            }
        }
    }
}

impl Stage {
    /// The call for which connections and devices may be open.
    #[must_use]
    pub const fn open_call(&self) -> Option<Call> {
        match self {
            Self::Idle | Self::Ended { .. } => None,
            Self::Dialling { call, .. }
            | Self::Crossed { call }
            | Self::Answering { call, .. }
            | Self::Live { call, .. } => Some(*call),
        }
    }

    /// The call on the screen.
    #[must_use]
    pub const fn shown_call(&self) -> Option<Call> {
        match self {
            Self::Idle => None,
            Self::Ended { call, .. }
            | Self::Dialling { call, .. }
            | Self::Crossed { call }
            | Self::Answering { call, .. }
            | Self::Live { call, .. } => Some(*call),
        }
    }
}
