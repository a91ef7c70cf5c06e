//! A sender, a network and a decoder whose sound tells where it is from, in virtual time.

use super::super::*;
use crate::codec::Undecodable;
use std::collections::VecDeque;

/// What a decoder was made to play. Numbers are indices of first samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Frame(u32),
    Mended(u32),
    MadeUp,
}

/// Decodes payloads of [`Content`]. Each sample is its index in the stream, times [`Fake::scale`];
/// what is made up stands still.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) scale: f32,
    pub(super) heard: Vec<Heard>,
    end: u32,
}

/// Of one packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content {
    pub(super) index: u32,
    pub(super) samples: u16,
    pub(super) mends: bool,
    pub(super) pause: bool,
}

impl Content {
    pub(super) fn payload(self) -> Vec<u8> {
        let flags = u8::from(self.mends) | u8::from(self.pause) << 1;
        [&[flags][..], &self.index.to_le_bytes(), &self.samples.to_le_bytes()].concat()
    }

    fn read(payload: &[u8]) -> Result<Self, Undecodable> {
        let [flags, a, b, c, d, e, f] = *payload else { return Err(Undecodable) };
        Ok(Self {
            index: u32::from_le_bytes([a, b, c, d]),
            samples: u16::from_le_bytes([e, f]),
            mends: flags & 1 == 1,
            pause: flags & 2 == 2,
        })
    }
}

impl Fake {
    fn ramp(&mut self, index: u32, samples: u16, sound: &mut Vec<f32>) -> usize {
        sound.extend((0..u32::from(samples)).map(|i| (index + i) as f32 * self.scale));
        self.end = index + u32::from(samples);
        usize::from(samples)
    }

    /// Which sample of the stream this is.
    pub(super) fn index(&self, sample: f32) -> f64 {
        f64::from(sample) / f64::from(self.scale)
    }
}

impl Decode for Fake {
    fn duration(&self, payload: &[u8]) -> Result<usize, Undecodable> {
        match Content::read(payload)?.samples {
            samples @ 1..=5_760 => Ok(usize::from(samples)),
            _ => Err(Undecodable),
        }
    }

    fn mends(&self, payload: &[u8]) -> usize {
        Content::read(payload)
            .map_or(0, |content| if content.mends { usize::from(content.samples) } else { 0 })
    }

    fn is_pause(&self, payload: &[u8]) -> bool {
        Content::read(payload).is_ok_and(|content| content.pause)
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable> {
        let content = Content::read(payload)?;
        self.heard.push(Heard::Frame(content.index));
        Ok(self.ramp(content.index, content.samples, sound))
    }

    fn mend(&mut self, next: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable> {
        let content = Content::read(next)?;
        let index = content.index.checked_sub(u32::from(content.samples)).ok_or(Undecodable)?;
        self.heard.push(Heard::Mended(index));
        Ok(self.ramp(index, content.samples, sound))
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<f32>) {
        self.heard.push(Heard::MadeUp);
        sound.resize(sound.len() + samples, self.end as f32 * self.scale);
    }
}

/// A buffer, and the time since its sender began.
#[derive(Debug)]
pub(super) struct World {
    pub(super) jitter: Jitter<Fake>,
    origin: Instant,
    /// On their way: when they arrive, in ms, and what.
    pub(super) under_way: VecDeque<(f64, Packet)>,
    sorted: bool,
    /// Now, in ms.
    pub(super) now: f64,
    pub(super) out: [f32; PULL],
    /// What each pull gave.
    pub(super) played: Vec<Played>,
}

/// Numbers of the first packet: both wrap soon.
pub(super) const SEQUENCE: u16 = u16::MAX - 20;
pub(super) const TIMESTAMP: u32 = u32::MAX - 30_000;

/// The packet of 20 ms of the given number.
pub(super) fn packet(number: u32) -> Packet {
    let content = Content { index: number * 960, samples: 960, mends: true, pause: false };
    Packet {
        sequence: SEQUENCE.wrapping_add(number as u16),
        timestamp: TIMESTAMP.wrapping_add(number * 960),
        payload: content.payload(),
        redundant: false,
    }
}

/// The same, as a copy in a later one.
pub(super) fn copy(number: u32) -> Packet {
    Packet { redundant: true, ..packet(number) }
}

impl World {
    /// A sender of sound that is quiet everywhere, so that its length can be changed anywhere.
    pub(super) fn new() -> Self {
        Self::with_scale(1e-12)
    }

    pub(super) fn with_scale(scale: f32) -> Self {
        #[expect(clippy::disallowed_methods, reason = "any instant will do: time is virtual")]
        let origin = Instant::now();
        Self {
            jitter: Jitter::new(Fake { scale, heard: Vec::new(), end: 0 }),
            origin,
            under_way: VecDeque::new(),
            sorted: true,
            now: 0.0,
            out: [0.0; PULL],
            played: Vec::new(),
        }
    }

    pub(super) fn instant(&self, ms: f64) -> Instant {
        self.origin + Duration::from_secs_f64(ms / 1e3)
    }

    /// Sends packets of 20 ms, each as its sound ends, over a path of 20 ms and what `extra` adds;
    /// where that is None the packet is lost.
    pub(super) fn send(
        &mut self,
        numbers: std::ops::Range<u32>,
        extra: impl Fn(u32) -> Option<f64>,
    ) {
        for number in numbers {
            if let Some(extra) = extra(number) {
                self.deliver(f64::from(number) * 20.0 + 40.0 + extra, packet(number));
            }
        }
    }

    pub(super) fn deliver(&mut self, at: f64, packet: Packet) {
        self.under_way.push_back((at, packet));
        self.sorted = false;
    }

    /// Puts what is under way in order of arrival.
    pub(super) fn sort(&mut self) {
        if !std::mem::replace(&mut self.sorted, true) {
            let arrivals = self.under_way.make_contiguous();
            arrivals.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        }
    }

    /// Pulls until a time in ms.
    pub(super) fn run(&mut self, until: f64) {
        self.sort();
        while self.now < until {
            while self.under_way.front().is_some_and(|(at, _)| *at <= self.now) {
                let Some((at, packet)) = self.under_way.pop_front() else { break };
                self.jitter.insert(self.instant(at), packet);
            }
            let now = self.instant(self.now);
            let mut out = [0.0; PULL];
            self.played.push(self.jitter.pull(now, &mut out));
            self.out = out;
            self.now += 10.0;
        }
    }

    pub(super) fn heard(&self) -> &[Heard] {
        &self.jitter.decoder.heard
    }

    pub(super) fn figures(&self) -> Figures {
        *self.jitter.figures()
    }

    pub(super) fn delay_ms(&self) -> f64 {
        self.figures().delay.as_secs_f64() * 1e3
    }

    pub(super) fn target_ms(&self) -> f64 {
        self.figures().target.as_secs_f64() * 1e3
    }
}
