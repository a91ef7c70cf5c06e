//! All peer connections of a device: the executor that the core's orders go to.
//!
//! ```text
//!              PeerCommand                Input
//!   core ────────────────────► Hub ──────────────────► Connection ── Network ── the wire
//!        ◄──────────────────── │ ▲      one a peer         │ ▲
//!          Report              │ │ devices' states         │ │ frames, packets
//!                              ▼ │                         ▼ │
//!                        Engine (sound), Studio (pictures)
//! ```
//! The hub knows who sends what, since devices are shared by all connections; a connection knows its
//! peer. Neither decides anything.

mod certificates;
mod connection;
mod hub;
mod queue;
mod takers;

use std::sync::Arc;

use bellwire_core::api::{PeerCommand, PeerEvent, PeerId, Slot, SlotState};
use bellwire_voice::engine;
use rustls::pki_types::CertificateDer;

use crate::control::Order;
use crate::figures::Figures;
use crate::network::{Loopback, ServerTrouble};
use crate::pictures::Picture;
pub use hub::problem_of;
use hub::{Hub, Message};
use queue::Queue;

/// Whoever captures, encodes, decodes and shows pictures: a Worker of the webview, or a file.
///
/// Called on the tasks of the connections: must not block. What comes of it goes to [`Studio`].
pub trait Pictures: Send + Sync + 'static {
    /// Capture for a slot with this device, or the system's choice; or stop. Answer with
    /// [`Studio::state`], and again whenever the device changes its state.
    fn capture(&self, slot: Slot, on: bool, device: Option<&str>);
    /// Encode as the path allows.
    fn order(&self, slot: Slot, order: Order);
    /// A picture of a peer is due.
    fn show(&self, peer: PeerId, slot: Slot, picture: Picture);
    /// Nothing more will come from this peer.
    fn close(&self, peer: PeerId);
}

/// The way from [`Pictures`] back.
#[derive(Debug, Clone)]
pub struct Studio(Queue<Message>);

impl Studio {
    /// What the device of a slot does.
    pub fn state(&self, slot: Slot, state: SlotState) {
        self.0.remark(Message::Device(slot, state));
    }

    /// An encoded picture, for every peer that the slot is sent to. After an encoded picture was
    /// left out the next one has to be a key frame. Where connections do not keep up, pictures are
    /// left out here, and [`Order::Key`] is ordered.
    pub fn picture(&self, slot: Slot, picture: Picture) {
        self.0.picture(slot, Arc::new(picture), Message::Picture);
    }

    /// What came from a peer could not be decoded: a key frame is asked for.
    pub fn undecodable(&self, peer: PeerId, slot: Slot) {
        self.0.remark(Message::Undecodable(peer, slot));
    }
}

/// For clients without pictures: every device is missing, and nothing is shown.
#[derive(Debug, Clone)]
pub struct NoPictures(pub Studio);

impl Pictures for NoPictures {
    fn capture(&self, slot: Slot, on: bool, _: Option<&str>) {
        let problem = bellwire_core::api::DeviceProblem::Missing;
        let state = if on { SlotState::Unavailable { problem } } else { SlotState::Off };
        self.0.state(slot, state);
    }

    fn order(&self, _: Slot, _: Order) {}

    fn show(&self, _: PeerId, _: Slot, _: Picture) {}

    fn close(&self, _: PeerId) {}
}

/// What an executor says of a peer.
#[derive(Debug, Clone)]
pub enum Report {
    /// For the core.
    Event(PeerEvent),
    /// Once a second while there is a path.
    Figures(Figures),
    /// A STUN or TURN server could not be used; the call goes on with what else there is.
    Trouble(ServerTrouble),
}

/// What an executor is made of.
pub struct Options {
    /// The microphone and speaker, or what stands for them.
    pub sound: engine::Options,
    /// Whether loopback addresses are candidates.
    pub loopback: Loopback,
    /// Certificates that TURN servers may have beside those that the system trusts.
    pub roots: Vec<CertificateDer<'static>>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("loopback", &self.loopback)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

/// An executor could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The crypto of this build makes no certificate.
    #[error(transparent)]
    Certificate(#[from] crate::peer::NoCertificate),
    /// The thread of the sound could not be started.
    #[error(transparent)]
    Sound(#[from] engine::StartError),
}

/// All peer connections of a device. Dropping it closes them.
#[derive(Debug)]
pub struct Peers {
    inbox: Queue<Message>,
    engine: engine::Engine,
    task: tokio::task::JoinHandle<()>,
}

impl Peers {
    /// Starts an executor on the present tokio runtime. `pictures` is given the way on which its
    /// pictures reach the connections; `report` is called on their tasks and must not block.
    ///
    /// # Errors
    /// [`StartError`] says what is missing. A machine without any sound device is no reason.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start<P: Pictures>(
        options: Options,
        pictures: impl FnOnce(Studio) -> P,
        report: impl Fn(PeerId, Report) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let (inbox, messages) = queue::queue();
        let heard = inbox.clone();
        let engine = engine::Engine::start(options.sound, move |report| {
            heard.order(Message::Sound(report));
        })?;
        let pictures = pictures(Studio(inbox.clone()));
        let hub = Hub::new(
            certificates::Certificates::start()?,
            engine.clone(),
            Box::new(pictures),
            Arc::new(report),
            options.loopback,
            options.roots,
        );
        let task = tokio::spawn(hub.run(messages, inbox.downgrade()));
        Ok(Self { inbox, engine, task })
    }

    /// Starts to carry out an order of the core. Never blocks.
    pub fn carry_out(&self, peer: PeerId, command: PeerCommand) {
        self.inbox.order(Message::Command(peer, command));
    }

    /// The sound of this device, for its levels and its choice of speaker.
    #[must_use]
    pub const fn engine(&self) -> &engine::Engine {
        &self.engine
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
