//! How often somebody may ring. Pure.

use std::collections::{BTreeMap, VecDeque};

use bellwire_protocol::{UserId, limits};

/// How many rings, before the caller has to wait.
#[derive(Debug, Clone, Copy)]
pub struct RingLimits {
    /// Of one caller in a minute.
    pub per_minute: u32,
    /// From one person to another in five minutes.
    pub per_person: u32,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { per_minute: limits::RINGS_PER_MINUTE, per_person: limits::RINGS_PER_PERSON }
    }
}

const MINUTE_MS: u64 = 60_000;
const PERSON_MS: u64 = 300_000;

/// The rings of the last minutes. A ring that is answered does not count: the limits are against
/// people who ring without end, not against people who talk often.
#[derive(Debug, Default)]
pub struct Rings {
    limits: RingLimits,
    by_caller: BTreeMap<UserId, VecDeque<u64>>,
    by_pair: BTreeMap<(UserId, UserId), VecDeque<u64>>,
    swept_at: u64,
}

impl Rings {
    /// Nobody rang yet.
    #[must_use]
    pub fn new(limits: RingLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts one ring.
    ///
    /// # Errors
    /// How long to wait, in ms, where it is one too many; it is not counted then.
    pub fn ring(&mut self, now: u64, caller: UserId, callees: &[UserId]) -> Result<(), u64> {
        self.sweep(now);
        let mut wait =
            full(self.by_caller.get_mut(&caller), now, MINUTE_MS, self.limits.per_minute);
        for callee in callees {
            let rings = self.by_pair.get_mut(&(caller, *callee));
            wait = wait.max(full(rings, now, PERSON_MS, self.limits.per_person));
        }
        if let Some(wait) = wait {
            return Err(wait);
        }
        self.by_caller.entry(caller).or_default().push_back(now);
        for callee in callees {
            self.by_pair.entry((caller, *callee)).or_default().push_back(now);
        }
        Ok(())
    }

    /// Takes back what led to this answer.
    pub fn answered(&mut self, caller: UserId, callee: UserId) {
        self.by_pair.remove(&(caller, callee));
        if let Some(rings) = self.by_caller.get_mut(&caller) {
            rings.pop_back();
        }
    }

    fn sweep(&mut self, now: u64) {
        if now.saturating_sub(self.swept_at) < MINUTE_MS {
            return;
        }
        self.swept_at = now;
        self.by_caller.retain(|_, rings| young(rings, now, MINUTE_MS));
        self.by_pair.retain(|_, rings| young(rings, now, PERSON_MS));
    }
}

fn young(rings: &mut VecDeque<u64>, now: u64, window: u64) -> bool {
    while rings.front().is_some_and(|at| now.saturating_sub(*at) >= window) {
        rings.pop_front();
    }
    !rings.is_empty()
}

fn full(rings: Option<&mut VecDeque<u64>>, now: u64, window: u64, most: u32) -> Option<u64> {
    let rings = rings?;
    young(rings, now, window);
    if rings.len() < most as usize {
        return None;
    }
    rings.front().map(|oldest| (oldest + window).saturating_sub(now))
}

#[cfg(test)]
mod tests;
