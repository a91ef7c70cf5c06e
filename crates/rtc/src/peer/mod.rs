//! One peer connection: str0m's [`Rtc`] with the slots, channels and words of
//! [`bellwire_core::api`]. Reads no clock and opens no socket.
//!
//! After every `handle_*` drain [`Peer::poll`], and call [`Peer::handle_timeout`] when
//! [`Peer::deadline`] has come. The life of a connection:
//!
//! ```text
//! Open ──► Gather ──Offer / Answer──► Described ──► candidates both ways ──► Path connected
//!                                                       ▲ Offer { restart }        │
//!                                                       └──────────────────────────┘
//! Close ──► 150 ms in which the last message on `chat` leaves ──► over
//! ```
//! A connection on which nothing was negotiated yet is thrown away and made anew where an own offer
//! has to be taken back; one that was negotiated takes an own offer back by forgetting it.

mod channels;
mod description;
mod operations;
mod path;
mod picture;
mod slots;
mod sound;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bellwire_core::api::{DeviceProblem, PathState, PeerCommand, PeerEvent, Slot, SlotState};
use bellwire_protocol::IceServer;
use bellwire_voice::packet::{Frame, Packet};
use str0m::bwe::Bitrate;
use str0m::change::SdpPendingOffer;
use str0m::config::{DtlsCert, DtlsVersion};
use str0m::media::{KeyframeRequestKind, Mid, SenderFeedback};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::RtpPacket;
use str0m::stats::{MediaIngressStats, PeerStats};
use str0m::{Candidate, CandidateKind, Event, Input, Output as RtcOutput, Rtc};

use crate::control::{Content, Observation, Order};
use crate::figures::{Figures, Reader, Seen, route};
use crate::pictures::Picture;
use crate::pictures::assembly;
use crate::pictures::incoming::{Incoming, Output as Shown};
use crate::pictures::playout::{Audible, Report};
use channels::Channels;
use path::Path;
use slots::{Agreed, Slots};
pub use sound::unwrap_red;

/// Where the estimate of the path starts. Lower delays the first picture, higher can flood a path
/// narrower than this for the second that the estimator needs to notice.
const START: Bitrate = Bitrate::kbps(1_000);
/// How often the state of the path is looked at. Longer reacts later to a path that narrows;
/// shorter costs a walk over all streams each time.
const STATS_EVERY: Duration = Duration::from_millis(100);
/// How long a connection outlives its call, silent, so that the last message on `chat` ("I leave")
/// reaches a peer that the relay does not reach. Closing at once drops what SCTP has queued.
const FAREWELL: Duration = Duration::from_millis(150);
/// By how much the delay of the sound has to change to be told. Less tells what nobody hears.
const DELAY_STEP: Duration = Duration::from_millis(4);
/// Remote candidates that are added to one connection. More cost a check each, for every local one.
const REMOTE_CANDIDATES: usize = 64;

/// What a connection asks of its driver.
#[derive(Debug)]
pub enum Output {
    /// For the core.
    Event(PeerEvent),
    /// Send this datagram.
    Transmit(Transmit),
    /// Gather candidates with these servers; say every candidate again.
    Gather {
        /// STUN and TURN servers.
        servers: Vec<IceServer>,
        /// Use TURN only.
        relay_only: bool,
    },
    /// Sound arrived on `audio` or `screenAudio`.
    Sound {
        /// Where.
        slot: Slot,
        /// What.
        packet: Packet,
        /// When its datagram arrived.
        arrived: Instant,
    },
    /// A picture that arrived on `camera` or `screen` is due.
    Picture {
        /// Where.
        slot: Slot,
        /// What.
        picture: Picture,
    },
    /// What the encoder of a slot should do about the path.
    Order {
        /// Which slot.
        slot: Slot,
        /// What.
        order: Order,
    },
    /// The share of lost packets that the encoder of the sound should prepare for.
    Loss(f32),
    /// How long the sound on `audio` should wait at least, for the picture that belongs to it.
    Delay(Duration),
}

