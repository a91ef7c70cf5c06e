//! Where somebody tries from.

use std::collections::HashMap;
use std::net::IpAddr;

use bellwire_protocol::{DeviceId, UserId};

use super::attempts::{KEYS, forget_older_half};
use crate::network::Network;

/// How long a network is known after its last good sign-in or refresh, in ms: as long as a sign-in
/// lives without use.
const KNOWN_MS: u64 = 60 * 86_400_000;

/// Networks that are known of one account, the newest. Fewer, and who travels is a stranger at home;
/// more lets one account with many addresses push out what is known of others.
const OF_ONE: usize = 32;

/// Somebody who tries, as far as fairness goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// From where.
    pub network: Network,
    /// What speaks for them.
    pub standing: Standing,
}

/// What speaks for somebody who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Stranger,
    /// This account was signed in to from that network before.
    Network,
    /// This device is signed in to the account, or shows that it was.
    Device(UserId, DeviceId),
}

impl Source {
    /// Somebody of whom nothing is known but the address.
    #[must_use]
    pub fn stranger(address: IpAddr) -> Self {
        Self::of(Network::of(address), false)
    }

    /// Somebody in a network from which this account was signed in to before, or was not.
    #[must_use]
    pub const fn of(network: Network, known: bool) -> Self {
        Self { network, standing: if known { Standing::Network } else { Standing::Stranger } }
    }

    /// This device of this account.
    #[must_use]
    pub const fn device(network: Network, user: UserId, device: DeviceId) -> Self {
        Self { network, standing: Standing::Device(user, device) }
    }

    /// The operator.
    #[must_use]
    pub const fn trusted() -> Self {
        Self::of(Network::own(), true)
    }
}

/// From where each account was signed in to. In memory only, as addresses are: devices that are
/// connected renew their sign-in within ten minutes of the relay's start, and those that are not have
/// their [cookies](super::device_cookie).
#[derive(Debug, Default)]
pub struct KnownNetworks {
    of: HashMap<UserId, HashMap<Network, u64>>,
    /// Networks of all accounts together.
    count: usize,
}

impl KnownNetworks {
    /// A sign-in or a refresh was good.
    pub fn note(&mut self, now: u64, user: UserId, network: Network) {
        let own = self.of.entry(user).or_default();
        if own.insert(network, now).is_some() {
            return;
        }
        if own.len() > OF_ONE {
            let oldest = own.iter().min_by_key(|(_, at)| **at).map(|(network, _)| *network);
            oldest.map(|network| own.remove(&network));
            return;
        }
        self.count += 1;
        if self.count > KEYS {
            forget_older_half(&mut self.of, |own| own.values().copied().max().unwrap_or(0));
            self.count = self.of.values().map(HashMap::len).sum();
        }
    }

    /// Whether there was one.
    #[must_use]
    pub fn has(&self, now: u64, user: UserId, network: Network) -> bool {
        let at = self.of.get(&user).and_then(|own| own.get(&network));
        at.is_some_and(|at| now.saturating_sub(*at) <= KNOWN_MS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn a_network_is_known_for_one_account_and_not_for_ever() {
        let mut known = KnownNetworks::default();
        let (ada, eve) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let home = network("203.0.113.9");
        known.note(5, ada, home);
        assert!(known.has(5 + KNOWN_MS, ada, home));
        assert!(!known.has(6 + KNOWN_MS, ada, home));
        assert!(!known.has(5, eve, home) && !known.has(5, ada, network("198.51.100.1")));
    }

    #[test]
    fn one_account_with_many_networks_makes_others_strangers_nowhere() {
        let mut known = KnownNetworks::default();
        let (ada, eve) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let home = network("203.0.113.9");
        known.note(0, ada, home);
        let many = u32::try_from(2 * KEYS).unwrap();
        let at = |n: u32| Network::of(IpAddr::from((n << 8).to_be_bytes()));
        for n in 0..many {
            known.note(u64::from(n), eve, at(n));
        }
        assert!(known.has(u64::from(many), ada, home));
        let of_eve = (0..many).filter(|n| known.has(u64::from(many), eve, at(*n)));
        assert!(of_eve.eq(many - 32..many), "the newest are known");
        assert_eq!(known.count, 33);
    }

    #[test]
    fn beyond_what_there_is_room_for_the_accounts_that_were_away_longest_are_forgotten() {
        let mut known = KnownNetworks::default();
        let home = network("203.0.113.9");
        let user = |n: u64| UserId::from_bytes(u128::from(n).to_be_bytes());
        let many = u64::try_from(KEYS).unwrap() + 1;
        for n in 0..many {
            known.note(n, user(n), home);
        }
        assert!(known.count <= KEYS / 2 + 1 && known.count == known.of.len());
        assert!(known.has(many, user(many - 1), home) && !known.has(many, user(0), home));
    }
}
