//! One session without its socket: what it is called, sequence numbers, what waits, what may be
//! asked for again. Pure.

use std::collections::VecDeque;

use bellwire_protocol::{RelayMessage, Secret, limits};

/// A message written once for every session that gets it.
#[derive(Debug, Clone)]
pub struct Body {
    kind: &'static str,
    text: String,
}

impl Body {
    /// Writes the message.
    #[must_use]
    pub fn new(message: &RelayMessage) -> Self {
        Self { kind: kind(message), text: bellwire_protocol::encode(message) }
    }

    /// Bytes of the message.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no message is empty")]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The frame with its number, in a string of exactly its size: it may wait for long.
    fn frame(&self, seq: u64) -> Frame {
        let fields = self.text.strip_prefix('{').unwrap_or(&self.text);
        let text = format!("{{\"seq\":{seq},{fields}").into_boxed_str();
        Frame { kind: self.kind, text }
    }
}

/// One numbered frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The type of its message, for the metrics.
    pub kind: &'static str,
    /// What is written.
    pub text: Box<str>,
}

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// One of [`limits::close`].
    pub code: u16,
    /// For people who read logs.
    pub reason: &'static str,
}

/// What a session is resumed with. A welcome can be lost with its socket, so the name that it
/// brought counts once the client was heard after it; until then the former one opens the session
/// as well.
#[derive(Debug)]
pub struct Names {
    known: Secret,
    offered: Option<Secret>,
}

impl Names {
    /// Of a session that begins.
    #[must_use]
    pub fn new(first: Secret) -> Self {
        Self { known: first, offered: None }
    }

    /// Whether the session is called so.
    #[must_use]
    pub fn has(&self, name: &Secret) -> bool {
        same(&self.known, name) || self.offered.as_ref().is_some_and(|offered| same(offered, name))
    }

    /// What the welcome brings to a client that came with `name`, which [`Self::has`] it: `next`,
    /// or what was offered before and may have been lost.
    pub fn offer(&mut self, name: &Secret, next: Secret) -> Secret {
        if let Some(offered) = self.offered.take_if(|offered| same(offered, name)) {
            self.known = offered;
        }
        self.offered.get_or_insert(next).clone()
    }

    /// The client was heard after the welcome.
    pub fn confirm(&mut self) {
        if let Some(offered) = self.offered.take() {
            self.known = offered;
        }
    }
}

/// Compares without telling by its time where two names differ.
fn same(a: &Secret, b: &Secret) -> bool {
    let (a, b) = (a.as_str().as_bytes(), b.as_str().as_bytes());
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// How many frames, and how many bytes of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    frames: usize,
    bytes: usize,
}

impl Load {
    const QUEUE: Self = Self { frames: limits::QUEUE_FRAMES, bytes: limits::QUEUE_BYTES };
    /// What the relay says at once goes into one half of the queue; the other is for what comes.
    const HALF_QUEUE: Self =
        Self { frames: limits::QUEUE_FRAMES / 2, bytes: limits::QUEUE_BYTES / 2 };
    const RESUME: Self = Self { frames: limits::RESUME_FRAMES, bytes: limits::RESUME_BYTES };

    fn add(&mut self, text: &str) {
        self.frames += 1;
        self.bytes += text.len();
    }

    fn take(&mut self, text: &str) {
        self.frames -= 1;
        self.bytes -= text.len();
    }

    const fn plus(self, other: Self) -> Self {
        Self { frames: self.frames + other.frames, bytes: self.bytes + other.bytes }
    }

    const fn is_over(self, most: Self) -> bool {
        self.frames > most.frames || self.bytes > most.bytes
    }
}

/// What has no number yet.
#[derive(Debug)]
struct Held {
    body: Body,
    /// Said after what the relay says at once, so that it counts as waiting for the reader.
    late: bool,
}

/// The numbered frames of a session: those that the socket got and may have lost, then those that
/// are repeated after a resume, then those that wait for the socket.
#[derive(Debug)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    /// Number of the next frame.
    next_seq: u64,
    sent: Load,
    /// They were not late the first time, so they do not make the reader a slow one.
    repeated: Load,
    waiting: Load,
    /// The parts of something larger than the queue (a snapshot), and whatever was said after it.
    held: VecDeque<Held>,
    late: Load,
    /// Written at the front of a resumed socket; carries the number that the client named.
    greeting: Option<Frame>,
    /// A frame was dropped that the socket never got: nothing can be resumed.
    gap: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            frames: VecDeque::new(),
            next_seq: 1,
            sent: Load::default(),
            repeated: Load::default(),
            waiting: Load::default(),
            held: VecDeque::new(),
            late: Load::default(),
            greeting: None,
            gap: false,
        }
    }
}

impl Outbox {
    /// Says much at once: it is numbered as the queue drains, so that it is nobody's slowness. Where
    /// such a thing is still under way, more of it is what a slow reader has waiting.
    pub fn say_at_once(&mut self, bodies: impl IntoIterator<Item = Body>) {
        if self.gap {
            return;
        }
        if self.held.is_empty() {
            self.held.extend(bodies.into_iter().map(|body| Held { body, late: false }));
            self.refill();
        } else {
            bodies.into_iter().for_each(|body| self.push(&body));
        }
    }

    /// Lets a message wait for its turn.
    pub fn push(&mut self, body: &Body) {
        if self.gap {
            return;
        }
        if self.held.is_empty() {
            self.number(body);
            return;
        }
        self.late.add(&body.text);
        self.held.push_back(Held { body: body.clone(), late: true });
        if self.late.is_over(Load::RESUME) {
            self.lose();
        }
    }

