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

mod brake;
mod delay;
mod demand;
mod encoder;
mod keys;
mod ladder;
mod losses;
mod order;
mod resends;
mod settings;
mod shape;
mod silence;

use std::time::{Duration, Instant};

use brake::Brake;
use delay::Delay;
use demand::Demand;
use encoder::{Correction, Meter};
use keys::Keys;
use losses::Losses;
pub use order::{Content, Observation, Order};
use resends::Resends;
use settings::Settings;
use shape::Shape;
use silence::Silence;

/// The least that a picture is encoded with, in bit/s. Encoders refuse less or ignore it.
const FLOOR: u32 = 30_000;
/// The most for a camera, in bit/s: 720p at 30 frames a second looks no better with more.
const CAMERA_CEILING: u32 = 1_700_000;
/// The most for a screen, in bit/s: sharp text on a whole page that scrolls.
const SCREEN_CEILING: u32 = 2_500_000;
/// What is assumed of a path that nothing is known about, in bit/s.
const UNKNOWN: u64 = 1_000_000;
/// The share of the estimate that sound and picture use. The rest is for headers, feedback and the
/// encoder's flutter; more fills queues, less wastes the path.
const SHARE: f32 = 0.95;
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
/// Age of the oldest packet in the pacer from which the encoder is held. Lower holds it for key
/// frames, which may take so long to send.
const PACER_HOLD: Duration = Duration::from_millis(200);
/// The queue in the network, as the round trip shows it, from which the encoder is held. Lower
/// holds it where Wi-Fi flutters, higher lets the queue overflow and lose packets.
const NETWORK_HOLD: Duration = Duration::from_millis(90);
/// The growth that is no jitter, in seconds a second.
const GROWING: f32 = 0.1;
/// The queue to come, by its growth, from which the encoder is held at once.
const NETWORK_SOON: Duration = Duration::from_millis(200);
/// The same just after a key frame or a probe, whose queue goes by itself.
const NETWORK_HOLD_KEY: Duration = Duration::from_millis(200);
/// A queue above which something was lost, most likely: it comes again and takes its time too.
const LOST_ABOVE: Duration = Duration::from_millis(250);
const LOST_EXTRA: Duration = Duration::from_millis(150);
/// The longest hold where one was just over.
const AGAIN_MAX: Duration = Duration::from_millis(200);
/// How long after the demand was raised its probes are on their way or their queue is there.
const PROBE: Duration = Duration::from_millis(400);
/// How long after a key frame its queue is expected.
const KEY_QUEUE: Duration = Duration::from_millis(500);
/// The queues below which a held encoder goes on.
const GO_BELOW: Duration = Duration::from_millis(40);
/// The longest hold for a queue: then the pacer has to cope.
const DRAIN_MAX: Duration = Duration::from_millis(600);
/// The queue in the network above which less is sent than passes, so that it empties.
const NETWORK_LONG: Duration = Duration::from_millis(50);
/// The share that is sent then.
const EMPTYING: f32 = 0.75;
/// The share that is sent while nobody knows yet whether a hold was long enough: what was lost is
/// sent again at the same time.
const UNSEEN: f32 = 0.6;
/// A bitrate is told again only where it differs by more than this share: encoders hiccup on every
/// change.
const DEADBAND: f32 = 0.03;
/// How long an encoder that makes too little is left alone after the target fell.
const CAREFUL_FOR: Duration = Duration::from_millis(300);
/// The loss is that of so long a time.
const LOSS_WINDOW: Duration = Duration::from_secs(1);
/// Loss from which an estimate that fell without a queue is doubted: it was the loss.
const RANDOM: f32 = 0.05;
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

