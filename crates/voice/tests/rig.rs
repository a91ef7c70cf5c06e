//! Engines on a real sound server: what is said into one's microphone leaves the other's speaker,
//! and what happens to devices happens as it should.
#![expect(clippy::disallowed_methods, reason = "sound cards have a clock of their own")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "rig/server.rs"]
#[allow(dead_code, reason = "benchmarks need more of it")]
mod server;

use bellwire_voice::devices;
use bellwire_voice::engine::{
    Engine, Input, LineId, MicrophoneState, Options, Output, Problem, Report, SpeakerState, Stream,
};
use bellwire_voice::packet::Packet;
use server::inside;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const LINE: LineId = LineId(1);
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two engines with a line between them; the second only listens.
struct Call {
    near: Engine,
    far: Engine,
    near_reports: mpsc::Receiver<Report>,
    far_reports: mpsc::Receiver<Report>,
    /// Frames that the near one sent.
    sent: Arc<AtomicU64>,
}

impl Call {
    fn new(output: Output) -> Self {
        let (near_report, near_reports) = mpsc::sync_channel(1_024);
        let (far_report, far_reports) = mpsc::sync_channel(1_024);
        let near_options =
            Options { input: Input::Device, output: Output::Nowhere, processing: false };
        let far_options = Options { input: Input::Device, output, processing: false };
        let near = Engine::start(near_options, move |it| drop(near_report.send(it))).unwrap();
        let far = Engine::start(far_options, move |it| drop(far_report.send(it))).unwrap();
        far.open(LINE, Box::new(|_| panic!("the far one does not send")));
        let sent = Arc::new(AtomicU64::new(0));
        let (to, count) = (far.clone(), Arc::clone(&sent));
        near.open(
            LINE,
            Box::new(move |frame| {
                let packet = Packet {
                    sequence: count.fetch_add(1, Ordering::Relaxed) as u16,
                    timestamp: frame.timestamp,
                    payload: frame.payload,
                    redundant: false,
                };
                to.receive(LINE, Stream::Voice, packet, Instant::now());
            }),
        );
        Self { near, far, near_reports, far_reports, sent }
    }

    /// What the near microphone becomes next.
    fn microphone(&self) -> MicrophoneState {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.near_reports.recv_timeout(left) {
                Ok(Report::Microphone { state, .. }) => return state,
                Ok(Report::Speaker(_) | Report::DevicesChanged) => {}
                Err(error) => panic!("the microphone does not change: {error}"),
            }
        }
    }

    /// What the far speaker becomes next.
    fn speaker(&self) -> SpeakerState {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.far_reports.recv_timeout(left) {
                Ok(Report::Speaker(state)) => return state,
                Ok(Report::Microphone { .. } | Report::DevicesChanged) => {}
                Err(error) => panic!("the speaker does not change: {error}"),
            }
        }
    }

    /// The near one sends: a second of frames.
    fn sends(&self) {
        let before = self.sent.load(Ordering::Relaxed);
        in_time("a second of frames", || self.sent.load(Ordering::Relaxed) >= before + 50);
    }

    /// How many frames the near one sends in this time.
    fn frames_in(&self, time: Duration) -> u64 {
        let before = self.sent.load(Ordering::Relaxed);
        std::thread::sleep(time);
        self.sent.load(Ordering::Relaxed) - before
    }
}