/// One peer connection.
pub struct Peer {
    rtc: Rtc,
    certificate: DtlsCert,
    out: VecDeque<Output>,
    wake: Instant,
    /// The last moment that was told.
    seen: Instant,
    slots: Slots,
    channels: Channels,
    path: Path,
    /// The own offer that waits for its answer.
    pending: Option<Pending>,
    /// An exchange was completed.
    settled: bool,
    /// Live local candidates.
    local: Vec<Candidate>,
    /// Kinds and addresses of remote candidates, for the figures.
    remote: Vec<(SocketAddr, CandidateKind)>,
    /// The generation whose candidates are said; none before the first description.
    said: Option<String>,
    gathered: bool,
    servers: Vec<IceServer>,
    relay_only: bool,
    /// `Configure` came, and no restart since.
    reconfigured: bool,
    audio: sound::Outgoing,
    sends_audio: bool,
    camera: Pictures,
    screen: Pictures,
    desired: u64,
    stats: Option<PeerStats>,
    /// Of the sound that arrives, in ms.
    jitter: f64,
    /// How long it was told to wait.
    delay: Duration,
    reader: Reader,
    /// When a closed connection is over.
    farewell: Option<Instant>,
    over: bool,
}

/// A slot of pictures, both ways.
struct Pictures {
    outgoing: picture::Outgoing,
    incoming: Incoming,
    width: u16,
    height: u16,
}

impl Pictures {
    fn new(now: Instant, content: Content) -> Self {
        Self {
            outgoing: picture::Outgoing::new(now, content),
            incoming: Incoming::new(),
            width: 0,
            height: 0,
        }
    }
}

/// An own offer that waits for its answer.
struct Pending {
    token: SdpPendingOffer,
    sdp: String,
    slots: Slots,
    restart: bool,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("path", &self.path.state())
            .field("settled", &self.settled)
            .field("local", &self.local.len())
            .field("remote", &self.remote.len())
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// A connection with its own certificate. Making one takes tens of milliseconds: see
    /// [`certificate`].
    #[must_use]
    pub fn new(
        now: Instant,
        certificate: DtlsCert,
        servers: Vec<IceServer>,
        relay_only: bool,
    ) -> Self {
        let out = VecDeque::from([Output::Gather { servers: servers.clone(), relay_only }]);
        Self {
            rtc: build(now, &certificate),
            certificate,
            out,
            wake: now,
            seen: now,
            slots: Slots::default(),
            channels: Channels::default(),
            path: Path::new(),
            pending: None,
            settled: false,
            local: Vec::new(),
            remote: Vec::new(),
            said: None,
            gathered: false,
            servers,
            relay_only,
            reconfigured: false,
            audio: sound::Outgoing::default(),
            sends_audio: false,
            camera: Pictures::new(now, Content::Camera),
            screen: Pictures::new(now, Content::Screen),
            desired: 0,
            stats: None,
            jitter: 0.0,
            delay: Duration::ZERO,
            reader: Reader::new(now),
            farewell: None,
            over: false,
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            let output = self.out.pop_front()?;
            // Nothing is reported after `Close`.
            if self.farewell.is_none() || matches!(output, Output::Transmit(_)) {
                return Some(output);
            }
        }
    }

