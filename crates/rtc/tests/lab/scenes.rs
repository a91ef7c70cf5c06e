//! Scenes that the tests and the figures share.

use std::time::Duration;

use bellwire_rtc::control::{Content, Order};

use super::film::percentile;
use super::{Asks, Lab, Path};

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How a path that narrows and widens again is taken.
#[derive(Debug)]
pub(crate) struct Step {
    /// From the drop until the picture moves for good.
    pub(crate) moves_after: Option<Duration>,
    /// Time without motion in the 18 s from the drop.
    pub(crate) frozen: Duration,
    /// The longest time with more than 100 ms of queue, from one second after the drop.
    pub(crate) standing: Duration,
    /// The queue's 95th percentile in that time.
    pub(crate) queue_p95: Duration,
    /// The share of the narrow path that picture and sound used, from 5 s after the drop.
    pub(crate) used: f64,
    /// From the widening until 1.5 Mbit/s are estimated.
    pub(crate) found_after: Option<Duration>,
    /// From the widening until the encoder is told to make 90 % of what 1.5 Mbit/s carry.
    pub(crate) ordered_after: Option<Duration>,
    /// Times that the share which may be sent again changed.
    pub(crate) resends: usize,
}

/// 1.5 Mbit/s become 400 kbit/s from one moment to the next, and 20 s later 3 Mbit/s.
pub(crate) fn sudden_drop(seed: u64) -> Step {
    let mut lab = Lab::new(seed, Content::Camera, Path::of(1_500_000));
    lab.run(s(15));
    let drop = lab.at();
    lab.set_path(Path::of(400_000));
    lab.run(s(20));
    let free = lab.at();
    lab.set_path(Path::of(3_000_000));
    lab.run(s(14));
    let film = &lab.film;
    let used = film.goodput(drop + s(5), free);
    Step {
        moves_after: film.moves_again(drop),
        frozen: film.frozen(drop, drop + s(18)),
        standing: film.standing(drop + s(1), free, ms(100)),
        queue_p95: percentile(&film.queues(drop + s(1), free), 0.95).unwrap_or_default(),
        used: used / 400_000.0,
        found_after: film.found(free, 1_500_000),
        ordered_after: film.ordered_bitrate(free, 1_215_000),
        resends: film.resent_shares.len(),
    }
}

/// How a path that stays as it is is used.
#[derive(Debug)]
pub(crate) struct Steady {
    /// The share of the path that picture and sound use, of at most the ceiling.
    pub(crate) used: f64,
    /// Time without motion in 20 s.
    pub(crate) frozen: Duration,
    /// The longest time with more than 100 ms of queue.
    pub(crate) standing: Duration,
    pub(crate) queue_p95: Duration,
    /// Key frames that were made in 20 s.
    pub(crate) keys: usize,
    /// Changes of size in 20 s.
    pub(crate) sizes: usize,
    /// From capture to decodable.
    pub(crate) late_p95: Duration,
    /// Times that the share which may be sent again changed.
    pub(crate) resends: usize,
}

/// 30 s on one path, of which the last 20 count.
pub(crate) fn steady(seed: u64, rate: u64, loss: f32) -> Steady {
    let mut lab = Lab::new(seed, Content::Camera, Path::of(rate));
    lab.run(s(1));
    lab.set_path(Path::of(rate).loss(loss));
    lab.run(s(29));
    let (from, until) = (s(10), s(30));
    let film = &lab.film;
    let used = film.goodput(from, until);
    let within = |at: &Duration| *at >= from && *at < until;
    let size = |order: &Order| matches!(order, Order::Size { .. });
    Steady {
        used: used / (rate as f64).min(1_700_000.0),
        frozen: film.frozen(from, until),
        standing: film.standing(from, until, ms(100)),
        queue_p95: percentile(&film.queues(from, until), 0.95).unwrap_or_default(),
        keys: film.made.iter().filter(|it| it.2 && within(&it.0)).count(),
        sizes: film.orders.iter().filter(|it| within(&it.0) && size(&it.1)).count(),
        late_p95: percentile(&film.lateness(from, until), 0.95).unwrap_or_default(),
        resends: film.resent_shares.len(),
    }
}

/// What a blackout costs.
#[derive(Debug)]
pub(crate) struct Blackout {
    /// From the path's return until a key frame left the encoder.
    pub(crate) key_after: Option<Duration>,
    /// From the path's return until the picture moves for good.
    pub(crate) moves_after: Option<Duration>,
    pub(crate) queue_p95: Duration,
}

/// Nothing passes for 1.5 s, and the other side asks for nothing.
pub(crate) fn blackout(seed: u64) -> Blackout {
    let mut lab = Lab::new(seed, Content::Camera, Path::of(1_500_000)).asks(Asks::Never);
    lab.run(s(10));
    lab.set_blackout(true);
    lab.run(ms(1_500));
    lab.set_blackout(false);
    let back = lab.at();
    lab.run(s(8));
    let film = &lab.film;
    let made = film.made.iter().find(|it| it.2 && it.0 >= back);
    Blackout {
        key_after: made.map(|it| it.0 - back),
        moves_after: film.moves_again(back),
        queue_p95: percentile(&film.queues(back + s(1), lab.at()), 0.95).unwrap_or_default(),
    }
}

/// What a path that carries hardly more than sound does.
#[derive(Debug)]
pub(crate) struct Narrow {
    /// The share of sound that arrived while the path was narrow.
    pub(crate) heard: f64,
    /// How long the picture was held of 15 s.
    pub(crate) held: f64,
    /// From the widening to 1 Mbit/s until pictures arrive again.
    pub(crate) back_after: Option<Duration>,
    pub(crate) queue_p95: Duration,
}

/// 1 Mbit/s become 90 kbit/s, and 20 s later 1 Mbit/s again.
pub(crate) fn narrow(seed: u64) -> Narrow {
    let mut lab = Lab::new(seed, Content::Camera, Path::of(1_000_000));
    lab.run(s(10));
    lab.set_path(Path::of(90_000));
    lab.run(s(5));
    let (from, heard) = (lab.at(), lab.film.heard);
    lab.run(s(15));
    let heard = lab.film.heard - heard;
    let until = lab.at();
    lab.set_path(Path::of(1_000_000));
    lab.run(s(12));
    let film = &lab.film;
    let samples = film.samples.iter().filter(|it| it.at >= from && it.at < until);
    Narrow {
        heard: heard as f64 / (15.0 * 50.0),
        held: samples.filter(|it| it.held).count() as f64 / 150.0,
        back_after: film.moves_again(until),
        queue_p95: percentile(&film.queues(from, until), 0.95).unwrap_or_default(),
    }
}
