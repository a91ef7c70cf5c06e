//! The relay's clock: milliseconds since 1970 that never jump while the process lives.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall-clock time at the start plus monotonic time since. Timers and time stamps share one
/// number, so a corrected system clock cannot end a ringing call early.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    started_unix_ms: u64,
}

impl Clock {
    /// A clock that starts at the system's present time.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            started_unix_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_unix_ms.saturating_add(elapsed)
    }

    /// The instant at which [`Self::now_ms`] reaches `unix_ms`.
    #[must_use]
    pub fn instant(&self, unix_ms: u64) -> tokio::time::Instant {
        let after = unix_ms.saturating_sub(self.started_unix_ms);
        // A year is further than any timer of the relay; it keeps the addition in range.
        let after = after.min(366 * 86_400_000);
        tokio::time::Instant::from_std(self.started + std::time::Duration::from_millis(after))
    }
}
