//! The relay's rules of who rings, who is in and what may follow, from `docs/protocol.md`, without
//! payload. Every message may come any number of times and in any order.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_core::machine::{Event, Refusal, Say};
use bellwire_protocol::{CallId, EndReason};

use crate::world::{CALLER, Place, RING_MS, call_of, conversation, device};

/// What the relay knows of one call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// `silent` where the callee gets nothing of it, and the caller does not learn that.
    Ringing {
        busy: BTreeSet<Place>,
        silent: bool,
    },
    Live {
        inside: BTreeSet<Place>,
    },
    Over {
        reason: EndReason,
    },
}

/// How the caller's person and the callee's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Parting {
    /// One blocked the other, or removed the contact.
    Apart,
    /// One is not in the group any more.
    LeftGroup,
}

/// The relay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Relay {
    pub(crate) calls: BTreeMap<CallId, Call>,
    /// The two parted, this one from the other.
    pub(crate) parted: Option<(Place, Parting)>,
}

/// What goes out, and to whom.
pub(crate) type Out = Vec<(Place, Event)>;

/// Whose device it is: the caller's, or that of the person with the other two.
pub(crate) fn person(place: Place) -> Place {
    place.min(1)
}

/// The devices that a call rings at.
fn callees(caller: Place) -> Vec<Place> {
    if caller == CALLER { vec![1, 2] } else { vec![CALLER] }
}

impl Relay {
    pub(crate) fn receive(&mut self, from: Place, say: Say) -> Out {
        match say {
            Say::Initiate(call) => self.initiate(from, call),
            Say::Answer(call) => self.answer(from, call),
            Say::Reject(call, refusal) => self.reject(from, call, refusal),
            Say::Cancel(call) => match self.calls.get(&call) {
                Some(Call::Ringing { .. }) if call_of(call).caller == from => {
                    self.end(call, EndReason::Cancelled, Some(from))
                }
                // A cancel that overtook its own initiate.
                None if call_of(call).caller == from => {
                    self.calls.insert(call, Call::Over { reason: EndReason::Cancelled });
                    Vec::new()
                }
                Some(_) | None => Vec::new(),
            },
            Say::Leave(call) => match self.calls.get(&call) {
                Some(Call::Live { inside }) if inside.contains(&from) => {
                    self.end(call, EndReason::Ended, Some(from))
                }
                Some(_) | None => Vec::new(),
            },
        }
    }

    fn initiate(&mut self, from: Place, call: CallId) -> Out {
        if self.calls.contains_key(&call) {
            return Vec::new();
        }
        let crossing = self
            .calls
            .iter()
            .find(|(other, state)| {
                call_of(**other).caller != from
                    && matches!(state, Call::Ringing { silent: false, .. })
            })
            .map(|(other, _)| *other);
        match self.parted {
            Some((by, Parting::LeftGroup)) if by == person(from) => {
                return vec![(from, Event::PlaceRefused { call })];
            }
            Some(_) => {
                self.calls.insert(call, Call::Ringing { busy: BTreeSet::new(), silent: true });
                return Vec::new();
            }
            None => {}
        }
        let mut out = Vec::new();
        if let Some(other) = crossing {
            if other < call {
                self.calls.insert(call, Call::Over { reason: EndReason::Replaced });
                return vec![(from, Event::Ended { call, reason: EndReason::Replaced })];
            }
            out = self.end(other, EndReason::Replaced, None);
        }
        self.calls.insert(call, Call::Ringing { busy: BTreeSet::new(), silent: false });
        out.extend(callees(from).into_iter().map(|place| (place, incoming(call))));
        out.push((from, Event::RingingThere { call, rings: true }));
        out
    }

    fn answer(&mut self, from: Place, call: CallId) -> Out {
        let caller = call_of(call).caller;
        match self.calls.get(&call) {
            Some(Call::Ringing { silent: false, .. }) => {
                self.calls.insert(call, Call::Live { inside: BTreeSet::from([caller, from]) });
                let mut out = vec![
                    (from, Event::Confirmed { call }),
                    (caller, Event::Accepted { call, by: device(from) }),
                ];
                let others = callees(caller).into_iter().filter(|place| *place != from);
                let reason = EndReason::AnsweredElsewhere;
                out.extend(others.map(|place| (place, Event::Ended { call, reason })));
                out
            }
            Some(Call::Live { inside }) if inside.contains(&from) => Vec::new(),
            Some(Call::Ringing { .. } | Call::Live { .. } | Call::Over { .. }) => {
                vec![(from, Event::TooLate { call })]
            }
            None => Vec::new(),
        }
    }

