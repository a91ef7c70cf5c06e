//! The media thread: a loop that takes commands, makes steps, and moves sound between rings.
//!
//! A speaker sets the pace by emptying its ring; without one, a timer does. A step renders 10 ms;
//! what a microphone captured is processed as it comes.
#![expect(clippy::disallowed_methods, reason = "a driver: it reads the clock for the desk")]

use super::desk::{Desk, Tap};
use super::keeper::{self, Event};
use super::line::Outlet;
use super::streams::{Intake, Outflow};
use super::{
    BLOCK, Board, Input, LineId, MicrophoneState, Options, Output, Posted, Report, SampleSource,
    SharedReport, StartError, Stream,
};
use crate::packet::Packet;
use crate::processing::{Alternation, PassThrough, Processing, Sonora};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{MutexGuard, PoisonError, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a step is.
const STEP: Duration = Duration::from_millis(10);
/// How late a step may be to be made up for. Later ones are left out: a machine that slept does not
/// play what it missed.
const LATEST: Duration = Duration::from_millis(200);
/// How long a speaker may take nothing until a timer sets the pace beside it. Less takes the bursts
/// of a slow device for a stall; more is a hole in what is sent.
const STALL: Duration = Duration::from_millis(60);
/// How many steps a hungry speaker gets at once at most: as many as its ring holds, nearly.
const MOST_STEPS: usize = 40;

/// What handles and the keeper ask for.
pub(super) enum Command {
    Open(LineId, Outlet),
    Send {
        line: LineId,
        on: bool,
        device: Option<String>,
    },
    Receive {
        line: LineId,
        stream: Stream,
        packet: Packet,
        arrived: Instant,
    },
    Delay(LineId, Duration),
    Listen(Option<String>),
    Tune {
        bitrate: u32,
        expected_loss: f32,
    },
    Record(Option<Tap>),
    Close(LineId),
    /// Whether what is captured goes to this line.
    Feed(LineId, bool),
    /// A microphone is there, or is not.
    Intake(Option<Intake>),
    /// A speaker is there, or is not.
    Outflow(Option<Outflow>),
    /// The last handle is gone.
    End,
}

struct Media {
    desk: Desk,
    commands: mpsc::Receiver<Command>,
    board: Board,
    report: SharedReport,
    source: Option<Box<dyn SampleSource>>,
    keeper: Option<mpsc::SyncSender<Event>>,
    intake: Option<Intake>,
    outflow: Option<Outflow>,
    alternation: Alternation,
    processing: Box<dyn Processing>,
    /// Timestamp of the next step.
    timestamp: u32,
    /// When the next step is due, while there is a line and a timer sets the pace.
    due: Option<Instant>,
}

/// Starts the thread, and the keeper of devices if there is something to keep.
pub(super) fn start(
    options: Options,
    sender: mpsc::SyncSender<Command>,
    commands: mpsc::Receiver<Command>,
    board: Board,
    report: SharedReport,
) -> Result<Thread, StartError> {
    let processing: Box<dyn Processing> =
        if options.processing { Box::new(Sonora::default()) } else { Box::new(PassThrough) };
    let source = match options.input {
        Input::Device => None,
        Input::Samples(source) => Some(source),
    };
    let has_speaker = options.output == Output::Device;
    let keeps = has_speaker || source.is_none();
    let mut media = Media {
        desk: Desk::new()?,
        commands,
        board,
        report: report.clone(),
        source,
        keeper: None,
        intake: None,
        outflow: None,
        alternation: Alternation::default(),
        processing,
        timestamp: 0,
        due: None,
    };
    let thread = thread::Builder::new().name("media".into()).spawn(move || {
        if keeps {
            match keeper::start(has_speaker, sender, thread::current(), report) {
                Ok(keeper) => media.keeper = Some(keeper),
                Err(error) => tracing::error!(%error, "no thread for devices"),
            }
        }
        media.run();
        let keeper = media.keeper.take();
        // One that waits for room among the commands is let go.
        drop(media);
        if let Some(keeper) = keeper {
            // Fails only if it ended by itself.
            let _ = keeper.send(Event::End);
        }
    })?;
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
            let wait = match self.outflow.take() {
                Some(outflow) => self.follow(now, outflow),
                None => self.pace(now),
            };
            self.take_in();
            thread::park_timeout(wait);
        }
    }

    /// Makes the steps that the speaker asks for; says when to look again.
    fn follow(&mut self, now: Instant, mut outflow: Outflow) -> Duration {
        let mut mix = [0.0; BLOCK];
        let mut steps = 0;
        while outflow.is_hungry(now) && steps < MOST_STEPS {
            self.step(now, &mut mix);
            outflow.write(&mix);
            steps += 1;
        }
        let due = self.due.unwrap_or(now);
        if steps > 0 {
            self.due = Some(now + STEP);
            self.post(outflow.latency().saturating_sub(STEP));
        } else if now.saturating_duration_since(due) >= STALL {
            // It does not take anything: the microphone and the lines go on without it.
            self.step(now, &mut mix);
            self.due = Some(due + STEP);
            self.post(outflow.latency());
        } else {
            self.due = Some(due);
        }
        self.outflow = Some(outflow);
        STEP
    }

    /// Makes the steps that are due; says when the next one is.
    fn pace(&mut self, now: Instant) -> Duration {
        let mut due = self.due.unwrap_or(now);
        if now.saturating_duration_since(due) > LATEST {
            let left_out = (now - due).as_millis() / STEP.as_millis();
            self.skip(u32::try_from(left_out).unwrap_or(0));
            due = now;
        }
        while due <= now {
            self.step(now, &mut [0.0; BLOCK]);
            due += STEP;
        }
        self.due = Some(due);
        self.post(Duration::ZERO);
        due.saturating_duration_since(Instant::now())
    }

    fn step(&mut self, now: Instant, mix: &mut [f32; BLOCK]) {
        self.desk.render(now, mix);
        let timestamp = self.timestamp;
        self.skip(1);
        let Some(source) = &mut self.source else {
            self.alternation.rendered(timestamp, mix);
            self.take_in();
            if let Some(intake) = &self.intake {
                self.alternation.watch(intake.pulse.since(now));
            }
            return;
        };
        if self.desk.is_sending() {
            let mut block = [0.0; BLOCK];
            if !source.fill(&mut block) {
                block.fill(0.0);
            }
            self.processing.render(mix);
            self.processing.capture(&mut block);
            self.desk.capture(timestamp, &block);
        }
    }

    /// Processes what was captured, as far as it is whole.
    fn take_in(&mut self) {
        if let Some(Intake { ring, .. }) = &mut self.intake
            && let Ok(chunk) = ring.read_chunk(ring.slots())
        {
            self.alternation.captured(chunk.into_iter());
        }
        while let Some((timestamp, block)) = self.alternation.pull(&mut *self.processing) {
            self.desk.capture(timestamp, &block);
        }
        if let Some(intake) = &self.intake {
            intake.await_more(self.alternation.missing());
        }
    }

    fn on_command(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Open(line, outlet) => {
                let first = self.desk.is_idle();
                self.desk.open(line, outlet);
                if first {
                    self.begin_intake();
                    self.tell(Event::Lines(true));
                }
            }
            Command::Send { line, on, device } => self.send(line, on, device),
            Command::Receive { line, stream, packet, arrived } => {
                self.desk.receive(line, stream, packet, arrived);
            }
            Command::Delay(line, least) => self.desk.delay(line, least),
            Command::Listen(device) => self.tell(Event::Listen(device)),
            Command::Tune { bitrate, expected_loss } => self.desk.tune(bitrate, expected_loss),
            Command::Record(tap) => self.desk.record(tap),
            Command::Close(line) => self.close(line),
            Command::Feed(line, on) => self.desk.set_fed(line, on),
            Command::Intake(intake) => {
                self.intake = intake;
                self.begin_intake();
            }
            Command::Outflow(outflow) => self.outflow = outflow,
            Command::End => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// Leaves out what was captured until then: it is old, and would stay a delay.
    fn begin_intake(&mut self) {
        self.alternation.set_microphone(self.intake.is_some());
        if let Some(Intake { ring, .. }) = &mut self.intake
            && let Ok(chunk) = ring.read_chunk(ring.slots())
        {
            chunk.commit_all();
        }
    }

    fn send(&mut self, line: LineId, on: bool, device: Option<String>) {
        if !self.desk.is_open(line) {
            return;
        }
        self.desk.set_wished(line, on);
        let Some(source) = &self.source else {
            return self.tell(Event::Send { line, on, device });
        };
        let state =
            if on { MicrophoneState::Live { label: source.label() } } else { MicrophoneState::Off };
        self.desk.set_fed(line, on);
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report(Report::Microphone { line, state });
    }

    fn close(&mut self, line: LineId) {
        if !self.desk.is_open(line) {
            return;
        }
        self.send(line, false, None);
        self.desk.close(line);
        self.lock().remove(&line);
        if self.desk.is_idle() {
            self.tell(Event::Lines(false));
        }
    }

    /// Time goes on by so many steps.
    const fn skip(&mut self, steps: u32) {
        self.timestamp = self.timestamp.wrapping_add(steps.wrapping_mul(BLOCK as u32));
    }

    fn tell(&self, event: Event) {
        if let Some(keeper) = &self.keeper {
            // Fails only if that thread panicked, which its log says.
            let _ = keeper.send(event);
        }
    }

    fn post(&self, latency: Duration) {
        let mut board = self.lock();
        for (line, posted) in self.desk.posted(latency) {
            board.insert(line, posted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LineId, Posted>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
