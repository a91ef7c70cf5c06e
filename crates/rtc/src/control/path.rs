//! What is known of the path: what it carries, and how long its queue is.

use std::time::{Duration, Instant};

use super::brake::Brake;
use super::delay::Delay;
use super::{after, order::Content};

/// The least that a picture is encoded with, in bit/s. Encoders refuse less or ignore it.
pub(super) const FLOOR: u32 = 30_000;
/// The most for a camera, in bit/s: 720p at 30 frames a second looks no better with more.
const CAMERA_CEILING: u32 = 1_700_000;
/// The most for a screen, in bit/s: sharp text on a whole page that scrolls.
const SCREEN_CEILING: u32 = 2_500_000;
/// What is assumed of a path that nothing is known about, in bit/s.
const UNKNOWN: u64 = 1_000_000;
/// The share of the estimate that sound and picture use. The rest is for headers, feedback and the
/// encoder's flutter; more fills queues, less wastes the path.
const SHARE: f32 = 0.95;
/// What is older than this says nothing about the path any more.
const FRESH: Duration = Duration::from_secs(1);
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
/// The queues below which a held encoder goes on.
const GO_BELOW: Duration = Duration::from_millis(40);
/// The queue in the network above which less is sent than passes, so that it empties.
const NETWORK_LONG: Duration = Duration::from_millis(50);
/// The share that is sent then.
const EMPTYING: f32 = 0.75;
/// The share that is sent while nobody knows yet whether a hold was long enough: what was lost is
/// sent again at the same time.
const UNSEEN: f32 = 0.6;

#[derive(Debug)]
pub(super) struct Path {
    /// When it was seen last.
    at: Instant,
    /// What it is estimated to carry, in bit/s.
    pub(super) estimate: u64,
    /// The age of the oldest packet in the pacer.
    pub(super) queue: Duration,
    /// The share that is lost.
    pub(super) loss: f32,
    /// What the sound on it takes, in bit/s.
    pub(super) sound: u32,
    delay: Delay,
    brake: Brake,
    /// When the encoder went on last: what was sent before says nothing about what is done now.
    changed: Option<Instant>,
}

/// What a path leaves for the picture, in bit/s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// At the moment.
    pub(super) target: u32,
    /// Once queues are gone.
    pub(super) lasting: u32,
}

impl Path {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            at: now,
            estimate: UNKNOWN,
            queue: Duration::ZERO,
            loss: 0.0,
            sound: 0,
            delay: Delay::default(),
            brake: Brake::default(),
            changed: None,
        }
    }

    /// As it is seen every 100 ms.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        estimate: Option<u64>,
        queue: Duration,
        loss: f32,
        round_trip: Option<Duration>,
        sound: u32,
    ) {
        self.at = now;
        self.estimate = estimate.unwrap_or(self.estimate);
        self.queue = queue;
        self.loss = loss;
        self.sound = sound;
        if let Some(round_trip) = round_trip {
            self.delay.observe(now, round_trip);
        }
        self.brake.observe(now, self.estimate, self.is_calm());
    }

    /// Another path may be in use: what was learnt of the last one's length is void.
    pub(super) fn forget(&mut self) {
        self.delay.forget();
    }

    /// The encoder goes on, or what was sent until now never arrived.
    pub(super) const fn begin(&mut self, now: Instant) {
        self.changed = Some(now);
    }

    /// When it began last.
    pub(super) const fn begun(&self) -> Option<Instant> {
        self.changed
    }

    /// The queue in the network grows while `used` bit/s are sent: the estimate is too high.
    pub(super) fn press_brake(&mut self, now: Instant, used: f32) {
        self.brake.press(now, used, self.delay.growth(), self.carried());
    }

    /// The estimate is right again.
    pub(super) const fn release_brake(&mut self) {
        self.brake.release();
    }

    /// The brake was pressed a short while ago: less is sent since, and the queue goes by itself.
    pub(super) fn is_braked_again(&self, now: Instant) -> bool {
        self.brake.is_again(now)
    }

    /// There and back, as seen last.
    pub(super) fn round_trip(&self) -> Duration {
        self.delay.round_trip()
    }

    /// There is no queue to speak of.
    pub(super) fn is_calm(&self) -> bool {
        self.queue < GO_BELOW && self.delay.excess() < NETWORK_LONG
    }

    /// The queues are short enough for a held encoder to go on.
    pub(super) fn is_empty(&self) -> bool {
        self.queue < GO_BELOW && self.delay.excess() < GO_BELOW
    }

    /// The network's queue is longer than any flutter.
    pub(super) fn is_long(&self) -> bool {
        self.delay.excess() > NETWORK_HOLD
    }

    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        after(now, self.at) < FRESH
    }

    /// What the round trip shows was sent after the last change.
    pub(super) fn is_seen(&self) -> bool {
        let seen = |at: Instant| self.delay.is_after(at) || after(self.at, at) > FRESH;
        self.changed.is_none_or(seen)
    }

    /// The network's queue grows beyond what may be; just after a burst, that is more.
    pub(super) fn overflows(&self, burst: bool) -> bool {
        let (excess, growth) = (self.delay.excess(), self.delay.growth());
        if burst {
            return excess > NETWORK_HOLD_KEY && growth > GROWING;
        }
        let soon = excess > NETWORK_LONG && self.delay.queue() > NETWORK_SOON;
        soon || (excess > NETWORK_HOLD && growth > GROWING)
    }

    /// How long its queue takes to empty while nothing is sent; `again` where a hold was just over.
    pub(super) fn emptied_after(&self, again: bool) -> Duration {
        let queue = self.delay.queue().max(self.queue);
        if again {
            self.delay.excess().min(AGAIN_MAX)
        } else if queue > LOST_ABOVE {
            queue + LOST_EXTRA
        } else {
            queue
        }
    }

    /// What it carries, in bit/s: the estimate, as long as it is not known to be wrong.
    pub(super) fn carried(&self) -> f32 {
        let estimate = self.estimate as f32;
        self.brake.cap().map_or(estimate, |cap| cap.min(estimate))
    }

    /// What it leaves for the picture.
    pub(super) fn room(&self, content: Content) -> Room {
        let resent = 1.0 - self.loss.clamp(0.0, 0.2);
        let emptying = match (self.is_seen(), self.delay.excess() > NETWORK_LONG) {
            (true, false) => 1.0,
            (true, true) => EMPTYING,
            (false, _) => UNSEEN,
        };
        let limits = |room: f32| (room.max(0.0) as u32).clamp(FLOOR, ceiling(content));
        let (carried, sound) = (self.carried() * SHARE * resent, self.sound as f32);
        Room { target: limits(carried * emptying - sound), lasting: limits(carried - sound) }
    }
}

/// The most that a picture is encoded with, in bit/s.
pub(super) const fn ceiling(content: Content) -> u32 {
    match content {
        Content::Camera => CAMERA_CEILING,
        Content::Screen => SCREEN_CEILING,
    }
}
