//! Who computes the next password hash, where many want to. Pure.
//!
//! Networks take turns, so that a flood from one of them delays its own. Known ones have a lane of
//! their own with every second turn, so that a flood from many delays them by one hash.

use std::collections::VecDeque;

use super::source::Source;
use crate::network::Network;

/// Places for networks that nobody signed in from, and for known ones. A place costs a task; with two
/// hashes at once of about 0.1 s the last in line waits for 2.4 s.
const STRANGERS: usize = 48;
const KNOWN: usize = 32;
/// Places of one network in its lane.
const OF_ONE: usize = 8;

/// Waiting askers.
#[derive(Debug)]
pub(super) struct Queue<T> {
    known: Lane<T>,
    strangers: Lane<T>,
    known_had_the_last: bool,
}

#[derive(Debug)]
struct Lane<T> {
    places: usize,
    /// In the order of their turns. None of them is empty.
    networks: VecDeque<(Network, VecDeque<T>)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let lane = |places| Lane { places, networks: VecDeque::new() };
        Self { known: lane(KNOWN), strangers: lane(STRANGERS), known_had_the_last: false }
    }
}

impl<T> Queue<T> {
    /// Takes a place.
    ///
    /// # Errors
    /// Who has to leave: this one, or where all places are taken the last of the network that has
    /// more of them.
    pub(super) fn push(&mut self, by: Source, waiting: T) -> Result<(), T> {
        if by.known {
            self.known.push(by.network, waiting)
        } else {
            self.strangers.push(by.network, waiting)
        }
    }

    /// Forgets those who do not wait any more.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        for lane in [&mut self.known, &mut self.strangers] {
            for (_, line) in &mut lane.networks {
                line.retain(&waits);
            }
            lane.networks.retain(|(_, line)| !line.is_empty());
        }
    }

    /// Whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let known_first = !self.known_had_the_last;
        let (first, second) = if known_first {
            (&mut self.known, &mut self.strangers)
        } else {
            (&mut self.strangers, &mut self.known)
        };
        if let Some(next) = first.pop() {
            self.known_had_the_last = known_first;
            return Some(next);
        }
        let next = second.pop()?;
        self.known_had_the_last = !known_first;
        Some(next)
    }
}

impl<T> Lane<T> {
    fn push(&mut self, network: Network, waiting: T) -> Result<(), T> {
        let of = |(of, _): &(Network, VecDeque<T>)| *of == network;
        let own = self.networks.iter().find(|it| of(it)).map_or(0, |(_, line)| line.len());
        if own >= OF_ONE {
            return Err(waiting);
        }
        let taken: usize = self.networks.iter().map(|(_, line)| line.len()).sum();
        let mut leaves = None;
        if taken >= self.places {
            let longest = self.networks.iter_mut().max_by_key(|(_, line)| line.len());
            match longest.filter(|(_, line)| line.len() > own + 1) {
                Some((_, line)) => leaves = line.pop_back(),
                None => return Err(waiting),
            }
        }
        match self.networks.iter_mut().find(|it| it.0 == network) {
            Some((_, line)) => line.push_back(waiting),
            None => self.networks.push_back((network, VecDeque::from([waiting]))),
        }
        leaves.map_or(Ok(()), Err)
    }

    fn pop(&mut self) -> Option<T> {
        let (network, mut line) = self.networks.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.networks.push_back((network, line));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn from(n: u8, known: bool) -> Source {
        Source { network: Network::of(std::net::IpAddr::from([203, 0, n, 1])), known }
    }

    fn drain(queue: &mut Queue<u8>) -> Vec<u8> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn networks_take_turns() {
        let mut queue = Queue::default();
        for _ in 0..3 {
            queue.push(from(1, false), 1).unwrap();
        }
        queue.push(from(2, false), 2).unwrap();
        queue.push(from(3, false), 3).unwrap();
        queue.push(from(2, false), 2).unwrap();
        assert_eq!(drain(&mut queue), [1, 2, 3, 1, 2, 1]);
    }

    #[test]
    fn one_network_fills_its_own_places() {
        let mut queue = Queue::default();
        let taken = (0..60).filter(|_| queue.push(from(1, false), 1).is_ok()).count();
        assert_eq!(taken, OF_ONE);
        assert_eq!(queue.push(from(2, false), 2), Ok(()));
    }

    #[test]
    fn a_newcomer_gets_the_place_of_whoever_has_more() {
        let mut queue = Queue::default();
        for n in 1..=6 {
            for _ in 0..OF_ONE {
                queue.push(from(n, false), n).unwrap();
            }
        }
        let left = queue.push(from(9, false), 9).unwrap_err();
        assert!((1..=6).contains(&left), "one of a network with eight places");
        assert!(drain(&mut queue)[..7].contains(&9), "and a turn in the first round");

        let mut queue = Queue::default();
        for n in 1..=48 {
            queue.push(from(n, false), n).unwrap();
        }
        assert_eq!(queue.push(from(9, false), 99), Err(99), "nobody has more than one");
        assert_eq!(queue.push(from(200, false), 200), Err(200));
    }

    #[test]
    fn known_networks_have_every_second_turn_whatever_strangers_do() {
        let mut queue = Queue::default();
        for n in 1..=100 {
            let _ = queue.push(from(n, false), 0);
        }
        for n in 101..=103 {
            queue.push(from(n, true), 1).unwrap();
        }
        assert_eq!(drain(&mut queue)[..7], [1, 0, 1, 0, 1, 0, 0]);
    }
}
