//! One session without its socket: sequence numbers, what waits, what may be asked for again, how
//! much may be said. Pure.

use std::collections::VecDeque;

use bellwire_protocol::{RelayMessage, limits};

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

/// The numbered frames of a session: those that wait for the socket and, before them, those that
/// it got and may have lost.
#[derive(Debug)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    /// Number of the next frame.
    next_seq: u64,
    /// How many at the front of `frames` the socket got.
    sent: usize,
    /// How many of those that follow are repeated after a resume: they were not late the first
    /// time, so they do not make the reader a slow one.
    repeated: usize,
    /// Bytes that wait, without the repeated ones.
    waiting_bytes: usize,
    /// What has no number yet: the parts of a snapshot that is larger than the queue, and whatever
    /// was said after it.
    held: VecDeque<Body>,
    /// How much of `held`, at its end, was said after the snapshot.
    late: usize,
    late_bytes: usize,
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
            sent: 0,
            repeated: 0,
            waiting_bytes: 0,
            held: VecDeque::new(),
            late: 0,
            late_bytes: 0,
            greeting: None,
            gap: false,
        }
    }
}

impl Outbox {
    /// Begins with these messages, however many they are: they are numbered as the queue drains.
    pub fn open(&mut self, first: impl IntoIterator<Item = Body>) {
        self.held.extend(first);
        self.refill();
    }

    /// Lets a message wait for its turn.
    pub fn push(&mut self, body: &Body) {
        if self.held.is_empty() {
            self.number(body);
            return;
        }
        if self.late >= limits::RESUME_FRAMES {
            // A client that is away for so long starts from a new snapshot.
            self.held.clear();
            (self.late, self.late_bytes) = (0, 0);
            self.gap = true;
            return;
        }
        self.late += 1;
        self.late_bytes += body.text.len();
        self.held.push_back(body.clone());
    }

    /// Numbers what is held, up to half of what may wait: the other half is for what comes.
    fn refill(&mut self) {
        while let Some(body) = self.held.front() {
            let waiting = self.frames.len() - self.sent;
            let full = waiting >= limits::QUEUE_FRAMES / 2
                || self.waiting_bytes + body.text.len() > limits::QUEUE_BYTES / 2;
            if full && waiting > 0 {
                return;
            }
            let Some(body) = self.held.pop_front() else { return };
            if self.held.len() < self.late {
                self.late -= 1;
                self.late_bytes -= body.text.len();
            }
            self.number(&body);
        }
    }

    fn number(&mut self, body: &Body) {
        let frame = body.frame(self.next_seq);
        self.next_seq += 1;
        self.waiting_bytes += frame.text.len();
        self.frames.push_back(frame);
        while self.frames.len() > limits::RESUME_FRAMES {
            let dropped = self.frames.pop_front();
            if self.sent > 0 {
                self.sent -= 1;
            } else if self.repeated > 0 {
                self.repeated -= 1;
                self.gap = true;
            } else {
                self.waiting_bytes -= dropped.map_or(0, |frame| frame.text.len());
                self.gap = true;
            }
        }
    }

    /// Whether the reader is too slow to go on with.
    #[must_use]
    pub fn is_overfull(&self) -> bool {
        let waiting = self.frames.len() - self.sent - self.repeated;
        waiting + self.late > limits::QUEUE_FRAMES
            || self.waiting_bytes + self.late_bytes > limits::QUEUE_BYTES
    }

    /// Whether anything waits for the socket.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        self.greeting.is_some() || self.sent < self.frames.len() || !self.held.is_empty()
    }

    /// Whether messages of the opening still have no number.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.held.len() > self.late
    }

    /// The next frame for the socket.
    pub fn pop(&mut self) -> Option<Frame> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        let frame = self.frames.get(self.sent)?.clone();
        self.sent += 1;
        if self.repeated > 0 {
            self.repeated -= 1;
        } else {
            self.waiting_bytes -= frame.text.len();
        }
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
        self.sent = 0;
        self.repeated = self.frames.len();
        self.waiting_bytes = 0;
        self.greeting = Some(welcome.frame(seq));
        self.refill();
    }
}

/// How much may be said: `per_second` on the long run, `burst` at once.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// In thousandths of a message.
    tokens: u64,
    refilled_at: u64,
    refused: u32,
}

/// What becomes of one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Not carried out; it would be after this long, in ms.
    Refused(u64),
    /// The client does not slow down.
    Close,
}

/// Refusals in a row after which a session is closed: a second burst beyond the first.
const REFUSALS: u32 = limits::MESSAGE_BURST;

impl Allowance {
    /// A full allowance.
    #[must_use]
    pub fn new(now: u64) -> Self {
        let tokens = u64::from(limits::MESSAGE_BURST) * 1_000;
        Self { tokens, refilled_at: now, refused: 0 }
    }

    /// Goes on, on another socket: it has as much as before, and hears its refusals anew.
    pub fn resume(&mut self) {
        self.refused = 0;
    }

    /// Takes one message off.
    pub fn take(&mut self, now: u64) -> Verdict {
        let full = u64::from(limits::MESSAGE_BURST) * 1_000;
        let elapsed = now.saturating_sub(self.refilled_at);
        // A rate per second is a rate in thousandths per ms.
        let refill = elapsed.saturating_mul(u64::from(limits::MESSAGES_PER_SECOND));
        self.tokens = self.tokens.saturating_add(refill).min(full);
        self.refilled_at = now;
        if self.tokens >= 1_000 {
            self.tokens -= 1_000;
            self.refused = 0;
            return Verdict::Allowed;
        }
        self.refused += 1;
        if self.refused > REFUSALS {
            return Verdict::Close;
        }
        let missing = 1_000 - self.tokens;
        Verdict::Refused(missing.div_ceil(u64::from(limits::MESSAGES_PER_SECOND)))
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
