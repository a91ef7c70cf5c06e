//! A sound server of the test's own, without hardware.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Says in which directory the server is to live, in the process that runs a test's body.
const PLACE: &str = "BELLWIRE_RIG";

static TURN: Mutex<()> = Mutex::new(());

/// Runs the body of the test `name` in a process of its own, which knows only the rig's server:
/// clients find a server by the environment, and that cannot be changed safely while threads run.
pub(crate) fn inside(name: &str, body: impl FnOnce(&mut Server)) {
    if let Some(place) = std::env::var_os(PLACE) {
        return body(&mut Server::start(Path::new(&place)));
    }
    // One after the other: sound breaks up where the machine is busy.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let place = std::env::temp_dir().join(format!("bellwire-rig-{}-{name}", std::process::id()));
    fs::create_dir_all(place.join("run")).unwrap();
    let socket = format!("unix:{}", place.join("pulse.sock").display());
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(PLACE, &place)
        .env("PULSE_SERVER", socket)
        .env("HOME", &place)
        .env_remove("XDG_CONFIG_HOME")
        .env("XDG_RUNTIME_DIR", place.join("run"))
        .env("PULSE_RUNTIME_PATH", place.join("run"))
        .env("PULSE_STATE_PATH", place.join("run"))
        .status()
        .unwrap();
    let log = fs::read_to_string(place.join("pulse.log")).unwrap_or_default();
    fs::remove_dir_all(&place).unwrap();
    assert!(status.success(), "the test failed in its process; the server said: {log}");
}

/// The server and what feeds it. Ends with its owner.
pub(crate) struct Server {
    place: PathBuf,
    server: Option<Child>,
    feeders: Vec<Child>,
}

impl Server {
    fn start(place: &Path) -> Self {
        let mut server = Self { place: place.into(), server: None, feeders: Vec::new() };
        server.begin();
        server
    }

    /// Starts it, with a speaker `speaker` and a microphone `virtmic` that hears what is played to
    /// `micfeed`.
    pub(crate) fn begin(&mut self) {
        let log = self.place.join("pulse.log");
        let socket = self.place.join("pulse.sock");
        let _ = fs::remove_file(&socket);
        let child = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"])
            .args(["--high-priority=no", "--realtime=no"])
            .arg(format!("--log-target=file:{}", log.display()))
            .arg(format!(
                "--load=module-native-protocol-unix socket={} auth-anonymous=1",
                socket.display()
            ))
            .arg("--load=module-null-sink sink_name=speaker rate=48000 channels=2")
            .arg("--load=module-null-sink sink_name=micfeed rate=48000 channels=1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio is needed (Debian: pulseaudio pulseaudio-utils espeak-ng sox)");
        self.server = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.answers() {
            assert!(Instant::now() < deadline, "pulseaudio does not answer");
            sleep(Duration::from_millis(50));
        }
        self.plug("virtmic");
        self.control(&["set-default-sink", "speaker"]);
        self.control(&["set-default-source", "virtmic"]);
        // Null sinks make blocks of 2 s until somebody asks for shorter ones.
        for sink in ["micfeed", "speaker"] {
            let feeder = Command::new("pacat")
                .args([&format!("--device={sink}"), "--latency-msec=10", "--raw"])
                .args(["--format=s16le", "--rate=48000", "--channels=1", "/dev/zero"])
                .spawn()
                .expect("pacat is needed (Debian: pulseaudio-utils)");
            self.feeders.push(feeder);
        }
    }

    fn answers(&self) -> bool {
        let asked = Command::new("pactl").arg("info").stderr(Stdio::null()).output();
        asked.expect("pactl is needed (Debian: pulseaudio-utils)").status.success()
    }

    /// A directory that goes with it.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Plugs in a microphone that hears what is played to `micfeed`; says which module it is.
    pub(crate) fn plug(&mut self, name: &str) -> String {
        let name = format!("source_name={name}");
        let module = ["master=micfeed.monitor", "rate=48000", "channels=1"];
        self.control(&[&["load-module", "module-remap-source", &name], &module[..]].concat())
    }

    /// Asks the server for something.
    pub(crate) fn control(&self, arguments: &[&str]) -> String {
        let output = Command::new("pactl").args(arguments).output().unwrap();
        assert!(output.status.success(), "pactl {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().into()
    }

    /// Says the file into the microphone, while `body` runs.
    pub(crate) fn say<T>(&self, file: &Path, body: impl FnOnce() -> T) -> T {
        let mut player = Command::new("paplay")
            .args(["--device=micfeed", "--latency-msec=20"])
            .arg(file)
            .spawn()
            .expect("paplay is needed (Debian: pulseaudio-utils)");
        let result = body();
        player.kill().unwrap();
        player.wait().unwrap();
        result
    }

    /// Records what a speaker plays, for so long.
    pub(crate) fn hear(&self, sink: &str, time: Duration) -> Vec<f32> {
        let file = self.place.join("heard.raw");
        let mut recorder = Command::new("parec")
            .args([&format!("--device={sink}.monitor"), "--latency-msec=20", "--raw"])
            .args(["--format=s16le", "--rate=4000", "--channels=1"])
            .stdout(fs::File::create(&file).unwrap())
            .spawn()
            .expect("parec is needed (Debian: pulseaudio-utils)");
        sleep(time);
        recorder.kill().unwrap();
        recorder.wait().unwrap();
        samples(&fs::read(&file).unwrap())
    }

    /// A file in which somebody speaks, and its samples at 4 kHz.
    pub(crate) fn speech(&self, words: &str) -> (PathBuf, Vec<f32>) {
        let (raw, spoken) = (self.place.join("raw.wav"), self.place.join("spoken.wav"));
        run(Command::new("espeak-ng").args(["-v", "en-us", "-w"]).arg(&raw).arg(words));
        run(Command::new("sox")
            .arg(&raw)
            .args(["-r", "48000", "-c", "1", "-b", "16"])
            .arg(&spoken)
            .args(["gain", "-n", "-6"]));
        let plain = self.place.join("spoken.raw");
        run(Command::new("sox")
            .arg(&spoken)
            .args(["-r", "4000", "-e", "signed", "-b", "16", "-t"])
            .arg("raw")
            .arg(&plain));
        (spoken, samples(&fs::read(&plain).unwrap()))
    }

    /// Sends the server a signal: after STOP it hangs, after CONT it goes on.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.server.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        assert!(status.success(), "kill -s {signal}");
    }

    /// Kills the server, as a crash does.
    pub(crate) fn crash(&mut self) {
        for mut child in self.server.take().into_iter().chain(self.feeders.drain(..)) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}

fn run(command: &mut Command) {
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{command:?}: {error} (Debian: espeak-ng sox)");
    });
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    let pairs = bytes.as_chunks::<2>().0;
    pairs.iter().map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32_768.0).collect()
}
