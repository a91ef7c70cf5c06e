//! One far end.

use super::meter::Meter;
use super::{BLOCK, Figures, PlayoutClock, Posted, Stream};
use crate::codec::{CodecError, Decoder};
use crate::jitter::{Jitter, Played};
use crate::packet::{Frame, Packet};
use std::time::{Duration, Instant};

pub(super) type Outlet = Box<dyn FnMut(Frame) + Send>;

/// What is known of one far end.
pub(super) struct Line {
    outlet: Outlet,
    /// Whether frames may go to the outlet: the last word of whoever mutes.
    wished: bool,
    /// Whether there is a microphone for it.
    fed: bool,
    voice: Heard,
    /// There from the first packet on.
    screen: Option<Heard>,
    meter: Meter,
}

/// One sound of the far end.
struct Heard {
    buffer: Jitter<Decoder>,
    arrival: Arrival,
}

/// Jitter of arrival, RFC 3550 section 6.4.1.
#[derive(Debug, Default)]
struct Arrival {
    /// When the last packet arrived, and its timestamp.
    last: Option<(Instant, u32)>,
    /// In samples.
    jitter: f64,
}

impl Line {
    pub(super) fn new(outlet: Outlet) -> Result<Self, CodecError> {
        Ok(Self {
            outlet,
            wished: false,
            fed: false,
            voice: Heard::new()?,
            screen: None,
            meter: Meter::default(),
        })
    }

    pub(super) fn set_outlet(&mut self, outlet: Outlet) {
        self.outlet = outlet;
    }

    pub(super) const fn set_wished(&mut self, wished: bool) {
        self.wished = wished;
    }

    pub(super) const fn set_fed(&mut self, fed: bool) {
        self.fed = fed;
    }

    /// Whether frames go to the outlet.
    pub(super) const fn is_sending(&self) -> bool {
        self.wished && self.fed
    }

    /// Hands out a frame, if the line sends.
    pub(super) fn send(&mut self, frame: &Frame) {
        if self.is_sending() {
            (self.outlet)(frame.clone());
        }
    }

    pub(super) fn receive(&mut self, stream: Stream, packet: Packet, arrived: Instant) {
        match stream {
            Stream::Voice => self.voice.receive(packet, arrived),
            Stream::Screen => {
                if self.screen.is_none() {
                    self.screen = Heard::new().ok();
                }
                if let Some(screen) = &mut self.screen {
                    screen.receive(packet, arrived);
                }
            }
        }
    }

    /// The voice waits for so long at least.
    pub(super) fn delay(&mut self, least: Duration) {
        self.voice.buffer.set_least(least);
    }

    /// Adds the next 10 ms of this line to the mix.
    pub(super) fn mix(&mut self, now: Instant, mix: &mut [f32; BLOCK]) {
        let mut own = [0.0; BLOCK];
        for heard in std::iter::once(&mut self.voice).chain(&mut self.screen) {
            let mut block = [0.0; BLOCK];
            match heard.buffer.pull(now, &mut block) {
                Played::Silence | Played::Sound | Played::Concealed => add(&mut own, &block),
            }
        }
        self.meter.hear(&own);
        add(mix, &own);
    }

    /// What others may know. What was mixed last is audible after `latency`.
    pub(super) fn posted(&self, latency: Duration, level_in: f32) -> Posted {
        let figures = self.voice.buffer.figures();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let concealed = figures.concealed_samples as f64 / figures.played_samples.max(1) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "shown, not computed with")]
        let (concealed, jitter) = (concealed as f32, (self.voice.arrival.jitter / 48.0) as f32);
        Posted {
            clock: self.voice.buffer.playout().map(|playout| PlayoutClock {
                timestamp: playout.timestamp,
                at: playout.at + latency,
                waited: playout.waited,
                asked: playout.asked,
            }),
            figures: Figures {
                level_in,
                level_out: self.meter.level(),
                delay: figures.delay,
                target: figures.target,
                concealed,
                jitter,
                received: figures.received,
                lost: figures.lost,
                late: figures.late,
                recovered: figures.mended + figures.copied,
            },
        }
    }
}

impl Heard {
    fn new() -> Result<Self, CodecError> {
        Ok(Self { buffer: Jitter::new(Decoder::new()?), arrival: Arrival::default() })
    }

    fn receive(&mut self, packet: Packet, arrived: Instant) {
        if !packet.redundant {
            self.arrival.note(arrived, packet.timestamp);
        }
        self.buffer.insert(arrived, packet);
    }
}

impl Arrival {
    fn note(&mut self, at: Instant, timestamp: u32) {
        if let Some((last_at, last)) = self.last {
            let sent = f64::from(timestamp.wrapping_sub(last).cast_signed());
            let later = at.saturating_duration_since(last_at).as_secs_f64();
            let sooner = last_at.saturating_duration_since(at).as_secs_f64();
            let off = ((later - sooner) * 48e3 - sent).abs();
            // A new stream or a pause is no jitter.
            if off < 48e3 {
                self.jitter += (off - self.jitter) / 16.0;
            }
        }
        self.last = Some((at, timestamp));
    }
}

fn add(to: &mut [f32; BLOCK], block: &[f32; BLOCK]) {
    for (to, sample) in to.iter_mut().zip(block) {
        *to += sample;
    }
}
