//! How often somebody may try: failed sign-ins per account, requests per address. Pure.

use std::collections::HashMap;
use std::hash::Hash;

/// Tries that cost nothing.
const FREE: u32 = 5;
/// The first wait after them, in ms; it doubles with every further failure.
const FIRST_WAIT_MS: u64 = 60_000 / 5;
/// Longest wait, in ms. Longer would let anybody lock somebody out.
const LONGEST_WAIT_MS: u64 = 600_000;
/// A failure is forgotten after this long, in ms.
const FORGET_MS: u64 = 900_000;
/// Keys kept at most. Beyond it the older half is forgotten, which helps nobody who needs few keys.
const KEYS: usize = 50_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: u64,
}

/// Failures by key.
#[derive(Debug)]
pub struct Attempts<K>(HashMap<K, Failures>);

impl<K> Default for Attempts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Attempts<K> {
    /// How long this key has to wait before its next try, in ms.
    #[must_use]
    pub fn wait(&self, now: u64, key: &K) -> Option<u64> {
        let failures = self.0.get(key)?;
        let beyond = failures.count.checked_sub(FREE)?;
        let wait = FIRST_WAIT_MS.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT_MS);
        let until = failures.last.saturating_add(wait);
        (until > now).then(|| until - now)
    }

    /// Counts a failure.
    pub fn failed(&mut self, now: u64, key: K) {
        if self.0.len() >= KEYS {
            forget_older_half(&mut self.0, |failures| failures.last);
        }
        let failures = self.0.entry(key).or_insert(Failures { count: 0, last: now });
        if now.saturating_sub(failures.last) > FORGET_MS {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Forgets the failures of a key that succeeded.
    pub fn succeeded(&mut self, key: &K) {
        self.0.remove(key);
    }
}

/// So many per window for each key.
#[derive(Debug)]
pub struct Quota<K> {
    most: u32,
    window_ms: u64,
    used: HashMap<K, (u64, u32)>,
}

impl<K: Hash + Eq> Quota<K> {
    /// Nobody used anything.
    #[must_use]
    pub fn new(most: u32, window_ms: u64) -> Self {
        Self { most, window_ms, used: HashMap::new() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long to wait, in ms, where none is left in this window.
    pub fn take(&mut self, now: u64, key: K) -> Result<(), u64> {
        let window_ms = self.window_ms;
        if self.used.len() >= KEYS {
            forget_older_half(&mut self.used, |(since, _)| *since);
        }
        let (since, used) = self.used.entry(key).or_insert((now, 0));
        if now.saturating_sub(*since) >= window_ms {
            (*since, *used) = (now, 0);
        }
        if *used >= self.most {
            return Err((*since + window_ms).saturating_sub(now));
        }
        *used += 1;
        Ok(())
    }
}

/// Half at once, so that a flood of keys does not sweep the map for each of them.
fn forget_older_half<K: Hash + Eq, V>(map: &mut HashMap<K, V>, at: impl Fn(&V) -> u64) {
    let mut times: Vec<u64> = map.values().map(&at).collect();
    let half = times.len() / 2;
    if half < times.len() {
        let (_, &mut median, _) = times.select_nth_unstable(half);
        map.retain(|_, value| at(value) > median);
    }
}

#[cfg(test)]
mod tests;
