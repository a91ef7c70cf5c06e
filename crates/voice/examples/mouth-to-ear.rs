//! How long sound takes from the mouth at one end to the ear at the other, through virtual sound
//! cards, and what that costs.
//!
//! `mouth-to-ear` needs PulseAudio (Debian: pulseaudio pulseaudio-utils), starts a server
//! of its own, and prints one JSON object a line per metric. Chirps are played into the microphone
//! of one engine and found again in what the speaker of another plays; both are recorded by the same
//! means, so what recording delays is in neither. The engines run in this process, with processing,
//! and a network between them that may lose and delay.
//!
//! Run it where nothing else runs, best with `chrt -r 5`: sound breaks up where the machine is busy.
#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool")]

#[path = "mouth-to-ear/listener.rs"]
mod listener;
#[path = "mouth-to-ear/network.rs"]
mod network;
#[path = "../tests/rig/server.rs"]
#[allow(dead_code, reason = "tests need more of it")]
mod server;

use bellwire_voice::engine::{Engine, Input, LineId, Options, Output, Report, SpeakerState};
use listener::{Listener, RATE};
use network::{Network, Path};
use std::f32::consts::TAU;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const LINE: LineId = LineId(1);
/// Seconds of chirps.
const SECONDS: usize = 30;
/// How long what is said may be on its way.
const LONGEST: f64 = 0.4;

fn main() {
    // Each on a server of its own: one that has run for a while moves sound in shorter blocks.
    alone("loopback", |server| {
        let clean = Network { loss: 0.0, jitter: Duration::ZERO };
        let (delays, load) = measure(server, &clean, SECONDS);
        line("mouth_to_ear_loopback", "ms", &delays, 95.0);
        line("cpu_of_a_call", "% of a core", &[load], 8.0);
    });
    alone("rough", |server| {
        let rough = Network { loss: 0.03, jitter: Duration::from_millis(30) };
        let (delays, _) = measure(server, &rough, SECONDS);
        line("mouth_to_ear_3_percent_30_ms", "ms", &delays, 125.0);
    });
}

/// Runs `body` in a process of its own; that process is started with the name of its part.
fn alone(name: &str, body: impl FnOnce(&mut server::Server)) {
    let mut named = std::env::args().skip(1).peekable();
    if named.peek().is_none() || named.any(|argument| argument == name) {
        server::inside(name, body);
    }
}

/// The delays of all chirps that arrived, in ms, and the load of the engines' threads in percent.
fn measure(server: &server::Server, network: &Network, seconds: usize) -> (Vec<f64>, f64) {
    let (report, reports) = mpsc::sync_channel(1_024);
    let near = Options { input: Input::Device, output: Output::Nowhere, processing: true };
    let near = Engine::start(near, |_| {}).unwrap();
    let far = Options { input: Input::Device, output: Output::Device, processing: true };
    // Nobody listens any more while it ends.
    let far = Engine::start(far, move |it| drop(report.send(it))).unwrap();
    far.open(LINE, Box::new(|_| {}));
    loop {
        match reports.recv_timeout(Duration::from_secs(10)).unwrap() {
            Report::Speaker(SpeakerState::Live { .. }) => break,
            Report::Speaker(_) | Report::Microphone { .. } | Report::DevicesChanged => {}
        }
    }
    let path = Path::start(network, far.clone(), LINE).unwrap();
    near.open(LINE, Box::new(move |frame| path.send(frame)));
    near.send(LINE, true, Some("pulseaudio:virtmic".into()));
    std::thread::sleep(Duration::from_secs(4));

    let chirp = chirp();
    let file = server.place().join("chirps.wav");
    write(&file, &chirp, seconds);
    let start = Instant::now();
    let mouth = Listener::start("virtmic", start).unwrap();
    let ear = Listener::start("speaker.monitor", start).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let before = load();
    let began = Instant::now();
    let status = Command::new("paplay").arg("--device=micfeed").arg(&file).status().unwrap();
    assert!(status.success(), "paplay");
    let load = (load() - before) / began.elapsed().as_secs_f64() * 100.0;
    std::thread::sleep(Duration::from_millis(500));
    let (mouth, ear) = (mouth.stop().unwrap(), ear.stop().unwrap());
    let (said, heard) = (mouth.find(&chirp), ear.find(&chirp));
    let delays = said.iter().filter_map(|said| {
        let first = heard.iter().find(|heard| **heard >= *said)?;
        (first - said < LONGEST).then_some((first - said) * 1e3)
    });
    let delays: Vec<f64> = delays.collect();
    eprintln!("{} chirps said, {} heard; {:?}", said.len(), delays.len(), far.figures(LINE));
    (delays, load)
}

/// 60 ms from 600 to 3600 Hz, with soft edges.
fn chirp() -> Vec<f32> {
    let length = RATE * 60 / 1_000;
    let sample = |at: usize| {
        let time = at as f32 / RATE as f32;
        let edge = (at.min(length - at) as f32 / 240.0).min(1.0);
        0.4 * edge * (TAU * (600.0 * time + 25_000.0 * time * time)).sin()
    };
    (0..length).map(sample).collect()
}

/// A chirp every 0.7 s.
fn write(path: &std::path::Path, chirp: &[f32], seconds: usize) {
    let shape = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, shape).unwrap();
    for at in 0..seconds * RATE {
        let sample = chirp.get(at % (RATE * 7 / 10)).copied().unwrap_or(0.0);
        writer.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Seconds that this process computed, without the threads that listen.
fn load() -> f64 {
    let mut ticks = 0.0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(')') else { continue };
        if name.ends_with("listener") {
            continue;
        }
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|it| it.parse().ok()).unwrap_or(0.0);
        ticks += field(11) + field(12);
    }
    ticks / 100.0
}

fn line(name: &str, unit: &str, values: &[f64], target: f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = values.len().saturating_sub(1) as f64;
        values.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    };
    println!(
        r#"{{"metric":"{name}","unit":"{unit}","ours_p50":{:.1},"ours_p95":{:.1},"peer":null,"peer_p50":null,"peer_p95":null,"ratio_p50":null,"target":{target},"met":{}}}"#,
        at(0.5),
        at(0.95),
        at(0.5) <= target
    );
}
