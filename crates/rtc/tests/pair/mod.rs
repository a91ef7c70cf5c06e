//! Two peers in virtual time, joined by an emulated network and a perfect signaling.
//!
//! Each has one address; what one says reaches the other after the signaling's delay, as the core
//! would pass it on: candidates wait for the description of their generation.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among many")]
#![allow(clippy::print_stderr, reason = "a failed run can be repeated with its seed")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bellwire_core::api::{PathState, PeerCommand, PeerEvent, Slot};
use bellwire_rtc::control::Order;
use bellwire_rtc::peer::{Output, Peer, certificate};
use bellwire_rtc::pictures::Picture;
use bellwire_voice::packet::{Frame, Packet};
use str0m::Candidate;
use str0m::net::Protocol;
use str0m_netem::{Input as NetInput, Netem, NetemConfig, Output as NetOutput, WithLen};

/// How long a description or candidate is on its way.
pub(crate) const SIGNALING: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) contents: Vec<u8>,
}

impl WithLen for Datagram {
    fn len(&self) -> usize {
        self.contents.len()
    }
}

/// One end.
pub(crate) struct End {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    pub(crate) events: Vec<(Duration, PeerEvent)>,
    pub(crate) sounds: Vec<(Duration, Slot, Packet)>,
    pub(crate) pictures: Vec<(Duration, Slot, Picture)>,
    pub(crate) orders: Vec<(Duration, Slot, Order)>,
    /// How long the voice is to wait.
    pub(crate) delays: Vec<(Duration, Duration)>,
    pub(crate) gathers: usize,
    pub(crate) sent: usize,
    /// Towards the other end.
    network: Netem<Datagram>,
    net_wake: Option<Instant>,
    signals: VecDeque<(Instant, Signal)>,
    held: Vec<(String, String, String)>,
    remote_ufrag: Option<String>,
}

#[derive(Debug, Clone)]
enum Signal {
    Offer(String),
    Answer(String),
    Candidate { ufrag: String, mid: String, candidate: String },
}

pub(crate) struct Pair {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) ends: [End; 2],
    pub(crate) operation: u32,
    /// Nothing passes, either way.
    pub(crate) blackhole: bool,
    /// A codec that the signaling takes out of every description, as if an end did not know it.
    pub(crate) refuse: Option<&'static str>,
    /// What becomes of every answer on its way; the answer itself follows.
    pub(crate) spoil: Vec<fn(&str) -> String>,
}

