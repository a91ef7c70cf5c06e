//! A caller, two devices of the callee, a relay, and a network that loses, repeats and reorders.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_core::machine::{Effect, Event, Machine, Path, Say, Stage, Timer};
use bellwire_protocol::{CallId, ConversationId, DeviceId, Media};

use crate::relay::{Parting, Relay};

/// A device: 0 calls; 1 and 2 are devices of the person who is called.
pub(crate) type Place = usize;
/// The calling device.
pub(crate) const CALLER: Place = 0;
/// How long a call rings; the model has no time.
pub(crate) const RING_MS: u64 = 60_000;

/// What every part of the model knows of a call from its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) caller: Place,
    pub(crate) media: Media,
}

/// The call that device `caller` places; `rank` orders the ids.
pub(crate) const fn call(caller: u8, rank: u8) -> CallId {
    let mut bytes = [0; 16];
    bytes[0] = rank;
    bytes[15] = caller;
    CallId::from_bytes(bytes)
}

/// A call of a stranger that comes in between.
pub(crate) const fn foreign() -> CallId {
    call(9, 9)
}

pub(crate) fn call_of(call: CallId) -> Known {
    let caller = usize::from(call.to_bytes()[15]);
    Known { caller, media: if caller == CALLER { Media::Video } else { Media::Voice } }
}

pub(crate) fn device(place: Place) -> DeviceId {
    DeviceId::from_bytes([u8::try_from(place).unwrap_or(u8::MAX); 16])
}

fn place(device: DeviceId) -> Place {
    usize::from(device.to_bytes()[0])
}

pub(crate) fn conversation() -> ConversationId {
    ConversationId::from_bytes([1; 16])
}

/// What is explored.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Which calls are placed, by whom.
    pub(crate) calls: Vec<CallId>,
    /// How many callee devices take part.
    pub(crate) callees: usize,
    /// How many reloads happen.
    pub(crate) reloads: u8,
    /// How many sessions are taken up afresh.
    pub(crate) syncs: u8,
    /// A stranger calls too.
    pub(crate) stranger: bool,
    /// Descriptions can fail.
    pub(crate) failures: bool,
    /// How the two may part, once.
    pub(crate) partings: Vec<Parting>,
    /// Only crossing calls run out of time; nothing else does.
    pub(crate) patient: bool,
}

/// One device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) machine: Machine,
    /// Descriptions under way.
    pub(crate) describing: BTreeSet<CallId>,
    /// Calls with connections and devices.
    pub(crate) open: BTreeSet<CallId>,
    pub(crate) timers: BTreeSet<Timer>,
    /// What the person placed or accepted here, with what.
    pub(crate) wanted: BTreeMap<CallId, Media>,
    /// What the person hung up or declined here.
    pub(crate) unwanted: BTreeSet<CallId>,
    /// What is kept for a reload.
    pub(crate) kept: BTreeSet<CallId>,
    /// A call was opened a second time.
    pub(crate) reopened: bool,
    /// A call that was over became something else.
    pub(crate) revived: bool,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) devices: Vec<Device>,
    pub(crate) relay: Relay,
    /// What was said to the relay, and what it said. Nothing is ever taken out: a message that is
    /// never delivered is lost, one that is delivered again is a duplicate.
    pub(crate) up: BTreeSet<(Place, Say)>,
    pub(crate) down: BTreeSet<(Place, Message)>,
    pub(crate) reloads: u8,
    pub(crate) syncs: u8,
    /// After the two parted the relay said something of one to the other.
    pub(crate) leaked: bool,
}

/// An event of the relay, ordered so that it can be kept in a set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Message(pub(crate) Event);

