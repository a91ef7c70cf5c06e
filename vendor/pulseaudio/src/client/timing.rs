//! Bellwire: see PATCHES.md.

use std::sync::{Mutex, PoisonError};
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
