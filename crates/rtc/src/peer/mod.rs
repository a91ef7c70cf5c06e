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

mod candidates;
mod certificate;
mod channels;
mod description;
mod events;
mod media;
mod operations;
mod output;
mod path;
mod picture;
mod slots;
mod sound;
mod stream;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bellwire_core::api::{PathState, PeerCommand, PeerEvent};
use bellwire_protocol::IceServer;
use str0m::bwe::Bitrate;
use str0m::config::{DtlsCert, DtlsVersion};
use str0m::net::{Protocol, Receive};
use str0m::stats::PeerStats;
use str0m::{Candidate, Input, Output as RtcOutput, Rtc};

use crate::figures::{Figures, Reader, route};
use candidates::Candidates;
pub use certificate::{NoCertificate, certificate};
use channels::Channels;
use description::Far;
use media::Media;
use operations::Pending;
pub use output::Output;
use path::Path;
use slots::Slots;
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
    /// What the other side said of its transport, once an exchange was completed.
    far: Option<Far>,
    candidates: Candidates,
    media: Media,
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

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("path", &self.path.state())
            .field("settled", &self.is_settled())
            .field("local", &self.candidates.local().len())
            .field("remote", &self.candidates.remote_count())
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
        let mut candidates = Candidates::new(servers, relay_only);
        let out = VecDeque::from([candidates.gather()]);
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
            far: None,
            candidates,
            media: Media::new(now),
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
        let others = [self.media.deadline(), self.farewell];
        let soonest = others.into_iter().flatten().fold(self.wake, Instant::min);
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
            // Nothing is measured here that the core would order by: the encoder's controller holds
            // pictures by itself.
            PeerCommand::Open { .. } | PeerCommand::Send { .. } | PeerCommand::Spend { .. } => {}
            PeerCommand::Configure { ice_servers, relay_only } => {
                self.candidates.configure(ice_servers, relay_only);
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
        if !self.candidates.add(&candidate) {
            return;
        }
        if self.candidates.is_permitted(&candidate) {
            let said = self.candidates.say(&candidate, &self.first_mid());
            self.rtc.add_local_candidate(candidate);
            self.out.extend(said.map(Output::Event));
        }
        self.drain(now);
    }

    /// Every candidate of this generation was found.
    pub fn handle_gathered(&mut self) {
        let said = self.candidates.on_gathered(&self.first_mid());
        self.out.extend(said.map(Output::Event));
    }

    /// A local candidate's address is gone.
    pub fn handle_gone(&mut self, now: Instant, candidate: &Candidate) {
        self.candidates.remove(candidate);
        self.rtc.direct_api().invalidate_candidate(candidate);
        self.drain(now);
    }

    /// An exchange was completed, in which the other side said this.
    fn settle(&mut self, remote: &str) {
        self.far = Some(Far::of(remote));
        for slot in slots::SLOTS {
            self.check_codec(slot);
        }
    }

    /// How it goes, since the reading before. `None` before there is a path. `over_stream` says
    /// whether a relayed address is reached over TCP or TLS.
    pub fn figures(
        &mut self,
        now: Instant,
        over_stream: impl Fn(SocketAddr) -> bool,
    ) -> Option<Figures> {
        let stats = self.stats.as_ref().filter(|_| self.can_send())?;
        let known = &self.candidates;
        let path = route(
            stats,
            |address| known.local_kind(address).map(|kind| (kind, over_stream(address))),
            |address| known.remote_kind(address),
        );
        let seen = self.media.seen(now);
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
        self.media.handle_timeout(now);
        self.input(now, Input::Timeout(now));
    }

    /// An exchange was completed.
    const fn is_settled(&self) -> bool {
        self.far.is_some()
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

    fn report(&mut self, event: PeerEvent) {
        self.out.push_back(Output::Event(event));
    }
}

fn build(now: Instant, certificate: &DtlsCert) -> Rtc {
    Rtc::builder()
        .set_crypto_provider(certificate::provider())
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
