//! The ladder: what is done about a media path that falls silent, and when.
//!
//! ```text
//! Connecting ──path──► Flowing ──1 s silent──► Suspect ──2 s──► Reconnecting ──3 s / 4 s──► Restarting
//!      │                  ▲                                                                     │ +5 s
//!      └─15 s: restart    └───────────────────────── heard again ──────────────┐         RelayOnly
//!                                                                              │                │ +12 s
//!                                                                              └──────────── Rebuilding ─┐
//!                                                                                               ▲  +12 s │
//!                                                                                               └────────┘
//! ```
//! A hint that the network changed, and the other side, restart ICE without a step on the ladder.
//! Such a restart has its 5 s as well: Suspect leads to Restarting while one is under way.

use crate::Time;
use crate::allowance::Allowance;

/// Silence that makes a path suspect, in ms: two heartbeats. Lower costs false alarms on lossy
/// networks, higher costs time to repair.
pub(super) const SUSPECT_MS: u64 = 1_000;
/// Silence after which people are told, in ms.
pub(super) const RECONNECTING_MS: u64 = 2_000;
/// Silence after which ICE restarts, in ms. The polite side gives the other a second, so that the
/// two do not collide.
pub(super) const RESTART_MS: u64 = 3_000;
/// What the polite side waits longer.
pub(super) const POLITE_MS: u64 = 1_000;
/// From the restart to the next with TURN only, in ms.
pub(super) const RELAY_ONLY_MS: u64 = 5_000;
/// From the restart to a new connection, in ms, and between two of those.
pub(super) const REBUILD_MS: u64 = 12_000;
/// How long the first path may take before ICE restarts, in ms.
pub(super) const FIRST_PATH_MS: u64 = 15_000;
/// How long a hint's restart stays apart from the one before, in ms. Browsers say "offline" and, up to a
/// second later, "online": only what is gathered after the second has the new address. Lower
/// restarts twice for one change.
pub(super) const COOL_MS: u64 = 500;
/// Restarts for hints: so many at once and so many a minute. Higher lets an interface that flaps keep
/// both sides negotiating, lower leaves who changes networks again and again to the ladder.
const HINTS: Allowance = Allowance::per_minute(4, 12);

/// How the path to one participant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    step: Step,
    /// The last sign of life.
    heard: Time,
    /// The last own restart.
    restarted: Option<Time>,
    /// When ICE last restarted, whoever asked for it.
    gathering: Option<Time>,
    /// Restarts that hints may still ask for.
    hints: Allowance,
    /// Heartbeats are expected: the data channels are open, so silence means something.
    listening: bool,
}

/// Where on the ladder a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There was no path yet; since when, and whether ICE restarted already.
    Connecting { since: Time, restarted: bool },
    /// Media can flow.
    Flowing,
    /// Silent for [`SUSPECT_MS`], or the executor doubts it.
    Suspect,
    /// Silent for [`RECONNECTING_MS`].
    Reconnecting,
    /// The executor says that it will not heal: ICE restarts at once.
    Broken,
    /// ICE restarts, since then.
    Restarting { since: Time },
    /// ICE restarts with TURN only; since when it first restarted.
    RelayOnly { since: Time },
    /// A new connection is being made, since then.
    Rebuilding { since: Time },
}

/// What the next rung asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// Ask the other side for a sign of life.
    Probe,
    /// Tell people.
    TellDown,
    /// Restart ICE.
    Restart,
    /// Restart ICE with TURN only.
    RelayOnly,
    /// Make a new connection.
    Rebuild,
}

impl Link {
    pub(super) const fn new(now: Time) -> Self {
        Self {
            step: Step::Connecting { since: now, restarted: false },
            heard: now,
            restarted: None,
            gathering: None,
            hints: HINTS,
            listening: false,
        }
    }

    /// Media can flow at present, as far as anybody knows.
    pub(super) const fn is_flowing(&self) -> bool {
        matches!(self.step, Step::Flowing | Step::Suspect)
    }

    pub(super) const fn heard_at(&self) -> Time {
        self.heard
    }

    /// ICE restarted for it.
    pub(super) const fn was_restarted(&self) -> bool {
        self.restarted.is_some()
    }

    /// Since when a restart is under way: ICE restarted, nothing was heard since then, and its time is
    /// not over. Another one in its place would throw away what it gathered, and Chromium tells its
    /// connections of another network only when that has settled: 2 to 2.5 s after the change on
    /// Linux, 1.5 s on Windows, 0.5 s on macOS (`NetworkChangeCalculatorParams` in `net/base`).
    pub(super) fn under_way(&self, now: Time) -> Option<Time> {
        self.gathering.filter(|at| *at >= self.heard && now.since(*at) < RELAY_ONLY_MS)
    }

    /// The other side restarts ICE.
    pub(super) fn restarted_by_other(&mut self, now: Time) {
        self.gathering = Some(now);
        if matches!(self.step, Step::Reconnecting | Step::Broken) {
            self.step = Step::Restarting { since: now };
        }
    }

