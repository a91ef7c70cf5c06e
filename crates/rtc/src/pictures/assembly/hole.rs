//! What delivery waits for, and for how long.

use std::time::{Duration, Instant};

/// What is assumed of the round trip until it is measured; `str0m` assumes the same for its NACKs.
const ROUND_TRIP: Duration = Duration::from_millis(100);
/// What two round trips need on top, so that the second attempt can arrive: `str0m` lets up to 33 ms
/// pass before the first NACK and up to 38 ms more before the second, and the sender's pacer adds
/// its own. Less asks for key frames though the packet is on its way; more freezes longer where it
/// is not.
pub(super) const PATIENCE_EXTRA: Duration = Duration::from_millis(90);
/// The longest wait for a missing packet: beyond it a key frame is faster than a third attempt.
const PATIENCE_MAX: Duration = Duration::from_millis(600);

/// A place for one hole.
#[derive(Debug)]
pub(super) struct Hole {
    /// Since when something is known to be missing, if it is.
    since: Option<Instant>,
    patience: Duration,
}

impl Hole {
    pub(super) fn none() -> Self {
        Self { since: None, patience: patience(ROUND_TRIP) }
    }

    /// How long a packet needs to be sent again.
    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.patience = patience(round_trip);
    }

    /// Something is known to be missing since then, or nothing is.
    pub(super) const fn set(&mut self, since: Option<Instant>) {
        self.since = since;
    }

    /// When it has been waited for long enough.
    pub(super) fn overdue(&self) -> Option<Instant> {
        self.since.and_then(|since| since.checked_add(self.patience))
    }
}

fn patience(round_trip: Duration) -> Duration {
    round_trip.saturating_mul(2).saturating_add(PATIENCE_EXTRA).min(PATIENCE_MAX)
}
