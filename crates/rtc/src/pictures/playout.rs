//! When to show which frame: evenly, as soon as the path's jitter allows, and with its sound.
//!
//! Frames are captured evenly but arrive unevenly. Each has a *transit*: when it could be decoded,
//! minus when it was captured, on two clocks with an unknown distance. The least transit of the
//! last seconds is what the path takes at best. The playout *line* is the transit that every frame
//! is given: a frame that came sooner waits, one that came later is handed out at once, since a
//! decoder needs it for the next. The line aims at
//!
//! - the least transit, plus what 95 of 100 frames need beyond it, or
//! - the transit of the sound that was captured with the picture ([`sync`]), if that is more: a
//!   picture can wait for its sound. The other way round the sound has to wait:
//!   [`Playout::sound_delay`] says how long. What it waits for that does not count here, or either
//!   would wait for the other for ever.
//!
//! and moves there at 5 % of real time, which nobody sees. It moves at once where that shows
//! nothing: down in the first second, and up to where frames have been coming for two seconds.

mod line;
mod sync;
mod transits;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Picture;
use super::assembly::Frame;
use line::Line;
use sync::Sync;
pub use sync::{Audible, Report};
use transits::Transits;

/// The longest a frame waits for the jitter of later ones. More would smooth more, and make
/// talking to each other hard.
pub const JITTER_MAX: Duration = Duration::from_millis(500);
/// The longest any frame waits, for jitter or for its sound: whatever the clocks say, pictures go
/// on. Sound that is later than this is not waited for.
pub const HOLD_MAX: Duration = Duration::from_secs(1);
/// Frames that wait at most, if [`Playout::poll`] is drained: [`HOLD_MAX`] at 60 a second, and some.
/// More only helps a hostile sender.
const FRAMES_MAX: usize = 90;
/// Bytes that wait at most, likewise; a second of 30 Mbit/s.
const BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Sound may be heard this much before its picture. EBU R37 allows 40 ms, of which half is left for
/// the time that the sound needs to obey; and 60 ms the other way round, where the line aims at zero.
const SOUND_LEADS: Duration = Duration::from_millis(20);
/// Without a picture for so long, sound waits for none.
const NO_PICTURES: Duration = Duration::from_secs(2);
/// A transit this far below the line is another clock: everything learned is forgotten.
const ANOTHER_CLOCK_US: i64 = 2_000_000;

/// How playing goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames handed out.
    pub frames: u64,
    /// Frames that came after their time and were handed out at once.
    pub late: u64,
    /// The sum of what frames waited.
    pub waited: Duration,
    /// What the jitter asks for at present, beyond the least transit.
    pub jitter: Duration,
    /// How much later than its sound a picture is shown, in µs; negative: sooner. `None` without a
    /// sound to compare with.
    pub behind_sound_us: Option<i64>,
}

/// A frame that waits for its time.
#[derive(Debug)]
struct Waiting {
    picture: Picture,
    captured_us: i64,
    since: Instant,
}

/// The playout buffer of one incoming stream. After [`handle`](Self::handle) drain
/// [`poll`](Self::poll), and again at [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Playout {
    /// Local times count from here.
    epoch: Option<Instant>,
    waiting: VecDeque<Waiting>,
    bytes: usize,
    transits: Transits,
    line: Option<Line>,
    sync: Sync,
    /// So many of those that wait are handed out at once.
    flush: usize,
    last_captured_us: u64,
    figures: Figures,
}

impl Default for Playout {
    fn default() -> Self {
        Self::new()
    }
}