/// Waits until something is so.
fn in_time(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many threads this process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn live(label: &str) -> MicrophoneState {
    MicrophoneState::Live { label: label.into() }
}

fn id(name: &str) -> Option<String> {
    Some(format!("pulseaudio:{name}"))
}

/// How much what was heard is like what was said: the median over half seconds in which somebody
/// spoke, each with its own delay.
fn likeness(said: &[f32], heard: &[f32]) -> f32 {
    const WINDOW: usize = 2_000;
    let power = |sound: &[f32]| sound.iter().map(|sample| sample * sample).sum::<f32>();
    let mut likenesses: Vec<f32> = said
        .chunks_exact(WINDOW)
        .filter(|said| power(said) > 5.0)
        .map(|said| {
            let at = heard.windows(WINDOW).map(|heard| {
                let product: f32 = said.iter().zip(heard).map(|(a, b)| a * b).sum();
                product / (power(said) * power(heard) + 1e-9).sqrt()
            });
            at.fold(0.0, f32::max)
        })
        .collect();
    likenesses.sort_by(f32::total_cmp);
    assert!(!likenesses.is_empty(), "something was said");
    likenesses[likenesses.len() / 2]
}

#[test]
fn speech_crosses_from_a_microphone_to_a_speaker() {
    inside("speech_crosses_from_a_microphone_to_a_speaker", |server| {
        let (file, said) = server.speech("The quick brown fox jumps over the lazy dog.");
        let call = Call::new(Output::Device);
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "there is a speaker");
        call.near.send(LINE, true, id("virtmic"));
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "and a microphone");
        std::thread::sleep(Duration::from_millis(2_500));
        let heard = server.say(&file, || server.hear("speaker", Duration::from_secs(5)));
        let likeness = likeness(&said, &heard);
        let figures = call.far.figures(LINE).unwrap();
        assert!(likeness >= 0.5, "it is what was said: {likeness}, {figures:?}");
        assert!(figures.received > 100 && figures.lost == 0, "nothing is lost: {figures:?}");
        call.near.send(LINE, false, None);
        assert_eq!(call.microphone(), MicrophoneState::Off, "muted");
        assert_eq!(call.frames_in(Duration::from_millis(300)), 0, "nothing goes out");
    });
}

#[test]
fn a_speaker_at_44100_hertz_plays_too() {
    inside("a_speaker_at_44100_hertz_plays_too", |server| {
        let name = "sink_properties=device.description=Odd";
        let sink = ["sink_name=odd", name, "rate=44100", "channels=2"];
        server.control(&[&["load-module", "module-null-sink"], &sink[..]].concat());
        let (file, said) = server.speech("Pack my box with five dozen liquor jugs.");
        let call = Call::new(Output::Device);
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "the default");
        call.far.listen(id("odd"));
        assert_eq!(call.speaker(), SpeakerState::Live { label: "Odd".into() }, "the odd one");
        call.near.send(LINE, true, id("virtmic"));
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "and a microphone");
        std::thread::sleep(Duration::from_millis(2_500));
        let heard = server.say(&file, || server.hear("odd", Duration::from_secs(5)));
        let likeness = likeness(&said, &heard);
        assert!(likeness >= 0.5, "it is what was said: {likeness}");
    });
}

#[test]
fn a_microphone_that_is_unplugged_is_muted_and_never_replaced_by_a_monitor() {
    let name = "a_microphone_that_is_unplugged_is_muted_and_never_replaced_by_a_monitor";
    inside(name, |server| {
        let headset = server.plug("headset");
        let call = Call::new(Output::Nowhere);
        call.near.send(LINE, true, id("headset"));
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "it is there");
        call.sends();
        server.control(&["unload-module", &headset]);
        let unplugged = MicrophoneState::Unavailable { problem: Problem::Unplugged };
        assert_eq!(call.microphone(), unplugged, "it is gone");
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "the default stands in");
        let virtmic = server.control(&["list", "short", "modules"]);
        let virtmic = virtmic.lines().find(|line| line.contains("virtmic")).unwrap();
        server.control(&["unload-module", virtmic.split_whitespace().next().unwrap()]);
        assert_eq!(call.microphone(), unplugged, "that is gone, too");
        assert_eq!(call.frames_in(Duration::from_secs(1)), 0, "only monitors are left: silence");
        assert_eq!(devices::list().microphones, [], "none is offered");
        server.plug("new");
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "one came");
        call.sends();
    });
}

#[test]
fn a_microphone_that_is_plugged_in_again_at_once_is_opened_again() {
    inside("a_microphone_that_is_plugged_in_again_at_once_is_opened_again", |server| {
        let headset = server.plug("headset");
        let call = Call::new(Output::Nowhere);
        call.near.send(LINE, true, id("headset"));
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "it is there");
        server.control(&["unload-module", &headset]);
        server.plug("headset");
        let unplugged = MicrophoneState::Unavailable { problem: Problem::Unplugged };
        assert_eq!(call.microphone(), unplugged, "the first one is gone");
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "another is there");
        call.sends();
    });
}

#[test]
fn a_server_that_hangs_does_not_collect_threads() {
    inside("a_server_that_hangs_does_not_collect_threads", |server| {
        let call = Call::new(Output::Device);
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "there is a speaker");
        call.near.send(LINE, true, None);
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "and a microphone");
        server.signal("STOP");
        assert_eq!(call.speaker(), SpeakerState::Missing, "it hangs");
        let hung = MicrophoneState::Unavailable { problem: Problem::Hung };
        assert_eq!(call.microphone(), hung, "so does the microphone");
        let before = threads();
        // Two tries, and what each would leave behind.
        std::thread::sleep(Duration::from_secs(15));
        assert!(threads() <= before, "{} threads were {before}", threads());
        server.signal("CONT");
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "it is back");
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "so is the microphone");
    });
}

