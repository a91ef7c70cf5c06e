//! What the encoder of one outgoing picture is told, so that the path carries it without a queue.
//!
//! Pure: time is an argument. Every 100 ms the state of the path comes in, and after every encoded
//! frame its size; orders come out. After every `handle*` drain [`Controller::poll`], pass
//! [`Controller::desired`] on when it changed, and call [`Controller::handle_timeout`] when
//! [`Controller::deadline`] has come.
//!
//! ```text
//!        start                 estimate collapses, or packets wait too long
//! Off ──────────► Flowing ───────────────────────────────────────────────────► Draining
//!  ▲                ▲  │ ▲                                                       │
//!  │ stop           │  │ └───── the queue is empty, or it took too long ─────────┘
//!  └────────────────┘  │                (smaller size, key frame)
//!                      │ too little for sound and picture
//!                      ▼
//!                    Narrow ── enough again: key frame ──► Flowing
//! ```
//! *Draining* and *Narrow* hold the encoder; each has a deadline, because an encoder that is held
//! makes no frames, and no frames make no events.

mod demand;
mod encoder;
mod keys;
mod ladder;

use std::time::{Duration, Instant};

use demand::Demand;
use encoder::Correction;
use keys::Keys;
use ladder::{Ladder, Rung, frame_rate};

/// The least that a picture is encoded with, in bit/s. Encoders refuse less or ignore it.
const FLOOR: u32 = 30_000;
/// The most for a camera, in bit/s: 720p at 30 frames a second looks no better with more.
const CAMERA_CEILING: u32 = 1_700_000;
/// The most for a screen, in bit/s: sharp text on a whole page that scrolls.
const SCREEN_CEILING: u32 = 2_500_000;
/// What is assumed of a path that nothing is known about, in bit/s.
const UNKNOWN: u64 = 400_000;
/// The share of the estimate that sound and picture use. The rest is for headers, feedback and the
/// encoder's flutter; more fills queues, less wastes the path.
const SHARE: f32 = 0.93;
/// The estimate below which the picture is held so that sound passes, in bit/s.
const NARROW: u64 = 100_000;
/// The estimate from which a held picture comes back.
const WIDE: u64 = 120_000;
/// How long a picture stays held on a narrow path before the path is judged anew.
const NARROW_FOR: Duration = Duration::from_secs(3);
/// What is older than this says nothing about the path any more.
const FRESH: Duration = Duration::from_secs(1);
/// An estimate that falls below this share of what is being used is a collapse.
const COLLAPSE: f32 = 0.7;
/// Age of the oldest queued packet from which the encoder is held.
const HOLD_ABOVE: Duration = Duration::from_millis(200);
/// The age below which it goes on.
const GO_BELOW: Duration = Duration::from_millis(40);
/// The longest hold for a queue: then the pacer has to cope.
const DRAIN_MAX: Duration = Duration::from_millis(600);
/// How long after a collapse the size does not grow, and after any change of size.
const SIZE_REST: Duration = Duration::from_secs(4);
/// A larger size waits until the bitrate allowed it for this long.
const SIZE_STEADY: Duration = Duration::from_secs(1);
/// A bitrate is told again only where it differs by more than this share: encoders hiccup on every
/// change.
const DEADBAND: f32 = 0.03;
/// Loss above this, fallen below [`CLEAN`] again, means an outage or a collapse that is over.
const LOSSY: f32 = 0.1;
/// Loss below which the path is clean again.
const CLEAN: f32 = 0.02;

/// Something for the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Encode at this bitrate, in bit/s.
    Bitrate(u32),
    /// Scale to this size before encoding; the captured aspect, never more than was captured. An
    /// encoder begins anew with a key frame then.
    Size {
        /// Pixels across, even.
        width: u16,
        /// Pixels down, even.
        height: u16,
    },
    /// Encode at most this many frames a second.
    FrameRate(u8),
    /// Encode nothing, or go on. Captured frames are dropped before the encoder, never after it.
    Hold(bool),
    /// Make the next frame a key frame.
    Key,
}