    /// Gives up what nobody takes: a client that was away for so long starts from a new snapshot.
    fn lose(&mut self) {
        *self = Self { next_seq: self.next_seq, gap: true, ..Self::default() };
    }

    /// Numbers what is held, up to half of what may wait.
    fn refill(&mut self) {
        while let Some(next) = self.held.front() {
            let unsent = self.waiting.plus(self.repeated);
            let mut with_next = unsent;
            with_next.add(&next.body.text);
            if with_next.is_over(Load::HALF_QUEUE) && unsent.frames > 0 {
                return;
            }
            let Some(Held { body, late }) = self.held.pop_front() else { return };
            if late {
                self.late.take(&body.text);
            }
            self.number(&body);
        }
    }

    fn number(&mut self, body: &Body) {
        let frame = body.frame(self.next_seq);
        self.next_seq += 1;
        self.waiting.add(&frame.text);
        self.frames.push_back(frame);
        self.trim();
    }

    /// Keeps to the limits of what is kept for a resume.
    fn trim(&mut self) {
        let unsent = self.waiting.plus(self.repeated);
        if self.waiting.is_over(Load::RESUME) || unsent.is_over(Load::RESUME.plus(Load::RESUME)) {
            self.lose();
            return;
        }
        while self.sent.frames > 0
            && (self.sent.is_over(Load::RESUME)
                || self.sent.plus(unsent).is_over(Load::RESUME.plus(Load::RESUME)))
        {
            let Some(frame) = self.frames.pop_front() else { return };
            self.sent.take(&frame.text);
        }
    }

    /// Whether the reader is too slow to go on with.
    #[must_use]
    pub fn is_overfull(&self) -> bool {
        self.gap || self.waiting.plus(self.late).is_over(Load::QUEUE)
    }

    /// Whether anything waits for the socket.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        self.greeting.is_some() || self.sent.frames < self.frames.len() || !self.held.is_empty()
    }

    /// Whether parts of what is said at once still have no number.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.held.iter().any(|held| !held.late)
    }

    /// The next frame for the socket.
    pub fn pop(&mut self) -> Option<Frame> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        let frame = self.frames.get(self.sent.frames)?.clone();
        self.sent.add(&frame.text);
        if self.repeated.frames > 0 {
            self.repeated.take(&frame.text);
        } else {
            self.waiting.take(&frame.text);
        }
        self.trim();
        self.refill();
        Some(frame)
    }

    /// Whether the frames after `seq` are all there.
    #[must_use]
    pub fn can_resume(&self, seq: u64) -> bool {
        let oldest = self.next_seq - self.frames.len() as u64;
        !self.gap && seq < self.next_seq && seq + 1 >= oldest
    }

    /// Starts again after `seq`, which [`Self::can_resume`] allowed, with `welcome` in front. The
    /// welcome repeats the number that the client named, so numbers only ever go up by one.
    pub fn resume(&mut self, seq: u64, welcome: &Body) {
        let oldest = self.next_seq - self.frames.len() as u64;
        let handled = usize::try_from((seq + 1).saturating_sub(oldest)).unwrap_or(0);
        self.frames.drain(..handled.min(self.frames.len()));
        (self.sent, self.waiting) = (Load::default(), Load::default());
        self.repeated = Load::default();
        for frame in &self.frames {
            self.repeated.add(&frame.text);
        }
        self.greeting = Some(welcome.frame(seq));
        self.refill();
    }

    /// Bytes that it keeps, but for what is held.
    #[cfg(test)]
    fn kept_bytes(&self) -> usize {
        self.sent.plus(self.repeated).plus(self.waiting).plus(self.late).bytes
    }
}

/// The type of a message as the wire names it.
fn kind(message: &RelayMessage) -> &'static str {
    match message {
        RelayMessage::Welcome(_) => "welcome",
        RelayMessage::Snapshot(_) => "snapshot",
        RelayMessage::Ok { .. } => "ok",
        RelayMessage::Error { .. } => "error",
        RelayMessage::Pong { .. } => "pong",
        RelayMessage::GoingAway { .. } => "going_away",
        RelayMessage::IceServers { .. } => "ice_servers",
        RelayMessage::Presence(_) => "presence",
        RelayMessage::ContactChanged { .. } => "contact_changed",
        RelayMessage::ContactRemoved { .. } => "contact_removed",
        RelayMessage::ConversationChanged { .. } => "conversation_changed",
        RelayMessage::ConversationInvited { .. } => "conversation_invited",
        RelayMessage::ConversationRemoved { .. } => "conversation_removed",
        RelayMessage::MeChanged { .. } => "me_changed",
        RelayMessage::Notice(_) => "notice",
        RelayMessage::CallRecorded { .. } => "call_recorded",
        RelayMessage::CallIncoming { .. } => "call_incoming",
        RelayMessage::CallRinging { .. } => "call_ringing",
        RelayMessage::CallAccepted { .. } => "call_accepted",
        RelayMessage::CallRejected { .. } => "call_rejected",
        RelayMessage::CallEnded { .. } => "call_ended",
        RelayMessage::PeerLeft { .. } => "peer_left",
        RelayMessage::PeerClosed { .. } => "peer_closed",
        RelayMessage::PeerReturned { .. } => "peer_returned",
        RelayMessage::SdpOffer { .. } => "sdp_offer",
        RelayMessage::SdpAnswer { .. } => "sdp_answer",
        RelayMessage::IceCandidates { .. } => "ice_candidates",
        RelayMessage::MediaState { .. } => "media_state",
        RelayMessage::CallState { .. } => "call_state",
        RelayMessage::Peers { .. } => "peers",
        RelayMessage::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests;
