//! How often somebody may try: passwords by account and network, requests by network. Pure.
//!
//! A password may be tried so many times at once, and then once in a while, from one network. A try
//! is counted before the password is hashed, so that tries at the same moment are counted as well,
//! and given back where it was right or was never looked at. Nobody is shut out by what others try
//! from elsewhere: from networks that an account was never signed in to, all together have a
//! budget of their own, which leaves the known ones alone, and a device that was signed in before
//! has one wherever it is.

use std::collections::HashMap;
use std::hash::Hash;

use bellwire_protocol::DeviceId;

use super::source::{Source, Standing};
use crate::network::Network;

/// Tries of one account from one network, or by one device that was signed in. 5 and 720 a day: a person who mistypes is not bothered,
/// and of passwords with ten characters that are not among the commonest none is guessed so.
const FROM_ONE: Budget = Budget { at_once: 5, interval_ms: 120_000 };
/// Tries of one account from all networks that it was never signed in to. 50 and 1,440 a day. Fewer
/// would let few networks keep a person out who is somewhere new; more helps a guesser with many.
const FROM_STRANGERS: Budget = Budget { at_once: 50, interval_ms: 60_000 };
/// Keys kept at most, about 100 bytes each. Beyond it the older half is forgotten, which helps nobody
/// who needs few keys.
pub(super) const KEYS: usize = 50_000;

/// So many at once and one more after each interval (the generic cell rate algorithm, ITU-T I.371
/// annex A): one number for each key, and no window at whose edge twice as much passes.
#[derive(Debug, Clone, Copy)]
struct Budget {
    at_once: u32,
    interval_ms: u64,
}

impl Budget {
    /// Takes one of what is paid for up to `paid`, or says how long to wait.
    fn take(self, now: u64, paid: &mut u64) -> Result<(), u64> {
        let ahead = self.interval_ms * u64::from(self.at_once - 1);
        let from = (*paid).max(now);
        if from > now + ahead {
            return Err(from - now - ahead);
        }
        *paid = from + self.interval_ms;
        Ok(())
    }

    fn give_back(self, paid: &mut u64) {
        *paid = paid.saturating_sub(self.interval_ms);
    }
}

/// Whose budget a try is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum One {
    Network(Network),
    /// On whatever network.
    Device(DeviceId),
}

impl One {
    const fn of(by: Source) -> Self {
        match by.standing {
            Standing::Stranger | Standing::Network => Self::Network(by.network),
            Standing::Device(_, device) => Self::Device(device),
        }
    }
}

/// A try that is counted. Dropped, it stays so.
#[derive(Debug)]
#[must_use = "a right password is to be given back"]
pub struct Reserved<K> {
    key: K,
    by: Source,
}

impl<K> Reserved<K> {
    /// Who makes it.
    #[must_use]
    pub const fn by(&self) -> Source {
        self.by
    }
}

/// Tries of passwords, by whose it is and from where.
#[derive(Debug)]
pub struct Attempts<K> {
    from_one: HashMap<(K, One), u64>,
    from_strangers: HashMap<K, u64>,
}

impl<K> Default for Attempts<K> {
    fn default() -> Self {
        Self { from_one: HashMap::new(), from_strangers: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone> Attempts<K> {
    /// Counts a try that is about to be made.
    ///
    /// # Errors
    /// How long to wait, in ms.
    pub fn reserve(&mut self, now: u64, key: K, by: Source) -> Result<Reserved<K>, u64> {
        if self.from_one.len() >= KEYS {
            forget_older_half(&mut self.from_one, |paid| *paid);
        }
        if self.from_strangers.len() >= KEYS {
            forget_older_half(&mut self.from_strangers, |paid| *paid);
        }
        let here = self.from_one.entry((key.clone(), One::of(by))).or_insert(now);
        FROM_ONE.take(now, here)?;
        if by.standing == Standing::Stranger {
            let all = self.from_strangers.entry(key.clone()).or_insert(now);
            if let Err(wait) = FROM_STRANGERS.take(now, all) {
                FROM_ONE.give_back(here);
                return Err(wait);
            }
        }
        Ok(Reserved { key, by })
    }

    /// It was right: what was tried from there is forgotten.
    pub fn right(&mut self, reserved: Reserved<K>) {
        self.from_one.remove(&(reserved.key.clone(), One::of(reserved.by)));
        self.give_back_of_strangers(&reserved);
    }

    /// It was not looked at.
    pub fn unseen(&mut self, reserved: Reserved<K>) {
        if let Some(here) = self.from_one.get_mut(&(reserved.key.clone(), One::of(reserved.by))) {
            FROM_ONE.give_back(here);
        }
        self.give_back_of_strangers(&reserved);
    }

    fn give_back_of_strangers(&mut self, reserved: &Reserved<K>) {
        if reserved.by.standing == Standing::Stranger
            && let Some(all) = self.from_strangers.get_mut(&reserved.key)
        {
            FROM_STRANGERS.give_back(all);
        }
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
pub(super) fn forget_older_half<K: Hash + Eq, V>(map: &mut HashMap<K, V>, at: impl Fn(&V) -> u64) {
    let mut times: Vec<u64> = map.values().map(&at).collect();
    let half = times.len() / 2;
    if half < times.len() {
        let (_, &mut median, _) = times.select_nth_unstable(half);
        map.retain(|_, value| at(value) > median);
    }
}

#[cfg(test)]
mod tests;
