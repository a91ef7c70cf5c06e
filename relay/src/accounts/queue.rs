//! Who computes the next password hash, where many want to. Pure.
//!
//! Networks take turns, so that a flood from one of them delays its own. Known ones have a lane of
//! their own with every second turn, so that a flood from many delays them by one hash. Devices that
//! are or were signed in have the turn of their person there, in however many networks they are.

use std::collections::VecDeque;

use bellwire_protocol::UserId;

use super::source::{Source, Standing};
use crate::network::Network;

/// Places for networks that nobody signed in from, and for known ones. A place costs a task; with two
/// hashes at once of about 0.1 s the last in line waits for 2.4 s.
const STRANGERS: usize = 48;
const KNOWN: usize = 32;
/// Places of one network or person in its lane.
const OF_ONE: usize = 8;

/// Waiting askers.
#[derive(Debug)]
pub(super) struct Queue<T> {
    known: Lane<T>,
    strangers: Lane<T>,
    known_had_the_last: bool,
}

/// Who takes turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Network(Network),
    Person(UserId),
}

#[derive(Debug)]
struct Lane<T> {
    places: usize,
    /// In the order of their turns. None of them is empty.
    parties: VecDeque<(Party, VecDeque<T>)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let lane = |places| Lane { places, parties: VecDeque::new() };
        Self { known: lane(KNOWN), strangers: lane(STRANGERS), known_had_the_last: false }
    }
}

impl<T> Queue<T> {
    /// Takes a place.
    ///
    /// # Errors
    /// Who has to leave: this one, or where all places are taken the last of whoever has more of
    /// them.
    pub(super) fn push(&mut self, by: Source, waiting: T) -> Result<(), T> {
        match by.standing {
            Standing::Stranger => self.strangers.push(Party::Network(by.network), waiting),
            Standing::Network => self.known.push(Party::Network(by.network), waiting),
            Standing::Device(user, _) => self.known.push(Party::Person(user), waiting),
        }
    }

    /// Forgets those who do not wait any more.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        for lane in [&mut self.known, &mut self.strangers] {
            for (_, line) in &mut lane.parties {
                line.retain(&waits);
            }
            lane.parties.retain(|(_, line)| !line.is_empty());
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
    fn push(&mut self, party: Party, waiting: T) -> Result<(), T> {
        let of = |(of, _): &(Party, VecDeque<T>)| *of == party;
        let own = self.parties.iter().find(|it| of(it)).map_or(0, |(_, line)| line.len());
        if own >= OF_ONE {
            return Err(waiting);
        }
        let taken: usize = self.parties.iter().map(|(_, line)| line.len()).sum();
        let mut leaves = None;
        if taken >= self.places {
            let longest = self.parties.iter_mut().max_by_key(|(_, line)| line.len());
            match longest.filter(|(_, line)| line.len() > own + 1) {
                Some((_, line)) => leaves = line.pop_back(),
                None => return Err(waiting),
            }
        }
        match self.parties.iter_mut().find(|it| it.0 == party) {
            Some((_, line)) => line.push_back(waiting),
            None => self.parties.push_back((party, VecDeque::from([waiting]))),
        }
        leaves.map_or(Ok(()), Err)
    }

    fn pop(&mut self) -> Option<T> {
        let (party, mut line) = self.parties.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.parties.push_back((party, line));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn from(n: u8, known: bool) -> Source {
        Source::of(network(n), known)
    }

    fn network(n: u8) -> Network {
        Network::of(std::net::IpAddr::from([203, 0, n, 1]))
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
    fn a_person_has_the_places_of_one_however_many_devices_and_networks_are_theirs() {
        use bellwire_protocol::DeviceId;
        let mut queue = Queue::default();
        let device = |user, n| {
            let (user, device) = (UserId::from_bytes([user; 16]), DeviceId::from_bytes([n; 16]));
            Source::device(network(n), user, device)
        };
        let taken = (0..200).filter(|n| queue.push(device(1, *n), 1).is_ok()).count();
        assert_eq!(taken, OF_ONE);
        queue.push(device(2, 1), 2).unwrap();
        queue.push(from(3, true), 3).unwrap();
        assert_eq!(drain(&mut queue)[..3], [1, 2, 3], "and one turn");
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
