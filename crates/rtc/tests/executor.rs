//! Two executors with real sockets on loopback: sound from one end's source is heard at the other's,
//! pictures arrive, and the last word of a closed connection does too.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among many")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwire_core::api::{PathState, PeerCommand, PeerEvent, PeerId, Slot, SlotState};
use bellwire_rtc::control::Order;
use bellwire_rtc::network::Loopback;
use bellwire_rtc::peers::{Options, Peers, Pictures, Report, Studio};
use bellwire_rtc::pictures::Picture;
use bellwire_voice::engine::{Input, Options as Sound, Output, SampleSource};
use tokio::sync::mpsc;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const PEER: PeerId = PeerId(1);

/// A tone of 440 Hz.
struct Tone(u32);

impl SampleSource for Tone {
    fn label(&self) -> String {
        "tone".into()
    }

    fn fill(&mut self, block: &mut [f32; 480]) -> bool {
        for sample in block {
            *sample = 0.3 * (self.0 as f32 * 440.0 * std::f32::consts::TAU / 48_000.0).sin();
            self.0 = (self.0 + 1) % 48_000;
        }
        true
    }
}

/// A camera that answers every order for a key frame with one.
struct Stage {
    studio: Studio,
    shown: mpsc::UnboundedSender<Picture>,
}

impl Pictures for Stage {
    fn capture(&self, slot: Slot, on: bool, _: Option<&str>) {
        let state = if on { SlotState::Live { label: "stage".into() } } else { SlotState::Off };
        self.studio.state(slot, state);
    }

    fn order(&self, slot: Slot, order: Order) {
        if order == Order::Key {
            let head = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
            let data = head.into_iter().chain([7; 3_000]).collect();
            let picture = Picture::read(data, 1).expect("it is a key frame");
            self.studio.picture(slot, picture);
        }
    }

    fn show(&self, _: PeerId, _: Slot, picture: Picture) {
        // Nobody looks any more if this fails.
        let _ = self.shown.send(picture);
    }

    fn close(&self, _: PeerId) {}
}

struct End {
    peers: Peers,
    events: mpsc::UnboundedReceiver<PeerEvent>,
    shown: mpsc::UnboundedReceiver<Picture>,
    energy: Arc<Mutex<f32>>,
    past: Vec<PeerEvent>,
}

impl End {
    fn new() -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let (seen, shown) = mpsc::unbounded_channel();
        let options = Options {
            sound: Sound {
                input: Input::Samples(Box::new(Tone(0))),
                output: Output::Nowhere,
                processing: false,
            },
            loopback: Loopback::Only,
            roots: Vec::new(),
        };
        let peers = Peers::start(
            options,
            move |studio| Stage { studio, shown: seen },
            move |_, report| {
                if let Report::Event(event) = report {
                    // The test ended if this fails.
                    let _ = told.send(event);
                }
            },
        )
        .expect("an executor needs no device");
        let energy = Arc::new(Mutex::new(0.0));
        let heard = energy.clone();
        peers.engine().record(Some(Box::new(move |block| {
            let sum: f32 = block.iter().map(|sample| sample * sample).sum();
            *heard.lock().expect("nobody panicked") += sum / 480.0;
        })));
        peers.carry_out(PEER, PeerCommand::Open { ice_servers: Vec::new(), relay_only: false });
        Self { peers, events, shown, energy, past: Vec::new() }
    }

    fn order(&self, command: PeerCommand) {
        self.peers.carry_out(PEER, command);
    }

    async fn until(&mut self, what: &str, is: impl Fn(&PeerEvent) -> bool) -> PeerEvent {
        if let Some(event) = self.past.iter().find(|event| is(event)) {
            return event.clone();
        }
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
            let event = event.unwrap_or_else(|_| panic!("never {what}: {:?}", self.past));
            let event = event.expect("the executor lives");
            self.past.push(event.clone());
            if is(&event) {
                return event;
            }
        }
    }

    async fn described(&mut self) -> String {
        match self.until("described", |e| matches!(e, PeerEvent::Described { .. })).await {
            PeerEvent::Described { sdp, .. } => sdp,
            other => panic!("{other:?} is no description"),
        }
    }

    fn candidates(&self) -> Vec<PeerCommand> {
        let all = self.past.iter().filter_map(|event| match event.clone() {
            PeerEvent::Candidate { ufrag, mid, candidate } => {
                Some(PeerCommand::AddCandidate { ufrag, mid, candidate })
            }
            _ => None,
        });
        all.collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_executors_talk_over_real_sockets_and_say_goodbye() {
    let (mut one, mut other) = (End::new(), End::new());
    for end in [&one, &other] {
        end.order(PeerCommand::Send { slot: Slot::Audio, on: true, device: None });
        end.order(PeerCommand::Send { slot: Slot::Camera, on: true, device: None });
    }
    one.order(PeerCommand::Offer { operation: 1, restart: false });
    let offer = one.described().await;
    other.order(PeerCommand::Answer { operation: 2, sdp: offer });
    let answer = other.described().await;
    one.order(PeerCommand::Apply { operation: 3, sdp: answer });
    one.until("applied", |event| *event == PeerEvent::Applied { operation: 3 }).await;
    for end in [&mut one, &mut other] {
        let last = |e: &PeerEvent| matches!(e, PeerEvent::Candidate { candidate, .. } if candidate.is_empty());
        end.until("gathered", last).await;
    }
    for candidate in one.candidates() {
        other.order(candidate);
    }
    for candidate in other.candidates() {
        one.order(candidate);
    }
    for end in [&mut one, &mut other] {
        let connected = PeerEvent::Path { state: PathState::Connected };
        end.until("a path", |event| *event == connected).await;
        end.until("channels", |event| *event == PeerEvent::ChannelsOpen).await;
        let live = |e: &PeerEvent| matches!(e, PeerEvent::Slot { slot: Slot::Audio, state: SlotState::Live { label } } if label == "tone");
        end.until("the tone as microphone", live).await;
        let picture = tokio::time::timeout(PATIENCE, end.shown.recv()).await;
        assert!(picture.expect("a picture comes").is_some_and(|p| p.key), "a key frame is shown");
    }
    let loud = async {
        while [&one, &other].iter().any(|end| *end.energy.lock().expect("nobody panicked") < 0.5) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, loud).await.expect("both hear the other's tone");

    one.order(PeerCommand::Chat { data: "{\"bye\":true}".into() });
    one.order(PeerCommand::Close);
    let bye = PeerEvent::Chat { data: "{\"bye\":true}".into() };
    other.until("the last word", |event| *event == bye).await;
    other.until("the end", |event| *event == PeerEvent::ChannelsClosed).await;
}
