//! Echo cancellation in a simulated room, offline and as devices feed it.
//!
//! `echo-room FAR.wav NEAR.wav DIRECTORY` takes mono speech at 48 kHz: `FAR` comes from the speaker,
//! `NEAR` is who sits in the room. The echo arrives 80 ms late and 6 dB down through a speaker that
//! distorts a little, reverberates for 0.25 s (RT60), and lies over noise of -65 dBFS; the
//! microphone's clock is 100 ppm off.
//!
//! Prints one JSON object a line per metric. Writes for `echo-room/stoi.py DIRECTORY` what the microphone would have heard
//! without echo (`near`), what it heard (`microphone`), and what came out: `live`, `offline` from the
//! same recording, and `ideal` from one whose clock is right.
//!
//! ERLE is the power of the echo over the power of what is left, from second 5 on, while nobody is
//! near. The peer is the same processing, fed offline; with
//! the right clock for ERLE.
#![expect(clippy::print_stdout, reason = "a tool")]

#[path = "echo-room/feeding.rs"]
mod feeding;
#[path = "echo-room/room.rs"]
mod room;

use bellwire_voice::processing::{Extras, Sonora};
use room::{Random, Room};
use std::error::Error;
use std::path::Path;

const RATE: usize = 48_000;
const PPM: f64 = 100.0;
const SEEDS: [u64; 3] = [1, 2, 3];
/// What the processing may do beside cancelling, when the echo is measured: gain would be taken for
/// what is left of it.
const CANCEL: Extras = Extras { noise: true, gain: false };

/// One value per seed.
struct Metric {
    name: &'static str,
    unit: &'static str,
    ours: Vec<f32>,
    peer: Vec<f32>,
    target: f32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [far, near, directory] = arguments.as_slice() else {
        return Err("echo-room FAR.wav NEAR.wav DIRECTORY".into());
    };
    let directory = Path::new(directory);
    let far = read(far)?;
    let near = read(near)?;
    let mut erle = Metric::new("echo_return_loss_after_5_s", "dB", 35.0);
    for seed in SEEDS {
        let mut random = Random::new(seed);
        let room = Room {
            delay: RATE * 80 / 1_000,
            gain: 0.5,
            reverberation: 0.25,
            floor: 10_f32.powf(-65.0 / 20.0),
        };
        let echo = room.hear(&far, &mut random);
        let offline = feeding::offline(&far, &echo, &mut Sonora::new(CANCEL));
        let live = feeding::live(&far, &echo, PPM, &mut random, &mut Sonora::new(CANCEL));
        erle.ours.push(loss(&echo, &live));
        erle.peer.push(loss(&echo, &offline));

        let spoken = later(&near, 7 * RATE, echo.len());
        let both: Vec<f32> = echo.iter().zip(&spoken).map(|(echo, near)| echo + near).collect();
        let recorded = feeding::by_clock(&both, PPM);
        let same = feeding::offline(&far, &recorded, &mut Sonora::new(CANCEL));
        let offline = feeding::offline(&far, &both, &mut Sonora::new(CANCEL));
        let live = feeding::live(&far, &both, PPM, &mut random, &mut Sonora::new(CANCEL));
        let offline = align(&spoken, &offline);
        let same = align(&spoken, &same);
        let live = align(&spoken, &live);
        let written = [
            ("near", &spoken),
            ("microphone", &both),
            ("ideal", &offline),
            ("offline", &same),
            ("live", &live),
        ];
        for (name, sound) in written {
            write(&directory.join(format!("{name}-{seed}.wav")), &sound[7 * RATE..])?;
        }
    }
    println!("{}", erle.json());
    Ok(())
}

impl Metric {
    const fn new(name: &'static str, unit: &'static str, target: f32) -> Self {
        Self { name, unit, ours: Vec::new(), peer: Vec::new(), target }
    }

    /// As a line. More is better in all of them, so the worst stands for the 95th percentile.
    fn json(&self) -> String {
        let sorted = |values: &[f32]| {
            let mut values = values.to_vec();
            values.sort_by(f32::total_cmp);
            (values[values.len() / 2], values[0])
        };
        let ((ours, ours_worst), (peer, peer_worst)) = (sorted(&self.ours), sorted(&self.peer));
        format!(
            r#"{{"metric":"{}","unit":"{}","ours_p50":{ours:.3},"ours_p95":{ours_worst:.3},"peer":"offline","peer_p50":{peer:.3},"peer_p95":{peer_worst:.3},"ratio_p50":{:.3},"target":{:.3},"met":{}}}"#,
            self.name,
            self.unit,
            ours / peer,
            self.target,
            ours >= self.target
        )
    }
}

/// How much less there is of the echo, from second 5 on, in dB.
fn loss(before: &[f32], after: &[f32]) -> f32 {
    let power = |sound: &[f32]| sound[5 * RATE..].iter().map(|it| it * it).sum::<f32>();
    10.0 * (power(before) / (power(after) + 1e-9)).log10()
}

/// Sound that begins later, as long as asked for; repeated where it is too short.
fn later(sound: &[f32], start: usize, length: usize) -> Vec<f32> {
    let silence = std::iter::repeat_n(0.0, start);
    silence.chain(sound.iter().copied().cycle()).take(length).collect()
}

/// The processed sound moved to where it is most like what was spoken, within 60 ms.
fn align(spoken: &[f32], processed: &[f32]) -> Vec<f32> {
    let power = |sound: &[f32]| sound.iter().map(|it| it * it).sum::<f32>();
    let likeness = |shift: usize| {
        let moved = &processed[shift..];
        let product: f32 = spoken.iter().zip(moved).map(|(a, b)| a * b).sum();
        product / (power(spoken) * power(moved) + 1e-9).sqrt()
    };
    let shift = (0..RATE * 60 / 1_000)
        .step_by(4)
        .map(|shift| (shift, likeness(shift)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(shift, _)| shift);
    let mut moved = processed[shift..].to_vec();
    moved.resize(spoken.len(), 0.0);
    moved
}

fn read(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut reader = hound::WavReader::open(path)?;
    let shape = reader.spec();
    if (shape.channels, shape.sample_rate, shape.bits_per_sample) != (1, 48_000, 16) {
        return Err(format!("{path} is not mono at 48 kHz with 16 bits").into());
    }
    reader.samples::<i16>().map(|sample| Ok(f32::from(sample?) / 32_768.0)).collect()
}

fn write(path: &Path, sound: &[f32]) -> Result<(), Box<dyn Error>> {
    let shape = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, shape)?;
    for sample in sound {
        writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
    }
    Ok(writer.finalize()?)
}
