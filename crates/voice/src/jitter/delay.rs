//! How long packets travel, and how long it pays to wait for them.
//!
//! For every frame of the last [`WINDOW`] it is known when it could have been played: when it
//! arrived, or when what mends it did (a redundant copy, or the copy in the packet after it). The
//! *lag* of a frame is that time against the fastest packet of the window. Waiting for longer loses
//! fewer frames and costs delay; [`Delays::wait`] is where the sum of both prices is least. So the
//! buffer waits for what mends losses only where there are losses, and only if something mends them.

use super::{Place, ms};
use std::collections::VecDeque;

/// How long a frame counts, in samples. Longer holds on to jitter that is gone and to the fastest
/// packet of a path or a clock that is not like that any more (300 ppm are 3 ms in this time),
/// shorter forgets rare losses.
const WINDOW: i64 = ms(10_000);
/// How many frames count at most; bounds memory and time against floods of tiny ones.
const MOST: usize = 1_000;
/// How long a wait is held at least, in samples; at most twice as long. Shorter follows the noise of
/// rare losses, and each time costs two stretches.
const HOLD: i64 = ms(4_000);
/// What a frame of a hundred that cannot be played is worth, in samples of delay. Higher waits for
/// rarer stragglers.
const PRICE: i64 = ms(20);

/// What the sender's packets taught about the path.
#[derive(Debug, Default)]
pub(super) struct Delays {
    /// One for each sequence number, without gaps.
    frames: VecDeque<Frame>,
    /// Sequence number of the first of `frames`.
    first: i64,
    least: Option<i64>,
    held: Held,
    /// Something came that `held` does not know.
    stale: bool,
    lags: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    timestamp: i64,
    /// When it, or the first after it, arrived.
    noted: i64,
    /// When it could be played, against its timestamp.
    ready: Option<i64>,
    /// It arrived itself.
    primary: bool,
}

impl Delays {
    /// Notes a packet that arrived itself. `mends` is how much of what came before is in it, in
    /// samples. False if it was here before.
    pub(super) fn arrived(&mut self, now: i64, place: Place, mends: i64) -> bool {
        self.forget(now);
        let transit = now - place.timestamp;
        let Some(frame) = self.reach(now, place) else { return true };
        if frame.primary {
            return false;
        }
        *frame =
            Frame { timestamp: place.timestamp, noted: now, ready: Some(transit), primary: true };
        let before = Place { sequence: place.sequence - 1, timestamp: place.timestamp - mends };
        if mends > 0 && before.sequence >= self.first {
            self.mended(now, before);
        }
        self.least = Some(self.least.map_or(transit, |least| least.min(transit)));
        self.stale = true;
        true
    }

    /// Notes that a frame can be had, though it did not arrive itself.
    pub(super) fn mended(&mut self, now: i64, place: Place) {
        if let Some(frame) = self.reach(now, place)
            && frame.ready.is_none()
        {
            frame.ready = Some(now - place.timestamp);
            self.stale = true;
        }
    }

    /// Arrival minus timestamp of the fastest packet, in samples.
    pub(super) fn least(&self) -> i64 {
        self.least.unwrap_or(0)
    }

    /// How much later than the fastest packet frames are best played, in samples.
    pub(super) fn wait(&mut self, now: i64) -> i64 {
        if std::mem::take(&mut self.stale) {
            let wait = self.cheapest();
            self.held.note(now, wait);
        }
        self.held.most()
    }

    /// How many frames the wisdom rests on.
    pub(super) fn known(&self) -> usize {
        self.frames.len()
    }

    fn cheapest(&mut self) -> i64 {
        let primaries = || self.frames.iter().filter(|frame| frame.primary);
        self.least = primaries().filter_map(|frame| frame.ready).min();
        let Some(least) = self.least else { return 0 };
        self.lags.clear();
        self.lags.extend(self.frames.iter().filter_map(|frame| Some(frame.ready? - least)));
        self.lags.sort_unstable();
        let all = count(self.frames.len());
        let price = |(played, lag): (usize, &i64)| {
            let missing = all - count(played) - 1;
            (lag * all + PRICE * 100 * missing, *lag)
        };
        self.lags.iter().enumerate().map(price).min().map_or(0, |(_, lag)| lag.max(0))
    }

    /// The frame at a place, made if it is new. None if it is too old.
    fn reach(&mut self, now: i64, place: Place) -> Option<&mut Frame> {
        let end = self.first + count(self.frames.len());
        if self.frames.is_empty() || place.sequence >= end + count(MOST) {
            self.frames.clear();
            self.first = place.sequence;
        } else if place.sequence > end {
            // The missing ones lie evenly between their neighbours.
            let last = self.frames.back().map_or(place.timestamp, |frame| frame.timestamp);
            let step = (place.timestamp - last) / (place.sequence - end + 1);
            for missing in 1..=place.sequence - end {
                let timestamp = last + step * missing;
                self.frames.push_back(Frame { timestamp, noted: now, ready: None, primary: false });
            }
        }
        if place.sequence == self.first + count(self.frames.len()) {
            let timestamp = place.timestamp;
            self.frames.push_back(Frame { timestamp, noted: now, ready: None, primary: false });
        }
        while self.frames.len() > MOST {
            self.frames.pop_front();
            self.first += 1;
        }
        let index = usize::try_from(place.sequence - self.first).ok()?;
        self.frames.get_mut(index)
    }

    fn forget(&mut self, now: i64) {
        while self.frames.front().is_some_and(|frame| now - frame.noted > WINDOW) {
            self.frames.pop_front();
            self.first += 1;
        }
    }
}

/// The most that was wanted lately.
#[derive(Debug, Default)]
struct Held {
    since: i64,
    most: i64,
    /// The most of the time before `since`.
    before: i64,
}

impl Held {
    fn note(&mut self, now: i64, wanted: i64) {
        if now - self.since > HOLD {
            *self = Self { since: now, most: wanted, before: self.most };
        }
        self.most = self.most.max(wanted);
    }

    fn most(&self) -> i64 {
        self.most.max(self.before)
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
