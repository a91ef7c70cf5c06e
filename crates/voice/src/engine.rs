//! The live half: microphone and speaker of all lines at once, on one thread.
//!
//! A *line* is one far end. What the microphone picks up is processed and encoded once, and goes to
//! every line that sends; what the lines receive is mixed, and goes to the speaker. All of that
//! happens on the media thread, in steps of 10 ms that the speaker paces (a timer where there is
//! none). Handles talk to it by a queue and are never kept waiting.
//!
//! ```text
//!  receive ─► jitter buffer ─┐                      ┌─► speaker
//!  receive ─► jitter buffer ─┴─ mix ──┬── record    │
//!                                     └─ processing ┘
//!  outlet ◄── encoder ◄───────────────── processing ◄── microphone
//! ```
//!
//! - [`desk`] is that picture without threads and devices; time comes in with every call.
//! - [`crate::processing::Alternation`] brings microphone and speaker into step.
//! - [`binding`] and [`microphone`] say which device is to be open, [`openers`] that only one opens
//!   it; [`watchdog`] notices dead ones, and [`flow`] slow ones.
//! - Drivers: [`media`] is the thread, [`streams`] the devices' callbacks, [`keeper`] opens them,
//!   [`held`] is one that is open, [`lookout`] lists those that there are.

mod binding;
mod desk;
mod flow;
mod held;
mod keeper;
mod line;
mod lookout;
mod media;
mod meter;
mod microphone;
mod openers;
mod report;
mod streams;
mod watchdog;

#[cfg(test)]
mod tests;

use crate::codec::CodecError;
use crate::packet::{Frame, Packet};
use media::Command;
pub use report::{MicrophoneState, Problem, Report, SpeakerState};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Samples in a step: 10 ms.
pub const BLOCK: usize = 480;
/// How many commands and packets may wait for the media thread. It empties the queue every 10 ms;
/// more only hides that it hangs.
const QUEUE: usize = 4_096;

/// Where sound comes from and goes to.
pub struct Options {
    /// The microphone, or what stands for it.
    pub input: Input,
    /// The speaker, or what stands for it.
    pub output: Output,
    /// Cancels echo, suppresses noise and evens out loudness of the input.
    pub processing: bool,
}

impl Default for Options {
    /// Devices, with processing.
    fn default() -> Self {
        Self { input: Input::Device, output: Output::Device, processing: true }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("input", &self.input)
            .field("output", &self.output)
            .field("processing", &self.processing)
            .finish()
    }
}

/// Where sound comes from.
pub enum Input {
    /// A microphone, open only while a line sends.
    Device,
    /// Something else, drawn from only while a line sends.
    Samples(Box<dyn SampleSource>),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Device => f.write_str("Device"),
            Self::Samples(source) => f.debug_tuple("Samples").field(&source.label()).finish(),
        }
    }
}

/// Sound that no microphone picks up.
pub trait SampleSource: Send {
    /// What a person calls it.
    fn label(&self) -> String;

    /// Gives the next 10 ms, mono at 48 kHz in -1..=1. False: the source has ended, and there is
    /// silence from here on. Called on the media thread: must not block.
    fn fill(&mut self, block: &mut [f32; BLOCK]) -> bool;
}

/// Where sound goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A speaker, open while there is a line.
    Device,
    /// Nobody listens; a timer sets the pace. [`Engine::record`] hears it.
    Nowhere,
}

/// Names a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// Which sound of the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Of the person.
    Voice,
    /// Of the screen that is shared.
    Screen,
}

/// Why there is no engine. Nothing that is tried again will help.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no thread.
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The system gives no memory for the encoder.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Which sample of a line's voice is heard when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutClock {
    /// RTP timestamp of the sample, as on the wire.
    pub timestamp: u32,
    /// When it leaves the speaker, as far as the system knows its latency.
    pub at: Instant,
    /// How long it waited here for packets that are slower than the fastest.
    pub waited: Duration,
    /// How much of that it waited only because of [`Engine::delay`].
    pub asked: Duration,
}

/// How a line does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Loudness of what is sent, in dB of full scale, -100 at least. -100 while nothing is sent.
    pub level_in: f32,
    /// Loudness of what is heard of this line, likewise.
    pub level_out: f32,
    /// How long the voice waits in the buffer.
    pub delay: Duration,
    /// How long it should.
    pub target: Duration,
    /// Share of the voice that was made up so far, 0..=1.
    pub concealed: f32,
    /// Jitter of arrival as RFC 3550 section 6.4.1 defines it, in ms.
    pub jitter: f32,
    /// Packets of the voice that arrived.
    pub received: u64,
    /// Packets of the voice that did not.
    pub lost: u64,
    /// Packets of the voice that came too late to be played.
    pub late: u64,
    /// Frames of the voice that were lost, and played from a copy.
    pub recovered: u64,
}

