//! Devices that move much sound at a time, as Bluetooth and the cards of virtual machines do: pipes
//! whose other ends take and give 1024 frames every 21 ms, and cannot do otherwise.
#![expect(clippy::disallowed_methods, reason = "sound cards have a clock of their own")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "rig/server.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod server;

use bellwire_voice::engine::{
    BLOCK, Engine, Input, LineId, MicrophoneState, Options, Output, Report, SampleSource, Stream,
};
use bellwire_voice::packet::Packet;
use server::inside;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

const LINE: LineId = LineId(1);
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Frames in what a pipe moves at a time: its device's whole buffer.
const CHUNK: u32 = 1_024;

/// 440 Hz without end.
struct Tone(u32);

impl SampleSource for Tone {
    fn label(&self) -> String {
        "a tone".into()
    }

    fn fill(&mut self, block: &mut [f32; BLOCK]) -> bool {
        for sample in block {
            *sample = tone(self.0);
            self.0 += 1;
        }
        true
    }
}

fn tone(at: u32) -> f32 {
    0.3 * (at as f32 / 48e3 * 440.0 * std::f32::consts::TAU).sin()
}

/// A second of a device, in its chunks.
const SECOND: usize = 47;
/// Seconds of a device in which one has to be as all are on a machine that has the time. What makes
/// holes by itself makes them in each.
const SECONDS: usize = 60;

/// Calls back for every chunk, at the time of a device's clock, until that is enough.
fn at_its_pace(mut chunk: impl FnMut(u32) -> ControlFlow<()>) {
    let began = Instant::now();
    let mut number = 0;
    while chunk(number).is_continue() {
        number += 1;
        let due = began + Duration::from_secs(1) * CHUNK / 48_000 * number;
        sleep(due.saturating_duration_since(Instant::now()));
    }
}

#[test]
fn a_speaker_that_takes_much_at_a_time_is_served_without_holes() {
    inside("a_speaker_that_takes_much_at_a_time_is_served_without_holes", |server| {
        let pipe = server.place().join("speaker");
        let file = format!("file={}", pipe.display());
        let shape = ["rate=48000", "channels=2", "format=s16le"];
        let load = ["load-module", "module-pipe-sink", "sink_name=slow", &file];
        server.control(&[&load[..], &shape].concat());
        let (taken, played) = mpsc::sync_channel(SECOND);
        spawn(move || {
            let mut pipe = File::open(pipe).unwrap();
            let mut chunk = [0; CHUNK as usize * 4];
            at_its_pace(|_| {
                pipe.read_exact(&mut chunk).unwrap();
                let (frames, _) = chunk.as_chunks::<4>();
                let left = frames.iter().map(|frame| i16::from_le_bytes([frame[0], frame[1]]));
                match taken.send(left.collect::<Vec<_>>()) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
        });
        let silent = Options { input: Input::Device, output: Output::Device, processing: false };
        let far = Engine::start(silent, |_| {}).unwrap();
        far.listen(Some("pulseaudio:slow".into()));
        far.open(LINE, Box::new(|_| {}));
        let input = Input::Samples(Box::new(Tone(0)));
        let near = Options { input, output: Output::Nowhere, processing: false };
        let near = Engine::start(near, |_| {}).unwrap();
        let (to, mut sequence) = (far.clone(), 0_u16);
        near.open(
            LINE,
            Box::new(move |frame| {
                let packet = Packet {
                    sequence,
                    timestamp: frame.timestamp,
                    payload: frame.payload,
                    redundant: false,
                };
                to.receive(LINE, Stream::Voice, packet, Instant::now());
                sequence = sequence.wrapping_add(1);
            }),
        );
        near.send(LINE, true, None);
        let is_hole = |sound: &&[i16]| sound.iter().all(|sample| sample.abs() < 30);
        let holes = std::iter::repeat_with(|| {
            let second: Vec<i16> = played.iter().take(SECOND).flatten().collect();
            second.chunks(48).filter(is_hole).count()
        });
        let holes: Vec<usize> = holes.take(SECONDS).take_while(|ms| *ms > 0).collect();
        assert!(holes.len() < SECONDS, "no second is without holes: {holes:?} ms of each");
    });
}

#[test]
fn a_microphone_that_gives_much_at_a_time_is_heard() {
    inside("a_microphone_that_gives_much_at_a_time_is_heard", |server| {
        let pipe = server.place().join("microphone");
        let file = format!("file={}", pipe.display());
        let shape = ["rate=48000", "channels=1", "format=s16le"];
        let load = ["load-module", "module-pipe-source", "source_name=slow", &file];
        server.control(&[&load[..], &shape].concat());
        let given = Arc::new(AtomicU32::new(0));
        let count = given.clone();
        // Ends with the process: the server reads as long as it runs.
        spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
            at_its_pace(|number| {
                let chunk = number * CHUNK..(number + 1) * CHUNK;
                let bytes = chunk.flat_map(|at| ((tone(at) * 32e3) as i16).to_le_bytes());
                count.store(number, Ordering::Relaxed);
                match pipe.write_all(&bytes.collect::<Vec<u8>>()) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
        });
        let (report, reports) = mpsc::sync_channel(1_024);
        let options = Options { input: Input::Device, output: Output::Nowhere, processing: false };
        let near = Engine::start(options, move |it| drop(report.send(it))).unwrap();
        let (sent, frames) = mpsc::sync_channel(1_024);
        near.open(LINE, Box::new(move |frame| drop(sent.send(frame))));
        near.send(LINE, true, Some("pulseaudio:slow".into()));
        let state = reports.iter().find_map(|report| match report {
            Report::Microphone { state, .. } => Some(state),
            Report::Speaker(_) | Report::DevicesChanged => None,
        });
        assert!(matches!(state, Some(MicrophoneState::Live { .. })), "it is open: {state:?}");
        // What the device gave while a second of frames was sent, in ms.
        let seconds = std::iter::repeat_with(|| {
            let before = given.load(Ordering::Relaxed);
            for _ in 0..50 {
                frames.recv_timeout(PATIENCE).expect("it is sent");
            }
            (given.load(Ordering::Relaxed) - before) * CHUNK / 48
        });
        let all = |given: &u32| (930..=1_070).contains(given);
        let lost: Vec<u32> = seconds.take(SECONDS).take_while(|ms| !all(ms)).collect();
        assert!(lost.len() < SECONDS, "never is all of a second sent: {lost:?} ms for each");
    });
}
