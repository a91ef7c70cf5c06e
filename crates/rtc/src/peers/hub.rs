//! Passes on what comes to whom it concerns.

use std::collections::BTreeMap;
use std::sync::Arc;

use bellwire_core::api::{DeviceProblem, PeerCommand, PeerEvent, PeerId, Slot, SlotState};
use bellwire_voice::engine::{self, Engine, LineId, MicrophoneState, Problem};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc;

use super::certificates::Certificates;
use super::connection::{self, Connection, Handle};
use super::queue::{Queue, Turn, WeakQueue};
use super::takers::{Change, Takers};
use super::{Pictures, Report};
use crate::control::Order;
use crate::network::{Loopback, Setup};

/// What the hub hears.
#[derive(Debug)]
pub(super) enum Message {
    /// From the core.
    Command(PeerId, PeerCommand),
    /// From the sound.
    Sound(engine::Report),
    /// From the pictures.
    Device(Slot, SlotState),
    /// From the pictures.
    Picture(Slot, Turn),
    /// From the pictures.
    Undecodable(PeerId, Slot),
    /// From a connection.
    Order(PeerId, Slot, Order),
    /// From a connection: what is made for it cannot be sent yet, or can be from here on.
    Waits(PeerId, Slot, bool),
    /// From a connection: the share of what it sends that gets lost.
    Loss(PeerId, f32),
}

pub(super) type Reporter = Arc<dyn Fn(PeerId, Report) + Send + Sync>;

/// What a hub is.
pub(super) struct Hub {
    certificates: Certificates,
    engine: Engine,
    pictures: Arc<dyn Pictures>,
    report: Reporter,
    loopback: Loopback,
    roots: Vec<CertificateDer<'static>>,
    connections: BTreeMap<PeerId, Handle>,
    camera: Takers,
    screen: Takers,
    losses: BTreeMap<PeerId, f32>,
    tuned: f32,
}

impl Hub {
    pub(super) fn new(
        certificates: Certificates,
        engine: Engine,
        pictures: Box<dyn Pictures>,
        report: Reporter,
        loopback: Loopback,
        roots: Vec<CertificateDer<'static>>,
    ) -> Self {
        // In-band FEC costs quality on a clean path, so it starts with the first loss.
        engine.tune(bellwire_voice::codec::BITRATE, 0.0);
        Self {
            certificates,
            engine,
            pictures: Arc::from(pictures),
            report,
            loopback,
            roots,
            connections: BTreeMap::new(),
            camera: Takers::default(),
            screen: Takers::default(),
            losses: BTreeMap::new(),
            tuned: 0.0,
        }
    }

