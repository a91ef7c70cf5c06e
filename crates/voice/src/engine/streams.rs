//! Streams of devices: callbacks that only copy, and the rings between them and the media thread.
#![expect(clippy::disallowed_methods, reason = "a driver: callbacks note when they are called")]

use super::binding::Bound;
use super::flow::{Bursts, Periods};
use super::{BLOCK, Problem};
use crate::codec::SAMPLE_RATE;
use crate::devices::{Device, choose, host};
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, StreamConfig};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Frames that a device moves at a time: 5 ms, or more where that does not do. Less costs more
/// wake-ups, more is heard as delay twice.
const PERIODS: [u32; 4] = [240, 480, 960, 1_920];
/// Samples that a ring holds: half a second. It is full only where the media thread hangs.
const RING: usize = 24_000;
/// Callbacks that fill a new stream, and say nothing about how much it moves at a time.
const FILLING: u64 = 8;
/// Channels of a speaker. The sound server makes of it what the speaker has.
const SPEAKER_CHANNELS: usize = 2;

/// The period that a device needs, by the share of the time that it moved with this one. A stream
/// has room for two periods, so that is how much the device moved at once. None: there is no longer
/// one.
pub(super) fn longer(period: u32, share: f64) -> Option<u32> {
    let least = f64::from(period) / share.max(0.1);
    let mut longer = PERIODS.into_iter().filter(|longer| *longer > period);
    longer.clone().find(|longer| f64::from(*longer) >= least).or_else(|| longer.next_back())
}

/// What callbacks note without waiting.
#[derive(Debug)]
pub(super) struct Pulse {
    began: Instant,
    /// When the last callback was, in µs since it began.
    last: AtomicU64,
    /// Grows with every callback.
    beats: AtomicU64,
    /// What the system needs from here to the ear, in µs.
    latency: AtomicU64,
    /// Frames that it took or gave.
    moved: AtomicU64,
    /// The most of them at once since somebody looked, but at first.
    chunk: AtomicU64,
    /// Samples in the ring from which on (microphone) or below which (speaker) the media thread has
    /// something to do.
    mark: AtomicUsize,
}

impl Pulse {
    fn new(mark: usize) -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
            beats: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            chunk: AtomicU64::new(0),
            mark: AtomicUsize::new(mark),
        }
    }

    /// A callback was called for so many frames.
    fn beat(&self, frames: usize) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
        self.moved.fetch_add(frames as u64, Ordering::Relaxed);
        if self.beats.fetch_add(1, Ordering::Relaxed) >= FILLING {
            self.chunk.fetch_max(frames as u64, Ordering::Relaxed);
        }
    }

    /// How long ago the last callback was.
    pub(super) fn since(&self, now: Instant) -> Duration {
        let last = Duration::from_micros(self.last.load(Ordering::Relaxed));
        now.saturating_duration_since(self.began + last)
    }

    /// Frames that the device took or gave since it began.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Grows while the stream is alive.
    pub(super) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }
}

/// The media thread's end of a microphone.
pub(super) struct Intake {
    pub(super) ring: Consumer<f32>,
    pub(super) pulse: Arc<Pulse>,
}

impl Intake {
    /// So many samples more make a block: the media thread is woken when they are there.
    pub(super) fn await_more(&self, samples: usize) {
        self.pulse.mark.store(samples, Ordering::Relaxed);
    }
}

/// The media thread's end of a speaker.
pub(super) struct Outflow {
    ring: Producer<f32>,
    pulse: Arc<Pulse>,
    /// How much is to be kept in the ring at least. It is as much as the device takes at once.
    queued: usize,
    bursts: Bursts,
}

impl Outflow {
    /// Whether more is to be written.
    pub(super) fn is_hungry(&mut self, now: Instant) -> bool {
        let chunk = self.bursts.note(now, self.pulse.chunk.swap(0, Ordering::Relaxed));
        let enough = self.queued.max(usize::try_from(chunk).unwrap_or(0).min(RING / 2));
        self.pulse.mark.store(enough, Ordering::Relaxed);
        self.filled() < enough
    }

    /// Queues a block. Without room it is dropped: the speaker stands still.
    pub(super) fn write(&mut self, block: &[f32; BLOCK]) {
        let (_, _dropped) = self.ring.push_partial_slice(block);
    }

    /// How long what is written next takes to the ear.
    pub(super) fn latency(&self) -> Duration {
        let queued = Duration::from_micros(self.filled() as u64 * 1_000 / 48);
        queued + Duration::from_micros(self.pulse.latency.load(Ordering::Relaxed))
    }

    fn filled(&self) -> usize {
        self.ring.buffer().capacity() - self.ring.slots()
    }
}

/// A stream that runs until it is dropped, which may block.
pub(super) struct Running {
    pub(super) stream: cpal::Stream,
    pub(super) pulse: Arc<Pulse>,
    pub(super) bound: Bound,
    pub(super) period: u32,
}

/// Told when a stream fails.
pub(super) type OnError = Arc<dyn Fn(Problem) + Send + Sync>;