    fn reject(&mut self, from: Place, call: CallId, refusal: Refusal) -> Out {
        let ringing = callees(call_of(call).caller);
        let Some(Call::Ringing { busy, silent: false }) = self.calls.get_mut(&call) else {
            return Vec::new();
        };
        let reason = match refusal {
            Refusal::Busy => {
                busy.insert(from);
                if ringing.iter().any(|place| !busy.contains(place)) {
                    return Vec::new();
                }
                EndReason::Busy
            }
            Refusal::Declined => EndReason::Declined,
            Refusal::Dnd => EndReason::Dnd,
        };
        self.end(call, reason, Some(from))
    }

    /// The ring time is over.
    pub(crate) fn expire(&mut self, call: CallId) -> Out {
        self.end(call, EndReason::NoAnswer, None)
    }

    fn end(&mut self, call: CallId, reason: EndReason, by: Option<Place>) -> Out {
        let caller = call_of(call).caller;
        let former = self.calls.insert(call, Call::Over { reason });
        let told: BTreeSet<Place> = match former {
            Some(Call::Live { inside }) => inside,
            Some(Call::Ringing { silent: true, .. }) => BTreeSet::from([caller]),
            Some(Call::Ringing { .. } | Call::Over { .. }) | None => {
                callees(caller).into_iter().chain([caller]).collect()
            }
        };
        told.into_iter()
            .filter(|place| Some(*place) != by)
            .map(|place| {
                let elsewhere = reason == EndReason::Declined && place != caller;
                let reason = if elsewhere { EndReason::DeclinedElsewhere } else { reason };
                (place, Event::Ended { call, reason })
            })
            .collect()
    }

    /// One of the two wants nothing more of the other.
    pub(crate) fn part(&mut self, by: Place, parting: Parting) -> Out {
        self.parted = Some((by, parting));
        let mut out = Vec::new();
        for (call, state) in self.calls.clone() {
            let caller = call_of(call).caller;
            let is_callers = person(caller) == by;
            match (state, parting) {
                (Call::Over { .. } | Call::Ringing { silent: true, .. }, _) => {}
                (Call::Live { .. }, _) => out.extend(self.end(call, EndReason::Ended, None)),
                (Call::Ringing { .. }, _) if is_callers => {
                    out.extend(self.end(call, EndReason::Cancelled, None));
                }
                (Call::Ringing { busy, .. }, Parting::Apart) => {
                    let reason = EndReason::DeclinedElsewhere;
                    let stops = |place| (place, Event::Ended { call, reason });
                    out.extend(callees(caller).into_iter().map(stops));
                    self.calls.insert(call, Call::Ringing { busy, silent: true });
                }
                (Call::Ringing { .. }, Parting::LeftGroup) => {
                    let reason = EndReason::Cancelled;
                    let stops = |place| (place, Event::Ended { call, reason });
                    out.extend(callees(caller).into_iter().map(stops));
                    let reason = EndReason::Unreachable;
                    self.calls.insert(call, Call::Over { reason });
                    out.push((caller, Event::Ended { call, reason }));
                }
            }
        }
        out
    }

    /// What a fresh session of a device starts from.
    pub(crate) fn snapshot(&self, place: Place, known: &BTreeSet<CallId>) -> Vec<Event> {
        let mut events = Vec::new();
        for (call, state) in &self.calls {
            let own = call_of(*call).caller == place;
            match state {
                Call::Ringing { .. } if own => events.push(Event::StillRinging { call: *call }),
                Call::Ringing { silent: false, .. }
                    if callees(call_of(*call).caller).contains(&place) =>
                {
                    events.push(incoming(*call));
                }
                Call::Live { inside } if inside.contains(&place) => events.push(Event::Standing {
                    call: bellwire_core::machine::Call {
                        id: *call,
                        conversation: conversation(),
                        media: call_of(*call).media,
                        outgoing: own,
                    },
                    others: inside
                        .iter()
                        .filter(|other| **other != place)
                        .map(|other| device(*other))
                        .collect(),
                    known: known.contains(call),
                }),
                Call::Over { reason } => events.push(Event::Ended { call: *call, reason: *reason }),
                Call::Ringing { .. } | Call::Live { .. } => {}
            }
        }
        events
    }
}

fn incoming(call: CallId) -> Event {
    Event::Incoming {
        call,
        conversation: conversation(),
        from: device(call_of(call).caller),
        ring_ms: RING_MS,
        dnd: false,
    }
}
