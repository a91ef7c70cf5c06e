//! The relay's clock, as far as it is known.

use crate::Time;

/// The end of JavaScript's calendar (ECMA-262, 21.4.1.1), ms since 1970. A relay that claims to be
/// later is not believed.
const LATEST_UNIX_MS: u64 = 8_640_000_000_000_000;

/// From the core's own time to that of the calendar, and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Milliseconds since 1970 at [`Time`] 0, corrected by the relay's clock.
    epoch: i64,
    /// The same by the system alone.
    system_epoch: u64,
}

impl Clock {
    /// What the system says, at [`Time`] 0.
    pub(super) fn new(unix_ms: u64) -> Self {
        let epoch = i64::try_from(unix_ms).unwrap_or_default();
        Self { epoch, system_epoch: unix_ms }
    }

    /// Milliseconds since 1970.
    pub(super) fn unix_of(self, time: Time) -> u64 {
        u64::try_from(self.epoch.saturating_add_unsigned(time.0)).unwrap_or_default()
    }

    /// Milliseconds since 1970 by the system's clock, which may be wrong, and which no relay moves.
    pub(super) const fn system_of(self, time: Time) -> u64 {
        self.system_epoch.saturating_add(time.0)
    }

    /// How far the system's clock is ahead of the relay's, in ms, to the second: what is counted by both
    /// shows seconds, and each answer of the relay took a little of its own.
    pub(super) fn ahead(&self) -> i64 {
        let system = i64::try_from(self.system_epoch).unwrap_or(i64::MAX);
        let ahead = system.saturating_sub(self.epoch);
        ahead.saturating_add(500).div_euclid(1_000).saturating_mul(1_000)
    }

    /// When it is this many milliseconds since 1970.
    pub(super) fn time_of(self, unix: u64) -> Time {
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        Time(u64::try_from(unix.saturating_sub(self.epoch)).unwrap_or_default())
    }

    /// The relay said what time it is.
    pub(super) fn set(&mut self, now: Time, server_time: u64) {
        if let Ok(server) = i64::try_from(server_time)
            && server_time <= LATEST_UNIX_MS
        {
            self.epoch = server.saturating_sub_unsigned(now.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_whose_clock_is_ahead_or_behind_knows_by_how_much() {
        let relay = 1_800_000_000_000;
        for (system, ahead) in [
            (relay, 0),
            (relay + 120_000, 120_000),
            (relay - 3_600_000, -3_600_000),
            (relay + 400, 0),
            (relay - 400, 0),
        ] {
            let mut clock = Clock::new(system);
            assert_eq!(clock.ahead(), 0, "until the relay said something");
            clock.set(Time(5_000), relay + 5_000);
            assert_eq!(clock.ahead(), ahead);
        }
    }
}