    /// The deadline of the present step.
    pub(super) fn deadline(&self, polite: bool) -> Option<Time> {
        match self.step {
            Step::Connecting { since, restarted } => {
                (!restarted).then(|| since.after(FIRST_PATH_MS))
            }
            Step::Flowing => self.listening.then(|| self.heard.after(SUSPECT_MS)),
            Step::Suspect => Some(self.heard.after(RECONNECTING_MS)),
            Step::Reconnecting => {
                Some(self.heard.after(RESTART_MS + if polite { POLITE_MS } else { 0 }))
            }
            Step::Broken => Some(self.heard),
            Step::Restarting { since } => Some(since.after(RELAY_ONLY_MS)),
            Step::RelayOnly { since } => Some(since.after(REBUILD_MS)),
            Step::Rebuilding { since } => Some(since.after(REBUILD_MS)),
        }
    }

    /// Climbs one rung, if its time has come.
    pub(super) fn climb(&mut self, now: Time, polite: bool) -> Option<Rung> {
        if self.deadline(polite)? > now {
            return None;
        }
        let (step, rung) = match self.step {
            Step::Connecting { since, .. } => {
                (Step::Connecting { since, restarted: true }, Rung::Restart)
            }
            Step::Flowing => (Step::Suspect, Rung::Probe),
            Step::Suspect => match self.under_way(now) {
                Some(since) => (Step::Restarting { since }, Rung::TellDown),
                None => (Step::Reconnecting, Rung::TellDown),
            },
            Step::Reconnecting | Step::Broken => (Step::Restarting { since: now }, Rung::Restart),
            Step::Restarting { since } => (Step::RelayOnly { since }, Rung::RelayOnly),
            Step::RelayOnly { .. } | Step::Rebuilding { .. } => {
                (Step::Rebuilding { since: now }, Rung::Rebuild)
            }
        };
        self.step = step;
        if matches!(rung, Rung::Restart | Rung::RelayOnly | Rung::Rebuild) {
            self.restarted = Some(now);
            self.gathering = Some(now);
        }
        Some(rung)
    }

    /// Something arrived over the path. True when it had been given up, or is the first.
    pub(super) fn hear(&mut self, now: Time) -> bool {
        self.heard = now;
        match self.step {
            Step::Flowing => false,
            Step::Suspect => {
                self.step = Step::Flowing;
                false
            }
            Step::Connecting { .. }
            | Step::Reconnecting
            | Step::Broken
            | Step::Restarting { .. }
            | Step::RelayOnly { .. }
            | Step::Rebuilding { .. } => {
                self.step = Step::Flowing;
                true
            }
        }
    }

    /// Heartbeats are expected from here on, or not any more.
    pub(super) fn listen(&mut self, now: Time, listening: bool) {
        if listening && !self.listening {
            self.heard = now;
        }
        self.listening = listening;
    }

    /// The executor doubts the path.
    pub(super) fn doubt(&mut self, now: Time) {
        if self.step == Step::Flowing {
            if !self.listening {
                self.heard = now;
            }
            self.step = Step::Suspect;
        }
    }

    /// This machine slept: what was sent meanwhile is still on its way in.
    pub(super) fn wake(&mut self, now: Time) {
        if self.is_flowing() {
            self.heard = Time(now.0.saturating_sub(SUSPECT_MS)).max(self.heard);
        }
    }

    /// The path is known to be gone: the next rung is a restart, at once. True if it was not known
    /// before.
    pub(super) const fn fail(&mut self) -> bool {
        match self.step {
            Step::Flowing | Step::Suspect => {
                self.step = Step::Broken;
                true
            }
            Step::Reconnecting => {
                self.step = Step::Broken;
                false
            }
            Step::Connecting { .. }
            | Step::Broken
            | Step::Restarting { .. }
            | Step::RelayOnly { .. }
            | Step::Rebuilding { .. } => false,
        }
    }

    /// The other side makes a new connection: give it the time of one.
    pub(super) const fn rebuilt_by_other(&mut self, now: Time) {
        match self.step {
            Step::Connecting { .. } => {}
            Step::Flowing
            | Step::Suspect
            | Step::Reconnecting
            | Step::Broken
            | Step::Restarting { .. }
            | Step::RelayOnly { .. }
            | Step::Rebuilding { .. } => self.step = Step::Rebuilding { since: now },
        }
        self.listening = false;
    }

    /// Whether a restart that is not part of the ladder (a hint that the network changed, the
    /// relay coming back) may start; it then counts as one.
    pub(super) fn restart_for_hint(&mut self, now: Time) -> bool {
        if self.restarted.is_some_and(|at| now.since(at) < COOL_MS) || !self.hints.take(now) {
            return false;
        }
        match self.step {
            Step::Connecting { since, .. } => {
                self.step = Step::Connecting { since, restarted: true }
            }
            Step::Flowing | Step::Suspect => {}
            Step::Reconnecting
            | Step::Broken
            | Step::Restarting { .. }
            | Step::RelayOnly { .. }
            | Step::Rebuilding { .. } => self.step = Step::Restarting { since: now },
        }
        self.restarted = Some(now);
        self.gathering = Some(now);
        true
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
