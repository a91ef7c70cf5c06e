//! What the call state machine hears and what it answers.

use bellwire_protocol::{CallId, ConversationId, DeviceId, EndReason, Media, RejectReason};

use super::{Call, Timer};

/// What can happen to the calls of a device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The person calls a conversation. Where that conversation rings here, this answers it.
    Place {
        /// Made by this device.
        call: CallId,
        /// Where.
        conversation: ConversationId,
        /// With what.
        media: Media,
        /// The ring time in ms.
        ring_ms: u64,
    },
    /// The person accepts a ringing call.
    Accept {
        /// Which.
        call: CallId,
        /// With what.
        media: Media,
    },
    /// The person refuses a ringing call.
    Decline {
        /// Which.
        call: CallId,
    },
    /// The person gives up, leaves, or refuses.
    HangUp {
        /// Which.
        call: CallId,
    },
    /// The person puts the ended call away.
    Dismiss {
        /// Which.
        call: CallId,
    },
    /// The own description asked for by [`Effect::Dial`] or [`Effect::Answer`] is there.
    Described {
        /// Which.
        call: CallId,
    },
    /// It could not be made.
    Undescribed {
        /// Which.
        call: CallId,
    },
    /// Somebody calls.
    Incoming {
        /// Which.
        call: CallId,
        /// Where.
        conversation: ConversationId,
        /// The calling device.
        from: DeviceId,
        /// How much longer it may ring, in ms.
        ring_ms: u64,
        /// This person does not want to be disturbed.
        dnd: bool,
    },
    /// Whether the own call rings on any device there.
    RingingThere {
        /// Which.
        call: CallId,
        /// Not any more once the last window that rang was closed.
        rings: bool,
    },
    /// Somebody answered the own call.
    Accepted {
        /// Which.
        call: CallId,
        /// The answering device.
        by: DeviceId,
    },
    /// A call ended, at least for this device.
    Ended {
        /// Which.
        call: CallId,
        /// Why.
        reason: EndReason,
    },
    /// A participant left.
    Left {
        /// Which call.
        call: CallId,
        /// Whose device.
        device: DeviceId,
        /// Why.
        reason: EndReason,
    },
    /// The relay refused to place the call.
    PlaceRefused {
        /// Which.
        call: CallId,
    },
    /// The relay confirmed the answer.
    Confirmed {
        /// Which.
        call: CallId,
    },
    /// The relay refused the answer: too late.
    TooLate {
        /// Which.
        call: CallId,
    },
    /// The relay says who is in a call that this device is in too.
    Standing {
        /// Which.
        call: Call,
        /// The other devices.
        others: Vec<DeviceId>,
        /// The person placed or accepted it on this device and did not hang up: a reload, or
        /// another window. Without that no word of the relay opens a microphone.
        known: bool,
    },
    /// The relay has a call ringing that this device placed.
    StillRinging {
        /// Which.
        call: CallId,
    },
    /// The relay does not know the call any more.
    Forgotten {
        /// Which.
        call: CallId,
    },
    /// A participant wants a connection for a call.
    Addressed {
        /// Which.
        call: CallId,
    },
    /// Media can flow.
    PathUp {
        /// With whom.
        device: DeviceId,
    },
    /// The path is silent.
    PathDown {
        /// With whom.
        device: DeviceId,
    },
    /// There was no path and no relay for too long.
    GaveUp {
        /// With whom.
        device: DeviceId,
    },
    /// A participant said over the media path that it leaves.
    SaidLeave {
        /// Who.
        device: DeviceId,
    },
    /// Another connection of this device took over, or nobody is signed in any more.
    TakenOver,
    /// A deadline has come.
    Elapsed(Timer),
}

/// What follows from an event, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Open a connection, start the slots and make an offer → [`Event::Described`].
    Dial(Call),
    /// Open a connection, start the slots and answer the offer that came with the ring →
    /// [`Event::Described`].
    Answer(Call),
    /// The answer of that device belongs to the connection made by [`Effect::Dial`].
    Bind(DeviceId),
    /// Open a connection and offer it to a participant that has none with this device.
    Meet(Call, DeviceId),
    /// Close the connections with a participant.
    Part(DeviceId),
    /// Close every connection of a call and every device.
    Close(CallId),
    /// Tell the relay.
    Say(Say),
    /// Show and sound a ring.
    Ring(CallId),
    /// It does not ring any more.
    RingStopped {
        /// Which.
        call: CallId,
        /// The person missed it.
        missed: bool,
    },
    /// The call is answered; media is being set up.
    Live(CallId),
    /// Keep, for a reload, that this device is in the call; or that it is in none.
    Keep(Option<CallId>),
    /// Set a deadline from here on, in place of a former one.
    Arm(Timer, u64),
    /// Drop a deadline.
    Disarm(Timer),
    /// Tell the person.
    Tell(Remark),
}

/// What the relay is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Say {
    /// `call_initiate`.
    Initiate(CallId),
    /// `call_answer`.
    Answer(CallId),
    /// `call_reject`.
    Reject(CallId, Refusal),
    /// `call_cancel`.
    Cancel(CallId),
    /// `call_leave`.
    Leave(CallId),
}

/// Why a ring is refused. [`RejectReason`], ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The person said no.
    Declined,
    /// This device is in another call.
    Busy,
    /// The person does not want to be disturbed.
    Dnd,
}

impl From<Refusal> for RejectReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Declined => Self::Declined,
            Refusal::Busy => Self::Busy,
            Refusal::Dnd => Self::Dnd,
        }
    }
}

/// What the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remark {
    /// One call at a time.
    AlreadyInCall,
    /// The call is over or was answered elsewhere.
    CallGone,
}
