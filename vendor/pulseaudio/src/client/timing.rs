//! Bellwire: see PATCHES.md.

use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an answer about timing stands for a new one. Longer notices later that a stream moved to
/// another device.
const RECENT: Duration = Duration::from_millis(100);

/// The last answer about a stream's timing.
pub(super) struct Timing<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Timing<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Copy> Timing<T> {
    /// The answer, if it is not too old.
    pub(super) fn recent(&self) -> Option<T> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(at, _)| at.elapsed() < RECENT)
            .map(|(_, timing)| timing)
    }

    /// This was answered just now.
    pub(super) fn keep(&self, timing: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), timing));
    }

    /// What was answered does not hold any more.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The pause between two questions about a stream's timing, for who asks in a loop of its own.
#[derive(Default)]
pub(super) struct Pause(Mutex<Option<Instant>>);

impl Pause {
    /// Sleeps for what is left of the pause.
    pub(super) fn rest(&self) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = *last {
            sleep(RECENT.saturating_sub(at.elapsed()));
        }
        *last = Some(Instant::now());
    }
}
