//! Where somebody tries from.

use std::collections::HashMap;
use std::net::IpAddr;

use bellwire_protocol::{DeviceId, UserId};

use super::attempts::{KEYS, forget_older_half};
use crate::network::Network;

/// How long a network is known after its last good sign-in or refresh, in ms: as long as a sign-in
/// lives without use.
const KNOWN_MS: u64 = 60 * 86_400_000;

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
pub struct KnownNetworks(HashMap<(UserId, Network), u64>);

impl KnownNetworks {
    /// A sign-in or a refresh was good.
    pub fn note(&mut self, now: u64, user: UserId, network: Network) {
        if self.0.len() >= KEYS {
            forget_older_half(&mut self.0, |at| *at);
        }
        self.0.insert((user, network), now);
    }

    /// Whether there was one.
    #[must_use]
    pub fn has(&self, now: u64, user: UserId, network: Network) -> bool {
        let at = self.0.get(&(user, network));
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
}