/// What the media thread shows of a line.
#[derive(Debug, Clone, Copy)]
struct Posted {
    clock: Option<PlayoutClock>,
    figures: Figures,
}

type SharedReport = Arc<Mutex<dyn FnMut(Report) + Send>>;

type Board = Arc<Mutex<BTreeMap<LineId, Posted>>>;

/// A handle of the sound; clones are the same sound. It ends with the last of them.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    commands: mpsc::SyncSender<Command>,
    thread: Thread,
    board: Board,
}

impl Engine {
    /// Starts the media thread. Opens no device: that waits for the first line.
    ///
    /// `report` is called on the engine's threads and must not block.
    ///
    /// # Errors
    /// The system is out of threads or memory.
    pub fn start(
        options: Options,
        report: impl FnMut(Report) + Send + 'static,
    ) -> Result<Self, StartError> {
        let (commands, queue) = mpsc::sync_channel(QUEUE);
        let board = Board::default();
        let thread = media::start(
            options,
            commands.clone(),
            queue,
            Arc::clone(&board),
            Arc::new(Mutex::new(report)),
        )?;
        Ok(Self(Arc::new(Handle { commands, thread, board })))
    }

    /// Opens a line. `outlet` gets a frame every 20 ms while the line sends; it is called on the
    /// media thread and must not block. A line that is open already gets the new outlet.
    pub fn open(&self, line: LineId, outlet: Box<dyn FnMut(Frame) + Send>) {
        self.0.tell(Command::Open(line, outlet));
    }

    /// Whether the line sends, and with which microphone (an id of [`crate::devices::list`]; `None`
    /// is the system's default). All lines share one microphone: who comes last chooses.
    /// [`Report::Microphone`] answers.
    pub fn send(&self, line: LineId, on: bool, device: Option<String>) {
        self.0.tell(Command::Send { line, on, device });
    }

    /// Takes a packet that arrived. Those of lines that are not open are dropped.
    pub fn receive(&self, line: LineId, stream: Stream, packet: Packet, arrived: Instant) {
        let command = Command::Receive { line, stream, packet, arrived };
        if self.0.commands.try_send(command).is_err() {
            tracing::warn!("the media thread does not keep up: a packet is dropped");
        }
    }

    /// The line's voice is to wait for so long at least, whatever its packets need; 400 ms at most.
    /// For pictures that are later than their sound. It comes and goes slowly; zero takes it back.
    pub fn delay(&self, line: LineId, least: Duration) {
        self.0.tell(Command::Delay(line, least));
    }

    /// Which speaker plays (an id of [`crate::devices::list`]); `None` is the system's default.
    pub fn listen(&self, speaker: Option<String>) {
        self.0.tell(Command::Listen(speaker));
    }

    /// Prepares the encoder for the worst path of all lines: `bitrate` in bits per second, moved
    /// into what the [`codec`](crate::codec) takes; `expected_loss` as a share, 0..=1.
    pub fn tune(&self, bitrate: u32, expected_loss: f32) {
        self.0.tell(Command::Tune { bitrate, expected_loss });
    }

    /// `tap` hears what all lines say, mixed, 10 ms at a time while there is a line. It is called on
    /// the media thread and must not block.
    #[expect(clippy::type_complexity, reason = "one plain callback")]
    pub fn record(&self, tap: Option<Box<dyn FnMut(&[f32]) + Send>>) {
        self.0.tell(Command::Record(tap));
    }

    /// Closes a line. Its outlet is dropped soon.
    pub fn close(&self, line: LineId) {
        self.0.tell(Command::Close(line));
    }

    /// What of the line's voice is heard when. `None` while nothing is.
    #[must_use]
    pub fn clock(&self, line: LineId) -> Option<PlayoutClock> {
        self.0.posted(line)?.clock
    }

    /// How the line does. `None` if it is not open, or has been for less than 10 ms.
    #[must_use]
    pub fn figures(&self, line: LineId) -> Option<Figures> {
        Some(self.0.posted(line)?.figures)
    }
}

impl Handle {
    fn tell(&self, command: Command) {
        // Fails only if the thread panicked, which its log says.
        let _ = self.commands.send(command);
        self.thread.unpark();
    }

    fn posted(&self, line: LineId) -> Option<Posted> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).get(&line).copied()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tell(Command::End);
    }
}
