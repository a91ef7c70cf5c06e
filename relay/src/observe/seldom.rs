//! Log lines that anybody outside can cause, once in a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often each of [`Hints`] is in the log at most: often enough to be met while somebody tries.
const EVERY: Duration = Duration::from_secs(60);

/// What an operator has to hear, and anybody can cause.
#[derive(Debug)]
pub struct Hints {
    /// A page of another address wanted to connect.
    pub origin: Seldom,
    /// A proxy speaks HTTP/2.
    pub http2: Seldom,
    /// A proxy is not trusted. Said once: a second proxy is as wrong as the first.
    pub proxy: Seldom,
    /// There are as many connections as there may be.
    pub full: Seldom,
    /// The system gives no descriptor for one.
    pub accept: Seldom,
}

impl Default for Hints {
    fn default() -> Self {
        let seldom = || Seldom::new(EVERY);
        Self {
            origin: seldom(),
            http2: seldom(),
            proxy: Seldom::new(Duration::MAX),
            full: seldom(),
            accept: seldom(),
        }
    }
}

/// Lets the first line through, then one per `every`, and says how many were left out before it. A
/// log is a disk: whoever can make the relay write must not be able to fill it.
#[derive(Debug)]
pub struct Seldom {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

impl Seldom {
    /// One line in this time.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self { every, state: Mutex::default() }
    }

    /// Whether to write a line: how many were left out since the last one.
    pub fn due(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| last.elapsed() < self.every) {
            state.left_out += 1;
            return None;
        }
        state.last = Some(Instant::now());
        Some(std::mem::take(&mut state.left_out))
    }
}
