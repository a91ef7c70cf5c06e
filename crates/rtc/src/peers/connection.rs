//! The task of one connection: what the peer asks for goes out, what arrives goes in.
#![expect(clippy::disallowed_methods, reason = "a driver: reads the clock for the pure peer")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwire_core::api::{PeerCommand, PeerEvent, PeerId, Slot};
use bellwire_voice::engine::{Engine, PlayoutClock, Stream};
use bellwire_voice::packet::Frame;
use str0m::config::DtlsCert;
use tokio::sync::mpsc;

use super::certificates::Coming;
use super::hub::{Message, Reporter, line};
use super::queue::{Queue, Turn, queue};
use super::{Pictures, Report};
use crate::network::{Network, NetworkEvent, Setup};
use crate::peer::{NoCertificate, Output, Peer};
use crate::pictures::Picture;
use crate::pictures::playout::Audible;

/// Frames of sound that may wait for a connection: 0.3 s. What comes above is dropped, since sound
/// that late is of no use.
const FRAMES: usize = 16;
/// How often figures are reported. Shorter jumps more, longer is older.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How often picture and sound are compared. Each moves by 10 ms in this time, at most; less costs
/// wake-ups.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// What a connection hears of its hub.
#[derive(Debug)]
pub(super) enum Input {
    Command(PeerCommand),
    Sending(Slot, bool),
    Picture(Slot, Turn),
    Undecodable(Slot),
}

/// The hub's end of a connection.
pub(super) struct Handle {
    inputs: Queue<Input>,
    frames: mpsc::Sender<Frame>,
}

impl Handle {
    pub(super) fn tell(&self, input: Input) {
        self.inputs.order(input);
    }

    pub(super) fn picture(&self, slot: Slot, picture: Arc<Picture>) {
        self.inputs.picture(slot, picture, Input::Picture);
    }

    /// A picture was left out before it came here.
    pub(super) fn left_out(&self, slot: Slot) {
        self.inputs.left_out(slot, Input::Picture);
    }

    /// Where the sound of this device goes.
    pub(super) fn outlet(&self) -> Box<dyn FnMut(Frame) + Send> {
        let frames = self.frames.clone();
        // Fails while the connection is stuck or gone: the frame would come too late.
        Box::new(move |frame| drop(frames.try_send(frame)))
    }
}

/// One connection, before it runs.
pub(super) struct Connection {
    pub(super) id: PeerId,
    pub(super) engine: Engine,
    pub(super) pictures: Arc<dyn Pictures>,
    pub(super) report: Reporter,
    pub(super) hub: Queue<Message>,
}

impl Connection {
    /// Runs until it is closed and has said its last word. A hub that is gone closes it too.
    pub(super) fn start(self, certificate: Coming, setup: Setup) -> Handle {
        let (inputs, heard) = queue();
        let (frames, sound) = mpsc::channel(FRAMES);
        tokio::spawn(self.prove(certificate, setup, heard, sound));
        Handle { inputs, frames }
    }

    /// Waits for the certificate; what is asked for waits in its queue meanwhile.
    async fn prove(
        self,
        coming: Coming,
        setup: Setup,
        inputs: mpsc::Receiver<Input>,
        frames: mpsc::Receiver<Frame>,
    ) {
        match coming.wait().await {
            Ok(certificate) => self.run(certificate, setup, inputs, frames).await,
            Err(NoCertificate) => self.refuse(inputs).await,
        }
    }

    /// Nothing can be exchanged, and the core is told so.
    async fn refuse(self, mut inputs: mpsc::Receiver<Input>) {
        while let Some(input) = inputs.recv().await {
            match input {
                Input::Command(
                    PeerCommand::Offer { operation, .. }
                    | PeerCommand::Answer { operation, .. }
                    | PeerCommand::Apply { operation, .. },
                ) => {
                    let message = NoCertificate.to_string();
                    self.report(Report::Event(PeerEvent::OperationFailed { operation, message }));
                }
                Input::Command(PeerCommand::Close) => return,
                Input::Command(
                    PeerCommand::Open { .. }
                    | PeerCommand::Configure { .. }
                    | PeerCommand::Send { .. }
                    | PeerCommand::AddCandidate { .. }
                    | PeerCommand::Spend { .. }
                    | PeerCommand::Control { .. }
                    | PeerCommand::Chat { .. },
                )
                | Input::Sending(..)
                | Input::Picture(..)
                | Input::Undecodable(_) => {}
            }
        }
    }