impl PartialOrd for Message {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Message {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Message {
    /// Tells messages of the relay apart.
    fn rank(&self) -> (u8, CallId, u8) {
        match &self.0 {
            Event::Incoming { call, .. } => (0, *call, 0),
            Event::RingingThere { call, rings: _ } => (1, *call, 0),
            Event::Accepted { call, by } => (2, *call, by.to_bytes()[0]),
            Event::Ended { call, reason } => (3, *call, *reason as u8),
            Event::Confirmed { call } => (4, *call, 0),
            Event::TooLate { call } => (5, *call, 0),
            Event::PlaceRefused { call } => (6, *call, 0),
            other => unreachable!("{other:?} does not come as a message"),
        }
    }
}

/// What can happen next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A person or an executor acts, or a timer runs out.
    Local(Place, Event),
    /// The relay gets a message.
    Up(Place, Say),
    /// A device gets a message.
    Down(Place, Event),
    /// The ring time is over at the relay.
    Expire(CallId),
    /// A page is loaded again and gets a snapshot.
    Reload(Place),
    /// A session is taken up afresh.
    Sync(Place),
    /// This person parts from the other.
    Part(Place, Parting),
}

impl World {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let mut down = BTreeSet::new();
        if bounds.stranger {
            let event = Event::Incoming {
                call: foreign(),
                conversation: ConversationId::from_bytes([2; 16]),
                from: device(9),
                ring_ms: RING_MS,
                dnd: false,
            };
            down.insert((1, Message(event)));
        }
        Self {
            devices: vec![Device::default(); 1 + bounds.callees],
            relay: Relay::default(),
            up: BTreeSet::new(),
            down,
            reloads: bounds.reloads,
            syncs: bounds.syncs,
            leaked: false,
        }
    }

