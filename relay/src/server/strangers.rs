//! Sockets that have not said who they are.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crowd::{Tally, Visit};
use crate::network::Network;

/// In all.
const STRANGERS: usize = 4_096;
/// From one network, except this machine's own addresses, where a proxy may stand.
const STRANGERS_OF_ONE: usize = 20;

/// Counts sockets that have not said who they are.
#[derive(Debug, Clone, Default)]
pub struct Strangers(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    /// Networks without a stranger are absent, so this has [`STRANGERS`] entries at most.
    by_network: Tally,
}

impl Strangers {
    /// Room for one more from this address, until the stranger is dropped.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Option<Stranger> {
        let mut waiting = self.lock();
        if waiting.all >= STRANGERS {
            return None;
        }
        let network = (!address.is_loopback()).then(|| Network::of(address));
        if let Some(network) = network {
            if waiting.by_network.of(network) >= STRANGERS_OF_ONE {
                return None;
            }
            waiting.by_network.add(network);
        }
        waiting.all += 1;
        drop(waiting);
        Some(Stranger { among: self.clone(), network, visit: None })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One socket that has not said who it is. Dropped, it makes room for another.
#[derive(Debug)]
pub struct Stranger {
    among: Strangers,
    network: Option<Network>,
    visit: Option<Arc<Visit>>,
}

impl Stranger {
    /// The connection that it came on.
    pub(super) fn on(self, visit: Option<Arc<Visit>>) -> Self {
        let mut stranger = self;
        stranger.visit = visit;
        stranger
    }

    /// It said who it is: its connection makes room for nobody from here on.
    pub fn seat(self) {
        if let Some(visit) = &self.visit {
            visit.seat();
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut waiting = self.among.lock();
        waiting.all = waiting.all.saturating_sub(1);
        if let Some(network) = self.network {
            waiting.by_network.remove(network);
        }
    }
}

#[cfg(test)]
mod tests;