/// Opens the wanted microphone, or what stands for it. Blocks until there is sound.
pub(super) fn open_microphone(
    hosts: &host::Hosts,
    wanted: Option<&str>,
    periods: &Periods,
    media: &Thread,
    failed: &OnError,
) -> Result<(Running, Intake), Problem> {
    let Found { lister, device, bound } = find(hosts, wanted, |devices| devices.microphones)?;
    let fixed = lister.fixed_chunk(&bound.id).map_or(0, |chunk| {
        let longest = PERIODS.into_iter().next_back().unwrap_or(chunk);
        chunk.min(longest)
    });
    let least = periods.least(Instant::now(), &bound.id).max(fixed);
    let mut problem = Problem::Other;
    for period in PERIODS.into_iter().filter(|period| *period >= least) {
        let (mut writer, ring) = RingBuffer::new(RING);
        let pulse = Arc::new(Pulse::new(BLOCK));
        let (own, media) = (Arc::clone(&pulse), media.clone());
        let copy = move |sound: &[f32], _: &cpal::InputCallbackInfo| {
            let (_, _lost) = writer.push_partial_slice(sound);
            own.beat(sound.len());
            if writer.buffer().capacity() - writer.slots() >= own.mark.load(Ordering::Relaxed) {
                media.unpark();
            }
        };
        let stream = device.build_input_stream(config(1, period), copy, on_error(failed), None);
        match stream.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                let intake = Intake { ring, pulse: Arc::clone(&pulse) };
                return Ok((Running { stream, pulse, bound, period }, intake));
            }
            Err(error) => problem = note(&error),
        }
    }
    Err(problem)
}

/// Opens the wanted speaker, or what stands for it.
pub(super) fn open_speaker(
    hosts: &host::Hosts,
    wanted: Option<&str>,
    periods: &Periods,
    media: &Thread,
    failed: &OnError,
) -> Result<(Running, Outflow), Problem> {
    let Found { device, bound, .. } = find(hosts, wanted, |devices| devices.speakers)?;
    let least = periods.least(Instant::now(), &bound.id);
    let mut problem = Problem::Other;
    for period in PERIODS.into_iter().filter(|period| *period >= least) {
        let (ring, mut reader) = RingBuffer::new(RING);
        let pulse = Arc::new(Pulse::new(RING));
        let (noted, media) = (Arc::clone(&pulse), media.clone());
        let copy = move |out: &mut [f32], info: &cpal::OutputCallbackInfo| {
            let stamp = info.timestamp();
            let latency = stamp.playback.duration_since(stamp.callback).as_micros();
            noted.latency.store(u64::try_from(latency).unwrap_or(0), Ordering::Relaxed);
            spread(&mut reader, out);
            noted.beat(out.len() / SPEAKER_CHANNELS);
            if reader.slots() < noted.mark.load(Ordering::Relaxed) {
                media.unpark();
            }
        };
        let channels = u16::try_from(SPEAKER_CHANNELS).unwrap_or(2);
        let stream =
            device.build_output_stream(config(channels, period), copy, on_error(failed), None);
        match stream.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) => {
                let running = Running { stream, pulse: Arc::clone(&pulse), bound, period };
                let queued = period as usize + BLOCK / 4;
                return Ok((running, Outflow { ring, pulse, queued, bursts: Bursts::default() }));
            }
            Err(error) => problem = note(&error),
        }
    }
    Err(problem)
}

/// Copies mono sound to every channel, and silence where there is none.
fn spread(ring: &mut Consumer<f32>, out: &mut [f32]) {
    for frame in out.chunks_mut(SPEAKER_CHANNELS) {
        frame.fill(ring.pop().unwrap_or(0.0));
    }
}

/// A device that is to be opened.
struct Found {
    lister: host::Lister,
    device: cpal::Device,
    bound: Bound,
}

fn find(
    hosts: &host::Hosts,
    wanted: Option<&str>,
    of: impl Fn(crate::devices::Devices) -> Vec<Device>,
) -> Result<Found, Problem> {
    let lister = hosts.find().ok_or(Problem::Missing)?;
    let devices = of(lister.list().ok_or(Problem::Missing)?);
    let Device { id, name, incarnation, .. } =
        choose(&devices, wanted).cloned().ok_or(Problem::Missing)?;
    let device = lister.device(&id).ok_or(Problem::Missing)?;
    Ok(Found { lister, device, bound: Bound { id, label: name, incarnation } })
}

const fn config(channels: u16, period: u32) -> StreamConfig {
    StreamConfig { channels, sample_rate: SAMPLE_RATE, buffer_size: BufferSize::Fixed(period) }
}

fn on_error(failed: &OnError) -> impl FnMut(cpal::Error) + Send + 'static {
    let failed = Arc::clone(failed);
    let mut told = false;
    move |error| {
        if is_passing(error.kind()) || std::mem::replace(&mut told, true) {
            return;
        }
        failed(note(&error));
    }
}

/// The stream goes on.
const fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged)
}

fn note(error: &cpal::Error) -> Problem {
    tracing::warn!(kind = ?error.kind(), "a sound device fails");
    problem_of(error.kind())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum may grow")]
const fn problem_of(kind: ErrorKind) -> Problem {
    match kind {
        ErrorKind::PermissionDenied => Problem::Denied,
        ErrorKind::DeviceBusy => Problem::Busy,
        ErrorKind::HostUnavailable => Problem::Missing,
        ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated => Problem::Unplugged,
        _ => Problem::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_device_gets_the_period_that_it_needs() {
        assert_eq!(longer(240, 0.47), Some(960), "480 of 1024 frames were moved");
        assert_eq!(longer(480, 0.94), Some(960), "960 of 1024 frames were moved");
        assert_eq!(longer(240, 0.0), Some(1_920), "nearly nothing was moved");
        assert_eq!(longer(1_920, 0.5), None, "there is no longer one");
    }
}
