//! The clock that the client of a TURN server is told, which is not quite ours.

use std::time::{Duration, Instant};

/// Distance that the client keeps between two requests to its server.
const DISTANCE: Duration = Duration::from_millis(50);
/// How far its clock may run ahead to shorten that. A call over a relay needs three requests, each
/// after the answer to the one before; a flood of requests is still spread.
const MAX_AHEAD: Duration = Duration::from_millis(400);

pub(super) struct Pace {
    /// The client counts nanoseconds since then.
    epoch: Instant,
    /// When the client believes to have sent last.
    sent: Option<Instant>,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { epoch: now, sent: None }
    }

    /// What the client is told so that its next request leaves: ahead of the time by the distance that
    /// it would keep.
    pub(super) fn ahead(&self, now: Instant) -> Instant {
        let due = self.sent.map_or(now, |sent| (sent + DISTANCE).max(now));
        if due <= now + MAX_AHEAD { due } else { now }
    }

    /// The client sent something, at this time as it was told.
    pub(super) const fn on_sent(&mut self, told: Instant) {
        self.sent = Some(told);
    }

    /// In the client's words.
    pub(super) fn time(&self, now: Instant) -> stun_proto::Instant {
        let nanos = now.saturating_duration_since(self.epoch).as_nanos();
        // 292 years.
        stun_proto::Instant::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX / 2))
    }

    /// And back.
    pub(super) fn instant(&self, time: stun_proto::Instant) -> Instant {
        self.epoch + Duration::from_nanos(u64::try_from(time.as_nanos()).unwrap_or(0))
    }
}
