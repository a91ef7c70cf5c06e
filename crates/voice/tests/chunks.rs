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
use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

const LINE: LineId = LineId(1);
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

/// Calls back for every chunk, at the time of a device's clock.
fn at_its_pace(seconds: u32, mut chunk: impl FnMut(u32)) {
    let began = Instant::now();
    for number in 0..seconds * 48_000 / CHUNK {
        let due = began + Duration::from_secs(1) * CHUNK / 48_000 * number;
        sleep(due.saturating_duration_since(Instant::now()));
        chunk(number);
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
        let device = spawn(move || {
            let mut pipe = File::open(pipe).unwrap();
            let (mut played, mut chunk) = (Vec::new(), [0; CHUNK as usize * 4]);
            at_its_pace(8, |_| {
                pipe.read_exact(&mut chunk).unwrap();
                played.extend(
                    chunk
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|frame| i16::from_le_bytes([frame[0], frame[1]])),
                );
            });
            played
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
        let played = device.join().unwrap();
        let settled = &played[4 * 48_000..];
        let is_hole = |sound: &&[i16]| sound.iter().all(|sample| sample.abs() < 30);
        let holes = settled.chunks(48).filter(is_hole).count();
        let share = holes as f32 / (settled.len() / 48) as f32;
        // A busy machine makes some, too; a period that is too short makes half of it.
        assert!(share < 0.12, "the tone has no holes: {share} of the time");
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
        let device = spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
            at_its_pace(5, |number| {
                let chunk = number * CHUNK..(number + 1) * CHUNK;
                let bytes = chunk.flat_map(|at| ((tone(at) * 32e3) as i16).to_le_bytes());
                pipe.write_all(&bytes.collect::<Vec<u8>>()).unwrap();
            });
            pipe
        });
        let (report, reports) = mpsc::channel();
        let options = Options { input: Input::Device, output: Output::Nowhere, processing: false };
        let near = Engine::start(options, move |it| drop(report.send(it))).unwrap();
        let (sent, frames) = mpsc::channel();
        near.open(LINE, Box::new(move |frame| drop(sent.send(frame))));
        near.send(LINE, true, Some("pulseaudio:slow".into()));
        let state = reports.iter().find_map(|report| match report {
            Report::Microphone { state, .. } => Some(state),
            Report::Speaker(_) | Report::DevicesChanged => None,
        });
        assert!(matches!(state, Some(MicrophoneState::Live { .. })), "it is open: {state:?}");
        sleep(Duration::from_secs(1));
        let _beginning = frames.try_iter().count();
        sleep(Duration::from_secs(2));
        let count = frames.try_iter().count();
        assert!((75..=115).contains(&count), "all of 2 s is sent: {count} frames");
        let _open = device.join().unwrap();
    });
}
