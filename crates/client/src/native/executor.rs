//! Where peer connections plug in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bellwire_core::api::{DeviceProblem, PeerCommand, PeerEvent, PeerId, SlotState};
use tokio::sync::mpsc;

/// Carries out peer connections. Decides nothing; `bellwire_core::api::PeerCommand` says what is
/// expected of it.
pub trait Executor: Send + 'static {
    /// Starts to carry out a command. Must not block; what comes of it goes to [`PeerEvents`].
    fn carry_out(&mut self, peer: PeerId, command: PeerCommand);
}

impl<F: FnMut(PeerId, PeerCommand) + Send + 'static> Executor for F {
    fn carry_out(&mut self, peer: PeerId, command: PeerCommand) {
        self(peer, command);
    }
}

/// Messages of participants that wait for the core. More than a client of ours sends at once; a
/// flood beyond it is dropped before it fills the memory.
const MESSAGES: usize = 1_024;
/// What an executor says of itself and waits for the core: the answers to its orders, some 80 candidates
/// of a connection, and changes of paths and devices. So many wait only for a core that stands still,
/// and one that takes them up again asks anew for what it misses.
const EVENTS: usize = 1_024;

/// The way from an executor to the core. What an executor says of itself gets through whatever
/// participants say: their messages have places of their own.
#[derive(Debug, Clone)]
pub struct PeerEvents {
    events: mpsc::Sender<(PeerId, PeerEvent)>,
    messages: Arc<AtomicUsize>,
    /// It was said that messages are dropped.
    flooded: Arc<AtomicBool>,
}

/// The core's end of [`PeerEvents`].
#[derive(Debug)]
pub(super) struct PeerEventQueue {
    events: mpsc::Receiver<(PeerId, PeerEvent)>,
    messages: Arc<AtomicUsize>,
}

impl PeerEvents {
    pub(super) fn channel() -> (Self, PeerEventQueue) {
        let (sender, receiver) = mpsc::channel(MESSAGES + EVENTS);
        let messages = Arc::new(AtomicUsize::new(0));
        let queue = PeerEventQueue { events: receiver, messages: Arc::clone(&messages) };
        (Self { events: sender, messages, flooded: Arc::default() }, queue)
    }

    /// Reports an event.
    pub fn report(&self, peer: PeerId, event: PeerEvent) {
        if is_message(&event) && self.messages.fetch_add(1, Ordering::Relaxed) >= MESSAGES {
            self.messages.fetch_sub(1, Ordering::Relaxed);
            if !self.flooded.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "messages are dropped: a participant sends faster than can be read; the call goes on"
                );
            }
            return;
        }
        // Closed after the client was stopped: nobody wants to know then.
        if let Err(mpsc::error::TrySendError::Full((_, event))) =
            self.events.try_send((peer, event))
        {
            if is_message(&event) {
                self.messages.fetch_sub(1, Ordering::Relaxed);
            }
            tracing::error!("the client stands still: an event of a connection is left out");
        }
    }
}

impl PeerEventQueue {
    /// The next event; `None` when every executor is gone.
    pub(super) async fn recv(&mut self) -> Option<(PeerId, PeerEvent)> {
        let next = self.events.recv().await;
        if next.as_ref().is_some_and(|(_, event)| is_message(event)) {
            self.messages.fetch_sub(1, Ordering::Relaxed);
        }
        next
    }
}

/// A participant said it.
const fn is_message(event: &PeerEvent) -> bool {
    match event {
        PeerEvent::Control { .. } | PeerEvent::Chat { .. } => true,
        PeerEvent::Described { .. }
        | PeerEvent::Applied { .. }
        | PeerEvent::OperationFailed { .. }
        | PeerEvent::Candidate { .. }
        | PeerEvent::Path { .. }
        | PeerEvent::ChannelsOpen
        | PeerEvent::ChannelsClosed
        | PeerEvent::Measured { .. }
        | PeerEvent::Slot { .. } => false,
    }
}

/// For clients that never talk, as in a health check: every connection fails, every device is
/// missing, and says so.
#[derive(Debug)]
pub struct NoPeers(PeerEvents);

impl NoPeers {
    /// An executor without connections.
    #[must_use]
    pub const fn new(events: PeerEvents) -> Self {
        Self(events)
    }
}

impl Executor for NoPeers {
    fn carry_out(&mut self, peer: PeerId, command: PeerCommand) {
        match command {
            PeerCommand::Offer { operation, .. }
            | PeerCommand::Answer { operation, .. }
            | PeerCommand::Apply { operation, .. } => {
                let message = "this client has no peer connections".to_owned();
                self.0.report(peer, PeerEvent::OperationFailed { operation, message });
            }
            PeerCommand::Send { slot, on, .. } => {
                let state = if on {
                    SlotState::Unavailable { problem: DeviceProblem::Missing }
                } else {
                    SlotState::Off
                };
                self.0.report(peer, PeerEvent::Slot { slot, state });
            }
            PeerCommand::Open { .. }
            | PeerCommand::Configure { .. }
            | PeerCommand::AddCandidate { .. }
            | PeerCommand::Control { .. }
            | PeerCommand::Chat { .. }
            | PeerCommand::Spend { .. }
            | PeerCommand::Close => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_messages_is_bounded_and_what_the_executor_says_gets_through() {
        let (events, mut queue) = PeerEvents::channel();
        for n in 0..10_000 {
            events.report(PeerId(1), PeerEvent::Chat { data: n.to_string() });
        }
        events.report(PeerId(1), PeerEvent::ChannelsClosed);
        for n in 0..MESSAGES {
            let next = queue.recv().await;
            assert_eq!(next, Some((PeerId(1), PeerEvent::Chat { data: n.to_string() })));
        }
        assert_eq!(queue.recv().await, Some((PeerId(1), PeerEvent::ChannelsClosed)));
        events.report(PeerId(1), PeerEvent::Chat { data: "later".into() });
        let later = (PeerId(1), PeerEvent::Chat { data: "later".into() });
        assert_eq!(queue.recv().await, Some(later), "there is room again");
    }

    #[tokio::test]
    async fn what_an_executor_says_without_end_is_bounded_too() {
        let (events, mut queue) = PeerEvents::channel();
        for _ in 0..10_000 {
            events.report(PeerId(1), PeerEvent::ChannelsOpen);
        }
        drop(events);
        let mut waited = 0;
        while queue.recv().await.is_some() {
            waited += 1;
        }
        assert_eq!(waited, MESSAGES + EVENTS);
    }
}