impl Pair {
    pub(crate) fn new(seed: u64, configure: impl Fn(NetemConfig) -> NetemConfig) -> Self {
        eprintln!("seed {seed}");
        #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
        let start = Instant::now();
        let end = |index: u8, seed: u64| {
            let address = SocketAddr::from(([10, 0, 0, index + 1], 5_000));
            let certificate = certificate().expect("aws-lc makes certificates");
            End {
                peer: Peer::new(start, certificate, Vec::new(), false),
                address,
                events: Vec::new(),
                sounds: Vec::new(),
                pictures: Vec::new(),
                orders: Vec::new(),
                delays: Vec::new(),
                gathers: 0,
                sent: 0,
                network: Netem::new(configure(NetemConfig::new().seed(seed))),
                net_wake: None,
                signals: VecDeque::new(),
                held: Vec::new(),
                remote_ufrag: None,
            }
        };
        Self {
            start,
            now: start,
            ends: [end(0, seed), end(1, seed ^ 0x9e37_79b9)],
            operation: 0,
            blackhole: false,
            refuse: None,
            spoil: Vec::new(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub(crate) fn set_network(&mut self, configure: impl Fn(NetemConfig) -> NetemConfig) {
        for end in &mut self.ends {
            end.network.set_config(configure(NetemConfig::new().seed(7)));
        }
    }

    pub(crate) fn command(&mut self, end: usize, command: PeerCommand) {
        self.ends[end].peer.handle_command(self.now, command);
        self.settle();
    }

    pub(crate) fn next_operation(&mut self) -> u32 {
        self.operation += 1;
        self.operation
    }

    /// Orders an offer, and lets the signaling answer it.
    pub(crate) fn offer(&mut self, end: usize, restart: bool) {
        let operation = self.next_operation();
        self.command(end, PeerCommand::Offer { operation, restart });
    }

    pub(crate) fn sound(&mut self, end: usize, timestamp: u32) {
        let now = self.now;
        let byte = (timestamp / 960) as u8;
        let frame = Frame { timestamp, payload: vec![byte; 80] };
        self.ends[end].peer.handle_sound(now, &frame);
        self.settle();
    }

    /// Sends one frame of a film that obeys orders for key frames, as an encoder would.
    pub(crate) fn film(&mut self, end: usize, frame: u32) {
        let now = self.now;
        let seen = &mut self.ends[end];
        let asked = seen.orders.iter().any(|(_, _, order)| *order == Order::Key);
        seen.orders.clear();
        let key = asked || frame == 0;
        let mut data = if key {
            vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]
        } else {
            vec![0x11, 0, 0]
        };
        data.resize(if key { 9_000 } else { 2_000 }, frame as u8);
        let picture = Picture::read(data, u64::from(frame) * 33_333).expect("it is a frame");
        seen.peer.handle_picture(now, Slot::Camera, &picture);
        self.settle();
    }

    pub(crate) fn move_address(&mut self, end: usize, address: SocketAddr) {
        let old = candidate(self.ends[end].address);
        let now = self.now;
        self.ends[end].peer.handle_gone(now, &old);
        self.ends[end].address = address;
        self.ends[end].peer.handle_candidate(now, candidate(address));
        self.settle();
    }

    pub(crate) fn settle(&mut self) {
        for index in 0..2 {
            while let Some(output) = self.ends[index].peer.poll() {
                self.perform(index, output);
            }
        }
    }

    fn perform(&mut self, index: usize, output: Output) {
        let now = self.now;
        let at = self.elapsed();
        let end = &mut self.ends[index];
        match output {
            Output::Gather { .. } => {
                end.gathers += 1;
                let address = end.address;
                end.peer.handle_candidate(now, candidate(address));
                end.peer.handle_gathered();
            }
            Output::Transmit(transmit) => {
                end.sent += transmit.contents.len();
                if self.blackhole || transmit.source != end.address {
                    return;
                }
                let datagram = Datagram {
                    source: transmit.source,
                    destination: transmit.destination,
                    contents: transmit.contents.to_vec(),
                };
                end.network.handle_input(NetInput::Packet(now, datagram));
                self.deliver(index);
            }
            Output::Sound { slot, packet, .. } => end.sounds.push((at, slot, packet)),
            Output::Picture { slot, picture } => end.pictures.push((at, slot, picture)),
            // The camera here works for nothing while it waits.
            Output::Waits { .. } => {}
            Output::Order { slot, order } => end.orders.push((at, slot, order)),
            Output::Event(event) => {
                end.events.push((at, event.clone()));
                self.signal(index, event);
            }
            Output::Delay(least) => end.delays.push((at, least)),
            Output::Loss(_) => {}
        }
    }

    fn signal(&mut self, index: usize, event: PeerEvent) {
        let arrives = self.now + SIGNALING;
        let signal = match event {
            PeerEvent::Described { sdp, .. } if sdp.contains("a=setup:actpass") => {
                Signal::Offer(without_codec(&without_candidates(&sdp), self.refuse))
            }
            PeerEvent::Described { sdp, .. } => Signal::Answer(without_candidates(&sdp)),
            PeerEvent::Candidate { ufrag, mid, candidate } => {
                Signal::Candidate { ufrag, mid, candidate }
            }
            _ => return,
        };
        self.ends[1 - index].signals.push_back((arrives, signal));
    }

    fn on_signal(&mut self, index: usize, signal: Signal) {
        match signal {
            Signal::Offer(sdp) => {
                self.ends[index].remote_ufrag = ufrag(&sdp);
                let operation = self.next_operation();
                self.command(index, PeerCommand::Answer { operation, sdp });
                self.release(index);
            }
            Signal::Answer(sdp) => {
                self.ends[index].remote_ufrag = ufrag(&sdp);
                for spoil in self.spoil.clone() {
                    let (operation, spoiled) = (self.next_operation(), spoil(&sdp));
                    assert_ne!(spoiled, sdp, "it differs from the answer");
                    self.command(index, PeerCommand::Apply { operation, sdp: spoiled });
                }
                let operation = self.next_operation();
                self.command(index, PeerCommand::Apply { operation, sdp });
                self.release(index);
            }
            Signal::Candidate { ufrag, mid, candidate } => {
                self.ends[index].held.push((ufrag, mid, candidate));
                self.release(index);
            }
        }
    }

    fn release(&mut self, index: usize) {
        let present = self.ends[index].remote_ufrag.clone();
        let held = std::mem::take(&mut self.ends[index].held);
        for (ufrag, mid, candidate) in held {
            if Some(&ufrag) == present.as_ref() {
                self.command(index, PeerCommand::AddCandidate { ufrag, mid, candidate });
            } else {
                self.ends[index].held.push((ufrag, mid, candidate));
            }
        }
    }

    fn deliver(&mut self, index: usize) {
        while let Some(output) = self.ends[index].network.poll_output() {
            match output {
                NetOutput::Timeout(at) => {
                    self.ends[index].net_wake = Some(at);
                    return;
                }
                NetOutput::Packet(datagram) => self.arrive(1 - index, &datagram),
            }
        }
        self.ends[index].net_wake = None;
    }

    fn arrive(&mut self, index: usize, datagram: &Datagram) {
        let now = self.now;
        let end = &mut self.ends[index];
        if datagram.destination == end.address && !self.blackhole {
            end.peer.handle_datagram(
                now,
                Protocol::Udp,
                datagram.source,
                datagram.destination,
                &datagram.contents,
            );
            self.settle();
        }
    }

    /// Goes to the next thing that happens, but not beyond `until`.
    fn step(&mut self, until: Instant) {
        let mut next = until;
        for end in &self.ends {
            next = end.peer.deadline().map_or(next, |at| next.min(at));
            next = end.net_wake.map_or(next, |at| next.min(at));
            next = end.signals.front().map_or(next, |(at, _)| next.min(*at));
        }
        self.now = next.max(self.now);
        for index in 0..2 {
            if self.ends[index].net_wake.is_some_and(|at| at <= self.now) {
                let now = self.now;
                self.ends[index].network.handle_input(NetInput::Timeout(now));
                self.deliver(index);
            }
            while self.ends[index].signals.front().is_some_and(|(at, _)| *at <= self.now) {
                if let Some((_, signal)) = self.ends[index].signals.pop_front() {
                    self.on_signal(index, signal);
                }
            }
            if self.ends[index].peer.deadline().is_some_and(|at| at <= self.now) {
                let now = self.now;
                self.ends[index].peer.handle_timeout(now);
            }
            self.settle();
        }
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        self.settle();
        let mut idle = 0;
        while self.now < until {
            let before = self.now;
            self.step(until);
            idle = if self.now == before { idle + 1 } else { 0 };
            assert!(idle < 10_000, "time stands still: somebody is always due");
        }
    }

    /// Runs until it is so, and says how long that took.
    pub(crate) fn until(
        &mut self,
        limit: Duration,
        what: &str,
        condition: impl Fn(&Self) -> bool,
    ) -> Duration {
        let begin = self.now;
        while !condition(self) {
            assert!(self.now - begin < limit, "{what} within {limit:?}; {:?}", self.story());
            let until = self.now + Duration::from_millis(5);
            self.run(until - self.now);
        }
        self.now - begin
    }

    pub(crate) fn is_connected(&self, end: usize) -> bool {
        self.ends[end].path() == Some(PathState::Connected) && self.ends[end].has_channels()
    }

    /// Both are connected with channels.
    pub(crate) fn connect(&mut self) -> Duration {
        self.offer(0, false);
        self.until(Duration::from_secs(20), "connected", |pair| {
            pair.is_connected(0) && pair.is_connected(1)
        })
    }

    pub(crate) fn story(&self) -> Vec<(Duration, usize, String)> {
        let mut story = Vec::new();
        for (index, end) in self.ends.iter().enumerate() {
            for (at, event) in &end.events {
                let event = format!("{event:?}");
                story.push((*at, index, event.chars().take(120).collect()));
            }
        }
        story.sort();
        story
    }
}

impl End {
    pub(crate) fn path(&self) -> Option<PathState> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            PeerEvent::Path { state } => Some(*state),
            _ => None,
        })
    }

    pub(crate) fn has_channels(&self) -> bool {
        self.events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                PeerEvent::ChannelsOpen => Some(true),
                PeerEvent::ChannelsClosed => Some(false),
                _ => None,
            })
            .unwrap_or(false)
    }

    pub(crate) fn heard(&self) -> Vec<u32> {
        let mut heard: Vec<u32> = Vec::new();
        for (_, _, packet) in &self.sounds {
            if !heard.contains(&packet.timestamp) {
                heard.push(packet.timestamp);
            }
        }
        heard
    }
}

pub(crate) fn candidate(address: SocketAddr) -> Candidate {
    Candidate::host(address, "udp").expect("an address is a candidate")
}

pub(crate) fn without_candidates(sdp: &str) -> String {
    sdp.lines()
        .filter(|line| !line.starts_with("a=candidate") && !line.starts_with("a=end-of-candidates"))
        .map(|line| format!("{line}\r\n"))
        .collect()
}

fn ufrag(sdp: &str) -> Option<String> {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::to_owned)
}

/// Renames a codec into one that nobody knows.
fn without_codec(sdp: &str, codec: Option<&str>) -> String {
    let Some(codec) = codec else { return sdp.to_owned() };
    sdp.replace(&format!(" {codec}/"), " unheard-of/")
}
