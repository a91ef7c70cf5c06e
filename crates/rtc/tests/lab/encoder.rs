//! An encoder that behaves like one: late, below what it is told, and with large key frames.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// From capture to the encoded frame.
const LATENCY: Duration = Duration::from_millis(20);
/// The share of the ordered bitrate that it makes.
const SHARE: f32 = 0.8;
/// How fast it follows a new bitrate: its rate control is a filter with this time constant.
const FOLLOW: Duration = Duration::from_millis(80);
/// How much of what was spent above the budget one frame pays back.
const PAY: f32 = 0.08;
/// Bytes of a key frame and of a delta per pixel at the coarsest quantizer.
const LEAST: (f32, f32) = (1.0 / 40.0, 1.0 / 500.0);

pub(crate) struct Encoded {
    pub(super) captured: Instant,
    pub(super) data: Vec<u8>,
    pub(super) key: bool,
    pub(super) width: u16,
    pub(super) height: u16,
}

pub(crate) struct Encoder {
    random: u64,
    captured: (u16, u16),
    size: (u16, u16),
    ordered: f32,
    bitrate: f32,
    rate: u8,
    key: bool,
    debt: f32,
    last: Option<Instant>,
    queue: VecDeque<(Instant, Encoded)>,
    share: f32,
}

impl Encoder {
    pub(super) fn new(seed: u64, width: u16, height: u16) -> Self {
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            captured: (width, height),
            size: (width, height),
            ordered: 500_000.0,
            bitrate: 500_000.0,
            rate: 30,
            key: true,
            debt: 0.0,
            last: None,
            queue: VecDeque::new(),
            share: SHARE,
        }
    }

    pub(super) fn bitrate(&mut self, bitrate: u32) {
        self.ordered = bitrate as f32;
    }

    pub(super) fn size(&mut self, width: u16, height: u16) {
        if self.size != (width, height) {
            self.size = (width, height);
            self.key = true;
        }
    }

    pub(super) const fn frame_rate(&mut self, rate: u8) {
        self.rate = rate;
    }

    pub(super) const fn key(&mut self) {
        self.key = true;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queue.front().map(|(at, _)| *at)
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Encoded> {
        self.queue.pop_front_if(|(at, _)| *at <= now).map(|(_, frame)| frame)
    }

    /// A frame was captured: encode it, unless the frame rate says to leave it out.
    pub(super) fn capture(&mut self, now: Instant) {
        let apart = Duration::from_secs_f32(0.9 / f32::from(self.rate));
        if self.last.is_some_and(|last| now - last < apart) {
            return;
        }
        let passed = self.last.replace(now).map_or(FOLLOW, |last| now - last);
        let rest = (-passed.as_secs_f32() / FOLLOW.as_secs_f32()).exp();
        self.bitrate = self.ordered + (self.bitrate - self.ordered) * rest;
        let budget = self.bitrate * self.share / 8.0 / f32::from(self.rate);
        let pixels = f32::from(self.size.0) * f32::from(self.size.1);
        let key = std::mem::take(&mut self.key);
        let bytes = if key {
            (budget * self.between(4.0, 8.0)).max(pixels * LEAST.0)
        } else {
            let flutter = self.between(0.75, 1.25);
            ((budget - self.debt * PAY).max(budget * 0.4) * flutter).max(pixels * LEAST.1)
        };
        self.debt = (self.debt + bytes - budget).max(0.0);
        let (width, height) = if key { self.size } else { (0, 0) };
        let data = frame(key, self.size, bytes as usize);
        let frame = Encoded { captured: now, data, key, width, height };
        self.queue.push_back((now + LATENCY, frame));
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        low + (high - low) * ((self.random >> 40) as f32 / 16_777_216.0)
    }
}

/// Bytes that look like VP8 to everything but a decoder.
fn frame(key: bool, (width, height): (u16, u16), bytes: usize) -> Vec<u8> {
    let mut data = if key {
        let mut data = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a];
        data.extend_from_slice(&width.to_le_bytes());
        data.extend_from_slice(&height.to_le_bytes());
        data
    } else {
        vec![0x11, 0, 0]
    };
    data.resize(bytes.max(data.len()), 0x55);
    data
}
