//! The peer: the buffer of the trial that the engine grew out of, after its description.
//!
//! Target = 97th percentile of travel time over the least of 10 s, plus 20 ms, at least 25 ms, and
//! 45 where more than 0.5 % is lost. The packet, else the copy in the very next one, else
//! concealment; held for up to 100 ms where nothing is there. Splices periods in and out.

use super::Buffer;
use bellwire_voice::codec::{CodecError, Decode, Decoder};
use bellwire_voice::jitter::PULL;
use bellwire_voice::packet::Packet;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

const FRAME: i64 = 960;

pub(crate) struct Reference {
    decoder: Decoder,
    origin: Option<Instant>,
    /// The last timestamp, and the same on the wire.
    newest: Option<(i64, u32)>,
    waiting: BTreeMap<i64, Vec<u8>>,
    /// Time of arrival, and travel time.
    transits: VecDeque<(i64, i64)>,
    sound: Vec<f32>,
    next: Option<i64>,
    held: i64,
    lost: VecDeque<bool>,
    concealed: u64,
    mended: u64,
    pulls: u64,
    delays: i64,
}

impl Reference {
    pub(crate) fn new() -> Result<Self, CodecError> {
        Ok(Self {
            decoder: Decoder::new()?,
            origin: None,
            newest: None,
            waiting: BTreeMap::new(),
            transits: VecDeque::new(),
            sound: Vec::new(),
            next: None,
            held: 0,
            lost: VecDeque::new(),
            concealed: 0,
            mended: 0,
            pulls: 0,
            delays: 0,
        })
    }

    fn samples_at(&mut self, now: Instant) -> i64 {
        let origin = *self.origin.get_or_insert(now);
        (now.saturating_duration_since(origin).as_secs_f64() * 48e3) as i64
    }

    fn least(&self) -> i64 {
        self.transits.iter().map(|(_, transit)| *transit).min().unwrap_or(0)
    }

    fn target(&self) -> i64 {
        let least = self.least();
        let mut late: Vec<i64> = self.transits.iter().map(|(_, transit)| transit - least).collect();
        late.sort_unstable();
        let most = late.get(late.len() * 97 / 100).copied().unwrap_or(0);
        let lost = self.lost.iter().filter(|lost| **lost).count();
        let floor = if lost * 200 > self.lost.len() { 45 } else { 25 };
        (most + 20 * 48).max(floor * 48)
    }

    fn note(&mut self, lost: bool) {
        self.lost.push_back(lost);
        if self.lost.len() > 500 {
            self.lost.pop_front();
        }
    }

    fn produce(&mut self, now: i64) {
        let target = self.target();
        let due = now - self.least() - target;
        let Some(mut next) = self.next else {
            match self.waiting.first_key_value() {
                Some((first, _)) if *first <= due => self.next = Some(*first),
                Some(_) | None => self.sound.extend([0.0; PULL]),
            }
            return;
        };
        if due - next > 250 * 48
            && let Some((newest, _)) = self.waiting.last_key_value()
        {
            next += (due - next).min(newest - next) / FRAME * FRAME;
        }
        self.waiting.retain(|timestamp, _| *timestamp >= next);
        let start = self.sound.len();
        if let Some(payload) = self.waiting.remove(&next) {
            self.note(false);
            self.held = 0;
            if self.decoder.decode(&payload, &mut self.sound).is_err() {
                self.decoder.conceal(960, &mut self.sound);
            }
        } else if let Some(after) = self.waiting.get(&(next + FRAME))
            && self.decoder.mend(after, &mut self.sound).is_ok()
        {
            self.note(true);
            self.mended += 1;
        } else if self.waiting.is_empty() && self.held < 100 * 48 {
            self.held += FRAME;
            self.concealed += 1;
            self.decoder.conceal(960, &mut self.sound);
            self.next = Some(next);
            return;
        } else {
            self.note(true);
            self.concealed += 1;
            self.decoder.conceal(960, &mut self.sound);
        }
        self.next = Some(next + FRAME);
        let off = due - next;
        if off > 20 * 48 {
            splice(&mut self.sound, start, true);
        } else if off < -10 * 48 {
            splice(&mut self.sound, start, false);
        }
    }
}

impl Buffer for Reference {
    fn insert(&mut self, now: Instant, packet: Packet) {
        let now = self.samples_at(now);
        let (newest, wire) = *self.newest.get_or_insert((1 << 32, packet.timestamp));
        let timestamp = newest + i64::from(packet.timestamp.wrapping_sub(wire).cast_signed());
        if timestamp > newest {
            self.newest = Some((timestamp, packet.timestamp));
        }
        if !packet.redundant {
            self.transits.push_back((now, now - timestamp));
        }
        while self.transits.front().is_some_and(|(at, _)| now - at > 480_000) {
            self.transits.pop_front();
        }
        self.waiting.entry(timestamp).or_insert(packet.payload);
    }

    fn pull(&mut self, now: Instant, out: &mut [f32; PULL]) {
        let now = self.samples_at(now);
        while self.sound.len() < PULL {
            self.produce(now);
        }
        out.copy_from_slice(&self.sound[..PULL]);
        if let Some(next) = self.next {
            self.pulls += 1;
            self.delays += now + self.sound.len() as i64 - next - self.least();
        }
        self.sound.drain(..PULL);
    }

    fn figures(&self) -> String {
        format!(
            r#""buffer_ms":{:.1},"target_ms":{:.1},"concealed_percent":{:.2},"mended":{}"#,
            self.delays as f64 / self.pulls.max(1) as f64 / 48.0,
            self.target() as f64 / 48.0,
            self.concealed as f64 * 200.0 / self.pulls.max(1) as f64,
            self.mended,
        )
    }
}

/// Takes the period out of a frame, or repeats it, where it is like itself.
fn splice(sound: &mut Vec<f32>, start: usize, shorter: bool) {
    const BLEND: usize = 240;
    let frame = &sound[start..];
    let likeness = |lag: usize| {
        let (one, other) = (&frame[..BLEND], &frame[lag..lag + BLEND]);
        let product: f32 = one.iter().zip(other).map(|(a, b)| a * b).sum();
        let power: f32 = one.iter().zip(other).map(|(a, b)| (a * a + b * b) / 2.0).sum();
        product / (power + 1e-9)
    };
    let quiet = frame.iter().map(|sample| sample * sample).sum::<f32>() < 960.0 * 1e-6;
    let best = (120..=720).map(|lag| (lag, likeness(lag))).max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((lag, _)) = best.filter(|(_, like)| quiet || *like > 0.7) else { return };
    let blend = |from: f32, to: f32, i: usize| from + (to - from) * i as f32 / BLEND as f32;
    if shorter {
        for i in start..start + BLEND {
            sound[i] = blend(sound[i], sound[i + lag], i - start);
        }
        sound.drain(start + BLEND..start + BLEND + lag);
    } else {
        let mut again = sound[start..start + lag].to_vec();
        for (i, sample) in again.iter_mut().take(BLEND).enumerate() {
            *sample = blend(sound[start + lag + i], *sample, i);
        }
        sound.splice(start + lag..start + lag, again);
    }
}
