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
mod flow;
mod keys;
mod ladder;
mod losses;
mod order;
mod path;
mod resends;
mod settings;
mod shape;
mod silence;

use std::time::{Duration, Instant};

use demand::Demand;
use encoder::{Correction, Meter};
use flow::Flow;
use keys::Keys;
use losses::Losses;
pub use order::{Content, Observation, Order};
use path::{FLOOR, Path, Room, ceiling};
use resends::Resends;
use settings::Settings;
use shape::Shape;
use silence::Silence;

/// The estimate below which the picture is held so that sound passes, in bit/s.
const NARROW: u64 = 100_000;
/// The estimate from which a held picture comes back.
const WIDE: u64 = 120_000;
/// How long a picture stays held on a narrow path before the path is judged anew.
const NARROW_FOR: Duration = Duration::from_secs(3);
/// An estimate that falls below this share of what is being used is a collapse.
const COLLAPSE: f32 = 0.7;
/// Age of the oldest packet in the pacer from which the encoder is held. Lower holds it for key
/// frames, which may take so long to send.
const PACER_HOLD: Duration = Duration::from_millis(200);
/// How long after the demand was raised its probes are on their way or their queue is there.
const PROBE: Duration = Duration::from_millis(400);
/// How long after a key frame its queue is expected.
const KEY_QUEUE: Duration = Duration::from_millis(500);
/// The longest hold for a queue: then the pacer has to cope.
const DRAIN_MAX: Duration = Duration::from_millis(600);
/// A bitrate is told again only where it differs by more than this share: encoders hiccup on every
/// change.
const DEADBAND: f32 = 0.03;
/// How long an encoder that makes too little is left alone after the target fell.
const CAREFUL_FOR: Duration = Duration::from_millis(300);
/// The loss is that of so long a time.
const LOSS_WINDOW: Duration = Duration::from_secs(1);
/// Loss from which an estimate that fell without a queue is doubted: it was the loss.
const RANDOM: f32 = 0.05;

/// Drives the encoder of one outgoing slot. See the module's head.
#[derive(Debug)]
pub struct Controller {
    content: Content,
    flow: Flow,
    path: Path,
    shape: Shape,
    /// What the encoder should really make, and, once queues are gone, what size and frame rate are
    /// chosen for.
    room: Room,
    correction: Correction,
    /// When the target fell or a queue was seen last: what was learnt about an encoder that makes
    /// too little is not used then.
    careful: Option<Instant>,
    demand: Demand,
    meter: Meter,
    silence: Silence,
    keys: Keys,
    key_due: bool,
    /// The last key frame.
    key_at: Option<Instant>,
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
            path: Path::new(now),
            shape: Shape::new(content, ceiling),
            room: Room { target: FLOOR, lasting: FLOOR },
            correction: Correction::new(),
            demand: Demand::new(now, ceiling),
            meter: Meter::default(),
            silence: Silence::default(),
            careful: None,
            keys: Keys::default(),
            key_due: false,
            key_at: None,
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
        self.room = self.path.room(self.content);
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
                self.path.observe(now, estimate, queue, loss, round_trip, sound);
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
                if self.key_at.is_none_or(|at| after(now, at) > self.path.round_trip()) {
                    self.want_key(now);
                }
            }
            Observation::PathBack => {
                self.path.forget();
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
                if self.path.estimate < WIDE && self.path.is_fresh(now) {
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
        self.path.begin(now);
        self.losses.handle_back(now);
        self.resends.handle_back();
        self.want_key(now);
    }

    fn on_path(&mut self, now: Instant) {
        let Path { estimate, queue, loss, sound, .. } = self.path;
        let calm = self.path.is_calm();
        self.demand.observe(now, estimate, calm, loss > RANDOM, sound);
        // A demand that was raised after the brake was pressed made a probe, and it is through.
        if calm && self.demand.raised().is_some_and(|at| after(now, at) >= PROBE) {
            self.path.release_brake();
        }
        if self.flow == Flow::Off {
            return;
        }
        let seen = self.path.is_seen();
        let overflows = seen && self.path.overflows(self.is_burst(now));
        let again = self.path.is_braked_again(now);
        if self.path.is_long() {
            self.resends.handle_queue();
        }
        self.resends.observe(now, loss);
        if overflows && self.flow == Flow::Flowing {
            let used = self.meter.rate(now, self.path.begun()) + sound as f32;
            self.path.press_brake(now, used);
            self.correction.be_careful();
            self.demand.back_off(now, self.path.carried());
        }
        let before = self.room.target;
        self.room = self.path.room(self.content);
        if self.room.target < before || !calm {
            self.careful = Some(now);
        }
        if (self.room.target as f32) < before as f32 * COLLAPSE {
            self.shape.rest(now);
            self.correction.be_careful();
            // Loss without a queue is no sign of a path that narrowed: look again at once.
            if !calm || loss <= RANDOM {
                self.demand.back_off(now, self.path.carried());
            }
        }
        match self.flow {
            Flow::Off => {}
            Flow::Flowing | Flow::Draining { .. } if estimate < NARROW => {
                self.flow = Flow::Narrow { until: now + NARROW_FOR };
            }
            Flow::Flowing if overflows => {
                let until = now + self.path.emptied_after(again).min(DRAIN_MAX);
                self.flow = Flow::Draining { until };
            }
            Flow::Flowing if queue > PACER_HOLD => {
                self.flow = Flow::Draining { until: now + DRAIN_MAX };
            }
            Flow::Flowing => {
                let changed = self.shape.fit(now, self.room.lasting);
                self.on_shape(now, changed);
            }
            Flow::Draining { .. } if self.path.is_empty() => {
                if !seen {
                    self.path.release_brake();
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

    /// A key frame or a probe is on its way, whose queue goes by itself.
    fn is_burst(&self, now: Instant) -> bool {
        self.key_at.is_some_and(|at| after(now, at) < KEY_QUEUE)
            || self.demand.raised().is_some_and(|at| after(now, at) < PROBE)
    }

    fn on_frame(&mut self, now: Instant, bytes: usize, key: bool, size: (u16, u16)) {
        if self.shape.learn(size) {
            let changed = self.shape.fit_at_once(now, self.room.lasting);
            self.on_shape(now, changed);
        }
        if key {
            self.keys.handle_key();
            self.key_at = Some(now);
        }
        self.meter.handle_frame(now, bytes);
        self.correction.handle_frame(now, bytes, key, self.room.target);
    }

    /// The hold is over: with a size that suits what is left, and something to decode.
    fn go_on(&mut self, now: Instant) {
        let narrow = matches!(self.flow, Flow::Narrow { .. });
        self.flow = Flow::Flowing;
        self.path.begin(now);
        self.room = self.path.room(self.content);
        if narrow || self.losses.is_high() {
            self.keys.want(now);
        }
        let changed = self.shape.fit_at_once(now, self.room.lasting);
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
        let bitrate = (self.room.target as f32 * factor) as u32;
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

#[cfg(test)]
mod tests;
