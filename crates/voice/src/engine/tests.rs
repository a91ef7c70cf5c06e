//! The desk in virtual time, and an engine without devices.
#![expect(
    clippy::disallowed_methods,
    reason = "where virtual time starts, and the arrival of real packets"
)]

use super::desk::Desk;
use super::{
    BLOCK, Engine, Input, LineId, MicrophoneState, Options, Output, Report, SampleSource, Stream,
};
use crate::packet::{Frame, Packet};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// A tone that says how often it was drawn from.
struct Tone {
    hertz: f32,
    at: usize,
}

impl SampleSource for Tone {
    fn label(&self) -> String {
        format!("{} Hz", self.hertz)
    }

    fn fill(&mut self, block: &mut [f32; BLOCK]) -> bool {
        for sample in block {
            let time = self.at as f32 / 48e3;
            *sample = 0.3 * (time * self.hertz * std::f32::consts::TAU).sin();
            self.at += 1;
        }
        true
    }
}

/// Two desks, the second hears the first; what `lose` names does not arrive.
fn conversation(steps: usize, lose: impl Fn(usize) -> bool) -> (Vec<f32>, super::Figures) {
    const LINE: LineId = LineId(1);
    let frames = Arc::new(Mutex::new(Vec::<Frame>::new()));
    let (mut said, mut heard) = (Desk::new().unwrap(), Desk::new().unwrap());
    let outlet = Arc::clone(&frames);
    said.open(LINE, Box::new(move |frame| outlet.lock().unwrap().push(frame)));
    said.set_wished(LINE, true);
    said.set_fed(LINE, true);
    heard.open(LINE, Box::new(|_| panic!("this line does not send")));
    let mut tone = Tone { hertz: 440.0, at: 0 };
    let (mut sound, mut sequence) = (Vec::new(), 0_usize);
    let start = Instant::now();
    for step in 0..steps {
        let now = start + Duration::from_millis(10) * u32::try_from(step).unwrap();
        let mut block = [0.0; BLOCK];
        tone.fill(&mut block);
        said.capture((step * BLOCK) as u32, &block);
        for frame in frames.lock().unwrap().drain(..) {
            let packet = Packet {
                sequence: u16::try_from(sequence).unwrap(),
                timestamp: frame.timestamp,
                payload: frame.payload,
                redundant: false,
            };
            if !lose(sequence) {
                heard.receive(LINE, Stream::Voice, packet, now);
            }
            sequence += 1;
        }
        heard.render(now, &mut block);
        heard.capture(0, &block);
        sound.extend(block);
    }
    let figures = heard.posted(Duration::ZERO).next().unwrap().1.figures;
    (sound, figures)
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

#[test]
fn what_one_desk_captures_another_renders() {
    let (sound, figures) = conversation(200, |_| false);
    let second = &sound[48_000..];
    assert!((power(second) - 0.045).abs() < 0.01, "as loud as it was: {}", power(second));
    assert_eq!((figures.lost, figures.late), (0, 0), "nothing went wrong");
    assert!((figures.level_out + 13.5).abs() < 1.5, "shown in dB: {}", figures.level_out);
    assert_eq!(figures.level_in, -100.0, "it sends nothing");
    assert!(figures.delay >= Duration::from_millis(10), "it waits a little: {:?}", figures.delay);
}

#[test]
fn lost_packets_are_counted_and_not_heard_as_holes() {
    let (sound, figures) = conversation(400, |sequence| sequence % 10 == 9);
    assert!(figures.lost >= 17, "every tenth of 200: {}", figures.lost);
    assert!(figures.recovered > 0, "copies stand for them");
    let holes = sound[48_000..].chunks(480).filter(|block| power(block) < 1e-4).count();
    assert_eq!(holes, 0, "no silence in between");
}

#[test]
fn frames_do_not_span_gaps_and_their_timestamps_do() {
    let frames = Arc::new(Mutex::new(Vec::new()));
    let outlet = Arc::clone(&frames);
    let mut desk = Desk::new().unwrap();
    desk.open(LineId(1), Box::new(move |frame| outlet.lock().unwrap().push(frame.timestamp)));
    desk.set_wished(LineId(1), true);
    desk.set_fed(LineId(1), true);
    for timestamp in [u32::MAX - 479, 0, 480, 9_600, 10_080, 10_560, 11_040] {
        desk.capture(timestamp, &[0.1; BLOCK]);
    }
    let timestamps = frames.lock().unwrap().clone();
    assert_eq!(timestamps, [u32::MAX - 479, 9_600, 10_560], "the block before the gap is dropped");
}

#[test]
fn a_microphone_that_is_ready_after_the_mute_is_not_heard() {
    let frames = Arc::new(Mutex::new(0));
    let outlet = Arc::clone(&frames);
    let mut desk = Desk::new().unwrap();
    let line = LineId(1);
    desk.open(line, Box::new(move |_| *outlet.lock().unwrap() += 1));
    let mut timestamp = 0;
    let mut frame = |desk: &mut Desk| {
        for _ in 0..2 {
            desk.capture(timestamp, &[0.1; BLOCK]);
            timestamp += 480;
        }
        std::mem::take(&mut *frames.lock().unwrap())
    };
    desk.set_wished(line, true);
    assert_eq!(frame(&mut desk), 0, "there is no microphone yet");
    desk.set_wished(line, false);
    desk.set_fed(line, true);
    assert_eq!(frame(&mut desk), 0, "it is muted by then");
    desk.set_wished(line, true);
    assert_eq!(frame(&mut desk), 1, "and is heard on a new wish");
    desk.set_fed(line, false);
    assert_eq!(frame(&mut desk), 0, "until the microphone goes");
}

#[test]
fn loud_lines_together_do_not_clip() {
    let mut desk = Desk::new().unwrap();
    let mut encoder = crate::codec::Encoder::new().unwrap();
    let mut loud = Tone { hertz: 300.0, at: 0 };
    for line in 0..4 {
        desk.open(LineId(line), Box::new(|_| {}));
    }
    let start = Instant::now();
    let mut most = 0.0_f32;
    for frame in 0..50_u32 {
        let now = start + Duration::from_millis(20) * frame;
        let mut sound = [0.0; 960];
        for block in sound.as_chunks_mut::<BLOCK>().0 {
            loud.fill(block);
        }
        sound.iter_mut().for_each(|sample| *sample *= 3.0);
        let payload = encoder.encode(&sound).unwrap();
        for line in 0..4 {
            let packet = Packet {
                sequence: frame as u16,
                timestamp: frame * 960,
                payload: payload.clone(),
                redundant: false,
            };
            desk.receive(LineId(line), Stream::Voice, packet, now);
        }
        for half in 0..2 {
            let mut mix = [0.0; BLOCK];
            desk.render(now + Duration::from_millis(10) * half, &mut mix);
            most = mix.iter().fold(most, |most, sample| most.max(sample.abs()));
        }
    }
    assert!(most > 0.9 && most < 1.0, "four times 0.9 stays below full scale: {most}");
}

#[test]
fn an_engine_without_devices_sends_a_source_and_records_the_far_end() {
    let (reports, reported) = mpsc::sync_channel(1_024);
    let options = |hertz| Options {
        input: Input::Samples(Box::new(Tone { hertz, at: 0 })),
        output: Output::Nowhere,
        processing: false,
    };
    let near = Engine::start(options(440.0), move |report| reports.send(report).unwrap()).unwrap();
    let far = Engine::start(options(880.0), |_| {}).unwrap();
    let (blocks, recorded) = mpsc::sync_channel(1_024);
    far.record(Some(Box::new(move |block| drop(blocks.send(block.to_vec())))));
    far.open(LineId(7), Box::new(|_| {}));
    let (to, mut sequence) = (far.clone(), 0);
    near.open(
        LineId(7),
        Box::new(move |frame| {
            let packet = Packet {
                sequence,
                timestamp: frame.timestamp,
                payload: frame.payload,
                redundant: false,
            };
            to.receive(LineId(7), Stream::Voice, packet, Instant::now());
            sequence = sequence.wrapping_add(1);
        }),
    );
    near.send(LineId(7), true, None);
    let live = reported.recv_timeout(Duration::from_secs(5)).unwrap();
    let expected = MicrophoneState::Live { label: "440 Hz".into() };
    assert_eq!(live, Report::Microphone { line: LineId(7), state: expected }, "it says so");
    let loud = std::iter::from_fn(|| recorded.recv_timeout(Duration::from_secs(5)).ok())
        .take(500)
        .find(|block| power(block) > 0.03);
    assert!(loud.is_some(), "the tone arrives");
    assert!(far.clock(LineId(7)).is_some(), "and its clock runs");
    assert!(far.figures(LineId(7)).is_some_and(|figures| figures.received > 0), "and is counted");
    near.send(LineId(7), false, None);
    let off = reported.recv_timeout(Duration::from_secs(5)).unwrap();
    let expected = Report::Microphone { line: LineId(7), state: MicrophoneState::Off };
    assert_eq!(off, expected, "and it says so too");
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let (alive, dropped) = mpsc::sync_channel::<()>(16);
    let engine = Engine::start(Options::default(), move |_| alive.send(()).unwrap()).unwrap();
    let clone = engine.clone();
    drop(engine);
    drop(clone);
    let end = dropped.recv_timeout(Duration::from_secs(5));
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected), "the reporter was dropped");
}