/// Drives the encoder of one outgoing slot. See the module's head.
#[derive(Debug)]
pub struct Controller {
    content: Content,
    flow: Flow,
    path: Path,
    shape: Shape,
    /// The bitrate that the encoder should really make, in bit/s.
    target: u32,
    /// The same once queues are gone: what size and frame rate are chosen for.
    lasting: u32,
    correction: Correction,
    /// When the target fell or a queue was seen last: what was learnt about an encoder that makes
    /// too little is not used then.
    careful: Option<Instant>,
    demand: Demand,
    delay: Delay,
    brake: Brake,
    meter: Meter,
    silence: Silence,
    keys: Keys,
    key_due: bool,
    /// The last key frame.
    key_at: Option<Instant>,
    /// When the encoder went on last: what was sent before says nothing about what is done now.
    changed: Option<Instant>,
    losses: Losses,
    resends: Resends,
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
            shape: Shape::new(content, ceiling),
            target: FLOOR,
            lasting: FLOOR,
            correction: Correction::new(),
            demand: Demand::new(now, ceiling),
            delay: Delay::default(),
            brake: Brake::default(),
            meter: Meter::default(),
            silence: Silence::default(),
            careful: None,
            keys: Keys::default(),
            key_due: false,
            key_at: None,
            changed: None,
            losses: Losses::default(),
            resends: Resends::default(),
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
        // A slot that was stopped while held is still held.
        self.told = Settings { hold: self.told.hold, ..Settings::default() };
        self.correction = Correction::new();
        self.keys.want(now);
        self.set_target();
        self.settle(now);
    }

    /// Not any more: nothing is ordered until the next [`Controller::start`].
    pub fn stop(&mut self) {
        self.silence.forget();
        self.flow = Flow::Off;
        self.keys = Keys::default();
        self.key_due = false;
        self.wanted = self.told;
    }

    /// Something was seen.
    pub fn handle(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::Path { estimate, queue, loss, round_trip, sound } => {
                let back = self.silence.observe(now, round_trip, estimate);
                let known = self.path.estimate;
                let estimate = estimate.unwrap_or(known);
                self.path = Path { at: now, estimate, queue, loss, sound };
                if let Some(round_trip) = round_trip {
                    self.delay.observe(now, round_trip);
                }
                if back {
                    self.on_path_back(now);
                }
                self.on_path(now);
            }
            Observation::Frame { bytes, key, width, height } => {
                self.on_frame(now, bytes, key, (width, height));
            }
            Observation::KeyRequested => {
                // Who asks so soon has not seen the last one yet, and asks again if it got lost.
                if self.key_at.is_none_or(|at| after(now, at) > self.delay.round_trip()) {
                    self.want_key(now);
                }
            }
            Observation::PathBack => {
                self.delay.forget();
                self.on_path_back(now);
            }
            Observation::Opened if self.flow != Flow::Off => self.keys.want_at_once(now),
            Observation::Opened => {}
        }
        self.settle(now);
    }

    /// The next order.
    pub fn poll(&mut self) -> Option<Order> {
        self.told.follow(self.wanted, &mut self.key_due)
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

    /// The share of what is sent that may be sent again, 0 to 1, for the `rtx_ratio_cap` of
    /// str0m's `StreamTx::set_rtx_cache`. Call that only when this changed: it forgets every packet
    /// that could be sent again.
    #[must_use]
    pub const fn resent_share(&self) -> f32 {
        self.resends.share()
    }

    /// What was sent in the meantime is lost, and is asked for at once: there is room for a key
    /// frame only if it is small.
    fn on_path_back(&mut self, now: Instant) {
        self.changed = Some(now);
        self.losses.handle_back(now);
        self.resends.handle_back();
        self.want_key(now);
    }

    fn on_path(&mut self, now: Instant) {
        let Path { estimate, queue, loss, sound, .. } = self.path;
        let (excess, growth) = (self.delay.excess(), self.delay.growth());
        let calm = queue < GO_BELOW && excess < NETWORK_LONG;
        self.demand.observe(now, estimate, calm, loss > RANDOM, sound);
        self.brake.observe(now, estimate, calm);
        // A demand that was raised after the brake was pressed made a probe, and it is through.
        if calm && self.demand.raised().is_some_and(|at| after(now, at) >= PROBE) {
            self.brake.release();
        }
        if self.flow == Flow::Off {
            return;
        }
        let seen = self.is_seen();
        let overflows = seen && self.overflows(now);
        // The first press measured the path: less is sent since, and the queue goes by itself.
        let again = self.brake.is_again(now);
        if excess > NETWORK_HOLD {
            self.resends.handle_queue();
        }
        self.resends.observe(now, loss);
        if overflows && self.flow == Flow::Flowing {
            let used = self.meter.rate(now, self.changed) + sound as f32;
            self.brake.press(now, used, growth, self.carried());
            self.correction.be_careful();
            self.demand.back_off(now, self.carried());
        }
        let before = self.target;
        self.set_target();
        if self.target < before || !calm {
            self.careful = Some(now);
        }
        if (self.target as f32) < before as f32 * COLLAPSE {
            self.shape.rest(now);
            self.correction.be_careful();
            // Loss without a queue is no sign of a path that narrowed: look again at once.
            if !calm || loss <= RANDOM {
                self.demand.back_off(now, self.carried());
            }
        }
        match self.flow {
            Flow::Off => {}
            Flow::Flowing | Flow::Draining { .. } if estimate < NARROW => {
                self.flow = Flow::Narrow { until: now + NARROW_FOR };
            }
            Flow::Flowing if overflows => {
                let mut queue = self.delay.queue().max(queue);
                if again {
                    queue = excess.min(AGAIN_MAX);
                } else if queue > LOST_ABOVE {
                    queue += LOST_EXTRA;
                }
                let queue = queue.min(DRAIN_MAX);
                self.flow = Flow::Draining { until: now + queue };
            }
            Flow::Flowing if queue > PACER_HOLD => {
                self.flow = Flow::Draining { until: now + DRAIN_MAX };
            }
            Flow::Flowing => {
                let changed = self.shape.fit(now, self.lasting);
                self.on_shape(now, changed);
            }
            Flow::Draining { .. } if queue < GO_BELOW && excess < GO_BELOW => {
                if !seen {
                    self.brake.release();
                }
                self.go_on(now);
            }
            Flow::Narrow { .. } if estimate >= WIDE => self.go_on(now),
            Flow::Draining { .. } | Flow::Narrow { .. } => {}
        }
        if self.losses.observe(now, loss) {
            self.want_key_since_loss(now);
        }
    }

    /// What the round trip shows was sent after the last change.
    fn is_seen(&self) -> bool {
        let seen = |at: Instant| self.delay.is_after(at) || after(self.path.at, at) > FRESH;
        self.changed.is_none_or(seen)
    }

    /// The network's queue grows beyond what may be.
    fn overflows(&self, now: Instant) -> bool {
        let (excess, growth) = (self.delay.excess(), self.delay.growth());
        let burst = self.key_at.is_some_and(|at| after(now, at) < KEY_QUEUE)
            || self.demand.raised().is_some_and(|at| after(now, at) < PROBE);
        if burst {
            return excess > NETWORK_HOLD_KEY && growth > GROWING;
        }
        let soon = excess > NETWORK_LONG && self.delay.queue() > NETWORK_SOON;
        soon || (excess > NETWORK_HOLD && growth > GROWING)
    }

    fn on_frame(&mut self, now: Instant, bytes: usize, key: bool, size: (u16, u16)) {
        if self.shape.learn(size) {
            let changed = self.shape.fit_at_once(now, self.lasting);
            self.on_shape(now, changed);
        }
        if key {
            self.keys.handle_key();
            self.key_at = Some(now);
        }
        self.meter.handle_frame(now, bytes);
        self.correction.handle_frame(now, bytes, key, self.target);
    }

    /// What the path carries, in bit/s: the estimate, as long as it is not known to be wrong.
    fn carried(&self) -> f32 {
        let estimate = self.path.estimate as f32;
        self.brake.cap().map_or(estimate, |cap| cap.min(estimate))
    }

    /// What the path leaves for the picture.
    fn set_target(&mut self) {
        let resent = 1.0 - self.path.loss.clamp(0.0, 0.2);
        let seen = self.is_seen();
        let emptying = match (seen, self.delay.excess() > NETWORK_LONG) {
            (true, false) => 1.0,
            (true, true) => EMPTYING,
            (false, _) => UNSEEN,
        };
        let limits = |room: f32| (room.max(0.0) as u32).clamp(FLOOR, ceiling(self.content));
        let (carried, sound) = (self.carried() * SHARE * resent, self.path.sound as f32);
        self.target = limits(carried * emptying - sound);
        self.lasting = limits(carried - sound);
    }

    /// The hold is over: with a size that suits what is left, and something to decode.
    fn go_on(&mut self, now: Instant) {
        let narrow = matches!(self.flow, Flow::Narrow { .. });
        self.flow = Flow::Flowing;
        self.changed = Some(now);
        self.set_target();
        if narrow || self.losses.is_high() {
            self.keys.want(now);
        }
        let changed = self.shape.fit_at_once(now, self.lasting);
        self.on_shape(now, changed);
    }

    /// An encoder that is told another size begins anew by itself.
    const fn on_shape(&mut self, now: Instant, changed: bool) {
        if changed {
            self.keys.expect(now);
        }
    }

    /// A key frame, unless one was made since the losses that were just reported.
    fn want_key_since_loss(&mut self, now: Instant) {
        if self.key_at.is_none_or(|at| after(now, at) >= LOSS_WINDOW) {
            self.want_key(now);
        }
    }

    fn want_key(&mut self, now: Instant) {
        if self.flow != Flow::Off {
            self.keys.want(now);
        }
    }

    /// Makes the orders for what was decided.
    fn settle(&mut self, now: Instant) {
        if self.flow == Flow::Off {
            return;
        }
        self.wanted.hold = self.flow.is_held();
        self.wanted.frame_rate = Some(self.shape.frame_rate());
        // The captured size is what an encoder uses unless it is told another.
        let told = self.told.size.is_some();
        self.wanted.size = self.shape.size().filter(|_| told || self.shape.is_smaller());
        let careful = self.careful.is_some_and(|at| after(now, at) < CAREFUL_FOR);
        let factor = self.correction.factor();
        let factor = if careful { factor.min(1.0) } else { factor };
        let bitrate = (self.target as f32 * factor) as u32;
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

fn after(now: Instant, then: Instant) -> Duration {
    now.saturating_duration_since(then)
}

const fn ceiling(content: Content) -> u32 {
    match content {
        Content::Camera => CAMERA_CEILING,
        Content::Screen => SCREEN_CEILING,
    }
}

#[cfg(test)]
mod tests;