    async fn run(
        self,
        certificate: DtlsCert,
        setup: Setup,
        mut inputs: mpsc::Receiver<Input>,
        mut frames: mpsc::Receiver<Frame>,
    ) {
        let Setup { servers, relay_only, loopback, roots } = setup.clone();
        let mut peer = Peer::new(Instant::now(), certificate, servers, relay_only);
        let mut network = Network::open(setup);
        // `Open` asks for what was just opened.
        let mut opened = true;
        let mut left = false;
        let mut figures_at = Instant::now() + FIGURES_EVERY;
        let mut sync_at = Instant::now() + SYNC_EVERY;
        loop {
            // What is spoken waits for one of the others at most.
            while let Ok(frame) = frames.try_recv() {
                peer.handle_sound(Instant::now(), &frame);
            }
            while let Some(output) = peer.poll() {
                match output {
                    Output::Gather { .. } if opened => opened = false,
                    Output::Gather { servers, relay_only } => {
                        let roots = roots.clone();
                        network.restart(Setup { servers, relay_only, loopback, roots });
                    }
                    Output::Transmit(transmit) => network.send(&transmit),
                    Output::Sound { slot, packet, arrived } => {
                        let stream = match slot {
                            Slot::ScreenAudio => Stream::Screen,
                            Slot::Audio | Slot::Camera | Slot::Screen => Stream::Voice,
                        };
                        self.engine.receive(line(self.id), stream, packet, arrived);
                    }
                    Output::Picture { slot, picture } => self.pictures.show(self.id, slot, picture),
                    Output::Waits { slot, on } => {
                        self.tell(Message::Waits(self.id, slot, on));
                    }
                    Output::Order { slot, order } => {
                        self.tell(Message::Order(self.id, slot, order))
                    }
                    Output::Loss(loss) => self.tell(Message::Loss(self.id, loss)),
                    Output::Delay(least) => self.engine.delay(line(self.id), least),
                    Output::Event(event) => self.report(Report::Event(event)),
                }
            }
            let Some(deadline) = peer.deadline() else { return };
            let wake = tokio::time::sleep_until(deadline.min(figures_at).min(sync_at).into());
            // In any order: neither a far end nor a camera that never pauses keeps the others waiting.
            tokio::select! {
                Some(frame) = frames.recv() => peer.handle_sound(Instant::now(), &frame),
                input = inputs.recv(), if !left => {
                    left = input.is_none();
                    // The hub let go: the last words still leave.
                    let input = input.unwrap_or(Input::Command(PeerCommand::Close));
                    on_input(&mut peer, input);
                }
                event = network.next() => self.on_network(&mut peer, event),
                () = wake => {}
            }
            let now = Instant::now();
            if peer.deadline().is_some_and(|deadline| deadline <= now) {
                peer.handle_timeout(now);
            }
            if sync_at <= now {
                sync_at = now + SYNC_EVERY;
                let clock = self.engine.clock(line(self.id));
                peer.handle_audible(now, clock.map(audible));
            }
            if figures_at <= now {
                figures_at = now + FIGURES_EVERY;
                if let Some(figures) = peer.figures(now, |relayed| network.is_over_stream(relayed))
                {
                    self.report(Report::Figures(figures));
                }
            }
        }
    }

    fn on_network(&self, peer: &mut Peer, event: NetworkEvent) {
        match event {
            NetworkEvent::Datagram { received, protocol, source, destination, contents } => {
                peer.handle_datagram(received, protocol, source, destination, &contents);
            }
            NetworkEvent::Candidate(candidate) => peer.handle_candidate(Instant::now(), candidate),
            NetworkEvent::Gathered => peer.handle_gathered(),
            NetworkEvent::Gone(candidate) => peer.handle_gone(Instant::now(), &candidate),
            NetworkEvent::Changed => {}
            NetworkEvent::Trouble(trouble) => self.report(Report::Trouble(trouble)),
        }
    }

    fn report(&self, report: Report) {
        (self.report)(self.id, report);
    }

    fn tell(&self, message: Message) {
        self.hub.order(message);
    }
}

fn on_input(peer: &mut Peer, input: Input) {
    let now = Instant::now();
    match input {
        Input::Command(command) => peer.handle_command(now, command),
        Input::Sending(slot, on) => peer.handle_sending(now, slot, on),
        Input::Picture(slot, Turn::Picture(picture, _)) => {
            peer.handle_picture(now, slot, &picture);
        }
        Input::Picture(slot, Turn::LeftOut) => peer.handle_left_out(now, slot),
        Input::Undecodable(slot) => peer.handle_undecodable(now, slot),
    }
}

const fn audible(clock: PlayoutClock) -> Audible {
    let PlayoutClock { timestamp, at, waited, asked } = clock;
    Audible { timestamp, at, waited, asked }
}
