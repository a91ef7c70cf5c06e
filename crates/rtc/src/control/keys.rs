//! When the encoder is told to make a key frame.

use std::time::{Duration, Instant};

/// Orders are never closer than this: a key frame costs several deltas, and the one that was
/// ordered last answers every wish that came up meanwhile.
pub(super) const GATE: Duration = Duration::from_millis(300);
/// An order that no key frame followed is repeated after this.
const AGAIN: Duration = Duration::from_secs(1);

/// The only place where key frames are ordered.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Since when one is wanted.
    wanted: Option<Instant>,
    /// The last order, or the last thing that makes the encoder start anew by itself.
    last: Option<Instant>,
    /// The last order has not been followed by a key frame yet.
    open: bool,
}

impl Keys {
    pub(super) fn want(&mut self, now: Instant) {
        self.wanted.get_or_insert(now);
    }

    /// As [`Keys::want`], and none of those that were ordered was ever sent: they cost nothing.
    pub(super) const fn want_at_once(&mut self, now: Instant) {
        *self = Self { wanted: Some(now), last: None, open: false };
    }

    /// The encoder made one, whoever asked.
    pub(super) const fn handle_key(&mut self) {
        self.wanted = None;
        self.open = false;
    }

    /// The encoder was told something that makes it begin with a key frame; if none comes before
    /// the gate opens again, it is ordered.
    pub(super) const fn expect(&mut self, now: Instant) {
        self.wanted = Some(now);
        self.open = false;
        self.last = Some(now);
    }

    /// Whether to order one now.
    pub(super) fn poll(&mut self, now: Instant) -> bool {
        if self.deadline().is_none_or(|at| at > now) {
            return false;
        }
        self.last = Some(now);
        self.wanted = None;
        self.open = true;
        true
    }

    /// When to order the next, if one is wanted; in the past when it is time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match (self.wanted, self.open) {
            (Some(wanted), _) => Some(self.last.map_or(wanted, |last| wanted.max(last + GATE))),
            (None, true) => self.last.map(|last| last + AGAIN),
            (None, false) => None,
        }
    }
}