    pub(crate) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        for (at, present) in self.devices.iter().enumerate() {
            let machine = &present.machine;
            for call in bounds.calls.iter().filter(|call| call_of(**call).caller == at) {
                if !present.wanted.contains_key(call)
                    && !present.unwanted.contains(call)
                    && self.reloads == bounds.reloads
                {
                    let media = call_of(*call).media;
                    let (call, conversation) = (*call, conversation());
                    actions.push(Action::Local(
                        at,
                        Event::Place { call, conversation, media, ring_ms: RING_MS },
                    ));
                }
            }
            for (call, ring) in machine.rings() {
                if !ring.held {
                    actions.push(Action::Local(
                        at,
                        Event::Accept { call: *call, media: Media::Voice },
                    ));
                    actions.push(Action::Local(at, Event::Decline { call: *call }));
                }
            }
            if let Some(open) = machine.open_call() {
                actions.push(Action::Local(at, Event::HangUp { call: open.id }));
            }
            for call in &present.describing {
                actions.push(Action::Local(at, Event::Described { call: *call }));
                if bounds.failures {
                    actions.push(Action::Local(at, Event::Undescribed { call: *call }));
                }
            }
            let runs_out = |timer: &&Timer| !bounds.patient || **timer == Timer::Successor;
            for timer in present.timers.iter().filter(runs_out) {
                actions.push(Action::Local(at, Event::Elapsed(*timer)));
            }
            if let Stage::Live { call, others } = machine.stage() {
                for (device, path) in others {
                    let far =
                        self.devices.get(place(*device)).and_then(|far| far.machine.open_call());
                    if *path == Path::Connecting && far.is_some_and(|far| far.id == call.id) {
                        actions.push(Action::Local(at, Event::PathUp { device: *device }));
                    }
                }
            }
            if self.reloads > 0 {
                actions.push(Action::Reload(at));
            }
            if self.syncs > 0 {
                actions.push(Action::Sync(at));
            }
        }
        if self.relay.parted.is_none() {
            for parting in &bounds.partings {
                actions.extend([0, 1].map(|by| Action::Part(by, *parting)));
            }
        }
        actions.extend(self.up.iter().map(|(from, say)| Action::Up(*from, *say)));
        let down = self.down.iter().filter(|(to, _)| *to < self.devices.len());
        actions.extend(down.map(|(to, message)| Action::Down(*to, message.0.clone())));
        if bounds.patient {
            return;
        }
        let ringing = self
            .relay
            .calls
            .iter()
            .filter(|(_, call)| matches!(call, crate::relay::Call::Ringing { .. }));
        actions.extend(ringing.map(|(call, _)| Action::Expire(*call)));
    }

    /// What follows from an action; `None` if nothing changes.
    pub(crate) fn next(&self, action: Action) -> Option<Self> {
        let mut next = self.clone();
        match action {
            Action::Local(at, event) => {
                match &event {
                    Event::Place { call, media, .. } | Event::Accept { call, media } => {
                        let before = next.devices[at].machine.open_call().is_none();
                        let ringing = next.devices[at].machine.rings().keys().next().copied();
                        if before {
                            let device = &mut next.devices[at];
                            device.wanted.insert(*call, *media);
                            // After a reload it may ring again.
                            device.unwanted.remove(call);
                            // Calling back a person who rings is accepting them.
                            if let (Event::Place { .. }, Some(ringing)) = (&event, ringing) {
                                device.wanted.insert(ringing, *media);
                            }
                        } else if matches!(event, Event::Place { .. }) {
                            next.devices[at].unwanted.insert(*call);
                        }
                    }
                    Event::HangUp { call } | Event::Decline { call } => {
                        next.devices[at].unwanted.insert(*call);
                    }
                    _ => {}
                }
                if let Event::Elapsed(timer) = &event {
                    next.devices[at].timers.remove(timer);
                }
                if let Event::Described { call } | Event::Undescribed { call } = &event {
                    next.devices[at].describing.remove(call);
                }
                next.feed(at, event);
            }
            Action::Up(from, say) => {
                let out = next.relay.receive(from, say);
                next.send(out);
            }
            Action::Down(to, event) => next.feed(to, event),
            Action::Expire(call) => {
                let out = next.relay.expire(call);
                next.send(out);
            }
            Action::Reload(at) => {
                next.reloads -= 1;
                let known = next.devices[at].kept.clone();
                let former = std::mem::take(&mut next.devices[at]);
                let device = &mut next.devices[at];
                device.wanted = former.wanted;
                device.unwanted = former.unwanted;
                // A new session hears nothing that was said to the former one, and what the former one
                // said has arrived by then or never does.
                next.down.retain(|(to, _)| *to != at);
                next.up.retain(|(from, _)| *from != at);
                next.greet(at, &known);
                if next.devices[at].machine.open_call().is_none() {
                    next.devices[at].kept.clear();
                }
            }
            Action::Part(by, parting) => {
                let out = next.relay.part(by, parting);
                next.send(out);
            }
            Action::Sync(at) => {
                next.syncs -= 1;
                next.down.retain(|(to, _)| *to != at);
                next.greet(at, &BTreeSet::new());
            }
        }
        (next != *self).then_some(next)
    }

    fn greet(&mut self, at: Place, known: &BTreeSet<CallId>) {
        for event in self.relay.snapshot(at, known) {
            self.leaked |= self.relay.parted.is_some() && is_of_somebody_else(&event);
            self.feed(at, event);
        }
    }

    fn send(&mut self, out: crate::relay::Out) {
        let parted = self.relay.parted.is_some();
        self.leaked |= parted && out.iter().any(|(_, event)| is_of_somebody_else(event));
        self.down.extend(out.into_iter().map(|(to, event)| (to, Message(event))));
    }

    fn feed(&mut self, at: Place, event: Event) {
        let device = &mut self.devices[at];
        let over: Vec<CallId> = [call(0, 2), call(1, 1), call(1, 3), foreign()]
            .into_iter()
            .filter(|call| device.machine.is_over(*call))
            .collect();
        for effect in device.machine.handle(event) {
            match effect {
                Effect::Dial(call) | Effect::Answer(call) => {
                    device.reopened |= !device.open.insert(call.id);
                    device.describing.insert(call.id);
                }
                Effect::Meet(call, _) => {
                    device.open.insert(call.id);
                }
                Effect::Close(call) => {
                    device.open.remove(&call);
                    device.describing.remove(&call);
                }
                Effect::Say(say) => {
                    self.up.insert((at, say));
                }
                Effect::Arm(timer, _) => {
                    device.timers.insert(timer);
                }
                Effect::Disarm(timer) => {
                    device.timers.remove(&timer);
                }
                Effect::Keep(call) => device.kept = call.into_iter().collect(),
                Effect::Bind(_)
                | Effect::Live(_)
                | Effect::Part(_)
                | Effect::Ring(_)
                | Effect::RingStopped { .. }
                | Effect::Tell(_) => {}
            }
        }
        let open = device.machine.open_call();
        device.revived |= over.iter().any(|call| {
            open.is_some_and(|open| open.id == *call)
                || device.machine.rings().contains_key(call)
                || !device.machine.is_over(*call)
        });
    }
}

/// Whether the relay passes on what somebody else did or is.
fn is_of_somebody_else(event: &Event) -> bool {
    matches!(
        event,
        Event::Incoming { .. }
            | Event::RingingThere { .. }
            | Event::Accepted { .. }
            | Event::Left { .. }
            | Event::Standing { .. }
            | Event::Addressed { .. }
    )
}
