//! Who may hold a connection: so many in all, so many of one network, and where there is no room
//! the one that has been quiet for longest makes it, of the network that has most. Decides only; the sockets are in
//! [`super::held`].
//!
//! A connection is *plain* until a device has signed in on it, and *seated* from then on. Plain
//! ones cost nothing to make, so they make room for each other; a seated one is never ended for
//! somebody else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use crate::network::Network;

/// How long a connection has to be quiet before another one may take its place, in ms, unless its
/// network has more than that one's. Shorter, and two crowds that come at once end each other.
const QUIET_MS: u64 = 1_000;
/// How long the other end may leave an answer unread, in ms. Longer than a phone between two
/// cells takes, and a descriptor is held for so long by whoever never reads.
const UNREAD_MS: u64 = 30_000;
/// Connections at once at most, whatever the machine allows: each costs about 10 KiB.
const MOST: usize = 65_536;
/// Plain connections at most: six of every browser that loads the page at one moment.
const MOST_PLAIN: usize = 8_192;
/// Plain connections of one network at most: an office behind one address.
const MOST_OF_ONE: usize = 512;

/// How many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Of every kind.
    pub(crate) all: usize,
    /// Of every kind from one network, so that others find a place.
    pub(crate) all_of_one: usize,
    /// Plain ones.
    pub(crate) plain: usize,
    /// Plain ones of one network.
    pub(crate) plain_of_one: usize,
}

impl Room {
    /// What so many descriptors are enough for.
    pub(crate) fn of(descriptors: usize) -> Self {
        let all = descriptors.clamp(16, MOST);
        let plain = (all / 2).min(MOST_PLAIN);
        let plain_of_one = (plain / 4).clamp(8, MOST_OF_ONE);
        Self { all, all_of_one: all / 4 * 3, plain, plain_of_one }
    }
}

/// How many each network has of something. Networks without any are absent.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<Network, usize>);

impl Tally {
    pub(super) fn of(&self, network: Network) -> usize {
        self.0.get(&network).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, network: Network) {
        *self.0.entry(network).or_default() += 1;
    }

    pub(super) fn remove(&mut self, network: Network) {
        if let Some(count) = self.0.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&network);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a connection shows of itself, and how it is ended.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// When something last moved, in ms of the crowd's time.
    moved: AtomicU64,
    /// Since when something waits to be read by the other end; 0: nothing does.
    unread: AtomicU64,
    over: AtomicBool,
    pub(super) waker: AtomicWaker,
}

impl Pulse {
    /// Something moved, and the other end takes what it is sent.
    pub(super) fn moved(&self, now: u64) {
        self.moved.store(now, Ordering::Relaxed);
    }

    /// The other end took something.
    pub(super) fn taken(&self, now: u64) {
        self.moved(now);
        self.unread.store(0, Ordering::Relaxed);
    }

