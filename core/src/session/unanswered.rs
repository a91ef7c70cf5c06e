//! Requests of a session that the relay has not answered.

use std::collections::{BTreeMap, VecDeque};

use bellwire_protocol::{ClientMessage, ErrorCode};

use super::push;
use crate::pause::bounded;
use crate::{Output, Time};

/// Requests that wait for their answer, over losses of the connection as well.
const MOST: usize = 64;
/// Pause before a request is said again that was refused for its rate, in ms, where the relay did not
/// say how long.
const AGAIN_MS: u64 = 1_000;
/// Shortest such pause, in ms: a relay that says 0 is not asked in a loop.
const LEAST_MS: u64 = 100;

/// Requests without an answer. They are said again after a reconnection.
#[derive(Debug)]
pub(super) struct Unanswered {
    next_id: u32,
    requests: BTreeMap<u32, Asked>,
}

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) message: ClientMessage,
    /// The relay had no time for it: it is said again then.
    again_at: Option<Time>,
    pub(super) put_off: bool,
}

impl Default for Unanswered {
    fn default() -> Self {
        Self { next_id: 1, requests: BTreeMap::new() }
    }
}

impl Unanswered {
    /// Adds one and names it. The oldest gives way where there are too many.
    pub(super) fn add(&mut self, message: ClientMessage) -> u32 {
        if self.requests.len() == MOST {
            self.requests.pop_first();
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1).max(1);
        self.requests.insert(id, Asked { message, again_at: None, put_off: false });
        id
    }

    /// This one was answered.
    pub(super) fn take(&mut self, re: u32) -> Option<Asked> {
        self.requests.remove(&re)
    }

    /// Drops requests that make no sense any more.
    pub(super) fn retract(&mut self, mut is_moot: impl FnMut(&ClientMessage) -> bool) {
        self.requests.retain(|_, asked| !is_moot(&asked.message));
    }

    /// The same, for those that the relay had no time for.
    pub(super) fn retract_put_off(&mut self, mut is_moot: impl FnMut(&ClientMessage) -> bool) {
        self.requests.retain(|_, asked| !(asked.again_at.is_some() && is_moot(&asked.message)));
    }

    /// Says all of them again.
    pub(super) fn repeat(&mut self, out: &mut VecDeque<Output>) {
        for (id, asked) in &mut self.requests {
            asked.again_at = None;
            push(out, Some(*id), asked.message.clone());
        }
    }

    /// Says again what the relay had no time for, where it is time.
    pub(super) fn repeat_due(&mut self, now: Time, out: &mut VecDeque<Output>) {
        for (id, asked) in &mut self.requests {
            if asked.again_at.take_if(|at| *at <= now).is_some() {
                push(out, Some(*id), asked.message.clone());
            }
        }
    }

    /// When the next one is said again.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.requests.values().filter_map(|asked| asked.again_at).min()
    }

    /// The relay refused a request. True if that was for its rate, and it has to arrive: it waits for
    /// its next turn.
    pub(super) fn puts_off(
        &mut self,
        re: u32,
        code: ErrorCode,
        asked_ms: Option<u64>,
        now: Time,
    ) -> bool {
        let Some(asked) = self.requests.get_mut(&re) else { return false };
        let is_put_off = code == ErrorCode::RateLimited && must_arrive(&asked.message);
        if is_put_off {
            asked.put_off = true;
            asked.again_at = Some(now.after(bounded(asked_ms.unwrap_or(AGAIN_MS)).max(LEAST_MS)));
        }
        is_put_off
    }
}

/// Whether somebody waits for it at the other end, so that a refusal for its rate is no answer.
const fn must_arrive(message: &ClientMessage) -> bool {
    match message {
        ClientMessage::CallAnswer { .. }
        | ClientMessage::CallReject { .. }
        | ClientMessage::CallCancel { .. }
        | ClientMessage::CallLeave { .. }
        | ClientMessage::CallSync { .. }
        | ClientMessage::PresenceSet { .. } => true,
        ClientMessage::Hello { .. }
        | ClientMessage::Ping { .. }
        | ClientMessage::CallInitiate { .. }
        | ClientMessage::SdpOffer { .. }
        | ClientMessage::SdpAnswer { .. }
        | ClientMessage::IceCandidates { .. }
        | ClientMessage::MediaState { .. }
        | ClientMessage::PeerList { .. }
        | ClientMessage::CallReport { .. }
        | ClientMessage::Unknown => false,
    }
}
