//! Two executors with real sockets on loopback: sound from one end's source is heard at the other's,
//! pictures arrive, also after a time in which nobody took any, and the last word of a closed
//! connection does too.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among many")]

use std::sync::atomic::{AtomicU64, Ordering};
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

/// What an end shows before the test looks: more than a second of it.
const SHOWN: usize = 64;
/// What it reports before the test looks: more than one connection ever does.
const TOLD: usize = 1_024;

/// A camera: it makes what it is told to make, thirty pictures in each second of its own clock.
#[derive(Clone)]
struct Camera {
    studio: Studio,
    frames: Arc<AtomicU64>,
}

impl Camera {
    fn new(studio: Studio) -> Self {
        Self { studio, frames: Arc::default() }
    }

    fn key(&self) {
        self.frame(vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], 3_000);
    }

    fn delta(&self) {
        self.frame(vec![0x11, 0, 0], 500);
    }

    fn frame(&self, mut data: Vec<u8>, bytes: usize) {
        data.resize(bytes, 7);
        let captured_us = self.frames.fetch_add(1, Ordering::Relaxed) * 33_333;
        let picture = Picture::read(data, captured_us).expect("it looks like VP8");
        self.studio.picture(Slot::Camera, picture);
    }
}

/// A camera that answers every order for a key frame with one.
struct Stage {
    camera: Camera,
    shown: mpsc::Sender<Picture>,
}

impl Pictures for Stage {
    fn capture(&self, slot: Slot, on: bool, _: Option<&str>) {
        let state = if on { SlotState::Live { label: "stage".into() } } else { SlotState::Off };
        self.camera.studio.state(slot, state);
    }

    fn order(&self, _: Slot, order: Order) {
        if order == Order::Key {
            self.camera.key();
        }
    }

    fn show(&self, _: PeerId, _: Slot, picture: Picture) {
        // Nobody looks any more if this fails.
        let _ = self.shown.try_send(picture);
    }

    fn close(&self, _: PeerId) {}
}

struct End {
    peers: Peers,
    camera: Camera,
    events: mpsc::Receiver<PeerEvent>,
    shown: mpsc::Receiver<Picture>,
    energy: Arc<Mutex<f32>>,
    past: Vec<PeerEvent>,
}

impl End {
    fn new() -> Self {
        let (told, events) = mpsc::channel(TOLD);
        let (seen, shown) = mpsc::channel(SHOWN);
        let mut camera = None;
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
            |studio| {
                let made = camera.insert(Camera::new(studio));
                Stage { camera: made.clone(), shown: seen }
            },
            move |_, report| {
                if let Report::Event(event) = report {
                    // The test ended if this fails.
                    let _ = told.try_send(event);
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
        let camera = camera.expect("it was made");
        Self { peers, camera, events, shown, energy, past: Vec::new() }
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

    /// The other's tone, from here on.
    async fn hears(&self) {
        let energy = || *self.energy.lock().expect("nobody panicked");
        let before = energy();
        let loud = async {
            while energy() < before + 0.5 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, loud).await.expect("the other's tone is heard");
    }

    async fn sees(&mut self) -> Picture {
        let picture = tokio::time::timeout(PATIENCE, self.shown.recv()).await;
        picture.expect("a picture comes").expect("the executor lives")
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

/// Two ends that see and hear each other.
async fn in_a_call() -> (End, End) {
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
        assert!(end.sees().await.key, "a key frame is shown");
    }
    one.hears().await;
    other.hears().await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_executors_talk_over_real_sockets_and_say_goodbye() {
    let (one, mut other) = in_a_call().await;
    one.order(PeerCommand::Chat { data: "{\"bye\":true}".into() });
    one.order(PeerCommand::Close);
    let bye = PeerEvent::Chat { data: "{\"bye\":true}".into() };
    other.until("the last word", |event| *event == bye).await;
    other.until("the end", |event| *event == PeerEvent::ChannelsClosed).await;
}

/// On one thread: while the test does not wait, every task of both ends stands still.
#[tokio::test]
async fn what_tasks_that_stand_still_cannot_take_is_left_out_and_orders_and_sound_go_on() {
    let (one, mut other) = in_a_call().await;
    while other.shown.try_recv().is_ok() {}
    for _ in 0..10_000 {
        one.camera.delta();
    }
    one.order(PeerCommand::Chat { data: "{\"still\":true}".into() });
    let still = PeerEvent::Chat { data: "{\"still\":true}".into() };
    other.until("what was ordered meanwhile", |event| *event == still).await;
    let mut waited = 0;
    while !other.sees().await.key {
        waited += 1;
        assert!(waited <= 20, "only so many wait, and a key frame comes next");
    }
    one.camera.delta();
    assert!(!other.sees().await.key, "it goes on from there");
    other.hears().await;
    one.hears().await;
}
