//! Keeps to a device: opens it, notices when it is lost, finds another. Pure.
//!
//! ```text
//!           want                 opened
//!  Closed ────────► Opening ──────────────► Open
//!    ▲                │  ▲                    │ gone, failed, silent
//!    │ release        │  └────────────────────┤
//!    └── from all     └─ fails ─► Lost ◄──────┘
//!                                  │ devices change, or time
//!                                  └────────► Opening
//! ```
//!
//! A device that is gone is let go of at once, and its loss told; then the system's default is
//! tried, once: until devices come, a second loss stays one. A device that fails or falls silent is
//! opened again.

use super::Problem;
use crate::devices::{Device, choose};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long opening may take. An idle sound server needs up to 2 s.
const OPENING: Duration = Duration::from_secs(5);
/// How long until a lost device is tried again, first and at most. It doubles. Less asks a server
/// that restarts more often; devices that come are noticed sooner anyway.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(2);
/// A device that was open for so long was well.
const WELL: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Open this device, or the default; answer with [`Binding::opened`].
    Open {
        /// Belongs into the answer.
        opening: u64,
        /// Its id.
        device: Option<String>,
    },
    /// Let go of what is open, before anything else.
    Drop,
    /// It is like this from here on.
    Tell(State),
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Live { label: String },
    Lost(Problem),
}

/// What was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) id: String,
    pub(super) label: String,
    /// As [`Device::incarnation`].
    pub(super) incarnation: u32,
}

impl Bound {
    fn is(&self, device: &Device) -> bool {
        device.id == self.id && device.incarnation == self.incarnation
    }
}

/// Why what was open is not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The system says so.
    Failed(Problem),
    /// Nothing came for too long.
    Silent,
    /// It moves too little, and will be opened differently.
    Slow,
}

#[derive(Debug)]
enum Phase {
    Closed,
    Opening { since: Instant },
    Open { bound: Bound, since: Instant },
    Lost { retry: Option<Instant> },
}

#[derive(Debug)]
pub(super) struct Binding {
    phase: Phase,
    wanted: Option<String>,
    opening: u64,
    fell_back: bool,
    /// How often it was lost without having been well.
    losses: u32,
    state: State,
    seen: Option<Vec<Device>>,
    orders: VecDeque<Order>,
}

impl Binding {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Closed,
            wanted: None,
            opening: 0,
            fell_back: false,
            losses: 0,
            state: State::Closed,
            seen: None,
            orders: VecDeque::new(),
        }
    }

    pub(super) fn poll(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    pub(super) const fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. })
    }

    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Sees to it that this device is open, or the default.
    pub(super) fn want(&mut self, now: Instant, device: Option<String>) {
        let same = device == self.wanted;
        self.wanted = device;
        let settled = match self.phase {
            Phase::Open { .. } | Phase::Opening { .. } => same,
            Phase::Closed | Phase::Lost { .. } => false,
        };
        if !settled {
            self.fell_back = false;
            self.losses = 0;
            self.open(now, self.wanted.clone());
        }
    }

    /// Lets go of it.
    pub(super) fn release(&mut self) {
        if self.is_closed() {
            return;
        }
        self.opening += 1;
        self.phase = Phase::Closed;
        self.orders.push_back(Order::Drop);
        self.tell(State::Closed);
    }

    /// Answers [`Order::Open`]. False: it is too late, and what was opened must be closed.
    pub(super) fn opened(
        &mut self,
        now: Instant,
        opening: u64,
        result: Result<Bound, Problem>,
    ) -> bool {
        if opening != self.opening || !self.is_opening() {
            return false;
        }
        match result {
            Ok(bound) => {
                self.tell(State::Live { label: bound.label.clone() });
                self.phase = Phase::Open { bound, since: now };
                true
            }
            // It was there: that says more.
            Err(Problem::Missing) if self.state == State::Lost(Problem::Unplugged) => {
                self.lose(now, Problem::Unplugged);
                false
            }
            Err(problem) => {
                self.lose(now, problem);
                false
            }
        }
    }

    /// What was opened as `opening` ended by itself.
    pub(super) fn ended(&mut self, now: Instant, opening: u64, end: End) {
        let Phase::Open { since, .. } = self.phase else { return };
        if opening != self.opening {
            return;
        }
        if now.saturating_duration_since(since) >= WELL {
            self.losses = 0;
        }
        match end {
            // The first time it may be a hiccup: nobody hears of it.
            End::Silent if self.losses == 0 => {
                self.losses = 1;
                self.open(now, self.wanted.clone());
            }
            End::Slow => self.open(now, self.wanted.clone()),
            End::Silent => {
                self.orders.push_back(Order::Drop);
                self.lose(now, Problem::Hung);
            }
            End::Failed(problem) => {
                self.orders.push_back(Order::Drop);
                self.lose(now, problem);
            }
        }
    }

    /// These devices are there at the moment. None: nobody could tell.
    pub(super) fn listed(&mut self, now: Instant, devices: Option<&[Device]>) {
        let before = std::mem::replace(&mut self.seen, devices.map(<[Device]>::to_vec));
        let Some(devices) = devices else { return };
        let changed = before.as_deref() != Some(devices);
        if let Phase::Open { bound, .. } = &self.phase {
            if !devices.iter().any(|device| bound.is(device)) {
                return self.on_gone(now);
            }
            if changed {
                // Another loss is another story.
                self.fell_back = false;
            }
            if self.wanted.is_none()
                && !self.fell_back
                && choose(devices, None).is_some_and(|default| default.id != bound.id)
            {
                self.open(now, None);
            }
            return;
        }
        if changed && matches!(self.phase, Phase::Lost { .. }) {
            self.fell_back = false;
            self.open(now, self.wanted.clone());
        }
    }

    /// Time went on.
    pub(super) fn tick(&mut self, now: Instant) {
        match self.phase {
            Phase::Opening { since } if now.saturating_duration_since(since) >= OPENING => {
                self.opening += 1;
                self.lose(now, Problem::Hung);
            }
            Phase::Lost { retry: Some(retry) } if now >= retry => {
                self.open(now, self.wanted.clone());
            }
            Phase::Closed | Phase::Opening { .. } | Phase::Open { .. } | Phase::Lost { .. } => {}
        }
    }

    fn on_gone(&mut self, now: Instant) {
        self.orders.push_back(Order::Drop);
        let again = self.fell_back;
        self.lose(now, Problem::Unplugged);
        if !again {
            self.fell_back = true;
            self.open(now, None);
        }
    }

    fn open(&mut self, now: Instant, device: Option<String>) {
        if matches!(self.phase, Phase::Open { .. }) {
            self.orders.push_back(Order::Drop);
        }
        self.opening += 1;
        self.phase = Phase::Opening { since: now };
        self.orders.push_back(Order::Open { opening: self.opening, device });
    }

    fn lose(&mut self, now: Instant, problem: Problem) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.losses.min(8)).min(LAST_RETRY);
        self.losses += 1;
        // Who was refused asks again when the person does.
        let retry = (problem != Problem::Denied).then(|| now + wait);
        self.phase = Phase::Lost { retry };
        self.tell(State::Lost(problem));
    }

    fn tell(&mut self, state: State) {
        if self.state != state {
            self.state = state.clone();
            self.orders.push_back(Order::Tell(state));
        }
    }
}

#[cfg(test)]
mod tests;