/// What the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A person: motion goes last.
    Camera,
    /// A screen: sharpness goes last.
    Screen,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// The path as it is, every 100 ms.
    Path {
        /// The raw estimate of what it carries, in bit/s; not the smoothed event.
        estimate: Option<u64>,
        /// The age of the oldest packet that waits in the pacer.
        queue: Duration,
        /// The share of packets that did not arrive, over the last second.
        loss: f32,
        /// There and back.
        round_trip: Option<Duration>,
        /// What the sound on the same path takes, in bit/s.
        sound: u32,
    },
    /// The encoder made a frame.
    Frame {
        /// Its length.
        bytes: usize,
        /// It is a key frame.
        key: bool,
        /// Pixels across; 0 when unknown.
        width: u16,
        /// Pixels down; 0 when unknown.
        height: u16,
    },
    /// The other side asks for a key frame.
    KeyRequested,
    /// The path is back after a loss.
    PathBack,
}

/// What is known of the path.
#[derive(Debug, Clone, Copy)]
struct Path {
    at: Instant,
    estimate: u64,
    queue: Duration,
    loss: f32,
    sound: u32,
}

/// Whether frames are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Nobody wants the picture.
    Off,
    /// Frames are encoded.
    Flowing,
    /// Held until the queue is empty, but no longer than this.
    Draining { until: Instant },
    /// Held for the sake of sound; judged anew at this time.
    Narrow { until: Instant },
}

impl Flow {
    const fn is_held(self) -> bool {
        match self {
            Self::Draining { .. } | Self::Narrow { .. } => true,
            Self::Off | Self::Flowing => false,
        }
    }
}

/// What the encoder is told, or should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Settings {
    bitrate: Option<u32>,
    size: Option<(u16, u16)>,
    frame_rate: Option<u8>,
    hold: bool,
}

/// Drives the encoder of one outgoing slot. See the module's head.
#[derive(Debug)]
pub struct Controller {
    content: Content,
    flow: Flow,
    path: Path,
    /// The largest frame seen, taken for the captured size.
    captured: Option<(u16, u16)>,
    rung: Rung,
    /// When the size changed last, or the path collapsed.
    size_rest: Option<Instant>,
    /// Since when a larger size would fit.
    roomy: Option<Instant>,
    frame_rate: u8,
    /// The bitrate that the encoder should really make, in bit/s.
    target: u32,
    correction: Correction,
    demand: Demand,
    keys: Keys,
    key_due: bool,
    lossy: bool,
    wanted: Settings,
    told: Settings,
}

impl Controller {
    /// A slot that is not sent yet.
    #[must_use]
    pub fn new(now: Instant, content: Content) -> Self {
        let ceiling = ceiling(content);
        Self {
            content,
            flow: Flow::Off,
            path: Path { at: now, estimate: UNKNOWN, queue: Duration::ZERO, loss: 0.0, sound: 0 },
            captured: None,
            rung: 0,
            size_rest: None,
            roomy: None,
            frame_rate: frame_rate(content, 0, ceiling),
            target: FLOOR,
            correction: Correction::new(),
            demand: Demand::new(now, ceiling),
            keys: Keys::default(),
            key_due: false,
            lossy: false,
            wanted: Settings::default(),
            told: Settings::default(),
        }
    }

    /// The slot is sent from here on: the first orders and a key frame.
    pub fn start(&mut self, now: Instant) {
        if self.flow != Flow::Off {
            return;
        }
        self.flow = Flow::Flowing;
        self.told = Settings::default();
        self.correction = Correction::new();
        self.keys.want(now);
        self.set_target();
        self.settle(now);
    }

    /// Not any more: nothing is ordered until the next [`Controller::start`].
    pub fn stop(&mut self) {
        self.flow = Flow::Off;
        self.keys = Keys::default();
        self.key_due = false;
        self.wanted = self.told;
    }

