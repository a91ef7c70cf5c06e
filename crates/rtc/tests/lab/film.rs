//! What was seen of a run.

use std::fmt::Write as _;
use std::time::Duration;

use bellwire_rtc::control::Order;

/// The longest distance of two pictures that still looks like motion: six frames. Chromium calls a
/// freeze what is 150 ms longer than usual.
const STILL: Duration = Duration::from_millis(183);

/// A picture that the receiver could decode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) at: Duration,
    pub(crate) captured: Duration,
    pub(crate) key: bool,
    pub(crate) bytes: usize,
    pub(crate) width: u16,
}

/// The path at one moment, every 100 ms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    pub(crate) estimate: u64,
    pub(crate) queue: Duration,
    pub(crate) network: Duration,
    pub(crate) loss: f32,
    pub(crate) round_trip: Duration,
    pub(crate) through: usize,
    pub(crate) desired: u64,
    pub(crate) held: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Film {
    pub(crate) shown: Vec<Shown>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) orders: Vec<(Duration, Order)>,
    pub(crate) asked: Vec<Duration>,
    pub(crate) made: Vec<(Duration, usize, bool)>,
    pub(crate) heard: usize,
    /// Changes of the share that may be sent again.
    pub(crate) resent_shares: Vec<(Duration, f32)>,
    /// Media packets that arrived, with all their headers: when, and bytes.
    pub(crate) media: Vec<(Duration, usize)>,
}

impl Film {
    pub(super) fn shown(&mut self, shown: Shown) {
        self.shown.push(shown);
    }

