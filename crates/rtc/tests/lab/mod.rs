//! A film, its encoder and its controller, sent by one real `Rtc` to another over an emulated path,
//! in virtual time.
//!
//! ```text
//! camera ► encoder ► packets ► Rtc ► bottleneck ► delay, loss ► Rtc ► Assembly
//!             ▲ orders          │ state of the path, every 100 ms     │
//!             └──── Controller ◄┴──────────── wishes for key frames ◄─┘
//! ```

#![allow(dead_code, unused_imports, reason = "each binary uses its part")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a lab looks for few of many events")]

mod encoder;
mod film;
mod path;
pub(crate) mod scenes;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwire_rtc::control::{Content, Controller, Observation, Order};
use bellwire_rtc::pictures::assembly::{Assembly, Packet};
use bellwire_rtc::pictures::keys::Keys;
use bellwire_rtc::pictures::vp8::{PAYLOAD_BYTES, Packetizer};
use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

pub(crate) use encoder::Encoder;
pub(crate) use film::{Film, Sample, Shown, percentile};
pub(crate) use path::{Path, Route};

/// What one sound packet carries, every 20 ms: 32 kbit/s of Opus.
const SOUND_BYTES: usize = 80;
/// What a datagram adds to a payload: IP, UDP, RTP with its extensions, and the SRTP tag.
const HEADERS: usize = 20 + 8 + 12 + 16 + 10;
/// What sound takes with its headers, in bit/s.
pub(crate) const SOUND: u32 = 50_000;
const SOUND_EVERY: Duration = Duration::from_millis(20);
const FRAME_EVERY: Duration = Duration::from_micros(33_333);
/// As the peer sets it.
const START: Bitrate = Bitrate::kbps(1_000);

struct End {
    rtc: Rtc,
    address: SocketAddr,
    wake: Instant,
}

/// How the other side asks for key frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// As our own receiving side.
    Promptly,
    /// Never: a far end whose request is lost or late.
    Never,
}

/// Two ends and everything between and around them.
pub(crate) struct Lab {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    ends: [End; 2],
    /// From the sender to the receiver, and back.
    routes: [Route; 2],
    pub(crate) controller: Controller,
    encoder: Encoder,
    packetizer: Packetizer,
    audio: Mid,
    video: Mid,
    audio_pt: Pt,
    video_pt: Pt,
    next_sound: Instant,
    next_frame: Instant,
    video_sequence: u64,
    audio_sequence: u64,
    held: bool,
    connected: bool,
    started: bool,
    desired: u64,
    resent_share: f32,
    assembly: Assembly,
    keys: Keys,
    asks: Asks,
    pub(crate) film: Film,
    pending: VecDeque<Observation>,
}

impl Lab {
    pub(crate) fn new(seed: u64, content: Content, path: Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
        let start = Instant::now();
        let end = |index: u8| {
            let address = SocketAddr::from(([10, 0, 0, index], 5_000));
            let mut rtc = Rtc::builder()
                .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
                .clear_codecs()
                .enable_opus(true, true)
                .enable_vp8(true)
                .set_rtp_mode(true)
                .enable_bwe(Some(START))
                .set_stats_interval(Some(Duration::from_millis(100)))
                .build(start);
            rtc.add_local_candidate(Candidate::host(address, "udp").expect("a host candidate"));
            End { rtc, address, wake: start }
        };
        let mut ends = [end(1), end(2)];
        let mut api = ends[0].rtc.sdp_api();
        let audio = api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let video = api.add_media(MediaKind::Video, Direction::SendRecv, None, None, None);
        let (offer, pending) = api.apply().expect("two lines to offer");
        let offer = SdpOffer::from_sdp_string(&offer.to_sdp_string()).expect("own words");
        let answer = ends[1].rtc.sdp_api().accept_offer(offer).expect("an answer");
        ends[0].rtc.sdp_api().accept_answer(pending, answer).expect("accepted");
        let pt = |rtc: &Rtc, codec| {
            let known = rtc.codec_config().params().iter().find(|it| it.spec().codec == codec);
            known.expect("the codec is known").pt()
        };
        let (audio_pt, video_pt) = (pt(&ends[0].rtc, Codec::Opus), pt(&ends[0].rtc, Codec::Vp8));
        let controller = Controller::new(start, content);
        let resent_share = controller.resent_share();
        let mut keys = Keys::new();
        keys.handle_sent(true);
        keys.set_round_trip(path.delay * 2);
        let mut assembly = Assembly::new();
        assembly.set_round_trip(path.delay * 2);
        Self {
            start,
            now: start,
            ends,
            routes: [Route::new(seed, path), Route::new(seed ^ 0x9e37, path.back())],
            controller,
            encoder: Encoder::new(seed, 1_280, 720),
            packetizer: Packetizer::new(7),
            audio,
            video,
            audio_pt,
            video_pt,
            next_sound: start,
            next_frame: start,
            video_sequence: 1_000,
            audio_sequence: 1_000,
            held: false,
            connected: false,
            started: false,
            desired: 0,
            resent_share,
            assembly,
            keys,
            asks: Asks::Promptly,
            film: Film::default(),
            pending: VecDeque::new(),
        }
    }