    /// Something was seen.
    pub fn handle(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::Path { estimate, queue, loss, round_trip: _, sound } => {
                let known = self.path.estimate;
                let estimate = estimate.unwrap_or(known);
                self.path = Path { at: now, estimate, queue, loss, sound };
                self.on_path(now);
            }
            Observation::Frame { bytes, key, width, height } => {
                self.on_frame(now, bytes, key, (width, height));
            }
            Observation::KeyRequested | Observation::PathBack => {
                if self.flow != Flow::Off {
                    self.keys.want(now);
                }
            }
        }
        self.settle(now);
    }

    /// The next order.
    pub fn poll(&mut self) -> Option<Order> {
        let (wanted, told) = (self.wanted, &mut self.told);
        if wanted.hold && !told.hold {
            told.hold = true;
            return Some(Order::Hold(true));
        }
        if let Some(rate) = wanted.frame_rate.filter(|_| wanted.frame_rate != told.frame_rate) {
            told.frame_rate = Some(rate);
            return Some(Order::FrameRate(rate));
        }
        if let Some((width, height)) = wanted.size.filter(|_| wanted.size != told.size) {
            told.size = wanted.size;
            return Some(Order::Size { width, height });
        }
        if let Some(bitrate) = wanted.bitrate.filter(|_| wanted.bitrate != told.bitrate) {
            told.bitrate = Some(bitrate);
            return Some(Order::Bitrate(bitrate));
        }
        if std::mem::take(&mut self.key_due) {
            return Some(Order::Key);
        }
        if !wanted.hold && told.hold {
            told.hold = false;
            return Some(Order::Hold(false));
        }
        None
    }

    /// When [`Controller::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.flow {
            Flow::Off => None,
            Flow::Flowing => self.keys.deadline(),
            Flow::Draining { until } | Flow::Narrow { until } => Some(until),
        }
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.flow {
            Flow::Draining { until } if until <= now => self.go_on(now),
            Flow::Narrow { until } if until <= now => {
                if self.path.estimate < WIDE && now.saturating_duration_since(self.path.at) < FRESH
                {
                    self.flow = Flow::Narrow { until: now + NARROW_FOR };
                } else {
                    self.go_on(now);
                }
            }
            Flow::Off | Flow::Flowing | Flow::Draining { .. } | Flow::Narrow { .. } => {}
        }
        self.settle(now);
    }

    /// What str0m shall look for on the path, in bit/s, for `rtc.bwe().set_bitrate(_, desired)`.
    /// Every rise makes it probe.
    #[must_use]
    pub fn desired(&self) -> u64 {
        self.demand.desired()
    }

    fn on_path(&mut self, now: Instant) {
        let Path { estimate, queue, loss, sound, .. } = self.path;
        let calm = queue < HOLD_ABOVE / 2 && !self.lossy;
        self.demand.observe(now, Some(estimate), loss, calm, sound);
        if self.flow == Flow::Off {
            return;
        }
        let before = self.target;
        self.set_target();
        let collapsed = (self.target as f32) < before as f32 * COLLAPSE;
        if (self.target as f32) < before as f32 * 0.95 || queue > HOLD_ABOVE / 2 {
            self.correction.be_careful();
        }
        if collapsed {
            self.size_rest = Some(now);
            self.demand.back_off(now);
        }
        match self.flow {
            Flow::Off => {}
            Flow::Flowing if estimate < NARROW => {
                self.flow = Flow::Narrow { until: now + NARROW_FOR };
            }
            Flow::Flowing if collapsed || queue > HOLD_ABOVE => {
                self.flow = Flow::Draining { until: now + DRAIN_MAX };
            }
            Flow::Flowing => self.fit(now),
            Flow::Draining { .. } if queue < GO_BELOW && !collapsed => self.go_on(now),
            Flow::Narrow { .. } if estimate >= WIDE => self.go_on(now),
            Flow::Draining { .. } | Flow::Narrow { .. } => {}
        }
        if loss > LOSSY {
            self.lossy = true;
        } else if loss < CLEAN && self.lossy {
            // What was lost is not asked for by everybody: Chromium waits four seconds.
            self.lossy = false;
            self.keys.want(now);
        }
    }

    fn on_frame(&mut self, now: Instant, bytes: usize, key: bool, size: (u16, u16)) {
        let area = |(width, height): (u16, u16)| u32::from(width) * u32::from(height);
        if area(size) > self.captured.map_or(0, area) {
            self.captured = Some(size);
            self.rung = 0;
            self.fit_at_once(now);
        }
        if key {
            self.keys.handle_key();
        }
        self.correction.handle_frame(now, bytes, key, self.target);
    }

    /// What the path leaves for the picture.
    fn set_target(&mut self) {
        let share = SHARE * (1.0 - self.path.loss.clamp(0.0, 0.2));
        let room = self.path.estimate as f32 * share - self.path.sound as f32;
        self.target = (room.max(0.0) as u32).clamp(FLOOR, ceiling(self.content));
    }

    /// The hold is over: with a size that suits what is left, and something to decode.
    fn go_on(&mut self, now: Instant) {
        self.flow = Flow::Flowing;
        self.keys.want(now);
        self.fit_at_once(now);
    }

    /// Size and frame rate for what there is, without patience.
    fn fit_at_once(&mut self, now: Instant) {
        self.frame_rate = frame_rate(self.content, self.frame_rate, self.target);
        if let Some(ladder) = self.ladder() {
            let rung = ladder.fitting(self.target as f32).max(self.rung);
            self.take(now, rung);
        }
    }

    /// Size and frame rate for what there is: down at once, up when it lasts.
    fn fit(&mut self, now: Instant) {
        self.frame_rate = frame_rate(self.content, self.frame_rate, self.target);
        let Some(ladder) = self.ladder() else { return };
        let rung = ladder.rung(self.rung, self.target);
        if rung >= self.rung {
            self.roomy = None;
            self.take(now, rung);
            return;
        }
        let since = *self.roomy.get_or_insert(now);
        let rested = self.size_rest.is_none_or(|at| now.saturating_duration_since(at) >= SIZE_REST);
        if rested && now.saturating_duration_since(since) >= SIZE_STEADY {
            self.take(now, rung);
        }
    }

    fn take(&mut self, now: Instant, rung: Rung) {
        if rung != self.rung {
            self.rung = rung;
            self.size_rest = Some(now);
            self.roomy = None;
            self.keys.expect(now);
        }
    }

    fn ladder(&self) -> Option<Ladder> {
        let (width, height) = self.captured?;
        Some(Ladder::new(self.content, width, height))
    }

    /// Makes the orders for what was decided.
    fn settle(&mut self, now: Instant) {
        if self.flow == Flow::Off {
            return;
        }
        self.wanted.hold = self.flow.is_held();
        self.wanted.frame_rate = Some(self.frame_rate);
        self.wanted.size = self.ladder().map(|ladder| ladder.size(self.rung));
        // The captured size is what an encoder uses unless it is told another.
        if self.rung == 0 && self.told.size.is_none() {
            self.wanted.size = None;
        }
        let bitrate = (self.target as f32 * self.correction.factor()) as u32;
        let bitrate = bitrate.clamp(FLOOR, ceiling(self.content));
        let near = self
            .told
            .bitrate
            .is_some_and(|told| (told.abs_diff(bitrate) as f32) < told as f32 * DEADBAND);
        if !near {
            self.wanted.bitrate = Some(bitrate);
        }
        if !self.wanted.hold && self.keys.poll(now) {
            self.key_due = true;
        }
    }
}

const fn ceiling(content: Content) -> u32 {
    match content {
        Content::Camera => CAMERA_CEILING,
        Content::Screen => SCREEN_CEILING,
    }
}

#[cfg(test)]
mod tests;