    /// Runs until the executor is dropped.
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        own: WeakQueue<Message>,
    ) {
        while let Some(message) = messages.recv().await {
            self.handle(message, &own);
        }
    }

    fn handle(&mut self, message: Message, own: &WeakQueue<Message>) {
        match message {
            Message::Command(peer, PeerCommand::Open { ice_servers, relay_only }) => {
                let Some(hub) = own.upgrade() else { return };
                let setup = Setup {
                    servers: ice_servers,
                    relay_only,
                    loopback: self.loopback,
                    roots: self.roots.clone(),
                };
                self.open(peer, setup, hub);
            }
            Message::Command(peer, PeerCommand::Send { slot, on, device }) => {
                self.send(peer, slot, on, device);
            }
            Message::Command(peer, PeerCommand::Close) => self.close(peer),
            Message::Command(peer, command) => {
                if let Some(connection) = self.connections.get(&peer) {
                    connection.tell(connection::Input::Command(command));
                }
            }
            Message::Sound(report) => self.on_sound(report),
            Message::Device(slot, state) => self.on_device(slot, &state),
            Message::Picture(slot, turn) => {
                let Some(takers) = self.takers(slot) else { return };
                let peers: Vec<PeerId> = takers.peers().collect();
                for connection in peers.iter().filter_map(|peer| self.connections.get(peer)) {
                    match &turn {
                        Turn::Picture(picture, _) => connection.picture(slot, Arc::clone(picture)),
                        Turn::LeftOut => connection.left_out(slot),
                    }
                }
            }
            Message::Undecodable(peer, slot) => {
                if let Some(connection) = self.connections.get(&peer) {
                    connection.tell(connection::Input::Undecodable(slot));
                }
            }
            Message::Order(peer, slot, order) => {
                let order = self.takers(slot).and_then(|takers| takers.order(peer, order));
                self.order(slot, order);
            }
            Message::Waits(peer, slot, on) => {
                let order = self.takers(slot).and_then(|takers| takers.wait(peer, on));
                self.order(slot, order);
            }
            Message::Loss(peer, loss) => {
                self.losses.insert(peer, loss);
                self.tune();
            }
        }
    }

    fn open(&mut self, peer: PeerId, setup: Setup, hub: Queue<Message>) {
        if self.connections.contains_key(&peer) {
            return;
        }
        let connection = Connection {
            id: peer,
            engine: self.engine.clone(),
            pictures: self.pictures.clone(),
            report: self.report.clone(),
            hub,
        };
        let handle = connection.start(self.certificates.take(), setup);
        self.engine.open(line(peer), handle.outlet());
        self.connections.insert(peer, handle);
    }

    fn send(&mut self, peer: PeerId, slot: Slot, on: bool, device: Option<String>) {
        if !self.connections.contains_key(&peer) {
            return;
        }
        match slot {
            Slot::Audio => self.engine.send(line(peer), on, device),
            // The sound of a screen comes and goes with the screen.
            Slot::ScreenAudio => {}
            Slot::Camera | Slot::Screen => {
                let Some(takers) = self.takers(slot) else { return };
                if on {
                    let (change, hold) = (takers.take(peer, device), takers.hold());
                    self.carry_out(peer, slot, change);
                    self.order(slot, hold);
                } else {
                    let (change, orders) = takers.leave(peer);
                    self.carry_out(peer, slot, Some(change));
                    self.order(slot, orders);
                }
            }
        }
    }

    fn carry_out(&mut self, peer: PeerId, slot: Slot, change: Option<Change>) {
        match change {
            None => {}
            Some(Change::Capture { device }) => {
                self.pictures.capture(slot, true, device.as_deref())
            }
            Some(Change::Stop) => {
                self.pictures.capture(slot, false, None);
                self.tell(peer, slot, SlotState::Off);
            }
            Some(Change::Tell(state)) => self.tell(peer, slot, state),
        }
    }

    /// What the encoder of a slot is to do from here on.
    fn order(&mut self, slot: Slot, orders: impl IntoIterator<Item = Order>) {
        for order in orders {
            self.pictures.order(slot, order);
        }
    }

    fn close(&mut self, peer: PeerId) {
        for slot in [Slot::Camera, Slot::Screen] {
            let Some(takers) = self.takers(slot) else { continue };
            let (change, orders) = takers.leave(peer);
            if change == Change::Stop {
                self.pictures.capture(slot, false, None);
            }
            self.order(slot, orders);
        }
        self.losses.remove(&peer);
        self.tune();
        self.engine.close(line(peer));
        self.pictures.close(peer);
        if let Some(connection) = self.connections.remove(&peer) {
            connection.tell(connection::Input::Command(PeerCommand::Close));
        }
    }

    fn on_sound(&mut self, report: engine::Report) {
        match report {
            engine::Report::Microphone { line, state } => {
                let peer = PeerId(u32::try_from(line.0).unwrap_or(u32::MAX));
                let state = match state {
                    MicrophoneState::Off => SlotState::Off,
                    MicrophoneState::Live { label } => SlotState::Live { label },
                    MicrophoneState::Unavailable { problem } => {
                        SlotState::Unavailable { problem: problem_of(problem) }
                    }
                };
                self.tell(peer, Slot::Audio, state);
            }
            engine::Report::Speaker(_) | engine::Report::DevicesChanged => {}
        }
    }

    fn on_device(&mut self, slot: Slot, state: &SlotState) {
        let Some(takers) = self.takers(slot) else { return };
        for peer in takers.on_state(state) {
            self.tell(peer, slot, state.clone());
        }
    }

    /// A slot of a peer changed its state.
    fn tell(&self, peer: PeerId, slot: Slot, state: SlotState) {
        let Some(connection) = self.connections.get(&peer) else { return };
        let live = matches!(state, SlotState::Live { .. });
        connection.tell(connection::Input::Sending(slot, live));
        (self.report)(peer, Report::Event(PeerEvent::Slot { slot, state }));
    }

    /// The encoder of the sound prepares for the worst path.
    fn tune(&mut self) {
        let worst = self.losses.values().copied().fold(0.0, f32::max);
        if (worst - self.tuned).abs() >= 0.01 || (worst == 0.0) != (self.tuned == 0.0) {
            self.tuned = worst;
            self.engine.tune(bellwire_voice::codec::BITRATE, worst);
        }
    }

    const fn takers(&mut self, slot: Slot) -> Option<&mut Takers> {
        match slot {
            Slot::Camera => Some(&mut self.camera),
            Slot::Screen => Some(&mut self.screen),
            Slot::Audio | Slot::ScreenAudio => None,
        }
    }
}

/// The line of a peer.
pub(super) const fn line(peer: PeerId) -> LineId {
    LineId(peer.0 as u64)
}

/// Why there is no microphone, in the core's words.
#[must_use]
pub const fn problem_of(problem: Problem) -> DeviceProblem {
    match problem {
        Problem::Denied => DeviceProblem::Denied,
        Problem::Missing => DeviceProblem::Missing,
        Problem::Busy => DeviceProblem::Busy,
        Problem::Unplugged => DeviceProblem::Unplugged,
        Problem::Hung => DeviceProblem::Hung,
        Problem::Other => DeviceProblem::Other,
    }
}
