//! The own candidates on their way to one participant: the first at once, others together.
//!
//! A machine with many addresses finds dozens of candidates within milliseconds, and the relayed
//! ones, which are needed where nothing else works, come last. One message each would spend what a
//! session may send before those had their turn.

use bellwire_protocol::{Candidates, IceCandidate};

use super::HELD_CANDIDATES;
use crate::Time;

/// How long candidates wait for others, in ms. Higher costs time until media flows where the first
/// candidate does not lead anywhere; lower costs messages.
const WINDOW_MS: u64 = 10;

/// Candidates for one participant that were not said yet.
#[derive(Debug, Default)]
pub(super) struct Trickle {
    waiting: Vec<IceCandidate>,
    /// One was said a moment ago: the next ones wait until then.
    until: Option<Time>,
}

impl Trickle {
    /// Takes a candidate; gives what is to be said at once.
    pub(super) fn put(&mut self, now: Time, candidate: IceCandidate) -> Option<Candidates> {
        if self.until.is_none_or(|until| until <= now) && self.waiting.is_empty() {
            self.until = Some(now.after(WINDOW_MS));
            return Some(candidate.into());
        }
        if self.waiting.len() < HELD_CANDIDATES {
            self.waiting.push(candidate);
        }
        None
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.until.filter(|_| !self.waiting.is_empty())
    }

    /// What has waited long enough, in as few messages as hold it.
    pub(super) fn elapsed(&mut self, now: Time) -> Vec<Candidates> {
        if self.deadline().is_none_or(|until| until > now) {
            return Vec::new();
        }
        self.until = Some(now.after(WINDOW_MS));
        together(std::mem::take(&mut self.waiting))
    }
}

/// Candidates in as few messages as hold them.
pub(super) fn together(mut candidates: Vec<IceCandidate>) -> Vec<Candidates> {
    std::iter::from_fn(|| Candidates::take_from(&mut candidates)).collect()
}

#[cfg(test)]
mod tests {
    use bellwire_protocol::{Candidate, Mid, Ufrag};

    use super::*;

    fn candidate(n: usize) -> IceCandidate {
        IceCandidate {
            ufrag: Ufrag::new("abcd").expect("valid"),
            mid: Mid::new("0").expect("valid"),
            candidate: Candidate::new(format!("candidate:{n} 1 udp 1 192.0.2.1 9 typ host"))
                .expect("valid"),
        }
    }

    #[test]
    fn the_first_goes_at_once_and_a_burst_behind_it_in_one_message_in_its_order() {
        let mut trickle = Trickle::default();
        assert_eq!(trickle.put(Time(0), candidate(0)), Some(candidate(0).into()));
        for n in 1..=75 {
            assert_eq!(trickle.put(Time(1), candidate(n)), None);
        }
        let due = trickle.deadline().expect("they do not wait for ever");
        assert_eq!(due, Time(WINDOW_MS));
        assert!(trickle.elapsed(Time(due.0 - 1)).is_empty(), "not yet");
        let said = trickle.elapsed(due);
        let [all] = &said[..] else { panic!("one message: {}", said.len()) };
        assert!(all.iter().cloned().eq((1..=75).map(candidate)), "all, in order");
        assert_eq!(trickle.deadline(), None);
    }

    #[test]
    fn a_stream_of_candidates_costs_a_message_a_window() {
        let mut trickle = Trickle::default();
        let mut messages = 0;
        for now in 0..1_000 {
            messages += usize::from(trickle.put(Time(now), candidate(1)).is_some());
            messages += trickle.elapsed(Time(now)).len();
        }
        assert!(messages <= 101, "{messages}");
    }

    #[test]
    fn after_a_pause_one_goes_at_once_again() {
        let mut trickle = Trickle::default();
        trickle.put(Time(0), candidate(0));
        assert!(trickle.put(Time(WINDOW_MS), candidate(1)).is_some());
    }
}
