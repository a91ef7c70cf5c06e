//! One microphone for all lines that send. Pure.
//!
//! It is open only while somebody sends, and a moment longer: who switches back at once is heard at
//! once. In that moment nothing of it goes out.

use super::binding::{Binding, Bound, End, Order, State};
use super::{LineId, MicrophoneState, Problem, Report};
use crate::devices::Device;
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How long it stays open, unheard, after the last line let go. Longer makes switching back instant
/// for longer; shorter puts the system's recording mark out sooner.
const LINGER: Duration = Duration::from_millis(1_500);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// As [`Order::Open`].
    Open { opening: u64, device: Option<String> },
    /// As [`Order::Drop`].
    Drop,
    /// Whether what is captured goes to this line.
    Feed(LineId, bool),
    /// Tell who started the engine.
    Report(Report),
}

#[derive(Debug)]
pub(super) struct Microphone {
    binding: Binding,
    takers: BTreeSet<LineId>,
    /// Who of them knows how it is.
    told: BTreeSet<LineId>,
    linger: Option<Instant>,
    acts: VecDeque<Act>,
}

impl Microphone {
    pub(super) fn new() -> Self {
        Self {
            binding: Binding::new(),
            takers: BTreeSet::new(),
            told: BTreeSet::new(),
            linger: None,
            acts: VecDeque::new(),
        }
    }

    pub(super) fn poll(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.binding.is_closed()
    }

    /// This line sends, with this device; another one than before is switched to.
    pub(super) fn take(&mut self, now: Instant, line: LineId, device: Option<String>) {
        self.takers.insert(line);
        self.told.remove(&line);
        self.linger = None;
        self.binding.want(now, device);
        self.collect();
    }

    /// This line does not send any more.
    pub(super) fn leave(&mut self, now: Instant, line: LineId) {
        self.takers.remove(&line);
        self.acts.push_back(Act::Feed(line, false));
        self.report(line, MicrophoneState::Off);
        if self.takers.is_empty() && !self.binding.is_closed() && self.linger.is_none() {
            match self.binding.state() {
                State::Live { .. } => self.linger = Some(now + LINGER),
                State::Closed | State::Lost(_) => self.binding.release(),
            }
        }
        self.collect();
    }

    pub(super) fn opened(
        &mut self,
        now: Instant,
        opening: u64,
        result: Result<Bound, Problem>,
    ) -> bool {
        let taken = self.binding.opened(now, opening, result);
        self.collect();
        taken
    }

    pub(super) fn ended(&mut self, now: Instant, opening: u64, end: End) {
        self.binding.ended(now, opening, end);
        self.collect();
    }

    pub(super) fn listed(&mut self, now: Instant, devices: Option<&[Device]>) {
        self.binding.listed(now, devices);
        self.collect();
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.linger.is_some_and(|until| now >= until) {
            self.linger = None;
            self.binding.release();
        }
        self.binding.tick(now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(order) = self.binding.poll() {
            match order {
                Order::Open { opening, device } => {
                    self.acts.push_back(Act::Open { opening, device });
                }
                Order::Drop => self.acts.push_back(Act::Drop),
                Order::Tell(_) => {
                    self.told.clear();
                    self.give_all();
                }
            }
        }
        if !self.binding.is_opening() {
            self.give_all();
        }
        // Nobody waits for one that is lost.
        let lost = matches!(self.binding.state(), State::Lost(_));
        if self.takers.is_empty() && lost && !self.binding.is_closed() {
            self.linger = None;
            self.binding.release();
            self.collect();
        }
    }

    /// Tells everybody who does not know.
    fn give_all(&mut self) {
        for line in self.takers.clone() {
            if self.told.insert(line) {
                self.give(line);
            }
        }
    }

    /// Tells the line how it is, and feeds it accordingly.
    fn give(&mut self, line: LineId) {
        let (live, state) = match self.binding.state() {
            State::Closed => (false, MicrophoneState::Off),
            State::Live { label } => (true, MicrophoneState::Live { label: label.clone() }),
            State::Lost(problem) => (false, MicrophoneState::Unavailable { problem: *problem }),
        };
        self.acts.push_back(Act::Feed(line, live));
        self.report(line, state);
    }

    fn report(&mut self, line: LineId, state: MicrophoneState) {
        self.acts.push_back(Act::Report(Report::Microphone { line, state }));
    }
}

#[cfg(test)]
mod tests;
