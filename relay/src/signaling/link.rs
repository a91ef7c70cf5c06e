//! A session as several tasks hold it: the switchboard puts messages in, one socket takes them
//! out. The lock is held for a push or a pop, never across an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bellwire_protocol::{RelayMessage, limits};
use tokio::sync::Notify;

use super::session::{Allowance, Body, Close, Frame, Outbox, Verdict};

/// Which of a session's sockets, in order.
pub type Epoch = u32;

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// How much the client may say, whatever socket it says it on.
    allowance: Allowance,
    /// The socket that may take frames; older ones are closed.
    epoch: Epoch,
    /// A socket is there.
    attached: bool,
    close: Option<Close>,
    /// What waits for the snapshot to be written.
    opening: Option<Vec<Body>>,
}

/// What a socket does next.
#[derive(Debug)]
pub enum Next {
    /// Write this.
    Frame(Frame),
    /// Close and go.
    Close(Close),
}

/// A session shared by the switchboard and its socket.
#[derive(Debug)]
pub struct Link {
    state: Mutex<State>,
    changed: Notify,
}

impl Link {
    /// A session whose snapshot is not there yet. What is pushed waits behind it.
    #[must_use]
    pub fn opening(now: u64) -> Self {
        let state = State {
            outbox: Outbox::default(),
            allowance: Allowance::new(now),
            epoch: 0,
            attached: true,
            close: None,
            opening: Some(Vec::new()),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the frames are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one message off what the client may say.
    pub fn take(&self, now: u64) -> Verdict {
        self.state().allowance.take(now)
    }

    /// Goes on with what was left of another session of the same device: a new one is no way to
    /// say more.
    pub fn inherit(&self, former: &Self) {
        let mut allowance = former.state().allowance.clone();
        allowance.resume();
        self.state().allowance = allowance;
    }

    /// Puts the first messages in front of whatever waited.
    pub fn open(&self, first: impl IntoIterator<Item = Body>) {
        let mut state = self.state();
        let waiting = state.opening.take().unwrap_or_default();
        state.outbox.open(first);
        for body in &waiting {
            state.outbox.push(body);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Sends a message, at once or after a resume. True: the reader turned out to be too slow.
    pub fn push(&self, body: &Body) -> bool {
        let mut state = self.state();
        if let Some(waiting) = &mut state.opening {
            waiting.push(body.clone());
            return false;
        }
        state.outbox.push(body);
        let slow = state.attached && state.close.is_none() && state.outbox.is_overfull();
        if slow {
            let code = limits::close::SLOW_READER;
            state.close = Some(Close { code, reason: "reads too slowly" });
        }
        drop(state);
        self.changed.notify_one();
        slow
    }

    /// Whether the socket took the whole snapshot out.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let state = self.state();
        state.opening.is_none() && !state.outbox.is_opening()
    }

    /// Closes the socket that is there.
    pub fn close(&self, close: Close) {
        let mut state = self.state();
        if state.close.is_none() {
            state.close = Some(close);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Whether a client that handled `seq` can go on.
    #[must_use]
    pub fn can_resume(&self, seq: u64) -> bool {
        let state = self.state();
        state.opening.is_none() && state.outbox.can_resume(seq)
    }

    /// Takes the session over for a new socket; an older one closes as replaced.
    pub fn resume(&self, seq: u64, welcome: &RelayMessage) -> Epoch {
        let mut state = self.state();
        state.epoch = state.epoch.wrapping_add(1);
        state.attached = true;
        state.close = None;
        state.allowance.resume();
        state.outbox.resume(seq, &Body::new(welcome));
        let epoch = state.epoch;
        drop(state);
        self.changed.notify_waiters();
        self.changed.notify_one();
        epoch
    }

    /// The socket of this epoch is gone. False: another one took over.
    pub fn detach(&self, epoch: Epoch) -> bool {
        let mut state = self.state();
        let current = state.epoch == epoch;
        if current {
            state.attached = false;
        }
        current
    }

    /// Waits for something to write, or for the end.
    pub async fn next(&self, epoch: Epoch) -> Next {
        loop {
            let changed = self.changed.notified();
            if let Some(next) = self.try_next(epoch) {
                return next;
            }
            changed.await;
        }
    }

    /// What there is to do at once.
    pub fn try_next(&self, epoch: Epoch) -> Option<Next> {
        let mut state = self.state();
        if let Some(close) = ending(&state, epoch) {
            return Some(Next::Close(close));
        }
        state.outbox.pop().map(Next::Frame)
    }

    /// Waits for a reason to stop in the middle of writing.
    pub async fn cut_off(&self, epoch: Epoch) -> Close {
        loop {
            let changed = self.changed.notified();
            if let Some(close) = cut(&self.state(), epoch) {
                return close;
            }
            changed.await;
        }
    }
}

/// An end that does not wait for what was said before it: the reader is the reason, or somebody
/// else reads from here on.
fn cut(state: &State, epoch: Epoch) -> Option<Close> {
    if state.epoch != epoch {
        let code = limits::close::REPLACED;
        return Some(Close { code, reason: "a newer connection took over" });
    }
    let urgent = [limits::close::SLOW_READER, limits::close::REPLACED];
    state.close.filter(|close| urgent.contains(&close.code))
}

fn ending(state: &State, epoch: Epoch) -> Option<Close> {
    cut(state, epoch).or_else(|| state.close.filter(|_| !state.outbox.has_waiting()))
}
