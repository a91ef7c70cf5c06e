//! Records a source of the sound server, and knows when each sample was there.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

/// Samples in a second.
pub(crate) const RATE: usize = 48_000;

/// A recording that goes on.
pub(crate) struct Listener {
    recorder: Child,
    thread: JoinHandle<Recording>,
}

/// What was recorded.
pub(crate) struct Recording {
    pub(crate) sound: Vec<f32>,
    /// When the first sample was there, in seconds since the start: the least that any piece says,
    /// because pieces come late, but never early.
    pub(crate) began: f64,
}

impl Listener {
    /// Begins. Threads of listeners are called `listener`.
    pub(crate) fn start(device: &str, start: Instant) -> std::io::Result<Self> {
        let mut recorder = Command::new("parec")
            .args([&format!("--device={device}"), "--latency-msec=5", "--raw"])
            .args(["--format=s16le", "--rate=48000", "--channels=1"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut pipe = recorder.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
        let thread = std::thread::Builder::new().name("listener".into()).spawn(move || {
            let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
            let mut began = f64::MAX;
            while let Ok(read) = pipe.read(&mut piece) {
                let now = start.elapsed().as_secs_f64();
                if read == 0 {
                    break;
                }
                bytes.extend_from_slice(&piece[..read]);
                began = began.min(now - (bytes.len() / 2) as f64 / RATE as f64);
            }
            let pairs = bytes.as_chunks::<2>().0.iter();
            let sound = pairs.map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32_768.0).collect();
            Recording { sound, began }
        })?;
        Ok(Self { recorder, thread })
    }

    /// Ends.
    pub(crate) fn stop(mut self) -> Option<Recording> {
        self.recorder.kill().ok()?;
        self.recorder.wait().ok()?;
        self.thread.join().ok()
    }
}

impl Recording {
    /// When `chirp` is heard, in seconds since the start, each time.
    pub(crate) fn find(&self, chirp: &[f32]) -> Vec<f64> {
        /// One sample in so many is looked at first.
        const COARSE: usize = 4;
        let power: f32 = chirp.iter().map(|it| it * it).sum();
        let likeness = |at: usize| {
            let heard = &self.sound[at..at + chirp.len()];
            let product: f32 = chirp.iter().zip(heard).map(|(a, b)| a * b).sum();
            let own: f32 = heard.iter().map(|it| it * it).sum();
            product / (power * own + 1e-3).sqrt()
        };
        let mut found = Vec::new();
        let mut at = 0;
        while at + chirp.len() + RATE / 5 < self.sound.len() {
            if likeness(at).abs() < 0.35 {
                at += COARSE;
                continue;
            }
            let best = (at..at + RATE / 50).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)));
            found.push(self.began + best.unwrap_or(at) as f64 / RATE as f64);
            at += RATE / 5;
        }
        found
    }
}