    /// The other end takes nothing at present.
    pub(super) fn unread(&self, now: u64) {
        let since = now.max(1);
        let _ = self.unread.compare_exchange(0, since, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Waits for its end. Only the task that asked last is woken.
    pub(super) async fn ended(&self) {
        std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.is_over() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn is_unread_for_long(&self, now: u64) -> bool {
        let since = self.unread.load(Ordering::Relaxed);
        since != 0 && now.saturating_sub(since) >= UNREAD_MS
    }
}

#[derive(Debug)]
struct Entry {
    /// `None`: one of this machine's own addresses or of a proxy, behind which everybody is.
    network: Option<Network>,
    seated: bool,
    pulse: Arc<Pulse>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<u64, Entry>,
    next: u64,
    plain: usize,
    plain_of: Tally,
    all_of: Tally,
    /// Requests that a proxy sent on for somebody in this network.
    requests_of: Tally,
}

/// Everybody who is connected.
#[derive(Debug)]
pub(crate) struct Crowd {
    room: Room,
    state: Mutex<State>,
}

impl Crowd {
    pub(crate) fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one more in. `None`: there is no room, and nobody who would have to make it.
    pub(super) fn admit(self: &Arc<Self>, now: u64, address: Option<IpAddr>) -> Option<Visit> {
        let network = address.map(Network::of);
        let Room { all, all_of_one, plain, plain_of_one } = self.room;
        let mut state = self.state();
        let crowded = network.is_some_and(|network| {
            state.plain_of.of(network) >= plain_of_one || state.all_of.of(network) >= all_of_one
        });
        if crowded {
            state.end_the_quietest(now, network, QUIET_MS)?;
        } else if state.plain >= plain || state.entries.len() >= all {
            let has = state.plain_of(network);
            state.make_room(now, has)?;
        }
        let id = state.next;
        state.next += 1;
        let pulse = Arc::new(Pulse::default());
        pulse.moved(now);
        state.entries.insert(id, Entry { network, seated: false, pulse: Arc::clone(&pulse) });
        state.plain += 1;
        if let Some(network) = network {
            state.plain_of.add(network);
            state.all_of.add(network);
        }
        drop(state);
        Some(Visit { crowd: Arc::clone(self), id, pulse })
    }

    /// Ends those that leave an answer unread.
    pub(super) fn sweep(&self, now: u64) {
        let state = self.state();
        let plain = state.entries.values().filter(|entry| !entry.seated);
        plain
            .filter(|entry| entry.pulse.is_unread_for_long(now))
            .for_each(|entry| entry.pulse.end());
    }

    /// Makes room for a descriptor that the system refused.
    pub(super) fn make_room(&self, now: u64) {
        // Whose the newcomer is, the system did not say.
        self.state().make_room(now, 0);
    }

    /// A request that a proxy sends on for this address, until the guard is dropped. `None`: its
    /// network has as many as it may.
    pub(super) fn request(self: &Arc<Self>, address: IpAddr) -> Option<Asking> {
        let network = Network::of(address);
        let mut state = self.state();
        if state.requests_of.of(network) >= self.room.plain_of_one {
            return None;
        }
        state.requests_of.add(network);
        drop(state);
        Some(Asking { crowd: Arc::clone(self), network })
    }
}

impl State {
    /// How many plain connections a network has. Those behind a proxy count as one.
    fn plain_of(&self, network: Option<Network>) -> usize {
        match network {
            Some(network) => self.plain_of.of(network),
            None => self.plain.saturating_sub(self.plain_of.0.values().sum()),
        }
    }

    /// Takes a place from the network that has most, for one that has so many plain connections.
    fn make_room(&mut self, now: u64, newcomer: usize) -> Option<()> {
        let shared = self.plain_of(None);
        let largest = self.plain_of.0.iter().max_by_key(|(_, count)| **count);
        match largest {
            Some((network, count)) if *count > shared => {
                // Fewer afterwards as well, or two networks would end each other in turns. Being
                // busy is no right to more than others have.
                let quiet_ms = if newcomer + 1 < *count { 0 } else { QUIET_MS };
                self.end_the_quietest(now, Some(*network), quiet_ms)
            }
            // Many people's: whoever is busy there is not one who takes it all.
            Some(_) | None => self.end_the_quietest(now, None, QUIET_MS),
        }
    }

    /// Ends the plain connection of a network that was quiet for longest, and for so long. It
    /// leaves in its own time, and is not counted from here on.
    fn end_the_quietest(&mut self, now: u64, of: Option<Network>, quiet_ms: u64) -> Option<()> {
        let plain = self.entries.iter().filter(|(_, it)| !it.seated && it.network == of);
        let quiet = plain.map(|(id, it)| (it.pulse.moved.load(Ordering::Relaxed), *id));
        let (moved, id) = quiet.min()?;
        if now.saturating_sub(moved) < quiet_ms {
            return None;
        }
        let pulse = Arc::clone(&self.entries.get(&id)?.pulse);
        self.leave(id);
        pulse.end();
        Some(())
    }

    fn leave(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else { return };
        if !entry.seated {
            self.plain -= 1;
        }
        let Some(network) = entry.network else { return };
        self.all_of.remove(network);
        if !entry.seated {
            self.plain_of.remove(network);
        }
    }
}

/// One connection's place. Dropped with its socket, it is somebody else's.
#[derive(Debug)]
pub(crate) struct Visit {
    crowd: Arc<Crowd>,
    id: u64,
    pub(super) pulse: Arc<Pulse>,
}

impl Visit {
    /// A device signed in on it.
    pub(super) fn seat(&self) {
        let mut state = self.crowd.state();
        let state = &mut *state;
        let Some(entry) = state.entries.get_mut(&self.id).filter(|entry| !entry.seated) else {
            return;
        };
        entry.seated = true;
        state.plain -= 1;
        if let Some(network) = entry.network {
            state.plain_of.remove(network);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.crowd.state().leave(self.id);
    }
}

/// A request behind a proxy.
#[derive(Debug)]
pub(super) struct Asking {
    crowd: Arc<Crowd>,
    network: Network,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.crowd.state().requests_of.remove(self.network);
    }
}

#[cfg(test)]
mod tests;
