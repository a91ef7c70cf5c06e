//! The thread that opens and closes devices, as [`Microphone`] and [`Binding`] say.
//!
//! Whatever may block while a sound server hangs (listing, opening, closing) runs on threads of its
//! own and answers with an event.
#![expect(clippy::disallowed_methods, reason = "a driver: it reads the clock for the machines")]

use super::binding::{Binding, End, Order, State};
use super::flow::Periods;
use super::held::Held;
use super::lookout::Lookout;
use super::media::Command;
use super::microphone::{Act, Microphone};
use super::openers::{Openers, Opening};
use super::streams::{self, Intake, OnError, Outflow, Running};
use super::{LineId, Problem, Report, SharedReport, SpeakerState};
use crate::devices::{Devices, host};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often machines hear of the time, while anything is open.
const TICK: Duration = Duration::from_millis(100);
/// Events that may wait. The threads of devices wait for room; what the media thread asks of a keeper
/// that stands still is left out, for sound must not wait for devices. Raising it keeps more of what
/// is past.
const EVENTS: usize = 256;
/// How long a microphone waits for the speaker: servers start slowly for who only records.
const HOLD: Duration = Duration::from_secs(1);

/// What the keeper hears.
pub(super) enum Event {
    /// There is a line, or there is none.
    Lines(bool),
    /// As [`Engine::send`](super::Engine::send).
    Send { line: LineId, on: bool, device: Option<String> },
    /// As [`Engine::listen`](super::Engine::listen).
    Listen(Option<String>),
    /// The wanted microphone was opened, or not.
    Microphone(Opening, Result<(Running, Intake), Problem>),
    /// The wanted speaker was opened, or not.
    Speaker(Opening, Result<(Running, Outflow), Problem>),
    /// A stream failed.
    Failed(Which, u64, Problem),
    /// Devices came or went, or others are the default.
    News,
    /// These devices are there (None: no server answers), and whether changes will be told.
    Listed { devices: Option<Devices>, watched: bool },
    /// The engine ends.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Microphone,
    Speaker,
}

/// The periods of slow devices. An id may name both a microphone and a speaker.
#[derive(Debug, Default)]
struct Slow {
    microphones: Periods,
    speakers: Periods,
}

struct Keeper {
    events: mpsc::Receiver<Event>,
    sender: mpsc::SyncSender<Event>,
    media: mpsc::SyncSender<Command>,
    thread: Thread,
    report: SharedReport,
    hosts: host::Hosts,
    microphone: Microphone,
    speaker: Binding,
    speaker_state: SpeakerState,
    /// Whether the engine has a speaker at all.
    has_speaker: bool,
    speaker_wish: Option<String>,
    lines: bool,
    senders: BTreeSet<LineId>,
    recording: Option<Held>,
    playing: Option<Held>,
    periods: Slow,
    microphone_openers: Openers,
    speaker_openers: Openers,
    /// A microphone to be opened after the speaker, and since when.
    waits: Option<(Instant, u64, Option<String>)>,
    lookout: Lookout,
    seen: Option<Option<Devices>>,
}

/// Starts the thread.
pub(super) fn start(
    has_speaker: bool,
    media: mpsc::SyncSender<Command>,
    thread: Thread,
    report: SharedReport,
) -> std::io::Result<mpsc::SyncSender<Event>> {
    let (sender, events) = mpsc::sync_channel(EVENTS);
    let hosts = host::Hosts::default();
    let mut keeper = Keeper {
        events,
        sender: sender.clone(),
        media,
        thread,
        report,
        hosts: hosts.clone(),
        microphone: Microphone::new(),
        speaker: Binding::new(),
        speaker_state: SpeakerState::Closed,
        has_speaker,
        speaker_wish: None,
        lines: false,
        senders: BTreeSet::new(),
        recording: None,
        playing: None,
        periods: Slow::default(),
        microphone_openers: Openers::default(),
        speaker_openers: Openers::default(),
        waits: None,
        lookout: Lookout::start(hosts, sender.clone())?,
        seen: None,
    };
    thread::Builder::new().name("devices".into()).spawn(move || keeper.run())?;
    Ok(sender)
}

