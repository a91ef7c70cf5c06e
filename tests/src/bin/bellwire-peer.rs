//! Peer connections on standard input and output, one JSON object a line: what the core would order
//! comes in (`PeerCommand`), what it would hear goes out (`PeerEvent`), and once a second what was
//! received so far. The far end of tests that have no core.
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bellwire_cli::film::{Film, FilmPictures};
use bellwire_cli::record::Recorder;
use bellwire_cli::wave::Wave;
use bellwire_core::api::{PeerCommand, PeerId, Slot};
use bellwire_rtc::network::Loopback;
use bellwire_rtc::peers::{Options, Peers, Report};
use bellwire_voice::engine::{Input, LineId, Options as SoundOptions, Output};
use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// How long the last words of a closed connection may take.
const FAREWELL: Duration = Duration::from_millis(300);

#[derive(Parser)]
struct Arguments {
    /// WAV in place of the microphone.
    #[arg(long)]
    voice: Option<PathBuf>,
    /// IVF in place of the camera.
    #[arg(long)]
    video: Vec<PathBuf>,
    /// Keeps what arrives.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// What was received since the start.
#[derive(Default)]
struct Received {
    frames: BTreeMap<Slot, u64>,
    /// As the W3C's `totalAudioEnergy`: the square of the level, in seconds.
    energy: f64,
    /// 10 ms blocks that were played.
    blocks: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let input = match &arguments.voice {
        Some(path) => Input::Samples(Box::new(Wave::open(path)?)),
        None => Input::Device,
    };
    let film = if arguments.video.is_empty() { None } else { Some(Film::open(&arguments.video)?) };
    let recorder = arguments
        .record
        .as_deref()
        .map(|folder| Recorder::start(folder, |text| say(&json!({ "type": "note", "text": text }))))
        .transpose()?;
    let inlet = recorder.as_ref().map(Recorder::inlet);
    let received = Arc::new(Mutex::new(Received::default()));

    let (seen, shown) = (received.clone(), inlet.clone());
    let options = Options {
        sound: SoundOptions { input, output: Output::Nowhere, processing: false },
        loopback: Loopback::Always,
        roots: Vec::new(),
    };
    let peers = Peers::start(
        options,
        move |studio| {
            FilmPictures::new(film, studio, move |peer, slot, picture| {
                *lock(&seen).frames.entry(slot).or_default() += 1;
                if let Some(inlet) = &shown {
                    inlet.picture(peer, slot, picture);
                }
            })
        },
        |_, report| match report {
            Report::Event(event) => say(&serde_json::to_value(event).unwrap_or_default()),
            Report::Figures(figures) => {
                say(&json!({ "type": "figures", "figures": figures }));
            }
            Report::Trouble(trouble) => {
                say(&json!({ "type": "note", "text": trouble.to_string() }));
            }
        },
    )?;
    let heard = received.clone();
    peers.engine().record(Some(Box::new(move |block| {
        let energy: f32 = block.iter().map(|sample| sample * sample).sum();
        {
            let mut heard = lock(&heard);
            heard.energy += f64::from(energy) / 48_000.0;
            heard.blocks += 1;
        }
        if let Some(inlet) = &inlet {
            inlet.sound(block);
        }
    })));

    let peer = PeerId(1);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut every = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line.context("standard input")? else { break };
                let command: PeerCommand = serde_json::from_str(&line)
                    .with_context(|| format!("not a command: {} bytes", line.len()))?;
                peers.carry_out(peer, command);
            }
            _ = every.tick() => report(&peers, peer, &received),
        }
    }
    tokio::time::sleep(FAREWELL).await;
    peers.engine().record(None);
    drop(peers);
    if let Some(recorder) = recorder {
        recorder.finish();
    }
    Ok(())
}

fn report(peers: &Peers, peer: PeerId, received: &Mutex<Received>) {
    let packets =
        peers.engine().figures(LineId(peer.0.into())).map_or(0, |figures| figures.received);
    let received = lock(received);
    say(
        &json!({ "type": "received", "slot": Slot::Audio, "packets": packets, "energy": received.energy }),
    );
    for slot in [Slot::Camera, Slot::Screen] {
        let frames = received.frames.get(&slot).copied().unwrap_or_default();
        say(&json!({ "type": "received", "slot": slot, "frames": frames }));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Counters are right whatever happened to who counted.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(json: &serde_json::Value) {
    println!("{json}");
}
