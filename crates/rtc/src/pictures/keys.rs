//! Asking the other side for a key frame: often enough to get one, seldom enough not to drown in
//! them.
//!
//! A key frame costs the sender ten deltas of bitrate, so there is one owner per incoming slot, and
//! nobody else sends a request. It repeats until the key frame is here: a request can get lost, and
//! so can its answer.

use std::time::{Duration, Instant};

use super::assembly::Want;

/// Requests are never closer than this. Two reasons that come together (a hole, and a decoder that
/// stumbles over it) then ask once. Shorter makes senders pay twice; longer freezes longer where a
/// request gets lost.
const GATE: Duration = Duration::from_millis(300);
/// Where the time between requests ends up when nobody answers: whoever ignores three will not be
/// hurried, and a path that is down needs no more traffic.
const GATE_MAX: Duration = Duration::from_secs(1);
/// What an answer needs beyond a round trip: encoding and sending a large frame.
const ANSWER: Duration = Duration::from_millis(100);

/// Why a key frame is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// What arrives cannot be decoded.
    Stream(Want),
    /// A decoder failed.
    Decoder,
}

/// Whom nobody answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    at: Instant,
    /// How long until the next request.
    wait: Duration,
}

/// The requests of one incoming slot.
#[derive(Debug, Default)]
pub struct Keys {
    sent: bool,
    stream: Option<Want>,
    decoder: bool,
    /// The last request, answered or not.
    asked: Option<Asked>,
    round_trip: Duration,
}

impl Keys {
    /// A slot that is not sent yet: nothing is asked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The other side sends on this slot, or does not any more: then nothing is asked.
    pub const fn handle_sent(&mut self, sent: bool) {
        self.sent = sent;
        if !sent {
            self.decoder = false;
            self.asked = None;
        }
    }

    /// The round trip as measured last: a request is not repeated before its answer can be here.
    pub const fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// Whether what arrives can be decoded; say it after every change.
    pub const fn handle_stream(&mut self, want: Option<Want>) {
        self.stream = want;
        self.rest();
    }

    /// The decoder failed on a frame that was handed out.
    pub const fn handle_decoder_error(&mut self) {
        self.decoder = true;
    }

    /// A whole key frame arrived.
    pub const fn handle_key(&mut self) {
        self.decoder = false;
        self.stream = None;
        self.rest();
    }

    /// Why to ask now, if it is time to: then the request has to be sent.
    pub fn poll(&mut self, now: Instant) -> Option<Reason> {
        let reason = self.reason()?;
        if self.deadline().is_some_and(|at| at > now) {
            return None;
        }
        let least = GATE.max(self.round_trip.saturating_add(ANSWER)).min(GATE_MAX);
        let wait = match self.asked {
            Some(Asked { wait, .. }) if !wait.is_zero() => wait.saturating_mul(2),
            Some(_) | None => least,
        };
        self.asked = Some(Asked { at: now, wait: wait.clamp(least, GATE_MAX) });
        Some(reason)
    }

    /// When to ask next, if nothing changes; in the past when it is time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.reason()?;
        let Asked { at, wait } = self.asked?;
        at.checked_add(wait.max(GATE))
    }

    const fn reason(&self) -> Option<Reason> {
        match (self.sent, self.stream, self.decoder) {
            (false, _, _) | (true, None, false) => None,
            (true, _, true) => Some(Reason::Decoder),
            (true, Some(want), false) => Some(Reason::Stream(want)),
        }
    }

    /// Nothing is wanted any more: the next request starts with the shortest wait, behind the gate.
    const fn rest(&mut self) {
        if self.reason().is_none()
            && let Some(asked) = &mut self.asked
        {
            asked.wait = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::sample;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn asked(keys: &mut Keys, origin: Instant, until: u64) -> Vec<u64> {
        (0..until).filter(|at| keys.poll(origin + ms(*at)).is_some()).collect()
    }

    fn sent() -> Keys {
        let mut keys = Keys::new();
        keys.handle_sent(true);
        keys
    }

    #[test]
    fn requests_repeat_with_growing_pauses_until_a_key_frame_is_here() {
        let (mut keys, origin) = (sent(), sample::origin());
        keys.handle_stream(Some(Want::Hole));
        assert_eq!(asked(&mut keys, origin, 3_500), [0, 300, 900, 1_900, 2_900], "up to a second");
        keys.handle_key();
        assert_eq!(keys.poll(origin + ms(9_000)), None, "no request without need");
        assert_eq!(keys.deadline(), None, "and none is planned");
    }

    #[test]
    fn two_reasons_ask_once() {
        let (mut keys, origin) = (sent(), sample::origin());
        keys.handle_stream(Some(Want::Hole));
        assert_eq!(keys.poll(origin), Some(Reason::Stream(Want::Hole)), "the first asks");
        keys.handle_decoder_error();
        assert_eq!(keys.poll(origin + ms(1)), None, "the second finds the gate closed");
        keys.handle_key();
        keys.handle_decoder_error();
        assert_eq!(keys.deadline(), Some(origin + ms(300)), "it opens whatever arrived meanwhile");
        assert_eq!(keys.poll(origin + ms(300)), Some(Reason::Decoder), "and a new need asks");
    }

    #[test]
    fn a_hole_that_was_mended_asks_no_more_but_a_failed_decoder_does() {
        let (mut keys, origin) = (sent(), sample::origin());
        keys.handle_stream(Some(Want::Hole));
        assert!(keys.poll(origin).is_some(), "asked");
        keys.handle_stream(None);
        assert_eq!(keys.poll(origin + ms(2_000)), None, "mended");
        keys.handle_decoder_error();
        keys.handle_stream(None);
        assert_eq!(keys.poll(origin + ms(2_000)), Some(Reason::Decoder), "only a key frame helps");
    }

    #[test]
    fn a_slot_that_is_not_sent_is_left_alone() {
        let (mut keys, origin) = (Keys::new(), sample::origin());
        keys.handle_stream(Some(Want::Start));
        keys.handle_decoder_error();
        assert_eq!(keys.poll(origin), None, "nobody would answer");
        keys.handle_sent(true);
        assert!(keys.poll(origin).is_some(), "until it is sent");
        keys.handle_sent(false);
        assert_eq!(keys.deadline(), None, "switched off: no more requests");
    }

    #[test]
    fn a_long_path_is_given_time_to_answer() {
        let (mut keys, origin) = (sent(), sample::origin());
        keys.set_round_trip(ms(500));
        keys.handle_stream(Some(Want::Start));
        assert_eq!(
            asked(&mut keys, origin, 2_700),
            [0, 600, 1_600, 2_600],
            "a round trip and more"
        );
    }
}