impl Keeper {
    fn run(&mut self) {
        loop {
            let event = if self.lines || !self.microphone.is_closed() || !self.speaker.is_closed() {
                match self.events.recv_timeout(TICK) {
                    Ok(event) => Some(event),
                    Err(mpsc::RecvTimeoutError::Timeout) => None,
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
            } else {
                self.seen = None;
                self.events.recv().ok()
            };
            let now = Instant::now();
            match event {
                Some(Event::End) => return self.end(),
                Some(event) => self.on_event(now, event),
                None => {}
            }
            self.watch(now);
            self.microphone.tick(now);
            self.speaker.tick(now);
            self.lookout.look(now);
            self.perform(now);
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Lines(there) => {
                self.lines = there;
                if there && self.has_speaker {
                    self.speaker.want(now, self.speaker_wish.clone());
                } else {
                    self.speaker.release();
                }
            }
            Event::Send { line, on: true, device } => {
                self.senders.insert(line);
                self.microphone.take(now, line, device);
            }
            Event::Send { line, on: false, .. } => {
                self.senders.remove(&line);
                self.microphone.leave(now, line);
            }
            Event::Listen(device) => {
                self.speaker_wish = device;
                if !self.speaker.is_closed() {
                    self.speaker.want(now, self.speaker_wish.clone());
                }
            }
            Event::Microphone((opening, device), result) => {
                self.on_microphone(now, opening, result);
                if let Some(next) = self.microphone_openers.returned(&device) {
                    self.open_microphone(next);
                }
            }
            Event::Speaker((opening, device), result) => {
                self.on_speaker(now, opening, result);
                if let Some(next) = self.speaker_openers.returned(&device) {
                    self.open_speaker(next);
                }
            }
            Event::Failed(Which::Microphone, opening, problem) => {
                self.microphone.ended(now, opening, End::Failed(problem));
            }
            Event::Failed(Which::Speaker, opening, problem) => {
                self.speaker.ended(now, opening, End::Failed(problem));
            }
            Event::News => self.lookout.on_news(),
            Event::Listed { devices, watched } => {
                self.lookout.on_listed(now, watched);
                self.on_listed(now, devices);
            }
            Event::End => {}
        }
    }

    fn on_microphone(
        &mut self,
        now: Instant,
        opening: u64,
        result: Result<(Running, Intake), Problem>,
    ) {
        let answer = result.as_ref().map(|(running, _)| running.bound.clone());
        let taken = self.microphone.opened(now, opening, answer.map_err(|problem| *problem));
        match result {
            Ok((running, intake)) if taken => {
                self.recording = Some(Held::new(now, running, opening));
                self.tell(Command::Intake(Some(intake)));
            }
            Ok((running, _)) => discard(running),
            Err(_) => {}
        }
    }

    fn on_speaker(
        &mut self,
        now: Instant,
        opening: u64,
        result: Result<(Running, Outflow), Problem>,
    ) {
        let answer = result.as_ref().map(|(running, _)| running.bound.clone());
        let taken = self.speaker.opened(now, opening, answer.map_err(|problem| *problem));
        match result {
            Ok((running, outflow)) if taken => {
                self.playing = Some(Held::new(now, running, opening));
                self.tell(Command::Outflow(Some(outflow)));
            }
            Ok((running, _)) => discard(running),
            Err(_) => {}
        }
    }

    fn on_listed(&mut self, now: Instant, devices: Option<Devices>) {
        let of = |pick: fn(&Devices) -> &Vec<_>| devices.as_ref().map(|all| pick(all).as_slice());
        self.microphone.listed(now, of(|all| &all.microphones));
        self.speaker.listed(now, of(|all| &all.speakers));
        if self.seen.as_ref().is_some_and(|seen| *seen != devices) {
            self.report(Report::DevicesChanged);
        }
        self.seen = Some(devices);
    }

    fn watch(&mut self, now: Instant) {
        let periods = &mut self.periods;
        if let Some(held) = &mut self.recording
            && let Some(end) = held.look(now, &mut periods.microphones)
        {
            self.microphone.ended(now, held.opening, end);
        }
        if let Some(held) = &mut self.playing
            && let Some(end) = held.look(now, &mut periods.speakers)
        {
            self.speaker.ended(now, held.opening, end);
        }
    }

    fn perform(&mut self, now: Instant) {
        while let Some(order) = self.speaker.poll() {
            match order {
                Order::Open { opening, device } => {
                    if let Some(now) = self.speaker_openers.ask(opening, device) {
                        self.open_speaker(now);
                    }
                }
                Order::Drop => {
                    self.speaker_openers.forget();
                    self.tell(Command::Outflow(None));
                    self.playing.take().into_iter().for_each(|held| discard(held.running));
                }
                Order::Tell(state) => self.tell_speaker(match state {
                    State::Closed => SpeakerState::Closed,
                    State::Live { label } => SpeakerState::Live { label },
                    State::Lost(_) => SpeakerState::Missing,
                }),
            }
        }
        while let Some(act) = self.microphone.poll() {
            match act {
                Act::Open { opening, device } => self.waits = Some((now, opening, device)),
                Act::Drop => {
                    self.waits = None;
                    self.microphone_openers.forget();
                    self.tell(Command::Intake(None));
                    self.recording.take().into_iter().for_each(|held| discard(held.running));
                }
                Act::Feed(line, on) => self.tell(Command::Feed(line, on)),
                Act::Report(report) => self.report(report),
            }
        }
        let held = self.speaker.is_opening();
        let waited = self
            .waits
            .take_if(|(since, ..)| !held || now.saturating_duration_since(*since) >= HOLD);
        if let Some((_, opening, device)) = waited
            && let Some(now) = self.microphone_openers.ask(opening, device)
        {
            self.open_microphone(now);
        }
    }

    fn open_microphone(&mut self, (opening, device): Opening) {
        let (hosts, thread) = (self.hosts.clone(), self.thread.clone());
        let failed = self.on_error(Which::Microphone, opening);
        let slow = self.periods.microphones.clone();
        let wanted = device.clone();
        let started = self.aside(move || {
            let opened =
                streams::open_microphone(&hosts, wanted.as_deref(), &slow, &thread, &failed);
            Event::Microphone((opening, wanted), opened)
        });
        if !started {
            self.microphone_openers.returned(&device);
        }
    }

    fn open_speaker(&mut self, (opening, device): Opening) {
        let (hosts, thread) = (self.hosts.clone(), self.thread.clone());
        let failed = self.on_error(Which::Speaker, opening);
        let slow = self.periods.speakers.clone();
        let wanted = device.clone();
        let started = self.aside(move || {
            let opened = streams::open_speaker(&hosts, wanted.as_deref(), &slow, &thread, &failed);
            Event::Speaker((opening, wanted), opened)
        });
        if !started {
            self.speaker_openers.returned(&device);
        }
    }

    fn on_error(&self, which: Which, opening: u64) -> OnError {
        let events = self.sender.clone();
        // One that is left out is noticed by the silence that follows.
        Arc::new(move |problem| drop(events.try_send(Event::Failed(which, opening, problem))))
    }

    /// Does it on a thread of its own. False: there is none, no answer comes, and the machine gives
    /// up.
    fn aside(&self, work: impl FnOnce() -> Event + Send + 'static) -> bool {
        let events = self.sender.clone();
        let started = thread::Builder::new().name("device-open".into()).spawn(move || {
            if let Err(mpsc::SendError(event)) = events.send(work()) {
                drop(event);
            }
        });
        if let Err(error) = &started {
            tracing::error!(%error, "no thread to open a device");
        }
        started.is_ok()
    }

    fn tell(&self, command: Command) {
        // Fails only if the media thread is gone, which ends this one too.
        let _ = self.media.send(command);
        self.thread.unpark();
    }

    /// Why a speaker is missing does not matter, so a change of that is none.
    fn tell_speaker(&mut self, state: SpeakerState) {
        if self.speaker_state != state {
            self.speaker_state = state.clone();
            self.report(Report::Speaker(state));
        }
    }

    fn report(&self, report: Report) {
        (self.report.lock().unwrap_or_else(PoisonError::into_inner))(report);
    }

    fn end(&mut self) {
        for held in [self.recording.take(), self.playing.take()].into_iter().flatten() {
            discard(held.running);
        }
    }
}

/// Closes a stream, which may block, where nobody waits for it.
fn discard(running: Running) {
    let stream = running.stream;
    if let Err(error) = thread::Builder::new().name("device-close".into()).spawn(|| drop(stream)) {
        tracing::error!(%error, "no thread to close a device");
    }
}
