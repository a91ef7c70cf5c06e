//! The engine without threads and devices: lines, mix and encoder.
//!
//! Two calls make a step: [`Desk::render`] gives 10 ms for the speaker, [`Desk::capture`] takes
//! 10 ms of the microphone. Neither waits for the other.

use super::line::{Line, Outlet};
use super::meter::Meter;
use super::{BLOCK, LineId, Posted, Stream};
use crate::codec::{CodecError, Encoder, FRAME};
use crate::packet::{Frame, Packet};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(super) type Tap = Box<dyn FnMut(&[f32]) + Send>;

/// From where on the mix is bent rather than clipped: two people who shout at once stay below 1.
const KNEE: f32 = 0.7;

pub(super) struct Desk {
    lines: BTreeMap<LineId, Line>,
    encoder: Encoder,
    tap: Option<Tap>,
    /// The first half of the next frame, and its timestamp.
    half: Option<(u32, [f32; BLOCK])>,
    meter: Meter,
}

impl Desk {
    pub(super) fn new() -> Result<Self, CodecError> {
        Ok(Self {
            lines: BTreeMap::new(),
            encoder: Encoder::new()?,
            tap: None,
            half: None,
            meter: Meter::default(),
        })
    }

    pub(super) fn open(&mut self, id: LineId, outlet: Outlet) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.set_outlet(outlet);
            return;
        }
        match Line::new(outlet) {
            Ok(line) => drop(self.lines.insert(id, line)),
            Err(error) => tracing::error!(%error, "a line cannot be opened"),
        }
    }

    pub(super) fn close(&mut self, id: LineId) {
        self.lines.remove(&id);
    }

    pub(super) fn is_open(&self, id: LineId) -> bool {
        self.lines.contains_key(&id)
    }

    /// Nobody is there.
    pub(super) fn is_idle(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether the line is to send. It does while it is also fed: a microphone that is ready only
    /// after somebody muted does not undo that.
    pub(super) fn set_wished(&mut self, id: LineId, wished: bool) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.set_wished(wished);
        }
        self.settle();
    }

    /// Whether there is a microphone for the line.
    pub(super) fn set_fed(&mut self, id: LineId, fed: bool) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.set_fed(fed);
        }
        self.settle();
    }

    fn settle(&mut self) {
        if !self.is_sending() {
            // What is left must not begin the first frame after a pause.
            self.half = None;
            self.meter = Meter::default();
        }
    }

    /// Whether anybody gets what [`Desk::capture`] takes.
    pub(super) fn is_sending(&self) -> bool {
        self.lines.values().any(Line::is_sending)
    }

    pub(super) fn receive(&mut self, id: LineId, stream: Stream, packet: Packet, arrived: Instant) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.receive(stream, packet, arrived);
        }
    }

    pub(super) fn delay(&mut self, id: LineId, least: Duration) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.delay(least);
        }
    }

    pub(super) fn tune(&mut self, bitrate: u32, expected_loss: f32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let percent = (expected_loss.clamp(0.0, 1.0) * 100.0).round() as u8;
        let tuned = self.encoder.set_bitrate(bitrate).map(drop);
        if let Err(error) = tuned.and_then(|()| self.encoder.set_expected_loss(percent)) {
            tracing::warn!(%error, "the encoder stays as it is");
        }
    }

    pub(super) fn record(&mut self, tap: Option<Tap>) {
        self.tap = tap;
    }

    /// Gives the next 10 ms of all lines, within -1..=1.
    pub(super) fn render(&mut self, now: Instant, mix: &mut [f32; BLOCK]) {
        mix.fill(0.0);
        for line in self.lines.values_mut() {
            line.mix(now, mix);
        }
        for sample in &mut *mix {
            *sample = bend(*sample);
        }
        if let Some(tap) = &mut self.tap {
            tap(mix);
        }
    }

    /// Takes 10 ms of the microphone. `timestamp` is of its first sample; where it does not go on
    /// from the last, there was a gap, and frames do not span gaps.
    pub(super) fn capture(&mut self, timestamp: u32, block: &[f32; BLOCK]) {
        if !self.is_sending() {
            self.half = None;
            return;
        }
        self.meter.hear(block);
        let (first, before) = match self.half.take() {
            Some((first, before)) if timestamp.wrapping_sub(first) == BLOCK as u32 => {
                (first, before)
            }
            Some(_) | None => {
                self.half = Some((timestamp, *block));
                return;
            }
        };
        let mut sound = [0.0; FRAME];
        for (to, from) in sound.iter_mut().zip(before.iter().chain(block)) {
            *to = *from;
        }
        match self.encoder.encode(&sound) {
            Ok(payload) => {
                let frame = Frame { timestamp: first, payload };
                self.lines.values_mut().for_each(|line| line.send(&frame));
            }
            Err(error) => tracing::warn!(%error, "a frame is left out"),
        }
    }

    /// What others may know of every line. What was rendered last is audible after `latency`.
    pub(super) fn posted(&self, latency: Duration) -> impl Iterator<Item = (LineId, Posted)> {
        let silent = Meter::default().level();
        let level_in = self.meter.level();
        self.lines.iter().map(move |(id, line)| {
            (*id, line.posted(latency, if line.is_sending() { level_in } else { silent }))
        })
    }
}

/// Leaves what is soft alone, and keeps the rest below 1 without an edge.
fn bend(sample: f32) -> f32 {
    let over = (sample.abs() - KNEE).max(0.0);
    if over == 0.0 {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * (over / (over + room))).copysign(sample)
}
