//! How many calls a device may bring back.

use std::collections::{BTreeMap, VecDeque};

use bellwire_protocol::DeviceId;

/// Calls that one device may claim within [`WINDOW_MS`]. It is in one call at a time, and claims it
/// once for every restart of the relay.
const CLAIMS: usize = 6;
const WINDOW_MS: u64 = 300_000;

/// The claims of the last minutes that were believed.
#[derive(Debug, Default)]
pub(super) struct Claims {
    by_device: BTreeMap<DeviceId, VecDeque<u64>>,
    swept_at: u64,
}

impl Claims {
    /// Counts one more, or says how long to wait, in ms.
    pub(super) fn take(&mut self, now: u64, device: DeviceId) -> Result<(), u64> {
        if now.saturating_sub(self.swept_at) >= WINDOW_MS {
            self.swept_at = now;
            self.by_device.retain(|_, claims| young(claims, now));
        }
        let claims = self.by_device.entry(device).or_default();
        young(claims, now);
        match claims.front() {
            Some(oldest) if claims.len() >= CLAIMS => Err((oldest + WINDOW_MS).saturating_sub(now)),
            Some(_) | None => {
                claims.push_back(now);
                Ok(())
            }
        }
    }
}

fn young(claims: &mut VecDeque<u64>, now: u64) -> bool {
    while claims.front().is_some_and(|at| now.saturating_sub(*at) >= WINDOW_MS) {
        claims.pop_front();
    }
    !claims.is_empty()
}