    pub(super) fn sampled(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    pub(super) fn ordered(&mut self, at: Duration, order: Order) {
        self.orders.push((at, order));
    }

    pub(super) fn made(&mut self, at: Duration, bytes: usize, key: bool) {
        self.made.push((at, bytes, key));
    }

    /// Times at which pictures became visible in a span, with the last one before and its end.
    fn moments(&self, from: Duration, until: Duration) -> Vec<Duration> {
        let mut moments: Vec<Duration> =
            vec![self.shown.iter().rev().map(|it| it.at).find(|at| *at <= from).unwrap_or(from)];
        moments.extend(self.shown.iter().map(|it| it.at).filter(|at| *at > from && *at < until));
        moments.push(until);
        moments
    }

    /// The stills in a span: when each begins, and how long it is.
    pub(crate) fn stills(&self, from: Duration, until: Duration) -> Vec<(Duration, Duration)> {
        self.moments(from, until)
            .windows(2)
            .map(|pair| (pair[0], pair[1] - pair[0]))
            .filter(|(_, length)| *length > STILL)
            .collect()
    }

    /// Time in a span in which the picture stood still.
    pub(crate) fn frozen(&self, from: Duration, until: Duration) -> Duration {
        self.stills(from, until).iter().map(|(_, length)| *length).sum()
    }

    /// How long after `from` the picture moves, for at least a second without a still.
    pub(crate) fn moves_again(&self, from: Duration) -> Option<Duration> {
        let last = self.shown.last()?.at;
        let mut since = from;
        for (begins, length) in self.stills(from, last) {
            if begins > since + Duration::from_secs(1) {
                break;
            }
            since = begins + length;
        }
        Some(since - from).filter(|_| since + Duration::from_secs(1) <= last)
    }

    /// Bits per second of sound and picture that arrived in a span, with headers, without padding
    /// and without what came twice.
    pub(crate) fn goodput(&self, from: Duration, until: Duration) -> f64 {
        let within = self.media.iter().filter(|it| it.0 >= from && it.0 < until);
        let bytes: usize = within.map(|it| it.1).sum();
        bytes as f64 * 8.0 / (until - from).as_secs_f64()
    }

    /// Pictures per second in a span.
    pub(crate) fn rate(&self, from: Duration, until: Duration) -> f64 {
        let count = self.shown.iter().filter(|it| it.at >= from && it.at < until).count();
        count as f64 / (until - from).as_secs_f64()
    }

    /// The delays in pacer and bottleneck in a span, sorted.
    pub(crate) fn queues(&self, from: Duration, until: Duration) -> Vec<Duration> {
        let within = self.samples.iter().filter(|it| it.at >= from && it.at < until);
        let mut queues: Vec<Duration> = within.map(|it| it.queue + it.network).collect();
        queues.sort_unstable();
        queues
    }

    /// The longest time in a span during which the queue never went below `level`.
    pub(crate) fn standing(&self, from: Duration, until: Duration, level: Duration) -> Duration {
        let (mut longest, mut since) = (Duration::ZERO, None);
        for sample in self.samples.iter().filter(|it| it.at >= from && it.at < until) {
            if sample.queue + sample.network > level {
                let since = *since.get_or_insert(sample.at);
                longest = longest.max(sample.at - since + Duration::from_millis(100));
            } else {
                since = None;
            }
        }
        longest
    }

    /// When the estimate first reached a value after a time.
    pub(crate) fn found(&self, from: Duration, estimate: u64) -> Option<Duration> {
        let mut samples = self.samples.iter().filter(|it| it.at >= from);
        samples.find(|it| it.estimate >= estimate).map(|it| it.at - from)
    }

    /// When the encoder was first told to make so much after a time.
    pub(crate) fn ordered_bitrate(&self, from: Duration, bitrate: u32) -> Option<Duration> {
        let enough = |order: &Order| matches!(order, Order::Bitrate(it) if *it >= bitrate);
        let mut orders = self.orders.iter().filter(|(at, _)| *at >= from);
        orders.find(|(_, order)| enough(order)).map(|(at, _)| *at - from)
    }

    /// How late pictures are, from capture to decodable, in a span, sorted.
    pub(crate) fn lateness(&self, from: Duration, until: Duration) -> Vec<Duration> {
        let within = self.shown.iter().filter(|it| it.at >= from && it.at < until);
        let mut late: Vec<Duration> = within.map(|it| it.at.saturating_sub(it.captured)).collect();
        late.sort_unstable();
        late
    }

    /// Everything, line by line.
    pub(crate) fn story(&self, from: Duration, until: Duration) -> String {
        let mut lines: Vec<(Duration, String)> = Vec::new();
        let mut through = 0;
        for it in &self.samples {
            let passed = (it.through - through) * 8 / 100;
            through = it.through;
            lines.push((
                it.at,
                format!(
                    "path est {} pacer {:.0?} net {:.0?} rtt {:.0?} loss {:.2} passed {passed} k desired {}",
                    it.estimate / 1_000,
                    it.queue,
                    it.network,
                    it.round_trip,
                    it.loss,
                    it.desired / 1_000
                ),
            ));
        }
        lines.extend(self.orders.iter().map(|(at, order)| (*at, format!("      {order:?}"))));
        lines.extend(self.asked.iter().map(|at| (*at, "      PLI".to_owned())));
        lines.extend(
            self.made
                .iter()
                .filter(|it| it.2)
                .map(|it| (it.0, format!("      key frame made, {} bytes", it.1))),
        );
        lines.extend(
            self.stills(from, until)
                .iter()
                .map(|(at, length)| (*at, format!("      STILL for {length:?}"))),
        );
        lines.extend(
            self.shown
                .iter()
                .filter(|it| it.key)
                .map(|it| (it.at, format!("      key frame shown, {} wide", it.width))),
        );
        lines.sort();
        let mut story = String::new();
        for (at, line) in lines.iter().filter(|(at, _)| *at >= from && *at < until) {
            let _ = writeln!(story, "{:7.3} {line}", at.as_secs_f64());
        }
        story
    }
}

/// One of many, by rank.
pub(crate) fn percentile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    let index = (sorted.len().checked_sub(1)? as f64 * part).round() as usize;
    sorted.get(index).copied()
}