impl Playout {
    /// Nothing was received yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            epoch: None,
            waiting: VecDeque::new(),
            bytes: 0,
            transits: Transits::default(),
            line: None,
            sync: Sync::default(),
            flush: 0,
            last_captured_us: 0,
            figures: Figures::default(),
        }
    }

    /// Takes a frame that can be decoded, in decoding order, as soon as that is so.
    pub fn handle(&mut self, now: Instant, frame: Frame) {
        let epoch = *self.epoch.get_or_insert(now);
        let captured_us = frame.picture.captured_us.cast_signed();
        let transit = us_between(epoch, now).wrapping_sub(captured_us);
        if self.line.is_some_and(|it| it.transit_us().wrapping_sub(transit) > ANOTHER_CLOCK_US) {
            self.forget();
        }
        let line = self.line.get_or_insert_with(|| Line::new(now, transit));
        line.observe(now, transit);
        self.transits.add(now, transit, line.is_settling(now));
        self.sync.handle_frame(frame.timestamp as u32, captured_us);
        let ready = self.ready();
        let longest = self.transits.least().saturating_add(us(HOLD_MAX));
        let sound = self.sound_transit(now).map(|sound| sound.saturating_sub(self.sync.asked_us()));
        let sound = sound.filter(|sound| *sound <= longest);
        let aim = sound.map_or(ready, |sound| sound.max(ready));
        if let Some(line) = &mut self.line {
            line.aim(now, aim);
        }
        self.bytes += frame.picture.data.len();
        self.waiting.push_back(Waiting { picture: frame.picture, captured_us, since: now });
    }

    /// What of the sound is heard, and when; `None` when there is no sound. Tell it as often as it
    /// is known, at least every second.
    pub const fn set_sound(&mut self, audible: Option<Audible>) {
        self.sync.audible = audible;
    }

    /// The last sender report of the sound's stream.
    pub const fn set_sound_report(&mut self, report: Report) {
        self.sync.sound = Some(report);
    }

    /// The last sender report of this stream.
    pub const fn set_report(&mut self, report: Report) {
        self.sync.pictures = Some(report);
    }

    /// The next picture whose time has come, in the order in which they were taken.
    pub fn poll(&mut self, now: Instant) -> Option<Picture> {
        let (due, late) = self.due()?;
        if due > now {
            return None;
        }
        let Waiting { mut picture, since, .. } = self.waiting.pop_front()?;
        self.bytes -= picture.data.len();
        self.flush = self.flush.saturating_sub(1);
        self.figures.frames += 1;
        self.figures.late += u64::from(late);
        self.figures.waited += now.saturating_duration_since(since);
        self.last_captured_us = self.last_captured_us.max(picture.captured_us);
        picture.captured_us = self.last_captured_us;
        Some(picture)
    }

    /// When the next picture is due; in the past when it is late.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.due().map(|(at, _)| at)
    }

    /// How long the sound should wait at least, as [`Audible::waited`] counts, to be heard with its
    /// picture; less than it needs anyway asks for nothing. `None`: nobody can tell, so leave it.
    ///
    /// Follows the line, so pictures and a sound that obeys move together; ask some ten times a
    /// second.
    #[must_use]
    pub fn sound_delay(&self, now: Instant) -> Option<Duration> {
        let seen = self.line.map(Line::moved);
        if seen.is_none_or(|seen| now.saturating_duration_since(seen) > NO_PICTURES) {
            return Some(Duration::ZERO);
        }
        let waited = self.sync.audible?.waited;
        let least = us(waited).saturating_add(self.behind_sound(now)?) - us(SOUND_LEADS);
        Some(Duration::from_micros(least.max(0).unsigned_abs()))
    }

    /// How playing goes.
    #[must_use]
    pub fn figures(&self, now: Instant) -> Figures {
        let jitter = Duration::from_micros(self.transits.jitter().unsigned_abs());
        Figures { jitter, behind_sound_us: self.behind_sound(now), ..self.figures }
    }

    /// When the first of those that wait is due, and whether that was before it came.
    fn due(&self) -> Option<(Instant, bool)> {
        let (first, line, epoch) = (self.waiting.front()?, self.line?, self.epoch?);
        if self.flush > 0 || self.waiting.len() > FRAMES_MAX || self.bytes > BYTES_MAX {
            return Some((first.since, false));
        }
        let wait_us = first
            .captured_us
            .wrapping_add(line.transit_us())
            .saturating_sub(us_between(epoch, first.since));
        let wait = Duration::from_micros(wait_us.max(0).unsigned_abs()).min(HOLD_MAX);
        Some((first.since.checked_add(wait)?, wait_us < 0))
    }

    /// The transit that lets pictures be even.
    fn ready(&self) -> i64 {
        self.transits.least().saturating_add(self.transits.jitter())
    }

    /// The transit that shows pictures with their sound.
    fn sound_transit(&self, now: Instant) -> Option<i64> {
        self.sync.transit(now, self.epoch?, self.transits.least())
    }

    /// How much later than its sound a picture is shown, in µs.
    fn behind_sound(&self, now: Instant) -> Option<i64> {
        let sound = self.sound_transit(now)?;
        Some(self.line?.transit_us().saturating_sub(sound))
    }

    /// The sender's clock is another one: what waits is handed out, and learning starts anew.
    fn forget(&mut self) {
        self.flush = self.waiting.len();
        self.line = None;
        self.transits = Transits::default();
        self.sync.forget_pictures();
    }
}

const fn us(duration: Duration) -> i64 {
    duration.as_micros() as i64
}

/// From `from` to `to` in µs; negative when `to` is earlier.
fn us_between(from: Instant, to: Instant) -> i64 {
    let forward = us(to.saturating_duration_since(from));
    forward - us(from.saturating_duration_since(to))
}

#[cfg(test)]
mod tests;
