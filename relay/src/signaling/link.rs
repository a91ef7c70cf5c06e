//! A session as several tasks hold it: the switchboard puts messages in, one socket takes them
//! out. The lock is held for a push or a pop, never across an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bellwire_protocol::{RelayMessage, Secret, limits};
use tokio::sync::Notify;

use super::allowance::{Allowance, Class, Verdict};
use super::session::{Body, Close, Frame, Names, Outbox};

/// Which of a session's sockets, in order.
pub type Epoch = u32;

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// What it is resumed with, once it is open.
    names: Option<Names>,
    /// How much the client may say, whatever socket it says it on.
    allowance: Allowance,
    /// The socket that may take frames; older ones are closed.
    epoch: Epoch,
    /// A socket is there.
    attached: bool,
    close: Option<Close>,
    /// What waits for the snapshot to be written.
    opening: Option<Waiting>,
}

const TOO_SLOW: Close = Close { code: limits::close::SLOW_READER, reason: "reads too slowly" };

/// What is said to a session while its snapshot is read from the store.
#[derive(Debug, Default)]
struct Waiting {
    bodies: Vec<Body>,
    bytes: usize,
}

impl Waiting {
    /// False: more waits than a session keeps.
    fn push(&mut self, body: &Body) -> bool {
        let fits = self.bodies.len() < limits::RESUME_FRAMES
            && self.bytes + body.len() <= limits::RESUME_BYTES;
        if fits {
            self.bytes += body.len();
            self.bodies.push(body.clone());
        }
        fits
    }
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
            names: None,
            allowance: Allowance::new(now),
            epoch: 0,
            attached: true,
            close: None,
            opening: Some(Waiting::default()),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the frames are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears a message on the socket of this epoch: takes it off what the client may say.
    pub fn hear(&self, epoch: Epoch, now: u64, class: Class) -> Verdict {
        let mut state = self.state();
        if state.epoch == epoch
            && let Some(names) = &mut state.names
        {
            names.confirm();
        }
        state.allowance.take(now, class)
    }

    /// Goes on with what was left of another session of the same device: a new one is no way to
    /// say more.
    pub fn inherit(&self, former: &Self) {
        let mut allowance = former.state().allowance.clone();
        allowance.resume();
        self.state().allowance = allowance;
    }

    /// Puts the first messages in front of whatever waited. The session is called `name`.
    pub fn open(&self, name: Secret, first: impl IntoIterator<Item = Body>) {
        let mut state = self.state();
        let waiting = state.opening.take().unwrap_or_default();
        state.names = Some(Names::new(name));
        state.outbox.say_at_once(first);
        for body in &waiting.bodies {
            state.outbox.push(body);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Sends a message, at once or after a resume. True: the reader turned out to be too slow.
    pub fn push(&self, body: &Body) -> bool {
        self.push_all(std::slice::from_ref(body))
    }

    /// Sends what the relay says in one step. However much it is, it makes no slow reader of a
    /// client that took all that was said before.
    pub fn push_all(&self, bodies: &[Body]) -> bool {
        let mut state = self.state();
        if let Some(waiting) = &mut state.opening {
            let full = bodies.iter().any(|body| !waiting.push(body));
            if full && state.close.is_none() {
                state.close = Some(TOO_SLOW);
            }
            return full;
        }
        match bodies {
            [body] => state.outbox.push(body),
            bodies => state.outbox.say_at_once(bodies.iter().cloned()),
        }
        let slow = state.attached && state.close.is_none() && state.outbox.is_overfull();
        if slow {
            state.close = Some(TOO_SLOW);
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

    /// Takes the session over for a new socket of a client that knows its `name` and handled `seq`;
    /// an older socket closes as replaced. The welcome brings the name for the next time: `next`,
    /// or one whose welcome may have been lost. `None`: the session cannot go on.
    pub fn resume(
        &self,
        seq: u64,
        name: &Secret,
        next: Secret,
        welcome: impl FnOnce(Secret) -> RelayMessage,
    ) -> Option<Epoch> {
        let mut state = self.state();
        if state.opening.is_some() || !state.outbox.can_resume(seq) {
            return None;
        }
        let names = state.names.as_mut().filter(|names| names.has(name))?;
        let welcome = welcome(names.offer(name, next));
        state.epoch = state.epoch.wrapping_add(1);
        state.attached = true;
        state.close = None;
        state.allowance.resume();
        state.outbox.resume(seq, &Body::new(&welcome));
        let epoch = state.epoch;
        drop(state);
        self.changed.notify_waiters();
        self.changed.notify_one();
        Some(epoch)
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