#[test]
fn who_asked_for_devices_leaves_nothing_behind() {
    inside("who_asked_for_devices_leaves_nothing_behind", |_| {
        let before = threads();
        for _ in 0..20 {
            assert_eq!(devices::list().microphones.len(), 1, "the server answers");
        }
        in_time("as few threads as before", || threads() <= before);
    });
}

#[test]
fn a_server_is_heard_where_there_is_no_cookie() {
    inside("a_server_is_heard_where_there_is_no_cookie", |server| {
        // The server made one for its clients, who may look elsewhere for it.
        std::fs::remove_file(server.place().join(".config/pulse/cookie")).unwrap();
        assert_eq!(devices::list().microphones.len(), 1, "it lets everybody in");
    });
}

#[test]
fn a_server_is_heard_while_another_client_writes_the_cookie() {
    inside("a_server_is_heard_while_another_client_writes_the_cookie", |server| {
        for written in [0, 100, 255, 300] {
            let cookie = server.place().join(".config/pulse/cookie");
            std::fs::write(cookie, vec![7; written]).unwrap();
            let microphones = devices::list().microphones;
            assert_eq!(microphones.len(), 1, "it lets everybody in, with {written} bytes too");
        }
    });
}

#[test]
fn a_server_is_heard_where_only_the_last_place_has_its_socket() {
    inside("a_server_is_heard_where_only_the_last_place_has_its_socket", |server| {
        // Neither where PULSE_SERVER says nor in PULSE_RUNTIME_PATH, but where XDG_RUNTIME_DIR is.
        let usual = server.place().join("run/pulse");
        std::fs::create_dir_all(&usual).unwrap();
        std::fs::rename(server.place().join("pulse.sock"), usual.join("native")).unwrap();
        assert_eq!(devices::list().microphones.len(), 1, "it is looked for everywhere");
    });
}

#[test]
fn devices_have_names_and_monitors_are_not_among_microphones() {
    inside("devices_have_names_and_monitors_are_not_among_microphones", |server| {
        server.control(&["set-default-source", "speaker.monitor"]);
        let found = devices::list();
        let ids = |devices: &[devices::Device]| -> Vec<String> {
            devices.iter().map(|device| device.id.clone()).collect()
        };
        assert_eq!(ids(&found.microphones), ["pulseaudio:virtmic"], "no monitor, though default");
        assert_eq!(ids(&found.speakers), ["pulseaudio:speaker", "pulseaudio:micfeed"], "all sinks");
        assert!(found.speakers[0].default && !found.speakers[1].default, "one is the default");
        assert!(found.microphones.iter().all(|device| !device.name.is_empty()), "with names");
        let call = Call::new(Output::Nowhere);
        call.near.send(LINE, true, None);
        let name = &found.microphones[0].name;
        assert_eq!(call.microphone(), live(name), "the default monitor is not taken");
    });
}

#[test]
fn a_server_that_dies_and_returns_is_found_again() {
    inside("a_server_that_dies_and_returns_is_found_again", |server| {
        let call = Call::new(Output::Device);
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "there is a speaker");
        call.near.send(LINE, true, None);
        assert!(matches!(call.microphone(), MicrophoneState::Live { .. }), "and a microphone");
        server.crash();
        let gone = call.microphone();
        assert!(matches!(gone, MicrophoneState::Unavailable { .. }), "it is gone: {gone:?}");
        assert_eq!(call.speaker(), SpeakerState::Missing, "so is the speaker");
        assert_eq!(call.frames_in(Duration::from_millis(500)), 0, "nothing is sent");
        server.begin();
        let back = std::iter::repeat_with(|| call.microphone())
            .take(3)
            .any(|state| matches!(state, MicrophoneState::Live { .. }));
        assert!(back, "the microphone is back");
        assert!(matches!(call.speaker(), SpeakerState::Live { .. }), "and the speaker");
        call.sends();
        let received = || call.far.figures(LINE).unwrap().received;
        let before = received();
        in_time("the far end hears", || received() > before);
    });
}
