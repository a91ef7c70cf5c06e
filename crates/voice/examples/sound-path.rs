//! Speech through encoder, network and jitter buffer, in virtual time.
//!
//! `sound-path IN.wav OUT.wav [--bitrate 48000] [--loss PERCENT] [--stay SHARE] [--jitter MS]
//! [--base MS] [--drift PPM] [--seed N] [--red] [--buffer bellwire|reference]`
//!
//! Takes 48 kHz mono and writes what the far ear hears from the moment the first sample is spoken,
//! so that the delay is in the file. Prints one JSON object. `--stay` is the chance that a loss
//! follows a loss (bursts; without it losses are independent), `--jitter` delays each packet by up
//! to so much, evenly, so that packets overtake each other.

#[path = "sound-path/network.rs"]
mod network;
#[path = "sound-path/reference.rs"]
mod reference;

use bellwire_voice::codec::{Decoder, Encoder, FRAME};
use bellwire_voice::jitter::{Jitter, PULL};
use bellwire_voice::packet::Packet;
use network::{Network, Random};
use std::io::Write;
use std::time::{Duration, Instant};

/// What both buffers can.
trait Buffer {
    fn insert(&mut self, now: Instant, packet: Packet);
    fn pull(&mut self, now: Instant, out: &mut [f32; PULL]);
    /// Figures as members of a JSON object.
    fn figures(&self) -> String;
}

/// Ours, and the mean of its delay.
struct Bellwire {
    jitter: Jitter<Decoder>,
    delays: Vec<f64>,
}

impl Buffer for Bellwire {
    fn insert(&mut self, now: Instant, packet: Packet) {
        self.jitter.insert(now, packet);
    }

    fn pull(&mut self, now: Instant, out: &mut [f32; PULL]) {
        self.jitter.pull(now, out);
        if self.jitter.playout().is_some() {
            self.delays.push(self.jitter.figures().delay.as_secs_f64() * 1e3);
        }
    }

    fn figures(&self) -> String {
        let figures = self.jitter.figures();
        let mean = self.delays.iter().sum::<f64>() / self.delays.len().max(1) as f64;
        let share = figures.concealed_samples as f64 / figures.played_samples.max(1) as f64;
        format!(
            r#""buffer_ms":{mean:.1},"target_ms":{:.1},"concealed_percent":{:.2},"mended":{},"copied":{},"lost":{},"late":{},"inserted_ms":{},"removed_ms":{},"silent_ms":{},"jumps":{}"#,
            figures.target.as_secs_f64() * 1e3,
            share * 100.0,
            figures.mended,
            figures.copied,
            figures.lost,
            figures.late,
            figures.inserted_samples / 48,
            figures.removed_samples / 48,
            figures.silent_samples / 48,
            figures.jumps,
        )
    }
}

/// What is asked for on the command line.
struct Wish {
    input: String,
    output: String,
    bitrate: u32,
    network: Network,
    drift: f64,
    seed: u64,
    red: bool,
    reference: bool,
}

impl Wish {
    fn read() -> Result<Self, Box<dyn std::error::Error>> {
        let mut wish = Self {
            input: String::new(),
            output: String::new(),
            bitrate: 48_000,
            network: Network { loss: 0.0, stay: None, jitter: 0.0, base: 20.0 },
            drift: 0.0,
            seed: 1,
            red: false,
            reference: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--bitrate" => wish.bitrate = value()?.parse()?,
                "--loss" => wish.network.loss = value()?.parse::<f64>()? / 100.0,
                "--stay" => wish.network.stay = Some(value()?.parse()?),
                "--jitter" => wish.network.jitter = value()?.parse()?,
                "--base" => wish.network.base = value()?.parse()?,
                "--drift" => wish.drift = value()?.parse()?,
                "--seed" => wish.seed = value()?.parse()?,
                "--red" => wish.red = true,
                "--buffer" => wish.reference = value()? == "reference",
                _ if wish.input.is_empty() => wish.input = argument,
                _ => wish.output = argument,
            }
        }
        if wish.output.is_empty() { Err("sound-path IN.wav OUT.wav".into()) } else { Ok(wish) }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wish = Wish::read()?;
    let said = read(&wish.input)?;
    let mut buffer: Box<dyn Buffer> = if wish.reference {
        Box::new(reference::Reference::new()?)
    } else {
        Box::new(Bellwire { jitter: Jitter::new(Decoder::new()?), delays: Vec::new() })
    };
    let heard = travel(&wish, &said, buffer.as_mut())?;
    write(&wish.output, &heard)?;
    writeln!(std::io::stdout(), "{{{}}}", buffer.figures())?;
    Ok(())
}

/// Sends what is said through it all. Time is in ms since the first sample.
fn travel(
    wish: &Wish,
    said: &[f32],
    buffer: &mut dyn Buffer,
) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    const START: u16 = u16::MAX - 100;
    let mut random = Random::new(wish.seed);
    let mut encoder = Encoder::new()?;
    encoder.set_bitrate(wish.bitrate)?;
    let mut arrivals = Vec::new();
    let mut sent: Vec<Packet> = Vec::new();
    for (number, sound) in said.as_chunks::<FRAME>().0.iter().enumerate() {
        let number = u32::try_from(number)?;
        let primary = Packet {
            sequence: START.wrapping_add(u16::try_from(number & 0xffff)?),
            timestamp: u32::MAX.wrapping_sub(500_000).wrapping_add(number * 960),
            payload: encoder.encode(sound)?,
            redundant: false,
        };
        let copies = sent.iter().rev().take(if wish.red { 2 } else { 0 });
        let copies = copies.rev().cloned().map(|copy| Packet { redundant: true, ..copy });
        let packets: Vec<Packet> = copies.chain([primary.clone()]).collect();
        sent.push(primary);
        let captured = f64::from(number + 1) * 20.0 * (1.0 + wish.drift / 1e6);
        if let Some(travelled) = wish.network.carry(&mut random) {
            arrivals.push((captured + travelled, packets));
        }
    }
    arrivals.sort_by(|(one, _), (other, _)| one.total_cmp(other));

    #[expect(clippy::disallowed_methods, reason = "any instant will do: the time is virtual")]
    let origin = Instant::now();
    let instant = |ms: f64| origin + Duration::from_secs_f64(ms / 1e3);
    let phase = random.share() * 10.0;
    let mut heard = vec![0.0; (phase * 48.0) as usize];
    let mut arrivals = arrivals.into_iter().peekable();
    let mut out = [0.0; PULL];
    for pull in 0..said.len() / PULL {
        let now = phase + pull as f64 * 10.0;
        while let Some((at, packets)) = arrivals.next_if(|(at, _)| *at <= now) {
            for packet in packets {
                buffer.insert(instant(at), packet);
            }
        }
        buffer.pull(instant(now), &mut out);
        heard.extend(out);
    }
    Ok(heard)
}

fn read(path: &str) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let mut wav = hound::WavReader::open(path)?;
    if wav.spec().sample_rate != 48_000 || wav.spec().channels != 1 {
        return Err(format!("{path} is not 48 kHz mono").into());
    }
    let samples: Result<Vec<i16>, _> = wav.samples::<i16>().collect();
    Ok(samples?.into_iter().map(|sample| f32::from(sample) / 32_768.0).collect())
}

fn write(path: &str, sound: &[f32]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec)?;
    for sample in sound {
        wav.write_sample((sample * 32_767.0).round() as i16)?;
    }
    wav.finalize()
}