    /// When [`Peer::handle_timeout`] is due; never again once the connection is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let pictures = [&self.camera, &self.screen]
            .into_iter()
            .flat_map(|slot| [slot.outgoing.deadline(), slot.incoming.deadline()]);
        let soonest = pictures.chain([self.farewell]).flatten().fold(self.wake, Instant::min);
        (!self.over).then_some(soonest)
    }

    /// A closed connection has said its last word.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Carries out an order of the core. `Open` was [`Peer::new`]; `Send` is for whoever has the
    /// devices, and comes here as [`Peer::handle_sending`].
    pub fn handle_command(&mut self, now: Instant, command: PeerCommand) {
        if self.farewell.is_some() {
            return;
        }
        match command {
            PeerCommand::Open { .. } | PeerCommand::Send { .. } => {}
            PeerCommand::Configure { ice_servers, relay_only } => {
                self.servers = ice_servers;
                self.relay_only = relay_only;
                self.reconfigured = true;
            }
            PeerCommand::Offer { operation, restart } => self.offer(now, operation, restart),
            PeerCommand::Answer { operation, sdp } => self.answer(now, operation, &sdp),
            PeerCommand::Apply { operation, sdp } => self.apply(now, operation, &sdp),
            PeerCommand::AddCandidate { candidate, .. } => self.add_candidate(&candidate),
            PeerCommand::Control { data } => self.channels.control(&mut self.rtc, &data),
            PeerCommand::Chat { data } => self.channels.chat(&mut self.rtc, &data),
            PeerCommand::Close => self.close(now),
        }
        self.drain(now);
    }

    /// A datagram arrived at the local address `destination`. What is not part of this connection
    /// is dropped.
    pub fn handle_datagram(
        &mut self,
        received: Instant,
        protocol: Protocol,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        let Ok(receive) = Receive::new(protocol, source, destination, contents) else { return };
        self.input(received, Input::Receive(received, receive));
    }

    /// A local candidate was found.
    pub fn handle_candidate(&mut self, now: Instant, candidate: Candidate) {
        if self.local.iter().any(|known| same(known, &candidate)) {
            return;
        }
        self.local.push(candidate.clone());
        if self.is_permitted(&candidate) {
            self.rtc.add_local_candidate(candidate.clone());
            self.say_candidate(&candidate);
        }
        self.drain(now);
    }

    /// Every candidate of this generation was found.
    pub fn handle_gathered(&mut self) {
        self.gathered = true;
        self.say_end();
    }

    /// A local candidate's address is gone.
    pub fn handle_gone(&mut self, now: Instant, candidate: &Candidate) {
        self.local.retain(|known| !same(known, candidate));
        self.rtc.direct_api().invalidate_candidate(candidate);
        self.drain(now);
    }

    /// This device starts or stops to send on a slot.
    pub fn handle_sending(&mut self, now: Instant, slot: Slot, on: bool) {
        match slot {
            Slot::Audio => {
                self.sends_audio = on;
                if !on {
                    self.audio.rest();
                }
            }
            Slot::Camera => self.camera.outgoing.switch(now, on),
            Slot::Screen => self.screen.outgoing.switch(now, on),
            Slot::ScreenAudio => {}
        }
        if on {
            self.check_codec(slot);
        }
        self.work(now);
        self.drain(now);
    }

    /// A slot that the other side knows no codec for cannot be sent, and says so.
    fn check_codec(&mut self, slot: Slot) {
        let sends = match slot {
            Slot::Audio => self.sends_audio,
            Slot::Camera => self.camera.outgoing.sends(),
            Slot::Screen => self.screen.outgoing.sends(),
            Slot::ScreenAudio => false,
        };
        if sends && self.settled && self.agreed(slot).is_none() {
            let state = SlotState::Unavailable { problem: DeviceProblem::Other };
            self.report(PeerEvent::Slot { slot, state });
        }
    }

    /// An exchange was completed.
    fn settle(&mut self) {
        self.settled = true;
        for slot in slots::SLOTS {
            self.check_codec(slot);
        }
    }

    /// Sends sound on the `audio` slot; dropped unless media can flow.
    pub fn handle_sound(&mut self, now: Instant, frame: &Frame) {
        if !self.sends_audio || !self.can_send() {
            return;
        }
        if let Some((mid, agreed)) = self.agreed(Slot::Audio)
            && self.audio.send(now, &mut self.rtc, mid, agreed, frame)
        {
            self.input(now, Input::Timeout(now));
        }
    }

    /// Sends an encoded picture on `camera` or `screen`. One that cannot be sent makes all before
    /// the next key frame worthless, so that is asked for as soon as it can be sent.
    pub fn handle_picture(&mut self, now: Instant, slot: Slot, picture: &Picture) {
        let can_send = self.can_send();
        let agreed = self.agreed(slot);
        let Some(outgoing) = self.pictures(slot).map(|slot| &mut slot.outgoing) else { return };
        if !outgoing.sends() {
            return;
        }
        let Some((mid, agreed)) = agreed.filter(|_| can_send) else {
            return outgoing.wait();
        };
        let rtc = &mut self.rtc;
        let slot = if slot == Slot::Camera { &mut self.camera } else { &mut self.screen };
        slot.outgoing.send(now, rtc, mid, agreed, picture);
        self.input(now, Input::Timeout(now));
    }

    /// What came on a slot could not be decoded.
    pub fn handle_undecodable(&mut self, now: Instant, slot: Slot) {
        if let Some(pictures) = self.pictures(slot) {
            pictures.incoming.handle_decoder_error();
        }
        self.work(now);
        self.drain(now);
    }

    /// What of the other side's voice is heard, and when: its picture is shown with it, and where
    /// that cannot be in time the voice is asked to wait. Some ten times a second.
    pub fn handle_audible(&mut self, now: Instant, audible: Option<Audible>) {
        self.camera.incoming.set_sound(audible);
        if let Some(delay) = self.camera.incoming.sound_delay(now)
            && (delay.abs_diff(self.delay) >= DELAY_STEP || delay.is_zero() != self.delay.is_zero())
        {
            self.delay = delay;
            self.out.push_back(Output::Delay(delay));
        }
        self.work(now);
    }

    /// How it goes, since the reading before. `None` before there is a path. `over_stream` says
    /// whether a relayed address is reached over TCP or TLS.
    pub fn figures(
        &mut self,
        now: Instant,
        over_stream: impl Fn(SocketAddr) -> bool,
    ) -> Option<Figures> {
        let stats = self.stats.as_ref().filter(|_| self.can_send())?;
        let path = route(
            stats,
            |address| {
                let candidate = self.local.iter().find(|c| c.addr() == address)?;
                Some((candidate.kind(), over_stream(address)))
            },
            |address| self.remote.iter().find(|(a, _)| *a == address).map(|(_, kind)| *kind),
        );
        let of = |slot: &Pictures| Seen {
            frames: slot.incoming.figures(now).1.frames,
            width: slot.width.into(),
            height: slot.height.into(),
        };
        let (camera, screen) = (of(&self.camera), of(&self.screen));
        let seen = if screen.frames > camera.frames { screen } else { camera };
        Some(self.reader.read(now, stats, self.jitter, seen, path))
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.over {
            return;
        }
        if self.farewell.is_some_and(|farewell| farewell <= now) {
            self.farewell = Some(now);
            self.over = true;
            // Tells the other side that nothing will come any more; it may have ended by itself.
            let _ = self.rtc.close();
            self.drain(now);
            return;
        }
        for slot in [&mut self.camera, &mut self.screen] {
            slot.outgoing.timeout(now);
        }
        self.input(now, Input::Timeout(now));
    }

    fn agreed(&self, slot: Slot) -> Option<(Mid, Agreed)> {
        let mid = self.slots.mid(slot)?;
        Some((mid, slots::agreed(&self.rtc, slot, mid)?))
    }

    const fn pictures(&mut self, slot: Slot) -> Option<&mut Pictures> {
        match slot {
            Slot::Camera => Some(&mut self.camera),
            Slot::Screen => Some(&mut self.screen),
            Slot::Audio | Slot::ScreenAudio => None,
        }
    }

    fn can_send(&self) -> bool {
        self.farewell.is_none() && self.path.state() != PathState::Connecting
    }

    fn close(&mut self, now: Instant) {
        self.out.retain(|output| matches!(output, Output::Transmit(_)));
        let wait = if self.channels.is_open() { FAREWELL } else { Duration::ZERO };
        self.farewell = Some(now + wait);
    }

    fn input(&mut self, now: Instant, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "input refused");
        }
        self.drain(now);
        self.work(now);
    }

    /// What the slots of pictures ask for.
    fn work(&mut self, now: Instant) {
        let mut asked = false;
        for slot in [Slot::Camera, Slot::Screen] {
            let mid = self.slots.mid(slot);
            let open = self.can_send();
            let pictures = if slot == Slot::Camera { &mut self.camera } else { &mut self.screen };
            if open
                && pictures.outgoing.waits()
                && mid.is_some_and(|mid| slots::agreed(&self.rtc, slot, mid).is_some())
            {
                pictures.outgoing.open(now);
            }
            while let Some(order) = pictures.outgoing.poll() {
                self.out.push_back(Output::Order { slot, order });
            }
            while let Some(shown) = pictures.incoming.poll(now) {
                match shown {
                    Shown::Picture(picture) => {
                        if picture.width > 0 {
                            (pictures.width, pictures.height) = (picture.width, picture.height);
                        }
                        self.out.push_back(Output::Picture { slot, picture });
                    }
                    Shown::AskKey(_) => {
                        let mut direct = self.rtc.direct_api();
                        let stream = mid.and_then(|mid| direct.stream_rx_by_mid(mid, None));
                        if let Some(stream) = stream {
                            stream.request_keyframe(KeyframeRequestKind::Pli);
                            asked = true;
                        }
                    }
                }
            }
        }
        if asked {
            self.drain(now);
        }
        let desired = self.camera.outgoing.desired() + self.screen.outgoing.desired();
        if desired != self.desired {
            self.desired = desired;
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(desired));
            self.drain(now);
        }
    }

    /// Takes everything out of str0m. It wants that after every single change.
    fn drain(&mut self, now: Instant) {
        self.seen = now;
        loop {
            match self.rtc.poll_output() {
                Ok(RtcOutput::Timeout(at)) => {
                    // str0m names far-off moments where it waits for nothing.
                    self.wake = at.min(now + Duration::from_secs(3_600));
                    break;
                }
                Ok(RtcOutput::Transmit(transmit)) => {
                    self.out.push_back(Output::Transmit(transmit));
                }
                Ok(RtcOutput::Event(event)) => self.on_event(event),
                Err(error) => {
                    tracing::debug!(%error, "the connection cannot go on");
                    self.rtc.disconnect();
                }
            }
        }
        if !self.rtc.is_alive() {
            self.end();
        }
    }

    fn end(&mut self) {
        if self.channels.end() {
            self.report(PeerEvent::ChannelsClosed);
        }
        if let Some(state) = self.path.on_end() {
            self.report(PeerEvent::Path { state });
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "str0m's events grow with its versions; those of other modes never come"
    )]
    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                let state = self.path.on_dtls();
                self.on_path(state);
            }
            Event::IceConnectionStateChange(ice) => {
                let state = self.path.on_ice(ice);
                self.on_path(state);
            }
            Event::ChannelOpen(id, _) if self.channels.on_open(id) => {
                self.report(PeerEvent::ChannelsOpen);
            }
            Event::ChannelClose(id) if self.channels.on_close(id) => {
                self.report(PeerEvent::ChannelsClosed);
            }
            Event::ChannelData(data) => {
                if let Some(event) = self.channels.on_data(data) {
                    self.report(event);
                }
            }
            Event::RtpPacket(packet) => self.on_packet(&packet),
            Event::KeyframeRequest(request) => {
                let now = self.seen;
                let slot = self.slots.slot(request.mid);
                if let Some(pictures) = slot.and_then(|slot| self.pictures(slot)) {
                    pictures.outgoing.observe(now, Observation::KeyRequested);
                }
            }
            Event::StreamPaused(paused) if paused.paused => {
                let slot = self.slots.slot(paused.mid);
                if let Some(pictures) = slot.and_then(|slot| self.pictures(slot)) {
                    pictures.incoming.handle_sent(false);
                }
            }
            Event::SenderFeedback(feedback) => self.on_report(&feedback),
            Event::MediaIngressStats(stats) => self.on_ingress(&stats),
            Event::PeerStats(stats) => self.on_stats(stats),
            Event::Closed => self.end(),
            _ => {}
        }
    }

    fn on_path(&mut self, state: Option<PathState>) {
        let Some(state) = state else { return };
        if state == PathState::Connected {
            for slot in [&mut self.camera, &mut self.screen] {
                slot.outgoing.observe(self.seen, Observation::PathBack);
            }
        }
        self.report(PeerEvent::Path { state });
    }

    fn on_packet(&mut self, packet: &RtpPacket) {
        let ssrc = packet.header.ssrc;
        let Some(mid) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else {
            return;
        };
        let Some(slot) = self.slots.slot(mid) else { return };
        let Some((_, agreed)) = self.agreed(slot) else { return };
        let Some(pictures) = self.pictures(slot) else {
            for inner in sound::unwrap(packet, agreed) {
                let arrived = packet.timestamp;
                self.out.push_back(Output::Sound { slot, packet: inner, arrived });
            }
            return;
        };
        if packet.header.payload_type != agreed.pt {
            return;
        }
        pictures.incoming.handle_sent(true);
        pictures.incoming.handle_packet(assembly::Packet {
            source: *ssrc,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload.clone(),
            received: packet.timestamp,
        });
    }

    fn on_report(&mut self, feedback: &SenderFeedback) {
        let info = feedback.sender_info;
        // The RTP timestamp wraps on the wire; its lower half is what was sent.
        let timestamp = u32::try_from(info.rtp_time.numer() & u64::from(u32::MAX));
        let report = Report { wall: info.ntp_time, timestamp: timestamp.unwrap_or_default() };
        match self.slots.slot(feedback.mid) {
            Some(Slot::Audio) => self.camera.incoming.set_sound_report(report),
            Some(Slot::Camera) => self.camera.incoming.set_report(report),
            Some(Slot::Screen) => self.screen.incoming.set_report(report),
            Some(Slot::ScreenAudio) => self.screen.incoming.set_sound_report(report),
            None => {}
        }
    }

    fn on_ingress(&mut self, stats: &MediaIngressStats) {
        if self.slots.slot(stats.mid) == Some(Slot::Audio) {
            self.jitter = f64::from(stats.jitter) / 48.0;
        }
    }

    fn on_stats(&mut self, stats: PeerStats) {
        let now = stats.timestamp;
        let loss = stats.egress_loss_fraction.unwrap_or(0.0);
        let estimate = stats.bwe_tx.map(|estimate| estimate.as_u64());
        let sound = if self.sends_audio { self.audio.observe(now, loss, estimate) } else { 0 };
        for slot in [Slot::Camera, Slot::Screen] {
            let Some(mid) = self.slots.mid(slot) else { continue };
            let queue = picture::queue_age(&mut self.rtc, mid, now);
            let round_trip = stats.rtt;
            let pictures = if slot == Slot::Camera { &mut self.camera } else { &mut self.screen };
            let path = Observation::Path { estimate, queue, loss, round_trip, sound };
            pictures.outgoing.observe(now, path);
            if let Some(round_trip) = round_trip {
                pictures.incoming.set_round_trip(round_trip);
            }
        }
        self.reader.observe(&stats);
        self.out.push_back(Output::Loss(self.audio.expected(loss)));
        self.stats = Some(stats);
    }

    fn report(&mut self, event: PeerEvent) {
        self.out.push_back(Output::Event(event));
    }
}

