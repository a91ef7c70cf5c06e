//! Pictures and the sound that was captured with them.
//!
//! Either stream has timestamps of its own. Sender reports (RFC 3550 section 6.4.1) say which
//! timestamp belongs to which moment of the sender's wall clock; so a picture's timestamp, over
//! that clock, becomes the timestamp of the sound that belongs to it, and the sound's playout says
//! when that is heard here.

use std::time::{Duration, Instant, SystemTime};

use super::{us, us_between};

/// How long what was heard last says something about what is heard. Without sound (muted, or a
/// sender that pauses) pictures stop waiting for it.
const STALE: Duration = Duration::from_secs(2);
/// Streams further apart than this have not one wall clock, and are not compared.
const UNRELATED_US: i64 = 5_000_000;
const SOUND_HZ: i64 = 48_000;
const PICTURES_HZ: i64 = 90_000;

/// What of the sound is heard when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audible {
    /// An RTP timestamp of the sound's stream, 48 kHz.
    pub timestamp: u32,
    /// When it is heard: leaves the speaker, not the buffer.
    pub at: Instant,
    /// How long it waited in the buffer.
    pub waited: Duration,
    /// How much of that it waited only because of [`sound_delay`](super::Playout::sound_delay).
    pub asked: Duration,
}

/// A stream's timestamp and the sender's wall clock at one moment, of a sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The sender's wall clock. It may be wrong, but has to be the same for both streams.
    pub wall: SystemTime,
    /// The RTP timestamp, as sent.
    pub timestamp: u32,
}

/// Knows, as far as anybody told, when the sound of a picture is heard.
#[derive(Debug, Default)]
pub(super) struct Sync {
    pub(super) audible: Option<Audible>,
    pub(super) sound: Option<Report>,
    pub(super) pictures: Option<Report>,
    /// The timestamp of the last frame, and its time of capture in µs.
    frame: Option<(u32, i64)>,
}

impl Sync {
    /// A frame of the pictures.
    pub(super) const fn handle_frame(&mut self, timestamp: u32, captured_us: i64) {
        self.frame = Some((timestamp, captured_us));
    }

    /// The pictures' timestamps start anew, and no report was heard since.
    pub(super) const fn forget_pictures(&mut self) {
        self.frame = None;
        self.pictures = None;
    }

    /// How much sooner the sound would be heard if pictures did not ask it to wait.
    pub(super) fn asked_us(&self) -> i64 {
        self.audible.map_or(0, |audible| us(audible.asked))
    }

    /// The transit that a picture has to have to be shown with its sound, in µs since `epoch`.
    /// `near` is the least that pictures need.
    pub(super) fn transit(&self, now: Instant, epoch: Instant, near: i64) -> Option<i64> {
        let (audible, sound, pictures) = (self.audible?, self.sound?, self.pictures?);
        let (timestamp, captured_us) = self.frame?;
        let age_us = us_between(audible.at, now);
        if age_us.abs() > us(STALE) {
            return None;
        }
        let sound_us = ticks_us(sound.timestamp, audible.timestamp, SOUND_HZ);
        let picture_us = ticks_us(pictures.timestamp, timestamp, PICTURES_HZ);
        let apart_us = wall_us(pictures.wall, sound.wall) + sound_us - picture_us;
        let captured_us = captured_us.saturating_add(apart_us);
        let transit = us_between(epoch, audible.at).saturating_sub(captured_us);
        (transit.saturating_sub(near).saturating_abs() <= UNRELATED_US).then_some(transit)
    }
}

/// From one timestamp to another in µs, over wraps.
fn ticks_us(from: u32, to: u32, hz: i64) -> i64 {
    i64::from(to.wrapping_sub(from).cast_signed()) * 1_000_000 / hz
}

/// From one moment to another in µs. No two moments that a report can name are further apart than
/// 2^32 s.
fn wall_us(from: SystemTime, to: SystemTime) -> i64 {
    match to.duration_since(from) {
        Ok(forward) => us(forward),
        Err(backward) => -us(backward.duration()),
    }
}
