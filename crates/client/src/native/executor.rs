//! Where peer connections plug in.

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

/// The way from an executor to the core.
#[derive(Debug, Clone)]
pub struct PeerEvents(mpsc::UnboundedSender<(PeerId, PeerEvent)>);

/// The core's end of [`PeerEvents`].
pub(super) type PeerEventQueue = mpsc::UnboundedReceiver<(PeerId, PeerEvent)>;

impl PeerEvents {
    pub(super) fn channel() -> (Self, PeerEventQueue) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Reports an event.
    pub fn report(&self, peer: PeerId, event: PeerEvent) {
        // Fails only after the client was stopped: nobody wants to know then.
        let _ = self.0.send((peer, event));
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
            | PeerCommand::Close => {}
        }
    }
}
