//! The media thread: a loop that takes commands and makes steps.
#![expect(clippy::disallowed_methods, reason = "a driver: it reads the clock for the desk")]

use super::desk::{Desk, Tap};
use super::line::Outlet;
use super::{
    BLOCK, Board, Input, LineId, MicrophoneState, Options, Output, Problem, Report, SampleSource,
    SpeakerState, StartError, Stream,
};
use crate::packet::Packet;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{PoisonError, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a step is.
const STEP: Duration = Duration::from_millis(10);
/// How late a step may be to be made up for. Later ones are left out: a machine that slept does not
/// play what it missed.
const LATEST: Duration = Duration::from_millis(200);

/// What handles ask for.
pub(super) enum Command {
    Open(LineId, Outlet),
    Send {
        line: LineId,
        on: bool,
        #[expect(dead_code, reason = "for microphones")]
        device: Option<String>,
    },
    Receive {
        line: LineId,
        stream: Stream,
        packet: Packet,
        arrived: Instant,
    },
    Listen(#[expect(dead_code, reason = "for speakers")] Option<String>),
    Tune {
        bitrate: u32,
        expected_loss: f32,
    },
    Record(Option<Tap>),
    Close(LineId),
    /// The last handle is gone.
    End,
}

pub(super) type Reporter = Box<dyn FnMut(Report) + Send>;

struct Media {
    desk: Desk,
    commands: mpsc::Receiver<Command>,
    board: Board,
    report: Reporter,
    source: Option<Box<dyn SampleSource>>,
    output: Output,
    /// Timestamp of the next step.
    timestamp: u32,
    /// When the next step is due, while there is a line.
    due: Option<Instant>,
}

/// Starts the thread.
pub(super) fn start(
    options: Options,
    commands: mpsc::Receiver<Command>,
    board: Board,
    report: Reporter,
) -> Result<Thread, StartError> {
    let source = match options.input {
        Input::Device => None,
        Input::Samples(source) => Some(source),
    };
    let mut media = Media {
        desk: Desk::new()?,
        commands,
        board,
        report,
        source,
        output: options.output,
        timestamp: 0,
        due: None,
    };
    let thread = thread::Builder::new().name("media".into()).spawn(move || media.run())?;
    Ok(thread.thread().clone())
}

impl Media {
    fn run(&mut self) {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                if self.on_command(command).is_break() {
                    return;
                }
            }
            if self.desk.is_idle() {
                self.due = None;
                thread::park();
                continue;
            }
            let now = Instant::now();
            let mut due = self.due.unwrap_or(now);
            if now.saturating_duration_since(due) > LATEST {
                let left_out = (now - due).as_millis() / STEP.as_millis();
                self.skip(u32::try_from(left_out).unwrap_or(0));
                due = now;
            }
            while due <= now {
                self.step(now);
                due += STEP;
            }
            self.due = Some(due);
            self.post(Duration::ZERO);
            thread::park_timeout(due.saturating_duration_since(Instant::now()));
        }
    }

    fn on_command(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Open(line, outlet) => {
                if self.desk.is_idle() && self.output == Output::Device {
                    (self.report)(Report::Speaker(SpeakerState::Missing));
                }
                self.desk.open(line, outlet);
            }
            Command::Send { line, on, device: _ } => self.send(line, on),
            Command::Receive { line, stream, packet, arrived } => {
                self.desk.receive(line, stream, packet, arrived);
            }
            Command::Listen(_) => {}
            Command::End => return ControlFlow::Break(()),
            Command::Tune { bitrate, expected_loss } => self.desk.tune(bitrate, expected_loss),
            Command::Record(tap) => self.desk.record(tap),
            Command::Close(line) => {
                self.desk.close(line);
                self.lock().remove(&line);
            }
        }
        ControlFlow::Continue(())
    }

    fn send(&mut self, line: LineId, on: bool) {
        if !self.desk.is_open(line) {
            return;
        }
        let state = match (&self.source, on) {
            (_, false) => MicrophoneState::Off,
            (Some(source), true) => MicrophoneState::Live { label: source.label() },
            (None, true) => MicrophoneState::Unavailable { problem: Problem::Missing },
        };
        self.desk.set_sending(line, matches!(state, MicrophoneState::Live { .. }));
        (self.report)(Report::Microphone { line, state });
    }

    fn step(&mut self, now: Instant) {
        let mut mix = [0.0; BLOCK];
        self.desk.render(now, &mut mix);
        if self.desk.is_sending()
            && let Some(source) = &mut self.source
        {
            let mut block = [0.0; BLOCK];
            if !source.fill(&mut block) {
                block.fill(0.0);
            }
            self.desk.capture(self.timestamp, &block);
        }
        self.skip(1);
    }

    /// Time goes on by so many steps.
    fn skip(&mut self, steps: u32) {
        self.timestamp = self.timestamp.wrapping_add(steps.wrapping_mul(BLOCK as u32));
    }

    fn post(&self, latency: Duration) {
        let mut board = self.lock();
        for (line, posted) in self.desk.posted(latency) {
            board.insert(line, posted);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<LineId, super::Posted>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