    pub(crate) const fn asks(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self
    }

    pub(crate) fn at(&self) -> Duration {
        self.now - self.start
    }

    pub(crate) fn set_path(&mut self, path: Path) {
        self.routes[0].set(path);
        self.routes[1].set(path.back());
    }

    /// Nothing passes, either way.
    pub(crate) const fn set_blackout(&mut self, on: bool) {
        self.routes[0].blackout = on;
        self.routes[1].blackout = on;
    }

    /// Goes on for a while.
    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        let mut still = 0_u32;
        self.drain(0);
        self.drain(1);
        while self.now < until {
            let before = self.now;
            self.step(until);
            still = if self.now == before { still + 1 } else { 0 };
            assert!(still < 20_000, "time stands still at {:?}", self.at());
        }
    }

    fn step(&mut self, until: Instant) {
        let mut next = until.min(self.next_sound).min(self.next_frame);
        next = next.min(self.ends[0].wake).min(self.ends[1].wake);
        for at in [
            self.routes[0].wake(),
            self.routes[1].wake(),
            self.controller.deadline(),
            self.encoder.deadline(),
            self.keys.deadline().filter(|_| self.asks == Asks::Promptly),
            self.assembly.deadline(),
        ] {
            next = at.map_or(next, |at| next.min(at));
        }
        self.now = next.max(self.now);
        let now = self.now;
        for index in 0..2 {
            self.routes[index].handle_timeout(now);
            self.deliver(index);
            if self.ends[index].wake <= now {
                self.ends[index].rtc.handle_input(Input::Timeout(now)).expect("time passes");
                self.drain(index);
            }
        }
        if self.controller.deadline().is_some_and(|at| at <= now) {
            self.controller.handle_timeout(now);
            self.obey();
        }
        if self.next_sound <= now {
            self.next_sound += SOUND_EVERY;
            self.send_sound();
        }
        if self.next_frame <= now {
            self.next_frame += FRAME_EVERY;
            if self.started && !self.held {
                self.encoder.capture(now);
            }
        }
        while let Some(frame) = self.encoder.poll(now) {
            self.send_frame(&frame);
        }
        self.receive_pictures();
    }

    fn send_sound(&mut self) {
        if !self.connected {
            return;
        }
        let now = self.now;
        let timestamp = (now - self.start).as_micros() as u32 / 125 * 6;
        let sequence = self.audio_sequence;
        self.audio_sequence += 1;
        let mut api = self.ends[0].rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.audio, None).expect("a stream for sound");
        let payload = vec![1_u8; SOUND_BYTES];
        stream.write_rtp(RtpWrite::new(self.audio_pt, sequence.into(), timestamp, now, payload));
        self.ends[0].rtc.handle_input(Input::Timeout(now)).expect("time passes");
        self.drain(0);
    }

    fn send_frame(&mut self, frame: &encoder::Encoded) {
        let now = self.now;
        let timestamp = ((frame.captured - self.start).as_micros() * 9 / 100) as u32;
        for payload in self.packetizer.packetize(&frame.data, PAYLOAD_BYTES) {
            let sequence = self.video_sequence;
            self.video_sequence += 1;
            let mut api = self.ends[0].rtc.direct_api();
            let stream = api.stream_tx_by_mid(self.video, None).expect("a stream for pictures");
            stream.write_rtp(
                RtpWrite::new(self.video_pt, sequence.into(), timestamp, now, payload.bytes)
                    .marker(payload.marker)
                    .nackable(true),
            );
        }
        self.ends[0].rtc.handle_input(Input::Timeout(now)).expect("time passes");
        self.drain(0);
        let at = self.at();
        self.film.made(at, frame.data.len(), frame.key);
        let (bytes, key) = (frame.data.len(), frame.key);
        let (width, height) = (frame.width, frame.height);
        let observation = Observation::Frame { bytes, key, width, height };
        self.controller.handle(now, observation);
        self.obey();
    }

    /// Carries out what the controller orders.
    fn obey(&mut self) {
        let at = self.at();
        while let Some(order) = self.controller.poll() {
            self.film.ordered(at, order);
            match order {
                Order::Bitrate(bitrate) => self.encoder.bitrate(bitrate),
                Order::Size { width, height } => self.encoder.size(width, height),
                Order::FrameRate(rate) => self.encoder.frame_rate(rate),
                Order::Hold(hold) => self.held = hold,
                Order::Key => self.encoder.key(),
            }
        }
        let desired = self.controller.desired();
        if desired != self.desired {
            self.desired = desired;
            self.ends[0].rtc.bwe().set_bitrate(Bitrate::ZERO, desired.into());
        }
        let share = self.controller.resent_share();
        if share != self.resent_share {
            self.resent_share = share;
            let mut api = self.ends[0].rtc.direct_api();
            let stream = api.stream_tx_by_mid(self.video, None).expect("a stream for pictures");
            stream.set_rtx_cache(1_024, Duration::from_secs(3), Some(share));
            self.film.resent_shares.push((at, share));
        }
    }

    fn drain(&mut self, index: usize) {
        loop {
            match self.ends[index].rtc.poll_output().expect("the connection lives") {
                Output::Timeout(at) => {
                    self.ends[index].wake = at;
                    break;
                }
                Output::Transmit(transmit) => {
                    self.routes[index].send(self.now, &transmit);
                    self.deliver(index);
                }
                Output::Event(event) => self.on_event(index, event),
            }
        }
        while let Some(observation) = self.pending.pop_front() {
            self.controller.handle(self.now, observation);
            self.obey();
        }
    }

    fn deliver(&mut self, index: usize) {
        let now = self.now;
        while let Some(datagram) = self.routes[index].poll() {
            let to = &mut self.ends[1 - index];
            let contents = datagram.contents.as_slice();
            let receive =
                Receive::new(Protocol::Udp, datagram.source, datagram.destination, contents)
                    .expect("a datagram of the other end");
            to.rtc.handle_input(Input::Receive(now, receive)).expect("taken");
            self.drain(1 - index);
        }
    }

    fn on_event(&mut self, index: usize, event: Event) {
        match event {
            Event::Connected if index == 0 => {
                self.connected = true;
                if !self.started {
                    self.started = true;
                    self.controller.start(self.now);
                    self.obey();
                }
            }
            Event::KeyframeRequest(_) if index == 0 => {
                self.pending.push_back(Observation::KeyRequested);
            }
            Event::PeerStats(stats) if index == 0 && self.connected => {
                let now = self.now;
                let queue = self.pacer_age();
                let estimate = stats.bwe_tx.map(|it| it.as_u64());
                let loss = stats.egress_loss_fraction.unwrap_or(0.0);
                let network = self.routes[0].take_delay();
                self.film.sampled(Sample {
                    at: now - self.start,
                    estimate: estimate.unwrap_or(0),
                    queue,
                    network,
                    loss,
                    round_trip: stats.rtt.unwrap_or_default(),
                    through: self.routes[0].through,
                    desired: self.desired,
                    held: self.held,
                });
                self.pending.push_back(Observation::Path {
                    estimate,
                    queue,
                    loss,
                    round_trip: stats.rtt,
                    sound: SOUND,
                });
            }
            Event::RtpPacket(packet) if index == 1 => {
                let source = *packet.header.ssrc;
                let bytes = packet.payload.len() + HEADERS;
                self.film.media.push((self.now - self.start, bytes));
                let ssrc = packet.header.ssrc;
                let mid = self.ends[1].rtc.direct_api().stream_rx(&ssrc).map(|it| it.mid());
                if mid == Some(self.video) {
                    self.assembly.handle(Packet {
                        source,
                        sequence: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        marker: packet.header.marker,
                        payload: packet.payload.as_ref().into(),
                        received: self.now,
                    });
                } else if mid == Some(self.audio) {
                    self.film.heard += 1;
                }
            }
            _ => {}
        }
    }

    fn receive_pictures(&mut self) {
        let now = self.now;
        while let Some(frame) = self.assembly.poll(now) {
            if frame.picture.key {
                self.keys.handle_key();
            }
            let captured = Duration::from_micros((frame.timestamp & 0xffff_ffff) * 100 / 9);
            self.film.shown(Shown {
                at: now - self.start,
                captured,
                key: frame.picture.key,
                bytes: frame.picture.data.len(),
                width: frame.picture.width,
            });
        }
        self.keys.handle_stream(self.assembly.wants_key(now));
        if self.asks == Asks::Promptly && self.keys.poll(now).is_some() {
            let mut api = self.ends[1].rtc.direct_api();
            if let Some(stream) = api.stream_rx_by_mid(self.video, None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                self.film.asked.push(now - self.start);
                self.ends[1].rtc.handle_input(Input::Timeout(now)).expect("time passes");
                self.drain(1);
            }
        }
    }

    fn pacer_age(&mut self) -> Duration {
        let now = self.now;
        let mut api = self.ends[0].rtc.direct_api();
        api.stream_tx_by_mid(self.video, None)
            .and_then(|stream| stream.queue_info()?.first_unsent())
            .map_or(Duration::ZERO, |first| now.saturating_duration_since(first))
    }
}