/// Makes a certificate for [`Peer::new`]. One serves every connection of a run: a new one for each
/// would tell people apart no better, since the relay knows who they are.
///
/// # Errors
/// The crypto of this build makes none.
pub fn certificate() -> Result<DtlsCert, NoCertificate> {
    provider().dtls_provider.generate_certificate().ok_or(NoCertificate)
}

/// This build can make no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no certificate can be made")]
pub struct NoCertificate;

fn provider() -> std::sync::Arc<str0m::config::CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<std::sync::Arc<str0m::config::CryptoProvider>> =
        std::sync::OnceLock::new();
    PROVIDER.get_or_init(|| std::sync::Arc::new(str0m::crypto::from_feature_flags())).clone()
}

fn build(now: Instant, certificate: &DtlsCert) -> Rtc {
    Rtc::builder()
        .set_crypto_provider(provider())
        .set_dtls_cert(certificate.clone())
        .set_dtls_version(DtlsVersion::Auto)
        .set_snap_enabled(true)
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true)
        .set_rtp_mode(true)
        .enable_bwe(Some(START))
        .set_stats_interval(Some(STATS_EVERY))
        .build(now)
}

/// Two names of one candidate: the generation does not count.
fn same(one: &Candidate, other: &Candidate) -> bool {
    one.addr() == other.addr()
        && one.kind() == other.kind()
        && one.proto() == other.proto()
        && one.local() == other.local()
}
